"""The news of people that dashboards are told at once: what came into their outbox since the last look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from analytics import viewers
from core.statements import Prepared
from models import ViewerNews

# What an overlay may show of a person: that they rose, and that they have their day while they watch.
ON_STREAM = frozenset({"vip-promoted", "birthday-live"})


@dataclass(frozen=True, slots=True)
class News:
    """One piece of news. ``detail`` is None where it cannot be read."""

    id: int
    viewer_id: int
    kind: str  # the event's name after "viewer:"
    detail: dict[str, Any] | None


class Outbox:
    """Reads the outbox, whose numbers are in the order in which they appear, each row once."""

    def __init__(self) -> None:
        self._cursor: int | None = None

    def skip(self, connection: Connection) -> None:
        """Passes everything there is."""
        self._cursor = _NEWEST_ID(connection).scalar() or 0

    def unread(self, connection: Connection, limit: int) -> list[News]:
        """The next ones, at most ``limit``. The first look passes what is there: it happened before anybody asked."""
        if self._cursor is None:
            self.skip(connection)
        return [_news(row) for row in _AFTER(connection, cursor=self._cursor, limit=limit)]

    def passed(self, news: Sequence[News]) -> None:
        """These need not be read again."""
        self._cursor = max([self._cursor or 0, *(one.id for one in news)])


def for_dashboards(news: News, profile: Mapping[str, Any]) -> dict[str, Any]:
    """The profile as it is now, and what is particular to this piece of news."""
    detail = dict(news.detail or {})
    if "duration_seconds" in detail:
        detail["duration"] = detail["duration_seconds"]
    return {**profile, **detail, "username": profile["username"], "platform": profile["platform"]}


def for_streams(
    connection: Connection, news: Sequence[News], profiles: Mapping[int, Mapping[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """``(kind, payload)`` of what a stream may show, and of each only what anybody may see."""
    possible = [one for one in news if one.kind in ON_STREAM]
    # Who is blocked or ignored is on no stream.
    shown = set(viewers.without_hidden(connection, {one.viewer_id for one in possible}))
    return [(one.kind, _public(one, profiles[one.viewer_id])) for one in possible if one.viewer_id in shown]


def _public(news: News, profile: Mapping[str, Any]) -> dict[str, Any]:
    tier = (news.detail or {}).get("tier") or profile["vip_tier"]
    return {
        "username": profile["username"],
        "display_name": profile["display_name"],
        "platform": profile["platform"],
        "tier": tier,
        "color": profile["vip_color"] if tier == profile["vip_tier"] else None,
    }


def _news(row: Any) -> News:
    try:
        detail = json.loads(row.detail)
    except ValueError:
        detail = None
    return News(row.id, row.viewer_id, row.kind, detail if isinstance(detail, dict) else None)


_NEWEST_ID = Prepared(select(func.max(ViewerNews.id)))
_AFTER = Prepared(
    select(ViewerNews.__table__)
    .where(ViewerNews.id > bindparam("cursor"))
    .order_by(ViewerNews.id)
    .limit(bindparam("limit"))
)
