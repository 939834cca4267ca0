"""The clock on the wall jumps an hour ahead and back while a writer runs: nothing is lost, doubled or negative."""

from __future__ import annotations

import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from analytics.health import condition
from core import clock
from core.clock import HOUR_MS, now_ms
from core.db import Database
from core.events import Platform, SourceState, SourceStatus
from ingest import attendance
from ingest.rebuild import rebuild
from ingest.writer import Writer
from models import CurrentSession, Event, PastSession
from tests.ingest.tables import tables
from tests.support import NOVA, POLICY, SAM, chat, rows

WAIT = 60.0


class Wall:
    """In place of the module that ``core.clock`` asks: the same clock, moved."""

    ahead_ms = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.ahead_ms * 1_000_000


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    made = Wall()
    monkeypatch.setattr(clock, "time", made)
    return made


@pytest.fixture
def writer(db: Database, wall: Wall) -> Iterator[Writer]:
    made = Writer(db, policy=POLICY).start()
    yield made
    made.close()


@pytest.mark.parametrize("jumps", [(1, 0), (-1, 0), (1, -1, 0), (0, -1)], ids=str)
def test_whatever_the_clock_does_all_is_stored_once(
    db: Database, wall: Wall, writer: Writer, jumps: tuple[int, ...]
) -> None:
    said = 0
    for hours in (0, *jumps):
        wall.ahead_ms = hours * HOUR_MS
        for who in (SAM, NOVA):
            writer.event(chat(who, f"by our clock {said}", now_ms()))
            writer.event(chat(who, f"by theirs {said}", time.time_ns() // 1_000_000))
            said += 2
        writer.status(SourceStatus(Platform.TWITCH, "lena", SourceState.CONNECTED, now_ms()))
        assert writer.flush(WAIT)
    assert writer.close() == 0
    assert not writer.counters.dropped
    assert len(rows(db, Event)) == said
    for session in rows(db, CurrentSession) + rows(db, PastSession):
        assert session["watched_ms"] >= 0
        assert session["joined_at_ms"] <= (session["left_at_ms"] or session["last_at_ms"])
    if -1 not in jumps:
        assert_a_rebuild_changes_nothing(db)


def assert_a_rebuild_changes_nothing(db: Database) -> None:
    with db.writing() as connection:
        attendance.heartbeat_all(connection, POLICY, now_ms())
    before = tables(db)
    with db.writing() as connection:
        rebuild(connection, POLICY, now_ms())
    assert tables(db) == before


def told_by_health(db: Database) -> list[str]:
    with db.reading() as connection:
        return condition(connection, now_ms(), ZoneInfo("UTC")).problems


@pytest.fixture
def beats_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.writer.BEAT_SECONDS", 0.05)


@pytest.mark.usefixtures("beats_often")  # before the writer starts, and says when it is to beat next
@pytest.mark.parametrize("hours", [1, -1])
def test_a_collector_is_known_to_run_after_a_jump_and_to_be_gone_when_it_is(
    db: Database, wall: Wall, writer: Writer, hours: int
) -> None:
    writer.event(chat(SAM, "before", now_ms()))
    assert writer.flush(WAIT)
    wall.ahead_ms = hours * HOUR_MS
    deadline = time.monotonic() + WAIT
    while told_by_health(db):
        assert time.monotonic() < deadline, told_by_health(db)
        time.sleep(0.05)
    assert writer.close() == 0
    wall.ahead_ms = 0  # its last sign of life is now an hour ahead, or behind
    [problem] = told_by_health(db)
    assert problem.startswith(
        "the collector gave no sign of life" if hours < 0 else "the collector's last sign of life"
    )
