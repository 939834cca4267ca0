"""The library's page in a browser: charts that say what the API says, one member, and tables that change records."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from rules.library_kinds import KINDS
from tests.browser.conftest import DESKTOP, PHONE, OwnStage, Visits
from tests.browser.test_accessibility import faults
from tests.browser.test_frame import CUT
from tests.browser.test_live import HOSTILE, SOON
from tests.processes import wait_until
from tests.web.cast import PASS_PHRASE, add_account, owner_of
from tests.web.conftest import API_TOKEN, PASSWORD, Stage, stage_of

pytestmark = pytest.mark.long

FORMULA = '=HYPERLINK("http://example.org")'


class Shelf:
    """Puts records on the shelves through the API, and asks it."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def put(self, kind: str, **given: Any) -> int:
        answer = self.client.post(f"/api/{kind}", json=given)
        assert answer.status_code == 201, answer.text
        made: int = answer.json()["id"]
        return made

    def ask(self, path: str, **parameters: Any) -> Any:
        return self.client.get(f"/api/{path}", params=parameters).raise_for_status().json()


def days_ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


@pytest.fixture(scope="module")
def stage(program: object, new_database_url: object) -> Iterator[Stage]:
    """A web process of its own: what there is in the library is for these tests to say."""
    with stage_of(program, new_database_url()) as stage:  # type: ignore[arg-type]
        yield stage


@pytest.fixture(scope="module")
def shelf(stage: Stage) -> Iterator[Shelf]:
    """Three plans, four users of whom one has left, five titles; what they watched, said and paid lies in 2025."""
    with stage.client() as client:
        shelf = Shelf(client)
        plans = [
            shelf.put("plans", name=name, price=price) for name, price in (("Basic", 5), ("Plus", 9.5), ("Max", 20))
        ]
        users = [
            shelf.put(
                "users", name=name, email=f"{name.split()[0].lower()}@example.com", plan_id=plan, joined_at=joined
            )
            for name, plan, joined in (
                ("Ann Archer", plans[0], days_ago(150)),
                ("Bo Bishop", plans[1], days_ago(100)),
                ("Cyd Cole", plans[1], days_ago(99)),
            )
        ]
        gone = {"joined_at": days_ago(151), "cancelled_at": days_ago(70), "plan_id": plans[0]}
        shelf.put("users", name="Dee Dunn", email="dee@example.com", **gone)
        titles = [
            shelf.put("content", title=title, genre=genre, rating=rating)
            for title, genre, rating in (
                ("Harbour", "Drama", 9.1),
                ("Orbit", "Science fiction", 8.4),
                ("Letters", "Drama", 6),
                (FORMULA, "Comedy", 9.7),
                (HOSTILE, "<b>bold</b>", 7),
            )
        ]
        for user, title, day in ((0, 0, "01-10"), (1, 0, "01-11"), (1, 1, "02-03"), (2, 1, "02-04"), (0, 4, "02-05")):
            watched = f"2025-{day}T20:15"
            shelf.put("watch-history", user_id=users[user], content_id=titles[title], watched_on=watched, progress=80)
        shelf.put("reviews", user_id=users[0], content_id=titles[0], rating=9, comment=HOSTILE)
        for user, amount, method, day in (
            (0, 5, "Card", "01-06"),
            (1, 9.5, "PayPal", "01-21"),
            (0, 5, "Card", "03-06"),
        ):
            paid = {"amount": amount, "method": method, "payment_date": f"2025-{day}"}
            shelf.put("payments", user_id=users[user], **paid)
        yield shelf


def opened(visit: Visits, stage: Stage, path: str = "/library", **options: Any) -> Page:
    page: Page = visit(stage.web.url, **options).open(path)
    expect(page.locator(".skeleton:visible")).to_have_count(0, timeout=SOON)
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=SOON)
    return page


def numbers(page: Page, chart: str) -> list[list[str]]:
    """The table of a chart, row by row."""
    details = page.locator(f"#chart-{chart}-numbers")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
        details.locator("table").wait_for()
    return [row.locator("th, td").all_inner_texts() for row in details.locator("tbody tr").all()]


