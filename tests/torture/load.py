"""Thousands of dashboards, a chat that nobody can read any more and a busy shop, all at once, for minutes."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.report import percentile
from benchmarks.spent import cpu_seconds
from core.clock import now_ms
from core.config import ROOT
from core.db import Database
from init_db import upgrade
from tests.processes import START_SECONDS, Program, Running, wait_until
from tests.sources.twitch_server import TwitchServer
from tests.torture.load_dashboards import API_TOKEN, SIGN
from tests.torture.load_shop import TRACK_KEY
from tests.torture.report import Report

CHANNEL = "lena"
DASHBOARDS_A_PROCESS = 2_500
SETTINGS = {"DASHBOARD_PASSWORD": "of this trial alone", "API_TOKEN": API_TOKEN, "TRACK_KEY": TRACK_KEY}
STEP_SECONDS = 0.05  # between two handfuls of chat lines
SAMPLES = 10  # of memory, in the whole run
PATIENCE_SECONDS = 120.0  # for what was said and not stored when the run ended
PUSH_P99_MS = 1_000.0
MOST_GROWTH = 1.25  # of memory, from the middle of the run to its end


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=10_000, metavar="N", help="open dashboards (10000)")
    parser.add_argument("--chat", type=int, default=2_000, metavar="N", help="lines of chat a second (2000)")
    parser.add_argument("--track", type=int, default=200, metavar="N", help="requests to /track a second (200)")
    parser.add_argument("--seconds", type=float, default=300.0, metavar="N", help="for how long (300)")


def run(options: argparse.Namespace, report: Report) -> None:
    _raise_limit_of_files()
    with tempfile.TemporaryDirectory(prefix="streampulse-load-") as folder:
        program = Program.copied_to(Path(folder) / "program")
        with closing(Database(f"sqlite:///{Path(folder) / 'streampulse.db'}")) as database:
            upgrade(database)
            _under_load(program, database, options, report)


def _raise_limit_of_files() -> None:
    """As the units and PM2's guide do for the web process; what is started from here inherits it."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _under_load(program: Program, database: Database, options: argparse.Namespace, report: Report) -> None:
    url = database.url.render_as_string(hide_password=False)
    with (
        TwitchServer() as twitch,
        program.web(url, TIMEZONE="UTC", **SETTINGS) as web,
        program.collector(url, CHANNEL=CHANNEL, TIMEZONE="UTC", TWITCH_IRC_URL=twitch.irc_url) as collector,
    ):
        twitch.wait_until(lambda: twitch.has(CHANNEL), START_SECONDS)
        report.say(f"{options.clients:,} dashboards come in")
        began = time.monotonic()
        with _dashboards(web.port, options.clients, options.seconds) as dashboards:
            report.figure("until all were in", f"{time.monotonic() - began:.1f} s")
            before = [(web, cpu_seconds(web.process.pid)), (collector, cpu_seconds(collector.process.pid))]
            watched = Watched({"web": web, "collector": collector})
            with _shop(web.url, options.track, options.seconds) as shop:
                said = _talk(twitch, options.chat, options.seconds, watched)
                tracked = _told(shop)
            told = [_told(one) for one in dashboards]
            spent = [cpu_seconds(one.process.pid) - began for one, began in before]
        shares = [*spent, sum(one["cpu"] for one in told)]
        names = ("web", "collector", "all dashboards")
        busy = ", ".join(f"{name} {share / options.seconds:.0%}" for name, share in zip(names, shares, strict=True))
        report.figure("of one core", busy)
        _judge_pushes(told, report)
        _judge_shop(tracked, options, report)
        watched.judge(report)
        _judge_rows(database, said, tracked["taken"], report)
        report.promise("no process has written a traceback", [web.log[-300:]] if "Traceback" in web.log else [])
        report.promise("both end in peace when asked to", [code for code in (collector.stop(), web.stop()) if code])


def _talk(twitch: TwitchServer, rate: int, seconds: float, watched: Watched) -> int:
    """Says ``rate`` lines a second, each with the time it was said at; answers how many."""
    began, said = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        for number in range(said, round(passed * rate)):
            twitch.say(CHANNEL, f"{SIGN}{now_ms()} {number}", f"viewer{number % 2_000}")
        said = max(said, round(passed * rate))
        watched.look(passed, seconds)
        time.sleep(STEP_SECONDS)
    return said


