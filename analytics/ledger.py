"""The ledger as it is read: sums by day, hour, stream and source, and the entries themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from core.clock import SECOND_MS, iso
from core.money import exact
from core.statements import Prepared, among
from models import EntryKind, LedgerDay, LedgerEntry, LedgerHour, LedgerStream, LedgerTotal, Viewer
from rules.earnings import Source

ALL = ""  # the source that is all of them together
STREAK_MS = 30 * SECOND_MS  # so long a pause still is one streak
MOST_TICKS = 8  # entries that are looked at for one line
KINDS = {
    EntryKind.EARNED: "earned",
    EntryKind.REFUND: "refund",
    EntryKind.CORRECTION: "correction",
    EntryKind.MORE: "earned",
}


def currencies(connection: Connection) -> list[str]:
    """In which anything was ever booked."""
    return list(_CURRENCIES(connection).scalars())


def days(connection: Connection, currency: str, first: int, last: int) -> Sequence[Any]:
    """Sums of each day and source (day, source, amount_micros, sales), from ``first`` to ``last`` (``day_number``)."""
    return _DAYS(connection, currency=currency, first=first, last=last).all()


def hours(connection: Connection, currency: str, first: int, last: int) -> Sequence[Any]:
    """Sums of each hour (hour, amount_micros, sales), from ``first`` to ``last`` (``hour_start``)."""
    return _HOURS(connection, currency=currency, first=first, last=last).all()


def best_day(connection: Connection, currency: str) -> Any | None:
    """The day on which most was ever earned (day, amount_micros); of several the latest."""
    return _BEST(connection, currency=currency).first()


def first_day(connection: Connection, currency: str) -> int | None:
    """The first day on which anything was booked."""
    found: int | None = _FIRST(connection, currency=currency).scalar()
    return found


def of_streams(connection: Connection, stream_ids: Sequence[int]) -> Sequence[Any]:
    """Sums of streams (stream_id, currency, source, amount_micros, sales)."""
    return _STREAMS(connection, streams=list(stream_ids)).all() if stream_ids else []


def of_day(connection: Connection, currency: str, day: int) -> tuple[int, int]:
    """What a day brought in all, and in how many sales."""
    row = _DAY(connection, currency=currency, day=day).first()
    return (row.amount_micros, row.sales) if row else (0, 0)


def recent(connection: Connection, limit: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """What was booked last as JSON, newest first. A streak of gifts is one line, with the number of its last entry."""
    lines: list[dict[str, Any]] = []
    micros: list[int] = []
    earlier: Any = None  # of the line that is told now: the entry before
    for row in _RECENT(connection, limit=limit * MOST_TICKS):
        if earlier is not None and _is_one_streak(row, earlier):
            micros[-1] += row.amount_micros
            line = lines[-1]
            line.update(first_id=row.id, quantity=line["quantity"] + row.quantity, amount=exact(micros[-1]))
        elif len(lines) == limit:
            break
        else:
            lines.append(entry_json(row, zone))
            micros.append(row.amount_micros)
        earlier = row
    return lines


def _is_one_streak(row: Any, later: Any) -> bool:
    same = all(getattr(row, name) == getattr(later, name) for name in ("source", "label", "viewer_id", "currency"))
    return row.source == Source.GIFTS and same and abs(later.at_ms - row.at_ms) < STREAK_MS


def newest_id(connection: Connection) -> int:
    """The number of the entry that was booked last, 0 where there is none."""
    return int(_NEWEST_ID(connection).scalar() or 0)


def after(connection: Connection, cursor: int, limit: int) -> Sequence[Any]:
    """The newest entries booked after the one with the number ``cursor``, oldest first."""
    return _AFTER(connection, cursor=cursor, limit=limit).all()[::-1]


def entry_json(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    """One entry of ``after``. ``user`` is empty where nobody is known, or not any more; ``amount`` is not rounded."""
    return {
        "id": row.id,
        "first_id": row.id,
        "at": iso(row.at_ms, zone),
        "source": row.source,
        "kind": KINDS[row.kind],
        "amount": exact(row.amount_micros),
        "currency": row.currency,
        "label": row.label,
        "quantity": row.quantity,
        "user": "" if row.erased_at_ms is not None else row.display_name or row.username or "",
        "platform": row.platform,
    }


_CURRENCIES = Prepared(select(LedgerTotal.currency).where(LedgerTotal.source == ALL).order_by(LedgerTotal.currency))
_DAYS = Prepared(
    select(LedgerDay.day, LedgerDay.source, LedgerDay.amount_micros, LedgerDay.sales).where(
        LedgerDay.currency == bindparam("currency"), LedgerDay.day.between(bindparam("first"), bindparam("last"))
    )
)
_DAY = Prepared(
    select(LedgerDay.amount_micros, LedgerDay.sales).where(
        LedgerDay.currency == bindparam("currency"), LedgerDay.day == bindparam("day"), LedgerDay.source == ALL
    )
)
_HOURS = Prepared(
    select(LedgerHour.hour, LedgerHour.amount_micros, LedgerHour.sales).where(
        LedgerHour.currency == bindparam("currency"), LedgerHour.hour.between(bindparam("first"), bindparam("last"))
    )
)
_BEST = Prepared(
    select(LedgerDay.day, LedgerDay.amount_micros)
    .where(LedgerDay.currency == bindparam("currency"), LedgerDay.source == ALL, LedgerDay.amount_micros > 0)
    .order_by(LedgerDay.amount_micros.desc(), LedgerDay.day.desc())
    .limit(1)
)
_FIRST = Prepared(select(func.min(LedgerDay.day)).where(LedgerDay.currency == bindparam("currency")))
_STREAMS = Prepared(select(LedgerStream.__table__).where(among(LedgerStream.stream_id, "streams")))
_ENTRIES = select(
    LedgerEntry.__table__, Viewer.username, Viewer.display_name, Viewer.platform, Viewer.erased_at_ms
).outerjoin(Viewer, Viewer.id == LedgerEntry.viewer_id)
_RECENT = Prepared(_ENTRIES.order_by(LedgerEntry.id.desc()).limit(bindparam("limit")))
_NEWEST_ID = Prepared(select(func.max(LedgerEntry.id)))
_AFTER = Prepared(
    _ENTRIES.where(LedgerEntry.id > bindparam("cursor")).order_by(LedgerEntry.id.desc()).limit(bindparam("limit"))
)
