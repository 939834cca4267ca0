"""The shop's page in a browser: live, over any range, paused, filtered, opened and cleared, and all of it as text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from core.clock import HOUR_MS, MINUTE_MS, now_ms
from core.tracked import Tracked
from ingest import store as ingest_store
from rules.funnel import Step
from tests.browser.conftest import DESKTOP, PHONE, OwnStage, Visits
from tests.browser.test_accessibility import faults
from tests.browser.test_live import HOSTILE, SOON
from tests.web.conftest import Stage, stage_of

pytestmark = pytest.mark.long

STEPS = [step.label for step in Step]
_numbers = itertools.count(1)


def track(stage: Stage, *items: dict[str, Any], **headers: str) -> None:
    with stage.client() as client:
        answer = client.post("/track", json=list(items), headers=headers)
    assert (answer.status_code, answer.json().get("refused")) == (201, 0), answer.text


def step(event_type: str, user_id: str | None = "shopper", **data: Any) -> dict[str, Any]:
    return {"event_type": event_type, "user_id": user_id, "data": data}


def ask(stage: Stage, path: str, **parameters: Any) -> dict[str, Any]:
    with stage.client() as client:
        answer: dict[str, Any] = client.get(path, params=parameters).raise_for_status().json()
    return answer


def long_ago(stage: Stage, hours: float, *users: str, steps: tuple[Step, ...] = (Step.PAGE_VIEW,)) -> None:
    """Visitors of a time that is over, stored when it was now: what is compared with is taken as it goes by."""
    at = now_ms() - round(hours * HOUR_MS)
    found = [
        Tracked(f"ago-{next(_numbers)}", taken.value, at + index * MINUTE_MS, user)
        for user in users
        for index, taken in enumerate(steps)
    ]
    with stage.database.writing() as connection:
        ingest_store.record(connection, found, at + len(steps) * MINUTE_MS)


def shop(stage: Stage) -> None:
    """Two visitors yesterday; today 24 visitors as a funnel, and one who spends too much."""
    long_ago(stage, 30, "early.bird", "old.friend", steps=(Step.PAGE_VIEW, Step.PRODUCT_VIEW))
    for number in range(24):
        depth = 5 if number < 12 else 3 if number < 16 else 2 if number < 20 else 1
        amounts = {4: {"amount": 30 + number % 3, "currency": "USD"}}
        track(
            stage,
            *(step(STEPS[at], f"shopper-{number:02}", product="Mug", **amounts.get(at, {})) for at in range(depth)),
        )
    track(stage, step("purchase", "big.spender", product="Everything", amount=900, currency="USD"))


@pytest.fixture(scope="module")
def stage(program: object, new_database_url: object) -> Iterator[Stage]:
    """A web process of its own: how much there is in the shop is for these tests to say."""
    with stage_of(program, new_database_url()) as stage:  # type: ignore[arg-type]
        shop(stage)
        yield stage


@pytest.fixture
def home(stage: Stage) -> str:
    return stage.web.url


def opened(visit: Visits, home: str, path: str = "/store", **options: Any) -> Page:
    """The page, with its line standing and its first events drawn."""
    page = visit(home, **options).open(path, "#stream [data-id]")
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    expect(page.locator(".skeleton")).to_have_count(0, timeout=SOON)
    return page


def counts(page: Page) -> list[int]:
    return [int(text.replace(",", "")) for text in page.locator("#funnel [data-part=count]").all_inner_texts()]


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"input[name={name}][value='{value}']").check(force=True)


# --- figures ---


def test_figures_funnel_and_segments_are_those_of_the_api(stage: Stage, visit: Visits, home: str) -> None:
    page = opened(visit, home)
    funnel, segments = ask(stage, "/funnel-analysis"), ask(stage, "/user-segmentation")
    assert counts(page) == list(funnel["funnel_counts"].values())
    expect(page.locator(".funnel-label").last).to_have_text("Bought")  # people are counted here, and purchases above
    expect(page.locator("#kpi-visitors")).to_contain_text(str(funnel["total_users"]))
    expect(page.locator("#kpi-purchases")).to_contain_text(str(ask(stage, "/stats")["event_types"]["purchase"]))
    for name, count in segments["counts"].items():
        expect(page.locator(f"[data-segment={name}] [data-part=count]")).to_have_text(str(count), timeout=SOON)
    rates = page.locator("#funnel [data-part=rate]").all_inner_texts()
    assert [round(float(text.rstrip(" %"))) for text in rates] == [
        round(rate) for rate in funnel["conversion_rates"].values()
    ]


def test_steps_in_order_are_counted_on_demand_and_told_as_a_table(stage: Stage, visit: Visits, home: str) -> None:
    page = opened(visit, home)
    choose(page, "way", "in-order")
    in_order = list(ask(stage, "/funnel-analysis")["in_order"]["funnel_counts"].values())
    expect(page.locator("#funnel [data-step=purchase] [data-part=count]")).to_have_text(str(in_order[-1]))
    assert counts(page) == in_order
    expect(page.locator("#funnel-note")).to_contain_text("within seven days")
    page.get_by_text("Numbers").click()
    rows = page.locator("#funnel-numbers tbody tr")
    expect(rows).to_have_count(5)
    assert [int(row.locator("td").first.inner_text()) for row in rows.all()] == in_order


def test_the_range_before_is_compared_with_where_it_is_known_and_else_said_to_be_missing(
    stage: Stage, visit: Visits, home: str
) -> None:
    page = opened(visit, home)
    previous = ask(stage, "/funnel-analysis")["previous"]
    assert previous["total_users"] == 2
    expect(page.locator("#kpi-visitors")).to_contain_text(re.compile(r"up .* % vs 24 h before"), timeout=SOON)
    expect(page.locator("#funnel [data-step=page_view] .funnel-before")).to_be_visible()
    choose(page, "range", "1h")
    expect(page.locator("#kpi-visitors")).to_contain_text("1 h before", timeout=SOON)
    cut = "notes => notes.filter(note => note.scrollWidth > note.clientWidth).map(note => note.textContent)"
    assert page.locator(".kpi-note").evaluate_all(cut) == []
    choose(page, "range", "30d")
    expect(page.locator("#kpi-visitors")).to_contain_text("no comparison yet", timeout=SOON)
    expect(page.locator("#funnel [data-step=page_view] .funnel-before")).to_be_hidden()


def test_the_range_stays_in_the_address_and_is_gone_back_to(stage: Stage, visit: Visits, home: str) -> None:
    page = opened(visit, home)
    day, ever = ask(stage, "/stats")["total_events"], ask(stage, "/stats", range="all")["total_events"]
    assert ever > day
    expect(page.locator("#kpi-events [data-part=figure]")).to_have_text(f"{day}", timeout=SOON)
    choose(page, "range", "all")
    expect(page.locator("#kpi-events [data-part=figure]")).to_have_text(f"{ever}", timeout=SOON)
    expect(page).to_have_url(f"{home}/store?range=all")
    page.reload()
    expect(page.locator("#range [value=all]")).to_be_checked()
    expect(page.locator("#kpi-events [data-part=figure]")).to_have_text(f"{ever}", timeout=SOON)
    page.go_back()
    expect(page.locator("#range [value='24h']")).to_be_checked(timeout=SOON)
    expect(page.locator("#kpi-events [data-part=figure]")).to_have_text(f"{day}", timeout=SOON)


# --- live ---


def test_an_event_appears_without_a_reload_and_moves_the_figures(stage: Stage, visit: Visits, home: str) -> None:
    page = opened(visit, home)
    before = ask(stage, "/stats")["total_events"]
    track(stage, step("add_to_cart", "late.comer", product="Desk mat"))
    row = page.locator("#stream li").first
    expect(row).to_contain_text("late.comer", timeout=SOON)
    expect(row).to_contain_text("Desk mat")
    expect(page.locator("#kpi-events [data-part=figure]")).to_have_text(str(before + 1), timeout=SOON)
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text('"product": "Desk mat"')


def test_while_paused_events_wait_and_are_counted(stage: Stage, visit: Visits, home: str) -> None:
    page = opened(visit, home)
    page.get_by_role("button", name="Pause").click()
    track(stage, step("page_view", "waits.here"), step("page_view", "waits.here"))
    expect(page.locator("#stream-more")).to_have_text("2 new events", timeout=SOON)
    assert page.locator("#stream li", has_text="waits.here").count() == 0
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#stream li", has_text="waits.here")).to_have_count(2, timeout=SOON)
    expect(page.locator("#stream-more")).to_be_hidden()


def test_the_stream_is_filtered_by_type_and_bots_are_marked(stage: Stage, visit: Visits, home: str) -> None:
    track(stage, step("page_view", "crawler"), **{"User-Agent": "Examplebot/1.0 (+https://example.org)"})
    page = opened(visit, home)
    bot = page.locator("#stream li", has_text="crawler")
    expect(bot).to_contain_text("Bot")
    page.get_by_label("Show bots").uncheck()
    expect(bot).to_have_count(0)
    choose(page, "type", "purchase")
    expect(page.locator("#stream li:not([data-type=purchase])")).to_have_count(0)
    assert page.locator("#stream li[data-type=purchase]").count() >= 13
    track(stage, step("page_view", "not.shown"), step("purchase", "is.shown", amount=31))
    expect(page.locator("#stream li").first).to_contain_text("is.shown", timeout=SOON)
    expect(page.locator("#stream li").first).to_contain_text("$31.00")
    assert page.locator("#stream li", has_text="not.shown").count() == 0


def test_when_the_socket_is_down_the_page_asks_instead(stage: Stage, visit: Visits, home: str) -> None:
    visitor = visit(home, forgives=("Failed to load resource", "WebSocket connection"))
    visitor.context.route("**/socket.io/**", lambda route: route.abort())
    visitor.context.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    page = visitor.open("/store", "#stream [data-id]")
    expect(page.locator("#connection")).to_contain_text("Polling every 3 s", timeout=SOON)
    track(stage, step("user_signup", "over.polling"))
    expect(page.locator("#stream")).to_contain_text("over.polling", timeout=SOON)
    expect(page.locator("#kpi-events [data-part=figure]")).to_have_text(
        str(ask(stage, "/stats")["total_events"]), timeout=SOON
    )


# --- people ---


def test_a_segment_opens_its_people_and_one_of_them_their_journey(stage: Stage, visit: Visits, home: str) -> None:
    page = opened(visit, home)
    page.locator("[data-segment=converted]").click()
    dialog = page.locator("#people")
    expect(dialog).to_be_visible()
    listed = [person["user_id"] for person in ask(stage, "/user-segmentation")["converted"]]
    assert dialog.locator(".people-row .name").all_inner_texts() == listed
    row = dialog.locator(".people-row", has_text="shopper-03")
    row.focus()
    page.keyboard.press("Enter")
    expect(dialog.locator(".journey-step")).to_have_count(5, timeout=SOON)
    assert dialog.locator(".journey-step .name").all_inner_texts() == [
        "Page view",
        "Product view",
        "Add to cart",
        "Sign-up",
        "Purchase",
    ]
    expect(dialog).to_contain_text("Bought")
    dialog.get_by_role("button", name="Back to the list").click()
    assert page.evaluate("document.activeElement.textContent").startswith("shopper-03")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.segment") == "converted"


# --- anomalies ---


def test_an_anomaly_says_why_and_is_seen_and_resolved_for_everybody(stage: Stage, visit: Visits, home: str) -> None:
    page, other = opened(visit, home), opened(visit, home)
    alert = page.locator(".alert", has_text="$900.00")
    told = next(one for one in ask(stage, "/anomalies")["anomalies"] if one["user_id"] == "big.spender")
    expect(alert).to_contain_text("Unusually high purchase", timeout=SOON)
    usual, (low, high) = f"${told['baseline']['mean']:.2f}", told["expected_range"]
    expect(alert).to_contain_text(f"$900.00, usual is {usual}")
    expect(alert).to_contain_text(f"$900.00 against ${low:.2f}–${high:.2f} · usual {usual} ± $")
    expect(alert.get_by_role("img", name=f"{told['severity'].title()} severity")).to_be_visible()
    expect(alert).to_contain_text(f"from {told['baseline']['samples']} purchases in USD of 30 days before")
    alert.get_by_role("button", name="Seen").click()
    expect(alert).to_have_attribute("data-state", "seen", timeout=SOON)
    expect(other.locator(".alert", has_text="$900.00")).to_have_attribute("data-state", "seen", timeout=SOON)
    alert.get_by_role("button", name="Resolve").click()
    expect(alert).to_have_count(0, timeout=SOON)
    choose(page, "alerts", "all")
    expect(alert).to_have_attribute("data-state", "resolved")
    stored = {one["id"]: one["state"] for one in ask(stage, "/anomalies")["anomalies"]}
    assert stored[told["id"]] == "resolved"
    alert.get_by_role("button", name="Reopen").click()
    expect(alert).to_have_attribute("data-state", "seen", timeout=SOON)
    alert.get_by_role("button", name="Resolve").click()
    expect(alert).to_have_attribute("data-state", "resolved", timeout=SOON)
    yesterday = re.compile(r"^\w{3} \d+ \w+, \d\d:\d\d$")
    expect(page.locator("#alerts-line [data-part=from]")).to_have_text(yesterday)


def test_a_new_anomaly_is_told_as_it_happens(stage: Stage, visit: Visits, home: str) -> None:
    track(stage, *(step("purchase", f"euro-{number}", amount=30 + number % 3, currency="EUR") for number in range(14)))
    page = opened(visit, home)
    track(stage, step("purchase", "tiny.spender", amount=0.5, currency="EUR"))
    expect(page.locator("#toasts")).to_contain_text("Unusually low purchase: €0.50, usual is €30.93", timeout=SOON)
    alert = page.locator(".alert", has_text="€0.50")
    expect(alert).to_have_attribute("data-state", "new", timeout=SOON)
    expect(page.locator("#alerts-open")).to_contain_text("new")
    alert.get_by_role("button", name="tiny.spender").click()
    expect(page.locator("#people .journey-step")).to_have_count(1, timeout=SOON)


# --- trying it out ---


def test_test_events_take_the_way_of_real_ones_as_a_visitor_of_their_own(
    stage: Stage, visit: Visits, home: str
) -> None:
    page = opened(visit, home)
    name = page.locator("#test-user").inner_text()
    for label in ("Page view", "Product view", "Add to cart", "Sign-up", "Purchase"):
        page.locator("#try").get_by_role("button", name=label).click()
        expect(page.locator("#try-said")).to_have_text(f"{label} stored", timeout=SOON)
    expect(page.locator("#stream li", has_text=name)).to_have_count(5, timeout=SOON)
    assert name in [person["user_id"] for person in ask(stage, "/user-segmentation")["converted"]]
    page.get_by_role("button", name="New visitor").click()
    expect(page.locator("#test-user")).not_to_have_text(name)


def test_the_demo_refuses_to_mix_with_real_events_until_it_is_told_to(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    track(stage, step("page_view", "somebody.real"))
    page = opened(visit, stage.web.url, forgives=("409",))
    page.locator("#demo summary").click()
    page.get_by_role("button", name="Journeys").click()
    expect(page.locator("#demo-said .refused")).to_contain_text("real", timeout=SOON)
    assert ask(stage, "/events")["total"] == 1
    page.get_by_role("button", name="Mix them in anyway").click()
    expect(page.locator("#demo-said")).to_contain_text("people came", timeout=SOON)
    simulated = page.locator("#stream li").first.get_by_role("img", name="Simulated")
    expect(simulated).to_be_visible(timeout=SOON)
    page.close()


# --- everywhere ---


def test_hostile_texts_are_shown_as_text(stage: Stage, visit: Visits, home: str) -> None:
    name = HOSTILE[:100]
    track(stage, step("purchase", name, product=HOSTILE, amount=5_000, currency="USD"))
    page = opened(visit, home)
    row = page.locator("#stream li", has_text="onerror")
    expect(row).to_have_count(1)
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text("<script>")
    row.get_by_role("button", name="Journey").click()
    expect(page.locator("#people-title")).to_have_text(name, timeout=SOON)
    expect(page.locator("#people .journey-step")).to_have_count(1, timeout=SOON)
    page.keyboard.press("Escape")
    page.locator("[data-segment=converted]").click()
    expect(page.locator("#people")).to_contain_text(name)
    expect(page.locator(".alert", has_text="$5,000.00")).to_contain_text(name[:20], timeout=SOON)
    assert page.evaluate("window.pwned") is None
    assert page.locator("main img, main script, dialog img").count() == 0


def test_events_behind_those_of_many_bots_can_be_reached(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    track(stage, step("product_view", "the.first"))
    crawled = [step("page_view", f"crawler{number}") for number in range(110)]
    bot = {"User-Agent": "Examplebot/1.0 (+https://example.org)"}
    track(stage, *crawled, **bot)
    page = visit(stage.web.url).open("/store", "#stream li >> text=crawler109")
    expect(page.locator("#stream-total")).to_have_text("1 in all", timeout=SOON)
    track(stage, step("page_view", "pushed.bot"), **bot)
    expect(page.locator("#stream li", has_text="pushed.bot")).to_have_count(1, timeout=SOON)
    assert page.locator("#stream-total").inner_text() == "1 in all"
    page.locator("#stream-types label", has_text="Products").click()  # of which there are none among the newest
    page.locator("#stream-older").click()
    expect(page.locator("#stream li", has_text="the.first")).to_have_count(1, timeout=SOON)


def test_without_any_event_the_page_says_how_to_connect_a_shop_and_deleting_leads_back_there(
    own_stage: OwnStage, visit: Visits
) -> None:
    stage = own_stage()
    visitor = visit(stage.web.url)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open("/store", "#connect-hero:not([hidden])")
    expect(page.locator("#kpi-events")).to_be_hidden()
    page.locator("[data-copy=way-curl]").click()
    expect(page.locator("[data-copy=way-curl]")).to_have_text("Copied", timeout=SOON)
    assert page.evaluate("navigator.clipboard.readText()").startswith(f"curl -X POST {stage.web.url}/track")
    expect(page.locator("#way-script")).to_contain_text(f'<script async src="{stage.web.url}/static/js/track.js"')

    track(stage, step("page_view", "the.first"))
    expect(page.locator("#kpi-events [data-part=figure]")).to_have_text("1", timeout=SOON)
    expect(page.locator("#connect-hero")).to_be_hidden()
    expect(page.locator("#stream-total")).to_have_text("1 in all", timeout=SOON)
    expect(page.locator("#stream-older")).to_be_hidden(timeout=SOON)  # there are none

    page.get_by_role("button", name="Delete all").click()
    delete = page.get_by_role("button", name="Delete for good")
    expect(page.locator("#delete")).to_contain_text("All 1 event")
    page.fill("#delete-word", "delete")
    expect(delete).to_be_disabled()
    page.fill("#delete-word", "Delete all events")
    delete.click()
    expect(page.locator("#toasts")).to_contain_text("1 event deleted", timeout=SOON)
    expect(page.locator("#connect-hero")).to_be_visible(timeout=SOON)
    assert ask(stage, "/events") == {"events": [], "total": 0}
    with httpx.Client(base_url=stage.web.url) as client:
        assert client.get("/stats").json()["total_events"] == 0
    page.close()


def test_steps_of_whom_no_event_names_anybody_say_why_nobody_is_counted(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    track(stage, step("page_view", None), step("product_view", None), step("purchase", "ada"))
    page = opened(visit, stage.web.url)
    note = page.locator("#funnel-note")
    expect(note).to_contain_text("Viewed a page, Viewed a product: no event names a user_id", timeout=SOON)
    assert counts(page) == [0, 0, 0, 0, 1]
    track(stage, step("page_view", "ada"), step("product_view", "ada"))
    expect(note).to_contain_text("People who took a step", timeout=SOON)
    page.close()


def test_what_grew_from_next_to_nothing_is_told_as_a_multiple(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    long_ago(stage, 30, "first")
    track(stage, *(step("page_view", f"new-{number}") for number in range(120)))
    page = opened(visit, stage.web.url)
    expect(page.locator("#kpi-events")).to_contain_text("120-fold vs 24 h before", timeout=SOON)
    page.close()


@pytest.mark.parametrize("path", ["/store", "/store?range=all"])
def test_nothing_scrolls_sideways_on_a_small_phone(stage: Stage, visit: Visits, home: str, path: str) -> None:
    track(stage, step("product_view", "x" * 128, product="y" * 900, more={"deep": ["z" * 300]}))
    page = opened(visit, home, path, viewport=PHONE)
    page.locator("#stream summary").first.click()
    for panel in ("#connect summary", "#demo summary", "#funnel-numbers summary"):
        page.locator(panel).first.click()
    first = page.locator("#funnel-numbers tbody th bdi").first
    expect(first).to_have_text("Viewed a page", timeout=SOON)
    assert (
        first.evaluate("name => name.getBoundingClientRect().height / parseFloat(getComputedStyle(name).lineHeight)")
        < 3.1
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("document.querySelector('#stream-scroll').scrollWidth") <= PHONE["width"]
    page.locator("[data-segment=low_intent]").click()
    page.locator(".people-row").first.click()
    expect(page.locator("#people .journey-step").first).to_be_visible(timeout=SOON)
    assert page.evaluate("document.querySelector('#people .people-body').scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_and_its_dialogs_have_no_accessibility_fault(
    visit: Visits, home: str, viewport: dict[str, int]
) -> None:
    # The checker is a script of its own, which our pages would rightly refuse.
    page = opened(visit, home, viewport=viewport, bypass_csp=True)
    choose(page, "alerts", "all")
    page.locator("#stream summary").first.click()
    for panel in ("#connect summary", "#demo summary", "#funnel-numbers summary"):
        page.locator(panel).first.click()
    assert faults(page) == []
    page.locator("[data-segment=converted]").click()
    expect(page.locator(".people-row").first).to_be_visible()
    assert faults(page) == []
    page.locator(".people-row").first.click()
    expect(page.locator("#people .journey-step").first).to_be_visible(timeout=SOON)
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("#delete")).to_be_visible()
    assert faults(page) == []
