"""The writer: groups, waits, isolates, and forgets nothing before its commit."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import db as core_db
from core.clock import now_ms
from core.db import Database
from core.events import Event, Kind, Person, Platform, SourceState, SourceStatus
from ingest import committer, coverage
from ingest import writer as writing
from ingest.writer import Writer
from models import Channel, CoverageGap, Heartbeat, SourceCondition, Stream, Viewer
from models import Event as EventRow
from tests.databases import locked
from tests.support import LENA, NOVA, SAM, act, chat, database, hours, minutes, only, rows

WAIT = 20.0  # seconds after which a test is taken for stuck

Start = Callable[..., Writer]


@pytest.fixture
def start(db: Database) -> Iterator[Start]:
    """``start()`` begins a writer on ``db`` (or another database) that is closed in the end."""
    begun: list[Writer] = []

    def begin(on: Database | None = None, **options: Any) -> Writer:
        begun.append(Writer(on or db, **options).start())
        return begun[-1]

    yield begin
    for each in begun:
        each.close(0.5)


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database whose connections wait 50 ms for a lock, so that a held lock soon shows."""
    monkeypatch.setattr(core_db, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(writing, "RETRY_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(writing, "RETRY_CAP_SECONDS", 0.05)
    fresh = database(tmp_path, "impatient.db")
    yield fresh
    fresh.close()


def wait_until(holds: Callable[[], object]) -> None:
    """What the writer's thread does between commits tells nobody; it is looked at until it is so."""
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, "not within the time of a test"
        time.sleep(0.005)


def now_chat(text: str = "hello", who: Person = NOVA, **more: Any) -> Event:
    return chat(who, text, now_ms(), **more)


def texts(of: Database) -> list[str]:
    return [row["text"] for row in rows(of, EventRow)]


def status(state: SourceState, at_ms: int | None = None, channel: str = "lena", **more: Any) -> SourceStatus:
    return SourceStatus(Platform.TWITCH, channel, state, now_ms() if at_ms is None else at_ms, **more)


# Groups.


def test_what_was_taken_is_stored_soon_by_itself(db: Database, start: Start) -> None:
    writer = start()
    writer.event(now_chat("hello"))
    wait_until(lambda: writer.counters.stored == 1)  # counted after the commit
    assert texts(db) == ["hello"]


def test_flush_returns_when_everything_taken_so_far_is_stored(db: Database, start: Start) -> None:
    writer = start()
    for number in range(1_234):
        writer.event(now_chat(str(number)))
    assert writer.flush(WAIT)
    assert texts(db) == [str(number) for number in range(1_234)]


def test_events_that_come_together_are_committed_together_by_number(db: Database, start: Start) -> None:
    writer = start()
    with locked(db):  # holds the writer back until all have come
        for number in range(2 * writing.BATCH_EVENTS + 1):
            writer.event(now_chat(str(number)))
    assert writer.flush(WAIT)
    assert 3 <= writer.counters.batches <= 5
    assert writer.counters.stored == 2 * writing.BATCH_EVENTS + 1


def test_a_lone_event_waits_for_nobody_and_those_that_follow_it_share_a_commit(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "REST_SECONDS", 4 * WAIT)
    writer = Writer(db).start()
    writer.event(now_chat("alone"))
    assert writer.flush(WAIT)
    for number in range(3):
        writer.event(now_chat(str(number)))
    assert writer.close() == 0
    assert texts(db) == ["alone", "0", "1", "2"]
    assert writer.counters.batches == 2


def test_a_full_batch_waits_for_no_rest(db: Database, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "REST_SECONDS", 4 * WAIT)
    monkeypatch.setattr(writing, "BATCH_EVENTS", 100)
    writer = start()
    writer.event(now_chat("alone"))
    assert writer.flush(WAIT)
    for number in range(100):
        writer.event(now_chat(str(number)))
    assert writer.flush(WAIT)
    assert texts(db) == ["alone", *(str(number) for number in range(100))]


def test_flush_says_when_its_time_was_not_enough(impatient: Database, start: Start) -> None:
    writer = start(impatient)
    with locked(impatient):
        writer.event(now_chat())
        assert not writer.flush(0.3)
    assert writer.flush(WAIT)


def test_many_threads_may_bring_events_at_once(db: Database, start: Start) -> None:
    writer = start()

    def bring(name: str) -> None:
        for number in range(100):
            writer.event(now_chat(f"{name}{number}"))

    threads = [threading.Thread(target=bring, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    assert writer.flush(WAIT)
    assert sorted(texts(db)) == sorted(f"{name}{number}" for name in "abcd" for number in range(100))
    assert [text for text in texts(db) if text.startswith("a")] == [f"a{number}" for number in range(100)]


# The database is away.


def test_while_another_program_holds_the_lock_everything_is_kept_and_then_stored_once(
    impatient: Database, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    writer = start(impatient)
    with locked(impatient):
        for number in range(1_200):
            writer.event(now_chat(str(number)))
        wait_until(lambda: writer.counters.retries >= 2)
        assert writer.counters.problem == "the database is locked by another program"
        assert writer.counters.stored == 0
        assert texts(impatient) == []
    assert writer.flush(WAIT)
    assert texts(impatient) == [str(number) for number in range(1_200)]
    assert (writer.counters.stored, writer.counters.problem, dict(writer.counters.dropped)) == (1_200, "", {})
    lines = [record.getMessage() for record in caplog.records if record.name == "ingest.writer"]
    assert sum("cannot write" in line for line in lines) == 1


@pytest.mark.parametrize(
    "failure",
    [
        OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full")),
        OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error")),
        DatabaseError("COMMIT", {}, sqlite3.DatabaseError("database disk image is malformed")),
        PoolTimeout("no connection came free"),
    ],
    ids=["disk full", "input/output", "malformed", "pool"],
)
def test_a_database_that_cannot_be_used_for_a_while_costs_no_event(
    impatient: Database, start: Start, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    broken = threading.Event()
    broken.set()
    through = Database.writing

    @contextmanager
    def breaking(self: Database, **how: Any) -> Iterator[Any]:
        with through(self, **how) as connection:
            yield connection
            if broken.is_set():
                raise failure  # at the very end, as a commit fails

    writer = start(impatient)
    monkeypatch.setattr(Database, "writing", breaking)
    for number in range(10):
        writer.event(now_chat(str(number)))
    wait_until(lambda: writer.counters.retries >= 2)
    assert writer.counters.problem
    assert texts(impatient) == []
    broken.clear()
    assert writer.flush(WAIT)
    assert texts(impatient) == [str(number) for number in range(10)]
    assert not writer.counters.dropped


@pytest.mark.sqlite
def test_a_file_that_is_broken_in_mid_run_and_then_put_right_costs_no_event(
    impatient: Database, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 3_600)  # nothing is to open the file before it is broken
    path = Path(str(impatient.url.database))
    writer = start(impatient)
    writer.event(now_chat("before"))
    assert writer.flush(WAIT)
    impatient.engine.dispose()
    wait_until(lambda: not Path(f"{path}-wal").exists() or _checkpointed(path))
    whole = path.read_bytes()
    path.write_bytes(b"no database at all, " * 1_000)
    writer.event(now_chat("meanwhile"))
    wait_until(lambda: writer.counters.retries >= 2)
    assert writer.counters.problem == "the file is not a SQLite database"
    with path.open("r+b", buffering=0) as file:  # at once: emptied first, it might be taken for new
        file.write(whole)
    assert writer.flush(WAIT)
    assert texts(impatient) == ["before", "meanwhile"]
    assert not writer.counters.dropped


def _checkpointed(path: Path) -> bool:
    with sqlite3.connect(path) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    plain.close()
    return True


# Events that cannot be stored.

POISON = {
    "a lone surrogate in a text": lambda: now_chat("half a \ud83d pair"),
    "a lone surrogate in a login": lambda: now_chat(who=Person("1", "\udc00", "x")),
    "a number beyond 64 bits": lambda: act(Kind.RAID, SAM, now_ms(), amount=2**63),
    "a quantity beyond 64 bits": lambda: act(Kind.GIFT, SAM, now_ms(), amount=1, quantity=2**63),
    "a quantity that is no number": lambda: act(Kind.GIFT, SAM, now_ms(), amount=1, quantity="many"),
    "an extra that is no JSON": lambda: now_chat(color=object()),
    "emotes that are no names": lambda: now_chat(emotes=[1, 2]),
    "a text that is none": lambda: act(Kind.SUB, SAM, now_ms(), text=object()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_one_poisonous_event_is_dropped_with_a_reason_and_all_others_are_stored(
    db: Database, start: Start, poison: Callable[[], Event], caplog: pytest.LogCaptureFixture
) -> None:
    writer = start()
    with locked(db):
        for number in range(40):
            writer.event(now_chat(str(number)) if number != 17 else poison())
        writer.status(status(SourceState.CONNECTED))
    assert writer.flush(WAIT)
    assert texts(db) == [str(number) for number in range(40) if number != 17]
    assert writer.counters.stored == only(db, Channel)["total_messages"] == 39
    assert sum(writer.counters.dropped.values()) == 1
    assert set(writer.counters.dropped) <= {"refused_by_database", "impossible_amount", "impossible_extra"}
    assert only(db, SourceCondition)["state"] == "connected"
    assert writer.counters.problem == ""
    if "refused_by_database" in writer.counters.dropped:
        assert any("cannot be stored" in record.getMessage() for record in caplog.records)


def test_while_it_runs_it_keeps_up_with_who_is_there(db: Database, start: Start) -> None:
    writer = start()
    writer.event(act(Kind.JOIN, SAM, now_ms() - minutes(2)))
    writer.event(act(Kind.JOIN, NOVA, now_ms() - hours(2)))
    assert writer.close() == 0
    watched = {row["username"]: row["total_watchtime_ms"] for row in rows(db, Viewer)}
    assert minutes(2) <= watched["sam"] < minutes(4)
    assert watched["nova"] == minutes(5)


def test_a_poisonous_status_stops_nothing(db: Database, start: Start) -> None:
    writer = start()
    with locked(db):
        writer.status(status(SourceState.WAITING, detail="half a \ud83d pair"))
        writer.event(now_chat())
    assert writer.flush(WAIT)
    assert texts(db) == ["hello"]
    assert dict(writer.counters.dropped) == {"refused_by_database": 1}


def test_a_conflict_with_another_writer_is_tried_once_more(
    db: Database, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, calls = committer.store, list[int]()

    def conflicting(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed"))
        return store(*args, **options)

    monkeypatch.setattr(committer, "store", conflicting)
    writer = start()
    writer.event(now_chat())
    assert writer.flush(WAIT)
    assert texts(db) == ["hello"]
    assert not writer.counters.dropped


def test_amounts_no_sum_can_hold_are_dropped_with_their_reason(db: Database, start: Start) -> None:
    writer = start()
    for amount in (10**12 + 1, -1):
        writer.event(act(Kind.GIFT, SAM, now_ms(), amount=amount))
    writer.event(act(Kind.GIFT, SAM, now_ms(), amount=10**12))
    assert writer.flush(WAIT)
    assert only(db, Stream)["coins"] == 10**12
    assert dict(writer.counters.dropped) == {"impossible_amount": 2}


# The queue is bounded.


def test_when_the_queue_is_full_newcomers_are_dropped_counted_and_told_as_a_gap(
    impatient: Database, start: Start
) -> None:
    writer = start(impatient, queue_events=100)
    began_ms = now_ms()
    with locked(impatient):
        writer.event(now_chat("in hand"))
        wait_until(lambda: writer.counters.retries)
        for number in range(250):
            writer.event(now_chat(str(number)))
        ended_ms = now_ms()
        assert writer.queued == 100
        writer.status(status(SourceState.CONNECTED))  # never dropped
    assert writer.flush(WAIT)
    assert texts(impatient) == ["in hand", *(str(number) for number in range(100))]
    assert dict(writer.counters.dropped) == {"queue_full": 150}
    gap = only(impatient, CoverageGap)
    assert began_ms - coverage.ON_ITS_WAY_MS <= gap["started_at_ms"] <= gap["ended_at_ms"] <= ended_ms
    assert gap["reason"] == "more was said than could be kept"
    assert only(impatient, SourceCondition)["state"] == "connected"


# The end.


def test_close_commits_what_is_left(db: Database) -> None:
    writer = Writer(db).start()
    for number in range(1_700):
        writer.event(now_chat(str(number)))
    assert writer.close() == 0
    assert len(texts(db)) == 1_700


def test_close_may_be_called_twice_and_before_the_start(db: Database) -> None:
    writer = Writer(db)
    assert writer.close(0.1) == 0
    writer = Writer(db).start()
    assert [writer.close(), writer.close()] == [0, 0]


def test_close_with_the_database_away_answers_in_time_how_many_events_are_lost(impatient: Database) -> None:
    writer = Writer(impatient).start()
    with locked(impatient):
        for number in range(1_234):
            writer.event(now_chat(str(number)))
        wait_until(lambda: writer.counters.retries)
        started = time.monotonic()
        assert writer.close(0.3) == 1_234
        assert time.monotonic() - started < 3
    assert texts(impatient) == []


def test_close_interrupts_a_long_pause_between_two_tries(impatient: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "RETRY_FIRST_SECONDS", 60.0)
    monkeypatch.setattr(writing, "RETRY_CAP_SECONDS", 60.0)
    writer = Writer(impatient).start()
    with locked(impatient):
        writer.event(now_chat())
        wait_until(lambda: writer.counters.retries)
    started = time.monotonic()
    assert writer.close(5) == 0
    assert time.monotonic() - started < 4
    assert texts(impatient) == ["hello"]


def test_close_counts_what_the_writer_still_has_in_hand(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    holding, let_go = threading.Event(), threading.Event()

    def stuck(*_args: Any, **_options: Any) -> Any:
        holding.set()
        let_go.wait(WAIT)
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr(committer, "store", stuck)
    monkeypatch.setattr(writing, "JOIN_SECONDS", 0.1)
    writer = Writer(db).start()
    for _ in range(3):
        writer.event(now_chat())
    assert holding.wait(WAIT)
    writer.event(now_chat())
    assert writer.close(0.1) == 4
    let_go.set()
    wait_until(lambda: not writer.running)


# Two writers, one file.


def test_two_writers_on_one_file_store_everything_once(db: Database, start: Start) -> None:
    writers = [start(), start(process="web")]
    for number in range(600):
        shared = now_chat(f"both{number}", source_id=f"shared-{number}")
        for name, writer in zip("ab", writers, strict=True):
            writer.event(now_chat(f"{name}{number}"))
            writer.event(shared)
    assert all(writer.flush(WAIT) for writer in writers)
    expected = [f"{name}{number}" for name in ("a", "b", "both") for number in range(600)]
    assert sorted(texts(db)) == sorted(expected)
    assert sum(writer.counters.dropped["already_known"] for writer in writers) == 600
    assert len(rows(db, Channel)) == len(rows(db, Stream)) == 1
    assert only(db, Stream)["messages"] == only(db, Channel)["total_messages"] == 1_800
    assert only(db, Stream)["last_at_ms"] == max(row["at_ms"] for row in rows(db, EventRow))


# Signs of life.


def test_the_heartbeat_tells_what_the_writer_has_done(db: Database) -> None:
    writer = Writer(db, describe=lambda: {"pid": 42}).start()
    writer.event(now_chat())
    writer.event(chat(SAM, at=5))
    writer.close()
    beat = only(db, Heartbeat)
    told = json.loads(beat["detail"])
    assert (beat["process"], told["stored"], told["queued"], told["pid"]) == ("collector", 1, 0, 42)
    assert told["dropped"] == {"impossible_time": 1}
    assert abs(now_ms() - beat["at_ms"]) < WAIT * 1000


def test_the_heart_beats_while_nothing_happens(db: Database, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 0.02)
    start()
    wait_until(lambda: rows(db, Heartbeat))
    first = only(db, Heartbeat)["at_ms"]
    wait_until(lambda: only(db, Heartbeat)["at_ms"] > first)


@pytest.mark.parametrize("broken", [lambda: {"what": object()}, lambda: 1 / 0], ids=["no JSON", "raises"])
def test_a_description_that_fails_stops_neither_heart_nor_writer(
    db: Database, start: Start, monkeypatch: pytest.MonkeyPatch, broken: Callable[[], Any]
) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 0.02)
    writer = start(describe=broken)
    wait_until(lambda: rows(db, Heartbeat))
    writer.event(now_chat())
    assert writer.flush(WAIT)
    assert texts(db) == ["hello"]


# Starts and ends that leave gaps.


def test_a_run_that_ended_without_goodbye_leaves_a_gap_from_its_last_sign_of_life(db: Database, start: Start) -> None:
    first = Writer(db).start()
    first.status(status(SourceState.CONNECTED))
    first.close()  # and no source said that it stopped: the process was killed
    last_sign = only(db, Heartbeat)["at_ms"]
    second = start()
    gap = only(db, CoverageGap)
    assert (gap["started_at_ms"], gap["ended_at_ms"], gap["reason"]) == (last_sign, None, "the collector was down")
    back = now_ms() + 5_000
    second.status(status(SourceState.CONNECTED, back))
    second.flush(WAIT)
    assert only(db, CoverageGap)["ended_at_ms"] == back


def test_a_run_that_ended_properly_has_left_its_gap_already(db: Database, start: Start) -> None:
    first = Writer(db).start()
    first.status(status(SourceState.CONNECTED))
    first.status(status(SourceState.STOPPED, 1_000 + now_ms(), detail="stopped"))
    first.close()
    start()
    assert only(db, CoverageGap)["reason"] == "stopped"


def test_the_very_first_start_leaves_no_gap(db: Database, start: Start) -> None:
    start()
    assert rows(db, CoverageGap) == []


def test_logs_of_the_writer_name_it(db: Database, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    writer = start()
    writer.event(now_chat("half a \ud83d pair", who=LENA))
    writer.flush(WAIT)
    assert {record.name for record in caplog.records if "stored" in record.getMessage()} == {"ingest.writer"}
