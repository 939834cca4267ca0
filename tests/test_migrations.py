"""The schema: migrations make what models.py says, may be repeated, and refuse what they cannot use in one line."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, Text, delete, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex

from actions import installation
from core.config import ROOT
from core.db import Database, DatabaseUnusable, check_schema
from core.events import Event, Kind, Person
from ingest.known_bots import KNOWN_BOTS
from init_db import upgrade
from models import SCHEMA_REVISION, Base, IgnoredName, Viewer
from tests import support
from tests.ingest import money
from tests.ingest.tables import tables
from tests.processes import Program
from tests.support import (
    LENA,
    NOON,
    NOVA,
    OTTO,
    POLICY,
    SAM,
    act,
    chat,
    days,
    deletion,
    hours,
    minutes,
    settle,
    timeout,
    write,
)

pytestmark = pytest.mark.long

SEARCH = ("viewer_search", "library_members_search", "library_content_search")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'streampulse.db'}")
    upgrade(made)
    yield made
    made.close()


def test_the_newest_migration_is_the_one_that_models_name():
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_REVISION]


def test_migrations_make_exactly_the_tables_of_models(database):
    with database.reading() as connection:
        options = {"compare_type": True, "include_name": of_models, "include_object": is_named_whole}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_every_migration_compiles_for_cockroachdb(monkeypatch):
    """Compiled only: nothing here runs on a CockroachDB."""
    dialect = make_url("cockroachdb+psycopg://").get_dialect()()
    context = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": StringIO()})
    context.connection = SimpleNamespace(dialect=dialect)  # type: ignore[assignment]
    told: list[str] = []

    def compiled(statement: Any, *_: object, **__: object) -> None:
        told.append(statement if isinstance(statement, str) else str(statement.compile(dialect=dialect)))

    monkeypatch.setattr(context.impl, "_exec", compiled)
    monkeypatch.setattr(context.impl, "as_sql", False)  # rows are parameters, as they are when it runs
    with Operations.context(context):
        for script in reversed(list(ScriptDirectory(str(ROOT / "migrations")).walk_revisions())):
            script.module.upgrade()
    made = {name for sql in told for name in re.findall(r"CREATE TABLE (\w+)", sql)}
    assert made >= set(Base.metadata.tables)


def of_models(name: str | None, kind: str, _parents: object) -> bool:
    """SQLite keeps the index for searching names in tables of its own."""
    return kind != "table" or not str(name).startswith(SEARCH)


NUMBERED = {
    index.name
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if index.expressions[-1] is table.c.get("id")
}


def is_named_whole(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Of these SQLite does not tell the row's number, with which each entry ends (``core.sqlite``)."""
    return kind != "index" or name not in NUMBERED


def test_no_index_of_sqlite_holds_a_row_s_number_twice(database):
    assert "ix_viewers_total_comments" in NUMBERED
    with database.reading() as connection:
        twice = "SELECT i.name FROM sqlite_master i, pragma_index_xinfo(i.name) c WHERE i.type = 'index' AND c.key"
        found = connection.exec_driver_sql(f"{twice} AND c.name = 'id' GROUP BY 1 HAVING max(c.seqno) > 0")
        assert {name for name in found.scalars() if name in NUMBERED} == set()


def test_what_a_unique_index_promises_is_left_alone():
    numbered = Table("numbered", MetaData(), Column("id", Integer, primary_key=True), Column("name", Text))
    index = Index("ix_numbered", numbered.c.name, numbered.c.id, unique=True)
    assert str(CreateIndex(index).compile(dialect=sqlite.dialect())).endswith("(name, id)")


def test_indexes_that_hold_it_twice_are_made_anew(database, tmp_path):
    with closing(Database(f"sqlite:///{tmp_path / 'old.db'}")) as old:
        with old.writing() as connection:
            command.upgrade(config_on(connection), "0015")
            for name, made in indexes_of(connection).items():
                if name in NUMBERED:  # as they were made until then
                    connection.exec_driver_sql(f"DROP INDEX {name}")
                    connection.exec_driver_sql(made.replace(")", ", id)", 1))
        upgrade(old)
        with old.reading() as connection, database.reading() as new:
            assert indexes_of(connection) == indexes_of(new)


def indexes_of(connection: Connection) -> dict[str, str]:
    made = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    return {row.name: row.sql for row in connection.exec_driver_sql(made)}


