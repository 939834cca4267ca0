"""Recomputes what is told of the library's records from the records: proof that it is right, and its repair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select, update

from ingest.library import table_of
from ingest.library_figures import PAID, RECOMPUTED, count, count_payments
from models import LibraryContent, LibraryPayment, LibraryPlan
from rules.library_kinds import KINDS

CHUNK = 5_000


def rebuild(connection: Connection, zone: ZoneInfo, progress: Callable[[int], None] = lambda _records: None) -> int:
    """Does so in the caller's transaction; answers how many records were read. Also needed when TIMEZONE changes."""
    for table in RECOMPUTED:
        connection.execute(delete(table))
    connection.execute(update(LibraryPlan).values(user_count=0))
    connection.execute(update(LibraryContent).values(watch_count=0, review_count=0, review_total=0))
    read = 0
    for kind in KINDS:
        for rows in _chunks(connection, table_of(kind)):
            count(connection, kind, zone, added=rows)
            read += len(rows)
            progress(read)
    return read


def recount_payments(connection: Connection, zone: ZoneInfo, currencies: Sequence[str]) -> None:
    """Adds up anew what was paid in these currencies."""
    for table in PAID:
        connection.execute(delete(table).where(table.currency.in_(currencies)))
    payments = LibraryPayment.__table__
    for rows in _chunks(connection, payments, payments.c.currency.in_(currencies)):
        count_payments(connection, zone, [(1, row) for row in rows])


def _chunks(connection: Connection, table: Any, *where: Any) -> Iterator[Sequence[Any]]:
    after = 0
    query = select(*table.c).where(*where).order_by(table.c.id).limit(CHUNK)
    while rows := connection.execute(query.where(table.c.id > after)).all():
        after = rows[-1].id
        yield rows
