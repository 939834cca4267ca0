"""A database moves to another kind with all that is in it, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

import init_db
from actions import installation, relocation
from core.config import load_settings
from core.db import Database, DatabaseUnusable
from core.events import Kind
from ingest.store import record
from models import Base, Channel, Event, MinuteRollup, Preference, Viewer, ViewerNews, VipTier
from rules.funnel import Step
from tests.ingest.shop import tracked
from tests.servers import PostgresServer
from tests.support import MILO, NOON, NOVA, OTTO, SAM, act, chat, minutes, rows, settle, write

pytestmark = pytest.mark.sqlite  # it makes databases of each kind by itself


@pytest.fixture
def make(postgres: PostgresServer, tmp_path: Path) -> Iterator[Callable[[str], Database]]:
    """``make("postgresql")``: a new database with its schema."""
    made: list[Database] = []

    def one(kind: str) -> Database:
        url = postgres.new_database() if kind == "postgresql" else f"sqlite:///{tmp_path / f'{len(made)}.db'}"
        made.append(Database(url))
        init_db.upgrade(made[-1])
        return made[-1]

    yield one
    for each in made:
        each.close()


def fill(db: Database) -> None:
    """Something in most tables, with everything that the kinds of databases take differently."""
    installation.claim(db, installation.REAL)
    installation.ignore(db, ["nova_bot"], ignored=True)
    events = [
        chat(NOVA, "first words", NOON),
        chat(OTTO, "emoji 🎉, 'quotes', \\ and \t tabs\nlines", NOON + 1, emotes=["Wave", "Wave"]),
        chat(MILO, "\\N", NOON + 2, amount=300),
        act(Kind.GIFT, NOVA, NOON + 3, amount=500, quantity=5, gift="Rose"),
        act(Kind.FOLLOW, SAM, NOON + 4, source_id=None),
        *(chat(NOVA, f"message {number}", NOON + minutes(number)) for number in range(20)),
    ]
    write(db, events)
    settle(db, NOON + minutes(30))
    with db.writing() as connection:
        record(connection, [tracked(f"order-{n}", Step.PURCHASE, NOON + n) for n in range(5)], NOON + 9)
        connection.execute(insert(Preference).values(key="seen", value="yes"))
        connection.execute(Viewer.__table__.update().where(Viewer.username == "sam").values(is_blocked=True))
        connection.execute(VipTier.__table__.delete().where(VipTier.id == 1))


def everything(db: Database) -> dict[str, list[Any]]:
    return {mapper.class_.__tablename__: rows(db, mapper.class_) for mapper in Base.registry.mappers}


@pytest.mark.parametrize(
    ("from_", "to"), [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("postgresql", "postgresql")]
)
def test_all_of_it_arrives_and_goes_on_from_there(
    make: Callable[[str], Database], from_: str, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relocation, "AT_ONCE", 7)  # in many parts
    source, target = make(from_), make(to)
    fill(source)
    before = everything(source)
    moved = relocation.copy(source, target)
    assert everything(target) == before == everything(source)
    assert {one.table: one.rows for one in moved} == {name: len(found) for name, found in before.items() if found}
    write(target, [chat(OTTO, "later", NOON + minutes(40)), chat(LATECOMER, "hello", NOON + minutes(40))])
    for table in (Event, Viewer, ViewerNews):
        numbers = [row["id"] for row in rows(target, table)]
        assert max(numbers) > max(row["id"] for row in before[table.__tablename__]), table
        assert len(set(numbers)) == len(numbers)


LATECOMER = SAM.__class__("901", "late", "Late")


def test_text_that_postgresql_cannot_hold_is_copied_without_that(make: Callable[[str], Database]) -> None:
    source, target = make("sqlite"), make("postgresql")
    with source.writing() as connection:
        connection.execute(insert(Preference).values(key="odd", value="a\0b"))
    relocation.copy(source, target)
    assert [row["value"] for row in rows(target, Preference)] == ["ab"]


def test_a_database_with_anything_in_it_is_left_alone(make: Callable[[str], Database]) -> None:
    source, target = make("sqlite"), make("postgresql")
    fill(source)
    write(target, [chat(SAM, "mine")])
    with pytest.raises(DatabaseUnusable, match=r"not empty .*nothing was copied"):
        relocation.copy(source, target)
    assert [row["text"] for row in rows(target, Event)] == ["mine"]


def test_what_is_interrupted_leaves_nothing_and_may_be_repeated(
    make: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = make("sqlite"), make("postgresql")
    fill(source)
    fresh = everything(target)

    def stop(line: str) -> None:
        if line.startswith("copying events"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relocation.copy(source, target, stop)
    assert everything(target) == fresh
    relocation.copy(source, target)
    assert everything(target) == everything(source)


def test_a_copy_that_differs_is_noticed_and_undone(
    make: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = make("sqlite"), make("postgresql")
    fill(source)
    write_all = relocation._write

    def forgetful(goal: Any, table: Any, some: Any) -> None:
        write_all(goal, table, some[1:] if table.name == MinuteRollup.__tablename__ else some)

    monkeypatch.setattr(relocation, "_write", forgetful)
    with pytest.raises(DatabaseUnusable, match="minute_rollups: the copy differs"):
        relocation.copy(source, target)
    assert rows(target, Channel) == []


# The program.


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """``run(url, "--copy-from", other)``: exit code, what it says, and what it complains of."""
    monkeypatch.setattr(init_db, "load_settings", lambda: load_settings(tmp_path / "no.env"))

    def program(url: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("DATABASE_URL", url)
        code = init_db.main(arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return program


def test_the_program_copies_and_says_what_is_the_same(
    make: Callable[[str], Database], run: Callable[..., Any], postgres: PostgresServer
) -> None:
    source = make("sqlite")
    fill(source)
    url = postgres.new_database()
    plain = url.replace("postgresql+psycopg://", "postgres://")
    code, out, err = run(plain, "--copy-from", f"sqlite:///{source.url.database}")
    assert (code, err) == (0, "")
    assert "events: 25 rows" in out
    assert "are the same on both sides" in out
    assert "let-me-in" not in out
    code, _, err = run(plain, "--copy-from", f"sqlite:///{source.url.database}")
    assert code == 2
    assert "is not empty" in err


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mysql://lena:hunter2@db/pulse", "--copy-from: an address begins with"),
        ("sqlite:////nowhere/at/all.db", "there is no such file"),
        ("postgresql://lena:hunter2@127.0.0.1:1/pulse", "no database server answers at this address"),
        ("postgresql://lena:hunter2@:x/pulse", "--copy-from: this is no address"),
    ],
)
def test_what_cannot_be_copied_is_told_in_one_line(
    run: Callable[..., Any], tmp_path: Path, address: str, told: str
) -> None:
    code, _, err = run(f"sqlite:///{tmp_path / 'new.db'}", "--copy-from", address)
    assert code == 2
    assert told in err
    assert len(err.splitlines()) == 1
    assert "hunter2" not in err


def test_an_older_source_is_told_how_it_becomes_current(
    make: Callable[[str], Database], run: Callable[..., Any], tmp_path: Path
) -> None:
    source = make("sqlite")
    with source.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    code, _, err = run(f"sqlite:///{tmp_path / 'new.db'}", "--copy-from", str(source.url))
    assert code == 2
    assert "bring it up to date first" in err
