"""The page of revenue over HTTP on a kept connection, with ten times as many entries and beside plain SQL."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.asked import Case, heading, row
from benchmarks.served import Served
from benchmarks.sizes import of_sizes
from core.clock import DAY_MS, day_number, hour_start
from core.db import Database
from ingest.ledger import key_of, rebuild
from init_db import upgrade
from rules.earnings import Source

SMALL, LARGE = 100_000, 1_000_000
ASKED, DAYS = 100, 730
UTC = ZoneInfo("UTC")
# Of ten entries; all but one in the main currency.
SOURCES = (Source.SHOP, Source.SHOP, Source.SHOP, Source.GIFTS, Source.GIFTS, Source.GIFTS) + (Source.BITS,) * 3
SOURCES += (Source.MEMBERSHIPS,)
ENTRY = (
    "INSERT INTO ledger_entries (at_ms, booked_at_ms, source, kind, currency, amount_micros, label, quantity,"
    " cause_key) VALUES (?, ?, ?, 0, ?, ?, ?, 1, ?)"
)

SUMS = """SELECT at_ms / 86400000, source, sum(amount_micros), count(*) FROM ledger_entries
    WHERE currency = 'USD' AND at_ms >= ? GROUP BY 1, 2"""
BEST = """SELECT at_ms / 86400000, sum(amount_micros) FROM ledger_entries WHERE currency = 'USD'
    GROUP BY 1 ORDER BY 2 DESC LIMIT 1"""
HOURS = """SELECT at_ms / 3600000 % 24, sum(amount_micros), count(*) FROM ledger_entries
    WHERE currency = 'USD' AND at_ms >= ? GROUP BY 1"""
VISITORS = "SELECT day, visitors FROM visitor_days WHERE day > ?"


def main(small: int = SMALL, large: int = LARGE, asked: int = ASKED) -> None:
    title = f"Revenue over HTTP: {asked} answers each at {small:,} and at {large:,} entries of the ledger, in turn, ms"
    heading(title, "sums over the entries of the same file, without HTTP.")
    now_ms = int(time.time() * 1000)
    with of_sizes("revenue", (small, large), make, now_ms, {"TIMEZONE": "UTC"}) as sizes:
        cases = [_cases(product, plain, now_ms) for product, plain in sizes]
        for at_small, at_large in zip(*cases, strict=True):
            row(at_small, at_large, asked)


def make(file: Path, number: int, *, now_ms: int) -> None:
    """So many entries in ``file``, in time order up to now, added up as they are when they are booked."""
    database = Database(f"sqlite:///{file.absolute()}")
    upgrade(database)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany(ENTRY, _entries(number, now_ms))
        _visitors(connection, now_ms)
        connection.commit()
    with database.writing() as writing:
        rebuild(writing, UTC)
    database.close()


def _entries(number: int, now_ms: int) -> Iterator[tuple[object, ...]]:
    rng, gap_ms = random.Random(number), DAYS * DAY_MS / number
    for count in range(number):
        at_ms = int(now_ms - (number - count) * gap_ms)
        source, currency = rng.choice(SOURCES), "EUR" if rng.random() < 0.1 else "USD"
        amount = rng.randint(10, 5_000) * 10_000
        yield at_ms, at_ms, source.value, currency, amount, f"thing {count % 97}", key_of(f"bench/{count}")


def _visitors(connection: sqlite3.Connection, now_ms: int) -> None:
    days = [(day_number(now_ms - back * DAY_MS, UTC), 100 + back) for back in range(DAYS)]
    connection.executemany("INSERT INTO visitor_days (day, visitors) VALUES (?, ?)", days)
    hours = [(hour_start(now_ms - back * DAY_MS // 24, UTC), 20 + back % 24) for back in range(DAYS * 24)]
    connection.executemany("INSERT INTO visitor_hours (hour, visitors) VALUES (?, ?)", hours)


def _cases(product: Served, plain: sqlite3.Connection, now_ms: int) -> Iterator[Case]:
    since, month_ago = now_ms - 60 * DAY_MS, day_number(now_ms, UTC) - 30

    def sums() -> object:
        asked = ((SUMS, (since,)), (HOURS, (since,)), (BEST, ()))
        return [plain.execute(query, given).fetchall() for query, given in asked]

    def seen() -> object:
        return plain.execute(VISITORS, (month_ago,)).fetchall()

    yield Case("/api/revenue", lambda: product.get("/api/revenue"), sums)
    yield Case("/api/visitors", lambda: product.get("/api/visitors"), seen)


if __name__ == "__main__":
    main()
