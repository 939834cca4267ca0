"""The page of revenue in a browser: figures, charts and their tables, sales as they come, and how the first gets in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from core.clock import DAY_MS, now_ms
from core.events import Kind
from core.money import UNUSUAL_MINOR_DIGITS, minor_digits
from tests.browser.conftest import DESKTOP, PHONE, OwnStage, Visits
from tests.browser.test_accessibility import faults
from tests.browser.test_live import HOSTILE, SOON
from tests.processes import Program
from tests.web.conftest import SALES_SECRET, Stage, event, stage_of
from tests.web.test_sales import report

_numbers = itertools.count(1)
CHARTS = ("#revenue-chart", "#hours-chart", "#visitors-days", "#visitors-hours")


def sell(stage: Stage, amount: float, **more: Any) -> None:
    with stage.client() as client:
        answer = report(client, {"id": f"page-{next(_numbers)}", "amount": amount, **more})
    assert answer.status_code == 201, answer.text


def ask(stage: Stage, path: str) -> dict[str, Any]:
    with stage.client() as client:
        answer: dict[str, Any] = client.get(path).raise_for_status().json()
    return answer


@pytest.fixture(scope="module")
def stage(program: object, new_database_url: object) -> Iterator[Stage]:
    """Forty days of a small till and its first sale before, a stream, a refund, and some yen."""
    with stage_of(program, new_database_url(), SALES_SECRET=SALES_SECRET) as stage:  # type: ignore[arg-type]
        sell(stage, 10, source="till", at=(now_ms() - 70 * DAY_MS) / 1000)
        for back in range(1, 41):
            sell(stage, 20 + back % 7, source="till", at=(now_ms() - back * DAY_MS) / 1000)
        sell(stage, 1_200, currency="JPY", source="kiosk")
        gift = {"name": "Lion", "quantity": 1}
        stage.tell(event("money", Kind.GIFT, amount=4_000, extra=gift), event("money", Kind.SUB, amount=1))
        yield stage


def opened(visit: Visits, stage: Stage, **options: Any) -> Page:
    page = visit(stage.web.url, **options).open("/revenue", "#sales .sale")
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    expect(page.locator(".skeleton")).to_have_count(0, timeout=SOON)
    return page


def figure(page: Page, name: str) -> Any:
    return page.locator(f"#kpi-{name} [data-part=figure]")


def test_figures_charts_and_their_tables_are_those_of_the_api(visit: Visits, stage: Stage) -> None:
    page = opened(visit, stage)
    told = ask(stage, "/api/revenue")
    expect(figure(page, "today")).to_have_text(f"${told['today']:,.2f}")
    expect(figure(page, "month")).to_have_text(f"${told['month']:,.2f}")
    expect(figure(page, "projected")).to_have_text(f"${told['projected_month']['amount']:,.2f}")
    # On the first of a month, where an hour has just begun, the month before had brought next to nothing by then.
    known = told["month_before"]["revenue"] > told["month"] / 10
    expect(page.locator("#kpi-month [data-part=note]")).to_have_text(
        re.compile(r"^(up|down) .* vs (1–)?\d+ \w+$|^as in" if known else r"^since 1 \w+$")
    )
    expect(page.locator("#projection")).to_contain_text("what each weekday brought in 56 days")
    expect(page.locator("#sources .source")).to_have_count(len(told["by_source"]))
    expect(page.locator("#streams .row").first).to_contain_text("gifts $20.00 · subs $2.50")
    expect(page.locator("#others")).to_contain_text("¥1,200")
    page.locator("#revenue-chart-numbers summary").click()
    rows = page.locator("#revenue-chart-numbers tbody tr")
    expect(rows).to_have_count(30)
    expect(rows.first).to_contain_text(f"${told['today']:,.2f}")
    expect(rows.first).to_contain_text(", so far")
    assert "the most" in (page.locator("#revenue-chart canvas").get_attribute("aria-label") or "")
    # As many decimals as the server counts, of which browsers have other opinions.
    codes = ["USD", "HUF", "IDR", "PKR", *UNUSUAL_MINOR_DIGITS]
    written = page.evaluate(
        f"import('/static/js/lib/format.js').then(({{ money }}) => {codes}.map((code) => money(1, {{ code }})))"
    )
    assert [len(text.partition(".")[2]) for text in written] == [minor_digits(code) for code in codes]
    great = page.evaluate(
        "import('/static/js/lib/format.js').then(({ money }) => [1e5, 123_456, -2e6].map((amount) => money(amount)))"
    )
    assert great == ["$100K", "$123.5K", "-$2M"]


def test_on_the_first_of_a_month_it_is_held_against_one_day(visit: Visits, stage: Stage) -> None:
    told = ask(stage, "/api/revenue")
    told["month_before"] = {"from": "2026-10-01", "to": "2026-10-01", "revenue": told["month"] / 2}
    visitor = visit(stage.web.url)
    visitor.context.route("**/api/revenue", lambda route: route.fulfill(json=told))
    note = visitor.open("/revenue").locator("#kpi-month [data-part=note]")
    expect(note).to_have_text(re.compile("vs 1 Oct$"), timeout=SOON)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_day_of_an_old_sale_is_told_whole(visit: Visits, stage: Stage, viewport: dict[str, int]) -> None:
    page = opened(visit, stage, viewport=viewport)
    days = page.eval_on_selector_all("#sales .when", "all => all.map((each) => each.textContent)")
    assert len([day for day in days if re.fullmatch(r"\d+ \w+( \d{4})?", day)]) > 5
    cut = "all => all.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent)"
    assert page.eval_on_selector_all("#sales .when", cut) == []
    assert page.locator(".sales-frame").evaluate("frame => frame.scrollWidth <= frame.clientWidth")


def test_a_sale_moves_the_counters_the_column_and_the_ticker_where_they_stand(visit: Visits, stage: Stage) -> None:
    page = opened(visit, stage)
    page.locator("#revenue-chart-numbers summary").click()
    before = ask(stage, "/api/revenue")["today"]
    canvas = page.locator("#revenue-chart canvas").element_handle()
    sell(stage, 123.45, source="merch", label="Hoodie")
    row = page.locator("#sales .sale").first
    expect(row).to_contain_text("Hoodie", timeout=SOON)
    expect(row.locator(".sale-amount")).to_have_text("$123.45")
    expect(figure(page, "today")).to_have_text(f"${before + 123.45:,.2f}", timeout=SOON)
    assert ask(stage, "/api/revenue")["best_day"]["revenue"] == pytest.approx(before + 123.45)
    expect(figure(page, "best")).to_have_text(f"${before + 123.45:,.2f}", timeout=SOON)
    expect(page.locator("#kpi-best [data-part=note]")).to_have_text("today, so far")
    expect(page.locator("#revenue-chart-numbers tbody tr").first).to_contain_text(f"${before + 123.45:,.2f}")
    expect(page.locator("#sources")).to_contain_text("merch", timeout=SOON)
    assert canvas is not None
    assert canvas.evaluate("canvas => canvas.isConnected")


def test_a_sale_that_says_not_what_it_was_of_is_told_by_its_source_once(visit: Visits, stage: Stage) -> None:
    page = opened(visit, stage)
    sell(stage, 3.21)
    row = page.locator("#sales .sale").first
    expect(row.locator(".sale-amount")).to_have_text("$3.21", timeout=SOON)
    expect(row.locator(".name")).to_have_text("Sale")
    expect(row.locator(".said")).to_have_text("Other sales")
    sell(stage, -1.23)
    expect(row.locator(".sale-amount")).to_have_text("-$1.23", timeout=SOON)
    expect(row.locator(".name")).to_have_text("Given back: Sale")


def test_a_streak_of_gifts_is_one_line_that_grows(visit: Visits, stage: Stage) -> None:
    page = opened(visit, stage)
    for count in (1, 4, 9):
        told = {"name": "Rose", "quantity": count, "diamonds": 1, "streak": "9:77", "gift_id": 9}
        stage.tell(event("money", Kind.GIFT, amount=count, extra=told))
    top = page.locator("#sales .sale").first
    expect(top).to_contain_text("9 × Rose", timeout=SOON)
    expect(top.locator(".sale-amount")).to_have_text("$0.045")
    page.reload()
    expect(page.locator("#sales .sale").first).to_contain_text("9 × Rose", timeout=SOON)


def test_visitors_and_dashboards_are_counted_as_they_come(visit: Visits, stage: Stage) -> None:
    page = opened(visit, stage)
    before = ask(stage, "/api/visitors")["online_now"]
    with stage.client(headers={"User-Agent": "Somebody's own browser"}) as client:
        assert client.post("/track", json={"event_type": "page_view"}).status_code == 201
    expect(page.locator("#present")).to_contain_text(f"{before + 1} visitor", timeout=SOON)
    expect(page.locator("#kpi-visitors [data-part=note]")).to_have_text(f"{before + 1} online now")


def test_a_lost_line_is_said_with_when_it_is_tried_again_and_comes_back_by_itself(
    program: Program, new_database_url: Any, visit: Visits
) -> None:
    url = new_database_url()
    with program.web(url, SALES_SECRET=SALES_SECRET) as web:
        port = web.port
        page = visit(web.url, forgives=("ERR_CONNECTION_REFUSED", "WebSocket", "ERR_")).open(
            "/revenue", "#connect-hero"
        )
        expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    expect(page.locator("#connection")).to_contain_text("retrying", timeout=SOON)
    with program.web(url, port=port, SALES_SECRET=SALES_SECRET) as web:
        with httpx.Client(base_url=web.url, timeout=20) as client:
            assert report(client, {"id": "meanwhile", "amount": 5}).status_code == 201
        expect(page.locator("#connection")).to_contain_text("Connected", timeout=20_000)
        expect(figure(page, "today")).to_have_text("$5.00", timeout=SOON)
        page.close()


def test_without_money_the_page_says_how_it_gets_in_and_the_first_sale_fills_it(
    own_stage: OwnStage, visit: Visits
) -> None:
    stage = own_stage(SALES_SECRET=SALES_SECRET)
    page = visit(stage.web.url).open("/revenue", "#connect-hero:not([hidden])")
    expect(page.locator("#connect")).to_contain_text("SALES_SECRET is set")
    expect(page.locator("#connect")).to_contain_text("Set TRACK_KEY in .env")
    expect(page.locator("#revenue-chart")).to_be_hidden()
    expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
    sell(stage, 9.99, label=HOSTILE[:128])
    expect(page.locator("#revenue-chart")).to_be_visible(timeout=SOON)
    expect(page.locator("#connect-hero")).to_be_hidden()
    expect(page.locator("#sales .sale").first).to_contain_text("<script>")
    expect(page.locator("#projection")).to_contain_text(
        "is projected as a guess: no whole day is known yet", timeout=SOON
    )  # asked every five seconds
    assert page.evaluate("window.pwned") is None
    page.close()


def test_the_first_cents_are_seen_on_the_graph(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage(SALES_SECRET=SALES_SECRET)
    sell(stage, 0.02)
    page = visit(stage.web.url).open("/revenue", "#sales .sale")
    expect(page.locator("#projection")).to_contain_text("a guess", timeout=SOON)
    axis = page.evaluate("""() => {
      const { max, ticks } = Chart.getChart(document.querySelector("#revenue-chart canvas")).scales.y;
      return [max, ticks.map(({ label }) => label)];
    }""")
    assert axis == [0.04, ["$0", "$0.01", "$0.02", "$0.03", "$0.04"]]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_scrolls_sideways_and_nothing_is_inaccessible(
    visit: Visits, stage: Stage, viewport: dict[str, int]
) -> None:
    sell(stage, 1_000_000, source="a-source-of-as-many-letters-a-32", label="y" * 128)
    # The checker is a script of its own, which our pages would rightly refuse.
    page = opened(visit, stage, viewport=viewport, bypass_csp=True)
    for panel in ("#connect summary", *(f"{chart}-numbers summary" for chart in CHARTS)):
        page.locator(panel).first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.evaluate("document.querySelector('.sales-frame').scrollWidth") <= viewport["width"]
    assert faults(page) == []
