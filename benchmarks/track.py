"""POST /track: how many are acknowledged as durable a second, by many connections at once, beside one commit each."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import plain_track, store
from benchmarks.posters import TRACK_KEY
from benchmarks.report import percentile
from benchmarks.served import Served, served
from benchmarks.spent import cpu_seconds
from core.config import ROOT

CONNECTIONS = (1, 16, 64)
STORED = 2_000_000
ROUNDS, SECONDS = 3, 3.0
DEPLOYED = {"DASHBOARD_PASSWORD": "of the benchmark", "TRACK_KEY": TRACK_KEY, "SECRET_KEY": "x" * 32}
PLAIN = [sys.executable, "-u", "-m", "benchmarks.plain_track"]


@dataclass(slots=True)
class Taken:
    """Milliseconds until each answer, and what passed and was worked meanwhile, in seconds."""

    ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.ms) / self.seconds

    @property
    def cells(self) -> list[str]:
        each_us = self.cpu / len(self.ms) * 1e6
        return [
            f"{self.rate:,.0f}",
            f"{percentile(self.ms, 0.5):.1f} / {percentile(self.ms, 0.99):.1f}",
            f"{each_us:.0f}",
        ]


def main(stored: int = STORED, rounds: int = ROUNDS, seconds: float = SECONDS) -> None:
    stored = int(os.environ.get("BENCH_STORED", stored))
    print(f"\n## POST /track over HTTP, acknowledged when durable, {rounds} × {seconds:.0f} s each, in turn\n")
    print(
        "Plain: the same bare HTTP server, one table, one commit a request (WAL, synchronous=FULL), the same clients.\n"
    )
    cells = "events stored | a second | p50 / p99 ms | CPU µs each | plain | p50 / p99 ms | CPU | ÷ plain | ÷ empty"
    print(f"| connections | {cells} |\n|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        servers = [server for number in (0, stored) for server in _both(running, folder, number)]
        for connections in CONNECTIONS:
            taken = [Taken() for _ in servers]
            for _ in range(rounds):
                for server, of in zip(servers, taken, strict=True):
                    _post(server, connections, seconds, of)
            for at, number in enumerate((0, stored)):
                ours, plain = taken[2 * at : 2 * at + 2]
                ratios = f"{ours.rate / plain.rate:.2f} ×", f"{ours.rate / taken[0].rate:.2f} ×"
                cells = [str(connections), f"{number:,}", *ours.cells, *plain.cells, *ratios]
                print(f"| {' | '.join(cells)} |", flush=True)


def _both(running: ExitStack, folder: Path, stored: int) -> Iterator[Served]:
    """The product and the plain server, each with so many events."""
    product, plain = folder / f"{stored}.db", folder / f"plain-{stored}.db"
    store.make(product, stored, now_ms=int(time.time() * 1000))
    _make_plain(plain, stored)
    yield running.enter_context(served(product, DEPLOYED))
    yield running.enter_context(served(plain, command=[*PLAIN, str(plain)]))


def _make_plain(file: Path, number: int) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(f"PRAGMA synchronous = OFF; {plain_track.TABLE}")
        now_ms = int(time.time() * 1000)
        rows = ((f"old-{at}", "page_view", f"user-{at % 997}", now_ms - number + at, "{}") for at in range(number))
        connection.executemany(plain_track.INSERT, rows)
        connection.commit()


def _post(server: Served, connections: int, seconds: float, taken: Taken) -> None:
    """``connections`` post for so many seconds; what comes of it is added to ``taken``."""
    command = [sys.executable, "-m", "benchmarks.posters", str(server.port), str(connections), str(seconds)]
    before = cpu_seconds(server.pid)
    told = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    taken.cpu += cpu_seconds(server.pid) - before
    taken.ms += told["taken"]
    taken.seconds += told["seconds"]


if __name__ == "__main__":
    main()
