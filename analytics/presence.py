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
    since_ms = now_ms - UNCOUNTED_MS
    count = _COUNT(connection, since=since_ms).scalar_one()
    return {
        "count": count,
        "sessions": [
            {
                "username": row.username,
                "displayName": row.display_name or row.username,
                "platform": row.platform,
                "channel": row.channel,
                "joinedAt": iso(row.joined_at_ms, zone),
                "duration": max(0, now_ms - row.joined_at_ms) // 1000,
            }
            for row in _NEWEST(connection, since=since_ms, limit=limit)
        ],
    }


_OPEN = (
    CurrentSession.left_at_ms.is_(None),
    CurrentSession.counted_until_ms >= bindparam("since"),
    CurrentSession.viewer_id.not_in(hidden()),
)
_COUNT = Prepared(select(func.count()).select_from(CurrentSession).where(*_OPEN))
_NEWEST = Prepared(
    select(
        CurrentSession.joined_at_ms,
        Viewer.username,
        Viewer.display_name,
        Viewer.platform,
        Channel.name.label("channel"),
    )
    .join(Viewer, Viewer.id == CurrentSession.viewer_id)
    .join(Channel, Channel.id == CurrentSession.channel_id)
    .where(*_OPEN)
    .order_by(CurrentSession.joined_at_ms.desc())
    .limit(bindparam("limit"))
)
