"""SQLite's log: brought into the file beside those who write, and bounded whatever goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core import checkpoints, sqlite
from core.checkpoints import Checkpoints, Log
from core.config import ROOT
from core.db import Database
from tests.processes import wait_until
from tests.support import database

pytestmark = pytest.mark.sqlite

PAGE = 4_096 + 24  # with what the log says of it
DUE, LONG, FULL = 100, 200, 400
WAIT = 20.0
SLACK = 1_000  # pages that come while somebody is at it, or cannot get a turn


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Database]:
    """A database whose log is soon full."""
    monkeypatch.setattr(checkpoints, "DUE_PAGES", DUE)
    monkeypatch.setattr(checkpoints, "LONG_PAGES", LONG)
    monkeypatch.setattr(checkpoints, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(sqlite, "FULL_LOG_PAGES", FULL)
    with closing(database(tmp_path)) as made:
        yield made


def write(of: Database, pages: int = 10) -> None:
    """One transaction that puts a little more than so many pages into the log."""
    with of.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS filled (at INTEGER PRIMARY KEY, what BLOB)").close()
        for _ in range(pages):
            connection.exec_driver_sql("INSERT INTO filled (what) VALUES (zeroblob(4000))").close()


def log_of(of: Database) -> Path:
    return Path(f"{of.url.database}-wal")


def pages_in(log: Path) -> int:
    return log.stat().st_size // PAGE


# When it is due.


def test_it_is_due_when_enough_has_come_and_again_when_as_much_has_come_since(short: Database) -> None:
    log = Log(short)
    write(short, DUE // 2)
    assert not log.is_due()
    write(short, DUE)
    assert log.is_due()
    log.checkpoint(short)
    assert not log.is_due()
    write(short, DUE // 2)  # begins the log anew, for all of it was copied
    assert not log.is_due()
    write(short, DUE)
    assert log.is_due()


def test_nothing_is_due_where_there_is_no_log(short: Database) -> None:
    log = Log(short)
    short.close()
    assert not log.is_due()
    assert not Log(Database("sqlite:///:memory:")).is_due()
    assert not Log(Database("postgresql+psycopg://nobody@nowhere/nothing")).is_due()
    log_of(short).write_bytes(b"")
    assert not log.is_due()


def test_a_long_log_is_begun_anew_though_something_always_comes_meanwhile(short: Database) -> None:
    log = Log(short)
    write(short, LONG)
    log.checkpoint(short)
    write(short, 1)
    assert pages_in(log_of(short)) < LONG + DUE, "what came last is at its beginning"


def test_a_file_that_is_reached_by_a_link_has_its_log_beside_itself(short: Database, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "linked.db"
    link.symlink_to(str(short.url.database))
    with closing(Database(f"sqlite:///{link}")) as linked:
        log = Log(linked)
        write(linked, DUE)
        assert log.is_due()


def test_looking_takes_no_lock_away(short: Database) -> None:
    """A process loses all its locks on a file with the first of its descriptors that is closed."""
    with short.writing() as connection:
        connection.exec_driver_sql("INSERT INTO installation (key, value) VALUES ('a', '')")
        Log(short).is_due()
        attempt = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
        tried = subprocess.run(
            [sys.executable, "-c", attempt, str(short.url.database)], capture_output=True, text=True, check=False
        )
    assert "database is locked" in tried.stderr


# The thread.


@contextmanager
def running(of: Database) -> Iterator[Checkpoints]:
    made = Checkpoints(of).start()
    try:
        yield made
    finally:
        made.close()


def write_for(of: Database, seconds: float, counted: list[int] | None = None) -> None:
    """Writes with hardly any rest, as many transactions as there is time for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        write(of)
        if counted is not None:
            counted.append(pages_in(log_of(of)))
        time.sleep(0.002)


def test_nobody_who_writes_has_to_copy_anything(short: Database) -> None:
    with running(short):
        write(short, DUE)
        wait_until(lambda: is_in_the_file(short), "it is in the file", WAIT)


