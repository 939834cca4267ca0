"""Stores the demo's library in the way of every other record, many at a time."""

from __future__ import annotations

from sqlalchemy import Connection

from demo.library import Library
from ingest import library
from rules.library_fields import clean
from rules.library_kinds import KINDS, PAYMENTS
from rules.library_values import Setting


def store(connection: Connection, made: Library, setting: Setting, *, now_ms: int) -> int:
    """In the caller's transaction; answers how many records."""
    ids: dict[str, list[int]] = {}
    stored = 0
    for kind in KINDS:
        records = made.by_path()[kind.path]
        rows = [library.with_keys(kind, clean(kind, record, setting, now_ms)) for record in records]
        for row in rows:
            if kind is PAYMENTS:
                row["plan_id"] = made.users[row["member_id"] - 1]["plan_id"]
            for _, column, path in kind.references:
                if row[column] is not None:
                    row[column] = ids[path][row[column] - 1]
        ids[kind.path] = library.store_many(connection, kind, rows, setting.zone, now_ms)
        stored += len(rows)
    return stored
