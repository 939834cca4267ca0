"""The push path as dashboards and overlays see it: what is written arrives, once, and only where it is wanted."""

from __future__ import annotations

import itertools
import time

import pytest
from sqlalchemy import literal, select

from core.clock import now_ms
from core.db import Database
from core.events import Event, Kind, SourceState
from ingest.batch import Memory, store
from ingest.policy import Policy
from models import Channel
from models import Event as EventRow
from tests.web.conftest import Stage, event
from tests.web.sockets import Listener, listening
from web.schemas import FeedItem, SourceAnswer, StatsAnswer, TickerItem


def store_at_once(database: Database, events: list[Event]) -> None:
    """One commit for all, and no further sign of life after it."""
    with database.writing() as connection:
        store(connection, events, Memory(), now_ms=now_ms(), policy=Policy())


def chat_and_wait(stage: Stage, channel: str, *texts: str) -> list[Event]:
    """Stores messages and returns when they have been pushed to whoever listens."""
    with listening(stage.web.url, {"channel": channel}) as witness:
        events = stage.chat(channel, *texts)
        witness.wait_until(lambda: set(texts) <= set(witness.texts()))
    return events


def test_subscribing_is_answered_with_the_numbers_and_the_latest_of_the_feed(stage: Stage):
    stage.source("welcome")
    chat_and_wait(stage, "welcome", "first", "second")
    with listening(stage.web.url, subscribe=False) as page:
        answer = page.subscribe({"channel": "welcome"})
    assert answer.keys() == {"success", "stats", "items", "complete", "cursor"}
    assert (answer["success"], answer["complete"]) == (True, False)
    assert StatsAnswer.model_validate(answer["stats"], strict=True, extra="forbid").total_messages == 2
    assert [FeedItem.model_validate(item, strict=True, extra="forbid").text for item in answer["items"]] == [
        "first",
        "second",
    ]
    assert answer["cursor"] >= answer["items"][-1]["id"]


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_chat_is_pushed_to_those_who_listen(stage, transport):
    with listening(stage.web.url, transport=transport) as page:
        channel = f"talk_{transport}"
        written = time.monotonic()
        stage.chat(channel, "hello there")
        pushed = page.wait_for("chat", lambda push: push["items"][-1]["channel"] == channel, timeout=5)
        assert time.monotonic() - written < 2
    (item,) = [item for item in pushed["items"] if item["channel"] == channel]
    assert FeedItem.model_validate(item, strict=True, extra="forbid")
    assert (item["text"], item["user"], item["login"], item["kind"]) == ("hello there", "Mila", "mila", "chat")
    assert pushed["cursor"] >= item["id"]


