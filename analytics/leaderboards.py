"""Leaderboards: who gave, watched, came, wrote, liked and shared most, of all time and in the streams that run now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from analytics import streams, viewers
from analytics.scope import ChannelInfo
from core.statements import Prepared, among
from models import StreamAttendance, StreamViewer, Viewer
from rules.streams import is_running


@dataclass(frozen=True, slots=True)
class _Board:
    """What people are ranked by: a column of their profile, and of their part in a stream.

    ``unit``: so much of it is told as one.
    """

    of_all_time: Any
    of_stream: Any
    unit: int = 1


_BOARDS = {
    "coins": _Board(Viewer.total_coins_spent, StreamViewer.coins),
    "watchtime": _Board(Viewer.total_watchtime_ms, StreamAttendance.watched_ms, unit=1_000),
    "visits": _Board(Viewer.total_visits, StreamAttendance.visits),
    "gifts": _Board(Viewer.total_gifts_sent, StreamViewer.gifts),
    "comments": _Board(Viewer.total_comments, StreamViewer.messages),
    "likes": _Board(Viewer.total_likes, StreamViewer.likes),
    "shares": _Board(Viewer.total_shares, StreamViewer.shares),
}
TYPES = tuple(_BOARDS)
PUBLIC = ("username", "display_name", "profile_picture_url", "platform", "rank", "value")


def of_all_time(connection: Connection, type: str, limit: int, zone: ZoneInfo, now_ms: int) -> list[dict[str, Any]]:
    """Profiles with ``rank`` and ``value`` (seconds of watchtime), the first one leading. Who has 0 is not on it."""
    found = _best_of_all(type)(connection, limit=limit)
    return _ranked(connection, type, {row.id: row.value for row in found}, zone, now_ms)


def of_running_streams(
    connection: Connection, channels: Sequence[ChannelInfo], type: str, limit: int, zone: ZoneInfo, now_ms: int
) -> list[dict[str, Any]]:
    """The same over the streams that run in ``channels`` now."""
    running: defaultdict[str, list[int]] = defaultdict(list)
    for channel in channels:
        running[channel.platform].extend(_running(connection, channel.id, now_ms))
    values: dict[int, int] = {}
    for stream_ids in running.values():  # nobody is on two platforms
        if len(stream_ids) == 1:
            found = _best_of_stream(type)(connection, stream=stream_ids[0], limit=limit)
        else:
            found = _best_of_streams(type)(connection, streams=stream_ids, limit=limit)
        values.update((row.viewer_id, int(row.value)) for row in found)  # PostgreSQL adds up to decimals
    best = sorted(values.items(), key=lambda pair: (-pair[1], -pair[0]))[:limit]
    return _ranked(connection, type, dict(best), zone, now_ms)


def public(ranked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What of a leaderboard everybody may see."""
    return [{key: row[key] for key in PUBLIC} for row in ranked]


def _running(connection: Connection, channel_id: int, now_ms: int) -> list[int]:
    newest = streams.newest(connection, channel_id)[:1]
    return [row.id for row in newest if is_running(row.last_at_ms, row.ended_at_ms, now_ms)]


def _ranked(
    connection: Connection, type: str, best: Mapping[int, int], zone: ZoneInfo, now_ms: int
) -> list[dict[str, Any]]:
    """``best``: people's values, the first one leading."""
    found = viewers.profiles(connection, list(best), zone, now_ms)
    unit = _BOARDS[type].unit
    return [{**profile, "rank": rank, "value": best[profile["id"]] // unit} for rank, profile in enumerate(found, 1)]


@cache
def _best_of_all(type: str) -> Prepared:
    column = _BOARDS[type].of_all_time
    return Prepared(
        select(Viewer.id, column.label("value"))
        .where(column > 0, Viewer.is_blocked.is_(False), viewers.visible())
        .order_by(column.desc(), Viewer.id.desc())
        .limit(bindparam("limit"))
    )


def _may_lead(table: Any) -> tuple[Any, ...]:
    blocked = select(Viewer.id).where(Viewer.id == table.viewer_id, Viewer.is_blocked.is_(True)).exists()
    return ~blocked, table.viewer_id.not_in(viewers.hidden())


@cache
def _best_of_stream(type: str) -> Prepared:
    column = _BOARDS[type].of_stream
    table = column.class_
    # Messages are indexed by how many they are roughly.
    order = (table.level.desc(), column.desc()) if column is StreamViewer.messages else (column.desc(),)
    return Prepared(
        select(table.viewer_id, column.label("value"))
        .where(table.stream_id == bindparam("stream"), column > 0, *_may_lead(table))
        .order_by(*order, table.viewer_id.desc())
        .limit(bindparam("limit"))
    )


@cache
def _best_of_streams(type: str) -> Prepared:
    """Who is behind in each stream may lead over all of them: everybody's figures are added up."""
    column = _BOARDS[type].of_stream
    table = column.class_
    value = func.sum(column).label("value")
    return Prepared(
        select(table.viewer_id, value)
        .where(among(table.stream_id, "streams"), column > 0, *_may_lead(table))
        .group_by(table.viewer_id)
        .order_by(value.desc(), table.viewer_id.desc())
        .limit(bindparam("limit"))
    )
