"""What is usual in the shop: sums of each measure's hours, of which means and deviations are made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, select

from core.statements import Prepared, adding
from models import StoreMinute, StoreSample
from rules.anomalies import Moments

WINDOW_MINUTES = 5
WINDOWS_AN_HOUR = 60 // WINDOW_MINUTES
TRAFFIC_HOURS, PURCHASE_HOURS, USER_HOURS = 24, 30 * 24, 24  # how far back each baseline reaches
TRAFFIC, USERS = "traffic", "user_hour"  # measures of `store_samples`, beside those of purchases


def purchases_in(currency: str) -> str:
    """The measure of what is paid at once, which each currency has for itself."""
    return f"purchase:{currency}"


@dataclass(slots=True)
class Samples:
    """What the group adds to each measure's hours."""

    added: defaultdict[tuple[str, int], Moments] = field(default_factory=lambda: defaultdict(Moments))

    def add(self, measure: str, hour: int, count: int, total: float, squares: float) -> None:
        self.added[measure, hour] += Moments(count, total, squares)

    def write(self, connection: Connection) -> None:
        rows = [(*key, sample.count, sample.total, sample.squares) for key, sample in sorted(self.added.items())]
        _ADD_SAMPLES.run(connection, rows)


def windows_before(connection: Connection, window: int, samples: Samples) -> Moments:
    """The windows of a day before ``window``, empty ones too, from the first that ever had an event.

    Hours before its own are sampled; in its own hour only those windows count that come before it.
    """
    hour = window // WINDOWS_AN_HOUR
    first_hour = hour - TRAFFIC_HOURS
    sums = so_far(connection, samples, TRAFFIC, first_hour, hour - 1)
    for events in _events_by_window(connection, hour * WINDOWS_AN_HOUR, window):
        sums += Moments(0, events, events**2)
    first_minute = _FIRST_MINUTE(connection).scalar()
    first = window if first_minute is None else max(first_hour * WINDOWS_AN_HOUR, first_minute // WINDOW_MINUTES)
    return Moments(max(0, window - first), sums.total, sums.squares)


def _sample(connection: Connection, measure: str, first_hour: int, last_hour: int) -> Moments:
    row = _SAMPLE(connection, measure=measure, first=first_hour, last=last_hour).one()
    return Moments(int(row.number or 0), float(row.total or 0), float(row.squares or 0))


def so_far(connection: Connection, samples: Samples, measure: str, first_hour: int, last_hour: int) -> Moments:
    """What is stored, and what this group has added before."""
    sums = _sample(connection, measure, first_hour, last_hour)
    for (of, hour), more in samples.added.items():
        if of == measure and first_hour <= hour <= last_hour:
            sums += more
    return sums


def events_in(connection: Connection, window: int) -> int:
    """How many events are stored of the window ``window``, counted from 1970."""
    first = window * WINDOW_MINUTES
    return int(_IN_MINUTES(connection, first=first, end=first + WINDOW_MINUTES).scalar() or 0)


def _events_by_window(connection: Connection, first: int, end: int) -> Iterable[int]:
    """The events of each window from ``first`` to before ``end`` in which there was one."""
    counts: Counter[int] = Counter()
    if first < end:
        for minute, events in _BY_MINUTE(connection, first=first * WINDOW_MINUTES, end=end * WINDOW_MINUTES):
            counts[minute // WINDOW_MINUTES] += events
    return counts.values()


_ADD_SAMPLES = adding(StoreSample, ["measure", "hour"], ["count", "total", "squares"])
_SAMPLE = Prepared(
    select(
        func.sum(StoreSample.count).label("number"),
        func.sum(StoreSample.total).label("total"),
        func.sum(StoreSample.squares).label("squares"),
    ).where(
        StoreSample.measure == bindparam("measure"), StoreSample.hour.between(bindparam("first"), bindparam("last"))
    )
)
_IN_MINUTES = Prepared(
    select(func.sum(StoreMinute.events)).where(
        StoreMinute.minute >= bindparam("first"), StoreMinute.minute < bindparam("end")
    )
)
_BY_MINUTE = Prepared(
    select(StoreMinute.minute, StoreMinute.events).where(
        StoreMinute.minute >= bindparam("first"), StoreMinute.minute < bindparam("end")
    )
)
_FIRST_MINUTE = Prepared(select(func.min(StoreMinute.minute)))
