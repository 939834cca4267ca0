"""How one process finds out that another has written."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Hashable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from core.db import Database
from core.turns import CHANNEL

LOOK_ANYWAY_SECONDS = 1.0  # a notice may be lost with its connection


def changes_of(connection: Connection) -> tuple[object, ...] | None:
    """Something that stays equal, from one transaction to a later one, only while nobody writes; None: cannot be told.

    SQLite counts the rows that a connection has changed, and tells it that others have committed.
    """
    if connection.dialect.name != "sqlite":
        return None
    driver: Any = connection.connection.dbapi_connection
    return driver, driver.total_changes, driver.execute("PRAGMA data_version").fetchone()[0]


class ChangeSignal:
    """Tells cheaply whether another connection has committed since the last look.

    SQLite counts commits (4 µs a look); PostgreSQL sends a notice that is read off the socket without asking anything.
    Where the database offers neither, every look says yes and the caller reads its cursor.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._seen: int | None = None
        self._look_at = 0.0

    def changed(self) -> bool:
        if self._database.backend == "sqlite":
            return self._counted()
        return self._noticed() if self._database.backend == "postgresql" else True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()  # nobody else shall get a connection that listens
            self._connection.close()
            self._connection = None

    def _counted(self) -> bool:
        if self._connection is None:
            self._connect()
        version = int(self._driver.execute("PRAGMA data_version").fetchone()[0])
        changed = version != self._seen
        self._seen = version
        return changed

    def _noticed(self) -> bool:
        if self._connection is None:
            self._connect().exec_driver_sql(f"LISTEN {CHANNEL}")
            self._look_at = 0.0  # what came before is in no notice
        noticed = False
        try:
            self._driver.pgconn.consume_input()
            while self._driver.pgconn.notifies():
                noticed = True
        except self._database.engine.dialect.loaded_dbapi.Error:
            self.close()  # if the database itself is away, the look that follows says so
            return True
        if noticed or time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_ANYWAY_SECONDS
            return True
        return False

    def _connect(self) -> Connection:
        # Outside a transaction: inside one nothing would ever seem to change.
        self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    @property
    def _driver(self) -> Any:
        assert self._connection is not None
        return self._connection.connection.driver_connection


class Marks:
    """``current()`` answers the same as before only if nothing was committed in between, by whatever process.

    Unlike ChangeSignal, which hears of a commit soon, this is certain at the moment it is asked: who has been told that
    a commit is done never finds the mark from before it. SQLite counts commits; PostgreSQL is asked which transactions
    can be seen (a round trip). None: it cannot be told, because the database cannot, or is away.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def current(self) -> Hashable | None:
        try:
            if self._database.backend == "sqlite":
                return self._counted()
            return self._visible() if self._database.backend == "postgresql" else None
        except (DBAPIError, sqlite3.Error):
            self.close()
            return None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _counted(self) -> Hashable:
        if self._connection is None:
            # A connection of its own, for one that commits does not count its own commits; outside a transaction, in
            # which nothing would ever seem to change.
            self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        driver: Any = self._connection.connection.driver_connection
        return driver, driver.execute("PRAGMA data_version").fetchone()[0]  # each connection counts for itself

    def _visible(self) -> Hashable:
        with self._database.engine.connect() as connection:
            asking = connection.execution_options(isolation_level="AUTOCOMMIT")
            return str(asking.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one())
