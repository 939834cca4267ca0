"""The shop: its figures, its funnel and its segments over a range of time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, desc, select

from analytics import store_reach
from analytics.store_reach import NotKnown, Past, Range, Reached
from core.clock import HOUR_MS, iso
from core.money import minor_digits
from core.statements import Prepared, among
from core.text_search import unindexed
from models import StoreEvent, StoreUser
from rules.funnel import Step, drop_off, rates
from rules.reach import IN_ORDER, REACHED, Measure
from rules.segments import Segment, segment_since

LISTED = 50  # people of a segment that are named
LAST = 2**62  # after every number and every time

# Whose reach puts them into a segment or a better one: the column that tells when last, and the measure.
_SEGMENTS: dict[Segment, tuple[Any, Measure]] = {
    Segment.CONVERTED: (StoreUser.purchase_at_ms, Measure.PURCHASE),
    Segment.HIGH: (StoreUser.high_at_ms, Measure.HIGH),
    Segment.MEDIUM: (StoreUser.medium_at_ms, Measure.MEDIUM),
    Segment.LOW: (StoreUser.last_at_ms, Measure.ANY),
}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a segment, with what they did in the range and when they last did something."""

    user_id: str
    events: int
    last_ms: int


def stats(connection: Connection, asked: Range) -> dict[str, Any]:
    """Events and people of the range, and the events of the last hour whatever the range. Raises TooMuch."""
    found = store_reach.reached(connection, asked)
    last_hour = store_reach.reached(connection, Range.custom(asked.now_ms - HOUR_MS, None, asked.now_ms))
    earlier = store_reach.events_before(connection, asked)
    return {
        "total_events": sum(found.events.values()),
        "unique_users": found.people[Measure.ANY],
        "events_last_hour": sum(last_hour.events.values()),
        "event_types": {step.label: count for step, count in found.events.items()},
        "previous": None if earlier is None else {"total_events": earlier},
    }


def funnel(connection: Connection, asked: Range) -> dict[str, Any]:
    """Who took each step at all, and who took them in order; the range before beside it. Raises TooMuch."""
    found = whole_funnel(store_reach.reached(connection, asked).people)
    try:
        return {**found, "previous": whole_funnel(store_reach.before(connection, asked)), "previous_missing": None}
    except NotKnown as error:
        return {**found, "previous": None, "previous_missing": str(error)}


