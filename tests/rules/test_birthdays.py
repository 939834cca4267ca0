"""Birthdays: whose is today, how old they get, and 29 February."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.birthdays import age, in_year, kept_on, mmdd, next_days, parse

LEAP = date(2000, 2, 29)


@pytest.mark.parametrize(
    "value", ["", "1999", "1999-02-30", "31.12.1999", "1999-1-1", "19991231", "1999-W52-5", "x" * 10]
)
def test_what_is_no_date_is_refused_with_an_example(value: str) -> None:
    with pytest.raises(ValueError, match="a birthday is a date like 1999-12-31"):
        parse(value)


def test_a_year_of_long_ago_is_a_slip() -> None:
    assert parse("1900-01-01") == date(1900, 1, 1)
    with pytest.raises(ValueError, match="before 1900 is a slip"):
        parse("1899-12-31")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 31), (1231,)),
        (date(2026, 2, 28), (228, 229)),
        (date(2028, 2, 28), (228,)),
        (date(2028, 2, 29), (229,)),
        (date(2100, 2, 28), (228, 229)),
        (date(2026, 3, 1), (301,)),
    ],
)
def test_the_29th_of_february_is_kept_on_the_28th_in_common_years(day: date, expected: tuple[int, ...]) -> None:
    assert kept_on(day) == expected


@pytest.mark.parametrize(
    ("day", "years"),
    [
        (date(2026, 2, 27), 25),
        (date(2026, 2, 28), 26),
        (date(2028, 2, 28), 27),
        (date(2028, 2, 29), 28),
        (date(1999, 1, 1), 0),
    ],
)
def test_who_was_born_on_it_gets_older_on_the_day_it_is_kept(day: date, years: int) -> None:
    assert age(LEAP, day) == years


births = st.dates(date(1900, 1, 1), date(2025, 12, 30))
todays = st.dates(date(2026, 1, 1), date(2110, 1, 1))


@given(births | st.just(LEAP), st.integers(2026, 2110))
def test_a_birthday_is_kept_once_in_each_year(birthday: date, year: int) -> None:
    of_the_year = [day for _, day in next_days(date(year, 1, 1), 365) if day.year == year]
    assert [day for day in of_the_year if mmdd(birthday) in kept_on(day)] == [in_year(birthday, year)]


@given(births | st.just(LEAP), todays)
def test_everybody_gets_one_year_older_on_their_birthday_and_on_no_other_day(birthday: date, today: date) -> None:
    older = age(birthday, today) - age(birthday, today - timedelta(days=1))
    assert older == (in_year(birthday, today.year) == today)


def test_the_next_days_begin_with_today() -> None:
    assert list(next_days(date(2026, 12, 31), 1)) == [(0, date(2026, 12, 31)), (1, date(2027, 1, 1))]
