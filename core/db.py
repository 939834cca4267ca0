"""The database: engine, SQLite's pragmas, reading and writing transactions, and what is wrong when it fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, text
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
from sqlalchemy.pool import QueuePool

from core.config import ROOT
from core.turns import WAIT_MS, take_turn

BUSY_TIMEOUT_MS = WAIT_MS  # given to the driver, which sets SQLite's busy_timeout before anything else
LOCKED = "the database is locked by another program"
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut; group commit makes it cheap
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16000",  # KiB
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",  # the log shrinks again after something long kept it from being emptied
)


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; the message is one line that says why and what to do."""


class Database:
    """One engine and its two kinds of transaction.

    ``reading()`` sees one consistent snapshot; ``writing()`` waits for its turn at its start (SQLite's write lock),
    because a transaction that reads first and writes later fails under contention instead of waiting.
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

    @contextmanager
    def overwriting(self) -> Iterator[Connection]:
        """A writing transaction after which SQLite's free space holds nothing of what was deleted in it."""
        with self.writing() as connection:
            if not self.is_sqlite:
                yield connection
                return
            connection.exec_driver_sql("PRAGMA secure_delete = ON").close()
            try:
                yield connection
            finally:
                connection.exec_driver_sql("PRAGMA secure_delete = OFF").close()

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
        engine = create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10)
        event.listen(engine, "begin", _begin_with_turn)
        return engine
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
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            # Only a file with nothing in it takes this: free space can leave it. Of others it would be a write.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma).close()
    except sqlite3.OperationalError as error:
        # A read-only file cannot be switched to WAL but can still be read.
        if "readonly" not in str(error):
            raise


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("streampulse_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_with_turn(connection: Connection) -> None:
    if connection.get_execution_options().get("streampulse_writes"):
        take_turn(connection)


def is_outage(error: Exception) -> bool:
    """Whether the database itself is at fault (locked, full, damaged, away) and not what it was asked to do."""
    if isinstance(error, (OperationalError, InterfaceError, InternalError, PoolTimeout)):
        return True
    return type(error) is DatabaseError  # so SQLite calls a damaged file; what is wrong with a value is a subclass


def is_locked(error: Exception) -> bool:
    """Whether another transaction kept the turn for too long."""
    return isinstance(error, OperationalError) and why_unusable(error) == LOCKED


def why_unusable(error: SQLAlchemyError | sqlite3.Error) -> str:
    """One line for people on what is wrong with the database, from the driver's error."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    known = {
        "QueuePool limit": "all connections are in use",
        "database is locked": LOCKED,
        "lock timeout": LOCKED,
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
