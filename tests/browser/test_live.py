"""The live page in a browser: it moves by itself, survives its server, and shows what was said as text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from core.clock import DAY_MS, MINUTE_MS, now_ms
from core.events import Event, Kind, Mark, Person, Platform, SourceState, SourceStatus
from ingest.coverage import ON_ITS_WAY_MS
from tests.browser.conftest import DESKTOP, PHONE, OwnStage, Visits
from tests.processes import wait_until
from tests.web.conftest import Stage, event, stage_of

pytestmark = pytest.mark.long

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
SOON = 20_000  # milliseconds; the machine may be busy


def test_a_message_appears_without_a_reload_in_feed_ticker_and_counters(stage: Stage, visit: Visits) -> None:
    stage.chat("moving", "first words", by="anna")
    page = visit().open("/?platform=twitch&channel=moving", "#chat >> text=first words")
    stage.chat("moving", "second words", "third words", by="bert")
    expect(page.locator("#chat")).to_contain_text("third words", timeout=SOON)
    expect(page.locator("#ticker")).to_contain_text("Bert", timeout=SOON)
    page.locator("#hype-numbers summary").click()
    expect(page.locator("#hype-numbers table")).to_contain_text("3", timeout=SOON)


RECORD_MOVES = """
window.moved = [];
const { animate } = Element.prototype;
Element.prototype.animate = function (...how) {
  if (this.closest('#ticker')) window.moved.push(this.innerText);
  return animate.apply(this, how);
};
"""


def test_the_ticker_moves_where_the_eye_can_follow_and_is_still_where_nearly_everybody_is_new(
    stage: Stage, visit: Visits
) -> None:
    stage.tell(*(event("ticking", by=f"first{number}", text="hi") for number in range(5)))
    visitor = visit()
    visitor.context.add_init_script(RECORD_MOVES)
    page = visitor.open("/?platform=twitch&channel=ticking", "#ticker >> text=First4")
    stage.tell(*(event("ticking", by=f"next{number}", text="hi") for number in range(4)))
    expect(page.locator("#ticker")).to_contain_text("Next3", timeout=SOON)
    assert page.evaluate("window.moved") == []
    stage.chat("ticking", "hi", by="single")
    expect(page.locator("#ticker")).to_contain_text("Single", timeout=SOON)
    assert any("Single" in row for row in page.evaluate("window.moved"))


def test_what_the_chat_has_left_behind_is_not_drawn_and_can_be_scrolled_to(stage: Stage, visit: Visits) -> None:
    stage.chat("lengthy", "line 0 of many")
    page = visit().open("/?platform=twitch&channel=lengthy", "#chat >> text=line 0 of many")
    stage.chat("lengthy", *(f"line {number} of many" for number in range(1, 90)))
    chat = page.locator("#chat")
    expect(chat).to_contain_text("line 89 of many", timeout=SOON)
    skipped = (
        "(list) => [...list.querySelectorAll('.chat-line')].map((line) => getComputedStyle(line).contentVisibility)"
    )
    expect(chat.locator(".chat-line")).to_have_count(90)
    assert chat.evaluate(skipped) == ["auto"] * 30 + ["visible"] * 60
    assert chat.evaluate("(list) => list.scrollHeight - list.scrollTop - list.clientHeight") < 2
    page.locator("#chat >> text=line 3 of many").scroll_into_view_if_needed()
    expect(page.locator("#chat >> text=line 3 of many")).to_be_in_viewport()


def test_what_was_said_on_another_day_stands_under_its_date_and_is_that_many_days_old(
    stage: Stage, visit: Visits
) -> None:
    now = now_ms()
    stage.chat("rarely", "last week", "last week, too", at_ms=now - 6 * DAY_MS, by="anna")
    page = visit().open("/?platform=twitch&channel=rarely", "#chat >> text=last week, too")
    (new,) = stage.chat("rarely", "today")
    dates = page.locator("#chat .chat-day")
    expect(dates).to_have_count(2, timeout=SOON)
    texts = page.locator("#chat > li").all_inner_texts()
    assert ["last week" in text or "today" in text for text in texts] == [False, True, True, False, True]
    assert texts[0] != texts[3]
    expect(page.locator("#ticker")).to_contain_text("6 d")
    stage.tell(event("rarely", Kind.DELETE, extra={"target": new.source_id}))
    expect(dates).to_have_count(1, timeout=SOON)


def test_icons_of_what_comes_in_hold_their_shape_and_ask_for_nothing(stage: Stage, visit: Visits) -> None:
    stage.chat("iconic", "hello")
    page = visit().open("/?platform=twitch&channel=iconic", "#chat >> text=hello")
    page.wait_for_load_state("networkidle")
    stage.tell(event("iconic", text="be nice", by="mod", marks=int(Mark.MODERATOR)))
    line = page.locator(".chat-line", has_text="be nice")
    for name in ("Twitch", "Moderator"):
        icon = line.get_by_role("img", name=name).locator("svg")
        expect(icon.locator("path").first).to_be_visible(timeout=SOON)
        assert (icon.locator("use").count(), icon.get_attribute("viewBox")) == (0, "0 0 24 24")


def test_only_the_chosen_channel_is_shown(stage: Stage, visit: Visits) -> None:
    stage.chat("chosen", "mine")
    stage.chat("other", "not mine")
    page = visit().open("/?platform=twitch&channel=chosen", "#chat >> text=mine")
    stage.chat("other", "still not mine")
    stage.chat("chosen", "mine again")
    expect(page.locator("#chat")).to_contain_text("mine again", timeout=SOON)
    expect(page.locator("#chat")).not_to_contain_text("not mine")


def test_hostile_text_and_names_are_shown_as_text(stage: Stage, visit: Visits) -> None:
    who = Person("id-evil", "evil", HOSTILE[:60])
    stage.tell(Event(Platform.TWITCH, "hostile", Kind.CHAT, now_ms(), "hostile-1", who, HOSTILE))
    stage.tell(Event(Platform.TWITCH, "hostile", Kind.RESUB, now_ms(), "hostile-2", who, HOSTILE, 7))
    page = visit().open("/?platform=twitch&channel=hostile")
    expect(page.locator("#chat")).to_contain_text(HOSTILE, timeout=SOON)
    expect(page.locator("#ticker")).to_contain_text(HOSTILE[:30], timeout=SOON)
    assert page.evaluate("window.pwned") is None
    assert page.locator("#chat img[src=x], #ticker img[src=x]").count() == 0


def test_a_deleted_message_leaves_the_page(stage: Stage, visit: Visits) -> None:
    (said,) = stage.chat("moderated", "something rude", by="rude")
    stage.chat("moderated", "something kind", by="kind")
    page = visit().open("/?platform=twitch&channel=moderated", "#chat >> text=something rude")
    stage.tell(event("moderated", Kind.DELETE, by="rude", extra={"target": said.source_id}))
    expect(page.locator("body")).not_to_contain_text("something rude", timeout=SOON)
    expect(page.locator("#chat")).to_contain_text("something kind")


def test_a_spike_is_marked_with_what_caused_it(stage: Stage, visit: Visits) -> None:
    now = now_ms()
    for minute in range(8, 1, -1):
        stage.chat("spiky", *["calm"] * 3, at_ms=now - minute * MINUTE_MS)
    stage.tell(event("spiky", Kind.RAID, by="northwind", amount=312, at_ms=now - 90_000))
    for number in range(30):
        stage.tell(event("spiky", by=f"fan{number}", text="CLUTCH", at_ms=now - MINUTE_MS + number))
    page = visit().open("/?platform=twitch&channel=spiky")
    expect(page.locator("#moments")).to_contain_text("“CLUTCH” ×30 after raid of 312 by Northwind", timeout=SOON)


def test_moments_say_whose_they_are_where_several_channels_are_shown(stage: Stage, visit: Visits) -> None:
    now = now_ms()
    for channel in ("calm_one", "duo_spiky"):
        stage.source(channel)
    for minute in range(8, 1, -1):
        stage.chat("duo_spiky", *["calm"] * 3, at_ms=now - minute * MINUTE_MS)
    for number in range(30):
        stage.tell(event("duo_spiky", by=f"fan{number}", text="WHOSE", at_ms=now - MINUTE_MS + number))
    page = visit().open("/", "#moments >> text=WHOSE")
    row = page.locator("#moments li", has_text="WHOSE")
    expect(row).to_contain_text("duo_spiky")
    expect(row.locator("[title=Twitch]")).to_have_count(1)
    row.locator("button[aria-haspopup]").click()
    expect(page.locator("#moment")).to_contain_text("duo_spiky")
    page = visit().open("/?platform=twitch&channel=duo_spiky", "#moments >> text=WHOSE")
    expect(page.locator("#moments")).not_to_contain_text("duo_spiky")


def test_figures_say_of_what_they_are_and_words_stand_beside_whose_they_are(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    stage.source("duet")
    stage.writer.status(SourceStatus(Platform.TIKTOK, "duet", SourceState.CONNECTED, now_ms()))
    stage.tell(Event(Platform.TIKTOK, "duet", Kind.VIEWERS, now_ms(), "watching", amount=41))
    stage.chat("duet", "ههههه")
    page = visit(stage.web.url).open("/", "#ticker .said")
    expect(page.locator("#kpi-viewers")).to_contain_text("TikTok viewers", timeout=SOON)
    expect(page.locator("#kpi-uptime")).to_contain_text("nothing missed")
    ends = """said => {
      const words = document.createRange();
      words.selectNodeContents(said);
      return [words.getBoundingClientRect().left, said.getBoundingClientRect().left];
    }"""
    words, line = page.locator("#ticker .said").evaluate(ends)
    assert words == pytest.approx(line, abs=2)
    page.get_by_role("button", name="tiktok / @duet").click()
    expect(page.locator("#kpi-viewers .kpi-label")).to_have_text("Viewers", timeout=SOON)
    expect(page.locator("#kpi-viewers")).to_contain_text("41")
    page.close()


def test_a_gap_in_coverage_is_told_as_no_data_and_not_as_silence(stage: Stage, visit: Visits) -> None:
    now = now_ms()
    stage.source("gappy", SourceState.CONNECTED)
    stage.chat("gappy", "before", at_ms=now - 6 * MINUTE_MS)
    stage.writer.status(
        SourceStatus(Platform.TWITCH, "gappy", SourceState.WAITING, now - 5 * MINUTE_MS, "connection lost")
    )
    stage.writer.status(SourceStatus(Platform.TWITCH, "gappy", SourceState.CONNECTED, now - 2 * MINUTE_MS))
    stage.chat("gappy", "after")
    page = visit().open("/?platform=twitch&channel=gappy", "#chat >> text=after")
    page.locator("#hype-numbers summary").click()
    expect(page.locator("#hype-numbers")).to_contain_text("no data", timeout=SOON)


RECORD_LABELS = """
window.labels = new Map();
const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  window.labels.set(this.canvas, []);  // a new frame begins
  return clearRect.apply(this, box);
};
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  const { width } = this.measureText(text);
  const start = x - { left: 0, start: 0, center: width / 2, right: width, end: width }[this.textAlign];
  const { left, top } = this.canvas.getBoundingClientRect();
  const { a: scale, e: right, f: down } = this.getTransform();
  const from = left + (start * scale + right) / devicePixelRatio;
  window.labels.get(this.canvas)?.push({ text: String(text), from, to: from + width, y: top + down / scale + y });
  return fillText.call(this, text, x, y);
};
"""
NO_DATA = "[...window.labels.values()].flat().filter(({ text }) => text.startsWith('no data'))"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_gaps_close_together_share_one_label_and_one_far_away_has_its_own(
    stage: Stage, visit: Visits, viewport: dict[str, int]
) -> None:
    channel, now = f"holes{viewport['width']}", now_ms()
    states = [(SourceState.CONNECTED, now - 20 * MINUTE_MS)]
    for began, ended in ((13, 11.5), (6, 5.5), (5.2, 4.7), (4.5, 3.9)):
        states.append((SourceState.WAITING, now - round(began * MINUTE_MS) + ON_ITS_WAY_MS))
        states.append((SourceState.CONNECTED, now - round(ended * MINUTE_MS)))
    for state, at_ms in states:
        stage.writer.status(SourceStatus(Platform.TWITCH, channel, state, at_ms))
    stage.chat(channel, "after")
    visitor = visit(viewport=viewport)
    visitor.context.add_init_script(RECORD_LABELS)
    page = visitor.open(f"/?platform=twitch&channel={channel}", "#chat >> text=after")
    wait_until(lambda: page.evaluate(f"{NO_DATA}.length > 1"), "both labels are drawn", 20)
    first, *others = page.evaluate(NO_DATA)
    assert [label["text"] for label in (first, *others)] == ["no data 1:30", "no data 1:36 in 3 gaps"]
    assert first["to"] < others[0]["from"]
    assert others[0]["to"] <= viewport["width"]


def test_what_nobody_listens_to_is_unknown_and_not_zero(stage: Stage, visit: Visits) -> None:
    stage.chat("unheard", "one", "two")
    stage.source("unheard", SourceState.WAITING, "connection lost")
    page = visit().open("/?platform=twitch&channel=unheard", "#chat >> text=two")
    expect(page.locator("#hype-figure")).to_have_text("–", timeout=SOON)
    expect(page.locator("#kpi-rate")).to_contain_text("nobody listens")
    stage.source("unheard", SourceState.CONNECTED)
    expect(page.locator("#hype-figure")).not_to_have_text("–", timeout=SOON)
    expect(page.locator("#hype-basis")).to_contain_text("compare", timeout=SOON)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_why_a_channel_is_not_heard_and_when_it_is_tried_again_stand_on_the_page(
    stage: Stage, visit: Visits, viewport: dict[str, int]
) -> None:
    channel, why = f"unreached{viewport['width']}", "cannot connect: no route to host"

    def source(state: SourceState, detail: str = "", retry_in_ms: int | None = None) -> None:
        retry_at = None if retry_in_ms is None else now_ms() + retry_in_ms
        stage.writer.status(SourceStatus(Platform.TWITCH, channel, state, now_ms(), detail, retry_at))
        assert stage.writer.flush(10)

    source(SourceState.WAITING, why, 60_000)
    page = visit(viewport=viewport).open(f"/?platform=twitch&channel={channel}")
    troubles = page.locator("#troubles")
    expect(troubles).to_contain_text(f"{channel}: {why}", timeout=SOON)
    expect(troubles).to_contain_text(re.compile(r"trying again in \d+ s"))
    assert _width(page) <= viewport["width"]
    source(SourceState.CONNECTING)
    expect(troubles).not_to_contain_text("trying again", timeout=SOON)
    expect(troubles).to_contain_text(why)  # it stays while it is tried: a line that comes and goes cannot be read
    source(SourceState.CONNECTED)
    expect(troubles).to_be_hidden(timeout=SOON)
    source(SourceState.STOPPED, "simulated")
    expect(troubles).to_contain_text(f"{channel}: the collector is not running", timeout=SOON)


def test_words_suit_a_channel_that_has_streamed_once_and_has_few_chatters(stage: Stage, visit: Visits) -> None:
    then, now = now_ms() - 6 * DAY_MS, now_ms()
    stage.source("small_one")
    for minute in range(40):
        stage.chat("small_one", "calm", at_ms=then + minute * MINUTE_MS)
    for number in range(12):
        stage.tell(event("small_one", by=f"few{number}", text="hallo", at_ms=now))
    stage.tell(event("small_one", by="noor", text="مرحبا", at_ms=now))
    page = visit().open("/?platform=twitch&channel=small_one", "#chat >> text=hallo")
    expect(page.locator("#hype-basis")).to_have_text("against your last stream", timeout=SOON)
    expect(page.locator("#kpi-rate")).to_contain_text(
        re.compile(r"up ×\d+ vs usual|up ×\d+\.\d vs usual"), timeout=SOON
    )
    note = page.locator("#kpi-rate [data-part=note]")
    assert note.evaluate("(note) => note.scrollWidth - note.clientWidth") <= 0
    begin = "(bdi) => { const r = new Range(); r.selectNodeContents(bdi); return r.getBoundingClientRect().left }"
    words = page.locator("#top-words bdi")
    expect(words).to_have_count(2, timeout=SOON)
    assert words.nth(0).evaluate(begin) == pytest.approx(words.nth(1).evaluate(begin), abs=1)
    stage.writer.status(SourceStatus(Platform.TWITCH, "small_one", SourceState.FAILED, now, "no such", now + 300_000))
    expect(page.locator("#sources")).to_contain_text("failed, next try in 5 min", timeout=SOON)


def test_when_the_socket_is_down_the_page_polls_and_says_so(stage: Stage, visit: Visits) -> None:
    stage.chat("polled", "one")
    visitor = visit(forgives=("ERR_FAILED", "net::"))
    visitor.context.route("**/socket.io/**", lambda route: route.abort())
    visitor.context.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    page = visitor.open("/?platform=twitch&channel=polled")
    expect(page.locator("#connection")).to_contain_text("3 s", timeout=SOON)
    expect(page.locator("#connection [data-part=note]")).to_have_text(re.compile(r"live again in \d+ s"), timeout=SOON)
    # What counts down each second is seen: read out, it would leave room for nothing else.
    assert page.locator("#connection").aria_snapshot() == "- status: Polling every 3 s"
    stage.chat("polled", "two", by="poll_reader")
    expect(page.locator("#ticker")).to_contain_text("Poll_Reader", timeout=SOON)


def test_the_page_survives_a_restart_of_the_server_and_shows_what_it_missed(
    program: object, new_database_url: Callable[[], str], visit: Visits
) -> None:
    url = new_database_url()
    with stage_of(program, url) as stage:  # type: ignore[arg-type]
        stage.chat("lena", "before the restart")
        visitor = visit(stage.web.url, forgives=("Failed to load resource", "WebSocket", "net::"))
        page = visitor.open("/", "#chat >> text=before the restart")
        assert stage.web.stop() == 0
        expect(page.locator("#connection")).not_to_contain_text("Connected", timeout=SOON)
        stage.chat("lena", "while it was down")
        with program.web(url, port=stage.web.port, TIMEZONE="Asia/Kolkata"):  # type: ignore[attr-defined]
            expect(page.locator("#chat")).to_contain_text("while it was down", timeout=3 * SOON)
            expect(page.locator("#connection")).to_contain_text("Connected", timeout=SOON)
            assert page.locator("#chat >> text=before the restart").count() == 1


def test_an_empty_dashboard_says_what_to_do_next(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage()
    visitor = visit(stage.web.url, forgives=("net::",))
    for path, place, words in (
        ("/", "#hype-empty", "CHANNEL"),
        ("/viewers", "#people-empty", "TIKTOK_CHANNEL"),
        ("/streams", "#streams-empty", "TIKTOK_CHANNEL"),
        ("/library?tab=records&kind=plans", "#records-empty", "Add the first plan"),
        ("/settings#team", "#team", "Nobody can log in yet"),
    ):
        page = visitor.open(path)
        expect(page.locator(place)).to_contain_text(words, timeout=SOON)
        expect(page.locator(".pager:visible, #team table:visible")).to_have_count(0, timeout=SOON)
        page.close()


def test_the_menu_of_past_streams_is_on_a_phone_whole(stage: Stage, visit: Visits) -> None:
    stage.chat("foldable", "hello")
    page = visit(viewport=PHONE).open("/")
    expect(page.locator("#connection")).to_have_text("Connected", timeout=SOON)
    head = page.locator(".page-head")
    room = head.evaluate("""head => [...head.querySelectorAll(":scope > .chip, summary")].reduce(
        (room, chip) => room - chip.offsetWidth - parseFloat(getComputedStyle(head).columnGap), head.clientWidth)""")
    assert room >= -12, "the chips stand in one row, whose last has no gap behind it"
    page.locator("#past summary").click()
    expect(page.locator("#past a").first).to_be_visible(timeout=SOON)
    box = page.locator("#past .menu-sheet").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("path", ["/", "/streams", "/streams/1", "/no/such/page"])
def test_nothing_scrolls_sideways_on_a_small_phone(stage: Stage, visit: Visits, path: str) -> None:
    stage.chat("w" * 25, "long " + "w" * 400, by="w" * 25)
    page = visit(viewport=PHONE, forgives=("404",)).open(path)
    page.wait_for_load_state("networkidle") if path != "/" else page.wait_for_selector("#chat >> text=long")
    assert _width(page) <= PHONE["width"]


def test_the_page_can_be_used_by_keyboard(stage: Stage, visit: Visits) -> None:
    stage.chat("keyed", "hello")
    page = visit().open("/?platform=twitch&channel=keyed", "#chat >> text=hello")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to the page"
    page.locator("input[name=span][value='15']").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("input[name=span]:checked").get_attribute("value") == "60"


def test_roles_bits_and_first_messages_are_marked(stage: Stage, visit: Visits) -> None:
    stage.tell(event("marked", by="mod", text="be nice", marks=int(Mark.MODERATOR)))
    stage.tell(event("marked", by="newbie", text="hi all", marks=int(Mark.FIRST)))
    stage.tell(event("marked", by="fan", text="Cheer100 take that", amount=100))
    page = visit().open("/?platform=twitch&channel=marked", "#chat >> text=take that")
    chat = page.locator("#chat")
    expect(chat).to_contain_text("first time")
    expect(chat).to_contain_text("100")
    assert page.locator("#chat [title*=oderator], #chat [aria-label*=oderator]").count() >= 1


def _width(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width