def month_words(row: dict[str, Any]) -> str:
    """As the page writes it: "Feb 2025"."""
    return datetime.strptime(row["month"], "%Y-%m").strftime("%b %Y").replace("Sep ", "Sept ")


def rows(page: Page) -> Locator:
    return page.locator("#records-rows tr")


def downloaded(page: Page, chart: str, form: str) -> Path:
    page.locator(f"#chart-{chart} .menu summary").click()
    with page.expect_download() as download:
        page.locator(f"#chart-{chart} [data-part={form}]").click()
    assert download.value.suggested_filename.endswith(f".{form}")
    return Path(download.value.path())


# --- charts ---


def test_every_chart_tells_what_the_api_tells(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage)
    plans = shelf.ask("subscriptions")
    assert [row[:2] for row in numbers(page, "plans")] == [[p["subscription"], str(p["user_count"])] for p in plans]
    assert [row[0] for row in numbers(page, "rated")] == [title["title"] for title in shelf.ask("top-content")]
    popular = shelf.ask("popular-content-over-time", month="2025-02")
    assert [row[:2] for row in numbers(page, "popular")] == [[t["title"], str(t["watch_count"])] for t in popular]
    trend = shelf.ask("popular-content-trend")
    assert [row[:2] for row in numbers(page, "trend")] == [[month_words(each), each["title"]] for each in trend]
    genres = shelf.ask("watch-history-genre")
    assert numbers(page, "genres") == [[each["genre"], str(each["watch_count"])] for each in genres]
    methods = shelf.ask("payment-method-distribution")
    assert [row[:2] for row in numbers(page, "methods")] == [[each["method"], str(each["count"])] for each in methods]
    months = shelf.ask("revenue-trends")
    assert [row[:2] for row in numbers(page, "revenue")] == [
        [month_words(month), f"${month['revenue']:.2f}"] for month in months
    ]
    worth = shelf.ask("library/metrics")["plans"]
    assert [row[:2] for row in numbers(page, "worth")] == [[plan["plan"], str(plan["members"])] for plan in worth]
    stays = [each for each in shelf.ask("library/retention") if each["members"]]
    assert [row[:2] for row in numbers(page, "retention")] == [
        [month_words(each), str(each["members"])] for each in stays
    ]
    expect(page.locator("#kpi-users [data-part=figure]")).to_have_text("4")
    expect(page.locator("#kpi-mrr [data-part=figure]")).to_have_text("$24.00")
    expect(page.locator("#kpi-mrr [data-part=note]")).to_have_text("recurring a month")
    label = page.locator("#chart-plans canvas").get_attribute("aria-label") or ""
    assert "Plus 2" in label


def test_filters_change_their_chart_and_stay_in_the_address(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage)
    page.get_by_label("Genre", exact=True).select_option("Drama")
    expect(page).to_have_url(f"{stage.web.url}/library?genre=Drama")
    expect(page.locator("#chart-rated [data-part=note]")).to_have_text("Drama", timeout=SOON)
    assert [row[0] for row in numbers(page, "rated")] == ["Harbour", "Letters"]
    page.get_by_label("Month", exact=True).select_option("2025-01")
    expect(page.locator("#chart-popular [data-part=note]")).to_have_text("January 2025", timeout=SOON)
    assert numbers(page, "popular")[0][:2] == ["Harbour", "2"]
    page.locator("#revenue-by [value=day]").check(force=True)
    page.get_by_label("From", exact=True).fill("2025-01-05")
    page.get_by_label("to", exact=True).fill("2025-01-07")
    note = page.locator("#chart-revenue [data-part=note]")
    expect(note).to_have_text("by day, 2025-01-05 to 2025-01-07", timeout=SOON)
    assert [row[:2] for row in numbers(page, "revenue")] == [
        ["5 Jan 2025", "$0.00"],
        ["6 Jan 2025", "$5.00"],
        ["7 Jan 2025", "$0.00"],
    ]
    page.reload()
    expect(note).to_have_text("by day, 2025-01-05 to 2025-01-07", timeout=SOON)
    expect(page.get_by_label("Genre", exact=True)).to_have_value("Drama")
    page.go_back()
    expect(note).to_have_text("by day, 2025-01-05 to 2025-03-06", timeout=SOON)
    expect(page.get_by_label("Genre", exact=True)).to_have_value("Drama")


