"""Kills collector and web at random moments, again and again, while a chat, shops and a till talk to them."""

from __future__ import annotations

import argparse
import math
import random
import statistics
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

from core.db import Database
from init_db import upgrade
from tests.processes import Program
from tests.servers import PostgresServer
from tests.torture import moments
from tests.torture.books import damage
from tests.torture.crowd import Crowd
from tests.torture.house import House
from tests.torture.report import Report
from tests.torture.talking import talking_to

VICTIMS = (
    *3 * [("collector",)],
    *2 * [("web",)],
    ("collector", "web"),
)  # one process starts in half the time of the other
LONGEST_PEACE_SECONDS = 0.6  # between being back and the next kill
STARTING_SECONDS = 2.0  # a kill within so long after the start meets a process that is only beginning
BACK_WITHIN_SECONDS = 5.0
TOLD_EVERY = 25  # rounds
FEWEST = 5  # rounds, however slow the machine is


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=200, metavar="N", help="how often something is killed (200)")
    moments.add_options(parser)


def run(options: argparse.Namespace, report: Report) -> None:
    seed = moments.seed_of(options, report)
    with tempfile.TemporaryDirectory(prefix="streampulse-torture-") as name, ExitStack() as ending:
        folder = Path(name)
        url = f"sqlite:///{folder / 'streampulse.db'}"
        if options.postgresql:
            url = ending.enter_context(PostgresServer()).new_database()
        database = ending.enter_context(closing(Database(url)))
        upgrade(database)
        away = rounds(Program.copied_to(folder / "program"), database, options.rounds, seed, report)
    late = [f"{seconds:.2f} s" for seconds in away if seconds > BACK_WITHIN_SECONDS]
    report.promise(f"both are back within {BACK_WITHIN_SECONDS:g} s", late)


def rounds(
    program: Program, database: Database, count: int, seed: int, report: Report, within_seconds: float = math.inf
) -> list[float]:
    """Kills ``count`` times and looks at everything afterwards; answers how long each return took, in seconds.

    After ``within_seconds`` no further round begins.
    """
    give_up_at = time.monotonic() + within_seconds
    chance = random.Random(seed)
    away, damaged = [], []
    with talking_to(program, database, report) as (house, crowd):
        for number in range(count):
            if number >= FEWEST and time.monotonic() > give_up_at:
                break
            time.sleep(chance.uniform(0, LONGEST_PEACE_SECONDS))
            away.append(one_round(house, crowd, chance))
            damaged += damage(database)
            if len(away) % TOLD_EVERY == 0:
                report.say(f"{len(away)} rounds of {count}")
        report.figure("rounds", f"{len(away)} of {count}")
        report.figure("killed", ", ".join(f"{name} {times} times" for name, times in house.kills.items()))
        report.promise("after each kill the file is whole", damaged)
    worst, median = max(away), statistics.median(away)
    report.figure("time to be back after a kill", f"median {median:.2f} s, worst {worst:.2f} s")
    return away


def one_round(house: House, crowd: Crowd, chance: random.Random) -> float:
    """Kills one or both, sometimes once more while they start; answers the seconds until all was well again."""
    victims = chance.choice(VICTIMS)
    house.kill(*victims)
    house.start(*victims)
    if chance.random() < 0.25:
        time.sleep(chance.uniform(0, STARTING_SECONDS))
        house.kill(*victims)
        house.start(*victims)
    return house.wait_until_back(max(crowd.lines))
