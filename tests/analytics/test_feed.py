"""The feed: what was said and done, newest first, page by page without doubles or holes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from analytics import feed, scope, streams
from core.db import Database
from core.events import Event, Kind, Mark, Person, Platform
from models import Event as EventRow
from models import Stream, Viewer
from tests.support import (
    NOON,
    NOVA,
    OTTO,
    SAM,
    UTC,
    act,
    chat,
    chatter,
    deletion,
    examples,
    fresh_database,
    hours,
    minutes,
    rows,
    seconds,
    timeout,
    write,
)


def recent(db: Database, limit: int = 50, **which: Any) -> list[dict[str, Any]]:
    with db.reading() as connection:
        ids = [channel.id for channel in scope.channels(connection, **which)]
        return [feed.item(row, UTC) for row in feed.recent(connection, ids, limit)]


def pages(db: Database, stream_id: int, limit: int) -> list[list[Any]]:
    """All pages of a stream's chat, as a reader turns them."""
    found: list[list[Any]] = []
    with db.reading() as connection:
        stream = streams.find(connection, stream_id)
        before = None
        while page := feed.of_stream(connection, stream, limit, before):
            found.append(page)
            before = page[-1].id
            assert len(found) < 200
    return found


def test_an_item_tells_who_did_what_where_and_when(db: Database) -> None:
    write(db, [chat(NOVA, "Kappa", amount=100, marks=Mark.MODERATOR | Mark.REPLY, emotes=["Kappa"], reply_to="sam")])
    (item,) = recent(db)
    assert item == {
        "id": 1,
        "at": "2026-11-21T12:00:00.000+00:00",
        "platform": "twitch",
        "channel": "lena",
        "kind": "chat",
        "user": "Nova",
        "login": "nova",
        "text": "Kappa",
        "amount": 100,
        "marks": ["moderator", "reply"],
        "extra": {"emotes": ["Kappa"], "reply_to": "sam"},
    }


def test_who_has_no_id_is_shown_with_their_login(db: Database) -> None:
    write(db, [chat(Person("", "ghost"), "boo")])
    (item,) = recent(db)
    assert (item["user"], item["login"], item["extra"]) == ("ghost", "ghost", {})


def test_what_everybody_can_do_without_a_word_is_not_in_the_feed(db: Database) -> None:
    write(db, [act(kind, NOVA, NOON, amount=1) for kind in Kind if kind not in feed.REMOVING_KINDS])
    shown = {item["kind"] for item in recent(db)}
    assert shown == {"chat", "sub", "resub", "subgift", "raid", "gift", "follow", "share"}


def test_the_newest_of_all_channels_and_kinds_come_first(db: Database) -> None:
    events = [
        chat(NOVA, "1", NOON - 4),
        act(Kind.RAID, SAM, NOON - 3, text="2", channel="northwind"),
        chat(NOVA, "3", NOON - 2, platform=Platform.TIKTOK),
        act(Kind.SUB, SAM, NOON - 1, text="4"),
        chat(OTTO, "5", NOON - 1),
    ]
    write(db, events)
    assert [item["text"] for item in recent(db)] == ["5", "4", "3", "2", "1"]
    assert [item["text"] for item in recent(db, limit=2)] == ["5", "4"]
    assert [item["text"] for item in recent(db, channel="lena", platform="twitch")] == ["5", "4", "1"]


def test_a_hundred_channels_are_no_more_trouble_than_one(db: Database) -> None:
    write(db, [chat(NOVA, str(number), NOON + number, channel=f"channel{number}") for number in range(100)])
    assert [item["text"] for item in recent(db, limit=3)] == ["99", "98", "97"]


def test_without_channels_the_feed_is_empty(db: Database) -> None:
    assert recent(db) == []
    with db.reading() as connection:
        assert feed.newest_id(connection) == 0
        assert feed.active_users(connection, [], NOON) == []


# The chat of a stream.

offsets = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["chat", "sub", "shared", "join"])), max_size=40)


