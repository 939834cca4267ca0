"""The database: engine, SQLite's pragmas, reading and writing transactions, and all that differs by dialect."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Select,
    any_,
    bindparam,
    column,
    create_engine,
    event,
    func,
    literal,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import NullType

from core.config import ROOT

BUSY_TIMEOUT_MS = 5_000  # given to the driver, which sets SQLite's busy_timeout before anything else
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut; group commit makes it cheap
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16000",  # KiB
    "PRAGMA temp_store = MEMORY",
)


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; the message is one line that says why and what to do."""


class Database:
    """One engine and its two kinds of transaction.

    ``reading()`` sees one consistent snapshot; ``writing()`` takes SQLite's write lock at its start, because a
    transaction that reads first and writes later fails under contention instead of waiting.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = _from_project_root(make_url(url))
            self.engine = _engine(self.url)
        except ModuleNotFoundError as error:
            raise DatabaseUnusable(f"DATABASE_URL: its driver is not installed: {error.name}") from error
        except (ArgumentError, ValueError):
            # Without the reason and the cause: both show the address with its password.
            raise DatabaseUnusable("DATABASE_URL: this is no address of a database that can be reached") from None
        self.is_sqlite = self.url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            connection = connection.execution_options(streampulse_writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self.engine.dispose()

    @property
    def backend(self) -> str:
        """``sqlite``, ``postgresql`` or ``cockroachdb``."""
        return self.url.get_backend_name()


def _from_project_root(url: URL) -> URL:
    """A relative SQLite path means the project's folder, wherever the program was started from."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return url
    if url.database == ":memory:" or url.database.startswith("file:"):
        return url
    return url.set(database=str(ROOT / url.database))


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=10,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is _begin_sqlite
    try:
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma).close()
    except sqlite3.OperationalError as error:
        # A read-only file cannot be switched to WAL but can still be read.
        if "readonly" not in str(error):
            raise


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("streampulse_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def insert_for(connection: Connection) -> Callable[[Any], Any]:
    """The ``insert`` construct that knows ON CONFLICT in this connection's dialect."""
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


class BulkStatement:
    """One statement for many rows: compiled once per dialect, run on plain tuples (a third of the cost of dicts).

    ``build`` gets the dialect's ``insert`` and answers the statement; ``columns`` names its parameters in the order of
    the tuples. Values reach the driver as they are: no column type converts them.
    """

    def __init__(self, build: Callable[[Callable[[Any], Any]], Any], columns: Sequence[str]) -> None:
        self._build = build
        self.columns = tuple(columns)
        self._compiled: dict[str, tuple[str, Callable[[tuple[Any, ...]], Any] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = self._compile(connection)
        sql, arrange = self._compiled[dialect.name]
        connection.exec_driver_sql(sql, list(map(arrange, rows)) if arrange else list(rows))

    def _compile(self, connection: Connection) -> tuple[str, Callable[[tuple[Any, ...]], Any] | None]:
        statement = self._build(insert_for(connection))
        compiled = statement.compile(dialect=connection.dialect, column_keys=list(self.columns))
        if not compiled.positional:
            return str(compiled), lambda row: dict(zip(self.columns, row, strict=True))
        if tuple(compiled.positiontup) == self.columns:
            return str(compiled), None
        return str(compiled), itemgetter(*(self.columns.index(name) for name in compiled.positiontup))


class Prepared:
    """A SELECT compiled once per dialect: to build and hash one anew costs ten times what SQLite needs to answer it.

    Its values come as keywords, named like its ``bindparam``s; a list goes to a parameter made by ``among``. Values and
    rows pass as the driver has them.
    """

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, Any] = {}

    def __call__(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._statement.compile(dialect=dialect)
        if dialect.name == "sqlite":
            values = {name: json.dumps(value) if isinstance(value, list) else value for name, value in values.items()}
        given = {**compiled.params, **values}
        if compiled.positional:
            return connection.exec_driver_sql(compiled.string, tuple(given[name] for name in compiled.positiontup))
        return connection.exec_driver_sql(compiled.string, given)


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
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both come from the compiler


def one_of(connection: Connection, column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """``column IN values`` as one parameter, whatever their number: an expanded list is compiled anew each time."""
    chosen = list(values)
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(chosen)).table_valued("value")
        return cast("ColumnElement[bool]", column.in_(select(listed.c.value)))
    return cast("ColumnElement[bool]", column == any_(literal(chosen, ARRAY(column.type))))


class begins_with(ColumnElement[bool]):
    """``column`` begins with the parameter ``prefix``, capitals and all, answered from an index."""

    type: Any = NullType()
    inherit_cache = False

    def __init__(self, column: Any, prefix: BindParameter[str]) -> None:
        self.column = getattr(column, "expression", column)
        self.prefix = prefix


@compiles(begins_with)
def _begins_by_operator(element: begins_with, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, prefix = compiler.process(element.column, **kwargs), compiler.process(element.prefix, **kwargs)
    # Trigram indexes know LIKE only, in which the prefix may hold wildcards; chr(37) is a percent sign that no driver
    # takes for the beginning of a parameter.
    return f"({column} LIKE {prefix} || chr(37) AND starts_with({column}, {prefix}))"


@compiles(begins_with, "sqlite")
def _begins_by_range(element: begins_with, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, prefix = compiler.process(element.column, **kwargs), compiler.process(element.prefix, **kwargs)
    # All text that begins with it comes before it and the last of all characters, which no name holds.
    return f"({column} >= {prefix} AND {column} < {prefix} || char(1114111))"


class unindexed(ColumnElement[Any]):
    """``column`` where SQLite must not choose its index: without statistics it would, for a filter that fits many."""

    type: Any = NullType()
    inherit_cache = False

    def __init__(self, column: Any) -> None:
        self.column = getattr(column, "expression", column)


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return compiler.process(element.column, **kwargs)


@compiles(unindexed, "sqlite")
def _with_plus(element: unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"+{compiler.process(element.column, **kwargs)}"


def containing(dialect: str, rows: Any, columns: Sequence[Any], index: str) -> Select[Any]:
    """The ids of ``rows`` in which one of ``columns`` contains a text of three characters or more.

    To be given what ``searched`` answers. ``index`` is SQLite's table for full text, by trigrams; elsewhere trigram
    indexes on the columns answer.
    """
    if dialect == "sqlite":
        indexed = table(index, column("rowid"), column(index))
        return select(indexed.c.rowid.label("id")).where(indexed.c[index].op("MATCH")(bindparam("phrase")))
    return select(rows.c.id).where(or_(*(name.ilike(bindparam("pattern"), escape="/") for name in columns)))


def searched(text: str) -> dict[str, str]:
    """The parameters of ``containing`` (and of ``ilike(…, escape="/")``): whatever ``text`` holds, it is just text."""
    quoted = text.replace('"', '""')
    escaped = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {"phrase": f'"{quoted}"', "pattern": f"%{escaped}%"}


class ChangeSignal:
    """Tells cheaply whether another connection has committed since the last look (SQLite: 4 µs).

    Where the database offers no such counter, every look says yes and the caller reads its cursor.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._seen: int | None = None

    def changed(self) -> bool:
        if not self._database.is_sqlite:
            return True
        if self._connection is None:
            # Outside a transaction: inside one the counter would stand still.
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        driver = self._connection.connection.driver_connection
        assert driver is not None
        version = int(driver.execute("PRAGMA data_version").fetchone()[0])
        changed = version != self._seen
        self._seen = version
        return changed

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def is_outage(error: Exception) -> bool:
    """Whether the database itself is at fault (locked, full, damaged, away) and not what it was asked to do."""
    if isinstance(error, (OperationalError, InterfaceError, InternalError, PoolTimeout)):
        return True
    return type(error) is DatabaseError  # so SQLite calls a damaged file; what is wrong with a value is a subclass


def why_unusable(error: SQLAlchemyError) -> str:
    """One line for people on what is wrong with the database, from the driver's error."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    known = {
        "QueuePool limit": "all connections are in use",
        "database is locked": "the database is locked by another program",
        "readonly database": "the database file is read-only",
        "disk is full": "the disk is full",
        "unable to open database file": "the database file cannot be opened: does its folder exist, may it be written?",
        "file is not a database": "the file is not a SQLite database",
        "malformed": "the database file is damaged; restore a backup",
    }
    return next((line for sign, line in known.items() if sign in reason), reason)


def check_schema(database: Database, revision: str) -> None:
    """Raises DatabaseUnusable unless the database's schema is exactly ``revision`` (``"0001"``, ``"0002"`` …)."""
    try:
        with database.reading() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except OperationalError as error:
        if "no such table" not in str(error):
            raise DatabaseUnusable(f"{shown(database.url)}: {why_unusable(error)}") from error
        found = None
    except DBAPIError as error:
        if "alembic_version" not in str(error.orig):  # the whole error quotes the statement
            raise DatabaseUnusable(f"{shown(database.url)}: {why_unusable(error)}") from error
        found = None
    if found == revision:
        return
    if found is None or found < revision:
        raise DatabaseUnusable(f"{shown(database.url)} has no up-to-date schema: run `python init_db.py`")
    raise DatabaseUnusable(
        f"{shown(database.url)} was written by a newer StreamPulse (schema {found}, this one knows {revision}): "
        "update the program"
    )


def shown(url: URL) -> str:
    """The address without its password."""
    return url.render_as_string(hide_password=True)
