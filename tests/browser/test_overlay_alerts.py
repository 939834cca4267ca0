"""The overlay's alerts: one at a time, in order of importance, each told once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from core.clock import now_ms
from core.events import Event, Kind
from ingest import news
from models import Viewer
from tests.browser.alerts import gift, overlay, told_until, watched
from tests.browser.conftest import Visits
from tests.browser.test_gift_streaks import tick
from tests.browser.test_live import SOON
from tests.web.conftest import Stage, event

pytestmark = pytest.mark.long


def test_a_burst_is_told_one_by_one_in_order_of_importance_and_never_flickers(stage: Stage, visit: Visits) -> None:
    page = overlay(stage, visit, "burst")
    burst: list[Event] = [event("burst", Kind.FOLLOW, by=f"fan{number}") for number in range(120)]
    burst += [event("burst", by=f"talker{number}", text="wow") for number in range(30)]
    burst += [tick("burst", count, by="rosa") for count in range(1, 41)]
    burst += [event("burst", Kind.SUB, by=f"sub{number}", amount=1) for number in range(9)]
    burst += [event("burst", Kind.RAID, by="northwind", amount=312)]
    for one in burst:
        stage.writer.event(one)
    assert len(burst) == 200
    assert stage.writer.flush(10)
    page.locator("#alerts >> text=others follow").wait_for(timeout=40_000)
    page.locator("#alerts >> text=others follow").wait_for(state="detached", timeout=15_000)
    cards = watched(page)

    assert 4 <= len(cards) <= 6, cards  # the first of it may be told before the rest has come
    rest = [card for card in cards if "others" in card.words[-1] or card.kind in ("raid", "gift")]
    assert [card.kind for card in rest] == ["raid", "sub", "gift", "follow"]
    assert rest[0].words == ["Northwind raids with 312 viewers"]
    assert rest[1].words[-1].endswith("others subscribed")
    assert rest[2].words[-1] == "Rosa sent Rose ×40 · 40 coins"
    followers = sum(1 + _others(card.words[-1]) for card in cards if card.kind == "follow")
    subscribers = sum(1 + _others(card.words[-1]) for card in cards if card.kind == "sub")
    assert (followers, subscribers) == (120, 9)
    for card in cards:
        assert card.left_at is not None
        assert card.left_at - card.came_at >= 2_000, card


def _others(words: str) -> int:
    """How many besides the one who is named."""
    found = [word for word in words.split() if word.isdigit()]
    return int(found[0]) if "other" in words else 0


def test_a_streak_counts_up_in_its_alert_and_is_told_once(stage: Stage, visit: Visits) -> None:
    page = overlay(stage, visit, "counting")
    for count in range(1, 16):
        stage.tell(tick("counting", count))
    page.locator("#alerts >> text=Rose ×15").wait_for(timeout=SOON)
    stage.tell(tick("counting", 15, ended=True))
    page.locator("#alerts .alert").wait_for(state="detached", timeout=SOON)
    (card,) = watched(page)
    assert len(card.words) > 1
    assert card.words[-1] == "Rosa sent Rose ×15 · 15 coins"


def test_many_small_gifts_are_told_together_and_a_big_one_before_them(stage: Stage, visit: Visits) -> None:
    page = overlay(stage, visit, "generous")
    gifts = [gift("generous", f"giver{number}", "Rose", 1) for number in range(40)]
    stage.tell(*gifts, gift("generous", "kwame", "Galaxy", 1000))
    cards = told_until(page, "Kwame sent Galaxy", timeout=15)
    assert len(cards) <= 2
    cards = told_until(page, "others sent Rose ×", timeout=60)
    assert len(cards) <= 10
    assert page.evaluate("window.pwned") is None


def test_only_the_alerts_asked_for_are_raised(stage: Stage, visit: Visits) -> None:
    page = overlay(stage, visit, "picky", "widgets=alerts,ticker&alerts=raid,nothing")
    stage.tell(
        event("picky", Kind.FOLLOW, by="ana"),
        event("picky", Kind.SUB, by="ben", amount=1),
        event("picky", Kind.RAID, by="northwind", amount=7),
    )
    assert [card.kind for card in told_until(page, "Northwind raids")] == ["raid"]


def test_promotions_and_birthdays_are_told_but_not_of_the_blocked(stage: Stage, visit: Visits) -> None:
    page = overlay(stage, visit, "festive")
    stage.chat("festive", "me too", by="troll")
    expect(page.locator("#ticker")).to_contain_text("Troll", timeout=SOON)
    with stage.database.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == "troll").values(is_blocked=True))
        ids = dict(connection.execute(select(Viewer.username, Viewer.id)).tuples().all())
        kinds: list[tuple[str, dict[str, Any]]] = [
            ("updated", {}),
            ("birthday-live", {"age": 36}),
            ("vip-promoted", {"tier": "Gold", "previous": None}),
        ]
        told = [(now_ms(), ids[name], kind, detail) for name in ("troll", "greeter") for kind, detail in kinds]
        news.tell(connection, told)
    stage.chat("festive", "spam", by="troll")
    cards = told_until(page, "Greeter is now Gold", timeout=20)
    assert [card.words[-1] for card in cards] == ["Greeter has a birthday today", "Greeter is now Gold"]
    stage.chat("festive", "bye", by="greeter")
    expect(page.locator("#ticker")).to_contain_text("bye", timeout=SOON)
    expect(page.locator("#ticker")).not_to_contain_text("Troll")


def test_nothing_moves_for_those_who_like_it_still(stage: Stage, visit: Visits) -> None:
    stage.chat("still", "hi")
    page = visit(reduced_motion="reduce").open(
        "/overlay?widgets=alerts,ticker,gifts&channel=still&platform=twitch", "#ticker >> text=hi"
    )
    stage.tell(event("still", Kind.RAID, by="northwind", amount=3), gift("still", "ana", "Rose", 5))
    page.locator("#alerts .alert").wait_for(timeout=SOON)
    page.locator("#gifts .gift-name").wait_for(timeout=SOON)
    moving = "document.getAnimations().map((one) => [one.effect.target.className, one.transitionProperty ?? ''])"
    assert page.evaluate(moving) == []
