"""The database: reading and writing transactions, and what is wrong when it fails."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
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

from core import postgresql, sqlite
from core.turns import WAIT_MS, Mark, has_left, leave_mark

BUSY_TIMEOUT_MS = WAIT_MS  # of every Database made from now on
LOCKED = "the database is locked by another program"
WAIT_PAUSE_SECONDS = 0.5


class DatabaseUnusable(Exception):
    """The database cannot be used as it is; the message is one line that says why and what to do."""


class CommitUnknown(OperationalError):
    """The line was lost during a commit: all of the transaction is stored, or nothing. Ask ``was_committed``."""

    def __init__(self, error: OperationalError, mark: Mark) -> None:
        super().__init__(error.statement, error.params, error.orig or error)
        self.mark = mark


class Database:
    """One engine and its two kinds of transaction.

    ``reading()`` sees one consistent snapshot; ``writing()`` waits for its turn at its start (SQLite's write lock),
    because a transaction that reads first and writes later fails under contention instead of waiting.
    """

    _file: sqlite.OpenFile

    def __init__(self, url: str, beside: Database | None = None) -> None:
        """``beside``: another of this process, for the same file, which must not have become a different one since."""
        self._is_beside = beside is not None
        try:
            self.url = made = make_url(url)
            self.is_sqlite = made.get_backend_name() == "sqlite"
            if self.is_sqlite:
                if reason := sqlite.why_too_old():
                    raise DatabaseUnusable(reason)
                self.url = sqlite.from_project_root(made)
                self._file = beside._file if beside else sqlite.OpenFile(self.url.database or "")
                self.engine = sqlite.engine(self.url, BUSY_TIMEOUT_MS, self._file)
            else:
                self.engine = postgresql.engine(self.url, BUSY_TIMEOUT_MS)
        except ModuleNotFoundError as error:
            raise DatabaseUnusable(f"DATABASE_URL: its driver is not installed: {error.name}") from error
        except (ArgumentError, ValueError):
            # Without the reason and the cause: both show the address with its password.
            raise DatabaseUnusable("DATABASE_URL: this is no address of a database that can be reached") from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = postgresql.snapshot(connection)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, traced: bool = False) -> Iterator[Connection]:
        """``traced``: raises CommitUnknown when the line is lost while a server commits."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(streampulse_writes=True)
            with connection.begin() as transaction:
                mark = leave_mark(connection) if traced else None
                yield connection
                try:
                    transaction.commit()
                except OperationalError as error:
                    if mark is None:
                        raise
                    raise CommitUnknown(error, mark) from error

    def was_committed(self, unknown: CommitUnknown) -> bool:
        """What became of a transaction whose end was not heard. Raises OperationalError while that cannot be told."""
        with self.writing() as connection:  # where the server has not noticed yet that we are gone, it waits for that
            return has_left(connection, unknown.mark)

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

    def another(self) -> Database:
        """The same for another thread, with connections of its own."""
        return Database(self.url.render_as_string(hide_password=False), beside=self)

    def close(self) -> None:
        """Ends its connections; on SQLite also those that are held, and those of ``another``."""
        self.engine.dispose()
        if self.is_sqlite and not self._is_beside:
            self._file.close()

    @property
    def backend(self) -> str:
        """``sqlite``, ``postgresql`` or ``cockroachdb``."""
        return self.url.get_backend_name()


def is_outage(error: Exception) -> bool:
    """Whether the database itself is at fault (locked, full, damaged, away) and not what it was asked to do."""
    code = _sqlstate(error)
    if code:
        return not code.startswith(FAULTS_OF_VALUES) if code[:2] != "42" else code in FAULTS_OF_SET_UP
    if isinstance(error, (OperationalError, InterfaceError, InternalError, PoolTimeout)):
        return True
    return type(error) is DatabaseError  # so SQLite calls a damaged file; what is wrong with a value is a subclass


# PostgreSQL's classes of errors: values that do not fit, rows that contradict others, more than an index can hold.
FAULTS_OF_VALUES = ("22", "23", "54")
FAULTS_OF_SET_UP = ("42501", "42P01")  # no right to a table, no such table: somebody is at work on the database


def _sqlstate(error: Exception) -> str:
    """PostgreSQL's code of what went wrong; "" where it comes from elsewhere."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def is_locked(error: Exception) -> bool:
    """Whether another transaction kept the turn for too long."""
    return isinstance(error, OperationalError) and why_unusable(error) == LOCKED


KNOWN_TROUBLES = {
    sqlite.DELETED: sqlite.DELETED,
    sqlite.REPLACED: sqlite.REPLACED,
    "QueuePool limit": "all connections are in use",
    "database is locked": LOCKED,
    "lock timeout": LOCKED,
    "readonly database": "the database file is read-only, or its folder is",
    "disk is full": "the disk is full",
    "No space left on device": "the disk of the database server is full",
    "unable to open database file": "the database file cannot be opened: does its folder exist, may it be written?",
    "file is not a database": "the file is not a SQLite database",
    "malformed": "the database file is damaged; restore a backup",
    "Connection refused": "no database server answers at this address",
    "No such file or directory": "no database server answers at this address",
    "failed to resolve host": "the host of the database is not known",
    "could not translate host name": "the host of the database is not known",
    "timeout expired": "the database server does not answer",
    "starting up": "the database server is starting",
    "not yet accepting": "the database server is starting",
    "shutting down": "the database server is stopping",
    "terminating connection": "the database server has closed the connection",
    "server closed the connection": "the database server has closed the connection",
    "connection is closed": "the database server has closed the connection",
    "too many clients": "the database server has no connection left",
    "connection slots": "the database server has no connection left",
    "password authentication failed": "the database server refuses this user and password",
    "no password supplied": "the database server wants a password",
}


def why_unusable(error: SQLAlchemyError | sqlite3.Error) -> str:
    """One line for people on what is wrong with the database, from the driver's error."""
    reason = str(getattr(error, "orig", None) or error).strip()
    known = next((line for sign, line in KNOWN_TROUBLES.items() if sign in reason), None)
    return known or reason.splitlines()[0]


def passes_by_itself(error: SQLAlchemyError) -> bool:
    """Whether a server that cannot be reached now may be reached soon; a wrong password stays wrong."""
    reason = str(getattr(error, "orig", None) or error)
    refused_for_good = "FATAL" in reason and not any(
        sign in reason for sign in ("starting up", "shutting down", "not yet accepting", "too many", "slots")
    )
    return is_outage(error) and not refused_for_good


def await_server(database: Database, seconds: float, say: Callable[[str], object]) -> None:
    """Waits for a database server that is not there yet: after a power cut all start at once. SQLite needs none.

    ``say`` gets one line when the waiting begins. Whoever comes next is told by the error that remains.
    """
    deadline, said = time.monotonic() + seconds, False
    while not database.is_sqlite:
        try:
            with database.reading():
                return
        except SQLAlchemyError as error:
            if time.monotonic() >= deadline or not passes_by_itself(error):
                return
            if not said:
                say(f"waiting up to {seconds:.0f} s for {shown(database.url)}: {why_unusable(error)}")
                said = True
            time.sleep(WAIT_PAUSE_SECONDS)


def check_schema(database: Database, revision: str) -> None:
    """Raises DatabaseUnusable unless the database's schema is exactly ``revision`` (``"0001"``, ``"0002"`` …)."""
    if database.is_sqlite and sqlite.is_missing(database.url):  # to look into it would make it
        raise DatabaseUnusable(
            f"{shown(database.url)} is not there: run `python init_db.py` to make it, or put it back"
        )
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


def outdated(database: Database, revision: str) -> str:
    """Why a running process must start anew, in one line: its database is not the one it began with. "" if it is.

    A database that cannot be asked now is waited for.
    """
    try:
        with database.reading() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        return sqlite.REPLACED if why_unusable(error) == sqlite.REPLACED else ""
    if found == revision:
        return ""
    return f"the database's schema became {found or 'nothing'}, this program knows {revision}"


def shown(url: URL) -> str:
    """The address without its password."""
    return url.render_as_string(hide_password=True)
