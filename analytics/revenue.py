"""What was earned: by day, source, hour and stream, and what the month will bring."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from analytics import earnings, ledger
from analytics.ledger import ALL
from core.clock import HOUR_MS, MINUTE_MS, day_number, hour_start, iso
from core.money import rounded
from core.statements import Prepared
from models import Channel, Stream
from rules.projection import LOOK_BACK_DAYS, Projection, month
from rules.streams import is_running

DAYS = 30
STREAMS = 10
ENTRIES = 30
BEST_HOURS = 3


@dataclass(frozen=True, slots=True)
class Question:
    """``currency``: the main one; what came in others is told beside it and never added."""

    currency: str
    now_ms: int
    zone: ZoneInfo

    @property
    def today(self) -> int:
        return day_number(self.now_ms, self.zone)

    @property
    def first_day(self) -> int:
        return self.today - DAYS + 1


def revenue(connection: Connection, question: Question) -> dict[str, Any]:
    """The answer of GET /api/revenue."""
    currency = question.currency
    booked = _booked(connection, question, currency)
    best = ledger.best_day(connection, currency)
    hours = _by_hour(connection, question)
    return {
        "currency": currency,
        **_figures(booked, question, currency),
        "month_before": _month_before(connection, booked, question),
        "last_30_days": [
            {"date": _iso_day(day), "revenue": rounded(booked.amounts[day, ALL], currency)}
            | {"sales": booked.sales[day]}
            for day in range(question.first_day, question.today + 1)
        ],
        "by_source": booked.by_source(question.first_day, currency),
        "projected_month": _projected(connection, booked, question),
        "best_day": best and {"date": _iso_day(best.day), "revenue": rounded(best.amount_micros, currency)},
        "by_hour": hours,
        "best_hours": [hour for hour in sorted(hours, key=lambda one: -one["revenue"]) if hour["revenue"] > 0][
            :BEST_HOURS
        ],
        "by_stream": _by_stream(connection, question),
        "other_currencies": [
            _other(connection, question, other) for other in ledger.currencies(connection) if other != currency
        ],
        "recent": ledger.recent(connection, ENTRIES, question.zone),
        "updated_at": iso(question.now_ms, question.zone),
    }


def of_entry(connection: Connection, row: Any, question: Question) -> dict[str, Any]:
    """An entry as JSON, with what its day now brought in its currency."""
    day = day_number(row.at_ms, question.zone)
    amount, sales = ledger.of_day(connection, row.currency, day)
    told = {"date": _iso_day(day), "revenue": rounded(amount, row.currency), "sales": sales}
    return {**ledger.entry_json(row, question.zone), "day": told}


def so_far(connection: Connection, question: Question) -> dict[str, Any]:
    """Today's, yesterday's and the month's total in the main currency: what a sale changes."""
    return _figures(_booked(connection, question, question.currency), question, question.currency)


