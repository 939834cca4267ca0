"""How the product itself is doing."""

from __future__ import annotations

import json

from analytics import health
from core.db import Database
from core.events import Platform, SourceState, SourceStatus
from ingest import coverage
from ingest.batch import Memory
from tests.support import NOON, NOVA, UTC, chat, minutes, seconds, write


def condition(db: Database, now_ms: int = NOON) -> health.Condition:
    with db.reading() as connection:
        return health.condition(connection, now_ms, UTC)


def beat(db: Database, at_ms: int = NOON, state: SourceState = SourceState.CONNECTED, **detail: int) -> None:
    with db.writing() as connection:
        coverage.record(connection, [SourceStatus(Platform.TWITCH, "lena", state, at_ms, "why")], Memory())
        coverage.beat(connection, "collector", at_ms, json.dumps(detail))


def test_before_the_first_run_the_collector_is_the_problem(db: Database) -> None:
    told = condition(db)
    assert told.problems == ["the collector has never run"]
    assert (told.collector, told.sources, told.last_event_age_seconds) == ({"running": False}, [], None)


def test_while_all_is_well_there_is_no_problem(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - seconds(3))])
    beat(db, stored=17)
    told = condition(db, NOON + seconds(1))
    assert told.problems == []
    assert told.collector == {"running": True, "processes": 1, "heartbeat_age_seconds": 1.0, "stored": 17}
    assert told.last_event_age_seconds == 4.0
    assert [source["state"] for source in told.sources] == ["connected"]


def test_a_silent_collector_is_a_problem(db: Database) -> None:
    beat(db)
    told = condition(db, NOON + minutes(2))
    assert told.problems == ["the collector gave no sign of life for 120 s"]
    assert told.collector["running"] is False


def test_a_source_that_waits_or_failed_is_a_problem(db: Database) -> None:
    for state in (SourceState.WAITING, SourceState.FAILED):
        beat(db, state=state)
        assert condition(db).problems == [f"twitch/lena: {state.value}: why"]


def test_a_source_whose_channel_is_not_live_is_none(db: Database) -> None:
    beat(db, state=SourceState.OFFLINE)
    assert condition(db).problems == []


def test_a_long_queue_is_a_problem(db: Database) -> None:
    beat(db, queued=10_001)
    assert condition(db).problems == ["10001 events wait to be written"]


def test_a_clock_ahead_makes_no_negative_age(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON + minutes(5))])
    assert condition(db).last_event_age_seconds == 0.0


def test_totals_are_told_by_channel(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA), chat(NOVA, channel="northwind")])
    with db.reading() as connection:
        assert health.totals(connection) == [("twitch", "lena", 2), ("twitch", "northwind", 1)]
