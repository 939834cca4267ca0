"""Who is there: sessions, visits and watchtime, from signs of life, leavings, ends of streams and heartbeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import insert, update

from core.db import Database
from core.events import Event, Kind, Mark, Person, Platform
from core.statements import Prepared
from ingest import attendance, upkeep
from ingest.rebuild import rebuild
from models import CurrentSession, LastSeenDay, PastSession, StreamAttendance, Viewer, ViewerBaseline, ViewerTotal
from tests.ingest.tables import tables
from tests.support import (
    LENA,
    MILO,
    NOON,
    NOVA,
    OTTO,
    POLICY,
    SAM,
    act,
    chat,
    chatter,
    days,
    deletion,
    hours,
    minutes,
    only,
    rows,
    seconds,
    settle,
    timeout,
    write,
)

TIMEOUT = POLICY.session_timeout_ms


def visits_and_minutes(db: Database) -> tuple[int, float]:
    """The only person's."""
    viewer = only(db, Viewer)
    return viewer["total_visits"], viewer["total_watchtime_ms"] / minutes(1)


def part(who: Person = NOVA, at: int = NOON, **more: Any) -> Event:
    return act(Kind.PART, who, at, **more)


# --- visits and watchtime ---


def test_a_visit_lasts_until_the_timeout_after_the_last_sign(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON), chat(NOVA, at=NOON + minutes(4))])
    write(db, [chat(NOVA, at=NOON + minutes(30)), act(Kind.LIKE, NOVA, NOON + minutes(31), amount=1)])
    settle(db, NOON + hours(1))
    assert visits_and_minutes(db) == (2, 9 + 6)
    assert only(db, PastSession)["left_at_ms"] == NOON + minutes(9)
    assert only(db, CurrentSession)["left_at_ms"] == NOON + minutes(36)


def test_heartbeats_count_while_somebody_is_there(db: Database) -> None:
    write(db, [chat(NOVA)])
    watched = []
    for minute in (1, 2, 4, 5, 6, 60):
        settle(db, NOON + minutes(minute))
        watched.append(visits_and_minutes(db)[1])
    assert watched == [1, 2, 4, 5, 5, 5]
    assert only(db, ViewerTotal)["watchtime_ms"] == only(db, StreamAttendance)["watched_ms"] == minutes(5)


def test_a_heartbeat_is_due_a_minute_after_the_last(db: Database) -> None:
    write(db, [chat(NOVA), chat(OTTO, at=NOON + seconds(30))])
    counted = []
    for at in (30, 59, 60, 61, 90, 119, 120):
        with db.writing() as connection:
            counted.append(attendance.heartbeat(connection, POLICY, NOON + seconds(at)))
    assert counted == [0, 0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("gone", "back", "expected"),
    [(1, 4, (1, 1 + 5)), (1, 6, (1, 1 + 5)), (1, 6.1, (2, 1 + 5)), (4, 9, (1, 4 + 5)), (6, 9, (2, 5 + 5))],
)
def test_who_is_back_within_the_timeout_of_leaving_has_not_come_anew(
    db: Database, gone: float, back: float, expected: tuple[int, float]
) -> None:
    write(db, [chat(NOVA), part(at=NOON + minutes(gone)), act(Kind.JOIN, NOVA, NOON + minutes(back))])
    settle(db, NOON + hours(1))
    assert visits_and_minutes(db) == expected


def test_a_leave_told_late_takes_back_what_heartbeats_counted_beyond_it(db: Database) -> None:
    write(db, [chat(NOVA)])
    settle(db, NOON + hours(1))
    assert visits_and_minutes(db) == (1, 5)
    write(db, [part(at=NOON + minutes(2))])
    assert visits_and_minutes(db) == (1, 2)
    assert only(db, ViewerTotal)["watchtime_ms"] == only(db, StreamAttendance)["watched_ms"] == minutes(2)
    assert only(db, CurrentSession)["left_at_ms"] == NOON + minutes(2)


def test_a_sign_that_comes_after_a_heartbeat_has_closed_the_session_opens_it_again(db: Database) -> None:
    write(db, [chat(NOVA)])
    settle(db, NOON + hours(1))
    write(db, [chat(NOVA, at=NOON + minutes(5))])
    assert only(db, CurrentSession)["left_at_ms"] is None
    settle(db, NOON + hours(1))
    assert visits_and_minutes(db) == (1, 10)


@pytest.mark.parametrize(
    "event",
    [
        chat(NOVA, at=NOON + minutes(9), marks=Mark.SHARED),
        timeout(NOVA, NOON + minutes(9)),
        deletion(chat(NOVA), NOON + minutes(9), by_login=False),
        part(at=NOON + minutes(9)),
    ],
)
def test_what_was_said_elsewhere_or_is_done_to_somebody_is_no_sign_of_life(db: Database, event: Event) -> None:
    write(db, [chat(NOVA), event])
    settle(db, NOON + hours(1))
    assert visits_and_minutes(db) == (1, 5)
    assert only(db, Viewer)["last_seen_at_ms"] == NOON