class Booked:
    """Sums of days and sources of one currency, in millionths."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.amounts: Counter[tuple[int, str]] = Counter()
        self.sales: Counter[int] = Counter()
        self._rows = rows
        for row in rows:
            self.amounts[row.day, row.source] = row.amount_micros
            if row.source == ALL:
                self.sales[row.day] = row.sales

    def since(self, first: int) -> int:
        return sum(row.amount_micros for row in self._rows if row.day >= first and row.source == ALL)

    def by_source(self, first: int, currency: str) -> list[dict[str, Any]]:
        """The largest first; ``percent`` of what came in."""
        amounts: defaultdict[str, int] = defaultdict(int)
        sales: Counter[str] = Counter()
        for row in self._rows:
            if row.day >= first and row.source != ALL:
                amounts[row.source] += row.amount_micros
                sales[row.source] += row.sales
        whole = sum(amount for amount in amounts.values() if amount > 0)
        return [
            {
                "source": source,
                "revenue": rounded(amount, currency),
                "sales": sales[source],
                "percent": round(100 * max(0, amount) / whole, 1) if whole else 0.0,
            }
            for source, amount in sorted(amounts.items(), key=lambda pair: (-pair[1], pair[0]))
            if amount or sales[source]
        ]


def _booked(connection: Connection, question: Question, currency: str) -> Booked:
    first = min(
        question.first_day, question.today - LOOK_BACK_DAYS, _first_of_month(_first_of_month(question.today) - 1)
    )
    return Booked(ledger.days(connection, currency, first, question.today))


def _figures(booked: Booked, question: Question, currency: str) -> dict[str, Any]:
    today = question.today
    return {
        "today": rounded(booked.amounts[today, ALL], currency),
        "yesterday": rounded(booked.amounts[today - 1, ALL], currency),
        "month": rounded(booked.since(_first_of_month(today)), currency),
    }


def _first_of_month(day: int) -> int:
    return date.fromordinal(day).replace(day=1).toordinal()


def _month_before(connection: Connection, booked: Booked, question: Question) -> dict[str, Any] | None:
    """What the month before had brought by the same day and time; None where the ledger does not reach back so far."""
    began = _first_of_month(question.today)
    first = _first_of_month(began - 1)
    known_since = ledger.first_day(connection, question.currency)
    if known_since is None or known_since > first:
        return None
    last = first + question.today - began
    brought: float = sum(booked.amounts[day, ALL] for day in range(first, min(last, began)))
    if last < began:
        brought += _by_this_time(connection, last, question)
    return {
        "from": _iso_day(first),
        "to": _iso_day(min(last, began - 1)),
        "revenue": rounded(brought, question.currency),
    }


def _by_this_time(connection: Connection, day: int, question: Question) -> float:
    """What ``day`` had brought when its clocks showed what they show now, in millionths.

    Hours are known as wholes: of the one that ran then, as large a part is counted as was over.
    """
    clock = datetime.fromtimestamp(question.now_ms / 1000, question.zone).time()
    then_ms = round(datetime.combine(date.fromordinal(day), clock, question.zone).timestamp() * 1000)
    running = hour_start(then_ms, question.zone)
    over = (then_ms - running * MINUTE_MS) / HOUR_MS
    hours = ledger.hours(connection, question.currency, _midnight_ms(day, question.zone) // MINUTE_MS, running)
    return sum(row.amount_micros * (over if row.hour == running else 1) for row in hours)


def _projected(connection: Connection, booked: Booked, question: Question) -> dict[str, Any]:
    today = date.fromordinal(question.today)
    first = ledger.first_day(connection, question.currency)
    earned = {date.fromordinal(day): float(amount) for (day, source), amount in booked.amounts.items() if source == ALL}
    first_day = None if first is None else date.fromordinal(first)
    found = month(earned, today, _passed(today, question), first_day)
    return _projection_json(found, today, question.currency)


def _passed(today: date, question: Question) -> float:
    """How much of today is over; twice a year a day has not 24 hours."""
    began_ms, ends_ms = (_midnight_ms(today.toordinal() + days, question.zone) for days in (0, 1))
    return min(1.0, max(0.0, (question.now_ms - began_ms) / (ends_ms - began_ms)))


def _midnight_ms(day: int, zone: ZoneInfo) -> int:
    """When a day (``day_number``) begins."""
    return round(datetime.combine(date.fromordinal(day), time(), zone).timestamp() * 1000)


def _projection_json(found: Projection, today: date, currency: str) -> dict[str, Any]:
    return {
        "month": today.strftime("%Y-%m"),
        "amount": rounded(round(found.expected), currency),
        "low": rounded(round(found.low), currency),
        "high": rounded(round(found.high), currency),
        "basis": found.basis.value,
        "days_known": found.days_known,
    }


def _by_hour(connection: Connection, question: Question) -> list[dict[str, Any]]:
    """What each hour of the clock brought in the last 30 days, the same days as everywhere."""
    last = hour_start(question.now_ms, question.zone)
    first = hour_start(_midnight_ms(question.first_day, question.zone), question.zone)
    amounts, sales = [0] * 24, [0] * 24
    for row in ledger.hours(connection, question.currency, first, last):
        hour = datetime.fromtimestamp(row.hour * 60, question.zone).hour
        amounts[hour] += row.amount_micros
        sales[hour] += row.sales
    return [
        {"hour": hour, "revenue": rounded(amounts[hour], question.currency), "sales": sales[hour]} for hour in range(24)
    ]


def _by_stream(connection: Connection, question: Question) -> list[dict[str, Any]]:
    """The newest streams, with what each earned."""
    rows = _STREAMS(connection, limit=STREAMS).all()
    amounts = earnings.by_stream(connection, [row.id for row in rows])
    return [
        {
            "id": row.id,
            "platform": row.platform,
            "channel": row.name,
            "started_at": iso(row.started_at_ms, question.zone),
            "duration_seconds": max(0, row.last_at_ms - row.started_at_ms) // 1000,
            "live": is_running(row.last_at_ms, row.ended_at_ms, question.now_ms),
            "earned": earnings.earned([amounts.get(row.id, {})], question.currency),
        }
        for row in rows
    ]


def _other(connection: Connection, question: Question, currency: str) -> dict[str, Any]:
    """The same in short, of a currency that is not the main one."""
    booked = _booked(connection, question, currency)
    return {
        "currency": currency,
        **_figures(booked, question, currency),
        "last_30_days": rounded(booked.since(question.first_day), currency),
        "by_source": booked.by_source(question.first_day, currency),
    }


def _iso_day(day: int) -> str:
    return date.fromordinal(day).isoformat()


_STREAMS = Prepared(
    select(
        Stream.id,
        Stream.started_at_ms,
        Stream.last_at_ms,
        Stream.ended_at_ms,
        Channel.platform,
        Channel.name,
    )
    .join(Channel, Channel.id == Stream.channel_id)
    .order_by(Stream.started_at_ms.desc())
    .limit(bindparam("limit"))
)
