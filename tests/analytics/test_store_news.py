"""What is new in the shop: each event once, anomalies whenever they change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, update

from analytics.store_news import ANOMALIES_WATCHED, CHANGES_MS, MOST_WAITING, AnomalyTail, EventTail
from core.db import Database
from models import StoreAnomaly, StoreEvent
from tests.support import NOON


def put(db: Database, *numbers: int) -> None:
    with db.writing() as connection:
        rows = [{"id": n, "event_id": f"e{n}", "step": 1, "at_ms": NOON, "received_at_ms": NOON} for n in numbers]
        connection.execute(insert(StoreEvent), rows)


def read(db: Database, tail: EventTail, limit: int = 50) -> list[int]:
    with db.reading() as connection:
        return [row.id for row in tail.unread(connection, limit).rows]


def started(db: Database) -> EventTail:
    tail = EventTail()
    with db.reading() as connection:
        tail.skip(connection)
    return tail


def test_what_is_there_already_is_not_told(db: Database):
    put(db, 1, 2, 3)
    tail = started(db)
    assert read(db, tail) == []
    with db.reading() as connection:
        assert [row.id for row in tail.latest(connection, 2)] == [3, 2]


def test_more_than_a_look_may_tell_waits_in_its_order(db: Database):
    tail = started(db)
    put(db, *range(1, 8))
    assert [read(db, tail, limit=3) for _ in range(4)] == [[1, 2, 3], [4, 5, 6], [7], []]
    put(db, 8)
    assert read(db, tail) == [8]


def test_of_a_flood_the_newest_are_told_and_the_others_counted(db: Database):
    put(db, 1, 2)
    tail = started(db)
    put(db, *range(3, MOST_WAITING + 13))
    with db.reading() as connection:
        found = tail.unread(connection, 50)
    assert found.skipped == 10
    told = [row.id for row in found.rows]
    while more := read(db, tail):
        told += more
    assert told == list(range(13, MOST_WAITING + 13))


def test_after_everything_was_deleted_it_begins_anew(db: Database):
    put(db, 1, 2, 3)
    tail = started(db)
    with db.writing() as connection:
        connection.execute(delete(StoreEvent))
    with db.reading() as connection:
        assert tail.unread(connection, 50).anew
    put(db, 1, 2)
    assert read(db, tail) == [1, 2]


def find(db: Database, number: int, **values: Any) -> None:
    row = {
        "id": number,
        "occasion": f"test:{number}",
        "type": "traffic_spike",
        "severity": "low",
        "message": "",
        "value": 1.0,
        "expected_low": 0.0,
        "expected_high": 1.0,
        "baseline": "{}",
        "detected_at_ms": NOON,
        "changed_at_ms": NOON,
    }
    with db.writing() as connection:
        connection.execute(insert(StoreAnomaly).values(row | values))


def change(db: Database, number: int, **values: Any) -> None:
    with db.writing() as connection:
        connection.execute(update(StoreAnomaly).where(StoreAnomaly.id == number).values(**values))


def told(db: Database, tail: AnomalyTail, now_ms: int, limit: int = 50) -> list[int]:
    with db.reading() as connection:
        return [row.id for row in tail.unread(connection, limit, now_ms)]


def test_anomalies_are_told_once_for_each_change(db: Database):
    find(db, 1)
    tail = AnomalyTail()
    with db.reading() as connection:
        tail.skip(connection, NOON)
    assert told(db, tail, NOON) == []
    find(db, 2)
    assert told(db, tail, NOON) == [2]
    change(db, 1, state="seen", changed_at_ms=NOON + 10)
    change(db, 2, value=5.0, changed_at_ms=NOON + 5)
    assert told(db, tail, NOON + 20) == [2, 1]
    assert told(db, tail, NOON + 20) == []
    change(db, 1, state="resolved", changed_at_ms=NOON + 10)  # within the same millisecond
    assert told(db, tail, NOON + 30) == [1]
    assert told(db, tail, NOON + 10 * CHANGES_MS) == []
    change(db, 1, state="seen", changed_at_ms=NOON + 10 * CHANGES_MS)
    assert told(db, tail, NOON + 10 * CHANGES_MS) == [1]


def test_many_changes_at_once_are_told_over_several_looks(db: Database):
    tail = AnomalyTail()
    for number in range(1, 8):
        find(db, number, changed_at_ms=NOON + number)
    assert [told(db, tail, NOON + 10, limit=3) for _ in range(4)] == [[1, 2, 3], [4, 5, 6], [7], []]


def test_a_change_of_one_that_is_long_gone_costs_nothing(db: Database):
    find(db, 1)
    find(db, ANOMALIES_WATCHED + 2)
    tail = AnomalyTail()
    with db.reading() as connection:
        tail.skip(connection, NOON)
    change(db, 1, state="seen", changed_at_ms=NOON + 1)
    assert told(db, tail, NOON + 1) == []
