"""Pages and overlay while the server is away, and when it is back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.events import Kind
from tests.browser.alerts import WATCH, told_until
from tests.browser.conftest import Visits
from tests.web.conftest import event, stage_of

pytestmark = pytest.mark.long

SOON = 20_000


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


def test_figures_that_have_not_been_heard_for_minutes_leave_the_stream_until_they_are_heard_again(
    program: object, new_database_url: Callable[[], str], visit: Visits
) -> None:
    url = new_database_url()
    with stage_of(program, url) as stage:  # type: ignore[arg-type]
        stage.chat("lena", "hi")
        visitor = visit(stage.web.url, forgives=("Failed to load resource", "WebSocket", "net::"))
        visitor.context.clock.install()
        page = visitor.open("/overlay?widgets=hype,ticker", "#ticker >> text=hi")
        body = page.locator("body")
        page.clock.set_system_time(datetime.now().astimezone() + timedelta(minutes=3))
        page.clock.fast_forward(1_500)  # it looks every second
        expect(body).to_have_class("overlay ready")  # a quiet chat is no outage
        stage.web.kill()
        page.clock.set_system_time(datetime.now().astimezone() + timedelta(minutes=6))
        expect(body).not_to_have_class("overlay ready", timeout=SOON)
        assert page.evaluate("getComputedStyle(document.body).opacity") == "0"
        with program.web(url, port=stage.web.port):  # type: ignore[attr-defined]
            expect(body).to_have_class("overlay ready", timeout=SOON)


@pytest.mark.parametrize("path", ["/", "/viewers", "/store", "/revenue"])
def test_a_page_says_that_the_database_is_gone_and_that_it_is_back(
    path: str, program: object, new_database_url: Callable[[], str], visit: Visits
) -> None:
    url = new_database_url()
    file = Path(url.removeprefix("sqlite:///"))
    with stage_of(program, url) as stage:  # type: ignore[arg-type]
        stage.chat("lena", "hi")
        page = visit(stage.web.url, forgives=("Failed to load resource",)).open(path)
        chip, outage = page.locator("#connection"), page.locator(".outage")
        expect(chip).to_contain_text("Connected", timeout=SOON)
        expect(outage).to_be_hidden()
        away = file.rename(file.with_name("away.db"))
        expect(chip).to_contain_text("Database trouble", timeout=SOON)
        expect(outage).to_contain_text("The database is not available: the database file was deleted or moved away")
        page.reload()
        expect(chip).to_contain_text("Database trouble", timeout=SOON)
        expect(outage).to_contain_text("moved away")
        away.rename(file)
        expect(chip).to_contain_text("Connected", timeout=SOON)
        expect(outage).to_be_hidden()


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