def test_a_chart_is_taken_away_as_numbers_that_are_no_formulas(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage)
    file = downloaded(page, "rated", "csv")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        head, *found = csv.reader(lines)
    assert head == ["Title", "Genre", "Type", "Rating"]
    told = shelf.ask("top-content")
    assert [row[3] for row in numbers(page, "rated")] == [f"{title['rating']:.1f}" for title in told]
    assert found[0][0] == "'" + FORMULA
    assert [row[0].removeprefix("'") for row in found] == [title["title"] for title in told]
    assert [float(row[3]) for row in found] == [title["rating"] for title in told]


def test_what_was_paid_is_taken_away_in_each_currency_as_numbers(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    with stage.client() as client:
        shelf = Shelf(client)
        user = shelf.put("users", name="Ann", email="ann@example.com")
        for amount, currency, method in ((1_234.5, "USD", "Card"), (990, "JPY", "Card"), (5, "EUR", "Cash")):
            paid = {"amount": amount, "currency": currency, "payment_date": "2025-03-01"}
            shelf.put("payments", user_id=user, method=method, **paid)
    page = opened(visit, stage)
    tables = {}
    for chart in ("methods", "revenue"):
        with downloaded(page, chart, "csv").open(encoding="utf-8-sig", newline="") as lines:
            tables[chart] = list(csv.reader(lines))
    assert tables == {
        "methods": [
            ["Method", "Payments", "EUR", "JPY", "USD"],
            ["Card", "2", "0", "990", "1234.5"],
            ["Cash", "1", "5", "0", "0"],
        ],
        "revenue": [
            ["Month", "Revenue", "Payments", "Currency", "EUR", "JPY"],
            ["2025-03", "1234.5", "1", "USD", "5", "990"],
        ],
    }
    with stage.client() as client:
        Shelf(client).put("payments", user_id=user, method="Card", amount=7, payment_date=days_ago(0))
    page.reload()
    expect(page.locator("#chart-revenue canvas")).to_have_attribute("aria-label", re.compile(", so far"), timeout=SOON)
    assert numbers(page, "revenue")[-1][0].endswith(", so far")
    page.close()


def test_a_chart_is_taken_away_as_a_picture(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage)
    for chart in ("revenue", "genres", "plans"):
        picture = downloaded(page, chart, "png").read_bytes()
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])
        shown = page.locator(f"#chart-{chart} canvas").bounding_box()
        assert shown
        assert width > 2 * shown["width"]
        assert height > 2 * shown["height"]


# --- one member ---


def test_a_member_is_found_by_e_mail_with_the_keyboard_and_has_an_address(
    shelf: Shelf, stage: Stage, visit: Visits
) -> None:
    page = opened(visit, stage)
    page.get_by_role("tab", name="Members").click()
    page.get_by_role("combobox").press_sequentially("bo@exam")
    expect(page.get_by_role("option")).to_have_count(1, timeout=SOON)
    page.keyboard.press("Enter")
    expect(page.locator("#member-name")).to_have_text("Bo Bishop", timeout=SOON)
    stats = shelf.ask(f"user-stats/{shelf.ask('users', search='bo@example')['data'][0]['id']}")
    watched = page.locator("#watched tbody tr")
    assert [row.locator("th").inner_text() for row in watched.all()] == [w["title"] for w in stats["watch_history"]]
    expect(page.locator("#paid tbody tr")).to_have_count(1)
    expect(page.locator("#paid")).to_contain_text("$9.50")
    advice = shelf.ask(f"recommendations/{stats['user_id']}")
    assert page.locator("#recommended .name").all_inner_texts() == [each["title"] for each in advice]
    expect(page.locator("#recommended .why").first).not_to_be_empty()
    page.reload()
    expect(page.locator("#member-name")).to_have_text("Bo Bishop", timeout=SOON)


