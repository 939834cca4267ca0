"""The property that matters most: after any history, in any batches, every total is what a recount gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from core.clock import HOUR_MS
from core.db import Database
from core.events import Event, Kind
from ingest import retention, terms
from ingest.batch import BatchResult, Memory
from ingest.policy import Policy
from ingest.rebuild import rebuild
from models import Base, IgnoredName, Viewer, VipTier
from models import Event as EventRow
from rules.tiers import tier_for
from tests.databases import unsafe
from tests.ingest.histories import IGNORED, LATEST, TIERS, Telling, histories, tellings
from tests.ingest.reference import EARLIEST, Reference
from tests.ingest.tables import tables
from tests.support import POLICY, SESSION_TIMEOUT_MS, database, days, examples, rows, settle, write

pytestmark = pytest.mark.long

thorough = examples(100)
IN_THE_END = LATEST + days(7)
LAST_RANK = len(TIERS)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Database]]:
    """Two for all examples, each emptied before it is used: a new one costs as much as a history."""
    folder = tmp_path_factory.mktemp("histories")
    made = (unsafe(database(folder, "one.db")), unsafe(database(folder, "other.db")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terms, "BATCHES", 3)  # a history has few
        patch.setattr(terms, "MOST_USED", 2)
        yield made
    for one in made:
        one.close()


def prepare(db: Database) -> None:
    """Nothing but bots that are ignored, and tiers that are soon reached."""
    with db.writing() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
        connection.execute(insert(IgnoredName), [{"name": name} for name in IGNORED])
        values = [
            {"name": tier.name, "rank": tier.rank, "coins": tier.coins, "watch_hours": tier.watch_hours}
            | {"visits": tier.visits, "color": "#FFD700"}
            for tier in TIERS
        ]
        connection.execute(insert(VipTier), values)


def store_in(db: Database, telling: Telling) -> BatchResult:
    """Stores the batches with a clock that moves on, and heartbeats at any time in between."""
    whole, memory, now_ms = BatchResult(), Memory(), EARLIEST
    policy = replace(POLICY, zone=telling.zone)
    for batch, restarts, pause in zip(telling.batches, telling.restarts, telling.heartbeats, strict=True):
        memory = Memory() if restarts else memory
        now_ms = max([now_ms, *(event.at_ms for event in batch if event.at_ms <= LATEST)])
        result = write(db, batch, memory=memory, now_ms=now_ms, policy=policy)
        whole.stored += result.stored
        whole.dropped.update(result.dropped)
        if pause is not None:
            settle(db, now_ms + pause, policy)
    settle(db, IN_THE_END, policy)
    return whole


def at_once(events: list[Event], telling: Telling | None = None) -> Telling:
    """The whole history as one batch."""
    told = telling or Telling(events, [], [], [], POLICY.zone)
    return replace(told, events=events, batches=[events], restarts=[True], heartbeats=[None])


def recount(db: Database, policy: Policy) -> int:
    with db.writing() as connection:
        return rebuild(connection, policy, IN_THE_END)


def ranks(db: Database) -> dict[Any, tuple[int, int]]:
    """Of everybody: the rank of the tier they have, and of the tier their totals reach; 0 for none."""
    rank_of = {row["id"]: row["rank"] for row in rows(db, VipTier)}
    found = {}
    for row in rows(db, Viewer):
        watched = row["total_watchtime_ms"] // 1000
        reached = tier_for(row["total_coins_spent"], watched, row["total_visits"], TIERS)
        found[row["username"]] = (rank_of.get(row["vip_tier_id"], 0), reached.rank if reached else 0)
    return found


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, content in expected.items():
        assert found[name] == content, name


@thorough
@given(tellings())
def test_all_totals_equal_a_recount_of_the_plain_list_whatever_the_batches(
    databases: tuple[Database, Database], telling: Telling
) -> None:
    expected = Reference(
        telling.events, now_ms=LATEST, timeout_ms=SESSION_TIMEOUT_MS, ignored=IGNORED, zone=telling.zone
    )
    db, _ = databases
    prepare(db)
    result = store_in(db, telling)
    found, tiers = tables(db), ranks(db)
    assert_same(found, expected.tables())
    assert result.dropped == expected.dropped
    assert result.stored == len(expected.stored)
    for who, (rank, reached) in tiers.items():
        assert rank >= reached, who


@thorough
@given(tellings())
def test_a_rebuild_changes_nothing(databases: tuple[Database, Database], telling: Telling) -> None:
    db, _ = databases
    prepare(db)
    stored = store_in(db, telling).stored
    before = tables(db)
    assert recount(db, replace(POLICY, zone=telling.zone)) == stored
    assert_same(tables(db), before)
    for who, (rank, reached) in ranks(db).items():
        assert rank == reached, who


@thorough
@given(tellings())
def test_the_same_history_stored_again_changes_nothing(databases: tuple[Database, Database], telling: Telling) -> None:
    db, _ = databases
    prepare(db)
    store_in(db, telling)
    before = tables(db)
    assert store_in(db, at_once(telling.events, telling)).stored == 0
    assert_same(tables(db), before)


@examples(25)
@given(histories())
def test_one_batch_or_one_batch_for_each_event_makes_no_difference(
    databases: tuple[Database, Database], events: list[Event]
) -> None:
    each = len(events)
    single = Telling(events, [[event] for event in events], [False] * each, [None] * each, POLICY.zone)
    one, many = databases
    for db, telling in ((one, at_once(events)), (many, single)):
        prepare(db)
        store_in(db, telling)
    assert_same(tables(many), tables(one))


@examples(40)
@given(tellings(), st.integers(0, 40), st.booleans())
def test_when_old_events_are_deleted_everything_else_stays_also_in_a_rebuild(
    databases: tuple[Database, Database], telling: Telling, number: int, later: bool
) -> None:
    db, _ = databases
    prepare(db)
    store_in(db, telling)
    known = [event.at_ms for event in telling.events if EARLIEST <= event.at_ms <= LATEST] or [LATEST]
    since_ms = known[number % len(known)] // HOUR_MS * HOUR_MS + later * HOUR_MS
    before = without_status(tables(db))
    raw = rows(db, EventRow)
    with db.writing() as connection:
        retention.keep_since(connection, since_ms)
        while retention.forget_some(connection):
            pass
    newest = max((row["id"] for row in raw), default=0)
    assert rows(db, EventRow) == [row for row in raw if row["at_ms"] >= since_ms or row["id"] == newest]
    assert_same(tables(db), before)
    recount(db, replace(POLICY, zone=telling.zone))
    assert_same(tables(db), before)
    assert store_in(db, at_once(telling.events, telling)).stored == 0
    assert_same(tables(db), before)


def without_status(found: dict[str, Any]) -> dict[str, Any]:
    """All but what is told of raw events, one by one."""
    return {name: content for name, content in found.items() if name != "status"}


TAKES_BACK = (Kind.DELETE, Kind.TIMEOUT, Kind.PART, Kind.LIVE_END)


@examples(40)
@given(tellings())
def test_where_nothing_is_taken_back_everybody_has_just_the_tier_they_reach(
    databases: tuple[Database, Database], telling: Telling
) -> None:
    def left(events: Sequence[Event]) -> list[Event]:
        return [event for event in events if event.kind not in TAKES_BACK]

    db, _ = databases
    prepare(db)
    store_in(db, at_once(left(telling.events), telling))  # heartbeats count what may turn out to be another stream's
    for who, (rank, reached) in ranks(db).items():
        assert rank == reached, who
