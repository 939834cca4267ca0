"""The team in browsers: accounts and tokens are made, used and ended; what a role may not do is not offered to it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from core.events import Kind
from tests.browser.conftest import DESKTOP, PHONE, Visits
from tests.browser.test_accessibility import faults
from tests.browser.test_live import SOON
from tests.web.cast import PASS_PHRASE, add_account, bearer
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, Stage, event, stage_of

_addresses = (f"192.0.2.{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def locked(program: object, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    secrets = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN, "OVERLAY_TOKEN": OVERLAY_TOKEN}
    with stage_of(program, new_database_url(), **secrets) as stage:
        stage.source("lena")
        stage.chat("lena", "hello", "how are you", by="anna")
        add_account(stage, "rita", "read-only")
        add_account(stage, "max", "moderator")
        yield stage


Enter = Callable[..., Page]


@pytest.fixture
def enter(visit: Visits, locked: Stage) -> Enter:
    """Logs somebody in, in a browser of their own, and opens a page."""

    def come(name: str = "admin", password: str = PASSWORD, path: str = "/", **options: object) -> Page:
        headers = {"X-Forwarded-For": next(_addresses)}
        page = visit(locked.web.url, extra_http_headers=headers, **options).open(f"/login?next={path.split('#')[0]}")
        page.locator("#username").fill(name)
        page.locator("#password").fill(password)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{locked.web.url}{path.split('#')[0]}")
        return page

    return come


def test_a_moderator_is_added_and_removed_while_they_look(enter: Enter, locked: Stage) -> None:
    owner = enter(path="/settings", forgives=("422",))
    owner.locator("#account-name").fill("no good")
    owner.locator("#team-form [type=submit]").click()
    expect(owner.locator("#account-name-error")).to_contain_text("letters a to z", timeout=SOON)
    owner.locator("#account-name").fill("Mila")
    owner.locator("#team-form [type=submit]").click()
    shown = owner.locator("#account-password [data-part=text]")
    expect(shown).to_have_text(re.compile(r"^[0-9a-f-]{35}$"), timeout=SOON)
    mila = enter("mila", shown.text_content() or "", forgives=("401", "403", "ERR_CONNECTION"))
    expect(mila.locator("#chat")).to_contain_text("how are you", timeout=SOON)
    expect(mila.locator(".app .nav-foot").last).to_contain_text("mila")
    owner.get_by_label("Role of mila").select_option("read-only")
    expect(owner.locator("#team-said")).to_have_text("mila is read-only now.", timeout=SOON)
    row = owner.locator("#accounts tr", has_text="mila")
    row.get_by_role("button", name="Remove").click()
    row.get_by_role("button", name="Remove mila?").click()
    expect(owner.locator("#accounts")).not_to_contain_text("mila", timeout=SOON)
    mila.wait_for_url("**/login?*", timeout=3 * SOON)
    owner.reload()
    expect(owner.locator("#account-password")).to_be_hidden()


def test_a_token_is_shown_once_and_works_until_it_is_revoked(enter: Enter, locked: Stage) -> None:
    page = enter(path="/settings")
    page.locator("#token-name").fill("night bot")
    page.locator("#tokens-form [type=submit]").click()
    expect(page.locator("#token-scopes-error")).to_have_text("Choose at least one.", timeout=SOON)
    page.locator("[name=scopes][value=read]").check()
    page.locator("#tokens-form [type=submit]").click()
    shown = page.locator("#new-token [data-part=text]")
    expect(shown).to_have_text(re.compile(r"^sp_[\w-]{43}$"), timeout=SOON)
    token = shown.text_content() or ""
    stats = f"{locked.web.url}/api/stats"
    assert httpx.get(stats, headers=bearer(token)).status_code == 200
    page.reload()
    row = page.locator("#token-rows tr", has_text="night bot")
    expect(row).to_contain_text(token[:9], timeout=SOON)
    assert token not in page.content()
    row.get_by_role("button", name="Revoke").click()
    row.get_by_role("button", name="Really revoke?").click()
    expect(page.locator("#tokens-said")).to_contain_text("opens nothing any more", timeout=SOON)
    assert httpx.get(stats, headers=bearer(token)).status_code == 401


def test_an_overlay_is_built_with_a_preview_and_an_address_that_works(
    enter: Enter, visit: Visits, locked: Stage
) -> None:
    page = enter(path="/settings")
    page.locator("#goal-target").fill("40")
    page.locator("#goal-label").fill("Road to 40")
    page.locator("#goals-form [type=submit]").click()
    expect(page.locator("#goal-list")).to_contain_text("Road to 40 (40 subscriptions)", timeout=SOON)
    form = page.locator("#overlay-form")
    form.get_by_label("Hype graph").uncheck()
    form.get_by_label("Goal", exact=True).first.check()
    form.get_by_label("birthday").uncheck()
    url = page.locator("#overlay-url")
    expect(url).to_have_value(
        re.compile(r"/overlay\?widgets=ticker,alerts,goal&alerts=raid,sub,gift,bits,follow,promotion$")
    )
    preview = page.frame_locator("#overlay-preview")
    expect(preview.locator("#goal")).to_contain_text("Road to 40", timeout=SOON)
    expect(preview.locator("#ticker")).to_contain_text("Anna", timeout=SOON)
    expect(preview.locator("#hype")).to_be_hidden()
    page.locator("#overlay-env-token").click()
    expect(url).to_have_value(re.compile(f"token={OVERLAY_TOKEN}$"), timeout=SOON)
    page.locator("#overlay-new-token").dblclick()
    expect(url).to_have_value(re.compile(r"token=sp_"), timeout=SOON)
    expect(page.locator("#token-rows tr", has_text="Overlay")).to_have_count(1, timeout=SOON)
    address = url.input_value().removeprefix(locked.web.url)
    overlay = visit(locked.web.url).open(address)
    expect(overlay.locator("#goal")).to_contain_text("Road to 40", timeout=SOON)
    expect(overlay.locator("#ticker")).to_contain_text("Anna", timeout=SOON)


def test_calm_hides_the_figures_until_the_stream_ends_and_from_its_owner_alone(enter: Enter, locked: Stage) -> None:
    page = enter("max", PASS_PHRASE, "/")
    figure = page.locator("#kpi-rate [data-part=figure]")
    expect(figure).to_be_visible()
    page.get_by_role("button", name="Calm").click()
    expect(figure).to_be_hidden(timeout=SOON)
    expect(page.locator("#hype-frame")).to_be_hidden()
    expect(page.locator("#chat")).to_contain_text("how are you")
    expect(page.locator("#calm-notice")).to_be_visible()
    page.reload()
    expect(page.locator("#calm-notice")).to_be_visible()
    expect(figure).to_be_hidden()
    owner = enter(path="/")
    expect(owner.locator("#kpi-rate [data-part=figure]")).to_be_visible()
    locked.tell(event("lena", Kind.LIVE_END, by="lena"))
    expect(figure).to_be_visible(timeout=3 * SOON)
    expect(page.locator("#calm-notice")).to_be_hidden()


def test_a_new_password_of_one_s_own(enter: Enter, locked: Stage) -> None:
    add_account(locked, "nova", "read-only")
    page = enter("nova", PASS_PHRASE, "/settings", forgives=("422",))
    page.locator("#old-password").fill("not the one I have")
    page.locator("#new-password").fill("another pass phrase")
    page.locator("#me-form [type=submit]").click()
    expect(page.locator("#old-password-error")).to_contain_text("not your password", timeout=SOON)
    page.locator("#old-password").fill(PASS_PHRASE)
    page.locator("#me-form [type=submit]").click()
    expect(page.locator("#me-said")).to_contain_text("Changed", timeout=SOON)
    page.locator("#sign-out-everywhere").click()
    page.locator("#sign-out-everywhere").click()
    page.wait_for_url("**/login?*")
    enter("nova", "another pass phrase", "/settings")


PAGES = ("/", "/viewers", "/viewers/twitch:anna", "/store", "/revenue", "/voice", "/settings")
ORDERS = (
    *("save", "delete", "erase", "remove", "import", "add", "ignore", "new secret", "test message", "generate"),
    *("make", "revoke", "acknowledge", "resolve"),
)
FORBIDDEN = re.compile(rf"\b({'|'.join(ORDERS)})\b", re.I)


def test_who_may_only_look_finds_nothing_to_press_that_would_be_refused(enter: Enter, locked: Stage) -> None:
    page = enter("rita", PASS_PHRASE, "/settings")
    refused: list[str] = []
    page.on("response", lambda answer: refused.append(answer.url) if answer.status in (401, 403) else None)
    for path in PAGES:
        page.goto(locked.web.url + path)
        page.wait_for_load_state("networkidle")
        names = page.locator("button:visible, input[type=submit]:visible").all_inner_texts()
        assert [name for name in names if FORBIDDEN.search(name)] == [], path
    assert refused == []


def test_whoever_may_send_no_test_event_sees_the_shop_s_events_over_the_whole_width(enter: Enter) -> None:
    page = enter("rita", PASS_PHRASE, "/store")
    expect(page.locator("#try-title")).to_have_count(0)
    events, connect = (page.locator(panel).bounding_box() for panel in (".store-stream", ".store-connect"))
    assert events and connect and events["width"] == connect["width"]


LINES = """cell => {
  const words = document.createRange();
  words.selectNodeContents(cell);
  return words.getClientRects().length;
}"""


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_owner_s_settings_have_no_accessibility_fault_and_fit(enter: Enter, viewport: dict[str, int]) -> None:
    page = enter(path="/settings", viewport=viewport, bypass_csp=True)
    page.locator("#overlay-form").get_by_label("Leaderboard").check()
    page.locator("#token-name").fill("x" * 64)
    page.locator("[name=scopes][value=read]").check()
    page.locator("#tokens-form [type=submit]").click()
    expect(page.locator("#new-token")).to_be_visible(timeout=SOON)
    expect(page.locator("#accounts tr").first).to_be_visible()
    never = page.locator("#token-rows tr", has_text="xxx").first.locator("[data-label=Ends]")
    assert never.evaluate(LINES) == 1
    page.locator("#goal-target").fill("5")
    page.locator("#goal-label").fill("w" * 60)
    page.locator("#goals-form [type=submit]").click()
    remove = page.get_by_role("button", name="Remove www")
    expect(remove).to_be_visible(timeout=SOON)
    box = remove.bounding_box()
    assert box and box["width"] >= box["height"]
    remove.click()
    expect(page.locator("#goals-said")).to_have_text("Removed.", timeout=SOON)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