def test_who_is_not_there_is_said_to_be_missing(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage, "/library?user=99999", forgives=("404",))
    expect(page.locator("#member-problem")).to_contain_text("There is no such member", timeout=SOON)


# --- records ---


def test_a_record_is_added_changed_and_deleted(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage, "/library?kind=payments")
    page.get_by_role("button", name="Add payment").click()
    dialog = page.locator("#record")
    dialog.get_by_label("User").fill("cyd")
    page.get_by_role("option", name="Cyd Cole").click(timeout=SOON)
    dialog.get_by_label("Amount").fill("12.5")
    dialog.get_by_label("Method").fill("Voucher")
    dialog.get_by_label("Paid").fill("2025-02-14T18:30")
    dialog.get_by_role("button", name="Add payment").click()
    expect(dialog).to_be_hidden(timeout=SOON)
    row = rows(page).filter(has_text="Voucher")
    expect(row).to_contain_text("$12.50", timeout=SOON)
    stored = shelf.ask("payments", method="Voucher")["data"][0]
    assert (stored["user"], stored["plan"], stored["payment_date"]) == (
        "Cyd Cole",
        "Plus",
        "2025-02-14T18:30:00.000+05:30",
    )
    row.get_by_role("button", name="Change").click()
    expect(dialog.get_by_label("User")).to_have_value("Cyd Cole")
    dialog.get_by_label("Amount").fill("13")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("$13.00", timeout=SOON)
    changed = shelf.ask(f"payments/{stored['id']}")
    assert {key: changed[key] for key in stored if key not in ("amount", "updated_at")} == {
        key: stored[key] for key in stored if key not in ("amount", "updated_at")
    }
    row.get_by_role("button", name="Delete").click()
    page.locator("#delete").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0, timeout=SOON)
    expect(page.locator("#records-add")).to_be_focused()
    assert shelf.ask("payments", method="Voucher")["data"] == []


def test_what_is_refused_is_said_beside_its_field_and_not_lost(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage, "/library?kind=users", forgives=("409", "422"))
    page.get_by_role("button", name="Add user").click()
    dialog = page.locator("#record")
    save = dialog.get_by_role("button", name="Add user")
    save.click()
    expect(page.locator("#record-name-error")).to_have_text("Name is needed.")
    dialog.get_by_label("Name").fill("Ann Again")
    dialog.get_by_label("E-mail").fill("ANN@example.com")
    save.click()
    expect(page.locator("#record-email-error")).to_contain_text("has this e-mail address already", timeout=SOON)
    expect(dialog.get_by_label("E-mail")).to_be_focused()
    dialog.get_by_label("E-mail").fill("again@example.com")
    dialog.get_by_label("Joined").fill("2025-05-01T10:00")
    dialog.get_by_label("Cancelled").fill("2025-04-01T10:00")
    save.click()
    expect(page.locator("#record-cancelled_at-error")).to_have_text("Lies before joined_at.", timeout=SOON)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Save first")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert shelf.ask("users", search="again@example")["data"] == []


