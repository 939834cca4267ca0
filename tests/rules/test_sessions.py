"""Visits and watchtime from signs of life."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.sessions import Attendance, attend
from tests.support import NOON, minutes

TIMEOUT = minutes(5)


def test_the_first_sign_begins_the_first_visit() -> None:
    assert attend(None, [NOON], TIMEOUT) == Attendance(1, 0, NOON)


def test_nobody_seen_is_no_visit() -> None:
    assert attend(None, [], TIMEOUT) == Attendance(0, 0, 0)


def test_a_silence_as_long_as_the_timeout_is_watched() -> None:
    assert attend(NOON, [NOON + TIMEOUT], TIMEOUT) == Attendance(0, TIMEOUT, NOON + TIMEOUT)


def test_a_longer_silence_ends_the_visit_and_is_not_watched() -> None:
    assert attend(NOON, [NOON + TIMEOUT + 1], TIMEOUT) == Attendance(1, 0, NOON + TIMEOUT + 1)


def test_a_sign_older_than_what_is_known_adds_nothing() -> None:
    assert attend(NOON, [NOON - minutes(60)], TIMEOUT) == Attendance(0, 0, NOON)


times = st.lists(st.integers(NOON, NOON + minutes(60)), max_size=30)


@given(times, st.integers(0, 30))
def test_splitting_the_signs_anywhere_gives_the_same_sum(signs: list[int], at: int) -> None:
    whole = attend(None, signs, TIMEOUT)
    first = attend(None, signs[:at], TIMEOUT)
    second = attend(first.last_seen_at_ms or None, signs[at:], TIMEOUT)
    assert whole == Attendance(
        first.visits + second.visits, first.watchtime_ms + second.watchtime_ms, second.last_seen_at_ms
    )


@given(times.map(sorted))
def test_nobody_watches_longer_than_they_were_there(signs: list[int]) -> None:
    attendance = attend(None, signs, TIMEOUT)
    assert attendance.watchtime_ms <= (signs[-1] - signs[0] if signs else 0)
    assert attendance.visits <= len(signs)
    assert bool(attendance.visits) is bool(signs)
