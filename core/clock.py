"""Instants, minutes and zones. Storage holds UTC milliseconds; people read their own zone."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_UNTIL_SECONDS = len("2026-11-21T21:14:00")
_QUARTER_MS = 15 * MINUTE_MS  # no zone's offset changes within one, so its hour is worked out once


def now_ms() -> int:
    """The wall clock, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def slept_seconds() -> float:
    """For how long this machine has slept since it was started; 0 where it has no clock that tells."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # goes on meanwhile; the other stands still
    return 0.0 if clock is None else time.clock_gettime(clock) - time.clock_gettime(time.CLOCK_MONOTONIC)


def minute_of(at_ms: int) -> int:
    """Minutes since 1970: the key of every per-minute rollup."""
    return at_ms // MINUTE_MS


def iso(at_ms: int, zone: ZoneInfo) -> str:
    """ISO 8601 with offset, to the millisecond, e.g. ``2026-11-21T21:14:00.250+01:00``."""
    second, ms = divmod(at_ms, 1000)
    begins, offset = _iso_second(second, zone)
    return f"{begins}.{ms:03d}{offset}"


@lru_cache(maxsize=4096)
def _iso_second(second: int, zone: ZoneInfo) -> tuple[str, str]:
    """What stands before and behind the milliseconds: much of what is told happened in the same seconds."""
    whole = datetime.fromtimestamp(second, zone).isoformat()
    return whole[:_UNTIL_SECONDS], whole[_UNTIL_SECONDS:]


def iso_utc(at_ms: int) -> str:
    """ISO 8601 in UTC, for logs and machines."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


@lru_cache(maxsize=4096)
def hh_mm(minute: int, zone: ZoneInfo) -> str:
    """The label ``HH:MM`` of a minute in ``zone``."""
    return datetime.fromtimestamp(minute * 60, zone).strftime("%H:%M")


def zone_name(name: str) -> str:
    """One name for one zone: systems that are set to UTC know it by several."""
    return "UTC" if name.rpartition("/")[2] in ("UTC", "UCT", "Universal", "Zulu") else name


def week_hour(at_ms: int, zone: ZoneInfo) -> int:
    """The hour of the week in ``zone``: day of the week (0 is Sunday) × 24 + hour, 0 … 167."""
    return _week_hour(at_ms // _QUARTER_MS, zone)


@lru_cache(maxsize=4096)
def _week_hour(quarter: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, zone)
    return local.isoweekday() % 7 * 24 + local.hour


def day_number(at_ms: int, zone: ZoneInfo) -> int:
    """The calendar day in ``zone`` as a number (``date.toordinal``): the key of what is added up by day."""
    return _day_and_hour(at_ms // _QUARTER_MS, zone)[0]


def hour_start(at_ms: int, zone: ZoneInfo) -> int:
    """When the hour on the clocks of ``zone`` began, in minutes since 1970: the key of what is added up by hour.

    Not every zone is whole hours from UTC, and two hours of one night may have the same name.
    """
    return _day_and_hour(at_ms // _QUARTER_MS, zone)[1]


@lru_cache(maxsize=4096)
def _day_and_hour(quarter: int, zone: ZoneInfo) -> tuple[int, int]:
    minute = quarter * _QUARTER_MS // MINUTE_MS
    local = datetime.fromtimestamp(minute * 60, zone)
    return local.toordinal(), minute - local.minute


def hours_before(start: int, count: int, zone: ZoneInfo) -> list[int]:
    """The last ``count`` hours (see ``hour_start``) up to and with the one that began at ``start``, oldest first."""
    found = [start]
    while len(found) < count:
        found.append(hour_start(found[-1] * MINUTE_MS - 1, zone))
    return found[::-1]


def month_number(at_ms: int, zone: ZoneInfo) -> int:
    """The calendar month in ``zone`` as a number, 12 × year + month − 1: the key of what is added up by month."""
    return _month_number(at_ms // _QUARTER_MS, zone)


@lru_cache(maxsize=4096)
def _month_number(quarter: int, zone: ZoneInfo) -> int:
    local = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, zone)
    return 12 * local.year + local.month - 1


def month_label(month: int) -> str:
    """``YYYY-MM`` of a month's number."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def local_day(at_ms: int, zone: ZoneInfo) -> date:
    """The calendar day in ``zone``."""
    return datetime.fromtimestamp(at_ms / 1000, zone).date()
