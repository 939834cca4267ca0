"""Places far from the ends of a list: every STEPth is kept for a minute, so that nobody counts all the way to it again.

Within the minute people move from one place to another, and a page that was counted from a kept place begins where it
began before: who pages on meets nobody twice for what happened elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from analytics.viewer_queries import Order

STEP = 10_000  # takes 0.1 ms to count
KEPT_MS = 60_000
_KEY = "places of viewers"  # in a connection's own dictionary


@dataclass(slots=True)
class _Places:
    """What each STEPth row is sorted by, and its id, as counted since ``at_ms``."""

    at_ms: int
    rows: list[tuple[Any, int]] = field(default_factory=list)


def rows(connection: Connection, order: Order, offset: int, limit: int, now_ms: int) -> list[tuple[Any, int]]:
    """What the people after the first ``offset`` are sorted by, and their ids; everybody counts."""
    wanted = offset // STEP
    places = _kept(connection, order, wanted, now_ms)
    if len(places) < wanted:
        return []
    return _after(connection, order, places[:wanted][-1:], offset % STEP, limit)


def beyond(connection: Connection, order: Order, offset: int, now_ms: int) -> tuple[Any, int] | None:
    """The next kept place after ``offset`` people; None: the list ends before it."""
    wanted = offset // STEP + 1
    places = _kept(connection, order, wanted, now_ms)
    return places[wanted - 1] if len(places) >= wanted else None


def _kept(connection: Connection, order: Order, wanted: int, now_ms: int) -> list[tuple[Any, int]]:
    """So many places, or more; fewer where the list ends before."""
    kept: dict[Order, _Places] = connection.info.setdefault(_KEY, {})
    places = kept.get(order)
    if places is None or not 0 <= now_ms - places.at_ms < KEPT_MS:
        places = kept[order] = _Places(now_ms)
    while len(places.rows) < wanted:
        if not (found := _after(connection, order, places.rows[-1:], STEP, 1)):
            break
        places.rows += found
    return places.rows


def _after(
    connection: Connection, order: Order, place: list[tuple[Any, int]], nth: int, limit: int
) -> list[tuple[Any, int]]:
    """The same, counted from the row at ``place`` on; no place: from the first one."""
    if not place:
        return _keys(queries.nth(order)(connection, nth=nth, limit=limit))
    # SQLite finds a row by both only where it is asked for those who are alike: of some figures half of all are 0.
    start, start_id = place[0]
    there = {"start": start, "start_id": start_id}
    found = _keys(queries.nth_alike(order)(connection, **there, nth=nth, limit=limit))
    if len(found) < limit:
        passed = queries.alike(order)(connection, **there, most=nth + limit).scalar_one()
        rest = {"nth": max(0, nth - passed), "limit": limit - len(found)}
        found += _keys(queries.nth_beyond(order)(connection, start=start, **rest))
    return found


def _keys(found: Iterable[Any]) -> list[tuple[Any, int]]:
    return [(row[0], row[1]) for row in found]
