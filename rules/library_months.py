"""Months and weeks as people name them: ``Aug``, ``August``, ``2024-08``; ``2024-W31``."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

_WRITTEN = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_NAMES = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_NAMES |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name} | {"sept": 9}


class NoMonth(ValueError):
    """What was given names no month."""


def months_named(text: str, newest: int, oldest: int) -> Iterable[int]:
    """The months (12 × year + month − 1) that ``text`` may mean, the likeliest first. Raises NoMonth.

    A name without a year is one of those from ``newest`` back to ``oldest``.
    """
    if written := _WRITTEN.fullmatch(text.strip()):
        year, month = int(written[1]), int(written[2])
        if 1 <= month <= 12 and year:
            return [12 * year + month - 1]
    named = _NAMES.get(text.strip().lower())
    if named is None:
        raise NoMonth("month: is a month such as Aug, August or 2024-08")
    latest = newest - (newest - (named - 1)) % 12
    return range(latest, oldest - 1, -12)


def week_label(day: int) -> str:
    """The ISO week of a day (``date.toordinal``), whose Monday begins it: ``2024-W31``."""
    year, week, _ = date.fromordinal(day).isocalendar()
    return f"{year:04d}-W{week:02d}"


def monday_of(day: int) -> int:
    return day - (day - 1) % 7  # day 1 was a Monday


@lru_cache(maxsize=8192)  # twenty years
def month_of_day(day: int) -> int:
    """The month's number of a day (``date.toordinal``)."""
    found = date.fromordinal(day)
    return 12 * found.year + found.month - 1