def whole_funnel(people: dict[Measure, int]) -> dict[str, Any]:
    """Both ways of looking at it."""
    return {
        **_funnel(people, REACHED),
        "total_users": people[Measure.ANY],
        "in_order": _funnel(people, IN_ORDER),
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
    if asked.until_ms is not None:
        over = store_reach.past(connection, asked.since_ms, asked.until_ms)
        counts = segment_counts(over.reached())
        members = _past_members(connection, over)
    else:
        found = store_reach.reached(connection, asked)
        counts = segment_counts(found)
        members = {segment: _members(connection, segment, asked, counts, found) for segment in Segment}
    lists = {
        segment.value: [
            {"user_id": one.user_id, "total_events": one.events, "last_event": iso(one.last_ms, zone)}
            for one in members[segment]
        ]
        for segment in Segment
    }
    return {**lists, "counts": counts, "total_users": sum(counts.values())}


def segment_counts(found: Reached) -> dict[str, int]:
    counts, better = {}, 0
    for segment, (_, measure) in _SEGMENTS.items():
        counts[segment.value] = found.people[measure] - better
        better = found.people[measure]
    return counts


def _members(
    connection: Connection, segment: Segment, asked: Range, counts: dict[str, int], found: Reached
) -> list[Member]:
    """The newest of a segment, by whichever index leads to them sooner."""
    own, everybody = found.people[_SEGMENTS[segment][1]], found.people[Measure.ANY]
    members = counts[segment.value]
    if members == 0:
        return []
    # Down the newest of all, the members among them come as often as they are many.
    plans = _BY_LAST if everybody * LISTED < own * members else _BY_SEGMENT
    rows = plans[segment](connection, since=asked.since_ms or 1, limit=LISTED).all()
    events = store_reach.counted(connection, [row.id for row in rows], asked)
    return [Member(row.user_id, events.get(row.id, 0), row.last_at_ms) for row in rows]


def _past_members(connection: Connection, over: Past) -> dict[Segment, list[Member]]:
    theirs: dict[Segment, list[tuple[int, int]]] = {segment: [] for segment in Segment}
    for person, journey in over.journeys.items():
        if (segment := segment_since(journey, 1)) is not None:
            theirs[segment].append((journey.newest_ms, person))
    newest = {segment: nlargest(LISTED, people) for segment, people in theirs.items()}
    listed = [person for people in newest.values() for _, person in people]
    names = {row.id: row.user_id for row in _NAMES(connection, people=listed)}
    return {
        segment: [Member(names[person], sum(over.journeys[person].counts), last_ms) for last_ms, person in people]
        for segment, people in newest.items()
    }


def events(
    connection: Connection, asked: Range, limit: int, zone: ZoneInfo, before: int | None = None
) -> list[dict[str, Any]]:
    """The newest events, those of bots too, which are marked: of all time as they came in, of a range by their time.

    ``before``: the number of an event; what follows it is told.
    """
    if asked.since_ms is None and asked.until_ms is None:
        rows = _NEWEST(connection, before=before or LAST, limit=limit)
    else:
        end_ms = asked.until_ms or LAST
        last_ms = end_ms if before is None else _TIME(connection, id=before).scalar() or 0
        rows = _WITHIN(
            connection, since=asked.since_ms or 0, until=end_ms, last=last_ms, before=before or LAST, limit=limit
        )
    return [event_json(row, zone) for row in rows]


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


def _in_segment(segment: Segment, *, by_last: bool) -> Prepared:
    """The newest of a segment: down the index of when people were last seen, or by that of the segment's own column."""
    order = list(_SEGMENTS)
    column = _SEGMENTS[segment][0]
    newest_first = StoreUser.last_at_ms if by_last else unindexed(StoreUser.last_at_ms)
    where = [unindexed(column) >= bindparam("since") if by_last else column >= bindparam("since")]
    if by_last:
        where.append(StoreUser.last_at_ms >= bindparam("since"))
    if segment is not order[0]:
        where.append(unindexed(_SEGMENTS[order[order.index(segment) - 1]][0]) < bindparam("since"))
    people = select(StoreUser.id, StoreUser.user_id, StoreUser.last_at_ms).where(*where)
    return Prepared(people.order_by(desc(newest_first), StoreUser.id.desc()).limit(bindparam("limit")))


_BY_SEGMENT = {segment: _in_segment(segment, by_last=False) for segment in Segment}
_BY_LAST = {segment: _in_segment(segment, by_last=True) for segment in Segment}
_NAMES = Prepared(select(StoreUser.id, StoreUser.user_id).where(among(StoreUser.id, "people")))
EVENT_COLUMNS = (StoreEvent.__table__, StoreUser.user_id)
_SHOWN = select(*EVENT_COLUMNS).outerjoin(StoreUser, StoreUser.id == StoreEvent.user_row)
_NEWEST = Prepared(
    _SHOWN.where(StoreEvent.id < bindparam("before")).order_by(StoreEvent.id.desc()).limit(bindparam("limit"))
)
_WITHIN = Prepared(
    _SHOWN.where(
        StoreEvent.at_ms >= bindparam("since"),
        StoreEvent.at_ms < bindparam("until"),
        StoreEvent.at_ms <= bindparam("last"),
        (StoreEvent.at_ms < bindparam("last")) | (StoreEvent.id < bindparam("before")),
    )
    .order_by(StoreEvent.at_ms.desc(), StoreEvent.id.desc())
    .limit(bindparam("limit"))
)
_TIME = Prepared(select(StoreEvent.at_ms).where(StoreEvent.id == bindparam("id")))
