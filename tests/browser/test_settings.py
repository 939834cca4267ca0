"""Settings in a browser: changed, refused beside the field, tested against a real receiver, and usable by everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.actions.test_webhooks import Receiver
from tests.browser.conftest import DESKTOP, PHONE, Visits
from tests.browser.test_accessibility import faults
from tests.browser.test_live import SOON
from tests.web.conftest import Stage


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(autouse=True)
def nothing_chosen(stage: Stage) -> Iterator[None]:
    yield
    with stage.client() as client:
        client.put("/api/settings/anomalies", json={}).raise_for_status()
        client.put("/api/settings/sub-values", json={}).raise_for_status()
        client.delete("/api/settings/webhook").raise_for_status()
        client.put("/api/settings/goals", json={"goals": []}).raise_for_status()


def save(page: Page, room: str) -> None:
    page.locator(f"#{room}-form [type=submit]").click()


def test_thresholds_are_changed_and_reset(visit: Visits) -> None:
    page = visit().open("/settings")
    expect(page.locator("#anomalies-form [type=submit]")).to_be_disabled()
    page.get_by_label("Distance from what is usual").fill("3.5")
    expect(page.locator("#anomalies-said")).to_have_text("Not saved yet")
    save(page, "anomalies")
    expect(page.locator("#anomalies-said")).to_contain_text("Saved", timeout=SOON)
    page.reload()
    expect(page.locator("#sigmas")).to_have_value("3.5")
    page.locator("#anomalies-reset").click()
    expect(page.locator("#sigmas")).to_have_value("2")
    save(page, "anomalies")
    expect(page.locator("#anomalies-said")).to_contain_text("Saved", timeout=SOON)
    page.reload()
    expect(page.locator("#sigmas")).to_have_value("2")


def test_two_tabs_that_save_different_things_lose_none_of_them(visit: Visits) -> None:
    visitor = visit()
    first, second = visitor.open("/settings"), visitor.open("/settings")
    first.locator("#sigmas").fill("3.5")
    save(first, "anomalies")
    expect(first.locator("#anomalies-said")).to_contain_text("Saved", timeout=SOON)
    second.locator("#traffic_change").fill("33")
    save(second, "anomalies")
    expect(second.locator("#anomalies-said")).to_contain_text("Saved", timeout=SOON)
    expect(second.locator("#sigmas")).to_have_value("3.5")
    for page, target in ((first, "50"), (second, "60")):
        page.locator("#goal-target").fill(target)
        save(page, "goals")
        expect(page.locator("#goals-said")).to_have_text("Added.", timeout=SOON)
    first.get_by_role("button", name="Remove 50 subscriptions").click()
    expect(first.locator("#goals-said")).to_have_text("Removed.", timeout=SOON)
    first.reload()
    expect(first.locator("#goal-list")).to_contain_text("60 subscriptions", timeout=SOON)
    expect(first.locator("#goal-list")).not_to_contain_text("50 subscriptions")
    expect(first.locator("#traffic_change")).to_have_value("33")
    second.locator("#anomalies-reset").click()
    save(second, "anomalies")
    expect(second.locator("#anomalies-said")).to_contain_text("Saved", timeout=SOON)
    first.reload()
    expect(first.locator("#sigmas")).to_have_value("2")


def test_what_a_sub_is_worth_is_changed_and_reset(visit: Visits) -> None:
    page = visit().open("/settings#subs")
    page.get_by_label("Tier 1").fill("3.15")
    save(page, "subs")
    expect(page.locator("#subs-said")).to_contain_text("Saved", timeout=SOON)
    page.reload()
    expect(page.locator("#tier_1")).to_have_value("3.15")
    page.locator("#subs-reset").click()
    expect(page.locator("#tier_1")).to_have_value("2.5")
    page.locator("#prime").fill("-1")
    save(page, "subs")
    expect(page.locator("#prime-error")).to_contain_text("At least 0")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("sigmas", "0.5", "At least 1."), ("traffic_windows", "12.5", "A whole number"), ("user_change", "", "a number")],
)
def test_what_does_not_fit_is_said_beside_its_field(visit: Visits, field: str, value: str, words: str) -> None:
    page = visit().open("/settings")
    page.locator(f"#{field}").fill(value)
    save(page, "anomalies")
    expect(page.locator(f"#{field}-error")).to_contain_text(words)
    expect(page.locator("#anomalies-said")).to_have_text("Not saved: see what is marked.")
    expect(page.locator(f"#{field}")).to_be_focused()
    expect(page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
    page.locator("#anomalies-reset").click()
    expect(page.locator(f"#{field}-error")).to_be_hidden()


def test_a_webhook_is_set_up_tested_and_removed(visit: Visits, receiver: Receiver) -> None:
    page = visit(forgives=("502",)).open("/settings#webhook")
    expect(page.locator("#webhook-test")).to_be_disabled()
    page.locator("#webhook-url").fill(receiver.url)
    save(page, "webhook")
    expect(page.locator("#secret [data-part=text]")).to_have_text(re.compile("^whsec_.{40,}$"), timeout=SOON)
    expect(page.locator("#webhook-state")).to_have_text("On")
    page.locator("#webhook-test").click()
    expect(page.locator("#webhook-said")).to_have_text("The message was taken.", timeout=SOON)
    assert receiver.taken[-1].json["event"] == "test"
    expect(page.locator("#deliveries tr").first).to_contain_text("Taken")
    receiver.status = 500
    page.locator("#webhook-test").click()
    expect(page.locator("#webhook-said")).to_have_text("The message was not taken: it answered 500", timeout=SOON)
    expect(page.locator("#deliveries tr").first).to_contain_text("it answered 500")
    first = page.locator("#secret [data-part=text]").text_content()
    page.locator("#webhook-rotate").click()
    expect(page.locator("#secret [data-part=text]")).to_have_text(first or "")
    page.locator("#webhook-rotate").click()
    expect(page.locator("#secret [data-part=text]")).not_to_have_text(first or "", timeout=SOON)
    page.reload()
    expect(page.locator("#secret")).to_be_hidden()
    expect(page.locator("#webhook-url")).to_have_value(receiver.url)
    assert "whsec_" not in page.content()
    page.locator("#webhook-remove").click()
    page.locator("#webhook-remove").click()
    expect(page.locator("#webhook-state")).to_have_text("Off", timeout=SOON)
    expect(page.locator("#webhook-url")).to_have_value("")


def test_a_tab_with_an_old_address_of_the_webhook_does_not_bring_it_back(visit: Visits, receiver: Receiver) -> None:
    visitor = visit()
    first = visitor.open("/settings#webhook")
    first.locator("#webhook-url").fill(f"{receiver.url}old")
    save(first, "webhook")
    expect(first.locator("#webhook-said")).to_contain_text("Saved", timeout=SOON)
    second = visitor.open("/settings#webhook")
    first.locator("#webhook-url").fill(receiver.url)
    first.locator("#webhook-kind").get_by_text("Discord").click()
    save(first, "webhook")
    expect(first.locator("#webhook-said")).to_contain_text("Saved", timeout=SOON)
    second.locator("#cooldown_minutes").fill("33")
    save(second, "webhook")
    expect(second.locator("#webhook-said")).to_contain_text("Saved", timeout=SOON)
    expect(second.locator("#webhook-url")).to_have_value(receiver.url)
    expect(second.get_by_role("radio", name="Discord")).to_be_checked()
    first.reload()
    expect(first.locator("#webhook-url")).to_have_value(receiver.url)
    expect(first.locator("#cooldown_minutes")).to_have_value("33")


def test_an_address_that_cannot_be_one_is_said_beside_it(visit: Visits) -> None:
    page = visit(forgives=("422",)).open("/settings")
    for address, words in (("no address", "begins with https://"), ("ftp://example.com/", "Must begin with https://")):
        page.locator("#webhook-url").fill(address)
        save(page, "webhook")
        expect(page.locator("#url-error")).to_contain_text(words, timeout=SOON)
    page.locator("#webhook-url").fill("")
    page.locator("#cooldown_minutes").fill("5")
    save(page, "webhook")
    expect(page.locator("#url-error")).to_contain_text("http", timeout=SOON)


def test_what_is_said_beside_a_field_is_not_said_twice(visit: Visits) -> None:
    page = visit(forgives=("422",)).open("/settings#ignored")
    page.locator("#ignored-names").fill("fine 🎉")
    save(page, "ignored")
    expect(page.locator("#ignored-names-error")).to_contain_text("'🎉' is no login", timeout=SOON)
    expect(page.locator("#ignored-said")).to_have_text("Not saved: see what is marked.")
    field, button = (page.locator(f"#ignored-form {part}").bounding_box() for part in ("input", "button"))
    assert field and button and abs(field["y"] - button["y"]) < 4
    page.locator("#ignored-names").fill("")


def test_an_overlay_shows_nothing_that_was_taken_out_of_it(visit: Visits) -> None:
    page = visit().open("/settings#overlay")
    form, url, said = page.locator("#overlay-form"), page.locator("#overlay-url"), page.locator("#overlay-said")
    expect(url).to_have_value(re.compile("/overlay$"))
    for box in form.locator("[name=alerts]").all():
        box.uncheck()
    expect(url).to_have_value(re.compile(r"/overlay\?widgets=hype,ticker$"))
    for name in ("Hype graph", "Last active"):
        form.get_by_label(name).uncheck()
    expect(said).to_have_text("Choose at least one alert.")
    form.get_by_label("Alerts", exact=True).uncheck()
    expect(said).to_have_text("Choose at least one widget.")
    expect(url).to_have_value("")
    expect(page.locator("#overlay-copy")).to_be_disabled()
    form.get_by_label("Goal", exact=True).first.check()
    expect(said).to_have_text("")
    expect(url).to_have_value(re.compile(r"/overlay\?widgets=goal$"))


def test_a_goal_that_is_added_is_offered_for_overlays_at_once(visit: Visits) -> None:
    page = visit().open("/settings#goals")
    page.locator("#goal-target").fill("70")
    page.locator("#goal-label").fill("Road to 70")
    save(page, "goals")
    form = page.locator("#overlay-form")
    form.get_by_label("Goal", exact=True).first.check()
    form.locator("[name=goal]").select_option("Road to 70 (70 subscriptions)")
    expect(page.locator("#overlay-url")).to_have_value(re.compile(r"goal=subs:70&goal_label=Road%20to%2070$"))
    page.get_by_role("button", name="Remove Road to 70").click()
    expect(form.locator("[name=goal] option")).to_have_count(1, timeout=SOON)
    expect(page.locator("#overlay-url")).not_to_have_value(re.compile("goal="))


def test_rooms_are_reached_by_keyboard(visit: Visits) -> None:
    page = visit().open("/settings")
    link = page.locator(".settings-rooms a", has_text="Webhook")
    link.focus()
    page.keyboard.press("Enter")
    expect(link).to_have_attribute("aria-current", "true")
    expect(page.locator("#webhook")).to_be_in_viewport()
    expect(page.locator(".nav-list a[aria-current]")).to_have_text("Settings")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_has_no_accessibility_fault_and_fits(
    visit: Visits, stage: Stage, receiver: Receiver, viewport: dict[str, int]
) -> None:
    with stage.client() as client:
        client.put("/api/settings/webhook", json={"url": receiver.url + "/" + "x" * 300}).raise_for_status()
        client.post("/api/settings/webhook/test").raise_for_status()
        receiver.status = 500
        client.post("/api/settings/webhook/test")
    page = visit(viewport=viewport, bypass_csp=True).open("/settings")
    expect(page.locator("#deliveries tr").first).to_contain_text("Given up", timeout=SOON)
    page.locator("#webhook-rotate").click()
    page.locator("#webhook-rotate").click()
    expect(page.locator("#secret")).to_be_visible(timeout=SOON)
    page.locator("#sigmas").fill("0")
    save(page, "anomalies")
    expect(page.locator("#sigmas-error")).to_be_visible()
    page.locator(".settings-more summary").click()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
