"""The hostile corpus on every page of a real browser: shown as text, nothing run, and no rule of the policy broken."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from rules.csv_table import FORMULA
from tests.browser.conftest import Visitor, Visits
from tests.browser.test_live import SOON
from tests.hostile import MARKUP, SIGNS, TEXTS
from tests.hostile_house import CHANNEL, House
from tests.web.conftest import SALES_SECRET, Stage, stage_of

pytestmark = pytest.mark.long

# Tells of whatever ran, asked, or was forbidden, in frames too.
WATCH = """() => {
  const tell = (what) => window.breach(String(what).slice(0, 300));
  addEventListener("securitypolicyviolation", (event) =>
    tell(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`), true);
  for (const name of ["alert", "confirm", "prompt"]) window[name] = (text) => tell(`${name}: ${text}`);
  Object.defineProperty(window, "pwned", { get: () => undefined, set: () => tell("pwned") });
}"""
# What no text of the corpus may become.
MADE = "main img, main script, iframe[srcdoc], main svg animate, main [onerror], main [onload], base"
OVERLAY = "/overlay?widgets=hype,ticker,alerts,leaderboard,goal,gifts"
TABS = ("Profile", "Gifts", "Visits", "Activity", "Changes", "Privacy")


@pytest.fixture(scope="module")
def stage(program: object, new_database_url: object) -> Iterator[Stage]:
    """A web process of its own, full of the corpus."""
    with stage_of(program, new_database_url(), SALES_SECRET=SALES_SECRET) as stage:  # type: ignore[arg-type]
        yield stage


@pytest.fixture(scope="module")
def house(stage: Stage) -> Iterator[House]:
    with House(stage, TEXTS, one_in=12) as house:
        house.fill()
        yield house


class Guest:
    """Somebody who looks at all there is. ``breaches``: what ran, asked, or was forbidden meanwhile."""

    def __init__(self, visitor: Visitor) -> None:
        self.breaches: list[str] = []
        context = visitor.context
        context.expose_binding("breach", lambda source, told: self.breaches.append(f"{source['frame'].url}: {told}"))
        context.add_init_script(f"({WATCH})()")
        context.on("dialog", lambda dialog: self.breaches.append(f"dialog: {dialog.message}"))
        context.on("page", lambda page: page.on("popup", lambda popup: self.breaches.append(f"popup: {popup.url}")))
        self.pages = 0
        self._visitor = visitor
        self.page = visitor.open("/login")
        self.page.evaluate("window.pwned = 1")  # whoever finds nothing must be able to
        assert [told.rpartition(": ")[2] for told in self.breaches] == ["pwned"]
        self.breaches.clear()

    def go(self, path: str) -> Page:
        self.pages += 1
        self.page.goto(self._visitor.home + path)
        with suppress(TimeoutError):  # pages that stream are never idle
            self.page.wait_for_load_state("networkidle", timeout=600)
        self.look()
        return self.page

    def look(self) -> None:
        assert self.page.locator(MADE).count() == 0, self.page.url

    def open_everything(self) -> None:
        """Folds, menus, and the dialogs behind the first rows."""
        for fold in self.page.locator("main details:not([open]) > summary:visible").all()[:6]:
            with suppress(TimeoutError):
                fold.click(timeout=300)
        self.look()
        self.page.keyboard.press("Escape")


@pytest.fixture
def guest(house: House, stage: Stage, visit: Visits, figure: Callable[[str], None]) -> Iterator[Guest]:
    assert house.faults == []
    guest = Guest(visit(stage.web.url, forgives=("404", "422")))
    yield guest
    figure(f"{guest.pages} pages full of {len(TEXTS)} hostile texts: {len(guest.breaches)} ran or broke the policy")


def test_nothing_runs_on_any_page(guest: Guest, house: House) -> None:
    stream = house.client.get("/api/streams").json()["data"][0]["id"]
    pages = ("/", f"/?channel={CHANNEL}&platform=twitch", "/streams", f"/streams/{stream}", "/viewers", "/store")
    for path in (*pages, "/revenue", "/library", "/library?user=1", "/voice", "/settings"):
        guest.go(path)
        guest.open_everything()
    for kind in ("plans", "users", "content", "watch-history", "reviews", "payments"):
        guest.go(f"/library?kind={kind}")
    for number in range(0, len(TEXTS), 12):
        page = guest.go(f"/viewers/tiktok:fan{number}")
        expect(page.locator("#viewer[open]:not(.loading)")).to_be_visible(timeout=SOON)
        for name in TABS if number < 12 else ():
            page.get_by_role("tab", name=name).click()
        guest.look()
    guest.go(f"{OVERLAY}&channel={CHANNEL}&platform=twitch")
    assert guest.breaches == []


def test_what_people_said_is_read_to_the_letter(guest: Guest, stage: Stage) -> None:
    texts = (MARKUP | SIGNS).values()
    stage.chat("shown", *texts)
    page = guest.go("/?channel=shown&platform=twitch")
    expect(page.locator("#chat")).to_contain_text([*texts][-1], timeout=SOON)
    read = page.locator("#chat").text_content() or ""
    assert [text for text in texts if text not in read] == []
    page = guest.go("/overlay?widgets=ticker&channel=shown&platform=twitch")
    expect(page.locator("#ticker")).to_contain_text([*texts][-1], timeout=SOON)
    assert guest.breaches == []


def test_what_comes_while_a_page_is_open_is_text_as_well(guest: Guest, stage: Stage) -> None:
    for path in ("/", f"{OVERLAY}&channel=late"):
        page = guest.go(path)
        with House(stage, {f"late {name}": f"{text} {path}" for name, text in MARKUP.items()}) as late:
            late.events()
            late.shop()
        last = next(reversed(MARKUP.values()))
        if path == "/":
            expect(page.locator("#chat")).to_contain_text(last, timeout=SOON)
        guest.look()
    assert guest.breaches == []


def test_addresses_that_hold_a_text_run_nothing(guest: Guest, house: House) -> None:
    wanted = ("/?", "/overlay", "/login", "/viewers/", "/streams")
    found = [path for path in house.addresses() if path.startswith(wanted)]
    for path in found[:: max(1, len(found) // 8)]:
        guest.go(path)
    assert guest.breaches == []


def test_the_pages_own_csv_files_hold_no_formula(guest: Guest, tmp_path: Path) -> None:
    page = guest.go("/library")
    saved = 0
    for card in page.locator("[id^=chart-]:has([data-part=csv]:not([disabled]))").all():
        card.locator(".menu summary").click()
        with page.expect_download() as download:
            card.locator("[data-part=csv]").click()
        file = tmp_path / f"{saved}.csv"
        download.value.save_as(file)
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = [*csv.reader(opened)]
        assert len(rows) > 1
        assert [cell for row in rows for cell in row if cell.startswith(FORMULA) and not _is_number(cell)] == []
        saved += 1
    assert saved >= 3
    assert guest.breaches == []


def _is_number(cell: str) -> bool:
    with suppress(ValueError):
        float(cell)
        return True
    return False
