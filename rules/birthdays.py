"""Birthdays: whose is today, how old they get, and who is next. 29 February is kept on the 28th in common years."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from datetime import date, timedelta

EARLIEST_YEAR = 1900
LEAP_DAY = 229


def parse(value: str) -> date:
    """``YYYY-MM-DD`` as a date. Raises ValueError with a sentence for people."""
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = None
    if found is None or found.isoformat() != value:  # 19991231 and 1999-W52-5 are ISO 8601 as well
        raise ValueError("a birthday is a date like 1999-12-31")
    if found.year < EARLIEST_YEAR:
        raise ValueError(f"a birthday before {EARLIEST_YEAR} is a slip")
    return found


def mmdd(birthday: date) -> int:
    """The day of the year as a number to look for: 1231 is 31 December."""
    return birthday.month * 100 + birthday.day


def kept_on(day: date) -> tuple[int, ...]:
    """The ``mmdd`` of all birthdays that are kept on ``day``."""
    today = mmdd(day)
    return (today, LEAP_DAY) if today == LEAP_DAY - 1 and not isleap(day.year) else (today,)


def next_days(day: date, days: int) -> Iterator[tuple[int, date]]:
    """``(days from now, date)`` of ``day`` and the ``days`` after it."""
    return ((ahead, day + timedelta(days=ahead)) for ahead in range(days + 1))


def in_year(birthday: date, year: int) -> date:
    """When the birthday is kept in ``year``."""
    if (birthday.month, birthday.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return birthday.replace(year=year)


def age(birthday: date, day: date) -> int:
    """Years completed on ``day``; 0 before birth."""
    years = day.year - birthday.year - (day < in_year(birthday, day.year))
    return max(0, years)
