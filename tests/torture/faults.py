"""Locks the database, fills its disk, restarts PostgreSQL and Redis, abandons 10,000 connections, while all talk."""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx

from core.db import LOCKED, Database
from init_db import upgrade
from tests.processes import Program, wait_until
from tests.servers import NoServer, PostgresServer, RedisServer
from tests.torture.abandoned import abandon
from tests.torture.crowd import Crowd
from tests.torture.house import PATIENCE_SECONDS, House
from tests.torture.report import Report
from tests.torture.talking import talking_to

UNWRITABLE = "nothing can be written: "
FULL = "the disk is full"
LOOK_SECONDS = 0.5
SMALL_DISK = "192m"  # for what the crowd says during the run, several times over
LONGEST_PEACE_SECONDS = 1.0  # between two restarts
LOOKS = 3  # at /health, while PostgreSQL is away
SILENT_SECONDS = 8.0  # for so long a request is tried until it is refused, and /health may be content


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--locked", type=float, default=30.0, metavar="SECONDS", help="of the lock (30)")
    parser.add_argument("--full", type=float, default=30.0, metavar="SECONDS", help="of the full disk (30)")
    parser.add_argument("--abandoned", type=int, default=10_000, metavar="N", help="connections (10000)")
    parser.add_argument("--restarts", type=int, default=30, metavar="N", help="of PostgreSQL (30)")
    parser.add_argument("--redis", type=int, default=10, metavar="N", help="restarts of Redis (10)")


def run(options: argparse.Namespace, report: Report) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="streampulse-torture-") as name:
        folder = Path(name)
        program = Program.copied_to(folder / "program")
        on_a_file(program, folder, options, report)
        try:
            with PostgresServer() as server, closing(Database(server.new_database())) as database:
                upgrade(database)
                restarts(program, database, server, options.restarts, report)
        except NoServer as error:
            report.figure("PostgreSQL", f"NOT TRIED: {error}")
        try:
            with RedisServer() as redis, closing(Database(f"sqlite:///{folder / 'beside-redis.db'}")) as database:
                upgrade(database)
                without_redis(program, database, redis, options.redis, report)
        except NoServer as error:
            report.figure("Redis", f"NOT TRIED: {error}")


def on_a_file(program: Program, folder: Path, options: argparse.Namespace, report: Report) -> None:
    with ExitStack() as ending:
        disk = folder / "disk"
        is_small = ending.enter_context(small_disk(disk))
        file = disk / "streampulse.db"
        database = ending.enter_context(closing(Database(f"sqlite:///{file}")))
        upgrade(database)
        with talking_to(program, database, report) as (house, crowd):
            lock(house, crowd, file, options.locked, report)
            if is_small:
                fill(house, crowd, disk, options.full, report)
            else:
                report.figure("the full disk", "NOT TRIED: only root may mount a small one")
            abandon(house, options.abandoned, report)
            house.wait_until_back(max(crowd.lines))


@contextmanager
def small_disk(folder: Path, size: str = SMALL_DISK) -> Iterator[bool]:
    """Makes ``folder``, on a disk of its own where that may be mounted; answers whether it is one."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    is_small = subprocess.run(mounting, capture_output=True, check=False).returncode == 0
    try:
        yield is_small
    finally:
        if is_small:
            subprocess.run(["umount", "--lazy", folder], check=True)


def lock(house: House, crowd: Crowd, file: Path, seconds: float, report: Report) -> None:
    """Another program holds the write lock for ``seconds``."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=PATIENCE_SECONDS)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        watch(house, crowd, LOCKED, seconds, report)
        holder.execute("ROLLBACK")
    report.figure("all well after the lock", f"{house.wait_until_back(max(crowd.lines)):.2f} s")


