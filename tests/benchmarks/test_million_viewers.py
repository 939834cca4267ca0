"""The crowd that benchmarks are measured with, in small: every total is the sum of its rows, and nothing is missing."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import million_viewers
from core.clock import DAY_MS
from core.db import Database
from ingest.policy import Policy
from ingest.rebuild import rebuild
from init_db import upgrade
from tests.support import NOON

PEOPLE = 600


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("crowd") / "viewers.db"
    million_viewers.make(made, PEOPLE, seed=1, now_ms=NOON)
    return made


@pytest.fixture
def crowd(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def counted(connection: sqlite3.Connection, query: str) -> Counter[int]:
    """What ``query`` answers as (viewer, number), added up."""
    found: Counter[int] = Counter()
    for viewer_id, number in connection.execute(query):
        found[viewer_id] += number
    return found


def test_each_persons_totals_are_their_baseline_and_their_rows(crowd: sqlite3.Connection) -> None:
    sessions = [*crowd.execute("SELECT * FROM current_sessions"), *crowd.execute("SELECT * FROM past_sessions")]
    visits = Counter(row["viewer_id"] for row in sessions)
    watched: Counter[int] = Counter()
    for row in sessions:
        watched[row["viewer_id"]] += row["watched_ms"]
    rows = {
        "total_visits": ("visits", visits),
        "total_watchtime_ms": ("watchtime_ms", watched),
        "total_coins_spent": ("coins", counted(crowd, "SELECT viewer_id, coins FROM gifts")),
        "total_gifts_sent": ("gifts", counted(crowd, "SELECT viewer_id, quantity FROM gifts")),
        "total_comments": ("comments", counted(crowd, "SELECT viewer_id, 1 FROM events WHERE kind = 1")),
        "total_likes": ("likes", Counter[int]()),
        "total_shares": ("shares", Counter[int]()),
    }
    for total, (before, there) in rows.items():
        there = there + counted(crowd, f"SELECT viewer_id, {before} FROM viewer_baselines")
        told = counted(crowd, f"SELECT id, {total} FROM viewers")
        assert +told == +there, total
        assert +told, total


def test_what_is_said_of_everybody_is_the_sum_over_them(crowd: sqlite3.Connection) -> None:
    people = crowd.execute("SELECT * FROM viewers").fetchall()
    assert len(people) == PEOPLE
    for row in crowd.execute("SELECT * FROM viewer_totals"):
        of = [person for person in people if person["platform"] == row["platform"]]
        assert row["viewers"] == len(of) > 100
        assert row["coins"] == sum(person["total_coins_spent"] for person in of)
        assert row["watchtime_ms"] == sum(person["total_watchtime_ms"] for person in of)
    days = {row["day"]: row["viewers"] for row in crowd.execute("SELECT * FROM last_seen_days")}
    assert days == Counter(person["last_seen_at_ms"] // DAY_MS for person in people)
    week = "SELECT sum(events), sum(coins) FROM"
    assert tuple(crowd.execute(f"{week} week_hours").fetchone()) == tuple(
        crowd.execute(f"{week} viewer_hours").fetchone()
    )


def test_the_product_recounts_the_same_from_the_events(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(file.read_bytes())
    question = (
        "SELECT id, total_comments, total_coins_spent, total_gifts_sent, total_likes, total_shares FROM viewers",
        "SELECT platform, viewers, coins FROM viewer_totals ORDER BY platform",
        "SELECT * FROM viewer_hours ORDER BY viewer_id, slot",
        "SELECT * FROM week_hours ORDER BY channel_id, slot",
        "SELECT viewer_id, started_at_ms, gift_id, quantity, coins FROM gifts ORDER BY 1, 2, 3",
    )

    def answers() -> list[list[tuple[object, ...]]]:
        with closing(sqlite3.connect(copy)) as connection:
            return [connection.execute(query).fetchall() for query in question]

    before = answers()
    database = Database(f"sqlite:///{copy}")
    with database.writing() as connection:
        rebuild(connection, Policy(), NOON)
    database.close()
    assert answers() == before


def test_it_is_a_database_like_any_other(crowd: sqlite3.Connection, file: Path, tmp_path: Path) -> None:
    query = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    upgrade(fresh)
    fresh.close()
    with closing(sqlite3.connect(tmp_path / "fresh.db")) as connection:
        assert [tuple(row) for row in crowd.execute(query)] == connection.execute(query).fetchall()
    assert crowd.execute("PRAGMA foreign_key_check").fetchall() == []
    assert crowd.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO viewer_search(viewer_search, rank) VALUES ('integrity-check', 1)")
        connection.rollback()


def test_few_are_vips_and_favourites_and_some_are_there_now(crowd: sqlite3.Connection) -> None:
    def share(condition: str, table: str = "viewers") -> float:
        return float(crowd.execute(f"SELECT avg({condition}) FROM {table}").fetchone()[0])

    assert 0.003 < share("vip_tier_id IS NOT NULL") < 0.05
    assert 0 < share("favorite_since_ms IS NOT NULL") < 0.02
    assert 0.01 < share("birthday IS NOT NULL") < 0.1
    assert 0.1 < share("total_coins_spent > 0") < 0.4
    assert 0.1 < share(f"last_seen_at_ms > {NOON - 30 * DAY_MS}") < 0.4
    assert 0 < share("left_at_ms IS NULL", "current_sessions") < 0.02
    assert 0 < crowd.execute("SELECT count(*) FROM stream_attendance").fetchone()[0] < 30


def test_the_same_seed_and_instant_make_the_same_people(file: Path, tmp_path: Path) -> None:
    def rows(made: Path) -> list[list[tuple[object, ...]]]:
        with closing(sqlite3.connect(made)) as connection:
            tables = ("viewers", "past_sessions", "gifts", "events")
            return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]

    million_viewers.make(tmp_path / "again.db", PEOPLE, seed=1, now_ms=NOON)
    million_viewers.make(tmp_path / "other.db", PEOPLE, seed=2, now_ms=NOON)
    assert rows(tmp_path / "again.db") == rows(file) != rows(tmp_path / "other.db")


def test_what_is_there_already_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = million_viewers.cached(50)
    made = first.stat().st_ino
    assert million_viewers.cached(50) == first
    assert first.stat().st_ino == made
    assert [child.name for child in first.parent.iterdir()] == [first.name]
