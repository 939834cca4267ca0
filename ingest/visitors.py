"""Visitors of the shop's pages, counted without cookies: each once a day and once an hour, by a hash of the day.

The hash is salted with a secret that is made anew each day and thrown away with everything seen: nobody can tell
afterwards who came, or whether somebody came on two days. Only the numbers stay, and nothing can recompute them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter, defaultdict
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select

from core.clock import day_number, hour_start
from core.statements import Prepared, adding, among, replacing
from core.tracked import Tracked
from models import VisitorDay, VisitorHour, VisitorSalt, VisitorSeen
from rules.funnel import Step


def count(connection: Connection, events: Sequence[Tracked], zone: ZoneInfo, now_ms: int) -> None:
    """Counts whoever looked at a page today. What is reported of a day that is over has no salt any more."""
    views = [event for event in events if event.step == Step.PAGE_VIEW and (event.user_id or event.visitor)]
    if not views:
        return
    today = day_number(now_ms, zone)
    day, salt = _today(connection, today)
    seen: defaultdict[int, set[int]] = defaultdict(set)
    last: dict[int, int] = {}
    for event in views:
        if day_number(event.at_ms, zone) in (today, day):
            visitor = _hash(salt, event)
            seen[visitor].add(hour_start(event.at_ms, zone))
            last[visitor] = max(last.get(visitor, 0), event.at_ms)
    if seen:
        _note(connection, day, seen, last)


def forget_past(connection: Connection, zone: ZoneInfo, now_ms: int) -> None:
    """Throws away the salt of a day that is over, and everybody seen on it, also where nobody comes any more."""
    newest = _NEWEST(connection).scalar()
    if newest is not None and newest < day_number(now_ms, zone):
        _forget(connection)


def _today(connection: Connection, today: int) -> tuple[int, str]:
    """The day that is counted, and its salt. Processes whose clocks differ a little go over to the next together.

    Where TIMEZONE was moved west it may be tomorrow until midnight: who comes goes on being counted in it, once.
    """
    found = _SALT(connection).first()
    if found is not None and today <= found.day <= today + 1:
        return found.day, found.salt
    _forget(connection)
    salt = secrets.token_hex(32)
    connection.execute(insert(VisitorSalt).values(day=today, salt=salt))
    return today, salt


def _forget(connection: Connection) -> None:
    connection.execute(delete(VisitorSeen))
    connection.execute(delete(VisitorSalt))


def _hash(salt: str, event: Tracked) -> int:
    who = f"user\0{event.user_id}" if event.user_id else f"address\0{event.visitor}"
    digest = hmac.digest(salt.encode(), who.encode(errors="replace"), hashlib.sha256)
    return int.from_bytes(digest[:8], "big", signed=True)


def _note(connection: Connection, day: int, seen: dict[int, set[int]], last: dict[int, int]) -> None:
    known = {row.visitor: row for row in _SEEN(connection, visitors=sorted(seen))}
    hours: Counter[int] = Counter()
    rows = []
    for visitor, starts in sorted(seen.items()):
        before = known[visitor].hours if visitor in known else 0
        after = before
        for start in starts:
            bit = 1 << (start // 30 % 62)  # in no zone do two hours of one day share one
            hours[start] += not after & bit
            after |= bit
        rows.append((visitor, after, max(last[visitor], known[visitor].last_at_ms if visitor in known else 0)))
    _KEEP.run(connection, rows)
    _ADD_DAYS.run(connection, [(day, len(seen) - len(known))])
    _ADD_HOURS.run(connection, [(start, people) for start, people in sorted(hours.items()) if people])


_NEWEST = Prepared(select(func.max(VisitorSalt.day)))
_SALT = Prepared(select(VisitorSalt.day, VisitorSalt.salt).order_by(VisitorSalt.day.desc()).limit(1))
_SEEN = Prepared(select(VisitorSeen.__table__).where(among(VisitorSeen.visitor, "visitors")))
_KEEP = replacing(VisitorSeen, ["visitor"], ["hours", "last_at_ms"])
_ADD_DAYS = adding(VisitorDay, ["day"], ["visitors"])
_ADD_HOURS = adding(VisitorHour, ["hour"], ["visitors"])
