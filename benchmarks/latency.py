"""From the chat server to the browser's socket, through collector, database and web process.

python -m benchmarks.latency [EVENTS_A_SECOND:CLIENTS …]      such as 1000:100
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.collected import Collecting
from benchmarks.report import percentile
from benchmarks.spent import cpu_seconds
from benchmarks.spoken import CHANNEL
from benchmarks.talking import Talking
from core.config import ROOT
from tests.processes import Running, WebProcess
from tests.sources.twitch_server import TwitchServer

CASES = tuple((rate, clients) for rate in (10, 1_000, 10_000) for clients in (1, 100, 1_000))
SECONDS = 8.0
FIRST_MS, LAST_MS = 500.0, 1_500.0  # marks of the first moment come before all look; of the last, some are under way
SOON_MS = 200
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """How many ms each marked message took to each client that got it, and what became of all lines.

    A line may be left out of a push on purpose, which the push says; it is ``lost`` if nobody says so.
    """

    taken_ms: list[float]
    lines: int
    left_out: int
    lost: int
    cores: dict[str, float]  # processor time by who has used it, as a part of the time that passed

    @property
    def row(self) -> str:
        p50, p99, most = percentile(self.taken_ms, 0.5), percentile(self.taken_ms, 0.99), max(self.taken_ms)
        left_out = self.left_out / max(1, self.lines + self.left_out + self.lost)
        used = " | ".join(f"{part:.0%}" for part in self.cores.values())
        return f"{p50:.0f} | {p99:.0f} | {most:.0f} | {p99 / SOON_MS:.2f} × | {left_out:.0%} | {self.lost:,} | {used}"


def main(cases: Sequence[tuple[int, int]] = CASES, seconds: float = SECONDS) -> None:
    print(f"\n## From the chat server to the browser's socket, beside {SOON_MS} ms\n")
    print("All on the same machine: the last columns say how much of a core each has used.\n")
    print(f"| events a second | clients | p50 ms | p99 ms | max ms | p99 ÷ {SOON_MS} ms | left out | lost", end="")
    print(" | collector | web | chat server | clients' |")
    print("|---" * 12 + "|", flush=True)
    with tempfile.TemporaryDirectory() as name, both(Path(name)) as at:
        for rate, clients in cases:
            print(f"| {rate:,} | {clients:,} | {measured(at, rate, clients, seconds).row} |", flush=True)


@dataclass(frozen=True, slots=True)
class Both:
    """Collector and web process, and the chat server that feeds them."""

    server: TwitchServer
    collector: Running
    web: WebProcess


@contextmanager
def both(folder: Path) -> Iterator[Both]:
    with (
        TwitchServer() as server,
        Collecting(folder, CHANNEL=CHANNEL, TWITCH_IRC_URL=server.irc_url) as collecting,
        collecting.program.web(collecting.url) as web,
    ):
        collecting.running.wait_for_log("Reading Twitch channel")
        yield Both(server, collecting.running, web)


def measured(at: Both, rate: float, clients: int, seconds: float) -> Seen:
    command = [sys.executable, "-m", "benchmarks.onlookers", str(at.web.port), str(clients), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as crowd:
        assert crowd.stdout
        if not crowd.stdout.readline():
            raise RuntimeError("the clients did not get in")
        pids = {"collector": at.collector.process.pid, "web": at.web.process.pid, "server": os.getpid()}
        pids["clients"] = crowd.pid
        before = {name: cpu_seconds(pid) for name, pid in pids.items()}
        begins = time.time() + FIRST_MS / 1000
        ends = begins + seconds - (FIRST_MS + LAST_MS) / 1000
        with Talking(at.server, rate) as talking:
            time.sleep(seconds - LAST_MS / 1000)
            cores = {name: (cpu_seconds(pid) - before[name]) / (seconds - LAST_MS / 1000) for name, pid in pids.items()}
            told = json.loads(crowd.stdout.readline())
    at.server.flush(PATIENCE_SECONDS)
    reached = {float(mark): taken for mark, taken in told["reached"].items()}
    marks = [round(mark, 6) for mark in talking.marks if begins < mark < ends]
    taken_ms = [taken * 1000 for mark in marks for taken in reached.get(mark, [])]
    return Seen(taken_ms or [LAST_MS], told["lines"], told["left_out"], told["lost"], cores)


if __name__ == "__main__":
    asked = [tuple(map(int, case.split(":"))) for case in sys.argv[1:]]
    main([(rate, clients) for rate, clients in asked] or CASES)
