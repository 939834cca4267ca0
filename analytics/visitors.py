"""How many people visited the shop's pages: by day, by hour, and now."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from core.clock import MINUTE_MS, day_number, hour_start, hours_before, iso
from core.statements import Prepared
from models import VisitorDay, VisitorHour, VisitorSeen

DAYS, HOURS = 30, 24
ONLINE_MS = 5 * MINUTE_MS


def visitors(connection: Connection, now_ms: int, zone: ZoneInfo) -> dict[str, Any]:
    """The answer of GET /api/visitors. ``counted_since``: before it nobody counted; None: nobody has come yet."""
    today = day_number(now_ms, zone)
    days = dict(_DAYS(connection, first=today - DAYS + 1, last=today).tuples().all())
    starts = hours_before(hour_start(now_ms, zone), HOURS, zone)
    hours = dict(_HOURS(connection, first=starts[0], last=starts[-1]).tuples().all())
    since = _FIRST(connection).scalar()
    return {
        "last_30_days": [
            {"date": date.fromordinal(day).isoformat(), "visitors": days.get(day, 0)}
            for day in range(today - DAYS + 1, today + 1)
        ],
        "last_24_hours": [{"hour": iso(start * MINUTE_MS, zone), "visitors": hours.get(start, 0)} for start in starts],
        "today": days.get(today, 0),
        "online_now": online(connection, now_ms),
        "counted_since": None if since is None else date.fromordinal(since).isoformat(),
        "updated_at": iso(now_ms, zone),
    }


def online(connection: Connection, now_ms: int) -> int:
    """How many distinct people looked at a page in the last five minutes."""
    return int(_ONLINE(connection, since=now_ms - ONLINE_MS).scalar_one())


_DAYS = Prepared(
    select(VisitorDay.day, VisitorDay.visitors).where(VisitorDay.day.between(bindparam("first"), bindparam("last")))
)
_HOURS = Prepared(
    select(VisitorHour.hour, VisitorHour.visitors).where(
        VisitorHour.hour.between(bindparam("first"), bindparam("last"))
    )
)
_FIRST = Prepared(select(func.min(VisitorDay.day)))
_ONLINE = Prepared(select(func.count()).select_from(VisitorSeen).where(VisitorSeen.last_at_ms >= bindparam("since")))
