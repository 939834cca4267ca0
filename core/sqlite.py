"""SQLite: how its connections are prepared, and how a transaction begins."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateIndex

from core.config import ROOT

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut; group commit makes it cheap
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -8000",  # KiB for each connection, of which there are up to six: twice as much was no faster
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",  # the log shrinks again after something long kept it from being emptied
)


# How much of the log a commit lets gather before it copies it into the file itself. ``core.checkpoints`` does so long
# before, but only a writer that finds all of it copied can begin it anew.
FULL_LOG_PAGES = 16_000

ONE_LOOK_MS = 10  # within it SQLite tries after 1, 3, 8 and 10 ms

STATEMENTS = 512  # kept parsed by each connection: the driver's own 128 are fewer than there are questions

OLDEST = (3, 35, 0)  # search by trigrams, UPDATE … FROM, RETURNING

DELETED = "the database file was deleted or moved away: put it back, or stop, make a new one (init_db.py) and start"
REPLACED = "the database file was replaced by another; start anew to use that"


def from_project_root(url: URL) -> URL:
    """A relative path means the project's folder, wherever the program was started from."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return url
    return url.set(database=str(ROOT / url.database))


def is_missing(url: URL) -> bool:
    """Whether there is no file, where there could be one. ``url`` holds a whole path (``from_project_root``)."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return False
    file = Path(url.database)
    return file.parent.is_dir() and not file.exists()


def make(url: URL) -> None:
    """Makes the file, empty and for its owner alone, where it is missing: SQLite would let everybody read it."""
    if is_missing(url):
        with suppress(OSError):  # SQLite says better what is in the way
            os.close(os.open(str(url.database), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def why_too_old() -> str:
    """Why this Python's SQLite cannot hold our tables; "" when it can."""
    if sqlite3.sqlite_version_info >= OLDEST:
        return ""
    needed = ".".join(map(str, OLDEST))
    return f"SQLite {needed} or newer is needed, and this Python comes with {sqlite3.sqlite_version}"


def engine(url: URL, wait_ms: int, file: OpenFile) -> Engine:
    """``wait_ms``: how long a writer waits for another; the driver sets SQLite's busy_timeout before anything else."""
    made = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=10,
        pool_use_lifo=True,  # who comes again and again finds the connection that still holds what was read
        connect_args={"check_same_thread": False, "timeout": wait_ms / 1000, "cached_statements": STATEMENTS},
    )
    event.listen(made, "do_connect", file.before_opening)
    event.listen(made, "connect", _prepare)
    event.listen(made, "connect", file.opened)
    event.listen(made, "close", file.closed)
    event.listen(made, "begin", file.before_beginning)
    event.listen(made, "begin", _begin)
    return made


class OpenFile:
    """Whether the file at the database's path is still the one that is open.

    A file that is deleted or replaced stays open and takes whatever is written, and all of it is gone with the last
    process that has it. SQLite itself does not look.
    """

    def __init__(self, path: str) -> None:
        is_file = path and path != ":memory:" and not path.startswith("file:")
        self._paths = {end: Path(f"{path}{end}") for end in ("", "-wal", "-shm")} if is_file else {}
        self._known: dict[str, tuple[int, int]] = {}  # device and number of each file, by what its name ends in
        self._left = False
        self._connections: set[sqlite3.Connection] = set()

    def before_opening(self, *_dialect_and_arguments: Any) -> None:
        """What is gone must not be made anew, empty."""
        if trouble := self._trouble():
            raise sqlite3.OperationalError(trouble)

    def opened(self, connection: sqlite3.Connection, _record: object) -> None:
        self._connections.add(connection)
        if not self._known:
            self._known = {end: found for end in self._paths if (found := self._at_path(end))}

    def closed(self, connection: sqlite3.Connection, _record: object) -> None:
        self._connections.discard(connection)

    def close(self) -> None:
        """Ends every connection, whoever holds it. With the last one of all SQLite puts its log into the file."""
        while self._connections:
            self._connections.pop().close()

    def before_beginning(self, connection: Connection) -> None:
        """Raises OperationalError where the transaction would go into a file that nobody finds any more."""
        if trouble := self._trouble():
            if not self._left:
                self._leave(connection.connection.driver_connection, replaced=trouble == REPLACED)
                self._left = trouble == REPLACED
            raise OperationalError("BEGIN", {}, sqlite3.OperationalError(trouble))

    def _trouble(self) -> str:
        known = self._known.get("")
        if known is None:
            return ""
        found = self._at_path("")
        return "" if found == known else REPLACED if found else DELETED

    def _leave(self, driver: Any, *, replaced: bool) -> None:
        """Brings what is committed into the file that is open, wherever that is now.

        The log must not stay beside a file that it does not belong to: whoever opened that would read both as one.
        """
        with suppress(sqlite3.Error):
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        for end in ("-wal", "-shm") if replaced else ():
            if self._at_path(end) == self._known.get(end):
                with suppress(OSError):
                    self._paths[end].unlink()

    def _at_path(self, end: str) -> tuple[int, int] | None:
        try:
            found = self._paths[end].stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


@compiles(CreateIndex, "sqlite")
def _without_the_row_s_number(element: CreateIndex, compiler: Any, **kwargs: Any) -> str:
    """Every entry of an index ends with its row's number anyway: where it is named as well, SQLite keeps it twice.

    Not of a unique one, which would then be another promise.
    """
    made = str(compiler.visit_create_index(element, **kwargs))
    return made if element.element.unique else made.replace(", id)", ")")


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; ours is _begin
    try:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            # Only a file with nothing in it takes this: free space can leave it. Of others it would be a write.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
        for pragma in PRAGMAS:
            connection.execute(pragma).close()
        connection.execute(f"PRAGMA wal_autocheckpoint = {FULL_LOG_PAGES}").close()
    except sqlite3.OperationalError as error:
        # A read-only file cannot be switched to WAL but can still be read.
        if "readonly" not in str(error):
            raise


def _begin(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    if connection.get_execution_options().get("streampulse_writes"):
        _take_turn(connection, driver)
        return
    driver.execute("BEGIN")  # nothing can go wrong yet, so SQLAlchemy's care would only cost time


def _take_turn(connection: Connection, driver: Any) -> None:
    """Waits until nobody else writes, for as long as the connection's busy_timeout says.

    SQLite itself looks every 0.1 s after a while, and who rests for 20 ms between two batches would be met seldom.
    """
    (wait_ms,) = driver.execute("PRAGMA busy_timeout").fetchone()
    give_up_at = time.monotonic() + wait_ms / 1000
    driver.execute(f"PRAGMA busy_timeout = {min(wait_ms, ONE_LOOK_MS)}").close()
    try:
        while time.monotonic() < give_up_at:
            try:
                driver.execute("BEGIN IMMEDIATE").close()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    break
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # its error is told as SQLAlchemy does
    finally:
        driver.execute(f"PRAGMA busy_timeout = {wait_ms}").close()
