"""The snippet in pages of another origin, as a shop includes it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from core.config import ROOT
from tests.processes import wait_until
from tests.web.conftest import Stage, stage_of

KEY = "tok-track-73d0"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Tea & <b>cups</b></title>
<script async src="{home}/static/js/track.js" data-key="{key}" data-user="ada"></script><h1>Shop</h1></html>"""


@contextmanager
def serving(page: Callable[[], str]) -> Iterator[str]:
    """A shop on a loopback port of its own, which makes it another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture(scope="module")
def shop(program: object, new_database_url: Callable[[], str]) -> Iterator[tuple[str, Stage]]:
    home = ""
    with serving(lambda: PAGE.format(home=home, key=KEY)) as origin:
        settings = {"TRACK_KEY": KEY, "TRACK_ORIGINS": origin}
        with stage_of(program, new_database_url(), **settings) as stage:
            home = stage.web.url
            yield origin, stage


def events(stage: Stage) -> list[tuple[str, str, str]]:
    query = "SELECT step, user_id, data FROM store_events e LEFT JOIN store_users u ON u.id = user_row ORDER BY e.id"
    with stage.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@contextmanager
def visiting(browser: Browser, address: str, *scripts: str) -> Iterator[tuple[Page, list[str]]]:
    """A visitor, and what their browser complains of."""
    context = browser.new_context(user_agent="Mozilla/5.0 (X11; Linux x86_64) Chrome/130")
    complaints: list[str] = []
    try:
        for script in scripts:
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(address)
        page.wait_for_function("typeof window.streampulse === 'function'")
        yield page, complaints
        assert context.cookies() == []
    finally:
        context.close()


@pytest.mark.parametrize("without_beacons", [False, True], ids=["beacon", "fetch"])
def test_a_page_of_a_shop_reports_its_views_and_what_it_is_told_to(browser, shop, without_beacons):
    origin, stage = shop
    before = len(events(stage))
    scripts = ["navigator.sendBeacon = () => false"] if without_beacons else []
    with visiting(browser, f"{origin}/tea?x=1", *scripts) as (page, complaints):
        wait_until(lambda: len(events(stage)) == before + 1, "the first view")
        page.evaluate("history.pushState({}, '', '/cups')")
        page.evaluate("history.replaceState({scroll: 1}, '', '/cups')")  # no other page
        wait_until(lambda: len(events(stage)) == before + 2, "the view without a reload")
        page.evaluate("streampulse('add_to_cart', {amount: 9.9, currency: 'EUR', name: '<b>cup</b>'})")
        wait_until(lambda: len(events(stage)) == before + 3, "the event of its own")
        page.go_back()
        wait_until(lambda: len(events(stage)) == before + 4, "the way back")
        assert complaints == []
    found = events(stage)[before:]
    assert [step for step, _, _ in found] == [1, 1, 3, 1]
    assert {user for _, user, _ in found} == {"ada"}
    assert '"path":"/tea"' in found[0][2]
    assert '"path":"/cups"' in found[1][2]
    assert "<b>cup</b>" in found[2][2]


@pytest.mark.parametrize(
    "wish",
    [
        "Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})",
        "Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})",
    ],
    ids=["do not track", "global privacy control"],
)
def test_who_asked_not_to_be_tracked_sends_nothing(browser, shop, wish):
    origin, stage = shop
    before = len(events(stage))
    sent = "const send = navigator.sendBeacon; navigator.sendBeacon = () => { window.sent = true; return true; };"
    with visiting(browser, origin, wish, sent) as (page, complaints):
        page.evaluate("streampulse('purchase', {amount: 5})")
        assert page.evaluate("window.sent === undefined")
        assert complaints == []
    assert len(events(stage)) == before


@pytest.mark.parametrize("blocked", [False, True], ids=["loaded", "blocked"])
def test_the_documents_button_reports_and_breaks_no_page_that_the_script_was_kept_from(browser, shop, blocked):
    origin, stage = shop
    before = len(events(stage))
    document = (ROOT / "docs" / "shop.md").read_text(encoding="utf-8")
    [button] = re.findall(r"^<button .*</button>$", document, re.MULTILINE)
    page = browser.new_page(user_agent="Mozilla/5.0 (X11; Linux x86_64) Chrome/130")
    broken: list[str] = []
    try:
        page.on("pageerror", lambda error: broken.append(str(error)))
        if blocked:
            page.route("**/track.js", lambda route: route.abort())
        page.goto(origin)
        assert page.evaluate("typeof window.streampulse === 'function'") is not blocked
        page.evaluate("button => document.body.insertAdjacentHTML('beforeend', button)", button)
        page.get_by_role("button", name="Into the cart").click()
        if not blocked:
            wait_until(lambda: len(events(stage)) == before + 2, "the view and the cart")
    finally:
        page.close()
    assert broken == []
    assert [step for step, _, _ in events(stage)[before:]] == ([] if blocked else [1, 3])
