"""How many people of the shop did what in a range of time, and in the range before it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

from sqlalchemy import Connection, bindparam, func, select

from analytics.retention import kept_since_ms
from core.clock import HOUR_MS, MINUTE_MS
from core.statements import Prepared, among
from models import StoreEvent, StoreHour, StoreMinute, StoreReach, StoreSnapshot, StoreTotal, StoreUser
from rules.funnel import Journey, Step, replayed
from rules.reach import COMPARED, Measure, reached_ms, spans_since

MOST_REPLAYED = 200_000  # events of a past range that are read one by one
RANGES_MS = {"1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 7 * 24 * HOUR_MS, "30d": 30 * 24 * HOUR_MS, "all": None}


class TooMuch(ValueError):
    """A range that ended in the past holds more events than can be read at once."""


class Deleted(TooMuch):
    """A range that ended in the past begins before events are kept."""


class NotKnown(LookupError):
    """The range before cannot be told; the message says why."""


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


@dataclass(frozen=True, slots=True)
class Past:
    """What happened in a range that is over: each person's journey within it, by their row, and all events."""

    journeys: dict[int, Journey]
    events: dict[Step, int]

    def reached(self) -> Reached:
        people: Counter[Measure] = Counter(dict.fromkeys(Measure, 0))
        for journey in self.journeys.values():
            people.update(reached_ms(journey).keys())
        return Reached(dict(people), self.events)


def reached(connection: Connection, asked: Range) -> Reached:
    """Raises TooMuch."""
    if asked.until_ms is not None:
        return past(connection, asked.since_ms, asked.until_ms).reached()
    return Reached(_people_since(connection, asked.since_ms), _events_since(connection, asked.since_ms))


def events(connection: Connection, asked: Range) -> int:
    """How many events there are in the range, without those of bots. Raises TooMuch."""
    if asked.until_ms is not None:
        return sum(past(connection, asked.since_ms, asked.until_ms).events.values())
    return sum(_events_since(connection, asked.since_ms).values())


def before(connection: Connection, asked: Range) -> dict[Measure, int]:
    """How many people had reached each measure in the range before. Raises NotKnown.

    Of a named range: as it stood when it ended. What was reported later is not in it.
    """
    if asked.since_ms is None:
        raise NotKnown("nothing comes before the beginning")
    if asked.name in RANGES_MS:
        return _as_it_stood(connection, (RANGES_MS[asked.name] or 0) // MINUTE_MS, asked.since_ms // MINUTE_MS)
    length_ms = (asked.until_ms or asked.now_ms) - asked.since_ms
    try:
        return past(connection, asked.since_ms - length_ms, asked.since_ms).reached().people
    except TooMuch as error:
        raise NotKnown(f"the range before: {error}") from error


def events_before(connection: Connection, asked: Range) -> int | None:
    """How many events there were in the range before; None: nothing comes before the beginning. Raises TooMuch."""
    if asked.since_ms is None:
        return None
    length_ms = (asked.until_ms or asked.now_ms) - asked.since_ms
    both = _events_since(connection, asked.since_ms - length_ms // MINUTE_MS * MINUTE_MS)
    return sum(both.values()) - sum(_events_since(connection, asked.since_ms).values())


def _as_it_stood(connection: Connection, window: int, minute: int) -> dict[Measure, int]:
    """How many had reached each measure in the ``window`` minutes before ``minute``, at that time."""
    taken_at = minute // COMPARED[window] * COMPARED[window]
    rows = _SNAPSHOT(connection, window=window, minute=taken_at).all()
    if not rows:
        raise NotKnown("nothing had been reported yet when the range before ended")
    if rows[0].minute < taken_at:
        # They are taken before whatever comes next is written: nothing has been since, so it still stands so.
        return _people_since(connection, (taken_at - window) * MINUTE_MS)
    return dict.fromkeys(Measure, 0) | {Measure(row.measure): row.users for row in rows}


def counted(connection: Connection, people: Iterable[int], asked: Range) -> dict[int, int]:
    """How many events each of ``people`` (rows) has in the range; ever: those that have been deleted, too."""
    if asked.since_ms is None and asked.until_ms is None:
        return {row.id: row.events for row in _COUNTED_EVER(connection, people=list(people))}
    rows = _COUNTED(connection, people=list(people), since=asked.since_ms or 0, until=asked.until_ms or 2**62)
    return {row.user_row: row.events for row in rows}


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


def past(connection: Connection, since_ms: int | None, until_ms: int) -> Past:
    """The range event by event. Raises TooMuch, Deleted."""
    if (since_ms or 0) < kept_since_ms(connection):
        raise Deleted("events that old have been deleted (RETENTION_DAYS); choose a later range, or one that ends now")
    rows = _RAW(connection, since=since_ms or 0, until=until_ms, limit=MOST_REPLAYED + 1).all()
    if len(rows) > MOST_REPLAYED:
        raise TooMuch(
            f"this range holds more than {MOST_REPLAYED:,} events; choose a shorter one, or one that ends now"
        )
    acts: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
    events: Counter[Step] = Counter(dict.fromkeys(Step, 0))
    for row in rows:
        events[Step(row.step)] += 1
        if row.user_row is not None:
            acts[row.user_row].append((row.at_ms, row.id, row.step))
    return Past({person: replayed(theirs) for person, theirs in acts.items()}, dict(events))


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
    select(StoreSnapshot.minute, StoreSnapshot.measure, StoreSnapshot.users).where(
        StoreSnapshot.window_minutes == bindparam("window"), StoreSnapshot.minute == _NEWEST_SNAPSHOT
    )
)
_OF_STEPS = (StoreUser.page_views, StoreUser.product_views, StoreUser.carts, StoreUser.signups, StoreUser.purchases)
_COUNTED_EVER = Prepared(
    select(StoreUser.id, reduce(add, _OF_STEPS).label("events")).where(among(StoreUser.id, "people"))
)
_COUNTED = Prepared(
    select(StoreEvent.user_row, func.count().label("events"))
    .where(
        among(StoreEvent.user_row, "people"),
        StoreEvent.at_ms >= bindparam("since"),
        StoreEvent.at_ms < bindparam("until"),
        StoreEvent.is_bot.is_(False),
    )
    .group_by(StoreEvent.user_row)
)
