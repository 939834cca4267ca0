"""The gifts of the running stream: the latest and the biggest, each streak once, nobody who is blocked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from analytics import gifts, scope
from core.db import Database
from core.events import Event, Kind, Person, Platform
from models import IgnoredName, Viewer
from tests.analytics.test_plans import recorded
from tests.support import NOON, NOVA, OTTO, SAM, UTC, act, chat, hours, seconds, write


def gift(who: Person | None, name: str, coins: int, at: int = NOON, **more: Any) -> Event:
    return act(Kind.GIFT, who, at, amount=coins, gift_id=7, name=name, quantity=1, diamonds=coins, **more)


def streak(who: Person, count: int, at: int) -> Event:
    extra = {"gift_id": 5655, "name": "Rose", "quantity": count, "diamonds": 1, "streak": "1:42"}
    return act(Kind.GIFT, who, at, amount=count, **extra)


def asked(db: Database, now_ms: int, limit: int = 5) -> dict[str, list[tuple[str, str, int, int]]]:
    with db.reading() as connection:
        found = gifts.of_running_streams(connection, scope.channels(connection), limit, UTC, now_ms)
    return {
        key: [(one["user"], one["name"], one["quantity"], one["coins"]) for one in listed]
        for key, listed in found.items()
    }


def test_the_latest_come_first_and_the_biggest_first(db):
    write(
        db,
        [
            gift(NOVA, "Lion", 500),
            gift(OTTO, "Rose", 1, NOON + seconds(1)),
            *(streak(SAM, count, NOON + seconds(2 + count)) for count in range(1, 31)),
        ],
    )
    assert asked(db, NOON + seconds(40)) == {
        "latest": [("Sam", "Rose", 30, 30), ("Otto", "Rose", 1, 1), ("Nova", "Lion", 1, 500)],
        "biggest": [("Nova", "Lion", 1, 500), ("Sam", "Rose", 30, 30), ("Otto", "Rose", 1, 1)],
    }
    assert len(asked(db, NOON + seconds(40), limit=1)["latest"]) == 1


def test_subs_given_away_are_among_the_latest_and_cost_no_coins_to_be_big_by(db):
    write(db, [gift(NOVA, "Rose", 1), act(Kind.SUBGIFT, SAM, NOON + 1, amount=1, plan="1000")])
    assert asked(db, NOON) == {
        "latest": [("Sam", "Tier 1 sub", 1, 0), ("Nova", "Rose", 1, 1)],
        "biggest": [("Nova", "Rose", 1, 1)],
    }


def test_all_channels_that_run_are_seen_together(db):
    write(db, [gift(NOVA, "Lion", 500), gift(OTTO, "Rose", 1, channel="max", platform=Platform.TIKTOK)])
    assert {user for user, *_ in asked(db, NOON)["latest"]} == {"Nova", "Otto"}


def test_the_gifts_of_the_stream_before_are_over(db):
    write(db, [gift(NOVA, "Lion", 500, NOON - hours(20))])
    assert asked(db, NOON - hours(20))["latest"]
    assert asked(db, NOON) == {"latest": [], "biggest": []}
    write(db, [chat(NOVA, at=NOON)])
    assert asked(db, NOON) == {"latest": [], "biggest": []}


def test_nobody_who_is_blocked_ignored_or_unknown_is_shown(db):
    write(db, [gift(NOVA, "Lion", 500), gift(OTTO, "Rose", 1), gift(SAM, "Cap", 99), gift(None, "Cap", 99)])
    with db.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == "nova").values(is_blocked=True))
        connection.execute(insert(IgnoredName).values(name="otto"))
    assert asked(db, NOON) == {"latest": [("Sam", "Cap", 1, 99)], "biggest": [("Sam", "Cap", 1, 99)]}


@pytest.mark.sqlite
def test_only_the_gifts_since_the_stream_began_are_read(db):
    write(db, [gift(NOVA, "Lion", 500)])
    with db.reading() as connection:
        for statement in (gifts._LATEST, gifts._BIGGEST):
            with recorded(db) as seen:
                statement(connection, channel=1, since=NOON, limit=5)
            sql, parameters = seen[0]
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
            steps = [step for step in plan if "gifts" in step]
            assert steps == ["SEARCH gifts USING INDEX ix_gifts_channel_started (channel_id=? AND started_at_ms>?)"]
            assert not [step for step in plan if step.startswith("SCAN viewers")]
