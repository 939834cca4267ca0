"""What the library's members paid: by month, week, day and method. Currencies are told beside each other, never summed.

A series is of one currency; what was paid in others then stands beside it in ``other_currencies``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from core.clock import month_label
from core.statements import Prepared
from models import LibraryMethod, LibraryRevenueDay
from rules.library_months import monday_of, month_of_day, week_label
from rules.library_values import amount, name_key

Paid = tuple[int, int]  # payments, minor units


def by_month(connection: Connection, currency: str) -> list[dict[str, Any]]:
    """From the first month in which anything was paid to the last, those in between with nothing too."""
    months = _added(_ALL(connection), month_of_day)
    span = range(min(months), max(months) + 1) if months else range(0)
    return [{"month": month_label(month)} | _told(months[month], currency, "revenue") for month in span]


def by_day(connection: Connection, currency: str, first: date, last: date) -> list[dict[str, Any]]:
    """Every day from ``first`` to ``last``."""
    ends = {"first": first.toordinal(), "last": last.toordinal()}
    days = _added(_BETWEEN(connection, **ends), lambda day: day)
    return [
        {"date": date.fromordinal(day).isoformat()} | _told(days[day], currency, "revenue")
        for day in range(ends["first"], ends["last"] + 1)
    ]


def by_week(connection: Connection, currency: str) -> list[dict[str, Any]]:
    """ISO weeks, from the first in which anything was paid to the last."""
    weeks = _added(_ALL(connection), monday_of)
    span = range(min(weeks), max(weeks) + 1, 7) if weeks else range(0)
    return [
        {"week": week_label(day), "starts_on": date.fromordinal(day).isoformat()}
        | _told(weeks[day], currency, "total_revenue")
        for day in span
    ]


def ends(connection: Connection) -> tuple[date, date] | None:
    """The first and the last day on which anything was paid."""
    found = connection.execute(select(func.min(LibraryRevenueDay.day), func.max(LibraryRevenueDay.day))).one()
    return None if found[0] is None else (date.fromordinal(found[0]), date.fromordinal(found[1]))


def by_method(connection: Connection) -> list[dict[str, Any]]:
    """How many payments were made by each method, the commonest first, and how much in each currency.

    Spellings that differ in capitals only are one method, called as most payments call it.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    amounts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in connection.execute(
        select(LibraryMethod.__table__).order_by(LibraryMethod.currency, LibraryMethod.method)
    ):
        key = name_key(row.method)
        counts[key][row.method] += row.payments
        amounts[key][row.currency] += row.amount_minor
    listed = [
        {
            "method": spellings.most_common(1)[0][0],
            "count": spellings.total(),
            "amounts": {currency: amount(minor, currency) for currency, minor in amounts[key].items()},
        }
        for key, spellings in counts.items()
    ]
    return sorted(listed, key=lambda one: (-one["count"], one["method"]))


def _added(rows: Iterable[Any], period_of: Callable[[int], int]) -> defaultdict[int, dict[str, Paid]]:
    """Days added up by period and currency."""
    found: defaultdict[int, dict[str, Paid]] = defaultdict(dict)
    for currency, day, payments, minor in rows:
        period = found[period_of(day)]
        before = period.get(currency, (0, 0))
        period[currency] = (before[0] + payments, before[1] + minor)
    return found


def _told(paid: dict[str, Paid], currency: str, name: str) -> dict[str, Any]:
    payments, minor = paid.get(currency, (0, 0))
    others = {other: amount(paid[other][1], other) for other in sorted(paid) if other != currency}
    return {name: amount(minor, currency), "currency": currency, "payments": payments, "other_currencies": others}


_DAYS = select(
    LibraryRevenueDay.currency, LibraryRevenueDay.day, LibraryRevenueDay.payments, LibraryRevenueDay.amount_minor
)
_ALL = Prepared(_DAYS)
_BETWEEN = Prepared(_DAYS.where(LibraryRevenueDay.day.between(bindparam("first"), bindparam("last"))))
