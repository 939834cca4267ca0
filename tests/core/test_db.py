"""The database layer: transactions that wait, changes that are noticed, and plain words for what is wrong."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import BigInteger, Connection, column, event, insert, literal_column, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import db as core_db
from core.changes import ChangeSignal
from core.config import ROOT, database_address
from core.db import Database, DatabaseUnusable, check_schema, is_outage, shown, why_unusable
from models import SCHEMA_REVISION, Installation
from tests.processes import wait_until
from tests.support import database, rows

WAIT = 20.0  # seconds after which a thread of a test is taken for stuck


def note(connection: Connection, key: str, value: str = "") -> None:
    connection.execute(insert(Installation).values(key=key, value=value))


def keys(of: Database) -> list[str]:
    return [row["key"] for row in rows(of, Installation)]


# Addresses.


def test_a_relative_sqlite_path_means_the_projects_folder_wherever_the_program_was_started() -> None:
    database = Database("sqlite:///streampulse.db")
    assert database.url.database == str(ROOT / "streampulse.db")
    database.close()


@pytest.mark.parametrize(
    "url", ["sqlite:////tmp/other.db", "sqlite:///:memory:", "sqlite:///file:a.db?mode=ro&uri=true"]
)
def test_other_sqlite_addresses_stay_as_they_are(url: str) -> None:
    database = Database(url)
    assert shown(database.url) == url
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite//forgot-the-colon",
        "mysql://lena:hunter2@db/pulse",
        "sqlite+nosuchdriver:///a.db",
        "sqlite+pysqlcipher://:hunter2@/a.db",
        "postgresql+nosuchdriver://lena:hunter2@db/pulse",
        "postgresql+psycopg://lena:hunter2@db:port/pulse",
        "hunter2",
    ],
)
def test_an_address_that_leads_nowhere_is_told_in_one_line_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match=r"^DATABASE_URL: ") as caught:
        Database(url)
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_on_cockroachdb_keys_come_from_sequences_and_what_the_address_says_stays() -> None:
    asked: list[str] = []

    def refuse(_dialect: object, _record: object, _given: object, options: dict[str, str]) -> None:
        asked.append(options["options"])
        raise InterruptedError

    for address in (
        "cockroachdb://lena@127.0.0.1/pulse",
        "cockroachdb://lena@127.0.0.1/pulse?options=--cluster%3Dmine",
    ):
        db = Database(database_address(address))
        event.listen(db.engine, "do_connect", refuse)
        with pytest.raises(InterruptedError):
            db.engine.connect()
    assert asked == ["-c serial_normalization=sql_sequence", "-c serial_normalization=sql_sequence --cluster=mine"]


def test_on_cockroachdb_whole_numbers_are_divided_into_whole_numbers() -> None:
    day = (column("at_ms", BigInteger) + 1) // literal_column("86400000", BigInteger)
    for address, sign in (("cockroachdb+psycopg://", "//"), ("postgresql+psycopg://", "/")):
        told = str((day * 2).compile(dialect=make_url(address).get_dialect()(), compile_kwargs={"literal_binds": True}))
        assert told == f"((at_ms + 1) {sign} 86400000) * 2"


def test_an_address_is_shown_without_its_password() -> None:
    assert shown(make_url("postgresql://lena:hunter2@db/pulse")) == "postgresql://lena:***@db/pulse"


# Transactions.


@pytest.mark.sqlite
def test_every_connection_is_durable_and_checks_foreign_keys(db: Database) -> None:
    with db.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5_000}


@pytest.mark.sqlite
def test_a_process_that_closes_its_database_leaves_one_file_whoever_still_holds_a_connection(tmp_path: Path) -> None:
    db = database(tmp_path)
    file = Path(db.url.database or "")
    other = db.another()
    held = [each.engine.connect() for each in (db, other)]
    with other.writing() as connection:
        connection.execute(text("CREATE TABLE more (id INTEGER)"))
    other.close()
    assert file.with_name(f"{file.name}-wal").exists(), "the connections of the first are its own"
    db.close()
    assert [found.name for found in file.parent.iterdir()] == [file.name]
    assert len(held) == 2


def test_a_transaction_that_fails_leaves_nothing_behind(db: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"), db.writing() as connection:
        note(connection, "half")
        raise RuntimeError("in the middle")
    assert keys(db) == []


def test_a_reader_sees_one_snapshot_while_others_write(db: Database) -> None:
    with db.reading() as reader:
        assert reader.execute(select(Installation.key)).all() == []
        with db.writing() as writer:
            note(writer, "new")
        assert reader.execute(select(Installation.key)).all() == []
    assert keys(db) == ["new"]


@pytest.mark.sqlite
def test_who_comes_again_and_again_finds_the_same_connection_though_others_come_in_between(db: Database) -> None:
    """With another it would have to forget what it knows of the database, and SQLite what it has read."""
    found = []
    for number in range(6):
        with db.writing() as connection:
            found.append(connection.connection.driver_connection)
            if number < 2:
                with db.reading(), db.reading():
                    pass
    assert len(set(found)) == 1


@pytest.mark.sqlite
def test_who_waits_for_a_turn_gets_it_in_the_short_rest_of_somebody_who_writes_much(
    db: Database, tmp_path: Path
) -> None:
    held_seconds, rest_seconds, turns = 0.5, 0.03, 5
    other, enough = Database(f"sqlite:///{tmp_path / 'streampulse.db'}"), threading.Event()

    def write_much() -> None:
        while not enough.is_set():
            with other.writing():
                enough.wait(held_seconds)
            time.sleep(rest_seconds)

    much = threading.Thread(target=write_much)
    much.start()
    began = time.monotonic()
    for number in range(turns):
        with db.writing() as connection:
            note(connection, str(number))
        time.sleep(rest_seconds)
    taken = time.monotonic() - began
    enough.set()
    much.join(WAIT)
    other.close()
    assert taken < 2 * turns * held_seconds


def test_a_second_writer_waits_for_the_first_rather_than_fail(db: Database) -> None:
    holds, may_go, written = threading.Event(), threading.Event(), list[str]()

    def first() -> None:
        with db.writing() as connection:
            note(connection, "first")
            holds.set()
            may_go.wait(WAIT)
            written.append("first")

    def second() -> None:
        holds.wait(WAIT)
        with db.writing() as connection:
            # Reads before it writes: under a lock taken late this is what fails.
            assert connection.scalar(select(Installation.key)) == "first"
            note(connection, "second")
        written.append("second")

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    holds.wait(WAIT)
    may_go.set()
    for thread in threads:
        thread.join(WAIT)
    assert written == ["first", "second"]
    assert keys(db) == ["first", "second"]


def test_a_writer_gives_up_when_the_lock_is_held_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_db, "BUSY_TIMEOUT_MS", 50)
    impatient = database(tmp_path)
    started = time.monotonic()
    with impatient.writing(), pytest.raises(OperationalError) as caught, impatient.writing():
        pass
    impatient.close()
    assert time.monotonic() - started < 3
    assert why_unusable(caught.value) == "the database is locked by another program"


# What is wrong, in plain words.


def test_a_schema_of_the_right_revision_is_fine(db: Database) -> None:
    check_schema(db, SCHEMA_REVISION)


def set_revision(of: Database, revision: str | None) -> None:
    with of.writing() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


@pytest.mark.parametrize("revision", ["0000", None])
def test_an_older_schema_names_the_command_that_upgrades_it(db: Database, revision: str | None) -> None:
    set_revision(db, revision)
    with pytest.raises(DatabaseUnusable, match=r"run `python init_db.py`"):
        check_schema(db, SCHEMA_REVISION)


def test_a_newer_schema_says_so(db: Database) -> None:
    set_revision(db, "9999")
    with pytest.raises(DatabaseUnusable, match=r"newer StreamPulse \(schema 9999, this one knows 0001\)"):
        check_schema(db, "0001")


def unusable(path: Path) -> str:
    database = Database(f"sqlite:///{path}")
    try:
        with pytest.raises(DatabaseUnusable) as caught:
            check_schema(database, SCHEMA_REVISION)
    finally:
        database.close()
    assert len(str(caught.value).splitlines()) == 1
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_an_empty_file_has_no_schema_yet(tmp_path: Path) -> None:
    assert "run `python init_db.py`" in unusable(tmp_path / "new.db")


def test_a_file_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, today I streamed for nine hours. " * 100)
    assert "not a SQLite database" in unusable(tmp_path / "notes.txt")


def test_a_python_with_too_old_a_sqlite_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(DatabaseUnusable, match=r"SQLite 3\.35\.0 or newer is needed, .* comes with 3\.34\.1"):
        Database(f"sqlite:///{tmp_path / 'streampulse.db'}")


def test_a_folder_that_does_not_exist_is_told_so(tmp_path: Path) -> None:
    assert "does its folder exist" in unusable(tmp_path / "nowhere" / "streampulse.db")


@pytest.mark.sqlite
def test_a_damaged_file_is_told_so(tmp_path: Path) -> None:
    database(tmp_path, "broken.db").close()
    path = tmp_path / "broken.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    assert "damaged" in unusable(path)


@pytest.mark.sqlite
def test_a_page_that_turns_out_damaged_while_it_is_read_is_told_so(tmp_path: Path) -> None:
    database(tmp_path, "broken.db").close()
    path = tmp_path / "broken.db"
    whole = bytearray(path.read_bytes())
    plain = sqlite3.connect(path)
    (page,) = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    (size,) = plain.execute("PRAGMA page_size").fetchone()
    plain.close()
    whole[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(whole)
    assert "damaged" in unusable(path)


@pytest.mark.sqlite
def test_a_locked_database_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_db, "BUSY_TIMEOUT_MS", 50)
    path = tmp_path / "held.db"
    database(tmp_path, "held.db").close()
    other = sqlite3.connect(path)
    other.executescript("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")
    assert "locked by another program" in unusable(path)
    other.close()


@pytest.mark.sqlite
def test_a_read_only_file_can_be_read_and_says_why_it_cannot_be_written(tmp_path: Path) -> None:
    database(tmp_path, "kept.db").close()
    read_only = Database(f"sqlite:///file:{tmp_path / 'kept.db'}?mode=ro&uri=true")
    check_schema(read_only, SCHEMA_REVISION)
    with pytest.raises(OperationalError) as caught, read_only.writing() as connection:
        note(connection, "new")
    assert why_unusable(caught.value) == "the database file is read-only, or its folder is"
    assert keys(read_only) == []
    read_only.close()


# What went wrong.


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OperationalError("", {}, sqlite3.OperationalError("database is locked")), True),
        (DatabaseError("", {}, sqlite3.DatabaseError("database disk image is malformed")), True),
        (InterfaceError("", {}, Exception("connection already closed")), True),
        (PoolTimeout("QueuePool limit of size 5 overflow 10 reached"), True),
        (IntegrityError("", {}, sqlite3.IntegrityError("UNIQUE constraint failed")), False),
        (DataError("", {}, sqlite3.DataError("string or blob too big")), False),
        (ProgrammingError("", {}, sqlite3.ProgrammingError("Error binding parameter 1")), False),
        (OverflowError("Python int too large to convert to SQLite INTEGER"), False),
        (UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_outages_are_told_from_what_cannot_be_stored(error: Exception, outage: bool) -> None:
    assert is_outage(error) is outage


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("database is locked", "the database is locked by another program"),
        ("attempt to write a readonly database", "the database file is read-only, or its folder is"),
        ("database or disk is full", "the disk is full"),
        ("FATAL:  the database system is not yet accepting connections", "the database server is starting"),
        ("disk I/O error", "disk I/O error"),
        ("two\nlines", "two"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(reason: str, line: str) -> None:
    assert why_unusable(OperationalError("SELECT secret", {}, sqlite3.OperationalError(reason))) == line


# Changes made by others.


def test_a_change_by_another_connection_is_noticed_once(db: Database) -> None:
    signal = ChangeSignal(db)
    assert signal.changed()
    assert not signal.changed()
    with db.writing() as connection:
        note(connection, "new")
    wait_until(signal.changed, "the notice has come")  # PostgreSQL sends it after the commit
    assert not signal.changed()
    signal.close()


def test_where_the_database_counts_no_changes_every_look_says_yes() -> None:
    signal = ChangeSignal(cast("Database", SimpleNamespace(backend="cockroachdb")))
    assert [signal.changed() for _ in range(3)] == [True, True, True]
    signal.close()
