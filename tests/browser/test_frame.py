"""What every page stands in: its navigation, and a length that is its content's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from actions.installation import CONTENT, DEMO
from core.clock import MINUTE_MS, now_ms
from core.events import Kind
from models import Installation
from tests.browser.conftest import DESKTOP, PHONE, OwnStage, Visits
from tests.browser.test_live import SOON
from tests.web.conftest import SALES_SECRET, Stage, event
from tests.web.test_sales import report
from web.pages import NAVIGATION


def test_every_section_can_be_reached_on_a_phone(visit: Visits) -> None:
    page = visit(viewport=PHONE).open("/settings")
    bar = [label.strip() for label in page.locator(".nav-list .nav-link:visible").all_inner_texts()]
    more = page.get_by_role("button", name="More")
    expect(page.locator("#nav-sheet")).to_be_hidden()
    more.press("Enter")
    sheet = [label.strip() for label in page.locator("#nav-sheet .nav-link").all_inner_texts()]
    assert [*bar[:-1], *sheet] == [label for _, _, label, _ in NAVIGATION]
    expect(page.locator("#nav-sheet [aria-current=page]")).to_have_text("Settings")
    page.keyboard.press("Escape")
    expect(page.locator("#nav-sheet")).to_be_hidden()


FOCUSED = """() => {
  const focused = document.activeElement;
  const { x, y, width, height } = focused.getBoundingClientRect();
  const there = document.elementFromPoint(x + width / 2, y + height / 2);
  const around = there?.closest("label, tr, li, a");
  return [focused.outerHTML.slice(0, 120), width > 1 && Boolean(around?.contains(focused) || focused.contains(there))];
}"""


@pytest.mark.parametrize("path", ["/?platform=twitch&channel=tabbed", "/viewers", "/streams", "/settings"])
def test_what_the_tab_key_reaches_is_seen_where_a_desktop_is_magnified_to_twice_its_size(
    stage: Stage, visit: Visits, path: str, figure: Callable[[str], None]
) -> None:
    stage.source("tabbed")
    stage.chat("tabbed", "hello")
    page = visit(viewport={"width": 640, "height": 450}).open(path)
    page.wait_for_load_state("networkidle")
    reached = 0
    page.keyboard.press("Tab")
    while reached < 150 and not page.evaluate("document.activeElement === document.body"):
        element, is_seen = page.evaluate(FOCUSED)
        assert is_seen, element
        reached += 1
        page.keyboard.press("Tab")
    assert 5 < reached < 150, "the keys get through the page and out of it"
    figure(f"{path}: {reached} stops of the tab key, each seen")


def test_on_a_desktop_all_sections_stand_in_the_navigation_and_each_once(visit: Visits) -> None:
    page = visit(viewport=DESKTOP).open("/settings")
    labels = [label.strip() for label in page.locator(".nav .nav-link:visible").all_inner_texts()]
    assert labels == [label for _, _, label, _ in NAVIGATION]


def test_the_whole_navigation_can_be_reached_in_a_low_window(visit: Visits) -> None:
    page = visit(viewport={"width": 1280, "height": 380}).open("/settings")
    last = page.locator(".nav > .nav-foot a").last
    last.focus()
    box = last.bounding_box()
    assert box and box["y"] >= 0 and box["y"] + box["height"] <= 380


def test_on_paper_stands_what_is_told_and_nothing_to_press(stage: Stage, visit: Visits) -> None:
    stage.chat("printed", "to be kept", at_ms=now_ms() - 300 * MINUTE_MS)
    with stage.client() as client:
        stream = client.get("/api/streams?platform=twitch&channel=printed").json()["data"][0]["id"]
    page = visit().open(f"/streams/{stream}", "#chat-lines [data-id]")
    page.emulate_media(media="print")
    assert page.locator(":is(.nav, .skip, .toasts, .button, .menu):visible").count() == 0
    expect(page.locator("#kpi-messages")).to_contain_text("1")
    expect(page.locator("#chat")).to_contain_text("to be kept")
    main, sheet = page.evaluate("[document.querySelector('main').clientWidth, innerWidth]")
    assert main == sheet  # the navigation leaves no gap


def test_on_paper_stands_that_data_is_simulated(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    with stage.database.writing() as connection:
        connection.execute(update(Installation).where(Installation.key == CONTENT).values(value=DEMO))
    page = visit(stage.web.url).open("/revenue")
    page.emulate_media(media="print")
    expect(page.get_by_role("complementary", name="Simulated data")).to_be_visible()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_only_screen_readers_read_does_not_lengthen_the_page(
    stage: Stage, visit: Visits, viewport: dict[str, int]
) -> None:
    start, told = now_ms() - 150 * MINUTE_MS, []
    for minute in range(150):
        crowd = 40 if minute % 6 == 5 else 1
        told += [event("drawn-out", by=f"l{n}", at_ms=start + minute * MINUTE_MS + n) for n in range(crowd)]
        if crowd > 1:
            told.append(event("drawn-out", Kind.RAID, by="raider", amount=40, at_ms=start + minute * MINUTE_MS))
    stage.tell(*told)
    page = visit(viewport=viewport).open("/?platform=twitch&channel=drawn-out", "#moments li >> nth=15")
    assert page.locator("#moments").evaluate("list => list.scrollHeight - list.clientHeight") > 400
    ends_at = page.evaluate("document.querySelector('.app').getBoundingClientRect().bottom + scrollY")
    assert page.evaluate("document.documentElement.scrollHeight") <= ends_at + 1


def test_no_note_of_a_figure_is_cut_off(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    stage.chat("narrow", "hello")
    with stage.client() as client:
        purchase = {"event_type": "purchase", "user_id": "buyer", "data": {"amount": 1200, "currency": "USD"}}
        client.post("/track", json=purchase).raise_for_status()
        plan = {"name": "Fan", "price": 5, "currency": "USD"}
        client.post("/api/plans", json=plan).raise_for_status()
        stream = client.get("/api/streams?channel=narrow").json()["data"][0]["id"]
    visitor = visit(stage.web.url, viewport=PHONE)
    for path in ("/", f"/streams/{stream}", "/viewers", "/store", "/revenue", "/library"):
        page = visitor.open(path, ".kpi-note")
        expect(page.locator(".kpis .skeleton")).to_have_count(0, timeout=SOON)
        for viewport in (BESIDE_A_SCROLL_BAR, PHONE):
            page.set_viewport_size(viewport)
            assert page.evaluate(NOTES, None) == []
        assert page.evaluate(NOTES, "by 1,234 buyers, 1,048.1 % more") == []
        page.close()


BESIDE_A_SCROLL_BAR = DESKTOP | {"width": DESKTOP["width"] - 15}

# What is said in notes of which a part cannot be seen, or that are not shown at all; with words, of these in each.
NOTES = """words => [...document.querySelectorAll(".kpis .kpi-note")]
  .filter(note => {
    if (words) note.textContent = words;
    return !note.clientWidth || note.scrollWidth > note.clientWidth || note.scrollHeight > note.clientHeight;
  })
  .map(note => note.textContent)"""


def test_the_name_of_a_figure_leaves_its_icon_in_its_card(visit: Visits) -> None:
    visitor = visit(viewport=DESKTOP)
    for path in ("/", "/viewers", "/store", "/library"):
        page = visitor.open(path)
        expect(page.locator(".kpi-label").first).to_be_attached()
        assert page.evaluate(TOO_LONG) == [], path
        page.close()


TOO_LONG = """[...document.querySelectorAll(".kpis .kpi-label")]
  .filter(label => label.clientWidth && label.scrollWidth > label.clientWidth).map(label => label.textContent)"""


LONG = "Maximilian von und zu Hallerstein-Wittgenstein"
PRODUCT = "Limited Anniversary Collector's Edition Hoodie, Midnight Teal, XXL (pre-order)"


def test_long_names_and_great_amounts_are_read_whole_on_a_phone(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage(SALES_SECRET=SALES_SECRET)
    cheer = event("a_channel_of_twentyfive_l", by="max", amount=1_234_567, text="take all")
    sub = event("a_channel_of_twentyfive_l", Kind.SUB, by="max", amount=1)
    named = replace(cheer, who=replace(cheer.who, name=LONG))
    stage.tell(named, sub)
    with stage.client() as client:
        report(client, {"id": "big", "amount": 98765.43, "source": "convention-booth-north", "label": PRODUCT})
        plan = client.post("/api/plans", json={"name": "Patron", "price": 12345.67}).json()["id"]
        member = {"name": LONG, "email": "max@example.com", "plan_id": plan}
        client.post("/api/users", json=member).raise_for_status()
        stream = client.get("/api/streams").json()["data"][0]["id"]
        for number in range(12):
            usual = {"event_type": "purchase", "user_id": f"buyer-{number}", "data": {"amount": 20 + number % 2}}
            client.post("/track", json=usual).raise_for_status()
        unusual = {
            "event_type": "purchase",
            "user_id": "max.von.hallerstein-wittgenstein@shop.example",
            "data": {"amount": 12345.67},
        }
        client.post("/track", json=unusual).raise_for_status()
    visitor = visit(stage.web.url, viewport=PHONE)
    for path, filled, parts in (
        ("/", "#kpi-earned", ".kpi-figure"),
        (f"/streams/{stream}", "#kpi-earned", ".kpi-figure"),
        ("/library", "#kpi-mrr", ".kpi-figure"),
        ("/library?tab=records&kind=plans", "#records-rows td", ".records-head *"),
        ("/revenue", "#sales .sale", ".kpi-figure, .sources .name, .sales .name, .sales .said"),
        ("/store", ".alert", ".kpi-figure, .alert .name"),
        ("/viewers/twitch:max", "#panel-profile .total", "#kpi-spender .kpi-figure, #viewer-name"),
    ):
        page = visitor.open(path, filled)
        expect(page.locator(".skeleton:visible")).to_have_count(0, timeout=SOON)
        assert (path, page.evaluate(CUT, parts)) == (path, [])
        page.close()
    page = visitor.open("/store", "[data-segment=converted]")
    expect(page.locator(".alert")).to_be_visible(timeout=SOON)
    page.locator("[data-segment=converted]").click()
    assert page.evaluate(CUT, "#people .name, #people h2") == []
    page.goto(f"{stage.web.url}/viewers/twitch:max")
    page.get_by_role("tab", name="Visits").click()
    expect(page.locator("#panel-visits")).to_contain_text("a_channel_of_twentyfive_l", timeout=SOON)
    assert page.evaluate("document.querySelector('#viewer-body').scrollWidth") <= PHONE["width"]


# What is said in those of these elements that can be seen, where they do not show it whole.
CUT = """selector => [...document.querySelectorAll(selector)]
  .filter(({ clientWidth, clientHeight, scrollWidth, scrollHeight }) =>
    clientWidth && (scrollWidth > clientWidth || scrollHeight > clientHeight + 2))
  .map(element => element.textContent)"""
