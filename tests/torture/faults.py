"""Locks the database for long, and abandons connections by the thousand, while a chat, shops and a till talk."""

from __future__ import annotations

import argparse
import resource
import socket
import sqlite3
import statistics
import tempfile
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import httpx

from core.db import Database
from init_db import upgrade
from tests.processes import START_SECONDS, Program, WebProcess, wait_until
from tests.sources.twitch_server import TwitchServer
from tests.torture.books import Books, damage
from tests.torture.crowd import CHANNEL, Crowd
from tests.torture.house import PATIENCE_SECONDS, House
from tests.torture.report import Report

LOCKED = "nothing can be written: the database is locked by another program"
LOOK_SECONDS = 0.5
SLOWEST_ANSWER_SECONDS = 2.0  # to others, while connections are abandoned
BACK_WITHIN_SECONDS = 80.0  # the longest that a WebSocket is waited for, and what a busy machine needs
FILES_LEFT_OVER = 32  # connections of the crowd come and go

_HEAD = "Host: localhost\r\n"
_UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
KINDS = (  # of abandoned connections: what each says before it says no more
    "",
    f"GET /health HTTP/1.1\r\n{_HEAD}",
    f"POST /track HTTP/1.1\r\n{_HEAD}Content-Length: 9\r\n\r\n{{",
    f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n{_HEAD}{_UPGRADE}",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--locked", type=float, default=30.0, metavar="SECONDS", help="of the lock (30)")
    parser.add_argument("--abandoned", type=int, default=10_000, metavar="N", help="connections (10000)")


def run(options: argparse.Namespace, report: Report) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="streampulse-torture-") as name, ExitStack() as ending:
        file = Path(name) / "streampulse.db"
        database = ending.enter_context(closing(Database(f"sqlite:///{file}")))
        upgrade(database)
        twitch = ending.enter_context(TwitchServer())
        house = House(Program.copied_to(Path(name) / "program"), f"sqlite:///{file}", twitch)
        ending.callback(house.end)
        crowd = Crowd(twitch, house.address)
        house.start("collector", "web")
        twitch.wait_until(lambda: twitch.has(CHANNEL), START_SECONDS)
        with crowd.talking():
            house.wait_until_back(-1)
            lock(house, crowd, file, options.locked, report)
            abandon(house, options.abandoned, report)
            house.wait_until_back(max(crowd.lines))
        report.promise("nothing is refused but for a while", crowd.refused)
        report.promise("both end in peace when asked to", [code for code in house.stop() if code])
        report.promise("the file is whole", damage(database))
        Books(database, crowd).audit(report)


def lock(house: House, crowd: Crowd, file: Path, seconds: float, report: Report) -> None:
    """Another program holds the write lock for ``seconds``."""
    silent, told, slowest = 0, 0, 0.0
    with closing(sqlite3.connect(file, isolation_level=None, timeout=PATIENCE_SECONDS)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            began = time.monotonic()
            problems = httpx.get(f"{house.address()}/health", timeout=PATIENCE_SECONDS).json()["problems"]
            httpx.get(f"{house.address()}/api/stats", timeout=PATIENCE_SECONDS).raise_for_status()
            slowest = max(slowest, time.monotonic() - began)
            told, silent = told + (LOCKED in problems), silent + (LOCKED not in problems)
            time.sleep(LOOK_SECONDS)
        holder.execute("ROLLBACK")
    took = house.wait_until_back(max(crowd.lines))
    report.figure(f"locked for {seconds:g} s: looks at /health that said so", f"{told} of {told + silent}")
    report.figure("the slowest pair of answers to a page meanwhile", f"{slowest:.2f} s")
    report.figure("all well after the lock", f"{took:.2f} s")
    report.promise("/health says that the database is locked", [] if told else ["never"])


def abandon(house: House, count: int, report: Report) -> None:
    """Opens ``count`` connections, says too little on each, and never comes back to it."""
    assert house.web
    before, answers = open_files(house.web), []
    memory_before = resident_megabytes(house.web)
    with ExitStack() as abandoned, httpx.Client(base_url=house.web.url, timeout=PATIENCE_SECONDS) as other:
        for number in range(count):
            with suppress(ConnectionError):  # whoever is turned away has been answered as well
                line = socket.create_connection(("127.0.0.1", house.web.port), timeout=PATIENCE_SECONDS)
                abandoned.enter_context(line)
                line.sendall(KINDS[number % len(KINDS)].encode())
            if number % 50 == 0:
                began = time.monotonic()
                other.get("/health").raise_for_status()
                answers.append(time.monotonic() - began)
        most, memory = open_files(house.web), resident_megabytes(house.web)
        began = time.monotonic()
        # They stay open on this side: it is for the product to end them.
        with suppress(TimeoutError):
            wait_until(lambda: open_files(house.web) <= before + FILES_LEFT_OVER, "closed", BACK_WITHIN_SECONDS)
        took, left = time.monotonic() - began, open_files(house.web)
    worst = max(answers)
    report.figure(f"{count} connections abandoned: open files", f"{before}, at most {most}, then {left}")
    report.figure("answers to others meanwhile", f"median {statistics.median(answers):.3f} s, worst {worst:.3f} s")
    report.figure("memory", f"{memory_before} MB, then {memory} MB")
    report.figure("all of them hung up on after", f"{took:.0f} s")
    slow = [f"{one:.2f} s" for one in answers if one > SLOWEST_ANSWER_SECONDS]
    report.promise(f"others are answered within {SLOWEST_ANSWER_SECONDS:g} s", slow)
    report.promise(
        f"their files are closed within {BACK_WITHIN_SECONDS:g} s", [left] if left > before + FILES_LEFT_OVER else []
    )


def open_files(web: WebProcess | None) -> int:
    return len(list(Path(f"/proc/{web.process.pid}/fd").iterdir())) if web else 0


def resident_megabytes(web: WebProcess) -> int:
    status = Path(f"/proc/{web.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024
