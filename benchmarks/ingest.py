"""The write stage: batches of 500 with all of an event's work, beside plain SQLite."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from benchmarks.events import mixed_events
from benchmarks.report import heading, percentile, row
from core.clock import now_ms
from core.db import Database
from core.events import Event
from core.sqlite import PRAGMAS
from ingest.batch import Memory, store
from ingest.policy import Policy
from init_db import upgrade

EVENTS = 50_000
SINGLE_COMMITS = 1_000
BATCH = 500


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = list(mixed_events(EVENTS, end_ms=now_ms()))
        rate, taken_ms, size = _product(folder / "product.db", events)
        plain = _plain(folder / "plain.db", events, BATCH)
        single = _plain(folder / "single.db", events[:SINGLE_COMMITS], 1)
        heading(f"Write stage: {EVENTS:,} events in batches of {BATCH}, WAL, synchronous=FULL")
        row("events a second, beside a bare executemany", f"{rate:,.0f}", f"{plain:,.0f}", rate / plain)
        row("events a second, beside one commit each", f"{rate:,.0f}", f"{single:,.0f}", rate / single)
        p50, p99 = percentile(taken_ms, 0.5), percentile(taken_ms, 0.99)
        row("batch p99, beside its p50 (ms)", f"{p99:.1f}", f"{p50:.1f}", p99 / p50)
        row("bytes on disk an event, beside 170", f"{size / EVENTS:.0f}", "170", size / EVENTS / 170)


def _product(file: Path, events: Sequence[Event]) -> tuple[float, list[float], int]:
    """Events a second, each batch's milliseconds, bytes on disk."""
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    rate, taken_ms = batches_of_product(file, events)
    return rate, taken_ms, file.stat().st_size


def batches_of_product(file: Path, events: Sequence[Event]) -> tuple[float, list[float]]:
    """Events a second and each batch's milliseconds, written to a database that is there."""
    database, memory = Database(f"sqlite:///{file}"), Memory()
    taken_ms: list[float] = []
    started = time.perf_counter()
    for start in range(0, len(events), BATCH):
        began = time.perf_counter()
        with database.writing() as connection:
            store(connection, events[start : start + BATCH], memory, now_ms=now_ms(), policy=Policy())
        taken_ms.append((time.perf_counter() - began) * 1000)
    rate = len(events) / (time.perf_counter() - started)
    database.close()
    return rate, taken_ms


def _plain(file: Path, events: Sequence[Event], batch: int) -> float:
    """The events alone with one index, by the driver: what SQLite can do at best."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    connection.execute("CREATE TABLE e (id INTEGER PRIMARY KEY, at INTEGER, kind INTEGER, who TEXT, text TEXT)")
    connection.execute("CREATE INDEX e_at ON e (at)")
    rows = ((event.at_ms, int(event.kind), event.who and event.who.user_id, event.text) for event in events)
    started = time.perf_counter()
    while chunk := list(islice(rows, batch)):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO e (at, kind, who, text) VALUES (?, ?, ?, ?)", chunk)
        connection.execute("COMMIT")
    rate = len(events) / (time.perf_counter() - started)
    connection.close()
    return rate


if __name__ == "__main__":
    main()
