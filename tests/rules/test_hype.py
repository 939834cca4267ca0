"""How lively the chat is against what is usual."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.hype import QUIET_PER_MINUTE, PastStream, change_percent, hype, messages_per_minute, usual_rate
from tests.support import hours, minutes, seconds

rates = st.floats(0, 1e6)


@given(rates, st.none() | rates)
def test_hype_lies_between_0_and_100(rate: float, usual: float | None) -> None:
    assert 0 <= hype(rate, usual) <= 100


@given(rates, rates, st.none() | rates)
def test_more_messages_are_never_less_hype(one: float, other: float, usual: float | None) -> None:
    assert hype(min(one, other), usual) <= hype(max(one, other), usual)


@given(rates, rates, rates)
def test_a_busier_channel_needs_more_for_the_same_hype(rate: float, one: float, other: float) -> None:
    assert hype(rate, max(one, other)) <= hype(rate, min(one, other))


@given(st.floats(QUIET_PER_MINUTE, 1e6))
def test_what_is_usual_is_50_and_twice_that_75_and_three_times_88(usual: float) -> None:
    assert [hype(times * usual, usual) for times in (0, 1, 2, 3)] == [0, 50, 75, 88]


def test_in_a_quiet_channel_one_message_is_no_hype() -> None:
    assert hype(1, 0.1) < 25
    assert hype(1, None) == hype(1, 0.1)


def test_the_rate_at_the_beginning_of_a_minute_still_counts_the_minute_before() -> None:
    assert messages_per_minute(60, 0, 0) == 60
    assert messages_per_minute(60, 15, seconds(15)) == 60
    assert messages_per_minute(60, 60, seconds(60)) == 60
    assert messages_per_minute(0, 7, seconds(30)) == 7


def test_a_clock_outside_of_the_minute_is_taken_as_its_border() -> None:
    assert messages_per_minute(60, 5, -seconds(5)) == 65
    assert messages_per_minute(60, 5, seconds(90)) == 5


def test_the_usual_rate_weighs_streams_by_their_length() -> None:
    assert usual_rate([PastStream(60, minutes(1)), PastStream(0, minutes(59))]) == 1.0
    assert usual_rate([PastStream(7_200, hours(2))]) == 60.0


def test_without_a_minute_of_past_streams_nothing_is_usual() -> None:
    assert usual_rate([]) is None
    assert usual_rate([PastStream(5, minutes(1) - 1)]) is None


@pytest.mark.parametrize(
    ("now", "before", "expected"), [(15, 10, 50), (5, 10, -50), (10, 10, 0), (5, 0, None), (5, None, None)]
)
def test_a_change_is_told_in_per_cent_where_there_is_something_to_compare_with(
    now: float, before: float | None, expected: int | None
) -> None:
    assert change_percent(now, before) == expected