def test_leaving_without_ever_having_come_is_no_visit(db: Database) -> None:
    write(db, [part()])
    assert rows(db, CurrentSession) == []
    assert only(db, Viewer)["total_visits"] == 0


@pytest.mark.parametrize("told", ["in order", "late"])
def test_who_was_last_seen_when_follows_every_sign(db: Database, told: str) -> None:
    write(db, [chat(NOVA)])
    settle(db, NOON + seconds(60))
    write(db, [chat(NOVA, at=NOON + seconds(30)), part(at=NOON + seconds(60))])
    if told == "late":
        write(db, [chat(NOVA, at=NOON + seconds(45))])
    settle(db, NOON + hours(1))
    assert only(db, Viewer)["last_seen_at_ms"] == NOON + seconds(45 if told == "late" else 30)


def test_days_count_who_was_last_seen_on_them(db: Database) -> None:
    write(db, [chat(NOVA), chat(OTTO), timeout(SAM)])
    write(db, [chat(NOVA, at=NOON + days(2)), chat(SAM, at=NOON - days(1))])
    settle(db, NOON + days(3))
    today = NOON // days(1)
    people = {row["day"] - today: row["viewers"] for row in rows(db, LastSeenDay) if row["viewers"]}
    assert people == {-1: 1, 0: 1, 2: 1}


# --- streams ---


def test_a_sign_in_another_stream_ends_the_session_at_once(db: Database) -> None:
    tiktok: dict[str, Any] = {"platform": Platform.TIKTOK}
    write(db, [act(Kind.LIVE_START, **tiktok), chat(NOVA, at=NOON + minutes(1), **tiktok)])
    settle(db, NOON + minutes(4))
    write(db, [act(Kind.LIVE_END, at=NOON + minutes(2), **tiktok), chat(NOVA, at=NOON + minutes(4.5), **tiktok)])
    settle(db, NOON + hours(1))
    assert [(row["visits"], row["watched_ms"] / minutes(1)) for row in rows(db, StreamAttendance)] == [(1, 1), (1, 5)]
    assert visits_and_minutes(db) == (2, 1 + 5)


@pytest.mark.parametrize("heartbeat", [None, 3.9, 4.5, 60])
def test_who_stays_for_the_next_stream_has_watched_the_first_until_then(db: Database, heartbeat: float | None) -> None:
    events = [
        act(Kind.LIVE_START),
        chat(NOVA, at=NOON + minutes(1)),
        act(Kind.LIVE_END, at=NOON + minutes(2)),
        chat(NOVA, "bye", NOON + minutes(3)),  # what trails in belongs to what ended
        act(Kind.LIVE_START, at=NOON + minutes(3.5)),
    ]
    write(db, events)
    if heartbeat:
        settle(db, NOON + minutes(heartbeat))
    write(db, [chat(NOVA, at=NOON + minutes(4))])
    settle(db, NOON + hours(2))
    assert [(row["visits"], row["watched_ms"] / minutes(1)) for row in rows(db, StreamAttendance)] == [(1, 2), (1, 5)]
    assert only(db, PastSession)["left_at_ms"] == only(db, CurrentSession)["joined_at_ms"] == NOON + minutes(4)
    assert visits_and_minutes(db) == (2, 7)


@pytest.mark.parametrize("heartbeat", [None, 30, 100, 200, 299])
def test_of_a_stream_is_watched_what_comes_after_it_is_known(db: Database, heartbeat: int | None) -> None:
    write(db, [act(Kind.JOIN, NOVA)])
    assert rows(db, StreamAttendance) == []
    if heartbeat:
        settle(db, NOON + seconds(heartbeat))
    write(db, [chat(NOVA, at=NOON + seconds(100))])
    settle(db, NOON + hours(1))
    assert visits_and_minutes(db) == (1, (100 + 300) / 60)
    attended = only(db, StreamAttendance)
    assert (attended["visits"], attended["watched_ms"]) == (1, TIMEOUT)


def last(at: float) -> list[Event]:
    return [chat(NOVA), chat(OTTO, at=NOON + minutes(1)), act(Kind.LIVE_END, at=NOON + minutes(at))]


