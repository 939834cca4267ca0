"""What is told of the library's records without reading them all: kept with every change, equal to a rebuild.

``count`` is the one place through which every record that is stored, changed or removed is counted, whether a person,
an import or the demo did it. A change is one record removed and one added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, literal_column, select, update

from core.clock import day_number, month_number
from core.statements import BulkStatement, Prepared, adding, among
from models import (
    LibraryCohort,
    LibraryContent,
    LibraryGenre,
    LibraryMethod,
    LibraryPlan,
    LibraryPlanDay,
    LibraryRevenueDay,
    LibraryTotal,
    LibraryWatchMonth,
)
from rules.library_fields import Kind

Signed = tuple[int, Any]  # +1 or −1, and a row


def count(
    connection: Connection, kind: Kind, zone: ZoneInfo, *, added: Sequence[Any] = (), removed: Sequence[Any] = ()
) -> None:
    """Counts rows (whatever has the table's columns as attributes) in, and others out, in the caller's transaction."""
    if len(added) != len(removed):
        _ADD_TOTAL.run(connection, [(kind.table, len(added) - len(removed))])
    if kind.table in _COUNTED:
        _COUNTED[kind.table](connection, zone, [*((-1, row) for row in removed), *((1, row) for row in added)])


class _Sums:
    """Sums by key: how many, and how much."""

    def __init__(self) -> None:
        self.counts: Counter[Hashable] = Counter()
        self.amounts: Counter[Hashable] = Counter()

    def add(self, key: Hashable, sign: int, amount: int) -> None:
        self.counts[key] += sign
        self.amounts[key] += sign * amount

    def rows(self) -> list[tuple[Any, ...]]:
        """(*key, count, amount) of what changed, in the order of the keys: two writers lock rows in the same order."""
        changed = [key for key in self.counts if self.counts[key] or self.amounts[key]]
        return [(*key, self.counts[key], self.amounts[key]) for key in sorted(changed)]  # type: ignore[misc, type-var]

    def emptied(self) -> list[tuple[Any, ...]]:
        """The keys whose rows may now hold nothing."""
        return [key for key in self.counts if self.counts[key] < 0]  # type: ignore[misc]


def _count_watches(connection: Connection, zone: ZoneInfo, rows: Sequence[Signed]) -> None:
    months, titles = _Sums(), Counter[int]()
    for sign, row in rows:
        months.add((month_number(row.watched_at_ms, zone), row.content_id), sign, row.progress)
        titles[row.content_id] += sign
    changed = {content_id: watches for content_id, watches in titles.items() if watches}
    _ADD_WATCHES.run(connection, [(watches, content_id) for content_id, watches in sorted(changed.items())])
    _ADD_MONTHS.run(connection, months.rows())
    _DROP_MONTHS.run(connection, months.emptied())
    genres: Counter[str] = Counter()
    for content_id, genre in _GENRES(connection, titles=sorted(changed)):
        genres[genre] += changed[content_id]
    _ADD_GENRES.run(connection, [(genre, 0, watches) for genre, watches in sorted(genres.items()) if watches])


def _count_reviews(connection: Connection, _zone: ZoneInfo, rows: Sequence[Signed]) -> None:
    titles = _Sums()
    for sign, row in rows:
        titles.add((row.content_id,), sign, row.rating)
    _ADD_REVIEWS.run(connection, [(number, total, content_id) for content_id, number, total in titles.rows()])


def count_payments(connection: Connection, zone: ZoneInfo, rows: Sequence[Signed]) -> None:
    """The one place where money of members comes in, is corrected and taken back."""
    days, plans, methods = _Sums(), _Sums(), _Sums()
    for sign, row in rows:
        day = day_number(row.paid_at_ms, zone)
        days.add((row.currency, day), sign, row.amount_minor)
        plans.add((row.plan_id or 0, row.currency, day), sign, row.amount_minor)
        methods.add((row.method, row.currency), sign, row.amount_minor)
    for sums, add, drop in (
        (days, _ADD_DAYS, _DROP_DAYS),
        (plans, _ADD_PLAN_DAYS, _DROP_PLAN_DAYS),
        (methods, _ADD_METHODS, _DROP_METHODS),
    ):
        add.run(connection, sums.rows())
        drop.run(connection, sums.emptied())


def _count_members(connection: Connection, zone: ZoneInfo, rows: Sequence[Signed]) -> None:
    cohorts: Counter[tuple[int, int, int]] = Counter()
    plans: Counter[int] = Counter()
    for sign, row in rows:
        left = 0 if row.cancelled_at_ms is None else month_number(row.cancelled_at_ms, zone)
        cohorts[row.plan_id or 0, left, month_number(row.joined_at_ms, zone)] += sign
        if row.plan_id is not None and row.cancelled_at_ms is None:
            plans[row.plan_id] += sign
    _ADD_COHORTS.run(connection, [(*key, members) for key, members in sorted(cohorts.items()) if members])
    _DROP_COHORTS.run(connection, [key for key, members in cohorts.items() if members < 0])
    _ADD_USERS.run(connection, [(users, plan_id) for plan_id, users in sorted(plans.items()) if users])


def _count_content(connection: Connection, _zone: ZoneInfo, rows: Sequence[Signed]) -> None:
    genres = _Sums()
    for sign, row in rows:
        genres.add((row.genre,), sign, getattr(row, "watch_count", 0))  # none while it is being imported
    _ADD_GENRES.run(connection, genres.rows())
    _DROP_GENRES.run(connection, genres.emptied())


_COUNTED: dict[str, Callable[[Connection, ZoneInfo, Sequence[Signed]], None]] = {
    "library_members": _count_members,
    "library_content": _count_content,
    "library_watches": _count_watches,
    "library_reviews": _count_reviews,
    "library_payments": count_payments,
}


def _dropping(table: Any, keys: Sequence[str], column: str) -> BulkStatement:
    """Removes the row with these keys if it holds nothing any more."""
    where = [getattr(table, key) == bindparam(f"{key}_") for key in keys]
    return BulkStatement(
        lambda _insert: delete(table).where(*where, getattr(table, column) == literal_column("0")),
        [f"{key}_" for key in keys],
    )


def _figures_of(table: Any, columns: Sequence[str]) -> BulkStatement:
    """Adds to columns of the record with an id, which comes last."""
    changes = {name: getattr(table, name) + bindparam(f"{name}_") for name in columns}
    return BulkStatement(
        lambda _insert: update(table).where(table.id == bindparam("id_")).values(changes),
        [*(f"{name}_" for name in columns), "id_"],
    )


PAID: tuple[Any, ...] = (LibraryRevenueDay, LibraryPlanDay, LibraryMethod)
RECOMPUTED: tuple[Any, ...] = (*PAID, LibraryTotal, LibraryCohort, LibraryWatchMonth, LibraryGenre)
_MONEY = ("payments", "amount_minor")
_ADD_TOTAL = adding(LibraryTotal, ["kind"], ["records"])
_ADD_WATCHES = _figures_of(LibraryContent, ["watch_count"])
_ADD_REVIEWS = _figures_of(LibraryContent, ["review_count", "review_total"])
_ADD_USERS = _figures_of(LibraryPlan, ["user_count"])
_ADD_MONTHS = adding(LibraryWatchMonth, ["month", "content_id"], ["watches", "progress"])
_DROP_MONTHS = _dropping(LibraryWatchMonth, ["month", "content_id"], "watches")
_ADD_GENRES = adding(LibraryGenre, ["genre"], ["titles", "watches"])
_DROP_GENRES = _dropping(LibraryGenre, ["genre"], "titles")
_ADD_DAYS = adding(LibraryRevenueDay, ["currency", "day"], _MONEY)
_DROP_DAYS = _dropping(LibraryRevenueDay, ["currency", "day"], "payments")
_ADD_PLAN_DAYS = adding(LibraryPlanDay, ["plan_id", "currency", "day"], _MONEY)
_DROP_PLAN_DAYS = _dropping(LibraryPlanDay, ["plan_id", "currency", "day"], "payments")
_ADD_METHODS = adding(LibraryMethod, ["method", "currency"], _MONEY)
_DROP_METHODS = _dropping(LibraryMethod, ["method", "currency"], "payments")
_ADD_COHORTS = adding(LibraryCohort, ["plan_id", "left_month", "joined_month"], ["members"])
_DROP_COHORTS = _dropping(LibraryCohort, ["plan_id", "left_month", "joined_month"], "members")
_GENRES = Prepared(select(LibraryContent.id, LibraryContent.genre).where(among(LibraryContent.id, "titles")))
