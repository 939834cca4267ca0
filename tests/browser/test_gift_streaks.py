"""Gift streaks as people see them: one line that counts up, however many ticks tell of it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from core.events import Event, Kind
from tests.browser.conftest import Visits
from tests.browser.test_live import SOON
from tests.web.conftest import Stage, event


def tick(channel: str, count: int, *, by: str = "rosa", group: str = "1:77", ended: bool = False) -> Event:
    """A tick of a streak of roses, at one coin each."""
    extra = {"gift_id": 5655, "name": "Rose", "quantity": count, "diamonds": 1, "streak": group, "ended": ended}
    return event(channel, Kind.GIFT, by=by, amount=count, extra=extra)


def gift_lines(page: Page, channel: str) -> list[str]:
    return page.locator("#chat .chat-line.gift .chat-text, #chat-lines .chat-line.gift .chat-text").all_inner_texts()


def test_a_streak_is_one_line_of_the_feed_that_counts_up(stage: Stage, visit: Visits) -> None:
    stage.chat("streaky", "hello")
    page = visit().open("/?platform=twitch&channel=streaky", "#chat >> text=hello")
    for count in range(1, 101):
        stage.writer.event(tick("streaky", count))
    stage.chat("streaky", "in between", by="bert")
    expect(page.locator("#chat")).to_contain_text("sent Rose ×100 · 100 coins", timeout=SOON)
    stage.tell(tick("streaky", 101), tick("streaky", 101, ended=True))
    stage.chat("streaky", "afterwards", by="bert")
    expect(page.locator("#chat")).to_contain_text("afterwards", timeout=SOON)
    assert gift_lines(page, "streaky") == ["sent Rose ×101 · 101 coins"]
    expect(page.locator("#ticker")).to_contain_text("sent Rose ×101 · 101 coins", timeout=SOON)


def test_streaks_of_others_and_the_next_streak_have_lines_of_their_own(stage: Stage, visit: Visits) -> None:
    stage.chat("streaks", "hello")
    page = visit().open("/?platform=twitch&channel=streaks", "#chat >> text=hello")
    stage.tell(
        tick("streaks", 1),
        tick("streaks", 1, by="ana"),
        tick("streaks", 2),
        tick("streaks", 3, by="ana"),
        tick("streaks", 4, group="1:78"),
        tick("streaks", 2, by="ivo", group="1:0"),
        tick("streaks", 5, by="ivo", group="1:0"),
        tick("streaks", 1, by="ivo", group="1:0"),
    )
    stage.chat("streaks", "afterwards")
    expect(page.locator("#chat")).to_contain_text("afterwards", timeout=SOON)
    expected = [
        "sent Rose ×2 · 2 coins",
        "sent Rose ×3 · 3 coins",
        "sent Rose ×4 · 4 coins",
        "sent Rose ×5 · 5 coins",
        "sent Rose · 1 coin",
    ]
    assert gift_lines(page, "streaks") == expected
    page.reload()  # what comes as a snapshot is put together like what is pushed
    expect(page.locator("#chat")).to_contain_text("afterwards", timeout=SOON)
    assert gift_lines(page, "streaks") == expected


def test_in_the_chat_of_a_past_stream_a_streak_is_one_line_as_well(stage: Stage, visit: Visits) -> None:
    stage.chat("past_streaks", "the beginning")
    stage.tell(*(tick("past_streaks", count) for count in range(1, 131)))  # more than two pages of the chat
    with stage.client() as client:
        (stream,) = client.get("/api/streams", params={"channel": "past_streaks"}).json()["data"]
    page = visit().open(f"/streams/{stream['id']}", "#chat-lines >> text=Rose")
    expect(page.locator("#chat-lines")).to_contain_text("the beginning", timeout=SOON)
    assert gift_lines(page, "past_streaks") == ["sent Rose ×130 · 130 coins"]
