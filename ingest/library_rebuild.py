"""Recomputes what is told of the library's records from the records: proof that it is right, and its repair."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, select, update

from ingest.library import table_of
from ingest.library_figures import RECOMPUTED, count
from models import LibraryContent, LibraryPlan
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
        columns, after = table_of(kind).c, 0
        while rows := connection.execute(
            select(*columns).where(columns.id > after).order_by(columns.id).limit(CHUNK)
        ).all():
            after = rows[-1].id
            count(connection, kind, zone, added=rows)
            read += len(rows)
            progress(read)
    return read
