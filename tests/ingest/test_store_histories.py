"""After any history, in any order and any batches, the shop's answers are those of the plain list of its events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from analytics import store as answers
from analytics import store_journeys, store_reach
from analytics.store_reach import RANGES_MS, Deleted, NotKnown, Range
from core.clock import DAY_MS, HOUR_MS, MINUTE_MS, iso
from core.db import Database
from core.tracked import Tracked
from ingest import retention
from ingest.store import record
from ingest.store_rebuild import rebuild
from models import StoreEvent
from rules.funnel import Step
from rules.reach import COMPARED
from tests.databases import unsafe
from tests.ingest.shop import Answer, Reference, emptied, events, split, tables, tracked
from tests.support import NOON, database, examples

UTC = ZoneInfo("UTC")
thorough = examples(60)
sizes = st.lists(st.integers(1, 12), max_size=6)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = unsafe(database(tmp_path_factory.mktemp("shop")))
    yield made
    made.close()


def tell(db: Database, batches: Any, now_ms: int = NOON) -> None:
    for batch in batches:
        with db.writing() as connection:
            record(connection, batch, now_ms)


def answer_of(db: Database, asked: Range) -> Answer:
    with db.reading() as connection:
        stats = answers.stats(connection, asked)
        funnel = answers.funnel(connection, asked)
        segments = answers.segmentation(connection, asked, UTC)
    counts = {name: len(people) for name, people in segments.items() if isinstance(people, list)}
    assert segments["counts"] == counts
    assert stats["unique_users"] == funnel["total_users"] == segments["total_users"] == sum(counts.values())
    assert stats["total_events"] == sum(stats["event_types"].values())
    return Answer(
        stats["event_types"],
        funnel["funnel_counts"],
        funnel["in_order"]["funnel_counts"],
        {
            name: {(one["user_id"], one["total_events"], one["last_event"]) for one in segments[name]}  # type: ignore[misc]
            for name in counts
        },
    )


def shown(answer: Answer) -> Answer:
    """With times as they are answered."""
    people = {
        name: {(person, count, iso(at_ms, UTC)) for person, count, at_ms in members}
        for name, members in answer.segments.items()
    }
    return Answer(answer.steps, answer.reached, answer.in_order, people)  # type: ignore[arg-type]


@thorough
@given(events(), sizes, st.integers(-2, 45 * 24 * 60), st.integers(0, 59_999))
def test_every_range_is_answered_as_by_going_through_all_events(shop, arrived, sizes, minutes_ago, rest):
    tell(emptied(shop), split(arrived, sizes))
    reference = Reference(arrived)
    for name, length_ms in RANGES_MS.items():
        since_ms = 0 if length_ms is None else NOON - length_ms
        assert answer_of(shop, Range.named(name, NOON)) == shown(reference.answer(since_ms)), name
    since_ms = NOON - minutes_ago * MINUTE_MS + rest
    asked = Range.custom(since_ms, None, NOON)
    assert answer_of(shop, asked) == shown(reference.answer(since_ms // MINUTE_MS * MINUTE_MS))


@thorough
@given(events(), sizes, st.integers(0, 41 * 24), st.integers(1, 41 * 24))
def test_a_range_that_is_over_is_answered_as_by_going_through_its_events(shop, arrived, sizes, until, length):
    until_ms = NOON - until * HOUR_MS - 1
    since_ms = (until_ms - length * HOUR_MS) // MINUTE_MS * MINUTE_MS
    tell(emptied(shop), split(arrived, sizes))
    asked = Range.custom(since_ms, until_ms, NOON)
    reference = Reference(arrived)
    assert answer_of(shop, asked) == shown(reference.answer(since_ms, until_ms))
    before = reference.answer(since_ms - (until_ms - since_ms), since_ms)
    with shop.reading() as connection:
        funnel = answers.funnel(connection, asked)
        assert funnel["previous"]["funnel_counts"] == before.reached
        assert funnel["previous"]["in_order"]["funnel_counts"] == before.in_order
        journeys = store_journeys.activity(connection, asked, UTC)
    inside = reference.answer(since_ms, until_ms)
    people = {member for members in shown(inside).segments.values() for member in members}
    assert {(one["user_id"], one["total_events"], one["last_event"]) for one in journeys} == people


@examples(40)
@given(events(60), sizes, st.integers(-2, 41 * 24))
def test_when_old_events_are_deleted_all_that_is_told_stays_also_in_a_rebuild(shop, arrived, sizes, kept_hours):
    tell(emptied(shop), split(arrived, sizes))
    reference, before = Reference(arrived), tables(shop)
    since_ms = (NOON - kept_hours * HOUR_MS) // HOUR_MS * HOUR_MS
    with shop.writing() as connection:
        retention.keep_since(connection, since_ms)
        while retention.forget_some(connection):
            pass
        newest = reference.stored[-1].event_id
        left = set(connection.scalars(select(StoreEvent.event_id)))
    assert left == {one.event_id for one in reference.stored if one.at_ms >= since_ms or one.event_id == newest}
    with shop.writing() as connection:
        rebuild(connection, NOON)
    tell(shop, split(arrived, sizes))  # sent again, as after a time-out
    assert tables(shop) == before
    assert answer_of(shop, Range.named("all", NOON)) == shown(reference.answer(0))
    asked = Range.custom(since_ms, None, NOON)
    assert answer_of(shop, asked) == shown(reference.answer(since_ms))
    with shop.reading() as connection, pytest.raises(Deleted, match="RETENTION_DAYS"):
        store_reach.past(connection, since_ms - 1, NOON)


@thorough
@given(events(60), sizes, st.randoms(use_true_random=False))
def test_a_rebuild_changes_nothing_and_neither_does_the_order_of_the_batches(shop, arrived, sizes, random):
    tell(emptied(shop), split(arrived, sizes))
    before = tables(shop)
    with shop.writing() as connection:
        assert rebuild(connection, NOON) == len(Reference(arrived).stored)
    assert tables(shop) == before
    whole = answer_of(shop, Range.named("all", NOON))
    unique = Reference(arrived).stored
    random.shuffle(unique)
    tell(emptied(shop), split(unique, sizes))
    # Which of two events of one millisecond came first is told by their arrival alone.
    if len({(one.user_id, one.at_ms) for one in unique}) == len(unique):
        assert answer_of(shop, Range.named("all", NOON)) == whole


@thorough
@given(events(), sizes)
def test_each_event_is_stored_once_however_often_it_comes(shop, arrived, sizes):
    emptied(shop)
    known: set[str] = set()
    for batch in split(arrived, sizes):
        with shop.writing() as connection:
            taken = record(connection, batch, NOON)
        assert [one.event_id for one in taken] == [one.event_id for one in batch]
        for one in taken:
            assert one.is_new is (one.event_id not in known)
            known.add(one.event_id)
    with shop.reading() as connection:
        ids = connection.execute(select(StoreEvent.event_id).order_by(StoreEvent.id)).scalars().all()
    assert ids == [one.event_id for one in Reference(arrived).stored]


# (minutes until they come, [(how late or early in minutes, step, person)])
moments = st.lists(
    st.tuples(
        st.sampled_from((0, 1, 4, 7, 30, 61, 200, 26 * 60)),
        st.lists(
            st.tuples(
                st.sampled_from((-4, 0, 0, 0, 3, 59, 60, 90, 1500)), st.sampled_from(Step), st.sampled_from("abc")
            ),
            min_size=1,
            max_size=4,
        ),
    ),
    min_size=1,
    max_size=12,
)


@examples(25)
@given(moments, st.integers(0, 60 * 60))
def test_the_range_before_is_what_stood_when_it_ended(shop, told, later):
    """Later reports do not change it, and a shop that was silent since does not either."""
    emptied(shop)
    now_ms, arrived = NOON, list[tuple[int, Tracked]]()
    for number, (pause, acts) in enumerate(told):
        now_ms += pause * MINUTE_MS
        batch = [
            tracked(f"{number}-{at}", step, now_ms - late * MINUTE_MS, person)
            for at, (late, step, person) in enumerate(acts)
        ]
        tell(shop, [batch], now_ms)
        arrived += [(now_ms, one) for one in batch]
    now_ms += later * MINUTE_MS
    for name, window in (("1h", 60), ("24h", 24 * 60), ("7d", 7 * 24 * 60)):
        every_ms = COMPARED[window] * MINUTE_MS
        ended_ms = (now_ms - window * MINUTE_MS) // every_ms * every_ms
        stood = Reference(one for came_ms, one in arrived if came_ms < ended_ms)
        with shop.reading() as connection:
            funnel = answers.funnel(connection, Range.named(name, now_ms))
        if ended_ms < arrived[0][0] // every_ms * every_ms:
            assert funnel["previous"] is None
            assert funnel["previous_missing"]
            continue
        answer = stood.answer(ended_ms - window * MINUTE_MS)
        assert funnel["previous"]["funnel_counts"] == answer.reached
        assert funnel["previous"]["in_order"]["funnel_counts"] == answer.in_order
        assert funnel["previous_missing"] is None


def test_what_comes_late_is_put_in_its_place_among_what_comes_on_time(shop):
    """The product was looked at before the page: not in order, although both came in one batch with a late event."""
    before = [tracked("known", Step.ADD_TO_CART, NOON - 50)]
    batch = [
        tracked("late", Step.ADD_TO_CART, NOON - 60),
        tracked("first", Step.PRODUCT_VIEW, NOON - 40),
        tracked("then", Step.PAGE_VIEW, NOON - 30),
    ]
    tell(emptied(shop), [before, batch])
    assert answer_of(shop, Range.named("1h", NOON)).in_order["product_view"] == 0


def test_nothing_is_before_the_beginning(shop):
    with emptied(shop).reading() as connection, pytest.raises(NotKnown, match="beginning"):
        store_reach.before(connection, Range.named("all", NOON))


def test_a_silent_month_costs_no_more_than_the_snapshots_that_will_be_asked_for(shop):
    tell(emptied(shop), [[tracked("one", Step.PAGE_VIEW, NOON)]])
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    later = NOON + 300 * DAY_MS
    event.listen(shop.engine, "before_cursor_execute", count)
    try:
        tell(shop, [[tracked("two", Step.PAGE_VIEW, later)]], later)
    finally:
        event.remove(shop.engine, "before_cursor_execute", count)
    asked_for = sum(window // every + 2 for window, every in COMPARED.items())
    assert statements < 4 * asked_for + 100