@examples(40)
@given(offsets, st.integers(1, 9), st.data())
def test_the_pages_of_a_streams_chat_hold_everything_once(
    spoken: list[tuple[int, str]], limit: int, data: st.DataObject
) -> None:
    kinds = {
        "chat": lambda at: chat(NOVA, at=at),
        "sub": lambda at: act(Kind.SUB, SAM, at),
        "shared": lambda at: chat(OTTO, at=at, marks=Mark.SHARED),
        "join": lambda at: act(Kind.JOIN, SAM, at),
    }
    # Few different times, so that many events share theirs.
    events: list[Event] = [chat(NOVA), *(kinds[kind](NOON + seconds(offset // 4)) for offset, kind in spoken)]
    hidden = data.draw(st.sets(st.sampled_from(range(len(events))), max_size=3))
    with fresh_database() as db:
        write(db, events)
        chats = [events[number] for number in hidden if events[number].kind is Kind.CHAT]
        write(db, [deletion(event, NOON + minutes(5)) for event in chats])
        stream = rows(db, Stream)[0]["id"]
        expected = [
            (row["at_ms"], row["id"])
            for row in rows(db, EventRow)
            if row["kind"] in (Kind.CHAT, Kind.SUB) and row["status"] == 0
        ]
        found = pages(db, stream, limit)
        assert [(row.at_ms, row.id) for page in found for row in page] == sorted(expected, reverse=True)
        assert all(len(page) == limit for page in found[:-1])


def test_shared_messages_before_and_after_the_streams_own_are_in_its_chat(db: Database) -> None:
    write(db, [chat(NOVA, "ours")])
    write(db, [chat(SAM, f"theirs {at}", NOON + minutes(at), marks=Mark.SHARED) for at in (-20, 20)])
    assert [row.text for row in pages(db, 1, 10)[0]] == ["theirs 20", "ours", "theirs -20"]


def test_a_streams_chat_is_its_own(db: Database) -> None:
    write(db, [chat(NOVA, "morning", NOON - hours(3)), chat(NOVA, "noon"), chat(NOVA, "other", channel="northwind")])
    assert [[row.text for row in page] for page in pages(db, 1, 10)] == [["morning"]]
    assert [[row.text for row in page] for page in pages(db, 2, 10)] == [["noon"]]


def test_a_page_before_a_row_that_is_not_there_is_empty(db: Database) -> None:
    write(db, [chat(NOVA)])
    with db.reading() as connection:
        assert feed.of_stream(connection, streams.find(connection, 1), 10, 4711) == []


def test_a_page_goes_on_from_a_row_that_was_deleted_meanwhile(db: Database) -> None:
    said = [chat(NOVA, str(number), NOON + number) for number in range(6)]
    write(db, said)
    with db.reading() as connection:
        stream = streams.find(connection, 1)
        first = feed.of_stream(connection, stream, 3, None)
    write(db, [deletion(said[3])])
    with db.reading() as connection:
        assert [row.text for row in feed.of_stream(connection, stream, 3, first[-1].id)] == ["2", "1", "0"]


# The tail.


def test_the_tail_tells_what_came_after_the_cursor_oldest_first(db: Database) -> None:
    write(db, [chat(NOVA, "1"), chat(SAM, "2", channel="northwind")])
    with db.reading() as connection:
        cursor = feed.newest_id(connection)
    write(db, [chat(NOVA, "4", NOON + 2), chat(OTTO, "3", NOON + 1), act(Kind.JOIN, SAM, NOON + 1)])
    write(db, [chat(SAM, "5", channel="northwind")])
    with db.reading() as connection:
        tail = feed.after(connection, cursor)
        assert [row.text for row in tail.shown] == ["4", "3", "5"]
        assert (tail.removing, tail.complete, tail.cursor) == ([], True, feed.newest_id(connection))
        mine = feed.after(connection, cursor, [scope.channels(connection, channel="lena")[0].id])
        assert [row.text for row in mine.shown] == ["4", "3"]
        assert mine.cursor == tail.cursor
        assert feed.after(connection, tail.cursor) == feed.Tail([], [], tail.cursor, True)


def test_the_tail_tells_of_removals_and_which_rows_they_took(db: Database) -> None:
    said = chat(NOVA, "gone")
    write(db, [said, chat(SAM, "gone too", NOON + 1), chat(OTTO, "kept", NOON + 2)])
    with db.reading() as connection:
        cursor = feed.newest_id(connection)
    write(db, [deletion(said), timeout(SAM, NOON + seconds(9)), chat(OTTO, "new", NOON + seconds(10))])
    with db.reading() as connection:
        tail = feed.after(connection, cursor)
        assert [Kind(row.kind) for row in tail.removing] == [Kind.DELETE, Kind.TIMEOUT]
        assert [row.text for row in tail.shown] == ["new"]
        assert sorted(feed.removed_ids(connection, tail.removing)) == [1, 2]
        assert feed.removed_ids(connection, []) == []


def test_a_message_dated_after_its_deletion_is_among_the_removed(db: Database) -> None:
    said = chat(NOVA, "gone")
    write(db, [said, deletion(said, NOON - seconds(20))])
    with db.reading() as connection:
        assert feed.removed_ids(connection, feed.after(connection, 0).removing) == [1]


def test_what_is_removed_is_told_however_much_was_removed_shortly_before_and_however_old_it_is(db: Database) -> None:
    renamed = Person(OTTO.user_id, "otto_was_called_so")
    old, told = chat(NOVA, "old", NOON - hours(3)), chat(renamed, "told by another name", NOON - hours(2))
    flood = [chat(chatter(1), "flood", NOON + number) for number in range(1_100)]
    write(db, [old, told, *flood, timeout(chatter(1), NOON + seconds(2)), chat(OTTO, "new name", NOON + seconds(3))])
    with db.reading() as connection:
        cursor = feed.newest_id(connection)
    write(db, [deletion(old, NOON + seconds(4)), deletion(told, NOON + seconds(5))])
    with db.reading() as connection:
        assert sorted(feed.removed_ids(connection, feed.after(connection, cursor).removing)) == [1, 2]


def test_a_tail_that_is_too_long_says_so(db: Database) -> None:
    write(db, [chat(chatter(number), at=NOON + number) for number in range(feed.TAIL_ROWS + 5)])
    with db.reading() as connection:
        tail = feed.after(connection, 0)
        assert (len(tail.shown), tail.complete) == (feed.TAIL_ROWS, False)


def test_what_is_given_anonymously_counts_for_the_stream_is_shown_as_such_and_leads_no_list(db: Database) -> None:
    nobody = Person("", "ananonymousgifter")
    write(db, [chat(NOVA), act(Kind.SUBGIFT, nobody, NOON + 1, amount=1, recipient="sam", anonymous=True)])
    write(db, [chat(Person("", "ananonymouscheerer"), "Cheer100", NOON + 2, amount=100, anonymous=True)])
    assert [(item["user"], item["login"]) for item in recent(db)[:2]] == [("Anonymous", "")] * 2
    (stream,) = rows(db, Stream)
    assert (stream["subs"], stream["bits"], stream["messages"]) == (1, 100, 2)
    assert [row["username"] for row in rows(db, Viewer)] == ["nova"]
    with db.reading() as connection:
        assert [row.username for row in feed.active_users(connection, [1], NOON + 9)] == ["nova"]


@pytest.mark.parametrize("count", [1, 5])
def test_active_users_are_as_many_as_are_asked_for(db: Database, count: int) -> None:
    write(db, [chat(chatter(number), at=NOON + number) for number in range(8)])
    with db.reading() as connection:
        assert [row.username for row in feed.active_users(connection, [1], NOON + 9, count)] == [
            f"chatter{number}" for number in (7, 6, 5, 4, 3)
        ][:count]


@pytest.mark.parametrize("lines", [feed.GLANCE - 4, feed.GLANCE, *feed.LONGER_LOOKS])
def test_the_active_are_found_behind_who_talks_without_end(db: Database, lines: int) -> None:
    write(db, [chat(chatter(number), at=NOON + number) for number in range(4)])
    write(db, [chat(NOVA, f"line {number}", NOON + 100 + number) for number in range(lines)])
    with db.reading() as connection:
        found = [row.username for row in feed.active_users(connection, [1], NOON + 999)]
    behind = min(4, feed.LONGER_LOOKS[-1] - lines)
    assert found == ["nova", *(f"chatter{number}" for number in (3, 2, 1, 0)[:behind])]


def test_who_is_blocked_is_not_among_the_active_but_in_the_feed(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON), chat(OTTO, at=NOON + 1), chat(SAM, at=NOON + 2)])
    with db.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == "otto").values(is_blocked=True))
    with db.reading() as connection:
        active = feed.active_users(connection, [1], NOON + 3, 5)
        assert [row.username for row in active] == ["sam", "nova"]
        assert [row.username for row in feed.recent(connection, [1], 5)] == ["sam", "otto", "nova"]


def test_ticks_that_add_nothing_are_neither_in_the_feed_nor_among_what_is_new(db: Database) -> None:
    extra = {"gift_id": 7, "name": "Rose", "diamonds": 1, "streak": "1:5"}
    write(db, [act(Kind.GIFT, NOVA, NOON + n, amount=n, quantity=n, **extra) for n in (2, 5, 5)])
    with db.reading() as connection:
        shown = [feed.item(row, UTC) for row in feed.recent(connection, [1], 5)]
        assert [(item["amount"], item["extra"]["count"]) for item in shown] == [(3, 5), (2, 2)]
        tail = feed.after(connection, 0)
        assert [row.amount for row in tail.shown] == [2, 3]
        assert tail.cursor == feed.newest_id(connection)
