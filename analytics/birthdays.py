"""Whose birthday is next."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from analytics import viewers
from core.clock import local_day
from core.statements import Prepared, among
from models import Viewer
from rules import birthdays

MOST = 500  # people on the list


def upcoming(connection: Connection, days: int, zone: ZoneInfo, now_ms: int) -> list[dict[str, Any]]:
    """Profiles of who has their birthday today or within ``days``, soonest first.

    With ``days_until``, ``birthday_on`` (the day it is kept) and ``age``: how old they get on that day.
    """
    today = local_day(now_ms, zone)
    kept: dict[int, date] = {}
    for _, day in birthdays.next_days(today, days):
        for mmdd in birthdays.kept_on(day):
            kept.setdefault(mmdd, day)  # within a year and a day some come twice: the first is the next
    found = _BORN_ON(connection, days=list(kept), limit=MOST).all()
    soonest = sorted((kept[row.birthday_mmdd], row.id) for row in found)
    told = []
    on = {viewer_id: day for day, viewer_id in soonest}
    for profile in viewers.profiles(connection, list(on), zone, now_ms):
        day = on[profile["id"]]
        age = birthdays.age(birthdays.parse(profile["birthday"]), day)
        told.append({**profile, "days_until": (day - today).days, "birthday_on": day.isoformat(), "age": age})
    return told


_BORN_ON = Prepared(
    select(Viewer.id, Viewer.birthday_mmdd)
    .where(among(Viewer.birthday_mmdd, "days"), Viewer.birthday_mmdd.is_not(None), viewers.visible())
    .limit(bindparam("limit"))
)
