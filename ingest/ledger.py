"""The ledger: entries are booked once, in the transaction of their cause, and added up as they are.

What was booked is never changed. What turns out wrong is taken out by an entry that corrects it, dated like it, so
that every day, hour and stream is as if it had never been. Sums always equal those of the entries (``rebuild``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, select

from core.clock import day_number, hour_start
from core.events import source_key
from core.statements import BulkStatement, Prepared, adding, among
from models import EntryKind, LedgerDay, LedgerEntry, LedgerHour, LedgerStream, LedgerTotal, Sale
from rules.earnings import Source

ALL = ""  # the source that is all of them together
CHUNK = 5_000
LABEL_LENGTH = 128  # the column's; PostgreSQL refuses more
_COUNTS = {EntryKind.EARNED: 1, EntryKind.REFUND: 0, EntryKind.CORRECTION: -1, EntryKind.MORE: 0}  # sales


@dataclass(frozen=True, slots=True)
class Entry:
    """``amount_micros``: millionths of the currency's unit; ``cause``: names what it is for, see ``key_of``."""

    source: str
    at_ms: int
    currency: str
    amount_micros: int
    cause: str
    kind: int = EntryKind.EARNED
    stream_id: int | None = None
    viewer_id: int | None = None
    label: str = ""
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class _Row:
    """An entry with its keys, as it stands in the table."""

    entry: Entry
    cause_key: int | None
    corrects_id: int | None = None
    sales: int = 0  # how many this adds to the number of them


def key_of(cause: str) -> int:
    """64 bits of a cause's name, e.g. ``shop/order-1``."""
    key = source_key(cause)
    assert key is not None
    return key


def book(connection: Connection, entries: Sequence[Entry], zone: ZoneInfo, now_ms: int) -> None:
    """Writes entries and adds them up. The caller's transaction, which holds their causes, makes both happen."""
    rows = [_Row(entry, key_of(entry.cause), sales=_COUNTS[entry.kind]) for entry in entries]
    _write(connection, rows, zone, now_ms)


def book_one(connection: Connection, entry: Entry, zone: ZoneInfo, now_ms: int) -> int:
    """Writes one entry; answers its number."""
    book(connection, [entry], zone, now_ms)
    found: int = _NEWEST_OF(connection, cause=key_of(entry.cause)).scalar()  # type: ignore[assignment]
    return found


def take_out(connection: Connection, causes: Sequence[str], zone: ZoneInfo, now_ms: int) -> None:
    """Corrects what stands of each cause to nothing; a cause named twice loses two entries, if it has them."""
    wanted = Counter(map(key_of, causes))
    standing: defaultdict[int, list[Any]] = defaultdict(list)
    for row in _standing(connection, list(wanted)):
        standing[row.cause_key].append(row)
    rows = [_corrected(row) for key, count in wanted.items() for row in standing[key][:count]]
    _write(connection, rows, zone, now_ms)


def replace_all(connection: Connection, cause: str, entry: Entry | None, zone: ZoneInfo, now_ms: int) -> None:
    """Makes ``entry`` (None: nothing) all that stands of a cause that was edited or deleted."""
    rows = [_corrected(row) for row in _standing(connection, [key_of(cause)])]
    if entry is not None:
        rows.append(_Row(entry, key_of(entry.cause), sales=_COUNTS[entry.kind]))
    _write(connection, rows, zone, now_ms)


def forget_shop(connection: Connection, zone: ZoneInfo) -> None:
    """Deletes what the shop's events earned, where these are deleted as if they had never been."""
    reported = select(Sale.entry_id)  # by another system, that may call itself a shop
    mine = (LedgerEntry.source == Source.SHOP.value, LedgerEntry.id.not_in(reported))
    connection.execute(delete(LedgerEntry).where(*mine))
    rebuild(connection, zone)


def rebuild(connection: Connection, zone: ZoneInfo) -> int:
    """Adds all entries up anew, with the days and hours of ``zone``; answers how many there are."""
    for table in (LedgerDay, LedgerHour, LedgerStream, LedgerTotal):
        connection.execute(delete(table))
    count = 0
    for rows in _chunks(connection):
        _add(connection, rows, zone)
        count += len(rows)
    return count


def _standing(connection: Connection, keys: list[int]) -> list[Any]:
    """Entries of these causes that no correction has taken out, in the order of their numbers."""
    rows = [row for row in _OF_CAUSES(connection, keys=keys) if row.kind != EntryKind.CORRECTION] if keys else []
    gone = set(_CORRECTED(connection, ids=[row.id for row in rows]).scalars()) if rows else set()
    return [row for row in rows if row.id not in gone]


def _corrected(row: Any) -> _Row:
    entry = _entry(row)
    taken = replace(entry, amount_micros=-entry.amount_micros, kind=EntryKind.CORRECTION)
    return _Row(taken, row.cause_key, corrects_id=row.id, sales=-_COUNTS[entry.kind])


