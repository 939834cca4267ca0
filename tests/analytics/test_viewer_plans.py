"""What a question about people costs: its plan reads no large table from end to end, and more people cost no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from analytics import (
    birthdays,
    heatmaps,
    leaderboards,
    presence,
    scope,
    tiers,
    viewer_detail,
    viewer_export,
    viewer_history,
    viewer_list,
    viewer_queries,
    viewer_stats,
    viewers,
)
from analytics.viewer_list import FILTERS, SORTS, Question
from analytics.viewer_queries import How, Order
from core.db import Database
from tests.analytics.people import edit, everybody, history, person, record
from tests.support import NOON, UTC, chat, fresh_database, write

pytestmark = pytest.mark.sqlite  # its query plans

LARGE = {"viewers", "events", "gifts", "stream_viewers", "stream_attendance", "past_sessions", "current_sessions"}
FEW, MANY = 150, 1_500


def crowd(people: int) -> Iterator[Database]:
    with fresh_database() as db:
        record(db, history(people))
        edit(db, everybody(db)[:60])
        write(db, [chat(person(number), at=NOON - 1) for number in range(40)])
        yield db


@pytest.fixture(scope="module")
def few() -> Iterator[Database]:
    yield from crowd(FEW)


@pytest.fixture(scope="module")
def many() -> Iterator[Database]:
    yield from crowd(MANY)


def listed(**asked: Any) -> Callable[[Connection], Any]:
    def ask(connection: Connection) -> Any:
        found = viewer_list.page(connection, Question(NOON, limit=10, **asked))
        return viewers.profiles(connection, found.ids, UTC, NOON)

    return ask


def chatter_id(connection: Connection) -> int:
    return int(viewers.find(connection, "twitch:otto1" if _has(connection, "twitch:otto1") else "tiktok:otto1").id)


def _has(connection: Connection, address: str) -> bool:
    try:
        viewers.find(connection, address)
    except viewers.UnknownViewer:
        return False
    return True


BOUNDED: dict[str, Callable[[Connection], Any]] = {
    **{f"list by {sort_by}": listed(sort_by=sort_by) for sort_by in SORTS},
    **{f"list by {sort_by}, upwards": listed(sort_by=sort_by, descending=False) for sort_by in SORTS},
    **{f"list of {filter}": listed(filter=filter) for filter in ("vip", "favorites")},
    "the last page": listed(page=10**6),
    "active by last sign": listed(filter="active", sort_by="last_seen_at"),
    "search for one": listed(search="otto1 the"),
    "search by a beginning": listed(search="zz"),
    "summary": lambda connection: viewer_stats.summary(connection, NOON, UTC),
    **{
        f"leaderboard of {type}": lambda connection, type=type: leaderboards.of_all_time(
            connection, type, 10, UTC, NOON
        )
        for type in leaderboards.TYPES
    },
    "one person": lambda connection: viewer_detail.detail(connection, viewers.find(connection, "otto1"), UTC, NOON),
    "sessions": lambda connection: viewer_history.sessions(connection, chatter_id(connection), 20, UTC),
    "gifts": lambda connection: viewer_history.gifts(connection, chatter_id(connection), 20, UTC),
    "interactions": lambda connection: viewer_history.interactions(connection, chatter_id(connection), 20, UTC),
    "hours of all": lambda connection: heatmaps.of_channels(connection, scope.channels(connection)),
    "VIPs": lambda connection: tiers.vips(connection, "Gold", 10, UTC, NOON),
}
OTHERS: dict[str, Callable[[Connection], Any]] = {
    **{f"active by {sort_by}": listed(filter="active", sort_by=sort_by) for sort_by in SORTS},
    **{f"search of {filter}": listed(filter=filter, search="nova") for filter in FILTERS},
    **{f"search by a beginning of {filter}": listed(filter=filter, search="no") for filter in FILTERS},
    **{
        f"leaderboard of {type} now": lambda connection, type=type: leaderboards.of_running_streams(
            connection, scope.channels(connection), type, 10, UTC, NOON
        )
        for type in leaderboards.TYPES
    },
    "a step of the export": lambda connection: viewer_export.step(connection, "vip", 20, UTC, NOON),
    "birthdays": lambda connection: birthdays.upcoming(connection, 7, UTC, NOON),
    "who is here": lambda connection: presence.open_sessions(connection, 10, UTC, NOON),
}


@pytest.fixture
def asked(many: Database) -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> None:
        if sql.startswith("SELECT"):
            seen.append((sql, parameters))

    event.listen(many.engine, "before_cursor_execute", note)
    yield seen
    event.remove(many.engine, "before_cursor_execute", note)


def end_to_end(connection: Connection, sql: str, parameters: Any) -> list[str]:
    """Steps that read all of a large table: not a walk along an index that a limit ends, nor one of a partial index."""
    steps = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    scans = [step for step in steps if step.startswith("SCAN") and step.split()[1] in LARGE]
    limited = "LIMIT" in sql and not any("TEMP B-TREE FOR ORDER" in step for step in steps)
    partial = ("ix_viewers_vip_", "ix_viewers_favorite_", "ix_current_sessions_open")
    return [step for step in scans if not (" INDEX " in step and (limited or any(name in step for name in partial)))]


@pytest.mark.parametrize("ask", [*BOUNDED.values(), *OTHERS.values()], ids=[*BOUNDED, *OTHERS])
def test_no_question_about_people_reads_a_large_table_from_end_to_end(many, asked, ask):
    with many.reading() as connection:
        ask(connection)
    statements = list(asked)
    assert statements
    with many.reading() as connection:
        found = {sql: steps for sql, given in statements if (steps := end_to_end(connection, sql, given))}
    assert found == {}


def test_a_walk_that_looks_among_those_who_are_active_reads_nobody(many, asked):
    walk = viewer_queries.walk("sqlite", "active", How.AMONG_ACTIVE, Order("total_coins_spent", descending=True))
    with many.reading() as connection:
        walk(connection, since=0, limit=10, offset=0)
        [(sql, given)] = asked
        steps = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)]
    assert steps[0] == "SCAN viewers USING COVERING INDEX ix_viewers_total_coins_spent"


def test_the_check_itself_sees_a_scan(many):
    with many.reading() as connection:
        assert end_to_end(connection, "SELECT * FROM viewers WHERE notes = ?", ("x",))
        assert end_to_end(connection, "SELECT id FROM viewers ORDER BY bio LIMIT 5", ())
        assert not end_to_end(connection, "SELECT id FROM viewers ORDER BY username LIMIT 5", ())


def steps_of(db: Database, ask: Callable[[Connection], Any]) -> int:
    """How many instructions SQLite's virtual machine takes to answer, in tens."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    with db.reading() as connection:
        ask(connection)
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, 10)
        try:
            ask(connection)
        finally:
            driver.set_progress_handler(None, 10)
    return counted


@pytest.mark.parametrize("ask", BOUNDED.values(), ids=BOUNDED)
def test_ten_times_as_many_people_cost_no_more(few, many, ask):
    assert steps_of(many, ask) < 2 * steps_of(few, ask) + 200
