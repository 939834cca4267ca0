"""The write stage where everybody is somebody else: a million known people, of whom each batch meets five hundred."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks import million_viewers
from benchmarks.crowd_rows import CHANNELS
from benchmarks.events import mixed_events
from benchmarks.ingest import BATCH, batches_of_product
from benchmarks.report import heading, percentile, row
from core.clock import now_ms
from core.events import Event, Kind, Person, Platform
from core.sqlite import PRAGMAS

EVENTS = 20_000
FEW = 2_000


def main() -> None:
    people = million_viewers.PEOPLE
    source = million_viewers.cached(people)
    heading(f"Write stage, anybody of {people:,} known people: {EVENTS:,} events in batches of {BATCH}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        uniform = _product(folder, source, people)
        few = _product(folder, source, FEW)
        plain = _plain(folder / "plain.db", source, people)
    row("events a second, beside a bare insert and upsert", f"{uniform[0]:,.0f}", f"{plain:,.0f}", uniform[0] / plain)
    row(f"events a second, beside {FEW:,} of them", f"{uniform[0]:,.0f}", f"{few[0]:,.0f}", uniform[0] / few[0])
    p50, p99 = percentile(uniform[1], 0.5), percentile(uniform[1], 0.99)
    row("batch p99, beside its p50 (ms)", f"{p99:.1f}", f"{p50:.1f}", p99 / p50)


def _product(folder: Path, source: Path, people: int) -> tuple[float, list[float]]:
    """Events a second and each batch's milliseconds, with ``people`` of the database hit uniformly."""
    file = folder / "product.db"
    shutil.copyfile(source, file)
    rate, taken_ms = batches_of_product(file, list(_events(source, people)))
    file.unlink()
    return rate, taken_ms


def _events(source: Path, people: int) -> Iterator[Event]:
    """The usual mix, each by somebody drawn from the first ``people``; who is on Twitch only writes."""
    rng = random.Random(1)
    query = "SELECT platform, platform_user_id, username, display_name FROM viewers WHERE id = ?"
    with closing(sqlite3.connect(source)) as connection:
        for event in mixed_events(EVENTS, end_ms=now_ms()):
            platform, *person = connection.execute(query, (rng.randint(1, people),)).fetchone()
            kind = event.kind if platform == Platform.TIKTOK else Kind.CHAT
            yield replace(
                event, platform=Platform(platform), channel=dict(CHANNELS)[platform], kind=kind, who=Person(*person)
            )


def _plain(file: Path, source: Path, people: int) -> float:
    """Events a second: the event, and one total of its author, each with the one index it needs."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    connection.execute("ATTACH ? AS product", (f"{source}",))
    connection.execute("CREATE TABLE e (id INTEGER PRIMARY KEY, at INTEGER, kind INTEGER, who TEXT, text TEXT)")
    connection.execute("CREATE INDEX e_at ON e (at)")
    connection.execute("CREATE TABLE p (who TEXT PRIMARY KEY, name TEXT, comments INTEGER) WITHOUT ROWID")
    connection.execute("INSERT INTO p SELECT platform_user_id, username, total_comments FROM product.viewers")
    connection.execute("DETACH product")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows = [
        (event.at_ms, int(event.kind), event.who.user_id, event.text) for event in _events(source, people) if event.who
    ]
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        _write(connection, rows[start : start + BATCH])
    rate = len(rows) / (time.perf_counter() - started)
    connection.close()
    return rate


def _write(connection: sqlite3.Connection, rows: Sequence[tuple[int, int, str, str]]) -> None:
    upsert = "INSERT INTO p VALUES (?, ?, 1) ON CONFLICT (who) DO UPDATE SET comments = comments + 1"
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO e (at, kind, who, text) VALUES (?, ?, ?, ?)", rows)
    connection.executemany(upsert, [(who, "") for _, _, who, _ in rows])
    connection.execute("COMMIT")


if __name__ == "__main__":
    main()
