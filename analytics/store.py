"""The shop: its figures, its funnel and its segments over a range of time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from analytics import store_reach
from analytics.store_reach import Range, Reached
from core.clock import HOUR_MS, iso
from core.db import Prepared
from core.money import minor_digits
from models import StoreEvent, StoreUser
from rules.funnel import Step, drop_off, rates
from rules.reach import IN_ORDER, REACHED, Measure
from rules.segments import Segment

LISTED = 50  # people of a segment that are named
CANDIDATES = 500  # people that are looked at for them

# Whose reach puts them into a segment or a better one: the column that tells when last, and the measure.
_SEGMENTS: dict[Segment, tuple[Any, Measure]] = {
    Segment.CONVERTED: (StoreUser.purchase_at_ms, Measure.PURCHASE),
    Segment.HIGH: (StoreUser.high_at_ms, Measure.HIGH),
    Segment.MEDIUM: (StoreUser.medium_at_ms, Measure.MEDIUM),
    Segment.LOW: (StoreUser.last_at_ms, Measure.ANY),
}


def stats(connection: Connection, asked: Range) -> dict[str, Any]:
    """Events and people of the range, and the events of the last hour whatever the range. Raises TooMuch."""
    found = store_reach.reached(connection, asked)
    last_hour = store_reach.reached(connection, Range.custom(asked.now_ms - HOUR_MS, None, asked.now_ms))
    return {
        "total_events": sum(found.events.values()),
        "unique_users": found.people[Measure.ANY],
        "events_last_hour": sum(last_hour.events.values()),
        "event_types": {step.label: count for step, count in found.events.items()},
    }


def funnel(connection: Connection, asked: Range) -> dict[str, Any]:
    """Who took each step at all, and who took them in order; the range before beside it. Raises TooMuch."""
    found = store_reach.reached(connection, asked)
    earlier = store_reach.before(connection, asked)
    return {
        **_funnel(found.people, REACHED),
        "total_users": found.people[Measure.ANY],
        "in_order": _funnel(found.people, IN_ORDER),
        "previous": None
        if earlier is None
        else {
            **_funnel(earlier, REACHED),
            "total_users": earlier[Measure.ANY],
            "in_order": _funnel(earlier, IN_ORDER),
        },
    }


def _funnel(people: dict[Measure, int], measures: Sequence[Measure]) -> dict[str, Any]:
    counts = [people[measure] for measure in measures]
    steps = [step.label for step in Step]
    return {
        "funnel_counts": dict(zip(steps, counts, strict=True)),
        "conversion_rates": dict(zip(steps, rates(counts), strict=True)),
        "drop_off": {
            f"{before}_to_{after}": lost
            for before, after, lost in zip(steps, steps[1:], drop_off(counts), strict=False)
        },
    }


def segmentation(connection: Connection, asked: Range, zone: ZoneInfo) -> dict[str, Any]:
    """How many people are in each segment, and the newest of each. Raises TooMuch."""
    found = store_reach.reached(connection, asked)
    counts = segment_counts(found)
    lists = {
        segment.value: [] if asked.until_ms is not None else _people(connection, segment, asked.since_ms or 1, zone)
        for segment in Segment
    }
    return {**lists, "counts": counts, "total_users": sum(counts.values())}


def segment_counts(found: Reached) -> dict[str, int]:
    counts, better = {}, 0
    for segment, (_, measure) in _SEGMENTS.items():
        counts[segment.value] = found.people[measure] - better
        better = found.people[measure]
    return counts


def _people(connection: Connection, segment: Segment, since_ms: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    found = _IN_SEGMENT[segment](connection, since=since_ms).all()
    rows = sorted(found, key=lambda row: (row.last_at_ms, row.id), reverse=True)
    return [
        {
            "user_id": row.user_id,
            "total_events": row.page_views + row.product_views + row.carts + row.signups + row.purchases,
            "last_event": iso(row.last_at_ms, zone),
        }
        for row in rows[:LISTED]
    ]


def events(connection: Connection, limit: int, zone: ZoneInfo, before: int | None = None) -> list[dict[str, Any]]:
    """The newest events as they came in, newest first; those of bots too, which are marked."""
    return [event_json(row, zone) for row in _NEWEST(connection, before=before or 2**62, limit=limit)]


def event_json(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    """A row of ``store_events`` joined with its person's id."""
    digits = minor_digits(row.currency) if row.currency else 2
    return {
        "id": row.id,
        "event_id": row.event_id,
        "event_type": Step(row.step).label,
        "user_id": row.user_id,
        "timestamp": iso(row.at_ms, zone),
        "amount": None if row.amount_minor is None else round(row.amount_minor / 10**digits, digits),
        "currency": row.currency,
        "data": json.loads(row.data) if row.data else {},
        "is_bot": bool(row.is_bot),
        "is_simulated": bool(row.is_simulated),
    }


def _in_segment(segment: Segment) -> Prepared:
    """Candidates by the index of their own segment, without those of the better one."""
    order = list(_SEGMENTS)
    column = _SEGMENTS[segment][0]
    where = [column >= bindparam("since")]
    if segment is not order[0]:
        where.append(_SEGMENTS[order[order.index(segment) - 1]][0] < bindparam("since"))
    return Prepared(select(*_PERSON).where(*where).order_by(column.desc()).limit(CANDIDATES))


_PERSON = (
    StoreUser.id,
    StoreUser.user_id,
    StoreUser.last_at_ms,
    StoreUser.page_views,
    StoreUser.product_views,
    StoreUser.carts,
    StoreUser.signups,
    StoreUser.purchases,
)
_IN_SEGMENT = {segment: _in_segment(segment) for segment in Segment}
EVENT_COLUMNS = (StoreEvent.__table__, StoreUser.user_id)
_NEWEST = Prepared(
    select(*EVENT_COLUMNS)
    .outerjoin(StoreUser, StoreUser.id == StoreEvent.user_row)
    .where(StoreEvent.id < bindparam("before"))
    .order_by(StoreEvent.id.desc())
    .limit(bindparam("limit"))
)