def test_migrations_make_what_the_comparison_overlooks(database, tmp_path):
    """Defaults (Alembic misreads empty ones), foreign keys, order of keys, tables without rowid, all of indexes."""
    direct = Database(f"sqlite:///{tmp_path / 'direct.db'}")
    with direct.writing() as connection, database.reading() as reading:
        Base.metadata.create_all(connection)
        assert indexes_of(connection) == indexes_of(reading)
    migrated, made = shape_of(database), shape_of(direct)
    direct.close()
    del migrated["alembic_version"]
    search = {name for name in migrated if name.startswith(SEARCH)}
    assert search >= {"viewer_search", "viewer_search_data", "viewer_search_idx"}
    assert {name: shape for name, shape in migrated.items() if name not in search} == made


def shape_of(database: Database) -> dict[str, dict[str, object]]:
    """Of each table: its columns, foreign keys and indexes, and whether it has a rowid, as SQLite sees them."""
    with database.reading() as connection:

        def ask(question: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {question}")]

        found = {}
        for (table,) in ask("name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
            indexes = ask(f"name, \"unique\", origin FROM pragma_index_list('{table}')")
            found[str(table)] = {
                "columns": set(ask(f"name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('{table}')")),
                "foreign keys": set(ask(f'"from", "table", "to" FROM pragma_foreign_key_list(\'{table}\')')),
                "indexes": {
                    (unique, origin, *ask(f"name FROM pragma_index_info('{name}') ORDER BY seqno"))
                    for name, unique, origin in indexes
                },
                "without rowid": ask(f"wr FROM pragma_table_list('{table}')"),
            }
        return found


def test_upgrading_twice_changes_nothing_and_keeps_what_the_owner_changed(database):
    installation.ignore(database, [KNOWN_BOTS[0]], ignored=False)
    before = shape_of(database)
    upgrade(database)
    check_schema(database, SCHEMA_REVISION)
    assert shape_of(database) == before
    with database.reading() as connection:
        ignored = set(connection.scalars(select(IgnoredName.name)))
    assert ignored == set(KNOWN_BOTS[1:])


def test_foreign_keys_are_checked_again_after_an_upgrade(database):
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path, monkeypatch):
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    monkeypatch.setattr("init_db.KNOWN_BOTS", [KNOWN_BOTS[0], KNOWN_BOTS[0]])  # twice: the last step cannot succeed
    with pytest.raises(DatabaseUnusable):
        upgrade(empty)
    monkeypatch.undo()
    assert shape_of(empty) == {}
    upgrade(empty)
    empty.close()


# --- a database of an older version, with what it has recorded ---

OLD = ("channels", "streams", "viewers", "events", "mutes")  # what a rebuild does not recompute


def events() -> list[Event]:
    said = chat(NOVA, "clutch", NOON + minutes(1), amount=700)
    return [
        chat(NOVA, "Kappa hello", emotes=["Kappa"]),
        said,
        act(Kind.GIFT, OTTO, NOON + minutes(2), amount=50, quantity=5, name="Rose"),
        act(Kind.SHARE, OTTO, NOON + minutes(3)),
        act(Kind.PART, OTTO, NOON + minutes(4)),
        deletion(said),
        timeout(SAM, NOON + minutes(3)),
        act(Kind.LIKE, LENA, NOON + minutes(50), amount=12),
        act(Kind.SUBGIFT, NOVA, NOON + minutes(51)),
        chat(NOVA, "bye", NOON + hours(3), amount=20),
    ]


def config_on(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    return config


def make_old(into: Database, recorded: Database) -> None:
    """Writes to ``into``, with the first schema, what the first version had written of the same events."""
    with into.writing() as connection:
        command.upgrade(config_on(connection), "0001")
        old = MetaData()
        old.reflect(connection)
        with recorded.reading() as reading:
            for name in OLD:
                columns = old.tables[name].columns.keys()
                found = reading.execute(select(*(Base.metadata.tables[name].c[column] for column in columns)))
                if content := [dict(row._mapping) for row in found]:
                    connection.execute(insert(old.tables[name]), content)


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Database]:
    made = support.database(tmp_path, "recorded.db")
    write(made, events())
    settle(made, NOON + days(1))
    yield made
    made.close()


@pytest.fixture
def old(tmp_path: Path, recorded: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr("init_db.now_ms", lambda: NOON + days(1))
    made = Database(f"sqlite:///{tmp_path / 'old.db'}")
    make_old(made, recorded)
    yield made
    made.close()


def test_after_an_upgrade_all_is_as_if_this_version_had_recorded_it(old, recorded):
    upgrade(old, POLICY)
    assert tables(old) == tables(recorded)
    assert money.held(old) == money.held(recorded)
    check_schema(old, SCHEMA_REVISION)


def test_an_upgrade_that_is_interrupted_can_be_repeated(old, recorded):
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    before = shape_of(old)
    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("init_db.rebuild", interrupted)
        upgrade(old, POLICY)
    assert shape_of(old) == before
    upgrade(old, POLICY)
    assert tables(old) == tables(recorded)


def test_whoever_an_old_version_knew_can_be_searched(old):
    upgrade(old, POLICY)
    assert search(old, "OVA") == ["nova"]
    assert search(old, "tto") == ["otto"]


def search(of: Database, text: str) -> list[str]:
    """The logins of whom the index finds by a part of their names."""
    with of.reading() as connection:
        found = connection.exec_driver_sql(
            "SELECT v.username FROM viewer_search s JOIN viewers v ON v.id = s.rowid"
            " WHERE viewer_search MATCH ? ORDER BY 1",
            (f'"{text}"',),
        )
        return list(found.scalars())


def test_the_index_for_searching_follows_every_change_of_a_name(database):
    write(database, [chat(NOVA), chat(OTTO)])
    assert search(database, "nov") == ["nova"]
    write(database, [chat(Person(NOVA.user_id, "stella", "Stella"), at=NOON + 1)])
    assert search(database, "nov") == []
    assert search(database, "tell") == ["stella"]
    with database.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == "stella").values(display_name="Привет"))
    assert search(database, "ПРИВ") == ["stella"]
    settle(database, NOON + hours(1))
    with database.writing() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM viewer_search").scalar() == 0
    with database.writing() as connection:  # it finds what is wrong with itself
        connection.exec_driver_sql("INSERT INTO viewer_search(viewer_search, rank) VALUES ('integrity-check', 1)")


