"""RETENTION_DAYS as a whole: the writer goes on, nothing that was added up changes, and the file gets smaller."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import init_db
from actions import retention
from core.clock import now_ms
from core.db import Database
from ingest.writer import Writer
from models import Event, MinuteRollup
from rules.retention import horizon_ms
from tests.actions.conftest import Run
from tests.ingest.tables import tables
from tests.support import chat, chatter, days, rows, seconds, settle, write

pytestmark = pytest.mark.sqlite  # its file

OLD_EVENTS, RECENT_EVENTS = 12_000, 300
WORDS = "the same old song once more " * 8


def size_on_disk(db: Database) -> int:
    """Of the file, with all that its log still holds."""
    with db.engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return Path(str(db.url.database)).stat().st_size


def fill(db: Database, now: int) -> None:
    """A month ago somebody talked a lot; today a little."""
    began = now - days(30)
    for first in range(0, OLD_EVENTS, 3_000):
        said = [
            chat(chatter(number % 50), WORDS, began + number * seconds(1)) for number in range(first, first + 3_000)
        ]
        write(db, said, now_ms=now)
    write(db, [chat(chatter(number), WORDS, now - seconds(number)) for number in range(RECENT_EVENTS)], now_ms=now)
    settle(db, now)


def in_sum(db: Database) -> dict[str, object]:
    found = tables(db)
    return {name: content for name, content in found.items() if name != "status"}


def finish(db: Database) -> int:
    """All steps; answers how many events were deleted."""
    deleted = 0
    while some := retention.forget(db):
        deleted += some
    while retention.give_back(db):
        pass
    return deleted


def test_old_events_leave_the_file_and_no_total_changes(db: Database) -> None:
    now = now_ms()
    fill(db, now)
    before, size = in_sum(db), size_on_disk(db)
    retention.begin(db, before_ms=horizon_ms(now, 7))
    assert finish(db) == OLD_EVENTS
    assert in_sum(db) == before
    assert len(rows(db, Event)) == RECENT_EVENTS
    assert size_on_disk(db) < size / 2
    with db.reading() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert 0 < connection.scalar(text("PRAGMA freelist_count")) <= retention.SPARE_PAGES, "room for tomorrow"
    assert finish(db) == 0


def test_the_collector_goes_on_writing_meanwhile(db: Database) -> None:
    """How long a commit takes then is printed (pytest -s): a figure for people, on a machine of their own."""
    now = now_ms()
    fill(db, now)
    writer = Writer(db).start()
    waited: list[float] = []
    done = threading.Event()

    def talk() -> None:
        number = 0
        while not done.is_set() or number < 5:
            began = time.perf_counter()
            writer.event(chat(chatter(number % 50), f"news {number}", now_ms()))
            assert writer.flush()
            waited.append((time.perf_counter() - began) * 1000)
            number += 1

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        retention.begin(db, before_ms=horizon_ms(now, 7))
        assert finish(db) == OLD_EVENTS
    finally:
        done.set()
        talking.join()
        assert writer.close() == 0
    print(f"{len(waited)} commits, median {statistics.median(waited):.0f} ms, worst {max(waited):.0f} ms")  # noqa: T201
    own = [row["text"] for row in rows(db, Event) if row["text"].startswith("news")]
    assert own == [f"news {number}" for number in range(len(waited))]
    assert sum(row["messages"] for row in rows(db, MinuteRollup)) == OLD_EVENTS + RECENT_EVENTS + len(own)
    assert writer.counters.dropped == {}


def test_a_database_of_an_older_version_shrinks_after_it_was_compacted_once(run: Run, path: Path, db: Database) -> None:
    fill(db, now_ms())
    db.close()
    make_unshrinkable(path)
    assert not retention.shrinks(db)
    retention.begin(db, before_ms=horizon_ms(now_ms(), 7))
    size = size_on_disk(db)
    finish(db)
    assert size_on_disk(db) == size
    before = in_sum(db)
    db.close()
    code, told, _ = run("--compact")
    assert code == 0
    assert "shrinks by itself" in told
    assert size_on_disk(db) < size / 2
    assert in_sum(db) == before
    assert retention.shrinks(db)


def test_a_rebuild_says_what_it_could_not_count_again(run: Run, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMEZONE", "UTC")
    now = now_ms()
    write(db, [chat(chatter(1), "old", now - days(9)), chat(chatter(1), "new", now)], now_ms=now)
    code, told, _ = run("--rebuild")
    assert "recomputed everything from 2 events" in told
    retention.begin(db, before_ms=horizon_ms(now, 7))
    finish(db)
    code, told, _ = run("--rebuild")
    assert code == 0
    assert "recomputed minutes and streams since 20" in told
    assert "(older events are deleted: all else stays as it is) from 1 events" in told
    assert "hours of the week" not in told
    monkeypatch.setenv("TIMEZONE", "Pacific/Auckland")
    _, told, _ = run("--rebuild")
    assert "hours of the week were counted in UTC and stay so; what is new is added in Pacific/Auckland" in told


def make_unshrinkable(path: Path) -> None:
    old = sqlite3.connect(path, isolation_level=None)
    old.execute("PRAGMA journal_mode = DELETE")
    old.execute("PRAGMA auto_vacuum = NONE")
    old.execute("VACUUM")
    old.close()


def test_new_databases_shrink_from_the_start(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'new.db'}")
    init_db.upgrade(made)
    assert retention.shrinks(made)
    made.close()
