"""The overlay as OBS shows it: transparent, chosen by its address, quiet about every trouble."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from core.events import Kind
from tests.browser.conftest import Visits
from tests.browser.test_live import HOSTILE, SOON
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
