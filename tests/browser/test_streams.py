"""Past streams in a browser: the list, and one opened with its graph, moments and chat."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from core.clock import HOUR_MS, MINUTE_MS, now_ms
from tests.browser.conftest import PHONE, OwnStage, Visits
from tests.browser.test_live import HOSTILE, SOON
from tests.processes import wait_until
from tests.web.conftest import Stage, event


def test_a_past_stream_can_be_found_and_opened(stage: Stage, visit: Visits) -> None:
    began = now_ms() - 30 * HOUR_MS
    for minute in range(12):
        stage.chat("archived", f"line {minute}", HOSTILE, by=f"viewer{minute % 3}", at_ms=began + minute * MINUTE_MS)
    stage.tell(*(event("archived", by=f"fan{n}", text="CLUTCH", at_ms=began + 9 * MINUTE_MS + n) for n in range(40)))
    page = visit().open("/streams?channel=archived&platform=twitch")
    row = page.locator("tr", has_text="archived").first
    expect(row).to_contain_text("64", timeout=SOON)
    row.locator("a").first.click()
    expect(page.locator("#chat")).to_contain_text("line 11", timeout=SOON)
    expect(page.locator("#chat")).to_contain_text(HOSTILE)
    expect(page.locator("#moments")).to_contain_text("CLUTCH")
    expect(page.locator("#moments .moment-times").first).to_contain_text(re.compile(r"×\d+\.\d"))
    notes = page.locator(".kpi [data-part=note]")
    expect(notes.nth(1)).to_have_text(re.compile(r"^wrote [\d.]+ each$"))
    assert notes.evaluate_all("all => all.filter((note) => note.scrollWidth > note.clientWidth).length") == 0
    expect(page.locator("#top-chatters")).to_contain_text("Viewer0")
    page.locator("#graph-numbers summary").click()
    expect(page.locator("#graph-numbers table")).to_contain_text("42")
    page.locator("#chat-older").dispatch_event("click")  # to scroll to it would ask for more as well
    expect(page.locator("#chat")).to_contain_text("line 0", timeout=SOON)
    assert page.evaluate("window.pwned") is None


# What stands on the graph beside its rings, and how high: [the cause's first word, words, pixels above the ring].
LABELS = """() => {
  const { ctx, scales, $moments } = Chart.getChart(document.querySelector("#graph"));
  const told = [];
  const write = ctx.fillText;
  ctx.fillText = (...words) => told.push(words);
  Chart.getChart(document.querySelector("#graph")).draw();
  ctx.fillText = write;
  return $moments.flatMap(({ y, moment: { time, cause } }) => told
    .filter(([words]) => words.startsWith(time + " ·"))
    .map(([words, , top]) => [cause, words, scales.y.getPixelForValue(y) - top]));
}"""


def test_the_greatest_moment_is_told_on_the_graph_and_no_other_seems_to_be_it(stage: Stage, visit: Visits) -> None:
    began = now_ms() - 40 * HOUR_MS
    bursts = {30: ("RAID", 150)} | {minute: (f"WORD{minute}", 14) for minute in (24, 36, 42, 48)}
    for minute in range(60):
        word, count = bursts.get(minute, ("", 4))
        said = [f"{word} hello" if word else f"line {minute}.{n}" for n in range(count)]
        at = began + minute * MINUTE_MS
        stage.tell(*(event("peaks", by=f"fan{n}", text=text, at_ms=at + n) for n, text in enumerate(said)))
    page = visit().open("/streams?channel=peaks&platform=twitch")
    page.locator("main table a").first.click()
    expect(page.locator("#moments")).to_contain_text("RAID", timeout=SOON)
    wait_until(lambda: page.evaluate(LABELS), "the graph is drawn", 20)
    labels = page.evaluate(LABELS)
    assert any("RAID" in cause and words.endswith(cause) for cause, words, _ in labels), labels
    assert all(above < 60 for _, _, above in labels), labels


def test_a_stream_fits_a_small_phone(stage: Stage, visit: Visits) -> None:
    stage.chat("pocket", "w" * 300, by="w" * 25, at_ms=now_ms() - 5 * HOUR_MS)
    page = visit(viewport=PHONE).open("/streams?channel=pocket&platform=twitch")
    page.locator("a", has_text="ago").or_(page.locator("main table a, main li a")).first.click()
    expect(page.locator("#chat")).to_contain_text("www", timeout=SOON)
    expect(page.locator("#moments")).to_have_text("Chat ran at its usual pace: no moment stood out.")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_stream_that_is_not_there_is_a_page_for_people(stage: Stage, visit: Visits) -> None:
    page = visit(forgives=("404",)).open("/streams/999999")
    expect(page.locator("body")).to_contain_text("There is no stream 999999.")


def test_empty_lists_suit_who_has_a_channel_set_and_has_not_streamed(own_stage: OwnStage, visit: Visits) -> None:
    stage = own_stage(CHANNEL="lena")
    stage.source("lena")
    visitor = visit(stage.web.url)
    streams = visitor.open("/streams", "text=No stream yet").locator("#streams-empty")
    expect(streams).to_contain_text("begins with the first message")
    expect(streams).not_to_contain_text("start the collector")
    viewers = visitor.open("/viewers", "text=Nobody yet")
    expect(viewers.locator("main")).not_to_contain_text("start the collector")
    expect(viewers.locator("#leaders")).to_contain_text("Coins of TikTok gifts count, and bits on Twitch.")
    viewers.get_by_label("Ranked by").select_option("likes")
    expect(viewers.locator("#leaders")).to_contain_text("On Twitch, rank by watchtime, visits or comments.")
    viewers.get_by_label("Ranked by").select_option("comments")
    expect(viewers.locator("#leaders")).to_contain_text("It fills with the first stream.")