def is_in_the_file(of: Database) -> bool:
    """Whether the file alone, without its log, holds the table: nobody but the thread can have put it there."""
    return b"CREATE TABLE filled" in Path(str(of.url.database)).read_bytes()


def test_the_log_stays_bounded_while_two_write_with_hardly_any_rest_and_another_reads(short: Database) -> None:
    sizes: list[int] = []
    other = Database(short.url.render_as_string(hide_password=False))
    enough = threading.Event()

    def read() -> None:
        with closing(Database(short.url.render_as_string(hide_password=False))) as own:
            while not enough.is_set():
                with own.reading() as connection:
                    connection.exec_driver_sql("SELECT count(*) FROM installation").scalar()
                    time.sleep(0.002)

    threads = [threading.Thread(target=read), threading.Thread(target=write_for, args=(other, 3))]
    with running(short):
        for thread in threads:
            thread.start()
        write_for(short, 3, sizes)
        enough.set()
        for thread in threads:
            thread.join(WAIT)
    other.close()
    assert len(sizes) * 2 * 10 > FULL + SLACK, "more was written than the log may hold"
    assert max(sizes) < FULL + SLACK


def test_a_long_reader_lets_the_log_grow_and_it_shrinks_when_they_are_gone(short: Database) -> None:
    with running(short):
        with short.reading() as reader:
            reader.exec_driver_sql("SELECT count(*) FROM installation").scalar()
            for _ in range(2 * FULL // 10):
                write(short)
            grown = pages_in(log_of(short))
        assert grown > 2 * FULL

        def begins_anew() -> bool:
            with closing(sqlite3.connect(str(short.url.database))) as plain:
                write(short)
                return int(plain.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]) < FULL

        wait_until(begins_anew, "the log begins anew", WAIT)


def test_what_fails_is_tried_again(short: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    really = Log.checkpoint

    def failing(self: Log, of: Database) -> None:
        tried.append(of)
        if len(tried) < 3:
            raise sqlite3.OperationalError("database or disk is full")
        really(self, of)

    monkeypatch.setattr(Log, "checkpoint", failing)
    monkeypatch.setattr(checkpoints, "TROUBLED_SECONDS", 0.01)
    with running(short):
        write(short, DUE)
        wait_until(lambda: is_in_the_file(short), "it is in the file", WAIT)
    assert len(tried) >= 3


def test_when_all_are_gone_everything_is_in_the_file(short: Database) -> None:
    with running(short):
        write_for(short, 0.2)
    short.close()
    assert not log_of(short).exists()
    with closing(sqlite3.connect(str(short.url.database))) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_closing_one_that_never_began_does_nothing(short: Database) -> None:
    Checkpoints(short).close()


def test_other_databases_need_none() -> None:
    nowhere = Checkpoints(Database("postgresql+psycopg://nobody@nowhere/nothing")).start()
    assert "checkpoints" not in {thread.name for thread in threading.enumerate()}
    nowhere.close()


WRITING = """
import sys
from core import checkpoints, sqlite
from core.db import Database
from tests.core.test_checkpoints import write
checkpoints.DUE_PAGES, checkpoints.LONG_PAGES, checkpoints.LOOK_SECONDS = 100, 200, 0.01
sqlite.FULL_LOG_PAGES = 400
database = Database(sys.argv[1])
checkpoints.Checkpoints(database).start()
while True:
    write(database)
    print("committed", flush=True)
"""


def test_what_was_committed_survives_whenever_the_process_is_killed(short: Database) -> None:
    committed = 0
    for number in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITING, short.url.render_as_string()], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as writing:
            assert writing.stdout
            for _ in range(40 + 7 * number):
                assert writing.stdout.readline() == "committed\n"
            os.kill(writing.pid, signal.SIGKILL)
            committed += 40 + 7 * number + len(writing.stdout.read().splitlines())
        with short.reading() as connection:
            stored = connection.exec_driver_sql("SELECT count(*) FROM filled").scalar_one() // 10
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert committed <= stored <= committed + number + 1  # one may have ended before it could say so
        committed = stored
