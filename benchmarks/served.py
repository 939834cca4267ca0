"""The web process as its users have it: a process of its own, asked over one connection that is kept."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from core.config import ROOT
from core.events import NOTHING

STARTS_WITHIN_SECONDS = 30.0
PRODUCT = (sys.executable, "-u", "app.py")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Served:
    """``get("/api/stats", minutes=15)`` reads a whole answer. Anything but 200 raises RuntimeError."""

    def __init__(self, port: int, pid: int) -> None:
        self.port, self.pid = port, pid
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path: str, **query: str | int) -> bytes:
        target = quote(path) + (f"?{urlencode(query)}" if query else "")
        self._connection.request("GET", target)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{target}: {answer.status} {body[:200]!r}")
        return body

    def close(self) -> None:
        self._connection.close()


@contextmanager
def served(database: Path, settings: Mapping[str, str] = NOTHING, command: Sequence[str] = PRODUCT) -> Iterator[Served]:
    """The product on ``database``, on a free port of this machine, for as long as the block lasts.

    ``command``: another server in its place, which says its address like it.
    """
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TZ", "LANG")}
    environment |= {"DATABASE_URL": f"sqlite:///{database.absolute()}", "HOST": "127.0.0.1", "PORT": "0", **settings}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    silenced = threading.Timer(STARTS_WITHIN_SECONDS, process.kill)
    silenced.start()
    reading = None
    try:
        assert process.stderr is not None
        port = next((int(found[1]) for line in process.stderr if (found := _ADDRESS.search(line))), None)
        silenced.cancel()
        if port is None:
            raise RuntimeError(f"{command[-1]} did not start")
        reading = threading.Thread(target=process.stderr.read, daemon=True)  # a full pipe would stop it
        reading.start()
        client = Served(port, process.pid)
        yield client
        client.close()
    finally:
        silenced.cancel()
        process.terminate()
        process.wait(20)
        if reading:
            reading.join(5)
        if process.stderr:
            process.stderr.close()
