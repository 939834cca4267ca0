"""Past streams: the list, its pages, and each one opened."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from analytics import moments, scope, streams
from core.db import Database
from core.events import Event, Kind, Platform, SourceState, SourceStatus
from ingest import coverage
from ingest.batch import Memory, store
from models import Stream, Viewer
from tests.support import (
    CURRENCY,
    LENA,
    NOON,
    NOVA,
    OTTO,
    POLICY,
    UTC,
    act,
    chat,
    chatter,
    deletion,
    hours,
    minutes,
    only,
    rows,
    seconds,
    write,
)


def page(db: Database, number: int = 1, limit: int = 50, **which: Any) -> list[dict[str, Any]]:
    with db.reading() as connection:
        found, _ = streams.page(connection, scope.channels(connection, **which), number, limit)
        return streams.summaries(connection, found, NOON, UTC, CURRENCY)


def opened(db: Database, stream_id: int, now_ms: int = NOON) -> dict[str, Any]:
    with db.reading() as connection:
        row = streams.find(connection, stream_id)
        return streams.graph(connection, row, now_ms, UTC, moments.Memo())


def lines(count: int, at: int) -> list[Event]:
    return [chat(chatter(number), at=at + number) for number in range(count)]


def many(db: Database, count: int) -> None:
    """``count`` streams, two hours apart, the newest yesterday; the n-th newest has n messages."""
    for number in range(1, count + 1):
        write(db, lines(number, NOON - hours(22 + 2 * number)))


def test_streams_are_listed_newest_first_with_their_totals(db: Database) -> None:
    write(
        db,
        [
            act(Kind.VIEWERS, at=NOON - hours(5), amount=80),
            *lines(3, NOON - hours(5)),
            *lines(9, NOON - hours(5) + minutes(7)),
            act(Kind.VIEWERS, at=NOON - hours(5) + minutes(8), amount=120),
            chat(NOVA, at=NOON - hours(5) + minutes(10), amount=100),
            act(Kind.GIFT, NOVA, NOON - hours(5) + minutes(10), amount=200, quantity=2),
            act(Kind.SUB, OTTO, NOON - hours(5) + minutes(10)),
            *lines(2, NOON - minutes(5)),
        ],
    )
    running, past = page(db)
    assert (running["live"], running["ended_at"], running["duration_seconds"]) == (True, None, 300)
    del past["id"]
    assert past == {
        "platform": "twitch",
        "channel": "lena",
        "started_at": "2026-11-21T07:00:00.000+00:00",
        "ended_at": "2026-11-21T07:10:00.000+00:00",
        "duration_seconds": 600,
        "live": False,
        "messages": 13,
        "chatters": 10,
        "peak_messages_per_minute": 9,
        "peak_viewers": 120,
        "bits": 100,
        "coins": 200,
        "gifts": 2,
        "subs": 1,
        "earned": {"amount": 4.5, "currency": "USD", "gifts": 1.0, "bits": 1.0, "subs": 2.5, "others": []},
    }


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_the_pages_hold_every_stream_once(db: Database, limit: int) -> None:
    many(db, 7)
    found = [stream["messages"] for number in range(1, 9) for stream in page(db, number, limit)]
    assert found == [1, 2, 3, 4, 5, 6, 7]
    with db.reading() as connection:
        assert streams.page(connection, scope.channels(connection), 1, limit)[1] == 7


def test_streams_that_began_together_are_told_apart_by_the_order_they_came(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, channel="northwind"), chat(NOVA, platform=Platform.TIKTOK)])
    assert [(stream["platform"], stream["channel"]) for stream in page(db)] == [
        ("tiktok", "lena"),
        ("twitch", "northwind"),
        ("twitch", "lena"),
    ]


def test_the_list_takes_the_same_filters_as_the_live_numbers(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, channel="northwind"), chat(NOVA, platform=Platform.TIKTOK)])
    assert len(page(db, channel="lena")) == 2
    assert len(page(db, platform="twitch")) == 2
    assert len(page(db, platform="tiktok", channel="lena")) == 1


def test_without_channels_the_list_is_empty(db: Database) -> None:
    assert page(db) == []


def test_peaks_are_those_of_the_stream_and_not_of_its_neighbours(db: Database) -> None:
    write(db, [*lines(30, NOON - hours(3)), *lines(4, NOON - hours(2)), *lines(25, NOON - hours(1))])
    assert [stream["peak_messages_per_minute"] for stream in page(db)] == [25, 4, 30]


def test_a_stream_that_the_platform_ended_ends_then_and_never_before_it_began(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - hours(2)), act(Kind.LIVE_END, at=NOON - hours(2) + minutes(5))])
    write(db, [act(Kind.LIVE_START, at=NOON - hours(1)), act(Kind.LIVE_END, at=NOON - hours(1) - seconds(1))])
    latest, first = page(db)
    assert (first["ended_at"], first["duration_seconds"]) == ("2026-11-21T10:05:00.000+00:00", 300)
    assert (latest["ended_at"], latest["duration_seconds"]) == (latest["started_at"], 0)


def test_a_stream_nobody_knows_is_none(db: Database) -> None:
    with db.reading() as connection:
        assert streams.find(connection, 4711) is None


def test_an_opened_stream_shows_its_minutes_from_first_to_last(db: Database) -> None:
    write(db, [*lines(3, NOON - hours(5)), chat(LENA, "clutch Kappa", NOON - hours(5) + minutes(3), emotes=["Kappa"])])
    write(db, lines(2, NOON))
    told = opened(db, 1)
    assert (told["starts_at"], told["times"]) == ("2026-11-21T07:00:00.000+00:00", ["07:00", "07:01", "07:02", "07:03"])
    assert told["counts"] == [3, 0, 0, 1]
    assert told["top_emotes"] == [{"term": "Kappa", "count": 1}]
    assert {"term": "clutch", "count": 1} in told["top_words"]
    assert told["top_chatters"][0] == {"user": "Chatter0", "login": "chatter0", "platform": "twitch", "messages": 1}
    assert told["usual"] is None


def test_a_running_stream_is_shown_until_now(db: Database) -> None:
    write(db, lines(2, NOON - minutes(3)))
    assert opened(db, 1, NOON)["counts"] == [2, 0, 0, 0]


def test_what_is_usual_for_an_old_stream_was_told_by_those_before_it(db: Database) -> None:
    write(db, [event for minute in range(11) for event in lines(12, NOON - hours(9) + minutes(minute))])
    write(db, lines(5, NOON - hours(5)))
    write(db, [event for minute in range(11) for event in lines(90, NOON - hours(2) + minutes(minute))])
    assert opened(db, 1)["usual"] is None
    assert opened(db, 2)["usual"] == pytest.approx(13.2, abs=0.1)


def test_gaps_of_its_time_are_shown_with_an_old_stream(db: Database) -> None:
    start = NOON - hours(5)
    write(db, [*lines(3, start), *lines(3, start + minutes(10))])
    statuses = [
        SourceStatus(Platform.TWITCH, "lena", state, at, "connection lost")
        for state, at in [
            (SourceState.CONNECTED, start - minutes(5)),
            (SourceState.WAITING, start + minutes(2) + coverage.ON_ITS_WAY_MS),
            (SourceState.CONNECTED, start + minutes(4)),
            (SourceState.STOPPED, NOON - hours(1)),
        ]
    ]
    with db.writing() as connection:
        coverage.record(connection, statuses, Memory())
    (gap,) = opened(db, 1)["gaps"]
    assert (gap["from"], gap["to"], gap["reason"]) == (2.0, 4.0, "connection lost")


def test_a_stream_that_never_ends_shows_its_last_week(db: Database) -> None:
    week = streams.LONGEST_GRAPH_MINUTES
    write(db, [chat(NOVA, at=NOON - minutes(week + 5_000) + minutes(25 * number)) for number in range(604)])
    (stream,) = rows(db, Stream)
    told = opened(db, stream["id"], stream["last_at_ms"])
    assert len(told["counts"]) == len(told["times"]) == week
    assert told["counts"][-1] == 1


def test_the_top_lists_are_ten_long_and_ties_are_in_order(db: Database) -> None:
    write(db, [chat(chatter(number), f"word{number % 12:02}", NOON + number) for number in range(24)])
    with db.reading() as connection:
        ids = [only(db, Stream)["id"]]
        assert len(streams.top_chatters(connection, ids)) == 10
        words = streams.top_terms(connection, ids, emote=False, limit=12)
        assert [word["term"] for word in words] == [f"word{number:02}" for number in range(12)]
        assert streams.top_chatters(connection, []) == streams.top_terms(connection, [], emote=True) == []
        assert streams.active_chatters(connection, [], 0) == 0


def test_the_largest_come_first_however_they_grew_and_whatever_was_taken_back(db: Database) -> None:
    uses = {"five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "once": 1}
    said = [chat(chatter(count), word, NOON + count + 10 * use) for word, count in uses.items() for use in range(count)]
    memory = Memory()
    for message in said:
        with db.writing() as connection:
            store(connection, [message], memory, now_ms=NOON, policy=POLICY)
    eights = [message for message in said if message.text == "eight"]
    orders = [deletion(message) for message in (*eights[:2], *(one for one in said if one.text == "once"))]
    with db.writing() as connection:
        store(connection, orders, memory, now_ms=NOON, policy=POLICY)
        store(
            connection, [chat(chatter(5), "five", NOON + 99 + n) for n in range(5)], memory, now_ms=NOON, policy=POLICY
        )
    with db.reading() as connection:
        words = {one["term"]: one["count"] for one in streams.top_terms(connection, [1], emote=False)}
        people = [one["messages"] for one in streams.top_chatters(connection, [1])]
        best = [one["term"] for one in streams.top_terms(connection, [1], emote=False, limit=2)]
    assert words == {"five": 10, "nine": 9, "seven": 7, "six": 6, "eight": 6}
    assert people == [10, 9, 7, 6, 6]
    assert best == ["five", "nine"]


def test_terms_of_several_streams_are_added_up(db: Database) -> None:
    more = " ".join(f"more{number:02}" for number in range(10))
    theirs = [chat(NOVA, more, NOON + number, channel="northwind") for number in range(2)]
    write(db, [*theirs, chat(NOVA, "clutch", channel="northwind"), *[chat(NOVA, "clutch", NOON + n) for n in range(2)]])
    with db.reading() as connection:
        ids = [row["id"] for row in rows(db, Stream)]
        first, second, *_ = streams.top_terms(connection, ids, emote=False)
    assert first == {"term": "clutch", "count": 3}, "also where it is not among the first ten of a stream"
    assert second == {"term": "more00", "count": 2}


def test_who_is_hidden_leaves_no_hole_among_the_top_chatters(db: Database) -> None:
    write(db, [chat(chatter(n), at=NOON + n * 100 + line) for n in range(14) for line in range(20 - n)])
    with db.writing() as connection:
        best = [chatter(n).login for n in (0, 2, 5)]
        connection.execute(update(Viewer).where(Viewer.username.in_(best)).values(is_blocked=True))
    with db.reading() as connection:
        top = streams.top_chatters(connection, [only(db, Stream)["id"]])
    assert [one["login"] for one in top] == [chatter(n).login for n in (1, 3, 4, 6, 7, 8, 9, 10, 11, 12)]


def test_who_is_among_the_first_in_no_channel_may_be_so_in_all_of_them(db: Database) -> None:
    regulars = [
        chat(chatter(n), channel=f"channel{n % 2}", at=NOON + n * 9 + line) for n in range(20) for line in range(5)
    ]
    guest = [chat(NOVA, channel=f"channel{n % 2}", at=NOON + 900 + n) for n in range(8)]
    write(db, [*regulars, *guest])
    with db.reading() as connection:
        top = streams.top_chatters(connection, [row["id"] for row in rows(db, Stream)])
    assert (top[0]["login"], top[0]["messages"], len(top)) == (NOVA.login, 8, 10)


def test_who_is_blocked_or_was_erased_is_no_top_chatter(db: Database) -> None:
    write(db, [chat(who, at=NOON + number) for number, who in enumerate((NOVA, OTTO, LENA, NOVA, OTTO))])
    with db.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == NOVA.login).values(is_blocked=True))
        connection.execute(update(Viewer).where(Viewer.username == OTTO.login).values(erased_at_ms=NOON))
    with db.reading() as connection:
        top = streams.top_chatters(connection, [1])
    assert [one["login"] for one in top] == [LENA.login]
