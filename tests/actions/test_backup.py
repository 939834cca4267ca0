"""Backups are whole and of one moment while the collector writes; a restore changes all or nothing."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

import init_db
from actions import backup, privacy
from core.clock import now_ms
from core.config import ROOT
from core.db import Database, DatabaseUnusable, check_schema
from ingest.writer import Writer
from models import SCHEMA_REVISION, Channel, Event, MinuteRollup, Viewer
from tests.actions.conftest import Run
from tests.support import NOON, NOVA, OTTO, chat, database, rows, write
from tests.torture.mortal import Mortal

pytestmark = pytest.mark.sqlite


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "monday.db"


@pytest.fixture(autouse=True)
def _folder(copy: Path) -> None:
    copy.parent.mkdir()


def opened(file: Path) -> Database:
    return Database(f"sqlite:///{file}")


def texts(of: Database) -> list[str]:
    return [row["text"] for row in rows(of, Event)]


def texts_in(file: Path) -> list[str]:
    database = opened(file)
    try:
        return texts(database)
    finally:
        database.close()


def filled(folder: Path, *said: str) -> Path:
    """A database with these messages in it, closed."""
    made = database(folder)
    write(made, [chat(NOVA, text) for text in said])
    made.close()
    return folder / "streampulse.db"


def left_over(*folders: Path) -> list[Path]:
    return [file for folder in folders for file in folder.iterdir() if ".part" in file.name]


# Backup.


def test_a_backup_is_of_one_moment_and_ends_while_the_collector_goes_on_writing(
    db: Database, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After every step of the copying the collector commits once more."""
    monkeypatch.setattr(backup, "STEP_PAGES", 25)
    monkeypatch.setattr(backup, "PAUSE_SECONDS", 0)
    writer = Writer(db).start()
    said = 0

    def says_something(_done: int = 0, _total: int = 0) -> None:
        nonlocal said
        said += 1
        writer.event(chat(NOVA if said % 2 else OTTO, f"{said} {'word ' * 50}", now_ms()))
        assert writer.flush()

    for _ in range(5):
        says_something()
    told: list[tuple[int, int]] = []
    backup.back_up(db, copy, progress=lambda done, total: (says_something(), told.append((done, total)))[0])
    writer.close()
    assert len(told) > 5
    assert told[-1][0] == told[-1][1]
    assert len({total for _, total in told}) == 1, "it never began anew"
    copied = opened(copy)
    assert [text.split()[0] for text in texts(copied)] == [str(number) for number in range(1, 6)]
    assert sum(row["messages"] for row in rows(copied, MinuteRollup)) == 5
    assert [row["total_messages"] for row in rows(copied, Channel)] == [5]
    copied.close()
    assert len(texts(db)) == said == 5 + len(told), "and what came in between is lost nowhere"


def test_a_backup_is_one_file_for_its_owner_alone(run: Run, path: Path, copy: Path) -> None:
    filled(path.parent, "hello")
    code, told, _ = run("--backup", copy)
    assert code == 0
    assert f"to {copy} (" in told
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [file.name for file in copy.parent.iterdir()] == ["monday.db"]
    with sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True) as reading:
        assert reading.execute("SELECT text FROM events").fetchall() == [("hello",)]
    reading.close()


def test_a_file_that_is_there_is_replaced_only_when_that_is_asked_for(run: Run, path: Path, copy: Path) -> None:
    filled(path.parent, "hello")
    copy.write_text("my diary")
    code, _, error = run("--backup", copy)
    assert code == 2
    assert "say --force" in error
    assert copy.read_text() == "my diary"
    assert run("--backup", copy, "--force")[0] == 0
    assert texts_in(copy) == ["hello"]


def test_a_backup_before_an_upgrade_upgrades_nothing(run: Run, path: Path, copy: Path) -> None:
    make_old(path)
    assert run("--backup", copy)[0] == 0
    assert revision_of(path) == revision_of(copy) == "0001"


@pytest.mark.parametrize("file", ["streampulse.db", "backups", "nowhere/monday.db"])
def test_a_place_that_cannot_be_used_is_told_in_one_line(run: Run, path: Path, file: str) -> None:
    filled(path.parent, "hello")
    code, _, error = run("--backup", path.parent / file, "--force")
    assert code == 2
    assert error.startswith(f"init_db.py: {path.parent / file.split('/')[0]}")
    assert error.count("\n") == 1
    assert texts_in(path) == ["hello"]


def test_where_there_is_no_database_none_is_made_for_a_backup(run: Run, path: Path, copy: Path) -> None:
    code, _, error = run("--backup", copy)
    assert code == 2
    assert "no database yet" in error
    assert not path.exists()
    assert not copy.exists()


def test_a_damaged_database_makes_no_backup_that_looks_whole(run: Run, path: Path, copy: Path) -> None:
    damage(filled(path.parent, *(f"message {number} {'x' * 500}" for number in range(200))))
    code, _, error = run("--backup", copy)
    assert code == 2
    assert f"{path} is damaged" in error
    assert list(copy.parent.iterdir()) == left_over(path.parent) == []


