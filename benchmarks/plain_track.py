"""What `benchmarks.track` is compared with: the same bare HTTP server, and one commit for each request.

    python -m benchmarks.plain_track FILE

gevent's server as the product has it, without any framework; a request is parsed, put into one table that knows each
event's id and each time, committed for itself (WAL, synchronous=FULL) and answered.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import sys
import time
from collections.abc import Iterable
from typing import Any

from web.server import build_server

TABLE = (
    "CREATE TABLE IF NOT EXISTS events"
    " (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, event_type TEXT, user_id TEXT, at_ms INTEGER, data TEXT);"
    "CREATE INDEX IF NOT EXISTS events_at ON events (at_ms)"
)
INSERT = "INSERT INTO events (event_id, event_type, user_id, at_ms, data) VALUES (?, ?, ?, ?, ?)"


class PlainTrack:
    """A WSGI application that stores what is posted to it."""

    def __init__(self, file: str) -> None:
        self._connection = sqlite3.connect(file)
        self._connection.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {TABLE}")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        item = json.loads(environ["wsgi.input"].read())
        event_id = secrets.token_hex(12)
        row = (event_id, item["event_type"], item["user_id"], int(time.time() * 1000), json.dumps(item["data"]))
        with self._connection:
            self._connection.execute(INSERT, row)
        body = json.dumps({"status": "tracked", "event_id": event_id}).encode()
        start_response("201 CREATED", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def main() -> None:
    server = build_server("127.0.0.1", 0, PlainTrack(sys.argv[1]), logging.getLogger("plain"))
    server.start()
    print(f"http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
