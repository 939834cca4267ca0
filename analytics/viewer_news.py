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
    """Reads the outbox in the order of its numbers, each row once.

    Where several transactions write at a time a row can appear behind one with a higher number: the newest rows are
    then looked over again for ``overlap_seconds``.
    """

    def __init__(self, overlap_seconds: float) -> None:
        self._overlap = overlap_seconds
        self._floor: int | None = None  # what stands up to here is over
        self._passed: dict[int, float] = {}  # what of the rows above it is over as well, and since when

    def skip(self, connection: Connection) -> None:
        """Passes everything there is."""
        self._floor = _NEWEST_ID(connection).scalar() or 0
        self._passed.clear()

    def unread(self, connection: Connection, limit: int) -> list[News]:
        """The next ones, at most ``limit``. The first look passes what is there: it happened before anybody asked."""
        if self._floor is None:
            self.skip(connection)
        rows = _AFTER(connection, floor=self._floor, limit=limit + len(self._passed))
        return [_news(row) for row in rows if row.id not in self._passed][:limit]

    def passed(self, news: Sequence[News], now: float) -> None:
        """These need not be read again. ``now``: seconds of any steady clock."""
        self._passed |= {one.id: now for one in news}
        over = [id_ for id_, since in self._passed.items() if now - since >= self._overlap]
        self._floor = max([self._floor or 0, *over])
        self._passed = {id_: since for id_, since in self._passed.items() if id_ > self._floor}


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
    .where(ViewerNews.id > bindparam("floor"))
    .order_by(ViewerNews.id)
    .limit(bindparam("limit"))
)
