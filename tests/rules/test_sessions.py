"""Sessions: when a visit begins and ends, and how much of it was watched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sessions import Session
from tests.support import NOON, minutes, seconds

TIMEOUT = minutes(5)
FOR_EVER = NOON + minutes(10_000)


def begun(at: int = NOON, stream: int | None = None) -> Session:
    return Session(stream, at, at, at)


def test_without_another_sign_it_lasts_for_the_timeout_and_all_of_that_is_watched() -> None:
    session = begun()
    assert session.ends_ms(TIMEOUT) == NOON + TIMEOUT
    assert session.count(FOR_EVER, TIMEOUT) == TIMEOUT
    assert session.count(FOR_EVER, TIMEOUT) == 0


def test_heartbeats_count_every_millisecond_once() -> None:
    session = begun()
    assert [session.count(NOON + seconds(at), TIMEOUT) for at in (60, 60, 30, 120, 900)] == [
        seconds(60),
        0,
        0,
        seconds(60),
        seconds(180),
    ]
    assert session.watched_ms == TIMEOUT


@pytest.mark.parametrize(("after", "goes_on"), [(TIMEOUT, True), (TIMEOUT + 1, False), (-minutes(60), True), (0, True)])
def test_a_sign_within_the_timeout_continues_it(after: int, goes_on: bool) -> None:
    assert begun().goes_on(NOON + after, None, TIMEOUT) is goes_on


def test_a_sign_of_another_stream_begins_another() -> None:
    session = begun(stream=1)
    assert not session.goes_on(NOON + 1, 2, TIMEOUT)
    assert session.goes_on(NOON, 2, TIMEOUT)  # late news
    assert session.goes_on(NOON + 1, 1, TIMEOUT)
    assert session.goes_on(NOON + 1, None, TIMEOUT)
    assert begun().goes_on(NOON + 1, 2, TIMEOUT)


def test_a_sign_that_comes_late_adds_nothing() -> None:
    session = begun()
    session.sign(NOON + minutes(3), None, TIMEOUT)
    before = Session(None, NOON, NOON + minutes(3), NOON)
    assert session == before
    assert session.sign(NOON + minutes(1), 7, TIMEOUT) == 0
    assert session == before


def test_who_leaves_is_not_counted_any_longer() -> None:
    session = begun()
    assert session.leave(NOON + minutes(2), TIMEOUT) == minutes(2)
    assert session.count(FOR_EVER, TIMEOUT) == 0
    assert session.is_over(NOON + minutes(2), TIMEOUT)


def test_a_leave_told_late_takes_back_what_was_counted_beyond_it() -> None:
    session = begun()
    session.count(NOON + minutes(4), TIMEOUT)
    assert session.leave(NOON + minutes(1), TIMEOUT) == -minutes(3)
    assert session.watched_ms == minutes(1)


@pytest.mark.parametrize("at", [NOON - 1, NOON + TIMEOUT, NOON + TIMEOUT + minutes(9)])
def test_a_leave_before_the_last_sign_or_after_the_end_changes_nothing(at: int) -> None:
    session = begun()
    assert session.leave(at, TIMEOUT) == 0
    assert session == begun()


def test_of_two_leaves_the_earlier_counts() -> None:
    session = begun()
    session.leave(NOON + minutes(2), TIMEOUT)
    assert session.leave(NOON + minutes(3), TIMEOUT) == 0
    assert session.leave(NOON + minutes(1), TIMEOUT) == -minutes(1)
    assert (session.left_ms, session.watched_ms) == (NOON + minutes(1), minutes(1))


def test_who_leaves_and_is_back_within_the_timeout_has_not_come_anew_and_was_away() -> None:
    session = begun()
    left, back = NOON + minutes(1), NOON + minutes(6)
    session.leave(left, TIMEOUT)
    assert session.goes_on(back, None, TIMEOUT)
    assert not session.goes_on(back + 1, None, TIMEOUT)
    session.sign(back, None, TIMEOUT)
    session.count(FOR_EVER, TIMEOUT)
    assert session.watched_ms == minutes(1) + TIMEOUT


def test_who_fell_silent_was_there_after_all_when_a_sign_comes_late() -> None:
    session = begun()
    session.count(FOR_EVER, TIMEOUT)
    session.left_ms = NOON + TIMEOUT  # as a heartbeat ends it
    assert session.goes_on(NOON + TIMEOUT, None, TIMEOUT)
    session.sign(NOON + minutes(4), None, TIMEOUT)
    assert session.left_ms is None
    assert session.ends_ms(TIMEOUT) == NOON + minutes(9)
    session.count(FOR_EVER, TIMEOUT)
    assert session.watched_ms == minutes(9)


def test_what_was_before_a_stream_is_counted_before_it_belongs_to_the_stream() -> None:
    session = begun()
    assert session.sign(NOON + minutes(3), 7, TIMEOUT) == minutes(3)
    assert (session.stream_id, session.counted_until_ms) == (7, NOON + minutes(3))


# What happens to one session: signs, leaves and heartbeats at any minute.
steps = st.lists(st.tuples(st.sampled_from(["sign", "leave", "count"]), st.integers(0, 40)), max_size=25)


def after(happened: list[tuple[str, int]]) -> Session:
    session = begun()
    for what, minute in happened:
        at = NOON + minutes(minute)
        if what == "leave":
            session.leave(at, TIMEOUT)
        elif what == "count":
            session.count(at, TIMEOUT)
            if session.left_ms is None and session.is_over(at, TIMEOUT):
                session.left_ms = session.ends_ms(TIMEOUT)
        elif session.goes_on(at, None, TIMEOUT):
            session.sign(at, None, TIMEOUT)
    session.count(FOR_EVER, TIMEOUT)
    return session


@given(steps)
def test_heartbeats_decide_nothing(happened: list[tuple[str, int]]) -> None:
    counted, plain = after(happened), after([step for step in happened if step[0] != "count"])
    assert counted.watched_ms == plain.watched_ms
    assert counted.ends_ms(TIMEOUT) == plain.ends_ms(TIMEOUT)
    assert counted.last_ms == plain.last_ms


@given(steps)
def test_nobody_watches_longer_than_they_were_there(happened: list[tuple[str, int]]) -> None:
    session = after(happened)
    assert 0 <= session.watched_ms <= session.ends_ms(TIMEOUT) - session.joined_ms
