"""Whether a dashboard is calm, from the streams as they were recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions import calm as orders
from analytics import calm
from core.db import Database
from core.events import Kind
from tests.support import LENA, NOON, NOVA, act, chat, database, hours, minutes, write

OWNER = orders.key_of(0)


@pytest.fixture
def db(tmp_path: Path):
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


def is_calm(db: Database, at: int, key: str = OWNER) -> bool:
    with db.reading() as connection:
        return calm.since(connection, key, at) is not None


def test_it_lasts_until_the_stream_ends_and_does_not_come_back_with_the_next(db: Database):
    write(db, [chat(NOVA, at=NOON)])
    orders.switch(db, 0, on=True, now_ms=NOON + minutes(5))
    assert is_calm(db, NOON + minutes(6))
    assert not is_calm(db, NOON + minutes(6), orders.key_of(7)), "somebody else's pages"
    write(db, [act(Kind.LIVE_END, LENA, NOON + minutes(20))])
    assert not is_calm(db, NOON + minutes(21))
    write(db, [chat(NOVA, at=NOON + hours(5))])
    assert not is_calm(db, NOON + hours(5) + minutes(1))


def test_a_stream_that_only_falls_silent_ends_it_as_well(db: Database):
    write(db, [chat(NOVA, at=NOON)])
    orders.switch(db, 0, on=True, now_ms=NOON + minutes(10))
    assert is_calm(db, NOON + minutes(29))
    assert not is_calm(db, NOON + minutes(31))


def test_wished_before_the_stream_it_waits_for_it(db: Database):
    write(db, [chat(NOVA, at=NOON - hours(9))])
    orders.switch(db, 0, on=True, now_ms=NOON)
    assert is_calm(db, NOON + hours(3))
    write(db, [chat(NOVA, at=NOON + hours(4))])
    assert is_calm(db, NOON + hours(4) + minutes(5))
    assert not is_calm(db, NOON + hours(5))


def test_it_is_switched_off_by_hand(db: Database):
    write(db, [chat(NOVA, at=NOON)])
    orders.switch(db, 0, on=True, now_ms=NOON)
    orders.switch(db, 0, on=False, now_ms=NOON)
    assert not is_calm(db, NOON)