def test_names_are_found_by_both_ways_of_writing_them_here_and_with_the_schema_before(database):
    write(database, [chat(OTTO), chat(Person("301", "nova_x", "Nova Ξ"))])
    for _ in ("this version", "the one before"):
        assert [search(database, part) for part in ("tto", "va_", "VA Ξ", "Otto")] == [
            ["otto"], ["nova_x"], ["nova_x"], ["otto"]
        ]  # fmt: skip
        with database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO viewer_search(viewer_search, rank) VALUES ('integrity-check', 1)")
            command.downgrade(config_on(connection), "0015")
    with database.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == "otto").values(display_name="Otto II"))
    assert search(database, "o II") == ["otto"]


# --- what cannot be used, as people meet it ---


def make_newer(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


@contextmanager
def kept_by_another(file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.close()


# app.py's refusals are in tests/web/test_start.py.
# init_db.py has nothing to write where the schema is up to date, unless it is told to.
COMMANDS = {"init_db.py": ["--ignore", "sam"], "collector.py": ["--demo"]}


def refusal(program: Program, name: str, url: str) -> str:
    """The one line with which a program refuses a database."""
    ended = program.run(name, *COMMANDS[name], DATABASE_URL=url)
    assert ended.returncode == 2, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"{name}: ")
    return line


@pytest.fixture
def file(database: Database) -> Path:
    database.close()
    return Path(str(database.url.database))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_newer_database_is_refused_with_what_to_do(program, file, name):
    make_newer(file)
    before = file.read_bytes()
    line = refusal(program, name, f"sqlite:///{file}")
    assert f"written by a newer StreamPulse (schema 9999, this one knows {SCHEMA_REVISION}): update the program" in line
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_locked_database_is_said_to_be_locked(program, file, name):
    with kept_by_another(file):
        assert "the database is locked by another program" in refusal(program, name, f"sqlite:///{file}")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_read_only_database_is_said_to_be_read_only(program, file, name):
    url = f"sqlite:///file:{file}?mode=ro&uri=true"
    assert "the database file is read-only" in refusal(program, name, url)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_is_no_database_is_left_alone(program, tmp_path, name):
    letter = tmp_path / "letter.db"
    letter.write_text("Dear Lena, this is not a database at all. " * 50)
    before = letter.read_bytes()
    assert "the file is not a SQLite database" in refusal(program, name, f"sqlite:///{letter}")
    assert letter.read_bytes() == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_that_is_not_there_is_said(program, name):
    assert "does its folder exist" in refusal(program, name, "sqlite:////nowhere/at/all.db")


def test_a_collector_before_init_db_names_the_command(program, tmp_path):
    file = tmp_path / "none.db"
    line = refusal(program, "collector.py", f"sqlite:///{file}")
    assert line.endswith("is not there: run `python init_db.py` to make it, or put it back")
    assert not file.exists(), "to look for it made it"
    file.touch()
    line = refusal(program, "collector.py", f"sqlite:///{file}")
    assert line.endswith("has no up-to-date schema: run `python init_db.py`")


def test_a_lock_that_is_let_go_in_time_is_only_a_wait(file):
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.rollback)
    timer.start()
    waiting = Database(f"sqlite:///{file}")
    upgrade(waiting)
    waiting.close()
    timer.join()
    other.close()