def test_what_others_refer_to_is_kept_and_the_way_to_them_shown(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage, "/library?kind=plans", forgives=("409",))
    page.get_by_role("button", name="Delete Plus").click()
    dialog = page.locator("#delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).to_contain_text("cannot be deleted: 2 users", timeout=SOON)
    dialog.get_by_role("link", name="Show the 2 users").click()
    expect(rows(page)).to_have_count(2, timeout=SOON)
    expect(page.locator("#records-filters").get_by_label("Plan")).to_have_value(re.compile(r"\d+"))
    assert "kind=users" in page.url


def test_records_are_searched_filtered_sorted_and_paged_by_the_server(
    shelf: Shelf, stage: Stage, visit: Visits
) -> None:
    page = opened(visit, stage, "/library?kind=users")
    names = page.locator("#records-rows [data-field=name]")
    page.get_by_role("button", name="Name").click()
    expect(names).to_have_text(["Ann Archer", "Bo Bishop", "Cyd Cole", "Dee Dunn"], timeout=SOON)
    expect(page.locator("th[data-field=name]")).to_have_attribute("aria-sort", "ascending")
    page.get_by_label("Status").select_option("Cancelled")
    expect(names).to_have_text(["Dee Dunn"], timeout=SOON)
    page.get_by_label("Status").select_option("Everybody")
    page.get_by_role("searchbox").fill("bishop")
    expect(names).to_have_text(["Bo Bishop"], timeout=SOON)
    page.get_by_role("searchbox").fill("nobody at all")
    page.get_by_role("button", name="Show all").click(timeout=SOON)
    expect(names).to_have_count(4, timeout=SOON)
    page.goto(f"{stage.web.url}/library?kind=watch-history&limit=10&until=2025-02-03")
    expect(rows(page)).to_have_count(3, timeout=SOON)
    expect(page.locator("#pager [data-part=place]")).to_have_text("1–3 of 3")
    page.locator("#records-kinds [value=content]").check(force=True)
    expect(page.locator("#records-title")).to_have_text("Titles")
    expect(rows(page)).to_have_count(5, timeout=SOON)


def test_the_tables_know_every_field_filter_and_order_of_the_api(stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage, "/library?tab=records")
    described = page.evaluate(
        """async () => {
          const { KINDS } = await import("/static/js/lib/library-kinds.js");
          const names = (list) => list.map(({ name }) => name).sort();
          return Object.fromEntries(Object.entries(KINDS).map(([path, kind]) =>
            [path, [names(kind.fields), names(kind.filters), Object.keys(kind.sorts).sort()]]));
        }"""
    )
    assert described == {
        kind.path: [
            sorted(field.name for field in kind.fields),
            sorted(one.name for one in kind.filters),
            sorted(kind.sorts),
        ]
        for kind in KINDS
    }


# --- everywhere ---


def test_hostile_texts_are_shown_as_text(shelf: Shelf, stage: Stage, visit: Visits) -> None:
    page = opened(visit, stage)
    assert HOSTILE in [row[0] for row in numbers(page, "rated")]
    for path, words in (("kind=content", HOSTILE), ("kind=reviews", "onerror"), ("user=1", "onerror")):
        page.goto(f"{stage.web.url}/library?{path}")
        expect(page.locator("main")).to_contain_text(words, timeout=SOON)
    assert page.evaluate("window.pwned") is None
    assert page.locator("main img, main script, main b").count() == 0


def test_an_empty_library_says_how_to_begin(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    page = visit(stage.web.url).open("/library", "#begin:not([hidden])")
    expect(page.locator("#begin")).to_contain_text("init_db.py --import FOLDER")
    expect(page.locator("#begin")).to_contain_text(f"POST {stage.web.url}/api/plans")
    page.get_by_role("button", name="Add the first plan").click()
    dialog = page.locator("#record")
    dialog.get_by_label("Name").fill("Everything")
    dialog.get_by_label("Price").fill("7")
    dialog.get_by_role("button", name="Add plan").click()
    expect(page.locator("#begin")).to_be_hidden(timeout=SOON)
    assert numbers(page, "plans") == [["Everything", "0", "$7.00", "$0.00"]]
    page.close()


# Notes what is drawn on canvases, and how far beyond their right edge it reaches.
DRAWN = """const draw = CanvasRenderingContext2D.prototype.fillText;
window.beyond = {};
CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...most) {
  const start = this.getTransform().transformPoint(new DOMPoint(x, y)).x / devicePixelRatio;
  const share = { left: 1, start: 1, center: 0.5 }[this.textAlign] ?? 0;
  window.beyond[text] = start + share * this.measureText(text).width - this.canvas.clientWidth;
  return draw.call(this, text, x, y, ...most);
};"""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_what_dear_plans_are_worth_is_read_whole(own_stage: OwnStage, visit: Visits, viewport: Any) -> None:
    stage = own_stage()
    with stage.client() as client:
        shelf = Shelf(client)
        dear = shelf.put("plans", name="Company", price=79_233.91, currency="EUR")
        small = shelf.put("plans", name="One", price=395.5)
        for number, plan in enumerate((dear, small)):
            joined = {"joined_at": days_ago(200)}
            shelf.put("users", name=f"U{number}", email=f"u{number}@example.com", plan_id=plan, **joined)
        gone = {"joined_at": days_ago(200), "cancelled_at": days_ago(70), "plan_id": small}
        shelf.put("users", name="Gone", email="gone@example.com", **gone)
    visitor = visit(stage.web.url, viewport=viewport)
    visitor.context.add_init_script(DRAWN)
    page = visitor.open("/library")
    page.locator("#chart-worth").scroll_into_view_if_needed()
    wait_until(lambda: page.evaluate("'€79,233.91' in window.beyond"), "it is drawn", 20)
    assert page.evaluate("Object.entries(window.beyond).filter(([, pixels]) => pixels > 0)") == []
    expect(page.locator("#kpi-lifetime [data-part=figure]")).to_have_text(re.compile(r"^\$\d,\d{3}$"))
    assert page.evaluate(CUT, "[id^=kpi-] [data-part=figure]") == []
    page.close()


def test_who_may_only_read_sees_all_and_changes_nothing(own_stage: OwnStage, visit: Visits) -> None:
    locked = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN}
    stage = own_stage(**locked)
    add_account(stage, "reader", "read-only")
    with owner_of(stage) as owner:
        Shelf(owner).put("plans", name="Basic", price=5)
    page = visit(stage.web.url).open("/login?next=/library%3Fkind%3Dplans", "#username")
    page.fill("#username", "reader")
    page.fill("#password", PASS_PHRASE)
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(1, timeout=SOON)
    expect(page.locator("main")).to_contain_text("You may look, but not change")
    assert page.locator("main button", has_text=re.compile("Add|Change|Delete")).count() == 0
    assert rows(page).locator("button").count() == page.locator("dialog").count() == 0
    page.get_by_role("tab", name="Overview").click()
    expect(page.locator("#chart-plans canvas")).to_be_visible(timeout=SOON)
    page.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_has_no_accessibility_fault_and_fits(
    shelf: Shelf, stage: Stage, visit: Visits, viewport: dict[str, int]
) -> None:
    # The checker is a script of its own, which our pages would rightly refuse.
    page = opened(visit, stage, viewport=viewport, bypass_csp=True)

    def check() -> None:
        expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=SOON)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]

    numbers(page, "retention")
    page.locator("#chart-rated .menu summary").click()
    check()
    assert page.evaluate(APART) == []
    page.goto(f"{stage.web.url}/library?user=1")
    expect(page.locator("#member-name")).to_have_text("Ann Archer", timeout=SOON)
    check()
    assert page.evaluate(CUT, ".member-totals dd") == []
    page.goto(f"{stage.web.url}/library?kind=reviews&user_id=1")
    expect(rows(page)).to_have_count(1, timeout=SOON)
    since = page.locator("#records-filters").get_by_label("From")
    if viewport is PHONE:
        expect(since).to_be_hidden()
        page.get_by_role("button", name="Filters (1)").click()
    expect(since).to_be_visible()
    check()
    page.get_by_role("button", name="Add review").click()
    page.locator("#record").get_by_role("button", name="Add review").click()
    expect(page.locator("#record-user_id-error")).to_be_visible()
    check()


# Charts whose download does not stand in the line of their title.
APART = """() => [...document.querySelectorAll(".chart-card")]
  .filter(card => {
    const [title, menu] = ["h2", ".menu"].map(name => card.querySelector(name).getBoundingClientRect());
    return menu.height && (title.bottom < menu.top || menu.bottom < title.top);
  })
  .map(({ id }) => id)"""
