"""What runs at random moments have in common: the database they are on, and a seed to try the same again."""

from __future__ import annotations

import argparse
import random

from tests.torture.report import Report


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL instead of SQLite")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="of the moments, to try the same again")


def seed_of(options: argparse.Namespace, report: Report) -> int:
    """The one that was asked for, or a new one; it is told either way."""
    seed: int = random.randrange(10**6) if options.seed is None else options.seed
    report.figure("seed", seed)
    return seed
