"""Everybody together: how many people there are, what they gave and watched, and who gave most."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from analytics import leaderboards, viewer_counts, viewer_list
from analytics.viewers import hidden
from core.statements import Prepared
from models import Viewer, ViewerTotal


def summary(connection: Connection, now_ms: int, zone: ZoneInfo) -> dict[str, Any]:
    """The keys of GET /api/viewer-profiles/stats/summary. Watchtime is in seconds, revenue in coins."""
    totals = _TOTALS(connection).all()
    viewers = viewer_list.count(connection, "all", now_ms)
    # In the sums are those as well who are on no list, such as the erased; they are not among those who are counted.
    watched_ms = sum(row.watchtime_ms for row in totals) - int(_HIDDEN_WATCHTIME(connection).scalar() or 0)
    top = leaderboards.of_all_time(connection, "coins", 1, zone, now_ms)
    return {
        "totalViewers": viewers,
        "totalRevenue": sum(row.coins for row in totals),
        "avgWatchtime": watched_ms // viewers // 1000 if viewers else 0,
        "topSpender": _spender(top[0]) if top else None,
        "vipCount": viewer_list.count(connection, "vip", now_ms),
        "activeViewers": viewer_list.count(connection, "active", now_ms),
        "favorites": viewer_list.count(connection, "favorites", now_ms),
        "platforms": viewer_counts.by_platform(connection),
    }


def _spender(profile: dict[str, Any]) -> dict[str, Any]:
    return {
        "username": profile["username"],
        "displayName": profile["display_name"],
        "coinsSpent": profile["total_coins_spent"],
        "platform": profile["platform"],
        "profilePictureUrl": profile["profile_picture_url"],
    }


_TOTALS = Prepared(select(ViewerTotal.coins, ViewerTotal.watchtime_ms))
_HIDDEN_WATCHTIME = Prepared(select(func.sum(Viewer.total_watchtime_ms)).where(Viewer.id.in_(hidden())))
