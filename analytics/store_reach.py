"""How many people of the shop did what in a range of time, and in the range before it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from core.clock import HOUR_MS, MINUTE_MS
from core.db import Prepared
from models import StoreEvent, StoreHour, StoreMinute, StoreReach, StoreSnapshot, StoreTotal
from rules.funnel import Step, replayed
from rules.reach import Measure, reached_ms, spans_since

MOST_REPLAYED = 200_000  # events of a past range that are read one by one
RANGES_MS = {"1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS, "all": None}


class TooMuch(ValueError):
    """A range that ended in the past holds more events than can be read at once."""


@dataclass(frozen=True, slots=True)
class Range:
    """From ``since_ms`` (None: the beginning) to ``until_ms`` (None: now), UTC milliseconds.

    ``name`` is a key of RANGES_MS, or "custom". A beginning counts by its whole minute.
    """

    name: str
    since_ms: int | None
    until_ms: int | None
    now_ms: int

    @classmethod
    def named(cls, name: str, now_ms: int) -> Range:
        length_ms = RANGES_MS[name]
        return cls(name, None if length_ms is None else _whole_minute(now_ms - length_ms), None, now_ms)

    @classmethod
    def custom(cls, since_ms: int | None, until_ms: int | None, now_ms: int) -> Range:
        """``until_ms`` is left out where it is not over yet."""
        ended_ms = until_ms if until_ms is not None and until_ms < now_ms else None
        return cls("custom", None if since_ms is None else _whole_minute(since_ms), ended_ms, now_ms)


@dataclass(frozen=True, slots=True)
class Reached:
    """How many people reached each measure, and how often each step was taken."""

    people: dict[Measure, int]
    events: dict[Step, int]


def reached(connection: Connection, asked: Range) -> Reached:
    """Raises TooMuch."""
    if asked.until_ms is not None:
        return _replayed(connection, asked)
    return Reached(_people_since(connection, asked.since_ms), _events_since(connection, asked.since_ms))


def before(connection: Connection, asked: Range) -> dict[Measure, int] | None:
    """How many people had reached each measure in the range before, as it stood when it ended; None: not known."""
    if asked.name not in RANGES_MS or asked.since_ms is None:
        return None
    window = (RANGES_MS[asked.name] or 0) // MINUTE_MS
    minute = asked.since_ms // MINUTE_MS
    rows = _SNAPSHOT(connection, window=window, minute=minute).all()
    if not rows:
        return None
    people = dict.fromkeys(Measure, 0)
    return people | {Measure(row.measure): row.users for row in rows}


def _people_since(connection: Connection, since_ms: int | None) -> dict[Measure, int]:
    people = dict.fromkeys(Measure, 0)
    for span, first, end in spans_since(since_ms):
        for measure, users in _PEOPLE(connection, span=span.value, first=first, end=end):
            people[Measure(measure)] += int(users)
    return people


def _events_since(connection: Connection, since_ms: int | None) -> dict[Step, int]:
    events = dict.fromkeys(Step, 0)
    if since_ms is None:
        rows = _EVER(connection).all()
    else:
        hour = -(-since_ms // HOUR_MS)
        minutes = _MINUTES(connection, first=since_ms // MINUTE_MS, end=hour * 60).all()
        rows = [*minutes, *_HOURS(connection, first=hour).all()]
    for step, count in rows:
        events[Step(step)] += int(count)
    return events


def _replayed(connection: Connection, asked: Range) -> Reached:
    """Everybody's journey within the range, event by event."""
    rows = _RAW(connection, since=asked.since_ms or 0, until=asked.until_ms, limit=MOST_REPLAYED + 1).all()
    if len(rows) > MOST_REPLAYED:
        raise TooMuch(
            f"this range holds more than {MOST_REPLAYED:,} events; choose a shorter one, or one that ends now"
        )
    journeys: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    events: Counter[Step] = Counter(dict.fromkeys(Step, 0))
    for row in rows:
        events[Step(row.step)] += 1
        if row.user_row is not None:
            journeys[row.user_row].append((row.at_ms, row.id, row.step))
    people: Counter[Measure] = Counter(dict.fromkeys(Measure, 0))
    for journey in journeys.values():
        people.update(reached_ms(replayed(journey)).keys())
    return Reached(dict(people), dict(events))


def _whole_minute(at_ms: int) -> int:
    return at_ms // MINUTE_MS * MINUTE_MS


_PEOPLE = Prepared(
    select(StoreReach.measure, func.sum(StoreReach.users))
    .where(
        StoreReach.span == bindparam("span"),
        StoreReach.bucket >= bindparam("first"),
        StoreReach.bucket < bindparam("end"),
    )
    .group_by(StoreReach.measure)
)
_EVER = Prepared(select(StoreTotal.step, StoreTotal.events))
_MINUTES = Prepared(
    select(StoreMinute.step, func.sum(StoreMinute.events))
    .where(StoreMinute.minute >= bindparam("first"), StoreMinute.minute < bindparam("end"))
    .group_by(StoreMinute.step)
)
_HOURS = Prepared(
    select(StoreHour.step, func.sum(StoreHour.events))
    .where(StoreHour.hour >= bindparam("first"))
    .group_by(StoreHour.step)
)
_RAW = Prepared(
    select(StoreEvent.id, StoreEvent.at_ms, StoreEvent.user_row, StoreEvent.step)
    .where(StoreEvent.at_ms >= bindparam("since"), StoreEvent.at_ms < bindparam("until"), StoreEvent.is_bot.is_(False))
    .limit(bindparam("limit"))
)
# The newest that is not later: they are taken at round minutes.
_NEWEST_SNAPSHOT = (
    select(func.max(StoreSnapshot.minute))
    .where(StoreSnapshot.window_minutes == bindparam("window"), StoreSnapshot.minute <= bindparam("minute"))
    .scalar_subquery()
)
_SNAPSHOT = Prepared(
    select(StoreSnapshot.measure, StoreSnapshot.users).where(
        StoreSnapshot.window_minutes == bindparam("window"), StoreSnapshot.minute == _NEWEST_SNAPSHOT
    )
)
