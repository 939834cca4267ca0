"""Moves a whole database into an empty one of any kind: all or nothing, in bounded memory, and counted afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    Table,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    text,
)

from core.db import Database, DatabaseUnusable, check_schema, shown
from models import SCHEMA_REVISION, Base, IgnoredName, VipTier

AT_ONCE = 5_000  # rows in memory
SEEDED = {table.__tablename__ for table in (IgnoredName, VipTier)}  # a new database is not quite empty
MODULUS = 1_000_000_007  # sums of remainders: those of 64-bit keys themselves are too large for SQLite

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Moved:
    """A table of which both sides hold the same: ``rows``, and as many ``sums`` of columns as it has of numbers."""

    table: str
    rows: int
    sums: int


def copy(source: Database, target: Database, say: Say = str) -> list[Moved]:
    """Copies everything into ``target``, whose schema is there and which holds nothing. Raises DatabaseUnusable.

    It sees ``source`` as it is when it begins. Whatever stops it, ``target`` stays empty, and it may be tried again.
    ``say`` gets a line of progress now and then.
    """
    _check_source(source)
    with source.reading() as origin, target.writing() as goal:
        if target.backend == "postgresql":  # it idles while a large table is read on the other side
            goal.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        _check_empty(goal, target)
        for name in SEEDED:
            goal.execute(delete(Base.metadata.tables[name]))
        for table in Base.metadata.sorted_tables:
            _copy_table(origin, goal, table, say)
            _number_on(goal, table)
        moved = [_compared(origin, goal, table, say) for table in Base.metadata.sorted_tables]
    if target.backend == "postgresql":
        with target.writing() as goal:
            goal.execute(text("ANALYZE"))  # it would plan by guesses until it comes to that by itself
    return [one for one in moved if one.rows]


def _check_source(source: Database) -> None:
    if source.is_sqlite and not Path(source.url.database or "").is_file():
        raise DatabaseUnusable(f"{shown(source.url)}: there is no such file")  # opening it would make one
    try:
        check_schema(source, SCHEMA_REVISION)
    except DatabaseUnusable as error:
        if "no up-to-date schema" not in str(error):
            raise
        raise DatabaseUnusable(
            f"{shown(source.url)} is of an older version, or no database of StreamPulse: bring it up to date first, "
            "with `python init_db.py` and its address as DATABASE_URL"
        ) from error


def _check_empty(goal: Connection, target: Database) -> None:
    for table in Base.metadata.sorted_tables:
        if table.name not in SEEDED and goal.scalar(select(1).select_from(table).limit(1)):
            raise DatabaseUnusable(
                f"{shown(target.url)} is not empty ({table.name} has rows): nothing was copied, "
                "use a new database as DATABASE_URL"
            )


def _copy_table(origin: Connection, goal: Connection, table: Table, say: Say) -> None:
    total = _count(origin, table)
    copied = 0
    for rows in _in_parts(origin, table):
        _write(goal, table, rows)
        copied += len(rows)
        say(f"copying {table.name}: {copied:,} of {total:,} rows")


def _in_parts(origin: Connection, table: Table) -> Iterator[Sequence[Any]]:
    """All rows, in the order of their key, never more than AT_ONCE in memory."""
    query = select(table).order_by(*table.primary_key.columns)
    # Of this statement alone: as an option of the connection it would stay with it.
    with origin.execute(query, execution_options={"stream_results": True, "yield_per": AT_ONCE}) as result:
        yield from result.partitions()


def _write(goal: Connection, table: Table, rows: Sequence[Any]) -> None:
    if goal.dialect.name == "sqlite":
        goal.execute(insert(table), [dict(row._mapping) for row in rows])
        return
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = goal.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as stream:
        for row in rows:
            stream.write_row([_storable(value) for value in row])


def _storable(value: Any) -> Any:
    """PostgreSQL's text has no NUL."""
    return value.replace("\0", "") if isinstance(value, str) and "\0" in value else value


def _number_on(goal: Connection, table: Table) -> None:
    """The next row that is made gets the number after the highest; SQLite sees to that by itself."""
    key = table.autoincrement_column
    if key is None or goal.dialect.name == "sqlite":
        return
    highest = goal.scalar(select(func.max(key)))
    sequence = func.pg_get_serial_sequence(table.name, key.name)
    goal.execute(select(func.setval(sequence, highest or 1, highest is not None)))


def _compared(origin: Connection, goal: Connection, table: Table, say: Say) -> Moved:
    say(f"comparing {table.name}")
    numbers = [column for column in table.columns if _is_whole_number(column)]
    ours, theirs = (_sums(connection, table, numbers) for connection in (goal, origin))
    if ours != theirs:
        raise DatabaseUnusable(f"{table.name}: the copy differs from what was read; nothing was copied")
    return Moved(table.name, ours[0], len(numbers))


def _sums(connection: Connection, table: Table, numbers: Sequence[Column[Any]]) -> list[int]:
    asked = select(
        func.count(), *(func.sum(cast(column, BigInteger) % literal(MODULUS, BigInteger)) for column in numbers)
    ).select_from(table)
    return [int(value or 0) for value in connection.execute(asked).one()]


def _is_whole_number(column: Column[Any]) -> bool:
    return isinstance(column.type, Integer) and not isinstance(column.type, Boolean)


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
