"""The overlay as OBS shows it: transparent, chosen by its address, quiet about every trouble."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from core.clock import now_ms
from core.events import Event, Kind
from ingest import news
from models import Viewer
from tests.browser.conftest import Visits
from tests.browser.test_gift_streaks import tick
from tests.browser.test_live import HOSTILE, SOON
from tests.processes import wait_until
from tests.web.conftest import OVERLAY_TOKEN, Stage, event, stage_of


def test_the_overlay_is_transparent_and_shows_only_the_widgets_asked_for(stage: Stage, visit: Visits) -> None:
    stage.chat("shown", "hello overlay")
    page = visit().open("/overlay?widgets=ticker,goal&goal=messages:10&channel=shown&platform=twitch")
    expect(page.locator("#ticker")).to_contain_text("hello overlay", timeout=SOON)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgba(0, 0, 0, 0)"
    expect(page.locator("#goal")).to_contain_text("10")
    for other in ("#hype", "#leaderboard"):
        expect(page.locator(other)).to_be_hidden()


def test_a_raid_raises_an_alert_with_its_text_as_text(stage: Stage, visit: Visits) -> None:
    stage.chat("alerted", "hi")
    page = visit().open("/overlay?widgets=alerts,ticker&channel=alerted&platform=twitch", "#ticker >> text=hi")
    stage.tell(event("alerted", Kind.RAID, by="northwind", amount=312))
    expect(page.locator("#alerts")).to_contain_text("Northwind", timeout=SOON)
    expect(page.locator("#alerts")).to_contain_text("312", timeout=SOON)
    stage.tell(event("alerted", Kind.RESUB, by="evil", amount=7, text=HOSTILE))
    expect(page.locator("#ticker")).to_contain_text("Evil", timeout=SOON)
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    "options",
    [
        "widgets=<script>&accent=red;background:url(x)&minutes=-1&goal=x:y",
        "widgets=hype,nothing&accent=%23zzzzzz&minutes=99999999",
        "goal=messages:1e99&goal_label=" + "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E" * 20 + "&widgets=goal",
        "",
    ],
)
def test_bad_options_are_ignored_without_a_word(stage: Stage, visit: Visits, options: str) -> None:
    stage.chat("careless", "hello")
    page = visit().open(f"/overlay?{options}&channel=careless&platform=twitch")
    page.wait_for_load_state("networkidle") if "socket" in options else page.wait_for_timeout(500)
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_overlay_with_its_token_works_and_without_shows_nothing(
    program: object, new_database_url: Callable[[], str], visit: Visits
) -> None:
    settings = {"DASHBOARD_PASSWORD": "a pass phrase", "OVERLAY_TOKEN": OVERLAY_TOKEN}
    with stage_of(program, new_database_url(), **settings) as stage:  # type: ignore[arg-type]
        stage.chat("lena", "seen with a token")
        visitor = visit(stage.web.url, forgives=("401", "net::", "WebSocket"))
        page = visitor.open(f"/overlay?widgets=ticker&token={OVERLAY_TOKEN}")
        expect(page.locator("#ticker")).to_contain_text("seen with a token", timeout=SOON)
        stage.chat("lena", "and it moves", by="bert")
        expect(page.locator("#ticker")).to_contain_text("and it moves", timeout=SOON)
        stranger = visitor.open("/overlay?widgets=ticker&token=wrong")
        assert stranger.inner_text("body") == ""
        assert "token" in stranger.title()


def test_the_overlay_comes_back_by_itself_after_a_restart(
    program: object, new_database_url: Callable[[], str], visit: Visits
) -> None:
    url = new_database_url()
    with stage_of(program, url) as stage:  # type: ignore[arg-type]
        stage.chat("lena", "before")
        visitor = visit(stage.web.url, forgives=("Failed to load resource", "WebSocket", "net::"))
        page = visitor.open("/overlay?widgets=ticker", "#ticker >> text=before")
        stage.web.kill()
        stage.chat("lena", "after", by="bert")
        with program.web(url, port=stage.web.port):  # type: ignore[attr-defined]
            expect(page.locator("#ticker")).to_contain_text("after", timeout=3 * SOON)


# --- alerts ---

# Notes every change of the stage of alerts: when, and each card on it by number, kind and words.
WATCH = """() => {
  const stage = document.getElementById("alerts");
  const numbers = new Map();
  window.seen = [];
  const look = () => seen.push({
    at: performance.now(),
    cards: [...stage.children].map((card) => {
      if (!numbers.has(card)) numbers.set(card, numbers.size);
      return [numbers.get(card), card.dataset.kind, card.innerText.replace(/\\s+/g, " ").trim()];
    }),
  });
  new MutationObserver(look).observe(stage, { childList: true, subtree: true, characterData: true });
}"""


@dataclass
class Card:
    """One alert as it was on the screen."""

    kind: str
    words: list[str]  # each once, in their order
    came_at: float
    left_at: float | None = None  # milliseconds of the page's clock


def watched(page: Page) -> list[Card]:
    """The alerts in the order of their coming. Fails when two were there at a time."""
    cards: dict[int, Card] = {}
    for look in page.evaluate("seen"):
        assert len(look["cards"]) <= 1
        here = {number for number, _, _ in look["cards"]}
        for number, card in cards.items():
            if number not in here and card.left_at is None:
                card.left_at = look["at"]
        for number, kind, words in look["cards"]:
            card = cards.setdefault(number, Card(kind, [], look["at"]))
            if words and words not in card.words:
                card.words.append(words)
    return list(cards.values())


def overlay(stage: Stage, visit: Visits, channel: str, options: str = "widgets=alerts,ticker") -> Page:
    """An overlay that follows ``channel`` already, watched."""
    stage.chat(channel, "hi", by="greeter")
    page = visit().open(f"/overlay?{options}&channel={channel}&platform=twitch", "#ticker >> text=hi")
    page.evaluate(WATCH)
    return page


def told_until(page: Page, words: str, timeout: float = 10) -> list[Card]:
    """What has been told when an alert with these words is on the screen."""
    page.locator(f"#alerts >> text={words}").wait_for(timeout=timeout * 1000)
    return watched(page)


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
    gifts = [_gift("generous", f"giver{number}", "Rose", 1) for number in range(40)]
    stage.tell(*gifts, _gift("generous", "kwame", "Galaxy", 1000))
    cards = told_until(page, "Kwame sent Galaxy", timeout=15)
    assert len(cards) <= 2
    cards = told_until(page, "others sent Rose ×", timeout=60)
    assert len(cards) <= 10
    assert page.evaluate("window.pwned") is None


def _gift(channel: str, by: str, name: str, coins: int) -> Event:
    extra = {"gift_id": 1, "name": name, "quantity": 1, "diamonds": coins}
    return event(channel, Kind.GIFT, by=by, amount=coins, extra=extra)


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
    stage.tell(event("still", Kind.RAID, by="northwind", amount=3), _gift("still", "ana", "Rose", 5))
    page.locator("#alerts .alert").wait_for(timeout=SOON)
    page.locator("#gifts .gift-name").wait_for(timeout=SOON)
    moving = "document.getAnimations().map((one) => [one.effect.target.className, one.transitionProperty ?? ''])"
    assert page.evaluate(moving) == []


def test_what_was_told_is_not_told_again_after_a_restart(
    program: object, new_database_url: Callable[[], str], visit: Visits
) -> None:
    url = new_database_url()
    with stage_of(program, url) as stage:  # type: ignore[arg-type]
        stage.chat("lena", "hi")
        visitor = visit(stage.web.url, forgives=("Failed to load resource", "WebSocket", "net::"))
        page = visitor.open("/overlay?widgets=alerts,ticker", "#ticker >> text=hi")
        page.evaluate(WATCH)
        stage.tell(event("lena", Kind.RAID, by="before", amount=3))
        told_until(page, "Before raids")
        stage.web.kill()
        stage.tell(event("lena", Kind.RAID, by="between", amount=4))
        with program.web(url, port=stage.web.port):  # type: ignore[attr-defined]
            told_until(page, "Between raids", timeout=30)
            stage.tell(event("lena", Kind.RAID, by="after", amount=5))
            cards = told_until(page, "After raids", timeout=15)
    assert [card.words for card in cards] == [
        ["Before raids with 3 viewers"],
        ["Between raids with 4 viewers"],
        ["After raids with 5 viewers"],
    ]


def test_when_the_server_answers_again_the_line_is_back_at_once(
    program: object, new_database_url: Callable[[], str], visit: Visits
) -> None:
    """The wait between two attempts has grown to many seconds by then."""
    url = new_database_url()
    with stage_of(program, url) as stage:  # type: ignore[arg-type]
        stage.chat("lena", "hi")
        visitor = visit(stage.web.url, forgives=("Failed to load resource", "WebSocket", "net::"))
        page = visitor.open("/", "#chat >> text=hi")
        stage.web.kill()
        expect(page.locator("#connection")).to_contain_text(
            re.compile(r"unreachable, retrying ?in 1\d s"), timeout=25_000
        )
        with program.web(url, port=stage.web.port):  # type: ignore[attr-defined]
            expect(page.locator("#connection")).to_contain_text("Connected", timeout=4_500)


# --- gifts and leaderboards ---


def test_the_gifts_of_the_stream_are_shown_and_a_streak_counts_up(stage: Stage, visit: Visits) -> None:
    stage.tell(_gift("gifted", "kwame", "Galaxy", 1000), _gift("gifted", "ana", HOSTILE, 5))
    page = visit().open("/overlay?widgets=gifts&channel=gifted&platform=twitch", "#gifts >> text=Galaxy")
    expect(page.locator("#gifts [data-part=latest]")).to_contain_text(HOSTILE)
    stage.tell(tick("gifted", 3))
    expect(page.locator("#gifts [data-part=latest]")).to_contain_text("×3", timeout=SOON)
    stage.tell(tick("gifted", 2000))
    expect(page.locator("#gifts [data-part=latest]")).to_contain_text("×2,000", timeout=SOON)
    expect(page.locator("#gifts [data-part=ranks] li").first).to_contain_text("Rosa · Rose ×2,000", timeout=SOON)
    assert page.locator("#gifts [data-part=ranks] li").count() == 3
    assert page.evaluate("window.pwned") is None


def test_leaderboards_show_what_is_asked_for_and_nobody_who_is_blocked(stage: Stage, visit: Visits) -> None:
    stage.tell(_gift("boards", "boards_kwame", "Galaxy", 1000), _gift("boards", "boards_troll", "Lion", 9000))
    stage.chat("boards", "one", "two", by="boards_ana")
    with stage.database.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == "boards_troll").values(is_blocked=True))
    address = "/overlay?widgets=leaderboard,gifts&channel=boards&platform=twitch"
    page = visit().open(f"{address}&leaderboard=coins", "#leaderboard >> text=1,000")
    expect(page.locator("#leaderboard")).to_contain_text("Top gifters")
    assert page.locator("#leaderboard li .name").all_inner_texts() == ["Boards_Kwame"]
    expect(page.locator("#gifts")).to_contain_text("Galaxy")
    expect(page.locator("#gifts")).not_to_contain_text("Lion")
    page = visit().open(address, "#leaderboard >> text=Top chatters")
    expect(page.locator("#leaderboard li .name")).to_have_text(["Boards_Ana"])
    page = visit().open(f"{address}&leaderboard=gifts&scope=all", "#leaderboard >> text=Most gifts, all time")
    assert page.locator("#leaderboard", has_text="Boards_Troll").count() == 0


def test_a_widget_without_anything_to_show_is_not_there(stage: Stage, visit: Visits) -> None:
    stage.source("barren")
    page = visit().open("/overlay?widgets=gifts,leaderboard,ticker&leaderboard=coins&channel=barren&platform=twitch")
    wait_until(lambda: page.evaluate("document.body.classList.contains('ready')"), "the overlay is ready")
    for widget in ("#gifts", "#leaderboard"):
        expect(page.locator(widget)).to_be_hidden()
