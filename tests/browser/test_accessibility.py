"""Whether everybody can use the pages: WCAG A and AA, contrast included, as axe-core sees them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from core.events import Kind, Mark
from tests.browser.conftest import DESKTOP, PHONE, OwnStage, Visits
from tests.browser.test_live import SOON
from tests.web.conftest import PASSWORD, Stage, event

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
RULES |= {"resultTypes": ["violations"]}  # to name the place of all that is well takes longer than to check it


@pytest.fixture(scope="module")
def busy(stage: Stage) -> int:
    """A channel with one of everything; answers the id of its stream."""
    stage.source("busy")
    stage.chat("busy", "hello", "how are you", by="anna")
    stage.tell(event("busy", by="mod", text="be nice", marks=int(Mark.MODERATOR | Mark.FIRST)))
    stage.tell(event("busy", Kind.RAID, by="northwind", amount=12), event("busy", Kind.SUB, by="fan", amount=1))
    with stage.client() as client:
        found: int = client.get("/api/streams?channel=busy").json()["data"][0]["id"]
    return found


def faults(page: Page) -> list[tuple[str, list[str]]]:
    """What is wrong, and where: ``(rule, elements)``."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [(fault["id"], [str(node["target"]) for node in fault["nodes"]]) for fault in found]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "path", ["/?channel=busy&platform=twitch", "/viewers", "/streams", "/streams/{}", "/no/such/page"]
)
def test_a_page_has_no_accessibility_fault(visit: Visits, busy: int, path: str, viewport: dict[str, int]) -> None:
    # The checker is a script of its own, which our pages would rightly refuse.
    visitor = visit(viewport=viewport, bypass_csp=True, forgives=("404",))
    page = visitor.open(path.format(busy))
    page.wait_for_load_state("load")
    if "busy" in path or "{}" in path:
        expect(page.locator("#chat")).to_contain_text("be nice", timeout=SOON)
    assert faults(page) == []


def test_the_login_page_has_no_accessibility_fault(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage(DASHBOARD_PASSWORD=PASSWORD)
    page = visit(stage.web.url, bypass_csp=True).open("/login", "#username")
    assert faults(page) == []


def test_what_is_chosen_and_how_much_can_be_seen_where_the_system_chooses_the_colours(visit: Visits, busy: int) -> None:
    page = visit(forced_colors="active").open("/?channel=busy&platform=twitch")
    expect(page.locator("#chat")).to_contain_text("be nice", timeout=SOON)

    def background(selector: str) -> str:
        return str(page.locator(selector).first.evaluate("(shown) => getComputedStyle(shown).backgroundColor"))

    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    chosen = background("#span label:has(:checked)")
    assert chosen not in (ground, background("#span label:not(:has(:checked))"), "rgba(0, 0, 0, 0)")
    assert background(".nav-link[aria-current]") == chosen
    assert background("#sources [aria-pressed=true]") == chosen
    shown = page.locator("#top-chatters .rank-bar").first.evaluate("(bar) => getComputedStyle(bar).backgroundImage")
    assert "gradient" in shown
    assert background("#sources .dot") not in (ground, "rgba(0, 0, 0, 0)")
