"""GET /api/stats over HTTP as the history grows a thousandfold, beside a bare route of the same server."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing

from benchmarks import long_history
from benchmarks import sizes as sizes_of
from benchmarks.report import durations_ms, percentile
from benchmarks.served import Served, served
from benchmarks.spent import cpu_seconds
from benchmarks.track import Taken
from core.config import ROOT

SIZES = (10_000, 1_000_000, 10_000_000)
ASKED = 300
CONNECTIONS, ROUNDS, SECONDS = 16, 3, 2.0
STATS = "/api/stats"
HELLO = [sys.executable, "-u", "-m", "benchmarks.hello"]
COMMIT = "INSERT INTO installation (key, value) VALUES ('bench', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1"


def main(sizes: tuple[int, ...] = SIZES, asked: int = ASKED, seconds: float = SECONDS) -> None:
    most = int(os.environ.get("BENCH_STORED", sizes[-1]))
    sizes = tuple(size for size in sizes if size <= most)
    print(f"\n## GET /api/stats over HTTP on kept connections: {asked} answers to one page, {CONNECTIONS} at once\n")
    print("Hello: a bare Flask route behind the same server, asked by the same client in the same run.\n")
    print("| events stored | one page | p50 ms | p99 ms | hello p50 | ÷ hello | ÷ fewest events |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with ExitStack() as running:
        files = sizes_of.files(running, "answers", sizes, long_history.make, int(time.time() * 1000))
        hello = running.enter_context(served(files[0], command=HELLO))
        products = [running.enter_context(served(file)) for file in files]
        writers = [running.enter_context(closing(sqlite3.connect(file, isolation_level=None))) for file in files]
        _one_page(products, writers, hello, sizes, asked)
        _many_pages(products, hello, sizes, seconds)


def _one_page(
    products: list[Served], writers: list[sqlite3.Connection], hello: Served, sizes: tuple[int, ...], asked: int
) -> None:
    """All are asked in turn, so that the machine's mood meets all of them."""
    for name, commits in (("after a commit each", True), ("nothing new", False)):
        taken: list[list[float]] = [[] for _ in products]
        bare: list[float] = []
        for number in range(asked + 20):
            bare += durations_ms(lambda: hello.get("/hello"), 1)
            for product, writer, of in zip(products, writers, taken, strict=True):
                if commits:
                    writer.execute(COMMIT)
                spent = durations_ms(lambda product=product: product.get(STATS), 1)
                of += spent if number >= 20 else []  # the first times prepare statements and read pages
        for size, of in zip(sizes, taken, strict=True):
            p50, fewest, beside = percentile(of, 0.5), percentile(taken[0], 0.5), percentile(bare, 0.5)
            cells = f"{p50:.2f} | {percentile(of, 0.99):.2f} | {beside:.2f} | {p50 / beside:.2f} ×"
            print(f"| {size:,} | {name} | {cells} | {p50 / fewest:.2f} × |", flush=True)


def _many_pages(products: list[Served], hello: Served, sizes: tuple[int, ...], seconds: float) -> None:
    print("\n| events stored | a second | p50 / p99 ms | CPU µs each | hello | p50 / p99 ms | CPU | ÷ hello |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    bare, taken = Taken(), [Taken() for _ in products]
    for _ in range(ROUNDS):
        _load(hello, "/hello", seconds, bare)
        for product, of in zip(products, taken, strict=True):
            _load(product, STATS, seconds, of)
    for size, of in zip(sizes, taken, strict=True):
        cells = [f"{size:,}", *of.cells, *bare.cells, f"{of.rate / bare.rate:.2f} ×"]
        print(f"| {' | '.join(cells)} |", flush=True)


def _load(server: Served, target: str, seconds: float, taken: Taken) -> None:
    command = [sys.executable, "-m", "benchmarks.askers", str(server.port), target, str(CONNECTIONS), str(seconds)]
    before = cpu_seconds(server.pid)
    told = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    taken.cpu += cpu_seconds(server.pid) - before
    taken.ms += told["taken"]
    taken.seconds += told["seconds"]


if __name__ == "__main__":
    main()
