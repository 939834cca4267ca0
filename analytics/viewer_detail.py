"""One person with everything that the dialog about them shows."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from analytics import heatmaps, tiers, viewer_history, viewers
from rules import profiles

GIFTS, SESSIONS, INTERACTIONS, EDITS = 20, 20, 50, 20


def detail(connection: Connection, row: Any, zone: ZoneInfo, now_ms: int) -> dict[str, Any]:
    """The profile of a row of ``viewers.find``, and what they did of late."""
    told = viewers.profile(row, zone, now_ms)
    week = heatmaps.of_viewer(connection, row.id)
    return {
        **told,
        "topGifts": viewer_history.top_gifts(connection, row.id, told["total_bits"]),
        "heatmap": week["heatmap"],
        "heatmapCoins": week["coins"],
        "peak": week["peak"],
        "recentSessions": viewer_history.sessions(connection, row.id, SESSIONS, zone)[0],
        "giftHistory": viewer_history.gifts(connection, row.id, GIFTS, zone)[0],
        "interactions": viewer_history.interactions(connection, row.id, INTERACTIONS, zone)[0],
        "names": viewer_history.names(connection, row.id, zone),
        "vip": _vip(connection, told),
        "edits": viewer_history.edits(connection, row.id, EDITS, zone)[0],
    }


def voices() -> list[dict[str, str]]:
    """The voices that can read somebody's messages aloud: ``value``, ``label``."""
    return [{"value": voice.value, "label": voice.label} for voice in profiles.VOICES]


def _vip(connection: Connection, profile: dict[str, Any]) -> dict[str, Any]:
    known = tiers.tiers(connection)
    current = next((tier for tier in known if tier["name"] == profile["vip_tier"]), None)
    rank = current["rank"] if current else -1
    return {
        "tier": current,
        "next": next((tier for tier in known if tier["rank"] > rank), None),
        "source": profile["vip_source"],
        "since": profile["vip_since"],
    }
