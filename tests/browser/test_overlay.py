"""The overlay as OBS shows it: transparent, chosen by its address, quiet about every trouble."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from core.events import Kind
from models import Viewer
from tests.browser.alerts import gift
from tests.browser.conftest import OwnStage, Visits
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
    expect(page.locator("body")).to_have_class("overlay ready", timeout=SOON)  # it knows its figures, and draws them
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_tab_tells_of_a_channel_that_nobody_has_watched_until_it_is(stage: Stage, visit: Visits) -> None:
    page = visit(forgives=("404",)).open("/overlay?widgets=ticker&channel=mispelt&platform=twitch")
    expect(page).to_have_title("StreamPulse overlay: no channel called mispelt has been watched", timeout=SOON)
    assert page.inner_text("body").strip() == ""
    stage.chat("mispelt", "there after all")
    expect(page.locator("#ticker")).to_contain_text("there after all", timeout=SOON)
    expect(page).to_have_title("StreamPulse overlay")


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [("000000", "rgb(112, 112, 112)"), ("%2314B8A6", "rgb(20, 184, 166)"), ("red", "rgb(20, 184, 166)")],
)
def test_a_colour_that_would_be_lost_on_the_cards_is_lightened(
    stage: Stage, visit: Visits, chosen: str, shown: str
) -> None:
    stage.chat("coloured", "hello")
    page = visit().open(f"/overlay?widgets=goal&goal=messages:5&accent={chosen}&channel=coloured&platform=twitch")
    wait_until(lambda: page.evaluate("document.body.classList.contains('ready')"), "the overlay is ready")
    bar = page.locator("#goal [data-part=bar]").evaluate("bar => getComputedStyle(bar).backgroundImage")
    assert bar.startswith(f"linear-gradient(90deg, {shown}")


def test_an_overlay_with_its_token_works_and_without_shows_nothing(own_stage: OwnStage, visit: Visits) -> None:
    settings = {"DASHBOARD_PASSWORD": "a pass phrase", "OVERLAY_TOKEN": OVERLAY_TOKEN}
    stage = own_stage(**settings)
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


def test_the_gifts_of_the_stream_are_shown_and_a_streak_counts_up(stage: Stage, visit: Visits) -> None:
    stage.tell(gift("gifted", "kwame", "Galaxy", 1000), gift("gifted", "ana", HOSTILE, 5))
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
    stage.tell(gift("boards", "boards_kwame", "Galaxy", 1000), gift("boards", "boards_troll", "Lion", 9000))
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
