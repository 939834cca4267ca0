"""Brings SQLite's log into the file beside those who write, one of whom would otherwise do it within a commit."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from sqlite3 import Error
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from core.db import Database

DUE_PAGES = 4_000  # a batch writes up to 500, mostly the same ones as the one before: copied together they are a few
LONG_PAGES = 8_000  # such a log is to begin anew: 32 MB
PATIENCE_MS = 100  # with readers and writers, and how long these have to wait for a reader
LOOK_SECONDS = 0.2
TROUBLED_SECONDS = 1.0  # between two tries where it could not be done; whoever writes tells why


class Log:
    """How much a database's log holds that is not in its file yet; never anything on other databases.

    It is read from the log itself, for SQLite does not tell without doing the work. Its format is documented and fixed
    (sqlite.org/fileformat2.html): a header that holds the size of a page, and two numbers, its salt; then frames that
    repeat the salt, a page in each. When all of it is copied it begins anew, with another salt and over what was there.
    """

    _HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24

    def __init__(self, database: Database) -> None:
        # Where the name is a link SQLite has its log beside the file itself.
        self._path = os.path.realpath(database.url.database or "") + "-wal" if database.is_sqlite else ""
        self._salt, self._seen = b"", 0

    def is_due(self) -> bool:
        """Whether so much has come since the last ``checkpoint`` that it is worth another. Takes some µs."""
        try:
            file = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            return self._has_grown(file)
        finally:
            os.close(file)  # there are no locks on this file, which would end with it

    def _has_grown(self, file: int) -> bool:
        header = os.pread(file, self._HEADER_BYTES, 0)
        page_bytes, salt = int.from_bytes(header[8:12], "big"), header[16:24]
        if salt != self._salt:
            self._salt, self._seen = salt, 0
        at = self._HEADER_BYTES + (self._seen + DUE_PAGES - 1) * (self._FRAME_HEADER_BYTES + page_bytes)
        return bool(salt) and os.pread(file, self._FRAME_HEADER_BYTES, at)[8:16] == salt

    def checkpoint(self, database: Database) -> None:
        """Copies what no reader needs to find in the log. Nobody waits for it, and it waits for nobody.

        Where the log is long enough it is to begin anew: then what came meanwhile is copied while nobody can write,
        because with somebody who never rests there would always be something left. Raises SQLAlchemyError or
        sqlite3.Error, such as when the disk is full.
        """
        with closing(database.engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            _busy, pages, _copied = driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages >= LONG_PAGES:
                driver.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}").close()
                _busy, pages, _copied = driver.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        self._seen = max(0, pages)


class Checkpoints:
    """A thread that does so while the process runs, with a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._log = Log(database)
        self._shared = database
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> Checkpoints:
        if self._shared.is_sqlite:
            self._thread.start()
        return self

    def close(self) -> None:
        """Waits for one that is under way."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        with closing(self._shared.another()) as own:
            pause = LOOK_SECONDS
            while not self._closing.wait(pause):
                pause = LOOK_SECONDS
                if self._log.is_due():
                    try:
                        self._log.checkpoint(own)
                    except (SQLAlchemyError, Error):
                        pause = TROUBLED_SECONDS
