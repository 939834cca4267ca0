"""What both processes take of a small machine: seconds to start, memory with 100 clients, and whether it stays so.

python -m benchmarks.footprint [MINUTES]      of the soak at 1,000 events a second (2)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import linear_regression, median

from benchmarks.collected import Collecting
from benchmarks.report import heading, row
from benchmarks.spent import cpu_seconds, proportional_mb, resident_mb
from benchmarks.spoken import CHANNEL
from benchmarks.talking import Talking
from core.config import ROOT
from tests.sources.twitch_server import TwitchServer

MINUTES = 2.0
CLIENTS = 100
EVENTS_A_SECOND = 1_000
STARTS = 3
START_SECONDS, SMALL_MB = 2.0, 200
LOOKS = 40  # at the memory, in all of the soak


def main(minutes: float = MINUTES) -> None:
    with tempfile.TemporaryDirectory() as name, TwitchServer() as server, ExitStack() as all_of_it:
        collecting = all_of_it.enter_context(
            Collecting(Path(name), CHANNEL=CHANNEL, TWITCH_IRC_URL=server.irc_url, begin=False)
        )
        heading(f"Start, and memory with {CLIENTS} live pages open")
        _told_start("web", lambda: _web_start(collecting))
        _told_start("collector", lambda: _collector_start(collecting))
        collecting.begin()
        web = all_of_it.enter_context(collecting.program.web(collecting.url))
        pids = {"web": web.process.pid, "collector": collecting.running.process.pid}
        collecting.running.wait_for_log("Reading Twitch channel")
        seconds = str(minutes * 60 + 3600)
        command = [sys.executable, "-m", "benchmarks.onlookers", str(web.port), str(CLIENTS), seconds]
        crowd = all_of_it.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        all_of_it.callback(crowd.kill)
        assert crowd.stdout
        crowd.stdout.readline()
        _told_memory(pids)
        _soak(server, pids, minutes)


def _told_start(what: str, start: Callable[[], tuple[float, float]]) -> None:
    seconds, cpu = (median(taken) for taken in zip(*(start() for _ in range(STARTS)), strict=True))
    row(f"{what}: seconds to ready, beside {START_SECONDS:.0f}", f"{seconds:.2f}", "2.00", seconds / START_SECONDS)
    row(f"{what}: of processor time until then", f"{cpu:.2f}", "2.00", cpu / START_SECONDS)


def _web_start(collecting: Collecting) -> tuple[float, float]:
    started = time.perf_counter()
    with collecting.program.web(collecting.url) as web:
        taken = time.perf_counter() - started, cpu_seconds(web.process.pid)
        web.stop()
    return taken


def _collector_start(collecting: Collecting) -> tuple[float, float]:
    started = time.perf_counter()
    with collecting.program.collector(collecting.url, **collecting.settings) as collector:
        collector.wait_for_log("Reading Twitch channel")
        taken = time.perf_counter() - started, cpu_seconds(collector.process.pid)
        collector.stop()
    return taken


def _told_memory(pids: dict[str, int]) -> None:
    time.sleep(2)
    for what, pid in pids.items():
        ours, alone = proportional_mb(pid), resident_mb(pid)
        row(f"{what}: MB of its own, beside all it sees", f"{ours:.0f}", f"{alone:.0f}", ours / alone)
    together = sum(map(proportional_mb, pids.values()))
    row(f"together: MB, beside {SMALL_MB}", f"{together:.0f}", str(SMALL_MB), together / SMALL_MB)


def _soak(server: TwitchServer, pids: dict[str, int], minutes: float) -> None:
    """Memory as time goes on, and how it grows in the second half."""
    print(f"\n## {EVENTS_A_SECOND:,} events a second for {minutes:g} minutes, {CLIENTS} live pages open\n")
    print("| minute | web MB | collector MB | web CPU % | collector CPU % |\n|---|---|---|---|---|", flush=True)
    began = looked = time.monotonic()
    grown: dict[str, list[tuple[float, float]]] = {what: [] for what in pids}
    spent = {what: cpu_seconds(pid) for what, pid in pids.items()}
    tell = iter([minute for minute in (1, 2, 5, 10, 20, 30, 40, 50, 60) if minute < minutes])
    due = next(tell, minutes)
    with Talking(server, EVENTS_A_SECOND) as talking:
        while (passed := (time.monotonic() - began) / 60) < minutes:
            time.sleep(minutes * 60 / LOOKS)
            passed = (time.monotonic() - began) / 60
            for what, pid in pids.items():
                grown[what].append((passed, proportional_mb(pid)))
            if passed >= due:
                looked, spent = _told_minute(pids, grown, looked, spent)
                due = next(tell, minutes)
    print(f"\n{talking.written / minutes / 60:,.0f} events a second were written")
    for what, points in grown.items():
        slope = linear_regression(*zip(*_second_half(points), strict=True)).slope
        print(f"\n{what}: {slope * 60:+.0f} MB an hour in the second half", end="")
    print(flush=True)


def _told_minute(
    pids: dict[str, int], grown: dict[str, list[tuple[float, float]]], looked: float, spent: dict[str, float]
) -> tuple[float, dict[str, float]]:
    now, spent_now = time.monotonic(), {what: cpu_seconds(pid) for what, pid in pids.items()}
    percents = [(spent_now[what] - spent[what]) / (now - looked) * 100 for what in pids]
    sizes = [points[-1][1] for points in grown.values()]
    cells = " | ".join([*(f"{size:.0f}" for size in sizes), *(f"{percent:.0f}" for percent in percents)])
    print(f"| {grown['web'][-1][0]:.0f} | {cells} |", flush=True)
    return now, spent_now


def _second_half(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    return points[len(points) // 2 :]


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
