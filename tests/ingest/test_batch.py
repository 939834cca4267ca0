"""One batch: what is stored, what is dropped and why, and all of it or nothing."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from analytics import streams
from core.db import Database
from core.events import Event, Kind, Mark, Person, Platform, source_key
from ingest import terms
from ingest.batch import Memory
from models import (
    Channel,
    CurrentSession,
    EventStatus,
    FreshTerms,
    IgnoredName,
    MinuteRollup,
    Stream,
    StreamTerm,
    StreamViewer,
    Viewer,
)
from models import Event as EventRow
from tests import databases
from tests.ingest.tables import uses
from tests.support import LENA, NOON, NOVA, SAM, act, chat, days, deletion, hours, minutes, only, rows, seconds, write

WAIT = 20.0  # seconds after which a thread of a test is taken for stuck


def test_an_event_is_stored_with_all_it_tells(db: Database) -> None:
    message = chat(NOVA, "Kappa hello", amount=100, marks=Mark.FIRST | Mark.SUBSCRIBER, emotes=["Kappa"], color="#fff")
    assert write(db, [message]).stored == 1
    row = only(db, EventRow)
    assert (row["kind"], row["at_ms"], row["text"]) == (1, NOON, "Kappa hello")
    assert (row["amount"], row["marks"]) == (100, Mark.FIRST | Mark.SUBSCRIBER)
    assert json.loads(row["extra"]) == {"emotes": ["Kappa"], "color": "#fff"}
    assert row["status"] == 0


@pytest.mark.parametrize("same_batch", [True, False])
def test_an_event_that_comes_again_is_counted_once(db: Database, same_batch: bool) -> None:
    message = chat(NOVA)
    if same_batch:
        result = write(db, [message, message, message])
    else:
        write(db, [message])
        result = write(db, [message, message])
    assert result.dropped["already_known"] == 2
    assert only(db, Channel)["total_messages"] == 1


@pytest.mark.parametrize("by_login", [True, False])
def test_an_event_that_an_earlier_version_stored_with_a_longer_key_is_known_and_can_be_deleted(
    db: Database, by_login: bool
) -> None:
    message, without_id = chat(NOVA), replace(chat(NOVA, at=NOON + 1), source_id=None)
    write(db, [message, without_id])
    with db.writing() as connection:
        connection.execute(update(EventRow).where(EventRow.id == 1).values(source_key=source_key(message.source_id)))
    assert write(db, [message]).dropped["already_known"] == 1
    write(db, [deletion(message, by_login=by_login)])
    assert [row["status"] for row in rows(db, EventRow)][:2] == [EventStatus.DELETED, EventStatus.SHOWN]


def test_the_same_id_in_another_channel_or_of_another_kind_is_another_event(db: Database) -> None:
    events = [
        chat(NOVA, source_id="x"),
        chat(NOVA, source_id="x", channel="northwind"),
        chat(NOVA, source_id="x", platform=Platform.TIKTOK),
        act(Kind.SUB, NOVA, source_id="x"),
    ]
    assert write(db, events).stored == 4


def test_events_that_the_platform_gives_no_id_are_all_counted(db: Database) -> None:
    assert write(db, [chat(NOVA, source_id=None), chat(NOVA, source_id=None)]).stored == 2


@pytest.mark.parametrize("at", [0, 5, -(10**15), NOON + days(1) + 1, 10**18])
def test_events_of_impossible_times_are_dropped(db: Database, at: int) -> None:
    result = write(db, [chat(NOVA, at=at), chat(SAM)], now_ms=NOON)
    assert (result.stored, dict(result.dropped)) == (1, {"impossible_time": 1})


def test_a_clock_that_is_a_little_ahead_is_no_impossible_time(db: Database) -> None:
    assert write(db, [chat(NOVA, at=NOON + days(1))], now_ms=NOON).stored == 1


def test_of_ignored_people_nothing_is_recorded(db: Database) -> None:
    with db.writing() as connection:
        connection.execute(insert(IgnoredName).values(name="nightbot"))
    bot = Person("1", "nightbot", "Nightbot")
    result = write(db, [chat(bot), act(Kind.JOIN, Person("", "nightbot")), chat(NOVA)])
    assert (result.stored, dict(result.dropped)) == (1, {"ignored_person": 2})
    assert [row["username"] for row in rows(db, Viewer)] == ["nova"]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_who_is_put_on_the_list_of_ignored_people_is_so_from_the_next_batch_on(db: Database, elsewhere: bool) -> None:
    memory, other = Memory(), Database(db.engine.url.render_as_string(hide_password=False)) if elsewhere else db
    for number in range(2):
        write(db, [chat(SAM, at=NOON + number)], memory=memory)
    with other.writing() as connection:
        connection.execute(insert(IgnoredName).values(name=SAM.login))
    assert write(db, [chat(SAM, at=NOON + 2), chat(NOVA)], memory=memory).dropped["ignored_person"] == 1
    with other.writing() as connection:
        connection.execute(delete(IgnoredName))
    assert write(db, [chat(SAM, at=NOON + 3)], memory=memory).stored == 1
    if elsewhere:
        other.close()


def test_a_batch_of_nothing_but_dropped_events_makes_no_channel(db: Database) -> None:
    write(db, [chat(NOVA, at=5)])
    assert rows(db, Channel) == []


def gift(**extra: Any) -> Event:
    return act(Kind.GIFT, SAM, amount=10, **extra)


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 1


BAD_EXTRAS = {
    "quantity as text": gift(quantity="x"),
    "quantity as digits": gift(quantity="5"),
    "quantity none": gift(quantity=None),
    "quantity negative": gift(quantity=-1),
    "quantity huge": gift(quantity=10**12 + 1),
    "quantity beyond 64 bits": gift(quantity=2**64),
    "quantity a part": gift(quantity=1.5),
    "quantity not a number": gift(quantity=float("nan")),
    "quantity nested": gift(quantity=[1]),
    "quantity true": gift(quantity=True),
    "count negative": gift(quantity=1, count=-5, streak="7:1"),
    "count as text": gift(quantity=1, count="9", streak="7:1"),
    "price negative": gift(quantity=1, diamonds=-1, streak="7:1"),
    "price as text": gift(quantity=1, diamonds="1", streak="7:1"),
    "price huge in all": gift(quantity=10**7, diamonds=10**7, streak="7:1"),
    "gift id as text": gift(gift_id="rose"),
    "gift id negative": gift(gift_id=-1),
    "no number anywhere": chat(SAM, weight=float("nan")),
    "infinite": chat(SAM, weight=float("inf")),
    "too deep": chat(SAM, tree=deep(50)),
    "no JSON": chat(SAM, color=object()),
    "bytes": chat(SAM, color=b"red"),
    "keys that are no text": chat(SAM, names={1: "a"}),
    "an endless number": chat(SAM, number=10**5000),
    "emotes that are no list": chat(SAM, emotes="Kappa"),
    "emotes none": chat(SAM, emotes=None),
    "emotes that are no names": chat(SAM, emotes=["Kappa", 5]),
    "a target that is no id": act(Kind.DELETE, None, target=5),
}


@pytest.mark.parametrize("event", BAD_EXTRAS.values(), ids=BAD_EXTRAS)
def test_an_event_with_what_cannot_be_true_in_it_is_dropped_alone(db: Database, event: Event) -> None:
    result = write(db, [chat(NOVA), event, chat(NOVA, at=NOON + 1)])
    assert result.stored == 2
    assert sum(result.dropped.values()) == 1
    assert set(result.dropped) <= {"impossible_extra", "impossible_amount"}
    assert [row["username"] for row in rows(db, Viewer)] == ["nova"]


@pytest.mark.parametrize(
    "event",
    [
        gift(),
        gift(quantity=0, diamonds=None, gift_id=None, streak=""),
        gift(quantity=10**6, diamonds=10**6, streak="7:1"),
        chat(SAM, emotes=[], nested={"a": [{"b": None}]}, weight=0.5, yes=True),
        chat(SAM, emotes=("Kappa",)),
        act(Kind.DELETE, None, target=None),
    ],
)
def test_what_is_only_unusual_is_stored(db: Database, event: Event) -> None:
    assert write(db, [event]).stored == 1


def test_a_batch_that_fails_leaves_nothing_and_can_be_stored_again(db: Database) -> None:
    memory = Memory()
    with pytest.raises(UnicodeEncodeError):
        write(db, [chat(NOVA), chat(SAM, "half a \ud83d pair")], memory=memory)
    assert rows(db, Channel) == rows(db, EventRow) == rows(db, Viewer) == []
    assert write(db, [chat(NOVA)]).stored == 1


def test_thirty_minutes_of_silence_end_a_stream(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, at=NOON + minutes(30)), chat(NOVA, at=NOON + minutes(60) + 1)])
    streams = rows(db, Stream)
    assert [row["messages"] for row in streams] == [2, 1]
    assert [row["started_at_ms"] - NOON for row in streams] == [0, minutes(60) + 1]


def test_the_platforms_own_word_begins_and_ends_a_stream(db: Database) -> None:
    tiktok: dict[str, Any] = {"platform": Platform.TIKTOK}
    write(db, [act(Kind.LIVE_START, at=NOON, **tiktok), chat(NOVA, at=NOON + minutes(5), **tiktok)])
    write(db, [act(Kind.LIVE_END, at=NOON + minutes(6), **tiktok)])
    write(db, [chat(NOVA, "bye", NOON + minutes(7), **tiktok), act(Kind.LIVE_START, at=NOON + minutes(7), **tiktok)])
    first, second = rows(db, Stream)
    assert (first["messages"], first["ended_at_ms"]) == (2, NOON + minutes(6))
    assert (second["started_at_ms"], second["ended_at_ms"]) == (NOON + minutes(7), None)


def test_a_late_event_finds_the_older_stream_it_belongs_to(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, at=NOON + hours(3)), chat(NOVA, at=NOON + hours(6))])
    write(db, [chat(SAM, at=NOON + minutes(20)), chat(SAM, at=NOON - hours(5))])
    assert [(row["started_at_ms"] - NOON, row["messages"]) for row in rows(db, Stream)] == [
        (0, 2),
        (hours(3), 1),
        (hours(6), 1),
        (-hours(5), 1),
    ]


def test_a_late_event_finds_a_stream_that_began_to_grow_in_the_same_batch(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON), chat(NOVA, at=NOON + hours(2))])
    write(db, [chat(NOVA, at=NOON - minutes(25)), chat(NOVA, at=NOON - minutes(50))])
    assert [row["messages"] for row in rows(db, Stream)] == [3, 1]


def test_streams_that_late_events_turned_around_are_found_in_their_new_order(db: Database) -> None:
    # The second stream grows backwards, event by event, until it begins before the first.
    offsets = [0, minutes(40), minutes(15), -minutes(10), minutes(1)]
    write(db, [chat(NOVA, at=NOON + offset) for offset in offsets])
    assert [(row["started_at_ms"] - NOON, row["messages"]) for row in rows(db, Stream)] == [
        (0, 2),
        (-minutes(10), 3),
    ]


def test_a_writer_notices_what_another_one_wrote_of_a_stream(db: Database) -> None:
    one, other = Memory(), Memory()
    write(db, [chat(NOVA, at=NOON)], memory=one)
    write(db, [chat(SAM, at=NOON + minutes(25))], memory=other)
    write(db, [chat(NOVA, at=NOON + minutes(50))], memory=one)
    write(db, [chat(SAM, at=NOON + minutes(10))], memory=other)
    write(db, [chat(SAM, at=NOON + minutes(75)), chat(SAM, at=NOON + hours(3))], memory=other)
    write(db, [chat(NOVA, at=NOON + hours(3) + 1)], memory=one)
    assert [(row["last_at_ms"] - NOON, row["messages"]) for row in rows(db, Stream)] == [
        (minutes(75), 5),
        (hours(3) + 1, 2),
    ]


def test_a_writer_that_looks_back_notices_what_another_one_wrote_of_an_older_stream(db: Database) -> None:
    mine, other = Memory(), Memory()
    write(db, [chat(NOVA, "old"), chat(NOVA, "new", at=NOON + hours(5))], memory=mine)
    write(db, [chat(SAM, "late", at=NOON + minutes(25))], memory=other)
    write(db, [chat(NOVA, "later still", at=NOON + minutes(50))], memory=mine)
    assert [(row["started_at_ms"], row["last_at_ms"]) for row in rows(db, Stream)] == [
        (NOON, NOON + minutes(50)),
        (NOON + hours(5), NOON + hours(5)),
    ]
    write(db, [chat(SAM, "before", at=NOON - minutes(5))], memory=other)
    write(db, [chat(NOVA, "amidst", at=NOON + minutes(60))], memory=mine)
    older = rows(db, Stream)[0]
    assert (older["started_at_ms"], older["last_at_ms"]) == (NOON - minutes(5), NOON + minutes(60))


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in this process", "in another"])
def test_a_writer_notices_what_others_wrote_of_people_it_knows(db: Database, elsewhere: bool) -> None:
    memory, other = Memory(), Database(db.engine.url.render_as_string(hide_password=False)) if elsewhere else db
    try:
        write(db, [chat(NOVA), chat(SAM)], memory=memory)
        write(db, [chat(NOVA, at=NOON + 1), chat(SAM, at=NOON + 1)], memory=memory)
        write(other, [chat(replace(NOVA, login="nova_2"), at=NOON + seconds(9))])
        write(other, [act(Kind.PART, SAM, at=NOON + seconds(9))])
        write(db, [chat(NOVA, at=NOON + seconds(5)), chat(SAM, at=NOON + minutes(1))], memory=memory)
        assert [row["username"] for row in rows(db, Viewer)] == ["nova_2", "sam"]  # the old name came late
        assert rows(db, CurrentSession)[1]["left_at_ms"] is None  # and is back
        assert rows(db, CurrentSession)[1]["counted_until_ms"] == NOON + minutes(1)  # was not watching meanwhile
    finally:
        if elsewhere:
            other.close()


def test_a_late_event_does_not_move_a_persons_last_sign_in_a_stream_back(db: Database) -> None:
    write(db, [chat(NOVA)])
    write(db, [chat(NOVA, at=NOON - minutes(5))])
    assert (only(db, StreamViewer)["messages"], only(db, StreamViewer)["last_at_ms"]) == (2, NOON)


def test_who_gave_a_gift_before_is_a_chatter_with_their_first_message_and_only_once(db: Database) -> None:
    write(db, [act(Kind.GIFT, NOVA, amount=5)])
    assert only(db, Stream)["chatters"] == 0
    write(db, [chat(NOVA, at=NOON + 1), chat(NOVA, at=NOON + 2)])
    write(db, [chat(NOVA, at=NOON + 3)])
    assert only(db, Stream)["chatters"] == 1


def test_coming_and_going_outside_of_a_stream_begins_none(db: Database) -> None:
    write(db, [act(Kind.JOIN, Person("", "ghost")), act(Kind.PART, Person("", "ghost"))])
    assert rows(db, Stream) == []
    assert [row["stream_id"] for row in rows(db, EventRow)] == [None, None]


def test_a_shared_message_is_shown_and_never_counted(db: Database) -> None:
    write(db, [chat(NOVA, "ours"), chat(SAM, "theirs", marks=Mark.SHARED, amount=500)])
    assert only(db, Stream)["messages"] == only(db, MinuteRollup)["messages"] == 1
    assert [row["text"] for row in rows(db, EventRow)] == ["ours", "theirs"]
    assert list(uses(db).values()) == [{"ours": 1}]


def test_the_minutes_hold_what_happened_in_them(db: Database) -> None:
    write(
        db,
        [
            chat(NOVA, amount=100, marks=Mark.FIRST),
            act(Kind.SUB, NOVA),
            act(Kind.RESUB, NOVA),
            act(Kind.SUBGIFT, NOVA),
            act(Kind.RAID, SAM, amount=312),
            act(Kind.GIFT, NOVA, amount=50, quantity=5),
            act(Kind.LIKE, NOVA, amount=15),
            act(Kind.FOLLOW, NOVA),
            act(Kind.VIEWERS, amount=40),
        ],
    )
    write(db, [act(Kind.VIEWERS, amount=35, at=NOON + seconds(10))])
    minute = only(db, MinuteRollup)
    del minute["channel_id"], minute["minute"]
    assert minute == {
        "messages": 1,
        "newcomers": 1,
        "bits": 100,
        "subs": 3,
        "gifts": 5,
        "coins": 50,
        "raids": 1,
        "likes": 15,
        "follows": 1,
        "viewers": 40,
    }


def test_words_and_emotes_count_once_a_message(db: Database) -> None:
    write(db, [chat(NOVA, "Kappa clutch clutch", emotes=["Kappa", "Kappa"]), chat(SAM, "CLUTCH!")])
    found = {is_emote: terms for (_, is_emote), terms in uses(db).items()}
    assert found == {True: {"Kappa": 1}, False: {"clutch": 2}}


def test_emotes_with_names_longer_than_their_column_are_cut_and_still_count_once(db: Database) -> None:
    write(db, [chat(NOVA, "x", emotes=["e" * 40 + "1", "e" * 40 + "2"])])
    assert list(uses(db).values()) == [{"e" * 32: 1}]


@pytest.mark.parametrize("remembers", [True, False])
def test_words_are_told_after_every_batch_however_many_have_left_theirs(
    db: Database, monkeypatch: pytest.MonkeyPatch, remembers: bool
) -> None:
    monkeypatch.setattr(terms, "BATCHES", 16)
    said, memory = Counter[str](), Memory()
    for number in range(2 * terms.BATCHES + 3):
        text = f"clutch word{number % 30:02} rare{number}"
        said.update(text.split())
        write(db, [chat(NOVA, text, NOON + number)], memory=memory if remembers else Memory())
        expected = sorted(said.items(), key=lambda pair: (-pair[1], pair[0]))[:10]
        with db.reading() as connection:
            told = streams.top_terms(connection, [1], emote=False)
        assert [(one["term"], one["count"]) for one in told] == expected
    assert uses(db) == {(1, False): said}
    assert len(rows(db, FreshTerms)) == 3  # the others are added up
    monkeypatch.setattr(terms, "USES", 50)
    write(db, [chat(NOVA, f"many{number:02} words", NOON + 60) for number in range(25)])
    assert rows(db, FreshTerms) == []


def test_words_that_an_earlier_version_left_are_counted_with_those_of_this_one(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms, "BATCHES", 3)
    write(db, [chat(NOVA, "clutch goal", NOON)])
    with db.writing() as connection:
        connection.execute(update(FreshTerms).values(used='["clutch","goal"]'))
    for number in (1, 2):
        write(db, [chat(NOVA, "clutch", NOON + number)])
    assert {row["term"]: row["uses"] for row in rows(db, StreamTerm)} == {"clutch": 3, "goal": 1}


def test_writers_at_the_same_stream_at_once_leave_all_words_and_tell_the_most_used(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each remembers what it has left, and must see that another has left more, or has added all of it up."""
    monkeypatch.setattr(terms, "BATCHES", 5)
    writers, batches = 3, 12
    start = threading.Barrier(writers)

    def go_on(writer: int) -> list[str]:
        with closing(Database(databases.address(db))) as own:
            memory, said = Memory(), []
            for number in range(batches):
                texts = [f"clutch by{writer} word{(number + one) % 7}" for one in range(3)]
                start.wait(WAIT)
                write(
                    own,
                    [chat(NOVA, text, NOON, source_id=f"{writer}/{text}/{number}") for text in texts],
                    memory=memory,
                )
                said.extend(texts)
            return said

    with ThreadPoolExecutor(writers) as pool:
        said = Counter(word for texts in pool.map(go_on, range(writers)) for text in texts for word in text.split())
    assert uses(db) == {(1, False): said}
    with db.reading() as connection:
        told = streams.top_terms(connection, [1], emote=False)
    assert [(one["term"], one["count"]) for one in told] == sorted(said.items(), key=lambda pair: (-pair[1], pair[0]))[
        :10
    ]


def test_a_late_batch_does_not_make_a_channel_look_silent(db: Database) -> None:
    write(db, [chat(NOVA)])
    write(db, [chat(NOVA, at=NOON - hours(5))])
    assert only(db, Channel)["last_event_at_ms"] == NOON


@pytest.mark.parametrize("event", [act(Kind.SUB, LENA, text="thanks"), act(Kind.RAID, LENA, amount=5)])
def test_other_events_are_no_messages(db: Database, event: Event) -> None:
    write(db, [event])
    assert only(db, Channel)["total_messages"] == only(db, Stream)["messages"] == only(db, Stream)["chatters"] == 0
