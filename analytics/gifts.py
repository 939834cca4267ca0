"""The gifts of the streams that run: the latest and the biggest, each streak once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from analytics import streams, viewers
from analytics.scope import ChannelInfo
from core.clock import iso
from core.statements import Prepared
from models import Channel, Gift, Viewer
from rules.streams import is_running


def of_running_streams(
    connection: Connection, channels: Sequence[ChannelInfo], limit: int, zone: ZoneInfo, now_ms: int
) -> dict[str, list[dict[str, Any]]]:
    """``{"latest": […], "biggest": […]}``, at most ``limit`` each, without those whom no stream may show."""
    latest: list[Any] = []
    biggest: list[Any] = []
    for channel in channels:
        for stream in streams.newest(connection, channel.id)[:1]:
            if is_running(stream.last_at_ms, stream.ended_at_ms, now_ms):
                asked = {"channel": channel.id, "since": stream.started_at_ms, "limit": limit}
                latest.extend(_LATEST(connection, **asked))
                biggest.extend(_BIGGEST(connection, **asked))
    latest.sort(key=lambda row: (row.started_at_ms, row.id), reverse=True)
    biggest.sort(key=lambda row: (row.coins, row.id), reverse=True)
    return {
        "latest": [_gift(row, zone) for row in latest[:limit]],
        "biggest": [_gift(row, zone) for row in biggest[:limit]],
    }


def _gift(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": iso(row.started_at_ms, zone),
        "platform": row.platform,
        "login": row.username,
        "user": row.display_name or row.username,
        "name": row.name,
        "quantity": row.quantity,
        "coins": row.coins,
    }


# One index range from the stream's beginning; people are looked up only until enough of them may be shown.
_SHOWN = (
    select(
        Gift.id,
        Gift.started_at_ms,
        Gift.name,
        Gift.quantity,
        Gift.coins,
        Channel.platform,
        Viewer.username,
        Viewer.display_name,
    )
    .join(Channel, Channel.id == Gift.channel_id)
    .join(Viewer, Viewer.id == Gift.viewer_id)
    .where(
        Gift.channel_id == bindparam("channel"),
        Gift.started_at_ms >= bindparam("since"),
        Gift.quantity > 0,
        Viewer.is_blocked.is_(False),
        viewers.visible(),
    )
    .limit(bindparam("limit"))
)
_LATEST = Prepared(_SHOWN.order_by(Gift.started_at_ms.desc(), Gift.id.desc()))
_BIGGEST = Prepared(_SHOWN.where(Gift.coins > 0).order_by(Gift.coins.desc(), Gift.id.desc()))
