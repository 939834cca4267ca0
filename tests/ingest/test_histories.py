"""The property that matters most: after any history, in any batches, every total is what a recount gives."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert

from core.db import Database
from core.events import Event
from ingest.batch import BatchResult, Memory
from ingest.rebuild import rebuild
from models import IgnoredName
from tests.ingest.histories import IGNORED, LATEST, histories, split_histories
from tests.ingest.reference import Reference
from tests.ingest.tables import tables
from tests.support import SESSION_TIMEOUT_MS, fresh_database, write

thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ignore_bots(db: Database) -> None:
    with db.writing() as connection:
        connection.execute(insert(IgnoredName), [{"name": name} for name in IGNORED])


def store_in(db: Database, batches: Sequence[Sequence[Event]], restarts: Sequence[bool] = ()) -> BatchResult:
    """Stores the batches as one writer, or as one that is started anew before some of them."""
    whole, memory = BatchResult(), Memory()
    for number, batch in enumerate(batches):
        if number < len(restarts) and restarts[number]:
            memory = Memory()
        result = write(db, batch, memory=memory, now_ms=LATEST)
        whole.stored += result.stored
        whole.dropped.update(result.dropped)
    return whole


def reference_of(events: Sequence[Event]) -> Reference:
    return Reference(events, now_ms=LATEST, timeout_ms=SESSION_TIMEOUT_MS, ignored=IGNORED)


@thorough
@given(split_histories())
def test_all_totals_equal_a_recount_of_the_plain_list_whatever_the_batches(
    history: tuple[list[Event], list[list[Event]], list[bool]],
) -> None:
    events, batches, restarts = history
    expected = reference_of(events)
    with fresh_database() as db:
        ignore_bots(db)
        result = store_in(db, batches, restarts)
        found = tables(db)
    for name, rows in expected.tables().items():
        assert found[name] == rows, name
    assert result.dropped == expected.dropped
    assert result.stored == len(expected.stored)


@thorough
@given(split_histories())
def test_a_rebuild_changes_nothing(history: tuple[list[Event], list[list[Event]], list[bool]]) -> None:
    _, batches, restarts = history
    with fresh_database() as db:
        ignore_bots(db)
        stored = store_in(db, batches, restarts).stored
        before = tables(db)
        with db.writing() as connection:
            assert rebuild(connection, SESSION_TIMEOUT_MS) == stored
        assert tables(db) == before


@thorough
@given(split_histories())
def test_the_same_history_stored_again_changes_nothing(
    history: tuple[list[Event], list[list[Event]], list[bool]],
) -> None:
    events, batches, restarts = history
    with fresh_database() as db:
        ignore_bots(db)
        store_in(db, batches, restarts)
        before = tables(db)
        assert store_in(db, [events]).stored == 0
        assert tables(db) == before


@settings(thorough, max_examples=25)
@given(histories())
def test_one_batch_or_one_batch_for_each_event_makes_no_difference(events: list[Event]) -> None:
    with fresh_database() as whole, fresh_database() as single:
        for db, batches in ((whole, [events]), (single, [[event] for event in events])):
            ignore_bots(db)
            store_in(db, batches)
        assert tables(whole) == tables(single)
