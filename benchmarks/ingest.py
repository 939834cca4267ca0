"""The write stage: batches of 500 with all of an event's work, beside plain SQLite."""

from __future__ import annotations

import gc
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.events import mixed_events
from benchmarks.report import heading, percentile, row
from core.checkpoints import Checkpoints
from core.clock import now_ms
from core.db import Database
from core.events import Event, event_key
from core.sqlite import PRAGMAS
from core.starting import keep_for_good
from core.statements import BulkStatement
from ingest.batch import Memory, channels, store
from ingest.policy import Policy
from init_db import upgrade
from models import Event as EventRow

EVENTS = 50_000
SINGLE_COMMITS = 1_000
BATCH = 500
LARGE_BATCHES = (5_000, 20_000)  # as if sums were put off and added up over ten, over forty batches
LARGE_EVENTS = 100_000

_INSERT = BulkStatement(
    lambda insert: insert(EventRow), ("channel_id", "kind", "at_ms", "source_key", "amount", "marks", "text")
)


@dataclass(slots=True)
class Run:
    """Events a second, each batch's milliseconds, and bytes on disk: before, half way, and at the end."""

    rate: float
    taken_ms: list[float]
    sizes: tuple[int, int, int]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = list(mixed_events(EVENTS, end_ms=now_ms()))
        before = _plain(folder / "before.db", events, BATCH)
        run = _product(folder / "product.db", events)
        plain = (before + _plain(folder / "after.db", events, BATCH)) / 2  # the machine is not the same all the time
        single = _plain(folder / "single.db", events[:SINGLE_COMMITS], 1)
        alone = _rows_alone(folder / "alone.db", events)
        same_single = _one_rate(folder / "same_single.db", events[:SINGLE_COMMITS], 1)
        more = list(mixed_events(LARGE_EVENTS, end_ms=now_ms()))
        large = {size: _one_rate(folder / f"{size}.db", more, size) for size in LARGE_BATCHES}
    heading(f"Write stage: {EVENTS:,} events in batches of {BATCH}, WAL, synchronous=FULL")
    row("events a second, beside a bare executemany", f"{run.rate:,.0f}", f"{plain:,.0f}", run.rate / plain)
    row(
        "events a second, beside itself with a commit each",
        f"{run.rate:,.0f}",
        f"{same_single:,.0f}",
        run.rate / same_single,
    )
    row("events a second, beside bare rows with a commit each", f"{run.rate:,.0f}", f"{single:,.0f}", run.rate / single)
    # What the path itself costs, and by that what all sums do: no product in this language is faster than this.
    row("the event's row and key alone by the same path, a second", f"{alone:,.0f}", f"{plain:,.0f}", alone / plain)
    row("events a second, beside the event's row and key alone", f"{run.rate:,.0f}", f"{alone:,.0f}", run.rate / alone)
    for size, rate in large.items():
        row(f"in batches of {size:,}, beside those of {BATCH}", f"{rate:,.0f}", f"{run.rate:,.0f}", rate / run.rate)
    _tell_batches("batch p99, beside its p50 (ms)", run.taken_ms)
    _tell_batches("the same once all people are known", run.taken_ms[len(run.taken_ms) // 2 :])
    empty, half, whole = run.sizes
    each, further = (whole - empty) / EVENTS, (whole - half) / (EVENTS / 2)
    row("bytes on disk an event, without the empty database's, beside 170", f"{each:.0f}", "170", each / 170)
    row("bytes on disk a further event, beside 170", f"{further:.0f}", "170", further / 170)


def _tell_batches(figure: str, taken_ms: Sequence[float]) -> None:
    p50, p99 = percentile(taken_ms, 0.5), percentile(taken_ms, 0.99)
    row(figure, f"{p99:.1f}", f"{p50:.1f}", p99 / p50)


def _product(file: Path, events: Sequence[Event]) -> Run:
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    sizes, rates, taken_ms, middle = [file.stat().st_size], [], list[float](), len(events) // 2
    for half in (events[:middle], events[middle:]):
        rate, taken = batches_of_product(file, half)
        sizes.append(file.stat().st_size)
        rates.append(rate)
        taken_ms += taken
    return Run(len(rates) / sum(1 / rate for rate in rates), taken_ms, (sizes[0], sizes[1], sizes[2]))


def _one_rate(file: Path, events: Sequence[Event], batch: int) -> float:
    """Events a second of the product in batches of that size, written to a new database."""
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    return batches_of_product(file, events, batch)[0]


def batches_of_product(file: Path, events: Sequence[Event], batch: int = BATCH) -> tuple[float, list[float]]:
    """Events a second and each batch's milliseconds, written to a database that is there."""
    database, memory = Database(f"sqlite:///{file}"), Memory()
    keep_for_good()  # that the benchmark holds all its events is no work of the product's
    taken_ms: list[float] = []
    checkpoints = Checkpoints(database).start()
    started = time.perf_counter()
    for start in range(0, len(events), batch):
        began = time.perf_counter()
        with database.writing() as connection:
            store(connection, events[start : start + batch], memory, now_ms=now_ms(), policy=Policy())
        taken_ms.append((time.perf_counter() - began) * 1000)
    rate = len(events) / (time.perf_counter() - started)
    checkpoints.close()
    database.close()
    gc.unfreeze()
    return rate, taken_ms


def _rows_alone(file: Path, events: Sequence[Event]) -> float:
    """Events a second where nothing is added up: the product's table with all its keys, its statements, its commits."""
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    with database.writing() as connection:
        channel_of = channels(connection, {(event.platform, event.channel) for event in events}, Memory())
    started = time.perf_counter()
    for start in range(0, len(events), BATCH):
        rows = [
            (
                channel_of[event.platform, event.channel],
                int(event.kind),
                event.at_ms,
                event_key(event.source_id),
                event.amount,
                event.marks,
                event.text or None,
            )
            for event in events[start : start + BATCH]
        ]
        with database.writing() as connection:
            _INSERT.run(connection, rows)
    rate = len(events) / (time.perf_counter() - started)
    database.close()
    return rate


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
