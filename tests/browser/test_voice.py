"""The voice room in two real browsers with made-up microphones: they hear each other, through everything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from playwright.sync_api import Error as PlaywrightError

from tests.browser.conftest import DESKTOP, PHONE, WHOLE, Visits, launched
from tests.browser.test_accessibility import faults
from tests.processes import Program, wait_until
from tests.web.conftest import Stage

pytestmark = pytest.mark.long

SOON = 10_000
COMPLAINS_WHILE_DOWN = (
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_EMPTY_RESPONSE",
    "WebSocket connection to",
)

# Keeps the page's connections, so that their statistics can be read; the page itself has no way in.
SPY = """
const connections = [];
const Real = RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...options) { super(...options); connections.push(this); }
};
window.heard = async () => {
  const found = { connections: 0, packets: 0, energy: 0 };
  for (const connection of connections) {
    if (connection.connectionState !== "connected") continue;
    found.connections += 1;
    for (const one of (await connection.getStats()).values()) {
      if (one.type !== "inbound-rtp" || one.kind !== "audio") continue;
      found.packets += one.packetsReceived;
      found.energy += one.totalAudioEnergy;
    }
  }
  return found;
};
"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """All of it: the shell alone does not know one microphone from the other again."""
    with launched(playwright, WHOLE) as browser:
        yield browser


def enter(page: Page) -> Page:
    page.locator("#join").click()
    expect(page.locator("#voice")).to_have_attribute("data-state", "in", timeout=SOON)
    return page


def heard(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate("heard()")
    return found


def hears(page: Page, what: str = "packets", connections: int = 1) -> None:
    """Waits until more has arrived than had, over so many connections."""
    wait_until(lambda: heard(page)["connections"] == connections, f"{connections} connections", SOON / 1000)
    before = heard(page)[what]
    wait_until(lambda: heard(page)[what] > before, f"more {what}", SOON / 1000)


@pytest.fixture
def two(visit: Visits) -> tuple[Page, Page]:
    """Two browsers in the room."""
    pages = []
    for viewport in (DESKTOP, PHONE):
        visitor = visit(viewport=viewport, permissions=["microphone"])
        visitor.context.add_init_script(SPY)
        pages.append(enter(visitor.open("/voice", "#join")))
    return pages[0], pages[1]


def test_nobody_is_asked_for_the_microphone_before_they_join(visit: Visits) -> None:
    visitor = visit()
    visitor.context.add_init_script("navigator.mediaDevices.getUserMedia = () => { throw new Error('asked') }")
    page = visitor.open("/voice", "#join")
    expect(page.locator("#nobody")).to_be_visible()
    expect(page.locator("#people li")).to_have_count(0)
    expect(page.locator("#line")).to_have_text("Not joined")


def test_two_people_hear_each_other_until_one_is_muted_or_gone(two: tuple[Page, Page]) -> None:
    mila, sam = two
    for page in two:
        expect(page.locator("#people li")).to_have_count(2)
        hears(page, "energy")
    expect(mila.locator("#people li.speaks").first).to_be_visible(timeout=SOON)
    expect(mila.locator("#said")).to_contain_text("has joined")

    loud = arrives(mila)
    sam.keyboard.press("m")
    expect(sam.locator("#mute")).to_have_text(re.compile("Unmute"))
    expect(mila.locator("#people li.is-muted")).to_have_count(1)
    mila.wait_for_timeout(500)  # what is still under way
    while_muted = arrives(mila)
    assert while_muted["packets"] > 0, "the line is held"
    assert while_muted["energy"] < loud["energy"] / 100, "and nothing is in them"
    hears(sam, "energy")
    sam.keyboard.press("m")
    hears(mila, "energy")

    with suppress(PlaywrightError):
        sam.goto("chrome://crash")  # nobody says goodbye
    expect(mila.locator("#people li")).to_have_count(1, timeout=SOON)
    expect(mila.locator("#said")).to_contain_text("has left")
    mila.locator("#leave").click()
    expect(mila.locator("#nobody")).to_be_visible()
    expect(mila.locator("#join")).to_be_focused()


def test_whoever_looks_at_another_page_goes_on_talking(visit: Visits) -> None:
    visitor = visit(permissions=["microphone"])
    page = visitor.open("/voice", "#join")
    link = page.get_by_role("link", name="Viewers")
    enter(page)
    with page.expect_popup() as opened:
        link.click()
    opened.value.wait_for_url("**/viewers")
    expect(page.locator("#voice")).to_have_attribute("data-state", "in")
    opened.value.close()
    page.locator("#leave").click()
    link.click()
    page.wait_for_url("**/viewers")


def arrives(page: Page) -> dict[str, float]:
    """What comes in within a time in which the made-up microphone beeps more than once."""
    before = heard(page)
    page.wait_for_timeout(1500)
    after = heard(page)
    return {name: after[name] - before[name] for name in before}


def test_a_restart_of_the_server_is_waited_for_while_the_talk_goes_on(
    program: Program, new_database_url: Callable[[], str], visit: Visits
) -> None:
    url = new_database_url()
    with program.web(url) as web:
        pages = []
        for _ in range(2):
            visitor = visit(web.url, permissions=["microphone"], forgives=COMPLAINS_WHILE_DOWN)
            visitor.context.add_init_script(SPY)
            pages.append(enter(visitor.open("/voice", "#join")))
        for page in pages:
            hears(page)
        web.stop()
        for page in pages:
            expect(page.locator("#line")).to_contain_text("of 5", timeout=SOON)
            hears(page)
    with program.web(url, port=web.port):
        for page in pages:
            page.evaluate("dispatchEvent(new Event('online'))")  # or it waits for its next attempt
        for page in pages:
            expect(page.locator("#line")).to_have_text("In the room", timeout=20_000)
            expect(page.locator("#people li")).to_have_count(2, timeout=SOON)
            hears(page)
        pages[0].reload()
        enter(pages[0])  # a new call is possible as well
        for page in pages:
            hears(page)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "Allow it beside the address"),
        ("NotFoundError", "No microphone was found"),
        ("NotReadableError", "in use by another program"),
    ],
)
def test_without_a_microphone_the_page_says_what_to_do(visit: Visits, name: str, words: str) -> None:
    visitor = visit()
    refusing = f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{name}'))"
    visitor.context.add_init_script(refusing)
    page = visitor.open("/voice", "#join")
    page.locator("#join").click()
    expect(page.locator("#trouble")).to_contain_text(words)
    expect(page.locator("#join")).to_be_enabled()
    expect(page.locator("#line")).to_have_text("Not joined")


def test_over_plain_http_the_page_says_how_to_get_the_microphone(visit: Visits) -> None:
    visitor = visit()
    visitor.context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
    page = visitor.open("/voice", "#join")
    expect(page.locator("#trouble")).to_contain_text("https")
    expect(page.locator("#join")).to_be_disabled()


def test_what_was_chosen_is_remembered(visit: Visits) -> None:
    visitor = visit(permissions=["microphone"])
    page = enter(visitor.open("/voice", "#join"))
    names = page.locator("#microphone option").all_text_contents()
    assert len(names) > 1
    page.locator("#microphone").select_option(label=names[-1])
    page.locator("#tunes").uncheck()
    page.reload()
    expect(page.locator("#tunes")).not_to_be_checked()
    enter(page)
    expect(page.locator("#microphone option:checked")).to_have_text(names[-1])


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everybody_can_use_it(visit: Visits, stage: Stage, viewport: dict[str, int]) -> None:
    visitor = visit(viewport=viewport, permissions=["microphone"], bypass_csp=True)
    page = visitor.open("/voice", "#join")
    assert faults(page) == []
    page.locator("#join").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#voice")).to_have_attribute("data-state", "in", timeout=SOON)
    expect(page.locator("#mute")).to_be_focused()
    enter(visitor.open("/voice", "#join"))
    expect(page.locator(".voice-volume:visible")).to_have_count(1, timeout=SOON)
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


PEERJS = """async () => {
  const options = {
    host: location.hostname, port: location.port, path: "/peerjs", secure: false, config: { iceServers: [] },
  };
  const happens = (one, name) => new Promise((done) => one.once(name, done));
  const make = (id) => new peerjs.Peer(id, options);
  const [first, second] = [make(), make()];
  const ids = await Promise.all([happens(first, "open"), happens(second, "open")]);
  const listed = await new Promise((done) => first.listAllPeers(done));
  const incoming = happens(second, "connection");
  const outgoing = first.connect(second.id, { reliable: true });
  await happens(outgoing, "open");
  const heard = happens(await incoming, "data");
  outgoing.send({ text: "hello" });
  const data = await heard;
  const invented = make("invented");
  const taken = await happens(invented, "error");
  first.disconnect();
  first.reconnect();
  const back = await happens(first, "open");
  first.destroy();
  second.destroy();
  return { ids, listed, data, error: taken.type, isBack: back === ids[0] };
}"""


def test_the_client_as_it_comes_works_with_all_that_it_can(visit: Visits) -> None:
    """PeerJS without a line of ours: ids, who is there, data channels, coming back."""
    page = visit(forgives=("PeerJS",)).open("/voice", "#join")
    found = page.evaluate(PEERJS)
    assert set(found["listed"]) >= set(found["ids"])
    assert found["data"] == {"text": "hello"}
    assert found["error"] == "unavailable-id", "nobody chooses an id of their own"
    assert found["isBack"] is True
