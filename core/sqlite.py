"""SQLite: how its connections are prepared, and how a transaction begins."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

from core.config import ROOT

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut; group commit makes it cheap
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16000",  # KiB
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",  # the log shrinks again after something long kept it from being emptied
)

STATEMENTS = 512  # kept parsed by each connection: the driver's own 128 are fewer than there are questions


def from_project_root(url: URL) -> URL:
    """A relative path means the project's folder, wherever the program was started from."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return url
    return url.set(database=str(ROOT / url.database))


def engine(url: URL, wait_ms: int) -> Engine:
    """``wait_ms``: how long a writer waits for another; the driver sets SQLite's busy_timeout before anything else."""
    made = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=10,
        connect_args={"check_same_thread": False, "timeout": wait_ms / 1000, "cached_statements": STATEMENTS},
    )
    event.listen(made, "connect", _prepare)
    event.listen(made, "begin", _begin)
    return made


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is _begin
    try:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            # Only a file with nothing in it takes this: free space can leave it. Of others it would be a write.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
        for pragma in PRAGMAS:
            connection.execute(pragma).close()
    except sqlite3.OperationalError as error:
        # A read-only file cannot be switched to WAL but can still be read.
        if "readonly" not in str(error):
            raise


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("streampulse_writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    driver: Any = connection.connection.dbapi_connection
    driver.execute("BEGIN")  # nothing can go wrong yet, so SQLAlchemy's care would only cost time
