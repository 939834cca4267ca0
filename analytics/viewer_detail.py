"""One person with everything that the dialog about them shows."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from analytics import heatmaps, viewer_history, viewers
from core.clock import iso
from core.db import Prepared
from models import VipTier

GIFTS, SESSIONS, INTERACTIONS, EDITS = 20, 20, 50, 20


def detail(connection: Connection, row: Any, zone: ZoneInfo, now_ms: int) -> dict[str, Any]:
    """The profile of a row of ``viewers.find``, and what they did of late."""
    told = viewers.profile(row, zone, now_ms)
    week = heatmaps.of_viewer(connection, row.id)
    return {
        **told,
        "topGifts": viewer_history.top_gifts(connection, row.id),
        "heatmap": week["heatmap"],
        "heatmapCoins": week["coins"],
        "peak": week["peak"],
        "recentSessions": viewer_history.sessions(connection, row.id, SESSIONS, zone)[0],
        "giftHistory": viewer_history.gifts(connection, row.id, GIFTS, zone)[0],
        "interactions": viewer_history.interactions(connection, row.id, INTERACTIONS, zone)[0],
        "names": viewer_history.names(connection, row.id, zone),
        "vip": _vip(connection, row, told["vip_source"], zone),
        "edits": viewer_history.edits(connection, row.id, EDITS, zone)[0],
    }


def tiers(connection: Connection) -> list[dict[str, Any]]:
    """What takes people to which tier, the lowest first."""
    return [
        {
            "name": row.name,
            "rank": row.rank,
            "coins": row.coins,
            "watch_hours": row.watch_hours,
            "visits": row.visits,
            "color": row.color,
            "benefits": json.loads(row.benefits),
        }
        for row in _TIERS(connection)
    ]


def _vip(connection: Connection, row: Any, source: str, zone: ZoneInfo) -> dict[str, Any]:
    known = tiers(connection)
    current = next((tier for tier in known if tier["name"] == row.tier_name), None)
    rank = current["rank"] if current else -1
    return {
        "tier": current,
        "next": next((tier for tier in known if tier["rank"] > rank), None),
        "source": source,
        "since": iso(row.vip_since_ms, zone) if current and row.vip_since_ms is not None else None,
    }


_TIERS = Prepared(
    select(
        VipTier.id,
        VipTier.name,
        VipTier.rank,
        VipTier.coins,
        VipTier.watch_hours,
        VipTier.visits,
        VipTier.color,
        VipTier.benefits,
    ).order_by(VipTier.rank)
)
