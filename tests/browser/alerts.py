"""Watches the alerts of an overlay: what was told, in which order, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page

from core.events import Event, Kind
from tests.browser.conftest import Visits
from tests.web.conftest import Stage, event

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


def gift(channel: str, by: str, name: str, coins: int) -> Event:
    extra = {"gift_id": 1, "name": name, "quantity": 1, "diamonds": coins}
    return event(channel, Kind.GIFT, by=by, amount=coins, extra=extra)
