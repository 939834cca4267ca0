"""Places far from the ends of a list: whichever was counted to is kept for a minute, so that nobody counts to it again.

Within the minute people move from one place to another, and a page that was counted from a kept place begins where it
began before: who pages on meets nobody twice for what happened elsewhere.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from analytics.viewer_queries import Order

KEPT_MS = 60_000
STEP = 10_000  # people passed on the way from a place to another, and then that place is kept as well
SLOWER = 3  # so much longer takes a row that is counted from a place on than one from the beginning on
_KEY = "places of viewers"  # in a connection's own dictionary

Row = tuple[Any, int]  # what it is sorted by, and its id


@dataclass(slots=True)
class _Places:
    """What stands where, as counted since ``at_ms``: so many people come before it."""

    at_ms: int
    counts: list[int] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)

    def keep(self, count: int, row: Row) -> None:
        if count not in self.rows:
            insort(self.counts, count)
            self.rows[count] = row


def rows(connection: Connection, order: Order, offset: int, limit: int, now_ms: int) -> list[Row]:
    """The people after the first ``offset``; everybody counts."""
    places = _kept(connection, order, now_ms)
    before = bisect_right(places.counts, offset)
    near = places.counts[before - 1] if before else 0
    if near and (offset - near) * SLOWER < offset:
        while offset - near > STEP and (found := _after(connection, order, places.rows[near], STEP, 1)):
            near += STEP
            places.keep(near, found[0])
        found = _after(connection, order, places.rows[near], offset - near, limit)
    else:
        found = _rows(queries.nth(order)(connection, nth=offset, limit=limit))
    if found:
        places.keep(offset, found[0])
    return found


def _kept(connection: Connection, order: Order, now_ms: int) -> _Places:
    kept: dict[Order, _Places] = connection.info.setdefault(_KEY, {})
    places = kept.get(order)
    if places is None or not 0 <= now_ms - places.at_ms < KEPT_MS:
        places = kept[order] = _Places(now_ms)
    return places


def _after(connection: Connection, order: Order, place: Row, nth: int, limit: int) -> list[Row]:
    """The people after ``nth`` from ``place`` on."""
    # SQLite finds a row by both only where it is asked for those who are alike: of some figures half of all are 0.
    start, start_id = place
    there = {"start": start, "start_id": start_id}
    found = _rows(queries.nth_alike(order)(connection, **there, nth=nth, limit=limit))
    if len(found) < limit:
        passed = queries.alike(order)(connection, **there, most=nth + limit).scalar_one()
        rest = {"nth": max(0, nth - passed), "limit": limit - len(found)}
        found += _rows(queries.nth_beyond(order)(connection, start=start, **rest))
    return found


def _rows(found: Iterable[Any]) -> list[Row]:
    return [(row[0], row[1]) for row in found]
