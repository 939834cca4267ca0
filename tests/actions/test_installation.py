"""What a database holds as a whole: real and simulated data never mix."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import String, Table

from actions import installation, privacy
from actions.installation import DEMO, REAL
from core.db import Database, DatabaseUnusable
from core.events import Kind, Platform, SourceState, SourceStatus
from core.tracked import Tracked
from ingest import coverage, store
from ingest.batch import Memory
from ingest.policy import Policy
from models import Base, IgnoredName, Installation
from rules.funnel import Step
from tests.support import LENA, NOON, NOVA, SAM, UTC, act, chat, rows, timeout, write


def content(db: Database) -> str | None:
    with db.reading() as connection:
        return installation.content_of(connection)


def ignored(db: Database) -> list[str]:
    return [row["name"] for row in rows(db, IgnoredName)]


def fill(db: Database) -> None:
    """Something in every table."""
    write(db, [chat(NOVA, "clutch"), act(Kind.GIFT, LENA, amount=5), timeout(NOVA, NOON + 1)])
    write(db, [chat(LENA, "hello")])
    statuses = [
        SourceStatus(Platform.TWITCH, "lena", state, NOON) for state in (SourceState.CONNECTED, SourceState.WAITING)
    ]
    with db.writing() as connection:
        coverage.record(connection, statuses, Memory())
        coverage.beat(connection, "collector", NOON, "{}")
    installation.ignore(db, ["nightbot"], ignored=True)
    privacy.opt_out(db, "twitch", SAM.user_id, SAM.login, now_ms=NOON)
    with db.writing() as connection:
        for table in Base.metadata.sorted_tables:
            if connection.execute(table.select().limit(1)).first() is None:
                connection.execute(table.insert().values(_anything(table)))


def _anything(table: Table) -> dict[str, Any]:
    """A row of ones; rows of that number are there."""
    must = [column for column in table.columns if column.primary_key or not (column.nullable or column.server_default)]
    return {column.name: "1" if isinstance(column.type, String) else 1 for column in must}


def sizes(db: Database) -> dict[str, int]:
    with db.reading() as connection:
        tables: list[Table] = Base.metadata.sorted_tables
        return {table.name: len(connection.execute(table.select()).all()) for table in tables}


def test_a_new_database_holds_neither_real_nor_demo_data(db: Database) -> None:
    assert content(db) is None


@pytest.mark.parametrize("kind", [REAL, DEMO])
def test_a_database_may_be_claimed_again_for_the_same(db: Database, kind: str) -> None:
    installation.claim(db, kind)
    installation.claim(db, kind)
    assert content(db) == kind
    assert len(rows(db, Installation)) == 1


def test_real_data_keeps_the_demo_out(db: Database) -> None:
    installation.claim(db, REAL)
    with pytest.raises(DatabaseUnusable, match="holds real data"):
        installation.claim(db, DEMO)
    assert content(db) == REAL


def test_demo_data_keeps_real_data_out_and_names_the_command_that_removes_it(db: Database) -> None:
    installation.claim(db, DEMO)
    with pytest.raises(DatabaseUnusable, match=r"python init_db\.py --remove-demo"):
        installation.claim(db, REAL)
    assert content(db) == DEMO


def test_removing_the_demo_empties_every_table_but_what_people_decided(db: Database) -> None:
    installation.claim(db, DEMO)
    fill(db)
    before = sizes(db)
    assert all(before.values()), before
    installation.remove_demo(db)
    kept = {"ignored_names", "opt_outs", "vip_tiers", "preferences", "accounts", "api_tokens"}
    assert {name: size for name, size in sizes(db).items() if size} == {
        "installation": 1,  # the salt, without which the list of those who opted out says nothing
        **{name: size for name, size in before.items() if name in kept},
    }
    assert ignored(db) == ["nightbot"]
    assert write(db, [chat(SAM)]).dropped == {"opted_out": 1}
    installation.claim(db, REAL)
    write(db, [chat(NOVA)])


@pytest.mark.parametrize("kind", [REAL, None])
def test_removing_the_demo_takes_nothing_from_any_other_database(db: Database, kind: str | None) -> None:
    if kind:
        installation.claim(db, kind)
    fill(db)
    before = sizes(db)
    with pytest.raises(DatabaseUnusable, match="nothing was removed"):
        installation.remove_demo(db)
    assert sizes(db) == before


def test_of_events_that_were_mixed_into_a_real_shop_it_is_said_how_they_leave(db: Database) -> None:
    installation.claim(db, REAL)
    made_up = Tracked("made-up", int(Step.PAGE_VIEW), NOON, "ada", is_simulated=True)
    with db.writing() as connection:
        store.record(connection, [made_up], NOON, Policy(zone=UTC))
    with pytest.raises(DatabaseUnusable, match="leave with all others"):
        installation.remove_demo(db)


def test_a_zone_that_is_not_the_one_hours_were_counted_by_is_told_until_they_are_counted_anew(db: Database) -> None:
    assert installation.zone_that_moved(db, "Europe/Berlin") is None
    assert installation.zone_that_moved(db, "Europe/Berlin") is None
    for _ in range(2):
        assert installation.zone_that_moved(db, "Asia/Tokyo") == "Europe/Berlin"
    with db.writing() as connection:
        installation.count_in(connection, "Asia/Tokyo")
    assert installation.zone_that_moved(db, "Asia/Tokyo") is None


def test_utc_has_several_names_and_is_one_zone(db: Database) -> None:
    assert [installation.zone_that_moved(db, name) for name in ("Etc/UTC", "UTC", "Etc/GMT+1")] == [
        None,
        None,
        "Etc/UTC",
    ]


def test_people_are_ignored_however_their_login_is_written(db: Database) -> None:
    installation.ignore(db, ["@NightBot", " moobot ", "moobot", ""], ignored=True)
    assert ignored(db) == ["moobot", "nightbot"]
    installation.ignore(db, ["nightbot"], ignored=True)
    installation.ignore(db, ["@MOOBOT", "nobody"], ignored=False)
    assert ignored(db) == ["nightbot"]


def test_ignoring_nobody_changes_nothing(db: Database) -> None:
    installation.ignore(db, [" "], ignored=True)
    installation.ignore(db, [], ignored=True)
    installation.ignore(db, [], ignored=False)
    assert ignored(db) == []
