"""The answers about the shop, over HTTP on a kept connection, with ten times as many events and beside plain SQL."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.asked import Case, heading, row
from benchmarks.served import Served
from benchmarks.sizes import of_sizes
from core.clock import DAY_MS, MINUTE_MS
from core.db import Database
from ingest.store import event_key
from ingest.store_rebuild import rebuild
from init_db import upgrade
from rules.funnel import Step

SMALL, LARGE = 100_000, 1_000_000
ASKED, ASKED_PLAINLY = 60, 3
DAYS, EVENTS_EACH, AT_ONCE = 60, 8, 50_000
RANGES = {"24h": DAY_MS, "30d": 30 * DAY_MS, "all": None}
# Of a hundred events.
STEPS = tuple(step for step, share in zip(Step, (52, 32, 9, 4, 3), strict=True) for _ in range(share))

FUNNEL = "SELECT step, count(DISTINCT user_row) FROM store_events WHERE at_ms >= ? AND NOT is_bot GROUP BY step"
STATS = "SELECT count(*), count(DISTINCT user_row) FROM store_events WHERE at_ms >= ? AND NOT is_bot"
SEGMENTS = """SELECT bought, carted AND n >= 5, carted OR (looked AND n >= 3), count(*) FROM (
    SELECT max(step = 5) bought, max(step = 3) carted, max(step = 2) looked, count(*) n
    FROM store_events WHERE at_ms >= ? AND NOT is_bot GROUP BY user_row) GROUP BY 1, 2, 3"""
WINDOWS = f"SELECT at_ms / {5 * MINUTE_MS}, count(*) FROM store_events WHERE at_ms >= ? AND NOT is_bot GROUP BY 1"
QUESTIONS = {
    "/stats": STATS,
    "/funnel-analysis": FUNNEL,
    "/user-segmentation": SEGMENTS,
    "/anomalies": WINDOWS,
}


def main(small: int = SMALL, large: int = LARGE, asked: int = ASKED) -> None:
    large = int(os.environ.get("BENCH_STORED", large))
    title = f"The shop over HTTP: {asked} answers each at {small:,} and at {large:,} events, in turn, ms"
    heading(title, "obvious SQL over the raw events of the same file and its indexes, without HTTP.")
    now_ms = int(time.time() * 1000)
    with of_sizes("store", (small, large), make, now_ms) as sizes:
        cases = [_cases(product, plain, now_ms) for product, plain in sizes]
        for at_small, at_large in zip(*cases, strict=True):
            row(at_small, at_large, asked, ASKED_PLAINLY if large <= LARGE else 1)  # ten million take seconds


def make(file: Path, number: int, *, now_ms: int) -> None:
    """A database with so many events of a shop in ``file``, in time order, and every figure told of them."""
    database = Database(f"sqlite:///{file.absolute()}")
    upgrade(database)
    people = max(1, number // EVENTS_EACH)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        rows = ((person, f"person-{person}") for person in range(1, people + 1))
        connection.executemany("INSERT INTO store_users (id, user_id) VALUES (?, ?)", rows)
        for events in _events(number, people, now_ms):
            connection.executemany(
                "INSERT INTO store_events (id, event_id, step, at_ms, received_at_ms, user_row, amount_minor, currency,"
                " is_simulated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                events,
            )
            keys = ((event_key(str(event[1])),) for event in events)
            connection.executemany("INSERT INTO store_event_keys (event_key) VALUES (?)", keys)
        connection.commit()
    with database.writing() as writing:
        rebuild(writing, now_ms)
    database.close()


def _events(number: int, people: int, now_ms: int) -> Iterator[list[tuple[object, ...]]]:
    """Journeys that take an hour or so: neighbours in time are often the same person."""
    rng = random.Random(number)
    gap_ms = DAYS * DAY_MS / max(1, number)
    active = [rng.randint(1, people) for _ in range(min(people, 40))]
    group: list[tuple[object, ...]] = []
    for count in range(1, number + 1):
        slot = rng.randrange(len(active))
        if rng.random() < 1 / EVENTS_EACH:
            active[slot] = rng.randint(1, people)
        step, at_ms = rng.choice(STEPS), int(now_ms - (number - count) * gap_ms - rng.random() * gap_ms)
        paid = (rng.randint(1_000, 6_000), "USD") if step is Step.PURCHASE else (None, None)
        group.append((count, f"bench-{count}", int(step), at_ms, at_ms, active[slot], *paid))
        if len(group) == AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _cases(product: Served, plain: sqlite3.Connection, now_ms: int) -> Iterator[Case]:
    for path, query in QUESTIONS.items():
        for name, length_ms in RANGES.items():
            since_ms = 0 if length_ms is None else now_ms - length_ms

            def ask(path: str = path, name: str = name) -> bytes:
                return product.get(path, range=name)

            def plainly(query: str = query, since_ms: int = since_ms) -> object:
                return plain.execute(query, (since_ms,)).fetchall()

            yield Case(f"{path} of {name}", ask, plainly)


if __name__ == "__main__":
    main()
