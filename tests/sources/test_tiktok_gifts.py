"""Gifts with known totals, from TikTok's messages through the source to the database: each counts once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.db import Database
from ingest.batch import Memory
from models import Gift, Viewer
from sources.base import Backoff
from sources.tiktok_channel import ChannelReader, Shared
from sources.tiktok_connection import Patience
from sources.tiktok_library import Addresses, library
from tests.sources.test_tiktok_events import Told
from tests.sources.tiktok_server import Message, gift
from tests.support import database, rows, write

LION = 8000


class Collector:
    """A collector process, from the reading loop to the database; the network is left out."""

    def __init__(self, into: Database, room: str = "77") -> None:
        self._into, self._memory, self._told = into, Memory(), Told()
        shared = Shared(library(), Addresses(), "", self._told, Patience(), Counter(), lambda event: None)
        self.reader = ChannelReader("lena", shared, Backoff(), Backoff())
        self.enter(room)

    def enter(self, room: str) -> None:
        self.reader.entered(room)
        self.reader.heard()

    def hear(self, *ticks: Message) -> None:
        """One batch."""
        for tick in ticks:
            self.reader.message(tick.method, tick.payload, tick.msg_id)
        if self._told.events:
            write(self._into, self._told.events, memory=self._memory)
        self._told.events = []


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = database(tmp_path)
    yield made
    made.close()


def totals(db: Database) -> dict[tuple[str, str], tuple[int, int]]:
    """(login, gift) → (how many, coins), from the gifts; the people's own totals must say the same."""
    logins = {viewer["id"]: viewer["username"] for viewer in rows(db, Viewer)}
    found: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    spent: Counter[str] = Counter()
    for row in rows(db, Gift):
        key = (logins[row["viewer_id"]], row["name"])
        found[key] = (found[key][0] + row["quantity"], found[key][1] + row["coins"])
        spent[key[0]] += row["coins"]
    assert spent == Counter({viewer["username"]: viewer["total_coins_spent"] for viewer in rows(db, Viewer)})
    return dict(found)


def streak(*counts: int, group: int = 5, end: bool = True, login: str = "mila", diamonds: int = 1) -> list[Message]:
    """Ticks with the count so far, and the final one, which repeats the last."""
    ticks = [gift(count, login, group=group, diamonds=diamonds) for count in counts]
    return [*ticks, gift(counts[-1], login, group=group, diamonds=diamonds, end=True)] if end else ticks


def lion(count: int = 1) -> Message:
    return gift(count, gift_id=LION, name="Lion", diamonds=500, kind=2)


# Batches of ticks, made late (building messages loads the library), and what they add up to.
CASES: dict[str, tuple[Callable[[], Sequence[Sequence[Message]]], dict[tuple[str, str], tuple[int, int]]]] = {
    "one rose": (lambda: [streak(1)], {("mila", "Rose"): (1, 1)}),
    "a streak counts its last count once": (lambda: [streak(1, 2, 3, 4, 5)], {("mila", "Rose"): (5, 5)}),
    "a streak that jumps": (lambda: [streak(1, 7, 50)], {("mila", "Rose"): (50, 50)}),
    "its end never comes": (lambda: [streak(1, 2, 3, end=False)], {("mila", "Rose"): (3, 3)}),
    "only its end comes": (lambda: [[gift(9, group=5, end=True)]], {("mila", "Rose"): (9, 9)}),
    "over several batches": (
        lambda: [streak(1, 2, end=False), streak(3, 4, end=False), streak(5)],
        {("mila", "Rose"): (5, 5)},
    ),
    "out of order": (lambda: [[*streak(3, end=False), *streak(1, 2, 4, end=False)]], {("mila", "Rose"): (4, 4)}),
    "two streaks, one after another": (
        lambda: [streak(1, 2, group=5), streak(1, 2, 3, group=6)],
        {("mila", "Rose"): (5, 5)},
    ),
    "two people at once": (
        lambda: [[*streak(1, 2, end=False), *streak(3, login="noah")]],
        {("mila", "Rose"): (2, 2), ("noah", "Rose"): (3, 3)},
    ),
    "without a group, told apart by the end": (
        lambda: [streak(1, 2, group=0), streak(1, 2, group=0)],
        {("mila", "Rose"): (4, 4)},
    ),
    "without a group, its end lost": (
        lambda: [streak(1, 2, 3, group=0, end=False), streak(1, group=0, end=False)],
        {("mila", "Rose"): (4, 4)},
    ),
    "not for streaks": (lambda: [[lion(), lion(), lion()]], {("mila", "Lion"): (3, 1500)}),
    "three at once": (lambda: [[lion(3)]], {("mila", "Lion"): (3, 1500)}),
    "dear ones in a streak": (lambda: [streak(1, 2, 3, diamonds=30)], {("mila", "Rose"): (3, 90)}),
    "named by id only from the second tick on": (
        lambda: [streak(1, 2, end=False), [gift(4, bare=True, group=5, end=True)]],
        {("mila", "Rose"): (4, 4)},
    ),
    "another gift in the middle of a streak": (
        lambda: [[*streak(1, 2, end=False), lion(), *streak(3)]],
        {("mila", "Rose"): (3, 3), ("mila", "Lion"): (1, 500)},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_gifts_add_up(db, name):
    made, expected = CASES[name]
    batches = made()
    collector = Collector(db)
    for batch in batches:
        collector.hear(*batch)
    assert totals(db) == expected


@pytest.mark.parametrize("name", CASES)
def test_gifts_add_up_though_each_is_told_again_on_every_reconnect(db, name):
    made, expected = CASES[name]
    batches = made()
    collector = Collector(db)
    told: list[Message] = []
    for batch in batches:
        collector.hear(*batch)
        told += batch
        collector.enter("77")
        collector.hear(*told)
    assert totals(db) == expected


@pytest.mark.parametrize("name", CASES)
def test_gifts_add_up_though_the_collector_restarts_after_each_batch_and_hears_history(db, name):
    made, expected = CASES[name]
    batches = made()
    told: list[Message] = []
    for batch in batches:
        told += batch
        Collector(db).hear(*told)
    assert totals(db) == expected


def test_a_restart_in_the_middle_of_a_streak_without_history_counts_on_from_where_it_was(db):
    Collector(db).hear(*streak(1, 2, 3, end=False))
    Collector(db).hear(*streak(7, 8))
    assert totals(db) == {("mila", "Rose"): (8, 8)}


def test_the_same_group_in_another_room_is_another_streak(db):
    collector = Collector(db)
    collector.hear(*streak(1, 2, 3))
    collector.enter("78")
    collector.hear(*streak(1, 2))
    assert totals(db) == {("mila", "Rose"): (5, 5)}
