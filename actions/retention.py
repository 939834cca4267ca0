"""Orders that keep ``RETENTION_DAYS``: raw events go in small steps, and SQLite's file shrinks with them."""

from __future__ import annotations

from typing import Any

from core.db import Database
from ingest import retention
from rules.retention import horizon_ms

__all__ = ["begin", "compact", "forget", "give_back", "horizon_ms", "shrinks"]

STEP_PAGES = 250  # given back in one transaction
SPARE_PAGES = 250  # free pages that are left in the file, for what comes next …
SPARE_SHARE = 20  # … and one in so many

_INCREMENTAL = 2  # PRAGMA auto_vacuum


def begin(database: Database, *, before_ms: int) -> None:
    """Has all raw events from before ``before_ms`` deleted by calls of ``forget``; none is taken any more."""
    with database.writing() as connection:
        retention.keep_since(connection, before_ms)


def forget(database: Database) -> int:
    """One step: deletes some raw events, so that nothing of them is left in SQLite's file; answers how many."""
    with database.overwriting() as connection:
        return retention.forget_some(connection)


def give_back(database: Database) -> bool:
    """One step: makes SQLite's file some free pages shorter; says whether there are more to give back.

    Some stay, because tomorrow's events take the place of those deleted today. PostgreSQL's autovacuum lets new rows
    take the place of old ones by itself.
    """
    if not database.is_sqlite or not shrinks(database):
        return False
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver: Any = connection.connection.driver_connection
        (pages,) = driver.execute("PRAGMA page_count").fetchone()
        (free,) = driver.execute("PRAGMA freelist_count").fetchone()
        too_many = free - max(SPARE_PAGES, pages // SPARE_SHARE)
        if too_many > 0:
            # Run to its end: by ``execute`` it gives back a single page.
            driver.executescript(f"PRAGMA incremental_vacuum({min(STEP_PAGES, too_many)})").close()
        if too_many <= STEP_PAGES:
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # only then the file itself is shorter
        return bool(too_many > STEP_PAGES)


def shrinks(database: Database) -> bool:
    """Whether free space leaves the file: SQLite decides that when it makes a file, or compacts it."""
    with database.reading() as connection:
        return not database.is_sqlite or connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() == _INCREMENTAL


def compact(database: Database) -> tuple[int, int]:
    """Writes SQLite's file anew without free space, and lets it shrink from now on; answers its size before and after.

    Nobody else can write meanwhile, and the disk must hold it twice.
    """
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        driver: Any = connection.connection.driver_connection
        before = _size(driver)
        driver.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
        driver.execute("VACUUM").close()
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return before, _size(driver)


def _size(driver: Any) -> int:
    pages, page_bytes = (driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    return int(pages) * int(page_bytes)
