"""Backup and restore of a SQLite database: whole copies, made while it is written to, put back while nobody uses it."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from actions import wishes
from core.db import Database, DatabaseUnusable, shown, why_unusable
from core.processes import is_running
from models import SCHEMA_REVISION

STEP_PAGES = 1_000
PAUSE_SECONDS = 0.005  # between two steps: a slow disk is the collector's first
SUFFIXES = ("-wal", "-shm", "-journal")

Progress = Callable[[int, int], None]  # pages done, pages in all


@dataclass(frozen=True, slots=True)
class Restored:
    """Where what was there before is ``kept``; who is ``back`` who was erased after the backup was made."""

    kept: Path | None
    back: list[str]


def _quietly(_done: int, _total: int) -> None:
    pass


def back_up(database: Database, file: Path, *, replace: bool = False, progress: Progress = _quietly) -> int:
    """Writes the database, as it is at this moment, to ``file`` (mode 0600); answers its size in bytes.

    ``replace``: whether a file that is there may be replaced. It appears whole and checked, or not at all. Raises
    DatabaseUnusable.
    """
    source = _file_of(database, "--backup")
    if not source.is_file():
        raise DatabaseUnusable(f"{source}: there is no database yet, nothing to back up")
    if file.is_dir() or (file.exists() and file.samefile(source)):
        raise DatabaseUnusable(f"{file}: name a file of its own for the backup")
    if file.exists() and not replace:
        raise DatabaseUnusable(f"{file} is there already: name another, or say --force to replace it")
    with _made_beside(file, source) as copy:
        _copy(source, copy, progress)
        _check(copy, source)
        size = copy.stat().st_size
        if replace:
            copy.replace(file)
        else:
            _appear(copy, file)
        _sync(file.parent)
    return size


def restore(
    database: Database,
    file: Path,
    *,
    upgrade: Callable[[Database], None],
    stamp: str,
    progress: Progress = _quietly,
) -> Restored:
    """Puts the backup ``file`` in the database's place.

    ``upgrade`` brings an older backup to this version's schema; ``stamp`` ends the kept file's name. Until the very
    last step nothing is changed. Raises DatabaseUnusable, also while a process uses the database.
    """
    target = _file_of(database, "--restore")
    if not file.is_file():
        raise DatabaseUnusable(f"{file}: there is no such file")
    if target.exists() and file.samefile(target):
        raise DatabaseUnusable(f"{file} is the database itself: name a backup")
    with _alone(target):
        pass  # better told now than after minutes of copying
    with _made_beside(target, file) as copy:
        _copy(file, copy, progress)
        _check(copy, file)
        _upgrade(copy, upgrade)
        back = wishes.carry(target, copy) if target.exists() else []
        with _alone(target):
            kept = _keep(target, target.with_name(f"{target.name}.before-{stamp}"), copy)
            copy.replace(target)
        _sync(target.parent)
    return Restored(kept, back)


def _file_of(database: Database, option: str) -> Path:
    name = database.url.database
    if not database.is_sqlite:
        tools = "pg_dump and pg_restore" if database.backend == "postgresql" else "its own BACKUP and RESTORE"
        raise DatabaseUnusable(f"{option} is for SQLite; {shown(database.url)} is backed up and restored with {tools}")
    if not name or name == ":memory:" or name.startswith("file:"):
        raise DatabaseUnusable(f"{option}: {shown(database.url)} is no database in a file")
    return Path(name)


@contextmanager
def _made_beside(file: Path, source: Path) -> Iterator[Path]:
    """A new empty file in the folder of ``file``, for this user alone; gone at the end unless it was moved."""
    made = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        _forget_unfinished(file)
        needed, free = source.stat().st_size, shutil.disk_usage(file.parent).free
        if needed > free:
            raise DatabaseUnusable(f"{file.parent}: {needed >> 20:,} MB are needed, {free >> 20:,} MB are free")
        made.unlink(missing_ok=True)
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield made
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"{file}: {why_unusable(error)}") from error
    except OSError as error:
        raise DatabaseUnusable(f"{error.filename or file}: {error.strerror or error}") from error
    finally:
        for leftover in (made, *_companions(made)):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


def _forget_unfinished(file: Path) -> None:
    """Removes what earlier ones had begun that were killed: it is as large as the database."""
    for left in file.parent.glob(f".{glob.escape(file.name)}.*.part*"):
        process = left.name.removeprefix(f".{file.name}.").partition(".")[0]
        if process.isdigit() and not is_running(int(process)):
            left.unlink(missing_ok=True)


def _copy(source: Path, copy: Path, progress: Progress) -> None:
    """Copies what ``source`` holds now, write-ahead log and all, into one file.

    One snapshot is held all the while: without it SQLite begins anew whenever another process commits, which a
    collector does ten times a second. (VACUUM INTO needs none, but computes as long as this copies, and cannot pause.)
    """

    def told(_status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)
        time.sleep(PAUSE_SECONDS)

    with closing(_open(source)) as reading, closing(_open(copy)) as writing:
        try:
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            raise DatabaseUnusable(f"{source}: {why_unusable(error)}") from error
        writing.execute("PRAGMA synchronous = OFF")  # it is synchronised once, as a whole
        reading.backup(writing, pages=STEP_PAGES, progress=told)
        writing.execute("PRAGMA journal_mode = DELETE")  # one file, which may be read from anywhere
    with copy.open("rb") as written:
        os.fsync(written.fileno())


def _open(file: Path) -> sqlite3.Connection:
    """A connection to a file that is there: SQLite would make one that is not."""
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)


def _check(copy: Path, source: Path) -> None:
    """Raises DatabaseUnusable unless ``copy`` is whole and a database of ours that this version can read."""
    with closing(_open(copy)) as connection:
        try:
            faults = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
        except sqlite3.DatabaseError as error:
            faults = [str(error)]
        if faults != ["ok"]:
            raise DatabaseUnusable(f"{source} is damaged ({faults[0].splitlines()[-1]}): use another backup")
        try:
            revision = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError:
            revision = None
    if revision is None:
        raise DatabaseUnusable(f"{source} is no database of StreamPulse")
    if revision[0] > SCHEMA_REVISION:
        raise DatabaseUnusable(
            f"{source} was written by a newer StreamPulse (schema {revision[0]}, this one knows {SCHEMA_REVISION}): "
            "update the program"
        )


def _upgrade(copy: Path, upgrade: Callable[[Database], None]) -> None:
    database = Database(f"sqlite:///{copy.resolve()}")
    try:
        upgrade(database)
    finally:
        database.close()
    with closing(_open(copy)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # nothing of it may be left in another file


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keeps every other process out of the database while this lasts; leaves it in one file. Raises DatabaseUnusable.

    Leaving the write-ahead log needs a lock that SQLite gives only to the last user: web process and collector keep a
    connection open as long as they live, so the question is exact, whoever they are and however they were started.
    """
    if not target.exists():
        yield
        return
    with closing(_open(target)) as connection:
        try:
            connection.execute("PRAGMA busy_timeout = 500")
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise DatabaseUnusable(
                    f"{target} is in use: stop app.py and collector.py first "
                    "(pm2 stop ecosystem.config.js, or systemctl stop)"
                ) from error
        except sqlite3.DatabaseError:
            pass  # damaged: that is why somebody restores
        yield


def _keep(target: Path, kept: Path, copy: Path) -> Path | None:
    """Gives the database that is there a second name, and its owner and mode to the one to come."""
    for companion in _companions(target):  # of one that is damaged or gone; another must not take them for its own
        if companion.exists():
            companion.rename(kept.with_name(kept.name + companion.name.removeprefix(target.name)))
    if not target.exists():
        return None
    was = target.stat()
    copy.chmod(was.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(copy, was.st_uid, was.st_gid)
    _appear(target, kept)
    return kept


def _appear(file: Path, name: Path) -> None:
    """Gives a file another name, which must be free; where a file system knows no second names, it moves."""
    try:
        os.link(file, name)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise
        file.rename(name)


def _companions(file: Path) -> list[Path]:
    return [file.with_name(file.name + suffix) for suffix in SUFFIXES]


def _sync(folder: Path) -> None:
    """Puts the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
