"""Raw events that are too old go; what was added up of them stays, and goes on being right."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from core.db import Database
from core.events import Event, Kind, Mark
from core.tracked import Tracked
from ingest import retention, store_rebuild
from ingest.erasure import Cursor, clean_events
from ingest.rebuild import rebuild
from ingest.store import record
from models import (
    Base,
    Channel,
    MinuteRollup,
    Mute,
    StoreAnomaly,
    StoreEvent,
    StoreMinute,
    StoreTotal,
    Stream,
    StreamViewer,
)
from models import Event as EventRow
from rules.funnel import Step
from rules.retention import horizon_ms
from tests.ingest.tables import tables
from tests.support import (
    NOON,
    NOVA,
    OTTO,
    POLICY,
    act,
    chat,
    days,
    deletion,
    hours,
    minutes,
    only,
    rows,
    settle,
    timeout,
    write,
)

LONG_AGO = NOON - days(40)


def forget(db: Database, before_ms: int, *, step: int | None = None) -> int:
    """Deletes all events from before ``before_ms``; answers how many."""
    deleted = 0
    with pytest.MonkeyPatch.context() as patched:
        if step:
            patched.setattr(retention, "STEP", step)
        with db.writing() as connection:
            retention.keep_since(connection, before_ms)
        while True:
            with db.writing() as connection:
                some = retention.forget_some(connection)
            if not some:
                return deleted
            deleted += some


def an_evening(at: int = LONG_AGO) -> list[Event]:
    return [
        chat(NOVA, "clutch", at, amount=5),
        act(Kind.GIFT, OTTO, at + minutes(1), amount=50, quantity=5, name="Rose"),
        chat(NOVA, "gg", at + minutes(2), marks=int(Mark.FIRST)),
        act(Kind.VIEWERS, at=at + minutes(3), amount=12),
        act(Kind.PART, NOVA, at + minutes(10)),
    ]


@pytest.mark.parametrize(("days_", "kept"), [(0, 0), (1, NOON - days(1)), (30, NOON - days(30))])
def test_events_are_kept_by_whole_hours(days_: int, kept: int) -> None:
    assert horizon_ms(NOON, days_) == horizon_ms(NOON + minutes(59), days_) == kept


@pytest.mark.parametrize("step", [1, 2, 500])
def test_old_events_go_in_steps_and_newer_ones_stay(db: Database, step: int) -> None:
    write(db, [*an_evening(), *an_evening(NOON)])
    settle(db, NOON + hours(1))
    before = {name: content for name, content in tables(db).items() if name != "status"}
    assert forget(db, NOON - days(30), step=step) == 5
    assert {row["at_ms"] for row in rows(db, EventRow)} == {NOON + minutes(late) for late in (0, 1, 2, 3, 10)}
    assert {name: content for name, content in tables(db).items() if name != "status"} == before


def test_the_newest_event_stays_however_old_it_is_so_that_no_number_is_given_twice(db: Database) -> None:
    write(db, an_evening())
    newest = rows(db, EventRow)[-1]["id"]
    assert forget(db, NOON) == 4
    write(db, [chat(NOVA, "back again")])
    assert [row["id"] for row in rows(db, EventRow)] == [newest, newest + 1]
    assert forget(db, NOON) == 1


def test_the_time_since_when_events_are_kept_moves_on_only(db: Database) -> None:
    with db.writing() as connection:
        assert retention.kept_since_ms(connection) == 0
        for at_ms, kept in ((0, 0), (NOON, NOON), (NOON - 1, NOON), (NOON + 1, NOON + 1)):
            retention.keep_since(connection, at_ms)
            assert retention.kept_since_ms(connection) == kept


def test_an_event_that_is_told_again_after_it_was_deleted_is_not_counted_twice(db: Database) -> None:
    evening = an_evening()
    write(db, [*evening, chat(NOVA)])
    forget(db, NOON - days(30))
    before = tables(db)
    assert write(db, evening).dropped == {"older_than_kept": 5}
    assert tables(db) == before


def test_whoever_has_a_message_taken_back_keeps_what_was_deleted_of_them(db: Database) -> None:
    """In a stream that never ends, of which the first part is gone."""
    early = [chat(NOVA, f"early {number}", NOON - hours(2) + minutes(20 * number)) for number in range(4)]
    late = chat(NOVA, "too late", NOON + minutes(1))
    write(db, [*early, chat(OTTO, at=NOON - minutes(35)), chat(OTTO, at=NOON - minutes(10)), late])
    forget(db, NOON)
    write(db, [deletion(late)])
    assert only(db, Stream)["messages"] == 6
    assert only(db, Stream)["chatters"] == 2
    nova = next(row for row in rows(db, StreamViewer) if row["messages"] == 4)
    assert nova["last_at_ms"] == NOON - 1


def test_whoever_writes_is_muted_no_more_when_the_ban_is_longer_ago_than_events_are_kept(db: Database) -> None:
    write(db, [chat(NOVA, at=LONG_AGO), timeout(NOVA, LONG_AGO, seconds=0), chat(OTTO, at=NOON)])
    forget(db, NOON - days(30))
    assert only(db, Mute)["until_ms"] > NOON
    write(db, [chat(NOVA, at=NOON)])
    assert rows(db, Mute) == []


def test_a_person_whose_events_are_gone_can_be_erased(db: Database) -> None:
    write(db, [*an_evening(), chat(NOVA, "hello")])
    forget(db, NOON)
    with db.writing() as connection:
        assert clean_events(connection, 1, Cursor()) is None
    assert [row["text"] for row in rows(db, EventRow)] == [None]
    assert only(db, Channel)["total_messages"] == 3


def test_a_rebuild_puts_right_what_is_whole_and_leaves_alone_what_is_not(db: Database) -> None:
    write(db, [*an_evening(), *an_evening(NOON)])
    forget(db, NOON - days(30))
    before = tables(db)
    old, new = rows(db, Stream)
    with db.writing() as connection:
        connection.execute(update(MinuteRollup).where(MinuteRollup.minute >= NOON // 60_000).values(messages=99))
        connection.execute(update(Stream).where(Stream.id == new["id"]).values(messages=7, coins=7))
        connection.execute(update(StreamViewer).where(StreamViewer.stream_id == new["id"]).values(messages=70))
        connection.execute(update(Channel).values(total_messages=-5))
        assert tables(db) == before, "not yet committed"
        assert rebuild(connection, POLICY, NOON) == 5
    assert tables(db) == before
    assert rows(db, Stream) == [old, new]


# The shop.


def order(number: int, at: int = LONG_AGO) -> Tracked:
    return Tracked(f"order-{number}", Step.PURCHASE, at, f"customer-{number}", 4_990, "EUR")


def test_an_order_that_is_reported_again_after_it_was_deleted_is_still_the_same(db: Database) -> None:
    with db.writing() as connection:
        record(connection, [order(1), order(2), order(3, NOON)], NOON)
    assert forget(db, NOON - days(30)) == 2
    with db.writing() as connection:
        taken = record(connection, [order(1), order(2, NOON), order(4, NOON)], NOON)
    assert [one.is_new for one in taken] == [False, False, True]
    assert only(db, StoreTotal)["events"] == 4


def test_an_anomaly_stays_without_the_event_it_was_found_in(db: Database) -> None:
    with db.writing() as connection:
        record(connection, [order(number) for number in range(30)], NOON)
    with db.writing() as connection:
        first = rows(db, StoreEvent)[0]["id"]
        values = {"occasion": "o", "type": "unusual_purchase", "severity": "low", "message": "m", "value": 1}
        values |= {"expected_low": 0, "expected_high": 1, "baseline": "{}", "event_row": first}
        values |= {"detected_at_ms": NOON, "changed_at_ms": NOON}
        connection.execute(StoreAnomaly.__table__.insert().values(values))
    forget(db, NOON)
    assert "o" in {row["occasion"] for row in rows(db, StoreAnomaly) if row["event_row"] is None}
    assert len(rows(db, StoreEvent)) == 1


def test_a_rebuild_of_the_shop_puts_right_the_minutes_that_are_whole(db: Database) -> None:
    with db.writing() as connection:
        record(connection, [order(1), order(2, NOON)], NOON)
    forget(db, NOON - days(30))
    before = rows(db, StoreMinute)
    with db.writing() as connection:
        connection.execute(update(StoreMinute).where(StoreMinute.minute >= NOON // 60_000).values(events=9))
        connection.execute(update(StoreTotal).values(events=9))
        store_rebuild.rebuild(connection, NOON)
    assert rows(db, StoreMinute) == before
    assert only(db, StoreTotal)["events"] == 2


def test_nothing_refers_to_raw_events_that_would_hold_them_back_or_be_searched_for_at_each_deletion() -> None:
    """SQLite looks for who refers to a row before it deletes it: without an index it reads the whole table."""
    referring = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name in ("events", "store_events")
    }
    assert referring == {("store_anomalies", "event_row")}, "let go of it in ingest.retention, and index it"
    assert any([*index.columns][0].name == "event_row" for index in StoreAnomaly.__table__.indexes)  # noqa: RUF015
