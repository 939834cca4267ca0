"""init_db.py: what is done to the database by hand, and what it refuses."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

import init_db
from actions import demo_history, installation
from core import db as core_db
from core.config import Settings, load_settings
from core.db import Database, DatabaseUnusable, check_schema
from core.events import Kind
from core.tracked import Tracked
from ingest import store as shop
from ingest.known_bots import KNOWN_BOTS
from models import (
    SCHEMA_REVISION,
    Channel,
    Event,
    IgnoredName,
    LedgerDay,
    LedgerEntry,
    MinuteRollup,
    Preference,
    StoreAnomaly,
    StoreEvent,
    StoreHour,
    StoreMinute,
    StoreReach,
    StoreTotal,
    StoreUser,
    Stream,
    Viewer,
    ViewerEdit,
    VipSource,
    WebhookDelivery,
)
from rules.funnel import Step
from tests.databases import locked
from tests.support import NOON, NOVA, act, chat, database, fresh_database, rows, stats, write

pytestmark = pytest.mark.long

Run = Callable[..., int]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "streampulse.db"


@pytest.fixture
def run(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("--demo")``: the program on the database at ``url``, out of reach of the developer's own settings."""

    def settings() -> Settings:
        return load_settings(tmp_path / "no.env")

    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr(init_db, "load_settings", settings)
    return lambda *arguments: init_db.main(arguments)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """A migrated database."""
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


@pytest.fixture
def opened(url: str) -> Iterator[Database]:
    """The database at ``url``, whatever the program has made of it."""
    reader = Database(url)
    yield reader
    reader.close()


