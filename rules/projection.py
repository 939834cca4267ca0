"""What a month will bring: what it brought so far, and for the rest of it what such days usually bring."""

from __future__ import annotations

import calendar
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LOOK_BACK_DAYS = 56  # eight of each weekday
WEEKDAY_DAYS = 28  # from so many days on each weekday is told from the others
FEWEST_DAYS = 7  # with fewer there is no saying what is usual: the month so far goes on as it went
EIGHTY_PERCENT = 1.2816  # standard deviations on each side within which four of five sums fall


class Basis(StrEnum):
    """What a projection rests on."""

    WEEKDAYS = "weekdays"  # what each weekday brought
    AVERAGE = "average"  # what a day brought; too few to tell weekdays apart
    PACE = "pace"  # fewer than FEWEST_DAYS: a guess
    NOTHING = "nothing"  # nothing was ever earned


@dataclass(frozen=True, slots=True)
class Projection:
    """Of the whole month, in the unit of what was given. Four of five months end between ``low`` and ``high``."""

    expected: float
    low: float
    high: float
    basis: Basis
    days_known: int


def month(earned: Mapping[date, float], today: date, today_passed: float, first_day: date | None) -> Projection:
    """Projects the month of ``today``.

    ``earned`` by day, today's as far as it is known; days left out brought nothing. ``today_passed``: how much of it is
    over, 0 to 1. ``first_day``: when anything was first earned (None: never); before it nothing can be known.
    """
    past = _past_days(today, first_day)
    month_days = [date(today.year, today.month, day) for day in range(1, _days_in(today) + 1)]
    so_far = sum(earned.get(day, 0) for day in month_days if day <= today)
    if first_day is None or first_day > today:
        return Projection(so_far, so_far, so_far, Basis.NOTHING, 0)
    basis = _basis(len(past))
    usual = _usual(earned, past, basis, so_far, today, today_passed, first_day)
    left = [(today, 1 - today_passed)] + [(day, 1.0) for day in month_days if day > today]
    rest = sum(usual[day.weekday()] * share for day, share in left)
    spread = _spread(earned, past, usual, basis) * math.sqrt(sum(share for _, share in left))
    expected = so_far + rest
    # Nothing that is earned already is lost again, as far as anybody can know.
    low = max(min(so_far, expected), expected - spread)
    return Projection(expected, low, expected + spread, basis, len(past))


def _days_in(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _past_days(today: date, first_day: date | None) -> list[date]:
    """The whole days that count: at most LOOK_BACK_DAYS, none before the first."""
    if first_day is None:
        return []
    count = min(LOOK_BACK_DAYS, (today - first_day).days)
    return [today - timedelta(days=back) for back in range(count, 0, -1)]


def _basis(days: int) -> Basis:
    if days >= WEEKDAY_DAYS:
        return Basis.WEEKDAYS
    return Basis.AVERAGE if days >= FEWEST_DAYS else Basis.PACE


def _usual(
    earned: Mapping[date, float],
    past: list[date],
    basis: Basis,
    so_far: float,
    today: date,
    today_passed: float,
    first_day: date,
) -> list[float]:
    """What a day brings, by weekday (0 is Monday)."""
    if basis is Basis.PACE:
        begun = max(first_day, today.replace(day=1))
        passed = (today - begun).days + today_passed
        # Of hardly a beginning nothing follows: at least a whole day is taken to have passed.
        return [max(0.0, so_far) / max(1.0, passed)] * 7
    if basis is Basis.AVERAGE:
        return [sum(earned.get(day, 0) for day in past) / len(past)] * 7
    by_weekday: list[list[float]] = [[] for _ in range(7)]
    for day in past:
        by_weekday[day.weekday()].append(earned.get(day, 0))
    return [sum(amounts) / len(amounts) for amounts in by_weekday]


def _spread(earned: Mapping[date, float], past: list[date], usual: list[float], basis: Basis) -> float:
    """How far the sum of one more day may be off, on each side."""
    if basis is Basis.PACE:
        return EIGHTY_PERCENT * max(usual)  # as far as the guess itself
    told_apart = 7 if basis is Basis.WEEKDAYS else 1
    off = sum((earned.get(day, 0) - usual[day.weekday()]) ** 2 for day in past)
    return EIGHTY_PERCENT * math.sqrt(off / max(1, len(past) - told_apart))
