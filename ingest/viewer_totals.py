"""People's running totals: what a batch of events adds to each of them, and to everybody together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import compress
from typing import Any

from sqlalchemy import Connection, bindparam, update

from core.statements import BulkStatement
from ingest.census import Census
from ingest.sums import Sums, Tally
from models import Viewer

# What the events of a batch add up to. Visits and watchtime come from sessions: see `ingest.attendance`.
TOTALS = (
    "total_comments",
    "total_bits",
    "total_coins_spent",
    "total_gifts_sent",
    "total_likes",
    "total_shares",
)
_NOT_NAMED: Mapping[int, int] = {}
_WROTE, _NAMED = "total_comments", "named_at_ms"


def add(connection: Connection, sums: Sums, named_at_ms: Mapping[int, int] = _NOT_NAMED) -> None:
    """Adds what the batch's events are worth to their authors, and to everybody's together.

    ``named_at_ms``: when people's names were last told, by row id.
    """
    people = sums.by_person()
    # An index costs wherever its column is named, even with nothing added: so name only what changes.
    shapes: defaultdict[tuple[str, ...], list[tuple[int, ...]]] = defaultdict(list)
    wrote = shapes[_NAMED, _WROTE]
    for viewer_id, one in people.items():
        named = named_at_ms.get(viewer_id)
        if named is not None and one.messages == one.events and not one.bits:  # nearly everybody
            wrote.append((viewer_id, named, one.messages))
            continue
        values = _totals(one)
        shape = tuple(compress(TOTALS, values))
        added = tuple(filter(None, values))
        if named is not None:
            shapes[_NAMED, *shape].append((viewer_id, named, *added))
        elif shape:
            shapes[shape].append((viewer_id, *added))
    shapes[_NAMED,].extend(one for one in named_at_ms.items() if one[0] not in people)
    for shape, rows in shapes.items():
        rows.sort()  # neighbours share their pages
        _adding(shape).run(connection, rows)
    census = Census()
    for platform, coins in sums.given.items():
        census.add(platform, coins=coins)
    census.write(connection)


def _totals(of: Tally) -> tuple[int, ...]:
    """In the order of TOTALS."""
    return (of.messages, of.bits, of.worth, of.gifts + of.subgifts, of.likes, of.shares)


_ADDING: dict[tuple[str, ...], BulkStatement] = {}


def _adding(shape: tuple[str, ...]) -> BulkStatement:
    """Adds to these totals of a person, and sets what is no total."""
    if shape not in _ADDING:
        changes: dict[str, Any] = {
            name: getattr(Viewer, name) + bindparam(f"add_{name}") if name in TOTALS else bindparam(f"add_{name}")
            for name in shape
        }
        _ADDING[shape] = BulkStatement(
            lambda _insert: update(Viewer).where(Viewer.id == bindparam("id_")).values(changes),
            ("id_", *(f"add_{name}" for name in shape)),
            each_once=True,
        )
    return _ADDING[shape]
