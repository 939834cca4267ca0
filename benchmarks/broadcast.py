"""A push to every dashboard: how long until the last one has it, and what it costs, beside Node's socket.io."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import percentile
from benchmarks.spent import cpu_seconds, resident_mb
from core.config import ROOT
from core.db import Database
from init_db import upgrade

CLIENTS = (1_000, 10_000)
SECONDS = 20.0
NODE_PACKAGE = "socket.io@4.8"
_PORT = re.compile(r"(\d+)\"?$")  # ends the line that tells the address


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds from emission to the last client, percent of one core, megabytes of memory, pushes not whole."""

    p50: float
    p99: float
    cpu: float
    memory: float
    missing: int


def main(clients: Sequence[int] = CLIENTS, seconds: float = SECONDS) -> None:
    print("\n## 1 KB a second to every dashboard\n\nNode's socket.io 4.8, same clients, same run.\n")
    print(
        "| clients | last client p50 / p99 ms | Node's | p99 ÷ Node's | CPU | Node's | CPU ÷ Node's | memory | Node's |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        node = _node_server(Path(folder))
        for number in clients:
            ours = _measured(_product_server(Path(folder)), ROOT, number, seconds)
            theirs = _measured(node, Path(folder), number, seconds) if node else None
            _row(number, ours, theirs)


def _row(clients: int, ours: Taken, theirs: Taken | None) -> None:
    def times(taken: Taken) -> str:
        return f"{taken.p50:.0f} / {taken.p99:.0f}" + (f" ({taken.missing} not whole)" if taken.missing else "")

    if theirs is None:
        cells = [times(ours), "no npm", "–", f"{ours.cpu:.1f} %", "–", "–", f"{ours.memory:.0f} MB", "–"]
    else:
        ratios = f"{ours.p99 / theirs.p99:.2f} ×", f"{ours.cpu / theirs.cpu:.2f} ×"
        cells = [times(ours), times(theirs), ratios[0], f"{ours.cpu:.1f} %", f"{theirs.cpu:.1f} %", ratios[1]]
        cells += [f"{ours.memory:.0f} MB", f"{theirs.memory:.0f} MB"]
    print(f"| {clients:,} | {' | '.join(cells)} |", flush=True)


def _product_server(folder: Path) -> list[str]:
    file = folder / "streampulse.db"
    if not file.exists():
        database = Database(f"sqlite:///{file}")
        upgrade(database)
        database.close()
    return [sys.executable, "-u", "-m", "benchmarks.pushing", str(file)]


def _node_server(folder: Path) -> list[str] | None:
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", NODE_PACKAGE]
    subprocess.run(install, cwd=folder, check=True)
    return ["node", str(ROOT / "benchmarks" / "plain_socketio.mjs")]


def _measured(command: list[str], folder: Path, clients: int, seconds: float) -> Taken:
    with _running(command, folder) as (process, port):
        listen = [sys.executable, "-m", "benchmarks.listeners", str(port), str(clients), str(seconds)]
        crowd = subprocess.Popen(listen, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert crowd.stdout
        if not crowd.stdout.readline():
            raise RuntimeError("the clients did not get in")
        before = cpu_seconds(process.pid)
        told = json.loads(crowd.stdout.readline())
        cpu, memory = (cpu_seconds(process.pid) - before) / seconds * 100, resident_mb(process.pid)
        crowd.stdout.close()
        crowd.wait(30)
    last = [taken * 1000 for taken in told["last"]]
    return Taken(percentile(last, 0.5), percentile(last, 0.99), cpu, memory, told["missing"])


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process and the port it says it listens on."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    try:
        port = next((int(found[1]) for line in process.stdout if (found := _PORT.search(line.strip()))), None)
        if port is None:
            raise RuntimeError(f"{command[0]} did not start")
        yield process, port
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


if __name__ == "__main__":
    main()
