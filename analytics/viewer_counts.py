"""How many people there are, and how many of them a filter lets through: from sums and small indexes."""

from __future__ import annotations

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from analytics.viewer_queries import MARKED, Filter
from core.clock import DAY_MS

ACTIVE_DAYS = 30


def active_since_ms(now_ms: int) -> int:
    """Who was seen since is active. It is the beginning of a day (UTC), so that they can be counted by days."""
    return (now_ms // DAY_MS - ACTIVE_DAYS) * DAY_MS


def everybody(connection: Connection) -> int:
    """Who is on no list among them."""
    return int(queries.EVERYBODY(connection).scalar() or 0)  # PostgreSQL adds up to decimals


def by_platform(connection: Connection) -> dict[str, int]:
    """How many of those who are on a list each platform has."""
    ignored = {row.platform: row.people for row in queries.IGNORED_BY_PLATFORM(connection)}
    return {row.platform: row.viewers - ignored.get(row.platform, 0) for row in queries.BY_PLATFORM(connection)}


def count(connection: Connection, filter: Filter, now_ms: int) -> int:
    """How many people a filter lets through, without those who are on no list."""
    if filter in MARKED:
        marked = queries.marked(filter)(connection).one()
        return int(marked.people - marked.unseen)
    since_ms = active_since_ms(now_ms)
    ignored = queries.IGNORED(connection, since=since_ms).one()
    if filter == "active":
        seen = queries.SEEN_SINCE(connection, day=since_ms // DAY_MS).scalar() or 0
        return max(0, int(seen) - int(ignored.active or 0))
    return max(0, everybody(connection) - int(ignored.people))
