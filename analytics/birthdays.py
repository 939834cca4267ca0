"""Whose birthday is next."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from analytics import viewers
from core.clock import local_day
from core.statements import Prepared, among
from models import Viewer
from rules import birthdays

MOST = 500  # people on the list
MOST_COUNTED = 1_000


def upcoming(connection: Connection, days: int, zone: ZoneInfo, now_ms: int, limit: int = MOST) -> list[dict[str, Any]]:
    """Profiles of who has their birthday today or within ``days``, soonest first, but no more than ``limit``.

    With ``days_until``, ``birthday_on`` (the day it is kept) and ``age``: how old they get on that day.
    """
    today = local_day(now_ms, zone)
    on = dict(_soonest(connection, _next_kept(today, days), limit))
    told = []
    for profile in viewers.profiles(connection, list(on), zone, now_ms):
        day = on[profile["id"]]
        age = birthdays.age(birthdays.parse(profile["birthday"]), day)
        told.append({**profile, "days_until": (day - today).days, "birthday_on": day.isoformat(), "age": age})
    return told


def count(connection: Connection, days: int, zone: ZoneInfo, now_ms: int) -> int:
    """How many have their birthday within ``days``, counted up to MOST_COUNTED."""
    kept = _next_kept(local_day(now_ms, zone), days)
    return int(_COUNTED(connection, days=list(kept), most=MOST_COUNTED).scalar_one())


def _next_kept(today: date, days: int) -> dict[int, date]:
    """When a birthday (its month and day) is kept next, soonest first."""
    kept: dict[int, date] = {}
    for _, day in birthdays.next_days(today, days):
        for mmdd in birthdays.kept_on(day):
            kept.setdefault(mmdd, day)  # within a year and a day some come twice: the first is the next
    return kept


def _soonest(connection: Connection, kept: dict[int, date], limit: int) -> list[tuple[int, date]]:
    """Ids with the day: of today, then of twice as many days each time, until there are enough."""
    found: list[tuple[int, date]] = []
    ahead, at_once = list(kept), 1
    while ahead and len(found) < limit:
        some, ahead, at_once = ahead[:at_once], ahead[at_once:], 2 * at_once
        born = sorted((kept[row.birthday_mmdd], row.id) for row in _BORN_ON(connection, days=some))
        found += [(viewer_id, day) for day, viewer_id in born]
    return found[:limit]


_BORN = (among(Viewer.birthday_mmdd, "days"), Viewer.birthday_mmdd.is_not(None), viewers.visible())
_BORN_ON = Prepared(select(Viewer.id, Viewer.birthday_mmdd).where(*_BORN))
_COUNTED = Prepared(
    select(func.count()).select_from(select(Viewer.id).where(*_BORN).limit(bindparam("most")).subquery())
)