def test_the_numbers_follow_within_three_seconds_and_not_more_than_once_a_second(stage):
    stage.source("numbers")
    with listening(stage.web.url, {"channel": "numbers"}) as page:
        written = time.monotonic()
        for count in range(20):
            stage.chat("numbers", f"message {count}")
        pushed = page.wait_for("stats", lambda push: push["total_messages"] == 20, timeout=5)
        assert time.monotonic() - written < 3 + 20 * 0.15
        assert StatsAnswer.model_validate(pushed, strict=True, extra="forbid")
        times = [one.at for one in page.heard if one.event == "stats"]
    assert all(later - earlier > 0.8 for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize("channel", ["unasked", "unasked_again"])
def test_who_has_not_said_what_it_wants_hears_of_everything(stage, channel):
    with listening(stage.web.url, subscribe=False) as page:
        first = page.wait_for("stats", timeout=8)
        assert StatsAnswer.model_validate(first, strict=True, extra="forbid")
        stage.chat(channel, "hello all")
        page.wait_for("chat", lambda push: push["items"][-1]["channel"] == channel, timeout=5)
        page.wait_for("stats", lambda push: push["recent"][0]["message"] == "hello all", timeout=5)


def test_who_wants_nothing_is_told_nothing_of_what_is_live(stage):
    with (
        listening(stage.web.url, subscribe=False, auth={"follow": []}) as page,
        listening(stage.web.url, subscribe=False) as witness,
    ):
        stage.chat("unheard", "hello nobody")
        witness.wait_for("stats", lambda push: push["recent"][0]["message"] == "hello nobody", timeout=8)
        assert not {"chat", "stats", "ticker"} & {one.event for one in page.heard}


def test_the_numbers_follow_what_is_no_chat_as_well(stage):
    stage.source("audience")
    with listening(stage.web.url, {"channel": "audience"}) as page:
        page.wait_for("stats")
        stage.tell(event("audience", Kind.VIEWERS, amount=12))
        page.wait_for("stats", lambda push: push["viewers"] == 12, timeout=3)


def test_the_graph_moves_on_while_nobody_writes(stage):
    stage.source("silence")
    with listening(stage.web.url, {"channel": "silence"}) as page:
        page.wait_for("stats")
        page.forget()
        page.wait_for("stats", timeout=8)


def test_the_ticker_is_pushed_when_somebody_new_is_active(stage):
    stage.source("ticker")
    with listening(stage.web.url, {"channel": "ticker"}) as page:
        stage.chat("ticker", "hi", by="ana")
        stage.chat("ticker", "hi", by="ben")
        pushed = page.wait_for("ticker", lambda push: len(push["users"]) == 2)
    assert [TickerItem.model_validate(user, strict=True, extra="forbid").user for user in pushed["users"]] == [
        "Ben",
        "Ana",
    ]


def test_gifts_subs_and_raids_are_pushed_like_chat(stage):
    stage.source("gifts")
    with listening(stage.web.url, {"channel": "gifts"}) as page:
        stage.tell(event("gifts", Kind.RAID, by="noor", amount=40), event("gifts", Kind.SUB, by="ivo", amount=3))
        page.wait_until(lambda: len(page.chat()) == 2)
        assert [(item["kind"], item["amount"]) for item in page.chat()] == [("raid", 40), ("sub", 3)]


def test_joins_and_viewer_counts_are_no_chat(stage):
    stage.source("lurkers")
    with listening(stage.web.url, {"channel": "lurkers"}) as page:
        stage.tell(event("lurkers", Kind.JOIN, by="ana"), event("lurkers", Kind.VIEWERS, amount=12))
        stage.chat("lurkers", "at last")
        page.wait_until(page.chat)
        assert page.texts() == ["at last"]


def test_a_deleted_message_is_taken_from_the_pages(stage):
    stage.source("deleting")
    with listening(stage.web.url, {"channel": "deleting"}) as page:
        gone, kept = stage.chat("deleting", "gone", "kept")
        page.wait_until(lambda: len(page.chat()) == 2)
        ids = {item["text"]: item["id"] for item in page.chat()}
        stage.tell(event("deleting", Kind.DELETE, extra={"target": gone.source_id}))
        pushed = page.wait_for("removed")
        assert pushed.keys() == {"ids", "cleared"}
        assert ids["gone"] in pushed["ids"]
        assert ids["kept"] not in pushed["ids"]
        assert pushed["cleared"] is None
        page.wait_for("stats", lambda push: push["total_messages"] == 1)
    assert kept.text == "kept"


def test_the_messages_of_somebody_timed_out_are_taken_from_the_pages_and_the_ticker(stage):
    stage.source("timeout")
    with listening(stage.web.url, {"channel": "timeout"}) as page:
        stage.chat("timeout", "hello", by="ana")
        stage.chat("timeout", "spam", "more spam", by="troll")
        page.wait_for("ticker", lambda push: push["users"][0]["login"] == "troll")
        ids = {item["id"] for item in page.chat() if item["login"] == "troll"}
        stage.tell(event("timeout", Kind.TIMEOUT, by="troll", amount=600))
        page.wait_for("removed", lambda push: ids <= set(push["ids"]))
        page.wait_for("ticker", lambda push: [user["login"] for user in push["users"]] == ["ana"])


def test_a_wiped_chat_is_told_with_its_channel(stage):
    stage.source("wiping")
    with listening(stage.web.url, {"channel": "wiping"}) as page:
        stage.chat("wiping", "one", "two")
        page.wait_until(lambda: len(page.chat()) == 2)
        stage.tell(event("wiping", Kind.CLEAR))
        pushed = page.wait_for("removed", lambda push: push["cleared"])
        assert pushed["cleared"] == {"platform": "twitch", "channel": "wiping"}
        assert {item["id"] for item in page.chat()} <= set(pushed["ids"])


def test_a_wave_of_timeouts_is_one_push_and_names_no_other_channel(stage):
    stage.source("wave")
    stage.source("hush")
    with listening(stage.web.url, {"channel": "wave"}) as page, listening(stage.web.url, {"channel": "hush"}) as other:
        names = [f"bot{number}" for number in range(30)]
        stage.tell(*(event("wave", by=name, text="buy followers") for name in names))
        page.wait_until(lambda: len(page.chat()) == 30)
        at = now_ms()
        store_at_once(stage.database, [event("wave", Kind.TIMEOUT, by=name, amount=600, at_ms=at) for name in names])
        page.wait_for("removed", lambda push: len(push["ids"]) == 30)
        stage.chat("hush", "peace")
        other.wait_until(other.chat)
        page.wait_for("ticker", lambda push: push["users"] == [])
        assert len([one for one in page.heard if one.event == "removed"]) == 1
        assert not [one for one in other.heard if one.event == "removed"]


def test_a_change_of_a_source_is_told(stage):
    stage.source("changing")
    with listening(stage.web.url, {"channel": "changing"}) as page:
        stage.source("changing", SourceState.WAITING, "connection lost")
        pushed = page.wait_for("sources", lambda push: push["channels"][0]["state"] == "waiting")
        (source,) = pushed["channels"]
        assert SourceAnswer.model_validate(source, strict=True, extra="forbid").detail == "connection lost"
        stage.source("changing")
        page.wait_for("sources", lambda push: push["channels"][0]["state"] == "connected")


def test_each_page_hears_only_of_what_it_asked_for(stage):
    stage.source("left")
    stage.source("right")
    with (
        listening(stage.web.url, {"channel": "left"}) as left,
        listening(stage.web.url, {"channel": "#RIGHT", "platform": "twitch"}) as right,
        listening(stage.web.url) as both,
        listening(stage.web.url, {"platform": "tiktok"}) as neither,
    ):
        stage.chat("left", "to the left")
        stage.chat("right", "to the right")
        both.wait_until(lambda: len(both.chat()) == 2)
        left.wait_until(left.chat)
        right.wait_until(right.chat)
        assert (left.texts(), right.texts()) == (["to the left"], ["to the right"])
        assert both.texts() == ["to the left", "to the right"]
        assert neither.chat() == []
        left.wait_for("stats", lambda push: push["total_messages"] == 1)


def test_subscribing_again_changes_the_subject(stage):
    stage.source("before")
    stage.source("afterwards")
    with listening(stage.web.url, {"channel": "before"}) as page:
        assert page.subscribe({"channel": "afterwards"})["success"]
        stage.chat("before", "not for me")
        stage.chat("afterwards", "for me")
        page.wait_until(page.chat)
        assert page.texts() == ["for me"]


def test_a_channel_that_is_new_appears_on_pages_that_show_everything(stage):
    with listening(stage.web.url) as page:
        store_at_once(stage.database, [event("newcomer", text="never seen before")])
        page.wait_until(lambda: "never seen before" in page.texts())


def test_a_burst_arrives_completely_though_nothing_follows_it(alone):
    with listening(alone.web.url) as page:
        events = [event("burst", by=f"guest{number % 50}", text=f"message {number}") for number in range(2_500)]
        store_at_once(alone.database, events)
        page.wait_until(lambda: len(page.chat()) >= 2_500, timeout=8)
        assert page.texts() == [one.text for one in events]


def test_a_row_that_cannot_be_shown_does_not_stop_those_after_it(alone):
    store_at_once(alone.database, [event("healthy", text="one"), event("spoilt", text="two")])
    with listening(alone.web.url) as page:
        with alone.database.writing() as connection:
            connection.execute(
                EventRow.__table__.insert().from_select(
                    ["channel_id", "kind", "at_ms", "text", "extra"],
                    select(EventRow.channel_id, EventRow.kind, EventRow.at_ms, EventRow.text, literal("{broken"))
                    .join(Channel)
                    .where(Channel.name == "spoilt"),
                )
            )
        alone.web.wait_for_log("of the feed cannot be shown")
        store_at_once(alone.database, [event("healthy", text="goes on")])
        page.wait_until(lambda: "goes on" in page.texts())


# --- coming back ---


def cursor_of(page: Listener) -> int:
    """What a page has seen: the newest cursor it was told."""
    return max(one.payload["cursor"] for one in page.heard if one.event == "chat")


def test_who_comes_back_gets_exactly_what_was_missed(stage):
    stage.source("return")
    with listening(stage.web.url, {"channel": "return"}) as page:
        stage.chat("return", "seen 1", "seen 2")
        page.wait_until(lambda: len(page.chat()) == 2)
        seen, cursor = page.chat(), cursor_of(page)
    stage.chat("return", "missed 1", "missed 2")
    stage.chat("elsewhere", "not mine")
    stage.chat("return", "missed 3")  # perhaps not seen by the tail yet: then it is pushed
    with listening(stage.web.url, subscribe=False) as page:
        answer = page.subscribe({"channel": "return", "after": cursor})
        assert answer["complete"] is True
        stage.chat("return", "new")
        page.wait_until(lambda: "new" in page.texts())
        got = [*answer["items"], *page.chat()]
    assert [item["text"] for item in got] == ["missed 1", "missed 2", "missed 3", "new"]
    ids = [item["id"] for item in [*seen, *got]]
    assert ids == sorted(set(ids))


def test_who_missed_nothing_gets_nothing(stage):
    stage.source("idle")
    chat_and_wait(stage, "idle", "old")
    with listening(stage.web.url, subscribe=False) as page:
        cursor = page.subscribe({"channel": "idle"})["cursor"]
        answer = page.subscribe({"channel": "idle", "after": cursor})
    assert (answer["items"], answer["complete"], answer["cursor"]) == ([], True, cursor)


def test_who_missed_a_deletion_starts_anew_instead_of_keeping_what_was_deleted(stage):
    stage.source("purged")
    (gone,) = chat_and_wait(stage, "purged", "gone")
    with listening(stage.web.url, subscribe=False) as page:
        cursor = page.subscribe({"channel": "purged"})["cursor"]
        stage.tell(event("purged", Kind.DELETE, extra={"target": gone.source_id}))
        chat_and_wait(stage, "purged", "kept")
        answer = page.subscribe({"channel": "purged", "after": cursor})
    assert answer["complete"] is False
    assert [item["text"] for item in answer["items"]] == ["kept"]


@pytest.mark.parametrize("after", [0, 2**40, 2**63 - 1])
def test_a_cursor_too_old_or_from_another_database_gets_a_fresh_snapshot(stage, after):
    channel = f"old_{after}"
    stage.source(channel)
    if after == 0:
        store_at_once(stage.database, [event("crowd", by=f"guest{n % 9}", text="hi") for n in range(1_100)])
    chat_and_wait(stage, channel, "latest")
    with listening(stage.web.url, subscribe=False) as page:
        answer = page.subscribe({"channel": channel, "after": after})
    assert answer["complete"] is False
    assert [item["text"] for item in answer["items"]] == ["latest"]
    assert answer["cursor"] < 2**40
