"""Gifts and streaks: every gift counted once, however many ticks tell of it, how often, and to which process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import delete

from core.db import Database
from core.events import Event, Kind, Person, Platform
from ingest import gift_history
from ingest.batch import Memory
from ingest.rebuild import rebuild
from models import Event as EventRow
from models import EventStatus, Gift, MinuteRollup, StreamViewer, Viewer, ViewerHour
from tests.ingest.tables import tables
from tests.support import NOON, NOVA, OTTO, POLICY, act, chat, days, deletion, only, rows, seconds, settle, write

ROSE = 5  # the id of a gift of one coin


def tick(
    count: int,
    at: float = 0,
    *,
    who: Person = NOVA,
    group: str = "7:31",
    gift_id: int = ROSE,
    diamonds: int | None = 1,
    ended: bool = False,
    amount: int | None = None,
    **more: Any,
) -> Event:
    """TikTok tells the count so far with each."""
    extra: dict[str, Any] = {"gift_id": gift_id, "name": "Rose", "quantity": count, "streak": group, "ended": ended}
    if diamonds is not None:
        extra["diamonds"] = diamonds
    coins = count * (diamonds or 0) if amount is None else amount
    more = {"platform": Platform.TIKTOK} | more
    return act(Kind.GIFT, who, NOON + seconds(at), amount=coins, **extra, **more)


def end(count: int, at: float = 0, **more: Any) -> Event:
    return tick(count, at, ended=True, **more)


AGAIN = tick(2, 1, source_id="again")
NAMELESS = {"group": "7:0"}

# What is told → how many gifts of one coin that are, and in how many rows.
SCRIPTS: dict[str, tuple[list[Event], int, int]] = {
    "a growing streak": ([tick(1), tick(3, 1), tick(7, 2), end(7, 3)], 7, 1),
    "one tick alone": ([tick(4)], 4, 1),
    "an end alone": ([end(4)], 4, 1),
    "a message told again": ([tick(1), AGAIN, AGAIN, end(2, 2), AGAIN], 2, 1),
    "a tick told again under another id": ([tick(1), tick(2, 1), tick(2, 2), end(2, 3)], 2, 1),
    "an end that gets lost": ([tick(1), tick(5, 1), tick(1, 9, group="7:32"), tick(2, 10, group="7:32")], 7, 2),
    "an end told again": ([tick(1), end(3, 1), end(3, 2), end(3, 3)], 3, 1),
    "a tick after the end": ([end(3), tick(2, 1), tick(4, 2)], 4, 1),
    "ticks out of order": ([tick(5), tick(2, 1), tick(3, 2), end(6, 3), tick(4, 4)], 6, 1),
    "no group, and the count falls": ([tick(1, **NAMELESS), tick(4, 1, **NAMELESS), tick(2, 9, **NAMELESS)], 6, 2),
    "no group, and one ends": ([tick(1, **NAMELESS), end(4, 1, **NAMELESS), tick(5, 9, **NAMELESS)], 9, 2),
    "no group, and the count stays": ([tick(3, **NAMELESS), tick(3, 1, **NAMELESS), end(3, 2, **NAMELESS)], 3, 1),
    "two people": ([tick(2), tick(3, who=OTTO), tick(4, 1), tick(5, 1, who=OTTO)], 9, 2),
    "two gifts": ([tick(2), tick(3, gift_id=6), tick(4, 1), tick(5, 1, gift_id=6)], 9, 2),
    "two rooms": ([tick(2), tick(3, group="8:31"), tick(4, 1), tick(5, 1, group="8:31")], 9, 2),
    "two channels": ([tick(2), tick(3, channel="other"), tick(4, 1), tick(5, 1, channel="other")], 9, 2),
    "no tick says more than nothing": ([tick(0), end(0, 1)], 0, 1),
}


def batches(events: list[Event], way: str) -> list[list[Event]]:
    return [events] if way == "one batch" else [[event] for event in events]


@pytest.mark.parametrize("way", ["one batch", "a batch each", "a writer each"])
@pytest.mark.parametrize(("script", "gifts", "streaks"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_streak_counts_by_how_much_it_grew(
    db: Database, script: list[Event], gifts: int, streaks: int, way: str
) -> None:
    memory = Memory()
    for batch in batches(script, way):
        write(db, batch, memory=Memory() if way == "a writer each" else memory)
    write(db, script)  # the platform tells it all again
    assert sum(row["quantity"] for row in rows(db, Gift)) == gifts
    assert sum(row["coins"] for row in rows(db, Gift)) == gifts
    assert len(rows(db, Gift)) == streaks
    for total in ("total_gifts_sent", "total_coins_spent"):
        assert sum(row[total] for row in rows(db, Viewer)) == gifts
    for table in (StreamViewer, MinuteRollup):
        assert sum(row["gifts"] for row in rows(db, table)) == sum(row["coins"] for row in rows(db, table)) == gifts
    assert sum(row["coins"] for row in rows(db, ViewerHour)) == gifts


@pytest.mark.parametrize(("script", "gifts", "streaks"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_rebuild_finds_the_same_streaks(db: Database, script: list[Event], gifts: int, streaks: int) -> None:
    for batch in batches(script, "a batch each"):
        write(db, batch)
    settle(db, NOON + days(1))
    before = tables(db)
    with db.writing() as connection:
        rebuild(connection, POLICY, NOON + days(1))
    assert tables(db) == before


def test_a_gift_that_is_no_streak_is_a_row_of_its_own_each_time(db: Database) -> None:
    told = [act(Kind.GIFT, NOVA, NOON + at, amount=60, gift_id=9, name="Star", quantity=3) for at in (0, 1)]
    write(db, told)
    first, second = rows(db, Gift)
    assert (first["quantity"], first["coins"], first["diamonds"], first["ended"]) == (3, 60, 20, True)
    assert (first["gift_id"], first["name"], first["streak_key"]) == (9, "Star", None)
    assert second["started_at_ms"] == NOON + 1


def sub(at: float = 0, origin: str | None = "heap-1", who: Person = NOVA, **more: Any) -> Event:
    """One of the subs that somebody gives to others; those given at once share an ``origin``."""
    extra = {"plan": "1000", **({"origin": origin} if origin else {}), **more}
    return act(Kind.SUBGIFT, who, NOON + seconds(at), amount=1, **extra)


@pytest.mark.parametrize("way", ["one batch", "a batch each", "a writer each"])
def test_subs_that_are_given_at_once_are_one_gift(db: Database, way: str) -> None:
    script = [sub(), sub(1), sub(2), sub(3, origin=None), sub(4, origin=None), sub(5, plan="3000"), sub(6, who=OTTO)]
    memory = Memory()
    for batch in batches(script, way):
        write(db, batch, memory=Memory() if way == "a writer each" else memory)
    write(db, script)  # the platform tells it all again
    given = [(row["name"], row["gift_id"], row["quantity"]) for row in rows(db, Gift)]
    assert given == [("Tier 1 sub", 1000, number) for number in (3, 1, 1)] + [
        ("Tier 3 sub", 3000, 1),
        ("Tier 1 sub", 1000, 1),
    ]
    heap = rows(db, Gift)[0]
    assert (heap["started_at_ms"], heap["last_at_ms"], heap["coins"]) == (NOON, NOON + seconds(2), 0)
    assert sum(row["total_gifts_sent"] for row in rows(db, Viewer)) == sum(row["quantity"] for row in rows(db, Gift))


def test_subs_of_earlier_versions_become_what_a_rebuild_makes_of_them(db: Database) -> None:
    write(db, [chat(NOVA), sub(), sub(1), sub(2, origin=None), tick(3, 3), sub(4, who=OTTO)])
    settle(db, NOON + days(1))
    as_it_is = tables(db)
    with db.writing() as connection:
        connection.execute(delete(Gift).where(Gift.diamonds == 0))  # they had none
        gift_history.record_subs(connection)
    assert tables(db) == as_it_is


def test_a_streak_knows_when_it_began_and_was_last_told_of(db: Database) -> None:
    write(db, [tick(1, 10), tick(2, 14)])
    write(db, [end(3, 17)])
    write(db, [tick(2, 12)])
    gift = only(db, Gift)
    assert (gift["started_at_ms"], gift["last_at_ms"]) == (NOON + seconds(10), NOON + seconds(17))
    assert (gift["counted"], gift["ended"]) == (3, True)


def test_a_tick_without_a_price_is_worth_its_coins_by_the_piece(db: Database) -> None:
    write(db, [tick(2, diamonds=None, amount=20), end(5, 1, diamonds=None, amount=50)])
    assert (only(db, Gift)["coins"], only(db, Gift)["diamonds"]) == (50, 10)
    assert only(db, Viewer)["total_coins_spent"] == 50


def test_ticks_that_add_nothing_are_kept_but_neither_shown_nor_counted(db: Database) -> None:
    write(db, [tick(2), tick(2, 1), end(3, 2)])
    found = rows(db, EventRow)
    assert [row["status"] for row in found] == [EventStatus.SHOWN, EventStatus.SILENT, EventStatus.SHOWN]
    assert [row["amount"] for row in found] == [2, 0, 1]
    told = [json.loads(row["extra"]) for row in found]
    assert [(extra["quantity"], extra["count"]) for extra in told] == [(2, 2), (0, 2), (1, 3)]
    assert only(db, ViewerHour)["events"] == 2
    assert only(db, StreamViewer)["last_at_ms"] == NOON + seconds(2)


def test_a_tick_that_adds_nothing_is_not_what_is_left_when_a_message_is_taken_back(db: Database) -> None:
    said = chat(NOVA, "oops", NOON + seconds(1), platform=Platform.TIKTOK)
    write(db, [tick(2), said, tick(2, 2)])
    write(db, [deletion(said, NOON + seconds(9))])
    assert only(db, StreamViewer)["last_at_ms"] == NOON


def test_a_gift_of_nobody_counts_for_its_channel(db: Database) -> None:
    write(db, [act(Kind.GIFT, None, amount=10, quantity=2)])
    assert only(db, Gift)["viewer_id"] is None
    assert only(db, MinuteRollup)["gifts"] == 2


def test_many_gifts_at_once_are_as_many_rows(db: Database) -> None:
    write(db, [act(Kind.GIFT, NOVA, NOON + at, amount=1, quantity=1) for at in range(500)])
    assert only(db, Viewer)["total_gifts_sent"] == len(rows(db, Gift)) == 500