def test_a_new_database_is_ready_and_ignores_the_known_bots(
    run: Run, opened: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    check_schema(opened, SCHEMA_REVISION)
    assert "is ready" in capsys.readouterr().out
    assert [row["name"] for row in rows(opened, IgnoredName)] == sorted(KNOWN_BOTS)


@pytest.mark.sqlite
def test_a_new_database_is_its_owners_alone_and_an_old_one_keeps_its_mode(run: Run, opened: Database) -> None:
    file = Path(opened.url.database or "")
    assert run() == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    assert run() == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_second_run_changes_nothing(run: Run, opened: Database) -> None:
    run()
    run("--unignore", "nightbot")
    write(opened, [chat(NOVA)])
    assert run() == 0
    assert len(rows(opened, Event)) == 1
    assert "nightbot" not in [row["name"] for row in rows(opened, IgnoredName)]


def test_a_newer_database_is_left_alone(run: Run, db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with db.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert run() == 2
    error = capsys.readouterr().err
    assert error.startswith("init_db.py: ")
    assert "newer StreamPulse" in error
    assert error.count("\n") == 1


@pytest.mark.sqlite
def test_a_file_that_is_no_database_is_told_in_one_line(
    run: Run, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text("Dear diary. " * 1_000)
    assert run() == 2
    assert capsys.readouterr().err.endswith("the file is not a SQLite database\n")


@pytest.mark.sqlite
def test_a_locked_database_is_told_in_one_line(
    run: Run, db: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(core_db, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(init_db, "SQLITE_PATIENCE_SECONDS", 0.1)
    with locked(db):
        assert run() == 2
    assert capsys.readouterr().err.endswith("the database is locked by another program\n")


def test_a_wrong_address_is_told_in_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+nosuchdriver://lena:hunter2@db/pulse")
    assert run() == 2
    error = capsys.readouterr().err
    assert error.startswith("init_db.py: DATABASE_URL: ")
    assert "hunter2" not in error


# The demo.


def test_the_demo_fills_an_empty_database_once(run: Run, opened: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--demo", "--days", "1") == 0
    assert "simulated events" in capsys.readouterr().out
    before = len(rows(opened, Event))
    assert before > 100
    assert stats(opened, rows(opened, Channel)[0]["last_event_at_ms"])["simulated"] is True
    assert run("--demo", "--days", "1") == 0
    assert len(rows(opened, Event)) == before


@pytest.mark.sqlite  # elsewhere it takes long, and shows no more
def test_the_demos_people_are_known_to_its_team(run: Run, opened: Database) -> None:
    assert run("--demo", "--days", "2") == 0
    people = rows(opened, Viewer)
    edits = rows(opened, ViewerEdit)
    assert {edit["viewer_id"] for edit in edits} <= {person["id"] for person in people}
    assert sum(person["birthday"] is not None for person in people) > 10
    assert any(person["notes"] for person in people)
    assert [person["is_blocked"] for person in people].count(True) == 1
    given = [person for person in people if person["vip_source"] == VipSource.SET]
    assert [person["username"] for person in given] == ["captainbeige"]
    assert len({edit["editor"] for edit in edits}) > 1


@pytest.mark.sqlite  # elsewhere it takes long, and shows no more
def test_the_demos_shop_is_as_if_each_event_had_been_reported_when_it_happened(
    run: Run, opened: Database, db: Database
) -> None:
    with db.writing() as connection:
        webhook = {"key": "webhook", "value": json.dumps({"url": "https://example.org/hook"})}
        connection.execute(Preference.__table__.insert(), webhook)
    assert run("--demo", "--days", "3") == 0
    events = rows(opened, StoreEvent)
    assert all(event["is_simulated"] and event["at_ms"] <= event["received_at_ms"] for event in events)
    assert 1_000 < len(events) < 4_000
    found = rows(opened, StoreAnomaly)
    assert {one["type"] for one in found} == {"traffic_spike", "unusual_purchase", "hyperactive_user"}
    assert {one["state"] for one in found if one["type"] == "hyperactive_user"} == {"resolved"}
    assert rows(opened, WebhookDelivery) == [], "nobody is told of what never was"

    def totals() -> list[list[dict[str, Any]]]:
        kept = [rows(opened, table) for table in (StoreUser, StoreMinute, StoreHour, StoreTotal)]
        return [*kept, [row for row in rows(opened, StoreReach) if row["users"]]]

    before = totals()
    assert run("--rebuild") == 0
    assert totals() == before


def test_the_demo_refuses_a_database_that_a_real_shop_reports_to(
    run: Run, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with db.writing() as connection:
        shop.record(connection, [Tracked("order-1", Step.PURCHASE, NOON)], NOON)
    assert run("--demo") == 2
    assert "holds a real shop's events" in capsys.readouterr().err
    with db.reading() as connection:
        assert installation.content_of(connection) is None


def test_the_demo_refuses_a_database_with_real_data(run: Run, db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    installation.claim(db, installation.REAL)
    write(db, [chat(NOVA)])
    assert run("--demo") == 2
    assert "holds real data" in capsys.readouterr().err
    assert len(rows(db, Event)) == 1


@pytest.mark.sqlite  # elsewhere it takes long, and shows no more
def test_a_demo_that_is_interrupted_leaves_no_half_history(
    run: Run, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_args: Any, **_options: Any) -> Iterator[Any]:
        for number in range(5_000):
            yield chat(NOVA, at=NOON + number)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo_history, "history", interrupted)
        patch.setattr(demo_history, "now_ms", lambda: NOON)
        assert run("--demo") == 130
    assert rows(opened, Event) == rows(opened, Channel) == []
    with monkeypatch.context() as patch:
        patch.setattr(demo_history, "history", lambda *_args, **_options: iter(()))
        patch.setattr(demo_history, "past", _interrupted_after(demo_history.past, 50))
        assert run("--demo", "--days", "2") == 130
    assert rows(opened, StoreEvent) == rows(opened, StoreUser) == []
    assert run("--demo", "--days", "1") == 0
    assert rows(opened, Event)
    assert rows(opened, StoreEvent)


def _interrupted_after(acts: Callable[..., Iterator[Any]], number: int) -> Callable[..., Iterator[Any]]:
    def interrupted(*args: Any, **options: Any) -> Iterator[Any]:
        yield from islice(acts(*args, **options), number)
        raise KeyboardInterrupt

    return interrupted


@pytest.mark.sqlite
def test_the_demo_is_removed_with_one_command(run: Run, opened: Database, capsys: pytest.CaptureFixture[str]) -> None:
    run("--demo", "--days", "1")
    assert run("--remove-demo") == 0
    assert "the demo data is gone" in capsys.readouterr().out
    assert rows(opened, Event) == rows(opened, Channel) == rows(opened, Stream) == []
    assert rows(opened, StoreEvent) == rows(opened, StoreUser) == rows(opened, StoreAnomaly) == []
    assert len(rows(opened, IgnoredName)) == len(KNOWN_BOTS)


def test_real_data_is_not_removed_as_if_it_were_the_demo(
    run: Run, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.claim(db, installation.REAL)
    write(db, [chat(NOVA)])
    assert run("--remove-demo") == 2
    assert "nothing was removed" in capsys.readouterr().err
    assert len(rows(db, Event)) == 1


@pytest.mark.parametrize("days", ["0", "366", "many"])
def test_a_length_that_makes_no_sense_is_refused(run: Run, days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("--demo", "--days", days)
    assert caught.value.code == 2
    assert "--days" in capsys.readouterr().err


# Orders by hand.


def test_the_ignore_list_is_edited_and_printed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--ignore", "@MyBot", "otherbot", "moobot", "--unignore", "nightbot", "nobody") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ignored from now on: mybot, otherbot",
        "ignored already: moobot",
        "recorded from now on: nightbot",
        "not on the ignore list: nobody",
    ]
    assert run("--list-ignored") == 0
    assert capsys.readouterr().out.splitlines() == sorted({*KNOWN_BOTS, "mybot", "otherbot"} - {"nightbot"})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("--rebuild --dry-run", "--dry-run is a part of --import-viewers, and alone it does nothing"),
        ("--days 3", "--days is a part of --demo"),
        ("--seed 0", "--seed is a part of --demo"),
        ("--role owner", "--role is a part of --add-user or --set-role"),
        ("--add-user mila --scope read", "--scope is a part of --add-token"),
        ("--add-user mila --role boss", "invalid choice: 'boss' (choose from 'owner', 'moderator', 'read-only')"),
        ("--backup copy.db --rebuild", "--backup is done alone: run --rebuild after it"),
        ("--backup copy.db --import lists", "--backup is done alone: run --import after it"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(
    run: Run, opened: Database, given: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*given.split())
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
    with pytest.raises(DatabaseUnusable):
        check_schema(opened, SCHEMA_REVISION)


def test_a_rebuild_puts_right_what_went_wrong(
    run: Run, db: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(db, [chat(NOVA), chat(NOVA)])
    installation.zone_that_moved(db, "Asia/Tokyo")
    monkeypatch.setenv("TIMEZONE", "Pacific/Auckland")
    with db.writing() as connection:
        connection.execute(update(MinuteRollup).values(messages=99))
        connection.execute(update(Channel).values(total_messages=-5))
    assert run("--rebuild") == 0
    assert "from 2 events" in capsys.readouterr().out
    assert [row["messages"] for row in rows(db, MinuteRollup)] == [2]
    assert [row["total_messages"] for row in rows(db, Channel)] == [2]
    assert installation.zone_that_moved(db, "Pacific/Auckland") is None, "hours are counted by it"


def test_a_rebuild_adds_the_ledger_up_anew_and_leaves_its_entries_as_they_were_booked(
    run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(db, [chat(NOVA, amount=100), act(Kind.GIFT, NOVA, amount=400)])
    entries = rows(db, LedgerEntry)
    with db.writing() as connection:
        connection.execute(update(LedgerDay).values(amount_micros=1))
    monkeypatch.setenv("COIN_VALUE", "9")
    assert run("--rebuild") == 0
    assert rows(db, LedgerEntry) == entries
    assert {row["source"]: row["amount_micros"] for row in rows(db, LedgerDay)} == {
        "": 3_000_000,
        "bits": 1_000_000,
        "gifts": 2_000_000,
    }


@pytest.mark.sqlite
def test_after_an_upgrade_connections_check_foreign_keys_again() -> None:
    with fresh_database() as db:
        init_db.upgrade(db)
        with db.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_reader_who_has_seen_enough_ends_nothing_and_is_no_error(
    run: Run, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    # Closing it writes what is left, as the end of Python does.
    with os.fdopen(writing, "w") as pipe, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", pipe)
        assert run("--list-ignored", "--ignore", "otherbot", "--rebuild") == 0
    assert "otherbot" in [row["name"] for row in rows(opened, IgnoredName)]


def test_a_list_of_viewers_is_tried_and_taken_in(
    run: Run, db: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("username,notes\nzelda,tea\n")
    assert run("--import-viewers", str(file), "--dry-run") == 0
    assert "this would be 1 new" in capsys.readouterr().out
    assert rows(db, Viewer) == []
    assert run("--import-viewers", str(file), "--platform", "twitch") == 0
    assert "1 row imported: 1 new" in capsys.readouterr().out
    assert [(row["platform"], row["notes"]) for row in rows(db, Viewer)] == [("twitch", "tea")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("username,birthday\nzelda,soon\n", "line 2, column 'birthday'"),
        ("what,ever\n", "username"),
        ("", "the file is empty"),
        (None, "No such file"),
    ],
)
def test_a_faulty_list_of_viewers_is_refused_with_the_place(
    run: Run, db: Database, tmp_path: Path, content: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_text(content)
    assert run("--import-viewers", str(file)) == 2
    output = capsys.readouterr()
    assert told in output.out + output.err
    assert "Traceback" not in output.err
    assert rows(db, Viewer) == []
