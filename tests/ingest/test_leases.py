"""Several collectors of one channel: what bears an id counts once from all of them, one speaks for the rest."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from analytics import health
from core.clock import now_ms
from core.db import Database
from core.events import Event as Happened
from core.events import Kind, Person, Platform, SourceState, SourceStatus
from ingest import committer, coverage, leases, speaker
from ingest import writer as writing
from ingest.batch import BatchResult, Memory, channels, store
from ingest.leases import SILENT_LOOKS, Leases, Renewal, Where
from ingest.speaker import Speaker
from ingest.writer import Writer
from models import ChannelLease, Event, Heartbeat, SourceCondition
from models import CoverageGap as Gap
from tests.processes import wait_until
from tests.support import NOON, NOVA, OTTO, POLICY, UTC, act, chat, hours, only, rows, seconds

LENAS: Where = (Platform.TWITCH, "lena")
MILOS: Where = (Platform.TWITCH, "milo")
CONNECTED, WAITING, STOPPED = SourceState.CONNECTED, SourceState.WAITING, SourceState.STOPPED


def look(db: Database, of: Leases, now_ms: int = NOON) -> Renewal:
    with db.writing() as connection:
        renewal = of.renew(connection, channels(connection, set(of.channels), Memory()), now_ms)
    of.settle(renewal)
    return renewal


def status(state: SourceState, at_ms: int = NOON) -> SourceStatus:
    return SourceStatus(*LENAS, state, at_ms, "because")


def test_the_first_who_comes_speaks_for_a_channel_and_the_next_waits(db: Database) -> None:
    first, second = Leases([LENAS], "one/1/a"), Leases([LENAS, MILOS], "two/1/b")
    assert [taken.last_sign_ms for taken in look(db, first).taken] == [None]
    look(db, second)
    for number in range(3 * SILENT_LOOKS):
        look(db, first, NOON + number + 1)
        look(db, second)
    assert first.speaks_for(*LENAS)
    assert second.held == {MILOS}


def test_who_is_silent_for_long_is_followed_by_another_and_finds_out(db: Database) -> None:
    first, second = Leases([LENAS], "one/1/a"), Leases([LENAS], "two/1/b")
    look(db, first)
    looks = [look(db, second, NOON + seconds(2 * number)) for number in range(SILENT_LOOKS)]
    assert [len(renewal.held) for renewal in looks] == [0] * (SILENT_LOOKS - 1) + [1]
    assert looks[-1].taken[0].last_sign_ms == NOON
    look(db, first)
    assert not first.speaks_for(*LENAS)


def test_who_is_late_once_stays(db: Database) -> None:
    first, second = Leases([LENAS], "one/1/a"), Leases([LENAS], "two/1/b")
    for number in range(3):
        look(db, first, NOON + number)
        for _ in range(SILENT_LOOKS - 1):
            look(db, second)
    assert first.speaks_for(*LENAS)


def test_who_has_so_much_to_store_that_it_gets_no_further_stays(db: Database) -> None:
    first, second = Leases([LENAS], "one/1/a"), Leases([LENAS], "two/1/b")
    for _ in range(3 * SILENT_LOOKS):
        look(db, first, NOON)
        assert look(db, second).held == frozenset()
        assert NOON - 1 <= only(db, ChannelLease)["renewed_at_ms"] <= NOON, "more is not stored"


def test_who_leaves_in_peace_is_followed_at_once(db: Database) -> None:
    first, second = Leases([LENAS]), Leases([LENAS], "two/1/b")
    look(db, first)
    look(db, second)
    with db.writing() as connection:
        first.settle(first.release(connection, channels(connection, {LENAS}, Memory()), NOON))
    assert not first.held
    assert look(db, second).held == {LENAS}


def test_a_process_of_this_machine_that_has_ended_is_not_waited_for(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    monkeypatch.setattr(leases, "_own_processes", lambda: "here")
    look(db, Leases([LENAS], f"there/{ended.pid}/a"))
    assert look(db, Leases([LENAS])).held == frozenset(), "what has ended here may run there"
    look(db, Leases([MILOS], f"here/{ended.pid}/a"))
    assert look(db, Leases([MILOS])).held == {MILOS}
    assert look(db, Leases([MILOS])).held == frozenset(), "we are not gone"


def test_what_was_rolled_back_is_not_held(db: Database) -> None:
    mine = Leases([LENAS])
    with pytest.raises(RuntimeError), db.writing() as connection:
        mine.renew(connection, channels(connection, {LENAS}, Memory()), NOON)
        raise RuntimeError
    assert not mine.speaks_for(*LENAS)


# What a collector stores.


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(speaker, "now_ms", lambda: clock.ms)
    return clock


class Clock:
    ms = NOON


def collector(db: Database, name: str, *channels: Where) -> Speaker:
    return Speaker(db, Leases(channels or [LENAS], f"{name}/1/{name}"))


def renew(by: Speaker) -> None:
    by.renew(speaker.now_ms())


def tell(db: Database, by: Speaker, *statuses: SourceStatus, events: Sequence[Happened] = ()) -> int:
    """One batch, as the writer does it; answers how many of ``events`` are stored."""
    ours, spoken = by.ours(events, statuses, speaker.now_ms())
    with db.writing() as connection:
        stored = store(connection, ours, Memory(), now_ms=NOON, policy=POLICY).stored
        coverage.record(connection, spoken, Memory())
    return stored


def gaps(db: Database) -> list[tuple[int, int | None]]:
    return [(row["started_at_ms"] - NOON, row["ended_at_ms"] and row["ended_at_ms"] - NOON) for row in rows(db, Gap)]


def test_what_bears_an_id_counts_once_from_two_and_the_rest_from_the_one_that_speaks(db: Database) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    heard = [chat(NOVA), chat(NOVA, "again"), act(Kind.JOIN, Person("", "milo"), source_id=None)]
    late = chat(OTTO, "the other alone heard it")
    assert tell(db, one, events=heard) == 3
    assert tell(db, other, events=[*heard, late]) == 1
    assert tell(db, one, events=[*heard, late]) == 1, "who came is a sign, however often it is told"
    assert [row["kind"] for row in rows(db, Event)].count(Kind.CHAT) == 3


def test_one_tells_how_the_sources_stand(db: Database) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    tell(db, one, status(CONNECTED))
    tell(db, other, status(WAITING, NOON + 1))
    assert only(db, SourceCondition)["state"] == "connected"
    assert gaps(db) == []


def test_who_has_listened_all_along_takes_over_without_a_gap(db: Database, clock: Clock) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    tell(db, one, status(CONNECTED))
    tell(db, other, status(CONNECTED))
    clock.ms = NOON + seconds(10)
    renew(one)
    for _ in range(SILENT_LOOKS):
        renew(other)
    assert only(db, SourceCondition)["state"] == "connected"
    assert gaps(db) == []
    assert only(db, ChannelLease)["holder"] == "other/1/other"


def test_the_time_in_which_nobody_listened_is_a_gap(db: Database, clock: Clock) -> None:
    one = collector(db, "one")
    tell(db, one, status(CONNECTED))
    clock.ms = NOON + seconds(10)
    renew(one)
    other = collector(db, "other")
    for _ in range(SILENT_LOOKS):
        renew(other)
    assert gaps(db) == [(seconds(10), None)]
    assert only(db, SourceCondition)["state"] == "stopped"
    tell(db, other, status(CONNECTED, NOON + seconds(30)))
    assert gaps(db) == [(seconds(10), seconds(30))]


def test_who_leaves_in_peace_hands_on_without_a_gap(db: Database, clock: Clock) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    tell(db, one, status(CONNECTED))
    tell(db, other, status(CONNECTED))
    clock.ms = NOON + seconds(10)
    tell(db, one, status(STOPPED, clock.ms))
    one.leave("collector one")
    renew(other)
    assert only(db, SourceCondition)["state"] == "connected"
    assert all(start == end for start, end in gaps(db)), "of no length"


def test_a_start_beside_another_collector_opens_no_gap_in_its_channels(db: Database, clock: Clock) -> None:
    tell(db, collector(db, "one"), status(CONNECTED))
    renew(collector(db, "other", MILOS))
    assert gaps(db) == []
    assert only(db, SourceCondition)["state"] == "connected"


def test_who_was_away_looks_before_it_stores(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    tell(db, one, events=[chat(NOVA)])
    for _ in range(SILENT_LOOKS):
        renew(other)
    monkeypatch.setattr(speaker, "TRUSTED_SECONDS", 0.0)
    held_back = [act(Kind.JOIN, Person("", "milo"), source_id=None), chat(NOVA, "counts all the same")]
    assert tell(db, one, events=held_back) == 1


def test_who_tells_much_in_a_moment_takes_nobody_for_gone(db: Database) -> None:
    first, second = collector(db, "one"), collector(db, "other")
    renew(first)
    for number in range(2 * SILENT_LOOKS):
        tell(db, second, status(WAITING if number % 2 else CONNECTED, NOON + number))
    tell(db, first, status(CONNECTED))
    assert first.speaks_for(*LENAS)
    assert not second.speaks_for(*LENAS)
    assert gaps(db) == []


def test_who_has_slept_says_nothing_of_a_channel_that_another_speaks_for_by_now(db: Database) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    for each in (one, other):
        tell(db, each, status(CONNECTED))
    for _ in range(SILENT_LOOKS):
        renew(other)  # while the clock by which leases are trusted stands still
    tell(db, one, status(WAITING, NOON + seconds(60)))
    assert only(db, SourceCondition)["state"] == "connected"
    assert gaps(db) == []


def test_a_start_takes_over_the_list_from_those_that_have_ended_here_and_from_no_others(db: Database) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    here, moment = leases._own_processes(), now_ms()
    named = {
        f"collector {here}/{ended.pid}": moment,
        f"collector there/{ended.pid}": moment - seconds(60),
        "collector there/1": moment - hours(2),
        "collector": moment - hours(2),  # of a demo, or of an earlier version
    }
    with db.writing() as connection:
        for name, at_ms in named.items():
            coverage.beat(connection, name, at_ms, "{}")
    collector(db, "other").begin()
    assert {row["process"] for row in rows(db, Heartbeat)} == {f"collector there/{ended.pid}", "collector"}


@pytest.mark.parametrize(
    ("since", "expected"), [(300, []), (900, [(700, 900)])], ids=["since before it", "since after it"]
)
def test_who_listens_since_the_last_sign_of_life_is_asked_whether_it_did_when_the_other_last_said_so(
    db: Database, clock: Clock, since: int, expected: list[tuple[int, int]]
) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    renew(one)
    tell(db, one, status(CONNECTED, NOON + 700))  # after the last sign of life of its lease
    tell(db, other, status(CONNECTED, NOON + since))
    for _ in range(SILENT_LOOKS):
        renew(other)
    assert gaps(db) == expected
    assert only(db, SourceCondition)["state"] == "connected"


def test_a_channel_that_was_connected_since_is_missed_from_then_on_and_no_earlier(db: Database, clock: Clock) -> None:
    one, other = collector(db, "one"), collector(db, "other")
    renew(one)
    tell(db, one, status(CONNECTED, NOON + 700))
    for _ in range(SILENT_LOOKS):
        renew(other)
    assert gaps(db) == [(700, None)]


def test_a_sign_of_life_claims_no_more_than_is_stored(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 0.0)
    monkeypatch.setattr(coverage, "ON_ITS_WAY_MS", 0)
    going_on, waiting, heard = threading.Event(), threading.Event(), []

    def slow(*batch: Any, **how: Any) -> BatchResult:
        if not heard:  # somebody speaks while the first batch is written
            heard.append(chat(NOVA, "late", at=now_ms()))
            writer.event(heard[0])
        else:
            waiting.set()
            going_on.wait(60)
        return store(*batch, **how)

    monkeypatch.setattr(committer, "store", slow)
    writer = Writer(db, leases=Leases([LENAS])).start()
    writer.event(chat(NOVA, "early", at=now_ms()))
    assert waiting.wait(60)
    assert only(db, ChannelLease)["renewed_at_ms"] <= heard[0].at_ms, "an end now would lose it"
    going_on.set()
    wait_until(lambda: only(db, ChannelLease)["renewed_at_ms"] > heard[0].at_ms, "it is stored", 60)
    assert writer.close() == 0


def test_no_sign_of_life_goes_beyond_a_loss_that_is_not_stored_yet(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "ON_ITS_WAY_MS", 0)
    monkeypatch.setattr(speaker, "TRUSTED_SECONDS", 0.0)  # leases are renewed right before anything is stored
    going_on, waiting = threading.Event(), threading.Event()

    def slow(*what: Any) -> None:
        waiting.set()
        going_on.wait(60)
        record(*what)

    record = coverage.record
    writer = Writer(db, leases=Leases([LENAS])).start()
    writer.status(status(CONNECTED, now_ms()))
    assert writer.flush(60)
    monkeypatch.setattr(coverage, "record", slow)
    lost = status(WAITING, now_ms())
    wait_until(lambda: now_ms() > lost.at_ms, "the clock goes on", 60)
    writer.status(lost)
    assert waiting.wait(60)
    assert only(db, ChannelLease)["renewed_at_ms"] <= lost.at_ms, "an end now would hide the time since then"
    going_on.set()
    assert writer.close() == 0


def test_what_had_no_room_is_told_as_missed_by_the_one_that_speaks(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 3_600)  # who speaks now goes on
    writers = [Writer(db, leases=Leases([LENAS], f"there/{name}"), queue_events=0).start() for name in ("1/a", "2/b")]
    for writer in writers:
        writer.event(chat(NOVA, "no room", at=now_ms()))
        writer.status(status(CONNECTED, now_ms()))
        assert writer.flush(60)
        assert writer.counters.dropped["queue_full"] == 1
    assert only(db, Gap)["reason"] == "more was said than could be kept"
    assert [writer.close() for writer in writers] == [0, 0]


def test_an_import_beside_a_running_collector_leaves_its_channels_as_they_stand(db: Database) -> None:
    running = Writer(db, leases=Leases([LENAS])).start()
    running.status(status(CONNECTED, now_ms()))
    assert running.flush(60)
    before, signs = only(db, SourceCondition), len(rows(db, Heartbeat))
    imported = Writer(db, listens=False).start()
    imported.event(chat(NOVA, "last week", at=now_ms() - hours(150), platform=Platform.TWITCH, channel="lena"))
    imported.event(chat(NOVA, "there", at=now_ms() - hours(150), platform=Platform.TWITCH, channel="milo"))
    for channel in (LENAS, MILOS):
        imported.status(SourceStatus(*channel, STOPPED, now_ms(), "replay of old.ndjson"))
    assert imported.close() == 0
    here, there = rows(db, SourceCondition)
    assert here == before
    assert there["state"] == STOPPED.value, "of a channel that nobody has read it is told where it came from"
    assert rows(db, Gap) == []
    assert len(rows(db, Heartbeat)) == signs
    assert running.close() == 0


def test_who_had_to_give_up_events_does_not_say_that_all_is_stored(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Leases([LENAS])
    writer = Writer(db, leases=mine).start()
    heard = chat(NOVA, "lost", at=now_ms())

    def away(*_batch: Any, **_how: Any) -> BatchResult:
        raise OperationalError("INSERT", {}, Exception("the database is away"))

    monkeypatch.setattr(committer, "store", away)
    writer.event(heard)
    wait_until(lambda: writer.counters.retries, "it tries again", 60)
    assert writer.close(0.2) == 1
    wait_until(lambda: not writer.running, "it has ended", 60)
    lease = only(db, ChannelLease)
    assert lease["holder"] == mine.holder
    assert lease["renewed_at_ms"] <= heard.at_ms


def test_collectors_write_beside_each_other_and_leave_the_last_sign_of_life(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 0.05)
    both = [Leases([LENAS], "there/1/a"), Leases([MILOS], "there/2/b")]
    writers = [Writer(db, leases=leases).start() for leases in both]
    for writer, channel in zip(writers, ("lena", "milo"), strict=True):
        writer.event(chat(NOVA, channel=channel, at=now_ms()))
    assert all(writer.flush() for writer in writers)

    def told() -> tuple[int, int]:
        with db.reading() as connection:
            collector = health.condition(connection, now_ms(), UTC).collector
        return collector["processes"], collector["stored"]

    wait_until(lambda: told() == (2, 2), "both have told what they stored", 20)
    assert writers[0].close() == 0
    assert len(rows(db, Heartbeat)) == 1
    assert writers[1].close() == 0
    assert len(rows(db, Heartbeat)) == 1, "when the last was there shall be known"
    assert {row["holder"] for row in rows(db, ChannelLease)} == {""}
