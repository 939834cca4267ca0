"""The library's records: each stored, changed or removed together with what is counted of it."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete, insert, update

from core.statements import BulkStatement
from ingest import library_payments
from ingest.library_figures import count
from models import Base
from rules.library_fields import Kind
from rules.library_kinds import PAYMENTS, PLANS, REVIEWS, USERS, WATCHES
from rules.library_values import name_key


def table_of(kind: Kind) -> Table:
    return Base.metadata.tables[kind.table]


def with_keys(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with those that follow from them: names and addresses without regard to capitals."""
    column = _KEYED.get(kind.path, "")
    return {**values, f"{column}_key": name_key(values[column])} if column in values else dict(values)


def store(connection: Connection, kind: Kind, values: Mapping[str, Any], zone: ZoneInfo, now_ms: int) -> int:
    """Stores a record; answers its id."""
    table = table_of(kind)
    made = with_keys(kind, values) | {"created_at_ms": now_ms, "updated_at_ms": now_ms}
    row = connection.execute(insert(table).values(made).returning(*table.c)).one()
    count(connection, kind, zone, added=[row])
    if kind is PAYMENTS:
        library_payments.book(connection, [row], zone, now_ms)
    return int(row.id)


def change(
    connection: Connection, kind: Kind, row: Any, values: Mapping[str, Any], zone: ZoneInfo, now_ms: int
) -> None:
    """Changes columns of the record of ``row``."""
    table = table_of(kind)
    changed = with_keys(kind, values) | {"updated_at_ms": now_ms}
    after = connection.execute(update(table).where(table.c.id == row.id).values(changed).returning(*table.c)).one()
    count(connection, kind, zone, added=[after], removed=[row])
    if kind is PAYMENTS:
        library_payments.correct(connection, row, after, zone, now_ms)


def remove(connection: Connection, kind: Kind, row: Any, zone: ZoneInfo, now_ms: int) -> None:
    """Removes the record of ``row``, to which nothing refers any more."""
    table = table_of(kind)
    count(connection, kind, zone, removed=[row])
    if kind is PAYMENTS:
        library_payments.correct(connection, row, None, zone, now_ms)
    connection.execute(delete(table).where(table.c.id == row.id))


def store_many(
    connection: Connection, kind: Kind, records: Sequence[Mapping[str, Any]], zone: ZoneInfo, now_ms: int
) -> list[int]:
    """Stores records, each with the same columns in the same order: those that are neither counted nor made here.

    Answers their ids in their order; none of those to which nothing refers, because they are asked for in vain.
    """
    if not records:
        return []
    row_type: Any = namedtuple("row_type", list(records[0]))  # type: ignore[misc]
    rows = [row_type(*record.values()) for record in records]
    count(connection, kind, zone, added=rows)
    if kind in (WATCHES, REVIEWS):
        _bulk(kind, row_type._fields).run(connection, [(*row, now_ms, now_ms) for row in rows])
        return []
    table = table_of(kind)
    made = [{**record, "created_at_ms": now_ms, "updated_at_ms": now_ms} for record in records]
    stored = connection.execute(insert(table).returning(*table.c, sort_by_parameter_order=True), made).all()
    if kind is PAYMENTS:
        library_payments.book(connection, stored, zone, now_ms)
    return [row.id for row in stored]


def _bulk(kind: Kind, columns: tuple[str, ...]) -> BulkStatement:
    if kind.table not in _INSERTS:
        table = table_of(kind)
        columns = (*columns, "created_at_ms", "updated_at_ms")
        _INSERTS[kind.table] = BulkStatement(lambda insert: insert(table), columns)
    return _INSERTS[kind.table]


_KEYED = {PLANS.path: "name", USERS.path: "email"}
_INSERTS: dict[str, BulkStatement] = {}
