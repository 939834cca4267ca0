"""Birthdays in the write path: who has theirs today is told once in the morning, and when they come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select, update

from core.clock import local_day
from core.statements import BulkStatement, Prepared, among
from ingest.installation import note
from ingest.news import News
from ingest.policy import Policy
from models import CurrentSession, Installation, Viewer
from rules.birthdays import age, kept_on

TOLD_ON = "birthdays_told_on"  # the key in `installation`: the last local day whose birthdays were told


def greet(connection: Connection, viewer_ids: Sequence[int], now_ms: int, policy: Policy) -> list[News]:
    """Those of ``viewer_ids``, who have just come, whose birthday is today and who were not greeted yet."""
    if not policy.birthday_reminder:
        return []
    today = local_day(now_ms, policy.zone)
    rows = _COMING(connection, ids=list(viewer_ids), days=list(kept_on(today)), today=today.isoformat()).all()
    return _greeted(connection, rows, now_ms, today)


def greet_present(connection: Connection, now_ms: int, policy: Policy) -> list[News]:
    """The same of everybody who is here: they came before midnight, or before somebody noted their birthday."""
    if not policy.birthday_reminder:
        return []
    today = local_day(now_ms, policy.zone)
    rows = _PRESENT(connection, days=list(kept_on(today)), today=today.isoformat()).all()
    return _greeted(connection, rows, now_ms, today)


def _greeted(connection: Connection, rows: Sequence[Any], now_ms: int, today: date) -> list[News]:
    _GREETED.run(connection, [(row.id, today.isoformat()) for row in rows])
    return [(now_ms, row.id, "birthday-live", _age(row.birthday, today)) for row in rows]


def announce(connection: Connection, now_ms: int, policy: Policy) -> list[News]:
    """Whose birthday begins, once a day: at local midnight, or later where nobody was there to tell it."""
    if not policy.birthday_reminder:
        return []
    today = local_day(now_ms, policy.zone)
    told_on = connection.scalar(select(Installation.value).where(Installation.key == TOLD_ON))
    if told_on is not None and told_on >= today.isoformat():
        return []
    note(connection, TOLD_ON, today.isoformat())
    rows = _ON(connection, days=list(kept_on(today)))
    return [(now_ms, row.id, "birthday", _age(row.birthday, today)) for row in rows]


def _age(birthday: str, today: date) -> dict[str, int]:
    return {"age": age(date.fromisoformat(birthday), today)}


_TODAYS = select(Viewer.id, Viewer.birthday).where(
    Viewer.birthday_mmdd.is_not(None),
    among(Viewer.birthday_mmdd, "days"),
    Viewer.birthday_greeted_on.is_distinct_from(bindparam("today")),
    Viewer.is_blocked.is_(False),
)
_COMING = Prepared(_TODAYS.where(among(Viewer.id, "ids")))
_PRESENT = Prepared(
    _TODAYS.where(exists().where(CurrentSession.viewer_id == Viewer.id, CurrentSession.left_at_ms.is_(None)))
)
_ON = Prepared(
    select(Viewer.id, Viewer.birthday).where(
        Viewer.birthday_mmdd.is_not(None), among(Viewer.birthday_mmdd, "days"), Viewer.is_blocked.is_(False)
    )
)
_GREETED = BulkStatement(
    lambda _insert: update(Viewer).where(Viewer.id == bindparam("id_")).values(birthday_greeted_on=bindparam("today")),
    ("id_", "today"),
)
