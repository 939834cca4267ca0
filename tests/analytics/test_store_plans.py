"""How SQLite finds the shop's answers: by an index each, however many events and people there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, event

from analytics import store, store_anomalies, store_journeys
from analytics.store_reach import Range
from core.clock import DAY_MS, HOUR_MS
from core.db import Database
from ingest.store import record
from ingest.store_anomalies import resolve_past
from rules.funnel import Step
from tests.ingest.shop import tracked
from tests.support import NOON

pytestmark = pytest.mark.sqlite  # its query plans

UTC = ZoneInfo("UTC")
LARGE = (
    "store_events",
    "store_users",
    "store_event_keys",
    "store_minutes",
    "store_hours",
    "store_reach",
    "store_samples",
)
NAMED = Range.named("24h", NOON)
OVER = Range.custom(NOON - 3 * DAY_MS, NOON - HOUR_MS, NOON)


@pytest.fixture
def shop(db: Database) -> Database:
    """People in every segment, so that every list is asked for."""
    acts = [
        tracked(f"{person}-{at}", step, NOON - 2 * HOUR_MS - at, person)
        for person, steps in (("ada", Step), ("ben", (3, 1, 1, 1, 1)), ("cleo", (3,)), ("dora", (1,)))
        for at, step in enumerate(map(Step, steps))
    ]
    with db.writing() as connection:
        record(connection, acts, NOON)
    return db


QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "figures": lambda connection: store.stats(connection, NAMED),
    "funnel": lambda connection: store.funnel(connection, NAMED),
    "segments": lambda connection: store.segmentation(connection, NAMED, UTC),
    "segments of the past": lambda connection: store.segmentation(connection, OVER, UTC),
    "funnel of the past": lambda connection: store.funnel(connection, OVER),
    "newest events": lambda connection: store.events(connection, Range.named("all", NOON), 10, UTC),
    "newest events of a range": lambda connection: store.events(connection, NAMED, 10, UTC, before=3),
    "newest events of the past": lambda connection: store.events(connection, OVER, 10, UTC),
    "anomalies": lambda connection: store_anomalies.anomalies(connection, NAMED, UTC),
    "journeys": lambda connection: store_journeys.activity(connection, NAMED, UTC),
    "journeys of the past": lambda connection: store_journeys.activity(connection, OVER, UTC),
    "a new event": lambda connection: record(connection, [tracked("new", Step.PAGE_VIEW, NOON)], NOON),
    "a late event": lambda connection: record(connection, [tracked("late", Step.PAGE_VIEW, NOON - DAY_MS)], NOON),
    "what is over": lambda connection: resolve_past(connection, NOON),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_goes_through_a_whole_table(shop: Database, question: str) -> None:
    asked: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if statement.lstrip()[:6] in ("SELECT", "UPDATE", "DELETE"):
            asked.append((statement, values[0] if many else values))

    event.listen(shop.engine, "before_cursor_execute", keep)
    with shop.writing() as connection:
        QUESTIONS[question](connection)
    event.remove(shop.engine, "before_cursor_execute", keep)
    assert asked
    with shop.reading() as connection:
        for statement, values in asked:
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(values))]
            for step in plan:
                whole = step.startswith("SCAN") and any(f" {name}" in step for name in LARGE)
                newest = step == "SCAN store_events" and "ORDER BY store_events.id DESC" in statement
                assert not whole or newest, f"{step}: {statement}"


def test_both_ways_to_a_segment_name_the_same_people(shop: Database) -> None:
    with shop.reading() as connection:
        for segment in store.Segment:
            ways = [
                [row.user_id for row in way[segment](connection, since=NOON - DAY_MS, limit=50)]
                for way in (store._BY_SEGMENT, store._BY_LAST)
            ]
            assert ways[0] == ways[1]
            assert len(ways[0]) == 1