def _entry(row: Any) -> Entry:
    """A row of the table, which holds its cause's key and not its name."""
    return Entry(
        source=row.source,
        at_ms=row.at_ms,
        currency=row.currency,
        amount_micros=row.amount_micros,
        cause="",
        kind=row.kind,
        stream_id=row.stream_id,
        viewer_id=row.viewer_id,
        label=row.label,
        quantity=row.quantity,
    )


def _write(connection: Connection, rows: Sequence[_Row], zone: ZoneInfo, now_ms: int) -> None:
    if not rows:
        return
    _INSERT.run(connection, [_inserted(row, now_ms) for row in rows])
    _add(connection, rows, zone)


def _add(connection: Connection, rows: Sequence[_Row], zone: ZoneInfo) -> None:
    """Adds entries to their day, hour, stream and currency."""
    days, hours, streams, totals = (Sums() for _ in range(4))
    for row in rows:
        entry = row.entry
        day, hour = day_number(entry.at_ms, zone), hour_start(entry.at_ms, zone)
        for source in (entry.source, ALL):
            days.add((entry.currency, day, source), row)
            totals.add((entry.currency, source), row)
            if entry.stream_id is not None:
                streams.add((entry.stream_id, entry.currency, source), row)
        hours.add((entry.currency, hour), row)
    for sums, statement in ((days, _ADD_DAYS), (hours, _ADD_HOURS), (streams, _ADD_STREAMS), (totals, _ADD_TOTALS)):
        statement.run(connection, sums.rows())


class Sums:
    """Amounts and numbers of sales by key."""

    def __init__(self) -> None:
        self._amounts: Counter[tuple[Any, ...]] = Counter()
        self._sales: Counter[tuple[Any, ...]] = Counter()

    def add(self, key: tuple[Any, ...], row: _Row) -> None:
        self._amounts[key] += row.entry.amount_micros
        self._sales[key] += row.sales

    def rows(self) -> list[tuple[Any, ...]]:
        return [(*key, amount, self._sales[key]) for key, amount in self._amounts.items()]


def _chunks(connection: Connection) -> Iterator[list[_Row]]:
    """All entries; whether a correction took out a sale or a refund, the entry it corrects tells."""
    after = 0
    while found := _AFTER(connection, after=after).all():
        after = found[-1].id
        corrected = [row.corrects_id for row in found if row.corrects_id is not None]
        kinds = {row.id: row.kind for row in _KINDS(connection, ids=corrected)} if corrected else {}
        yield [
            _Row(_entry(row), row.cause_key, corrects_id=row.corrects_id, sales=_sales_of(row, kinds)) for row in found
        ]


def _sales_of(row: Any, kinds: dict[int, int]) -> int:
    if row.kind == EntryKind.CORRECTION:
        return -_COUNTS[kinds.get(row.corrects_id, EntryKind.EARNED)]
    return _COUNTS[row.kind]


def _inserted(row: _Row, now_ms: int) -> tuple[Any, ...]:
    entry = row.entry
    return (
        entry.at_ms,
        now_ms,
        entry.source,
        entry.kind,
        entry.currency,
        entry.amount_micros,
        entry.stream_id,
        entry.viewer_id,
        entry.label[:LABEL_LENGTH],
        entry.quantity,
        row.cause_key,
        row.corrects_id,
    )


_ENTRIES = select(LedgerEntry.__table__)
_AFTER = Prepared(_ENTRIES.where(LedgerEntry.id > bindparam("after")).order_by(LedgerEntry.id).limit(CHUNK))
_OF_CAUSES = Prepared(_ENTRIES.where(among(LedgerEntry.cause_key, "keys")).order_by(LedgerEntry.id))
_NEWEST_OF = Prepared(
    select(LedgerEntry.id).where(LedgerEntry.cause_key == bindparam("cause")).order_by(LedgerEntry.id.desc()).limit(1)
)
_CORRECTED = Prepared(select(LedgerEntry.corrects_id).where(among(LedgerEntry.corrects_id, "ids")))
_KINDS = Prepared(select(LedgerEntry.id, LedgerEntry.kind).where(among(LedgerEntry.id, "ids")))
_INSERT = BulkStatement(
    lambda insert: insert(LedgerEntry),
    (
        "at_ms",
        "booked_at_ms",
        "source",
        "kind",
        "currency",
        "amount_micros",
        "stream_id",
        "viewer_id",
        "label",
        "quantity",
        "cause_key",
        "corrects_id",
    ),
)
_SUMS = ["amount_micros", "sales"]
_ADD_DAYS = adding(LedgerDay, ["currency", "day", "source"], _SUMS)
_ADD_HOURS = adding(LedgerHour, ["currency", "hour"], _SUMS)
_ADD_STREAMS = adding(LedgerStream, ["stream_id", "currency", "source"], _SUMS)
_ADD_TOTALS = adding(LedgerTotal, ["currency", "source"], _SUMS)
