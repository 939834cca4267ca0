"""Logging in and out in a browser, and the API's document."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OwnStage, Visits
from tests.browser.test_live import SOON
from tests.web.conftest import PASSWORD


def test_the_owner_logs_in_lands_where_they_were_going_and_logs_out(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage(DASHBOARD_PASSWORD=PASSWORD)
    stage.chat("lena", "for members only")
    page = visit(stage.web.url, viewport=PHONE, forgives=("401",)).open("/streams")
    expect(page.locator("h1")).to_have_text("Log in")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.fill("#username", "admin")
    page.fill("#password", "wrong")
    page.click("button[type=submit]")
    expect(page.locator("[role=alert]")).to_contain_text("do not fit")
    expect(page.locator("#username")).to_have_value("admin")
    expect(page.locator("#password")).to_be_focused()
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    expect(page).to_have_url(f"{stage.web.url}/streams")
    page.goto(f"{stage.web.url}/")
    expect(page.locator("#chat")).to_contain_text("for members only", timeout=SOON)
    page.goto(f"{stage.web.url}/streams")
    page.evaluate("document.querySelector('form[action=\"/logout\"]').requestSubmit()")
    expect(page.locator("h1")).to_have_text("Log in")
    page.goto(f"{stage.web.url}/settings#goals")  # a room of the settings, which no server is told
    page.fill("#username", "admin")
    for password in ("wrong", PASSWORD):
        page.fill("#password", password)
        page.click("button[type=submit]")
    expect(page).to_have_url(f"{stage.web.url}/settings#goals")