def test_a_disk_without_room_is_told_before_anything_is_written(
    db: Database, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(DatabaseUnusable, match="MB are free"):
        backup.back_up(db, copy)
    assert list(copy.parent.iterdir()) == []


def test_an_interrupted_backup_leaves_nothing_behind(db: Database, copy: Path) -> None:
    def interrupted(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.back_up(db, copy, progress=interrupted)
    assert list(copy.parent.iterdir()) == []


@pytest.mark.parametrize("option", ["--backup", "--restore"])
@pytest.mark.parametrize(
    ("url", "told"), [("postgresql+psycopg://lena:hunter2@db/pulse", "pg_dump"), ("sqlite://", "in a file")]
)
def test_what_is_no_file_is_backed_up_otherwise(
    option: str, url: str, told: str, copy: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DATABASE_WAIT", "0")  # nobody is there, and nobody need be
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg")
    code, _, error = run(option, copy)
    assert code == 2
    assert told in error
    assert "hunter2" not in error


# Restore.


def test_a_restored_database_is_as_it_was_and_the_other_is_kept(run: Run, path: Path, copy: Path) -> None:
    filled(path.parent, "monday")
    run("--backup", copy)
    now = opened(path)
    write(now, [chat(NOVA, "tuesday", NOON + 1)])
    now.close()
    path.chmod(0o640)
    code, told, _ = run("--restore", copy)
    assert code == 0
    assert texts_in(path) == texts_in(copy) == ["monday"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    (kept,) = path.parent.glob("streampulse.db.before-*")
    assert f"kept in {kept}" in told
    assert texts_in(kept) == ["monday", "tuesday"]
    assert left_over(path.parent) == []


def test_who_was_erased_or_opted_out_since_the_backup_is_not_forgotten(run: Run, path: Path, copy: Path) -> None:
    filled(path.parent, "monday")
    run("--backup", copy)
    now = opened(path)
    (nova,) = rows(now, Viewer)
    privacy.erase(now, nova["id"], remember=True, now_ms=NOON + 1)
    privacy.opt_out(now, "twitch", OTTO.user_id, OTTO.login, now_ms=NOON + 2)
    now.close()
    code, told, _ = run("--restore", copy)
    assert code == 0
    assert told.splitlines()[-2:] == [
        "erased after the backup was made, and in it again: erase them anew (/viewers):",
        f"twitch:{NOVA.login}",
    ]
    restored = opened(path)
    write(restored, [chat(NOVA, "not again", NOON + 3), chat(OTTO, "nor I", NOON + 4)])
    assert texts(restored) == ["monday"]
    (back,) = rows(restored, Viewer)
    privacy.erase(restored, back["id"], remember=True, now_ms=NOON + 5)
    restored.close()
    assert "erased after" not in run("--restore", path.parent / next(path.parent.glob("*.before-*")).name)[1]


def test_a_database_that_is_gone_comes_back_and_takes_no_old_log_for_its_own(run: Run, path: Path, copy: Path) -> None:
    filled(path.parent, "monday")
    run("--backup", copy)
    using = opened(path)
    write(using, [chat(NOVA, "tuesday", NOON + 1)])
    log = path.with_name("streampulse.db-wal").read_bytes()
    using.close()
    path.unlink()
    path.with_name("streampulse.db-wal").write_bytes(log)
    assert run("--restore", copy)[0] == 0
    assert texts_in(path) == ["monday"]


def test_a_database_in_use_is_not_replaced(run: Run, path: Path, copy: Path) -> None:
    filled(path.parent, "monday")
    run("--backup", copy)
    using = "from core.db import Database; import sys\n"
    using += f"with Database('sqlite:///{path}').reading() as c: c.exec_driver_sql('SELECT 1 FROM events')\n"
    using += "print('up', flush=True); sys.stdin.read()"  # idle, as a web process at night
    with subprocess.Popen(
        [sys.executable, "-c", using], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        code, _, error = run("--restore", copy)
        assert code == 2
        assert "is in use: stop app.py and collector.py first" in error
        process.communicate()
    assert list(path.parent.glob("*.before-*")) == []
    assert run("--restore", copy)[0] == 0


def test_whoever_begins_to_use_it_while_the_backup_is_copied_stops_the_restore(db: Database, copy: Path) -> None:
    write(db, [chat(NOVA, "monday")])
    backup.back_up(db, copy)
    db.close()
    using: list[Database] = []

    def begin(_done: int, _total: int) -> None:
        using.append(opened(Path(str(db.url.database))))
        assert texts(using[0]) == ["monday"]

    with pytest.raises(DatabaseUnusable, match="in use"):
        backup.restore(db, copy, upgrade=init_db.upgrade, stamp="now", progress=begin)
    write(using[0], [chat(NOVA, "tuesday", NOON + 1)])
    assert texts(using[0]) == ["monday", "tuesday"]
    using[0].close()
    assert left_over(copy.parent, copy.parent.parent) == []


def test_an_older_backup_is_brought_to_this_version(run: Run, path: Path, copy: Path) -> None:
    make_old(copy)
    filled(path.parent, "of this version")
    assert run("--restore", copy)[0] == 0
    restored = opened(path)
    check_schema(restored, SCHEMA_REVISION)
    assert texts(restored) == []
    restored.close()
    assert revision_of(copy) == "0001", "the backup itself stays as it is"


# A step is whatever is done to files. (SQLite's own writing is tried where upgrades are killed.)
RESTORING = """
import os, sys
from pathlib import Path
import init_db
from actions import backup, privacy
from core.db import Database

FILES = {"open", "os.rename", "os.link", "os.remove", "os.chmod", "sqlite3.connect"}

def work(step, url, file, stamp):
    sys.addaudithook(lambda name, _: step() if name in FILES else None)
    backup.restore(Database(url), Path(file), upgrade=init_db.upgrade, stamp=stamp)
"""


def anew(path: Path) -> None:
    """As if nothing had been restored yet."""
    for file in path.parent.glob("*streampulse.db*"):
        file.unlink()
    filled(path.parent, "tuesday")


def test_a_restore_that_is_killed_leaves_one_or_the_other_whole_and_can_be_repeated(path: Path, copy: Path) -> None:
    filled(copy.parent, "monday").rename(copy)
    with Mortal(RESTORING) as restored:
        anew(path)
        steps = restored(f"sqlite:///{path}", str(copy), "whole")
        assert steps
        for step in range(steps):
            anew(path)
            assert restored(f"sqlite:///{path}", str(copy), "first", steps=step) is None
            assert texts_in(path) in (["monday"], ["tuesday"])
            assert restored(f"sqlite:///{path}", str(copy), "second")
            assert texts_in(path) == ["monday"]
            assert ["tuesday"] in [texts_in(kept) for kept in path.parent.glob("streampulse.db.before-*")]
            assert left_over(path.parent) == [], "what the one that was killed has begun is gone as well"


def nothing(file: Path) -> None:
    """There is no such file."""


def of_nothing(file: Path) -> None:
    file.touch()


def a_diary(file: Path) -> None:
    file.write_text("Dear diary. " * 1_000)


def of_another_program(file: Path) -> None:
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE songs (title TEXT)")
    other.close()


def damaged(file: Path) -> None:
    whole = filled(file.parent, *(f"message {number} {'x' * 500}" for number in range(200)))
    whole.rename(file)
    damage(file)


def of_the_future(file: Path) -> None:
    filled(file.parent, "hello").rename(file)
    future = sqlite3.connect(file)
    with future:
        future.execute("UPDATE alembic_version SET version_num = '9999'")
    future.close()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (nothing, "there is no such file"),
        (of_nothing, "is no database of StreamPulse"),
        (a_diary, "the file is not a SQLite database"),
        (of_another_program, "is no database of StreamPulse"),
        (damaged, "is damaged"),
        (of_the_future, "was written by a newer StreamPulse"),
    ],
)
def test_what_is_no_backup_of_ours_changes_nothing(
    run: Run, path: Path, copy: Path, make: Callable[[Path], Any], told: str
) -> None:
    filled(path.parent, "mine")
    make(copy)
    code, out, error = run("--restore", copy)
    assert code == 2
    assert error.startswith(f"init_db.py: {copy}")
    assert told in error
    assert error.count("\n") == 1
    assert out == ""
    assert texts_in(path) == ["mine"]
    assert left_over(path.parent) == []
    assert list(path.parent.glob("*.before-*")) == []


def test_a_backup_that_cannot_be_upgraded_changes_nothing(db: Database, copy: Path) -> None:
    write(db, [chat(NOVA, "monday")])
    backup.back_up(db, copy)
    write(db, [chat(NOVA, "tuesday", NOON + 1)])
    db.close()

    def fails(_copy: Database) -> None:
        raise DatabaseUnusable("no upgrade")

    with pytest.raises(DatabaseUnusable, match="no upgrade"):
        backup.restore(db, copy, upgrade=fails, stamp="now")
    assert texts(db) == ["monday", "tuesday"]


def test_a_damaged_database_is_set_aside_for_its_backup(run: Run, path: Path, copy: Path) -> None:
    filled(path.parent, "monday")
    run("--backup", copy)
    path.write_bytes(b"no database " * 1_000)
    path.with_name("streampulse.db-wal").write_bytes(b"nor a log")
    assert run("--restore", copy)[0] == 0
    assert texts_in(path) == ["monday"]
    assert [file.name for file in path.parent.glob("*-wal")] == []
    (kept,) = path.parent.glob("streampulse.db.before-*")
    assert kept.read_bytes() == b"no database " * 1_000


def make_old(file: Path) -> None:
    """A database as the first version made it."""
    made = opened(file)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with made.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    made.close()


def revision_of(file: Path) -> str:
    reading = sqlite3.connect(file)
    (revision,) = reading.execute("SELECT version_num FROM alembic_version").fetchone()
    reading.close()
    return str(revision)


def damage(file: Path) -> None:
    """Overwrites pages in its middle, as a failing disk does."""
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 16_384] = bytes(16_384)
    file.write_bytes(content)