@dataclass
class Watched:
    """How much memory each process has, over the time of the run."""

    running: dict[str, Running]
    megabytes: dict[str, list[float]] = field(default_factory=dict)

    def look(self, passed: float, seconds: float) -> None:
        for name, one in self.running.items():
            taken = self.megabytes.setdefault(name, [])
            if passed >= len(taken) * seconds / SAMPLES:
                pages = int(Path(f"/proc/{one.process.pid}/statm").read_text().split()[1])
                taken.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    def judge(self, report: Report) -> None:
        grown = []
        for name, taken in self.megabytes.items():
            report.figure(f"memory of {name} over time", " ".join(f"{megabytes:.0f}" for megabytes in taken) + " MB")
            middle, end = taken[len(taken) // 2], taken[-1]
            if end > middle * MOST_GROWTH:
                grown.append(f"{name}: {middle:.0f} → {end:.0f} MB")
        report.promise("memory is bounded: it grows by less than a quarter in the second half", grown)


def _judge_pushes(told: Sequence[dict[str, Any]], report: Report) -> None:
    delays = [delay for one in told for delay in one["delays"]]
    p99 = percentile(delays, 0.99) if delays else float("inf")
    report.figure("from a line said on Twitch to a dashboard", _times(delays))
    rate = sum(one["rate"] for one in told) / len(told)
    report.figure("lines a second that reached each dashboard", f"{rate:.0f}")
    late = [] if p99 < PUSH_P99_MS else [f"{p99:.0f} ms"]
    report.promise(f"99 of 100 pushes arrive within {PUSH_P99_MS:g} ms", late)
    report.promise("no dashboard is hung up on", [one["lost"] for one in told if one["lost"]])
    report.promise("nor while others came in", [one["early"] for one in told if one["early"]])
    report.promise("every dashboard hears of the chat", [one["deaf"] for one in told if one["deaf"]])


def _judge_shop(tracked: dict[str, Any], options: argparse.Namespace, report: Report) -> None:
    waits = tracked["waits"]
    report.figure("until /track has answered, from when it was due", _times(waits))
    report.figure("/track requests a second", f"{tracked['taken'] / options.seconds:.0f} of {options.track}")
    report.promise("every /track request is taken", tracked["errors"])


def _times(milliseconds: Sequence[float]) -> str:
    if not milliseconds:
        return "never"
    p50, p99 = percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {max(milliseconds):.0f} ms"


def _judge_rows(database: Database, said: int, taken: int, report: Report) -> None:
    def count(question: str) -> int:
        with database.reading() as connection:
            return int(connection.execute(text(question)).scalar() or 0)

    def lines() -> int:
        return count("SELECT count(*) FROM events WHERE kind = 1")

    began = time.monotonic()
    wait_until(lambda: lines() >= said, f"{said} lines are stored, not {lines()}", PATIENCE_SECONDS)
    report.figure("until the last line was stored", f"{time.monotonic() - began:.1f} s after the run")
    report.promise("every line of the chat is stored once", [f"{lines()} of {said}"] if lines() != said else [])
    stored = count("SELECT count(*) FROM store_events")
    report.promise("what /track has taken is stored once", [f"{stored} of {taken}"] if stored != taken else [])


@contextmanager
def _dashboards(port: int, clients: int, seconds: float) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes of dashboards that are all in."""
    shares = [min(DASHBOARDS_A_PROCESS, clients - first) for first in range(0, clients, DASHBOARDS_A_PROCESS)]
    with _programs(*(("load_dashboards", str(port), str(share), str(seconds)) for share in shares)) as processes:
        for process in processes:
            assert process.stdout
            if not process.stdout.readline():
                raise RuntimeError("the dashboards did not get in")
        for process in processes:
            assert process.stdin
            process.stdin.write("listen\n")
            process.stdin.flush()
        yield processes


@contextmanager
def _shop(url: str, rate: int, seconds: float) -> Iterator[subprocess.Popen[str]]:
    with _programs(("load_shop", url, str(rate), str(seconds))) as processes:
        yield processes[0]


@contextmanager
def _programs(*commands: Sequence[str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Programs of this package, each ended with the block."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    running = [
        subprocess.Popen([sys.executable, "-m", f"tests.torture.{name}", *arguments], **pipes)
        for name, *arguments in commands
    ]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.communicate()


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    return dict(json.loads(process.stdout.readline()))
