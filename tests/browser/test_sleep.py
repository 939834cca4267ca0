"""A machine that slept for an hour: its clock has moved on, its timers have not, and its lines lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from analytics.feed import TAIL_ROWS
from core.clock import HOUR_MS, now_ms
from tests.browser.conftest import Visits
from tests.browser.wire import Wire
from tests.processes import wait_until
from tests.web.conftest import Stage, event

SOON = 20_000  # milliseconds; the page would wait 45 s for a ping that does not come
LIVE = "/?platform=twitch&channel=sleepy"
FORGIVEN = ("net::", "WebSocket connection to")  # what was under way when the lines were cut
KEEP_STATES = """
window.states = [];
new MutationObserver(() => states.push(document.querySelector("#connection").innerText))
  .observe(document.querySelector("#connection"), { childList: true, subtree: true, characterData: true });
"""
KEEP_ROOM = """
window.states = [];
const room = document.querySelector("#voice");
new MutationObserver(() => states.push(room.dataset.state)).observe(room, { attributes: true });
"""


@pytest.fixture
def wire(stage: Stage) -> Iterator[Wire]:
    with Wire(stage.web.port) as wire:
        yield wire


def opened(visit: Visits, wire: Wire, path: str) -> Page:
    """A page whose clock is in the test's hands."""
    visitor = visit(wire.url, forgives=FORGIVEN)
    visitor.context.clock.install()
    page = visitor.open(path)
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    page.evaluate(KEEP_STATES)
    return page


def sleep(page: Page, wire: Wire) -> None:
    wire.cut()
    page.clock.set_system_time(datetime.now().astimezone() + timedelta(hours=1))


def assert_it_came_back(page: Page) -> None:
    wait_until(lambda: re.search("Reconnecting|Polling", " ".join(page.evaluate("states"))), "it says so", SOON / 1000)
    expect(page.locator("#connection")).to_contain_text(re.compile("^Connected"), timeout=SOON)


def test_the_live_page_says_so_and_is_complete_again(stage: Stage, wire: Wire, visit: Visits) -> None:
    stage.chat("sleepy", "before the sleep", at_ms=now_ms() - HOUR_MS)
    page = opened(visit, wire, LIVE)
    expect(page.locator("#chat")).to_contain_text("before the sleep", timeout=SOON)
    sleep(page, wire)
    missed = TAIL_ROWS + 50  # more than can be told one by one
    stage.tell(*(event("sleepy", text=f"line {number}") for number in range(missed)))
    stage.chat("sleepy", "the newest")
    assert_it_came_back(page)
    expect(page.locator("#chat")).to_contain_text("the newest", timeout=SOON)
    expect(page.locator("#chat")).not_to_contain_text("before the sleep")
    stage.chat("sleepy", "after the sleep")
    expect(page.locator("#chat")).to_contain_text("after the sleep", timeout=SOON)


@pytest.mark.parametrize("path", ["/viewers", "/store", "/revenue"])
def test_the_other_pages_come_back_as_well(wire: Wire, visit: Visits, path: str) -> None:
    page = opened(visit, wire, path)
    sleep(page, wire)
    assert_it_came_back(page)


def test_who_was_in_the_voice_room_is_in_it_again(wire: Wire, visit: Visits) -> None:
    visitor = visit(wire.url, forgives=FORGIVEN, permissions=["microphone"])
    visitor.context.clock.install()
    page = visitor.open("/voice", "#join")
    page.locator("#join").click()
    room = page.locator("#voice")
    expect(room).to_have_attribute("data-state", "in", timeout=SOON)
    page.evaluate(KEEP_ROOM)
    sleep(page, wire)
    wait_until(lambda: "reconnecting" in page.evaluate("states"), "it notices", SOON / 1000)
    expect(room).to_have_attribute("data-state", "in", timeout=SOON)
    expect(page.locator("#people li")).to_have_count(1, timeout=SOON)


def test_a_page_that_was_frozen_while_the_server_hung_up_comes_back(stage: Stage, wire: Wire, visit: Visits) -> None:
    """As browsers do it to tabs that nobody looks at; their sockets end meanwhile."""
    stage.chat("sleepy", "before it was frozen")
    page = opened(visit, wire, LIVE)
    browsers = page.context.new_cdp_session(page)
    browsers.send("Page.setWebLifecycleState", {"state": "frozen"})
    wire.hang_up()
    stage.chat("sleepy", "while it was frozen")
    browsers.send("Page.setWebLifecycleState", {"state": "active"})
    assert_it_came_back(page)
    expect(page.locator("#chat")).to_contain_text("while it was frozen", timeout=SOON)