@pytest.mark.parametrize("batches", ["one", "several", "heartbeats between"])
def test_the_end_of_a_stream_ends_all_sessions_in_its_channel_and_no_other(db: Database, batches: str) -> None:
    long_silent, gone = act(Kind.JOIN, LENA, NOON - minutes(1.99)), act(Kind.JOIN, MILO, NOON - minutes(2))
    events = [gone, long_silent, *last(3), chat(SAM, channel="northwind")]
    for batch in [events] if batches == "one" else [[event] for event in events]:
        write(db, batch)
        if batches == "heartbeats between":
            settle(db, NOON + minutes(2))
    settle(db, NOON + hours(1))
    watched = {row["username"]: row["total_watchtime_ms"] / minutes(1) for row in rows(db, Viewer)}
    assert watched == {"nova": 3, "otto": 2, "sam": 5, "lena": 4.99, "milo": 5}


def test_the_end_of_a_stream_ends_a_session_that_no_heartbeat_has_counted(db: Database) -> None:
    for at in (0, 4):
        write(db, [chat(NOVA, at=NOON + minutes(at))])
    write(db, [act(Kind.LIVE_END, at=NOON + minutes(8))])
    settle(db, NOON + hours(1))
    assert visits_and_minutes(db) == (1, 8)


def test_each_of_two_ends_that_are_told_together_ends_the_sessions_of_its_time(db: Database) -> None:
    write(db, [chat(NOVA)])
    write(db, [chat(OTTO, at=NOON + minutes(20))])
    write(db, [act(Kind.LIVE_END, at=NOON + minutes(at)) for at in (2, 23)])
    settle(db, NOON + hours(1))
    watched = {row["username"]: row["total_watchtime_ms"] / minutes(1) for row in rows(db, Viewer)}
    assert watched == {"nova": 2, "otto": 3}


@pytest.mark.parametrize("with_them", [False, True])
def test_an_end_told_late_ends_what_heartbeats_had_ended_later(db: Database, with_them: bool) -> None:
    first, second, end = last(3)
    write(db, [first, second, act(Kind.JOIN, SAM, NOON - minutes(4))])
    settle(db, NOON + hours(1))
    also = [timeout(NOVA, NOON + minutes(50)), timeout(OTTO, NOON + minutes(50))]
    write(db, [end, *(also if with_them else [])])
    watched = {row["username"]: row["total_watchtime_ms"] / minutes(1) for row in rows(db, Viewer)}
    assert watched == {"nova": 3, "otto": 2, "sam": 5}


def test_sessions_move_to_the_past_when_the_next_begins(db: Database) -> None:
    for hour in range(3):
        write(db, [chat(NOVA, at=NOON + hours(hour)), chat(NOVA, channel="northwind", at=NOON + hours(hour))])
    settle(db, NOON + hours(9))
    past, current = rows(db, PastSession), rows(db, CurrentSession)
    assert [row["joined_at_ms"] - NOON for row in current] == [hours(2), hours(2)]
    assert [(row["joined_at_ms"] - NOON, row["channel_id"]) for row in past] == [
        (hours(hour), channel) for hour in range(2) for channel in (1, 2)
    ]
    assert only(db, Viewer)["total_visits"] == 6


# --- many at once ---


def crowd(people: Sequence[int]) -> list[Event]:
    return [act(Kind.JOIN, chatter(number)) for number in people]


def test_heartbeats_of_a_crowd_come_in_steps_that_keep_nobody_waiting(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "STEP", 20)
    monkeypatch.setattr(attendance, "_DUE", _due_with(20))
    write(db, crowd(range(150)))
    upkeep.keep_up(db, POLICY, NOON + minutes(1))
    assert sum(row["counted_until_ms"] > NOON for row in rows(db, CurrentSession)) == 20 * upkeep.STEPS
    upkeep.keep_up(db, POLICY, NOON + minutes(1))
    assert all(row["total_watchtime_ms"] == minutes(1) for row in rows(db, Viewer))


def _due_with(step: int) -> Any:
    return Prepared(attendance._DUE._statement.limit(step))


# --- the rebuild ---


def test_a_rebuild_keeps_what_an_import_told_of_the_time_before(db: Database) -> None:
    write(db, [chat(NOVA), chat(LENA)])
    settle(db, NOON + hours(1))
    with db.writing() as connection:
        known = {"total_visits": 41, "total_watchtime_ms": 1_300_000, "total_coins_spent": 900}
        told = {"last_seen_at_ms": NOON + days(1), "first_seen_at_ms": NOON - days(90)}
        connection.execute(update(Viewer).where(Viewer.username == "nova").values(known | told))
        connection.execute(insert(ViewerBaseline).values(viewer_id=1, visits=40, watchtime_ms=1_000_000, coins=900))
        connection.execute(update(ViewerTotal).values(coins=900, watchtime_ms=1_600_000))
        connection.execute(insert(LastSeenDay).values(day=(NOON + days(1)) // days(1), viewers=1))
        connection.execute(update(LastSeenDay).where(LastSeenDay.day == NOON // days(1)).values(viewers=1))
    before = tables(db)
    for _ in range(2):
        with db.writing() as connection:
            rebuild(connection, POLICY, NOON + days(3))
        assert tables(db) == before