def fill(house: House, crowd: Crowd, disk: Path, seconds: float, report: Report) -> None:
    """Something else takes all room on the disk for ``seconds``."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as taking:
        try:
            while True:
                taking.write(bytes(4_096))
        except OSError:
            watch(house, crowd, FULL, seconds, report)
    filler.unlink()
    report.figure("all well after the full disk", f"{house.wait_until_back(max(crowd.lines)):.2f} s")


def watch(house: House, crowd: Crowd, trouble: str, seconds: float, report: Report) -> None:
    """Looks at /health and a page for so long, while nothing can be written because of ``trouble``."""
    looks, told, slowest, taken = 0, 0, 0.0, -1
    silent: list[float] = []  # seconds since a request was taken, where that is no longer a matter of patience
    taken_at = started_at = time.monotonic()
    while time.monotonic() < started_at + seconds:
        began = time.monotonic()
        if (taken_now := len(crowd.tracked) + len(crowd.sold)) != taken:
            taken, taken_at = taken_now, began
        problems = httpx.get(f"{house.address()}/health", timeout=PATIENCE_SECONDS).json()["problems"]
        httpx.get(f"{house.address()}/api/stats", timeout=PATIENCE_SECONDS).raise_for_status()
        slowest = max(slowest, time.monotonic() - began)
        looks += 1
        if UNWRITABLE + trouble in problems:
            told += 1
        elif began - taken_at > SILENT_SECONDS:
            silent.append(round(began - taken_at, 1))
        time.sleep(LOOK_SECONDS)
    report.figure(f"{trouble}, for {seconds:g} s: looks at /health that said so", f"{told} of {looks}")
    report.figure("the slowest pair of answers to a page meanwhile", f"{slowest:.2f} s")
    against = silent if told else ["never"]
    report.promise(f"/health says that {trouble} when nothing was taken for {SILENT_SECONDS:g} s, and goes on", against)


def restarts(program: Program, database: Database, server: PostgresServer, times: int, report: Report) -> None:
    """PostgreSQL is killed, or stopped, in the middle of writing, and started again: at once, or when some gave up."""
    took, lies = [], []
    with talking_to(program, database, report) as (house, crowd):
        for number in range(times):
            time.sleep(random.uniform(0, LONGEST_PEACE_SECONDS))
            retries, is_long = crowd.retries, number % 2
            if number % 3:
                server.stop()
            else:
                server.kill()
            for _ in range(LOOKS):
                told = httpx.get(f"{house.address()}/health", timeout=PATIENCE_SECONDS)
                if told.status_code != 503 or told.json()["status"] != "down":
                    lies.append(told.text)
            if is_long:
                wait_until(lambda: crowd.retries > retries, "somebody is told to come again", PATIENCE_SECONDS)  # noqa: B023
            server.start()
            took.append(house.wait_until_back(max(crowd.lines)))
    report.figure("PostgreSQL restarted", f"{times} times; all well after {max(took):.2f} s at worst")
    report.promise("/health says that the database is away", lies)


def without_redis(program: Program, database: Database, redis: RedisServer, times: int, report: Report) -> None:
    """Redis is killed while shops and a till are answered, and starts again with nothing in it."""
    told, took = [], []
    with talking_to(program, database, report, REDIS_URL=redis.url) as (house, crowd):
        asked_again = crowd.retries
        for _ in range(times):
            time.sleep(random.uniform(0, LONGEST_PEACE_SECONDS))
            redis.kill()
            told.append(_seconds_until(lambda: "Redis" in _health(house), "/health says that Redis is away"))
            redis.start()
            took.append(house.wait_until_back(max(crowd.lines)))
        sent_away = crowd.retries - asked_again
        report.promise("nobody is sent away because of Redis", [sent_away] if sent_away else [])
    report.figure(
        "Redis killed", f"{times} times; told after {max(told):.2f} s, all well after {max(took):.2f} s at worst"
    )


def _health(house: House) -> str:
    return httpx.get(f"{house.address()}/health", timeout=PATIENCE_SECONDS).text


def _seconds_until(holds: Callable[[], bool], what: str) -> float:
    began = time.monotonic()
    wait_until(holds, what, PATIENCE_SECONDS)
    return time.monotonic() - began
