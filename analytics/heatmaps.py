"""Hours of the week: when people are here and when they give, one person or everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from analytics.scope import ChannelInfo
from core.statements import Prepared, among
from models import ViewerHour, WeekHour

DAYS, HOURS = 7, 24  # the first day is Sunday


def of_viewer(connection: Connection, viewer_id: int) -> dict[str, Any]:
    """``heatmap``: 7 days of 24 counts; ``coins``: the same in coins; ``peak``: the busiest hour, or None."""
    events = [[0] * HOURS for _ in range(DAYS)]
    coins = [[0] * HOURS for _ in range(DAYS)]
    for slot, count, given in _OF_VIEWER(connection, viewer=viewer_id):
        events[slot // HOURS][slot % HOURS] = count
        coins[slot // HOURS][slot % HOURS] = given
    cells = [
        _cell(day * HOURS + hour, events[day][hour], coins[day][hour]) for day in range(DAYS) for hour in range(HOURS)
    ]
    peak = max(cells, key=lambda cell: cell["total"])
    return {"heatmap": events, "coins": coins, "peak": peak if peak["total"] else None}


def of_channels(connection: Connection, channels: Sequence[ChannelInfo]) -> list[dict[str, Any]]:
    """All 168 hours, the busiest first: ``hour_of_day``, ``day_of_week`` (0: Sunday), ``total``, ``coins``."""
    found = {row.slot: row for row in _OF_CHANNELS(connection, channels=[channel.id for channel in channels])}
    cells = [
        _cell(slot, int(found[slot].events), int(found[slot].coins)) if slot in found else _cell(slot, 0, 0)
        for slot in range(DAYS * HOURS)
    ]
    return sorted(cells, key=lambda cell: -cell["total"])


def _cell(slot: int, total: int, coins: int) -> dict[str, Any]:
    return {"hour_of_day": slot % HOURS, "day_of_week": slot // HOURS, "total": total, "coins": coins}


_OF_VIEWER = Prepared(
    select(ViewerHour.slot, ViewerHour.events, ViewerHour.coins).where(ViewerHour.viewer_id == bindparam("viewer"))
)
_OF_CHANNELS = Prepared(
    select(WeekHour.slot, func.sum(WeekHour.events).label("events"), func.sum(WeekHour.coins).label("coins"))
    .where(among(WeekHour.channel_id, "channels"))
    .group_by(WeekHour.slot)
)
