"""A month is what it brought so far and what such days usually bring; how sure that is, is said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.projection import Basis, Projection, month

MONDAY = date(2026, 11, 16)  # of a month that begins on a Sunday


def history(days: int, amount_of: dict[int, float] | float, today: date = MONDAY) -> dict[date, float]:
    """The ``days`` before ``today``: the same every day, or by weekday (0 is Monday)."""
    past = [today - timedelta(days=back) for back in range(1, days + 1)]
    return {day: amount_of.get(day.weekday(), 0) if isinstance(amount_of, dict) else amount_of for day in past}


def projected(earned: dict[date, float], today: date = MONDAY, passed: float = 0.0) -> Projection:
    return month(earned, today, passed, min(earned, default=None))


def test_a_steady_month_goes_on_as_it_went_and_is_sure():
    found = projected(history(56, 10))
    assert (found.expected, found.low, found.high) == (300, 300, 300)
    assert (found.basis, found.days_known) == (Basis.WEEKDAYS, 56)


def test_weekdays_are_told_apart_from_four_weeks_on():
    fridays = {4: 100.0}  # two of November's four Fridays are still to come
    assert projected(history(56, fridays)).expected == 400
    assert projected(history(28, fridays)).basis is Basis.WEEKDAYS
    few = projected(history(27, fridays))
    assert few.basis is Basis.AVERAGE
    assert few.expected == pytest.approx(200 + 15 * 100 * 4 / 27)


def test_of_today_only_what_is_left_of_it_is_expected():
    earned = history(56, 10) | {MONDAY: 8}
    assert projected(earned, passed=0.5).expected == pytest.approx(150 + 8 + 5 + 140)


def test_the_last_evening_of_a_month_leaves_nothing_open():
    last = date(2026, 11, 30)
    found = projected(history(56, {0: 10, 3: 90}, last) | {last: 25}, last, passed=1.0)
    so_far = 4 * 10 + 4 * 90 + 25
    assert found.expected == found.low == found.high == so_far


def test_with_a_few_days_it_is_a_guess_with_a_wide_range():
    found = projected({MONDAY - timedelta(days=1): 10, MONDAY - timedelta(days=2): 30}, passed=0.0)
    assert found.basis is Basis.PACE
    assert found.expected == pytest.approx(40 + 15 * 20)
    assert found.high - found.expected > found.expected / 5
    assert found.low >= 40


def test_the_first_minutes_of_the_first_day_are_not_taken_for_every_minute():
    assert projected({MONDAY: 50}, passed=0.001).expected <= 50 + 15 * 50


def test_where_nothing_was_ever_earned_nothing_is_projected():
    found = month({}, MONDAY, 0.5, None)
    assert found == Projection(0, 0, 0, Basis.NOTHING, 0)


def test_days_before_the_first_say_nothing():
    assert projected(history(10, 10)).basis is Basis.AVERAGE
    assert projected(history(10, 10)).days_known == 10


days = st.integers(0, 80)
amounts = st.floats(-1e6, 1e9)


@given(st.dictionaries(days, amounts, max_size=40), st.floats(0, 1), st.integers(0, 40))
def test_the_range_is_around_what_is_expected_and_nothing_earned_is_lost_again(back, passed, ahead):
    today = MONDAY + timedelta(days=ahead)
    earned = {today - timedelta(days=count): amount for count, amount in back.items()}
    found = projected(earned, today, passed)
    assert found.low <= found.expected <= found.high
    so_far = sum(amount for day, amount in earned.items() if (day.year, day.month) == (today.year, today.month))
    assert found.low >= min(so_far, found.expected) - 1e-3


@given(st.lists(st.floats(0, 1e6), min_size=56, max_size=56))
def test_twice_as_much_every_day_is_twice_as_much(amounts):
    earned = {MONDAY - timedelta(days=back + 1): amount for back, amount in enumerate(amounts)}
    one, two = projected(earned), projected({day: 2 * amount for day, amount in earned.items()})
    assert two.expected == pytest.approx(2 * one.expected)
    assert two.high == pytest.approx(2 * one.high)
