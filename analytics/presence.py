"""Who is here now: the sessions that are open."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from analytics.viewers import hidden
from core.clock import iso
from core.statements import Prepared
from models import Channel, CurrentSession, Viewer
from rules.sessions import UNCOUNTED_MS


def open_sessions(connection: Connection, limit: int, zone: ZoneInfo, now_ms: int) -> dict[str, Any]:
    """``count`` of all, and ``sessions``: the newest of them, at most ``limit``."""
    newest = _NEWEST(connection, since=now_ms - UNCOUNTED_MS, limit=limit).all()
    return {
        "count": newest[0].number if newest else 0,
        "sessions": [
            {
                "username": row.username,
                "displayName": row.display_name or row.username,
                "platform": row.platform,
                "channel": row.channel,
                "joinedAt": iso(row.joined_at_ms, zone),
                "duration": max(0, now_ms - row.joined_at_ms) // 1000,
            }
            for row in newest
        ],
    }


_OPEN = (
    CurrentSession.left_at_ms.is_(None),
    CurrentSession.counted_until_ms >= bindparam("since"),
    CurrentSession.viewer_id.not_in(hidden()),
)
# Chosen, and all counted, before anybody's name is read: of a large crowd only a few are told.
_newest = (
    select(
        CurrentSession.viewer_id,
        CurrentSession.channel_id,
        CurrentSession.joined_at_ms,
        func.count().over().label("number"),
    )
    .where(*_OPEN)
    .order_by(CurrentSession.joined_at_ms.desc())
    .limit(bindparam("limit"))
    .subquery()
)
_NEWEST = Prepared(
    select(
        _newest.c.number,
        _newest.c.joined_at_ms,
        Viewer.username,
        Viewer.display_name,
        Viewer.platform,
        Channel.name.label("channel"),
    )
    .select_from(_newest)
    .join(Viewer, Viewer.id == _newest.c.viewer_id)
    .join(Channel, Channel.id == _newest.c.channel_id)
    .order_by(_newest.c.joined_at_ms.desc())
)
