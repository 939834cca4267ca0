"""Statements: compiled once, run on plain values, in whichever dialect; a list is one value."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    Result,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NullType

from core.rows import Rows, row_maker


def insert_for(connection: Connection) -> Callable[[Any], Any]:
    """The ``insert`` construct that knows ON CONFLICT in this connection's dialect."""
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


class BulkStatement:
    """One statement for many rows: compiled once per dialect, run on plain tuples (a third of the cost of dicts).

    ``build`` gets the dialect's ``insert`` and answers the statement; ``columns`` names its parameters in the order of
    the tuples: an INSERT's best in that of its table, or each tuple is arranged anew. Values reach the driver as they
    are: no column type converts them. An UPDATE whose tuples are all about different rows of its table may say so
    (``each_once``): then many of them go to SQLite together, as those of an INSERT always do.
    """

    def __init__(
        self, build: Callable[[Callable[[Any], Any]], Any], columns: Sequence[str], *, each_once: bool = False
    ) -> None:
        self._build = build
        self._each_once = each_once
        self.columns = tuple(columns)
        self._compiled: dict[str, _Bulk] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        dialect = connection.dialect
        bulk = self._compiled.get(dialect.name)
        if bulk is None:
            bulk = self._compiled[dialect.name] = self._compile(connection)
        given = list(map(bulk.arrange, rows)) if bulk.arrange else list(rows)
        if not _goes_straight(connection):
            connection.exec_driver_sql(bulk.sql, given)
            return
        driver: Any = connection.connection.dbapi_connection
        try:
            bulk.run(driver, given)
        except sqlite3.Error as error:
            raise _as_sqlalchemy_tells(error, bulk.sql, given, connection) from error

    def _compile(self, connection: Connection) -> _Bulk:
        statement = self._build(insert_for(connection))
        compiled = statement.compile(dialect=connection.dialect, column_keys=list(self.columns))
        if not compiled.positional:
            return _Bulk(str(compiled), lambda row: dict(zip(self.columns, row, strict=True)))
        together = compiled.isinsert or (compiled.isupdate and self._each_once)
        if tuple(compiled.positiontup) == self.columns:
            return _Bulk(str(compiled), None, together)
        return _Bulk(str(compiled), itemgetter(*(self.columns.index(name) for name in compiled.positiontup)), together)


class _Bulk:
    """A statement's text, how its rows are arranged, and the same for many rows at once, where it has such a form.

    For each row of an ``executemany`` the driver gives the interpreter away and must get it back, up to 5 ms later when
    another thread computes; a trigger's full-text index writes itself out after each. Many rows in one statement cost
    one of either, and less even without them.
    """

    SIZES = (128, 16, 4)  # rows together; what remains goes one by one

    def __init__(self, sql: str, arrange: Callable[[tuple[Any, ...]], Any] | None, together: bool = False) -> None:
        self.sql = sql
        self.arrange = arrange
        self._wide = [(size, wide) for size in self.SIZES if together and (wide := _for_many(sql, size))]

    def run(self, driver: Any, rows: list[Any]) -> None:
        done = 0
        for size, sql in self._wide:
            while len(rows) - done >= size:
                driver.execute(sql, tuple(chain.from_iterable(rows[done : done + size])))
                done += size
        if done < len(rows):
            driver.executemany(self.sql, rows[done:] if done else rows)


