"""Payments of members in the ledger: each an entry, corrected when the payment is changed or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from core.money import micros_of_minor
from core.statements import Prepared, among
from ingest import ledger
from models import LibraryPlan
from rules.earnings import Source


def book(connection: Connection, rows: Sequence[Any], zone: ZoneInfo, now_ms: int) -> None:
    """Enters new payments (rows of ``library_payments``); nothing was earned by one of 0."""
    names = _plans(connection, rows)
    ledger.book(connection, [_entry(row, names) for row in rows if row.amount_minor], zone, now_ms)


def correct(connection: Connection, before: Any, after: Any | None, zone: ZoneInfo, now_ms: int) -> None:
    """Makes the ledger say what a payment is now; ``after`` None: it is no more."""
    names = _plans(connection, [before, *([] if after is None else [after])])
    was, becomes = _entry(before, names), None if after is None else _entry(after, names)
    if was != becomes:
        entry = becomes if becomes is not None and becomes.amount_micros else None
        ledger.replace_all(connection, was.cause, entry, zone, now_ms)


def _entry(row: Any, names: dict[int, str]) -> ledger.Entry:
    return ledger.Entry(
        source=Source.MEMBERSHIPS.value,
        at_ms=row.paid_at_ms,
        currency=row.currency,
        amount_micros=micros_of_minor(row.amount_minor, row.currency),
        cause=f"payment/{row.id}",
        label=names.get(row.plan_id, ""),
    )


def _plans(connection: Connection, rows: Sequence[Any]) -> dict[int, str]:
    plans = sorted({row.plan_id for row in rows if row.plan_id is not None})
    return {row.id: row.name for row in _NAMES(connection, plans=plans)} if plans else {}


_NAMES = Prepared(select(LibraryPlan.id, LibraryPlan.name).where(among(LibraryPlan.id, "plans")))
