"""From the chat server to the browser's socket, through collector, database and web process.

python -m benchmarks.latency [EVENTS_A_SECOND:CLIENTS …]      such as 1000:100
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.collected import Collecting
from benchmarks.report import percentile
from benchmarks.spoken import CHANNEL
from benchmarks.talking import Talking
from core.config import ROOT
from tests.sources.twitch_server import TwitchServer

CASES = ((10, 1), (10, 100), (10, 1_000), (1_000, 1), (1_000, 100), (1_000, 1_000), (10_000, 1), (10_000, 100))
SECONDS = 8.0
FIRST_MS, LAST_MS = 500.0, 1_500.0  # marks of the first moment come before all look; of the last, some are under way
SOON_MS = 200
PATIENCE_SECONDS = 60.0


def main(cases: Sequence[tuple[int, int]] = CASES, seconds: float = SECONDS) -> None:
    print(f"\n## From the chat server to the browser's socket, beside {SOON_MS} ms and beside the first row\n")
    print("| events a second | clients | p50 ms | p99 ms | max ms | p99 ÷ 200 ms | p99 ÷ first | not arrived |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    first = 0.0
    with tempfile.TemporaryDirectory() as name, both(Path(name)) as (server, port):
        for rate, clients in cases:
            taken_ms, missing = measured(server, port, rate, clients, seconds)
            p50, p99, most = percentile(taken_ms, 0.5), percentile(taken_ms, 0.99), max(taken_ms)
            first = first or p99
            cells = f"{p50:.0f} | {p99:.0f} | {most:.0f} | {p99 / SOON_MS:.2f} × | {p99 / first:.2f} × | {missing:,}"
            print(f"| {rate:,} | {clients:,} | {cells} |", flush=True)


@contextmanager
def both(folder: Path) -> Iterator[tuple[TwitchServer, int]]:
    """Collector and web process, the chat server that feeds them, and the port of the web process."""
    with (
        TwitchServer() as server,
        Collecting(folder, CHANNEL=CHANNEL, TWITCH_IRC_URL=server.irc_url) as collecting,
        collecting.program.web(collecting.url) as web,
    ):
        collecting.running.wait_for_log("Reading Twitch channel")
        yield server, web.port


def measured(server: TwitchServer, port: int, rate: float, clients: int, seconds: float) -> tuple[list[float], int]:
    """How many ms each marked message took to each client, and how many did not arrive at all."""
    command = [sys.executable, "-m", "benchmarks.onlookers", str(port), str(clients), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdout
        if not crowd.stdout.readline():
            raise RuntimeError("the clients did not get in")
        begins = time.time() + FIRST_MS / 1000
        ends = begins + seconds - (FIRST_MS + LAST_MS) / 1000
        with Talking(server, rate) as talking:
            reached = {float(mark): taken for mark, taken in json.loads(crowd.stdout.readline()).items()}
    server.flush(PATIENCE_SECONDS)
    marks = [mark for mark in talking.marks if begins < mark < ends]
    found = {round(mark, 6): reached.get(round(mark, 6), []) for mark in marks}
    taken_ms = [taken * 1000 for times in found.values() for taken in times]
    return taken_ms or [LAST_MS], sum(clients - len(times) for times in found.values())


if __name__ == "__main__":
    asked = [tuple(map(int, case.split(":"))) for case in sys.argv[1:]]
    main([(rate, clients) for rate, clients in asked] or CASES)
