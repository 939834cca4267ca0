"""Gifts come as TikTok tells them: a streak tick by tick with a growing count, and now and then without its end."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from core.clock import MINUTE_MS, SECOND_MS
from core.events import Event, Kind
from demo.gifts import GALAXY, GIFTS, INTERSTELLAR
from demo.history import history
from demo.world import World

BERLIN = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 11, 21, 21, 30, tzinfo=BERLIN).timestamp() * 1000)
STREAKABLE = {gift.id for gift in GIFTS if gift.most > 1}


@pytest.fixture(scope="module")
def gifts() -> list[Event]:
    """Those of one week."""
    return [event for event in history(World(), now_ms=NOW_MS, days=7, zone=BERLIN) if event.kind is Kind.GIFT]


@pytest.fixture(scope="module")
def streaks(gifts: list[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for gift in gifts:
        if "streak" in gift.extra:
            found[gift.extra["streak"]].append(gift)
    return found


def test_what_can_be_given_in_a_row_is_told_as_a_streak_and_nothing_else(gifts: list[Event]) -> None:
    for gift in gifts:
        assert type(gift.extra["gift_id"]) is int
        assert ("streak" in gift.extra) == ("ended" in gift.extra) == (gift.extra["gift_id"] in STREAKABLE)
        if gift.extra["gift_id"] not in STREAKABLE:
            assert gift.extra["quantity"] == 1


def test_a_streak_is_one_persons_of_one_gift_and_its_count_grows_until_it_ends(
    streaks: dict[str, list[Event]],
) -> None:
    for ticks in streaks.values():
        assert len({(tick.who, tick.extra["gift_id"]) for tick in ticks}) == 1
        counts = [tick.extra["quantity"] for tick in ticks if not tick.extra["ended"]]
        assert counts[0] == 1
        assert all(earlier < later for earlier, later in pairwise(counts))
        ends = [tick for tick in ticks if tick.extra["ended"]]
        assert ends in ([], ticks[-1:])
        assert all(end.extra["quantity"] == counts[-1] for end in ends)
        assert ticks[-1].at_ms - ticks[0].at_ms < MINUTE_MS


def test_streaks_are_of_all_lengths_and_some_ends_are_lost(streaks: dict[str, list[Event]]) -> None:
    lengths = [max(tick.extra["quantity"] for tick in ticks) for ticks in streaks.values()]
    assert lengths.count(1) > len(lengths) / 3
    assert max(lengths) > 30
    lost = sum(not ticks[-1].extra["ended"] for ticks in streaks.values())
    assert 0.01 < lost / len(streaks) < 0.1


def test_a_streak_tells_its_room_and_its_group(streaks: dict[str, list[Event]]) -> None:
    for name in streaks:
        room, group = name.split(":")
        assert room.isdigit() and group.isdigit() and group != "0"


def test_two_people_save_for_a_great_gift_and_give_it_before_the_watchers_eyes() -> None:
    great: dict[str, tuple[int, str]] = {}
    for event in World().live(NOW_MS):
        if event.at_ms > NOW_MS + 8 * MINUTE_MS:
            break
        if event.kind is Kind.GIFT and event.who and event.who.login in ("papa_pato", "kwame.games"):
            great[event.who.login] = max(great.get(event.who.login, (0, "")), (event.amount, event.extra["name"]))
    assert great == {"papa_pato": (1_000, GALAXY.name), "kwame.games": (10_000, INTERSTELLAR.name)}


def test_until_then_they_give_little() -> None:
    spent: dict[str, dict[str, int]] = {"papa_pato": {}, "kwame.games": {}}
    world = World()
    for plan in world.past_plans(now_ms=NOW_MS, days=7, zone=BERLIN):
        for event in world.broadcast(plan, until_ms=NOW_MS):
            if event.kind is Kind.GIFT and event.who and event.who.login in spent:
                streak = f"{plan.start_ms}:{event.extra['streak']}"
                spent[event.who.login][streak] = max(spent[event.who.login].get(streak, 0), event.amount)
    assert 0 < sum(spent["papa_pato"].values()) < 40 * 7
    assert 200 < sum(spent["kwame.games"].values()) < 200 * 7


def test_the_chat_admires_a_dear_gift_after_its_last_tick() -> None:
    live = []
    for event in World().live(NOW_MS):
        if event.at_ms > NOW_MS + 3 * MINUTE_MS:
            break
        live.append(event)
    galaxy = next(e for e in live if e.kind is Kind.GIFT and e.extra["name"] == GALAXY.name)
    assert galaxy.who is not None
    after = [
        event.text
        for event in live
        if event.kind is Kind.CHAT and galaxy.at_ms < event.at_ms < galaxy.at_ms + 10 * SECOND_MS
    ]
    assert any(f"@{galaxy.who.name}" in text for text in after)