def _for_many(sql: str, size: int) -> str | None:
    """SQLite's statement for ``size`` rows from that for one, with its parameters in the same order; None: too odd."""
    row = f"({', '.join('?' * sql.count('?'))})"
    rows = ", ".join([row] * size)
    if sql.startswith("INSERT"):
        return sql.replace(f"VALUES {row}", f"VALUES {rows}") if f"VALUES {row}" in sql else None
    parts = sql.split("?")
    named = "".join(f"{part}given.column{number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]
    return f"WITH given AS (VALUES {rows}) {named.replace(' WHERE ', ' FROM given WHERE ', 1)}"


def adding(table: Any, keys: Sequence[str], columns: Sequence[str]) -> BulkStatement:
    """Adds to ``columns`` of the row with these ``keys``, which is made where there is none."""
    return upserting(table, keys, columns, add_to=columns)


def replacing(table: Any, keys: Sequence[str], columns: Sequence[str]) -> BulkStatement:
    """Sets ``columns`` of the row with these ``keys``, which is made where there is none."""
    return upserting(table, keys, columns, replace=columns)


def upserting(
    table: Any, keys: Sequence[str], columns: Sequence[str], *, add_to: Sequence[str] = (), replace: Sequence[str] = ()
) -> BulkStatement:
    """Makes the row with these ``keys`` and ``columns``; in one that is there it changes only what is named."""

    def build(insert: Callable[[Any], Any]) -> Any:
        upsert = insert(table)
        changes = {name: getattr(table, name) + upsert.excluded[name] for name in add_to}
        changes |= {name: upsert.excluded[name] for name in replace}
        return upsert.on_conflict_do_update(index_elements=list(keys), set_=changes)

    return BulkStatement(build, (*keys, *columns))


class Prepared:
    """A SELECT compiled once per dialect: to build and hash one anew costs ten times what SQLite needs to answer it.

    Its values come as keywords, named like its ``bindparam``s; a list goes to a parameter made by ``among``. Values and
    rows pass as the driver has them, all rows at once.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, connection: Connection, **values: Any) -> Result[Any]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement.compile(dialect=dialect))
        given = {**compiled.defaults, **values}
        if compiled.order is None:
            return connection.exec_driver_sql(compiled.sql, given)
        told = [given[name] for name in compiled.order]
        parameters = tuple([json.dumps(value) if isinstance(value, list) else value for value in told])
        if _goes_straight(connection):
            return cast("Result[Any]", compiled.read(connection, parameters))
        return connection.exec_driver_sql(compiled.sql, parameters)


class _Compiled:
    """A statement's text, the order of its parameters (None: they go by name), and what its rows are called.

    For SQLite numbers that never change stand in the text: where a parameter decides whether a partial index fits, it
    makes a new plan of the statement each time that it is given a value, which costs more than most answers.
    """

    def __init__(self, compiled: SQLCompiler) -> None:
        self.sql = compiled.string
        self.defaults = dict(compiled.params)
        self.order: tuple[str, ...] | None = None
        if compiled.positional:
            self.order = tuple(compiled.positiontup or ())
            if compiled.dialect.name == "sqlite":
                self._write_numbers(compiled)
        self._make: Callable[[tuple[Any, ...]], Any] | None = None

    def _write_numbers(self, compiled: SQLCompiler) -> None:
        names, parts = tuple(compiled.positiontup or ()), self.sql.split("?")
        if len(parts) - 1 != len(names):
            return  # a text holds one as well
        told = [(self.defaults[name], compiled.binds[name].unique) for name in names]  # unique: no keyword names it
        written = [str(int(value)) if unique and isinstance(value, int) else "?" for value, unique in told]
        self.sql = "".join(chain.from_iterable(zip(parts, [*written, ""], strict=True)))
        self.order = tuple(name for name, number in zip(names, written, strict=True) if number == "?")

    def read(self, connection: Connection, parameters: tuple[Any, ...]) -> Rows:
        """Asks SQLite's driver itself: a cursor of SQLAlchemy's costs more than most of these answers do."""
        driver: Any = connection.connection.dbapi_connection
        try:
            cursor = driver.execute(self.sql, parameters)
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise _as_sqlalchemy_tells(error, self.sql, parameters, connection) from error
        if self._make is None:
            self._make = row_maker([column[0] for column in cursor.description])
        return Rows(self._make, rows)


def _goes_straight(connection: Connection) -> bool:
    """Whether to ask SQLite's driver itself: not where somebody listens, as tests of query plans do."""
    return (
        connection.dialect.name == "sqlite"
        and connection.in_transaction()
        and not connection.dispatch.before_cursor_execute
    )


def _as_sqlalchemy_tells(error: sqlite3.Error, sql: str, parameters: Any, connection: Connection) -> BaseException:
    return DBAPIError.instance(
        sql,
        parameters,
        error,
        sqlite3.Error,
        dialect=connection.dialect,
        hide_parameters=connection.engine.hide_parameters,
    )


class among(ColumnElement[bool]):
    """``column`` is one of a list that is handed to a ``Prepared`` as the keyword ``name``, however long it is."""

    type: Any = NullType()  # as a Boolean SQLite would be asked for `(… IN …) = 1`, which no index answers
    inherit_cache = False

    def __init__(self, column: Any, name: str) -> None:
        self.column = getattr(column, "expression", column)
        self.values: BindParameter[Any] = bindparam(name)


@compiles(among)
def _among_array(element: among, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"{compiler.process(element.column, **kwargs)} = ANY({compiler.process(element.values, **kwargs)})"


@compiles(among, "sqlite")
def _among_json(element: among, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, values = compiler.process(element.column, **kwargs), compiler.process(element.values, **kwargs)
    # Both come from the compiler.
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # nosec B608


def one_of(connection: Connection, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """``column IN values`` as one parameter, whatever their number: an expanded list is compiled anew each time."""
    chosen = list(values)
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(chosen)).table_valued("value")
        return cast("ColumnElement[bool]", column.in_(select(listed.c.value)))
    return cast("ColumnElement[bool]", column == any_(literal(chosen, ARRAY(column.type))))
