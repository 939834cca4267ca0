"""What moderators take back is neither seen nor counted, whatever comes first: the message or the order."""

from __future__ import annotations

from typing import Any

import pytest

from analytics import feed, moments, scope, streams
from core.db import Database
from core.events import Event, Kind, Mark, Person
from models import Channel, EventStatus, FreshTerms, MinuteRollup, Mute, Stream, StreamTerm, StreamViewer, Viewer
from models import Event as EventRow
from tests.ingest.tables import uses
from tests.support import (
    LENA,
    NOON,
    NOVA,
    OTTO,
    SAM,
    UTC,
    act,
    chat,
    chatter,
    days,
    deletion,
    hours,
    minutes,
    only,
    rows,
    seconds,
    stats,
    timeout,
    write,
)

LATER = NOON + minutes(1)


def everything_shown(db: Database, now_ms: int = LATER) -> str:
    """All that any answer tells, as one text."""
    with db.reading() as connection:
        ids = [channel.id for channel in scope.channels(connection)]
        told: list[Any] = [stats(db, now_ms)]
        told.extend(feed.item(row, UTC) for row in feed.recent(connection, ids, 100))
        told.extend(feed.item(row, UTC) for row in feed.after(connection, 0, ids).shown)
        for stream in rows(db, Stream):
            row = streams.find(connection, stream["id"])
            told.append(streams.graph(connection, row, now_ms, UTC, moments.Memo()))
            told.extend(feed.item(each, UTC) for each in feed.of_stream(connection, row, 100, None))
    return str(told)


def users(db: Database, now_ms: int = LATER) -> list[str]:
    return list(stats(db, now_ms)["active_users"])


def nothing_is_counted(db: Database) -> bool:
    minute, stream, viewer = only(db, MinuteRollup), only(db, Stream), only(db, Viewer)
    return (
        only(db, Channel)["total_messages"] == 0
        and (minute["messages"], minute["bits"], minute["newcomers"]) == (0, 0, 0)
        and (stream["messages"], stream["bits"], stream["chatters"]) == (0, 0, 0)
        and (viewer["total_comments"], viewer["total_bits"]) == (0, 0)
        and rows(db, StreamViewer) == rows(db, StreamTerm) == rows(db, FreshTerms) == []
    )


RUDE: dict[str, Any] = {"text": "sesquipedalian rudeness", "amount": 100, "marks": Mark.FIRST, "emotes": ["rudeEmote"]}


@pytest.fixture
def rude() -> Event:
    return chat(SAM, at=NOON, **RUDE)


# One deleted message.


def test_a_deleted_message_is_in_no_answer_and_counted_nowhere(db: Database, rude: Event) -> None:
    write(db, [rude])
    assert "sesquipedalian" in everything_shown(db)
    write(db, [deletion(rude)])
    shown = everything_shown(db)
    assert "sesquipedalian" not in shown
    assert "rudeEmote" not in shown
    assert "Sam" not in shown
    assert nothing_is_counted(db)


@pytest.mark.parametrize("by_login", [True, False])
def test_a_deletion_in_the_batch_of_its_message_works_wherever_it_stands(
    db: Database, rude: Event, by_login: bool
) -> None:
    other = chat(SAM, "and another", marks=Mark.FIRST)
    write(db, [deletion(rude, by_login=by_login), rude, other, deletion(other, by_login=by_login)])
    assert "sesquipedalian" not in everything_shown(db)
    assert nothing_is_counted(db)


def test_a_deletion_that_comes_before_its_message_still_deletes_it(db: Database, rude: Event) -> None:
    write(db, [chat(LENA, at=NOON - minutes(1)), deletion(rude)])
    before = rows(db, Stream)
    write(db, [rude])
    assert "sesquipedalian" not in everything_shown(db)
    assert [row["messages"] for row in rows(db, Stream)] == [row["messages"] for row in before] == [1]


def test_a_deletion_told_twice_is_counted_back_once(db: Database, rude: Event) -> None:
    kept = chat(OTTO, "a kind word")
    write(db, [rude, kept])
    write(db, [deletion(rude), deletion(rude, source_id="told otherwise")])
    write(db, [deletion(rude), deletion(rude, source_id="and again")])
    assert only(db, Channel)["total_messages"] == 1
    assert only(db, Stream)["messages"] == only(db, Stream)["chatters"] == 1


def test_a_deletion_of_a_message_nobody_knows_changes_nothing(db: Database, rude: Event) -> None:
    write(db, [rude])
    write(db, [deletion(chat(SAM, "never heard")), act(Kind.DELETE, None, NOON, target=None)])
    assert "sesquipedalian" in everything_shown(db)
    assert only(db, Stream)["messages"] == 1


def test_a_deletion_counts_back_only_what_its_message_counted(db: Database, rude: Event) -> None:
    write(db, [rude, chat(SAM, "a kind word", NOON + 1, amount=7, emotes=["kindEmote"])])
    write(db, [deletion(rude)])
    assert only(db, MinuteRollup)["messages"] == only(db, Stream)["messages"] == 1
    assert (only(db, StreamViewer)["messages"], only(db, StreamViewer)["bits"]) == (1, 7)
    assert only(db, StreamViewer)["last_at_ms"] == NOON + 1
    assert {term for terms in uses(db).values() for term in terms} == {"kind", "word", "kindEmote"}
    assert (only(db, Viewer)["total_comments"], only(db, Viewer)["total_bits"]) == (1, 7)


def test_who_gave_a_gift_stays_active_when_their_message_goes(db: Database, rude: Event) -> None:
    write(db, [act(Kind.GIFT, SAM, NOON - seconds(30), amount=50), rude])
    write(db, [deletion(rude)])
    person = only(db, StreamViewer)
    assert (person["messages"], person["coins"], person["last_at_ms"]) == (0, 50, NOON - seconds(30))
    assert only(db, Stream)["chatters"] == 0


def test_the_message_decides_whose_it_is_when_two_people_have_had_the_login(db: Database, rude: Event) -> None:
    namesake = Person("901", SAM.login, "Another Sam")
    write(db, [chat(namesake, "me too", NOON - hours(3)), rude, chat(Person("901", "sam2", "Sam II"), at=NOON + 1)])
    write(db, [chat(Person(SAM.user_id, "samantha", "Samantha"), "renamed", NOON + 2), deletion(rude)])
    assert "sesquipedalian" not in everything_shown(db)


def test_a_message_of_somebody_without_an_id_is_deleted_by_its_own(db: Database) -> None:
    message = chat(Person("", "ghost"), "boo")
    write(db, [message])
    assert "boo" in everything_shown(db)
    write(db, [deletion(message)])
    assert "boo" not in everything_shown(db)
    assert only(db, Stream)["messages"] == 0


def test_a_deletion_dated_by_a_clock_a_little_behind_still_deletes(db: Database, rude: Event) -> None:
    write(db, [rude, deletion(rude, NOON - seconds(20))])
    assert nothing_is_counted(db)


def test_a_deletion_reaches_no_other_channel(db: Database, rude: Event) -> None:
    write(db, [rude])
    write(db, [deletion(rude, channel="northwind")])
    assert "sesquipedalian" in everything_shown(db)


def test_a_deleted_message_from_a_shared_chat_vanishes_and_changes_no_figure(db: Database) -> None:
    shared = chat(SAM, "from elsewhere", NOON + 1, marks=Mark.SHARED)
    write(db, [chat(LENA), shared])
    before = only(db, Stream)
    write(db, [deletion(shared)])
    assert "from elsewhere" not in everything_shown(db)
    assert only(db, Stream) == before


# Timeouts and bans.


def test_a_timeout_takes_back_all_the_person_said_in_the_last_day(db: Database) -> None:
    said = [chat(SAM, f"nonsense{number}", NOON - hours(number)) for number in (0, 5, 23)]
    write(db, [*said, chat(SAM, "long ago", NOON - days(1) - 1), chat(OTTO, "a kind word"), timeout(SAM, NOON)])
    shown = everything_shown(db)
    assert "nonsense" not in shown
    assert "long ago" in shown
    assert "a kind word" in shown
    assert only(db, Channel)["total_messages"] == 2


def test_a_message_said_before_the_timeout_but_heard_after_it_is_taken_back_too(db: Database) -> None:
    write(db, [chat(SAM, "first", NOON - 10), timeout(SAM, NOON)])
    write(db, [chat(SAM, "nonsense", NOON - 5)])
    assert "nonsense" not in everything_shown(db)
    assert only(db, Channel)["total_messages"] == 0
    assert users(db) == []


def test_the_name_of_who_is_timed_out_stays_out_of_the_ticker_until_the_time_is_over(db: Database) -> None:
    write(db, [act(Kind.SUB, SAM, NOON), chat(OTTO, at=NOON - 1), timeout(SAM, NOON + 1, seconds=600)])
    assert users(db, NOON + minutes(5)) == ["Otto"]
    assert users(db, NOON + minutes(10)) == ["Otto"]
    assert users(db, NOON + minutes(10) + 2) == ["Sam", "Otto"]


def test_who_writes_again_is_back_in_the_ticker(db: Database) -> None:
    write(db, [chat(SAM, "nonsense"), timeout(SAM, NOON + 1, seconds=6_000)])
    assert users(db) == []
    write(db, [chat(SAM, "sorry", NOON + seconds(30))])
    assert users(db) == ["Sam"]
    assert "nonsense" not in everything_shown(db)


def test_in_one_batch_the_order_of_time_decides_who_is_muted(db: Database) -> None:
    write(
        db,
        [
            chat(NOVA, "sorry", NOON + 2),
            timeout(NOVA, NOON + 1),
            timeout(SAM, NOON + 2),
            chat(SAM, "nonsense", NOON + 1),
            act(Kind.SUB, SAM, NOON + 1),
        ],
    )
    assert users(db) == ["Nova"]


def test_a_message_of_the_very_moment_of_the_timeout_was_said_before_it(db: Database) -> None:
    write(db, [act(Kind.SUB, SAM, NOON), timeout(SAM, NOON)])
    write(db, [chat(SAM, "nonsense", NOON)])
    assert len(rows(db, Mute)) == 1
    assert users(db) == []


def test_a_message_in_another_channel_does_not_lift_the_mute_here(db: Database) -> None:
    write(db, [act(Kind.SUB, SAM, NOON), timeout(SAM, NOON + 1)])
    write(db, [chat(SAM, "over here", NOON + 2, channel="northwind")])
    write(db, [chat(SAM, "shared", NOON + 3, marks=Mark.SHARED)])
    assert len(rows(db, Mute)) == 1


def test_a_ban_lasts_until_somebody_lets_them_back(db: Database) -> None:
    write(db, [act(Kind.SUB, SAM, NOON), timeout(SAM, NOON + 1, seconds=0)])
    assert users(db, NOON + days(4_000)) == []
    write(db, [chat(SAM, "thank you", NOON + days(1))])
    assert users(db, NOON + days(1)) == ["Sam"]


def test_the_newest_timeout_counts_whichever_came_first(db: Database) -> None:
    write(db, [act(Kind.SUB, SAM, NOON), timeout(SAM, NOON + 1_000, seconds=10)])
    write(db, [timeout(SAM, NOON + 500, seconds=0)])
    assert only(db, Mute)["until_ms"] == NOON + 11_000


def test_who_is_timed_out_before_ever_seen_is_nobodys_visit(db: Database) -> None:
    write(db, [timeout(SAM, NOON)])
    viewer = only(db, Viewer)
    assert (viewer["total_visits"], viewer["username"], viewer["first_seen_at_ms"]) == (0, "sam", NOON)
    write(db, [chat(SAM, at=NOON + minutes(20))])
    viewer = only(db, Viewer)
    assert (viewer["total_visits"], viewer["display_name"]) == (1, "Sam")


def test_a_timeout_that_tells_only_the_login_finds_the_person(db: Database) -> None:
    write(db, [chat(SAM, "nonsense")])
    write(db, [timeout(Person("", "sam"), NOON + 1)])
    assert "nonsense" not in everything_shown(db)
    assert len(rows(db, Mute)) == 1
    write(db, [timeout(Person("", "nobody"), NOON + 1)])


def test_hundreds_of_bans_in_one_batch_are_one_recount(db: Database) -> None:
    raiders = [chatter(number) for number in range(300)]
    write(db, [chat(LENA, "welcome"), *(chat(raider, "spam spam") for raider in raiders)])
    write(db, [timeout(raider, NOON + 1, seconds=0) for raider in raiders])
    assert only(db, Channel)["total_messages"] == only(db, Stream)["chatters"] == 1
    assert list(uses(db).values()) == [{"welcome": 1}]
    assert users(db) == ["Lena"]


# A chat wiped clean.


def test_a_cleared_chat_is_hidden_but_counted(db: Database) -> None:
    write(db, [chat(SAM, "nonsense"), chat(OTTO, "a kind word")])
    write(db, [act(Kind.CLEAR, at=NOON + 1), chat(NOVA, "clean now", NOON + 2)])
    with db.reading() as connection:
        ids = [channel.id for channel in scope.channels(connection)]
        assert [row.text for row in feed.recent(connection, ids, 100)] == ["clean now"]
        row = streams.find(connection, only(db, Stream)["id"])
        assert [each.text for each in feed.of_stream(connection, row, 100, None)] == ["clean now"]
    assert [message["message"] for message in stats(db, LATER)["recent"]] == ["clean now"]
    assert only(db, Channel)["total_messages"] == only(db, Stream)["messages"] == 3


def test_a_late_message_from_before_the_clear_is_hidden_as_well(db: Database) -> None:
    write(db, [chat(OTTO, "a kind word"), act(Kind.CLEAR, at=NOON + 10)])
    write(db, [chat(SAM, "nonsense", NOON + 5)])
    assert [row["status"] for row in rows(db, EventRow) if row["text"] == "nonsense"] == [EventStatus.CLEARED]
    assert only(db, Channel)["total_messages"] == 2


def test_what_was_cleared_can_still_be_deleted_and_then_counts_no_more(db: Database, rude: Event) -> None:
    write(db, [rude, act(Kind.CLEAR, at=NOON + 1)])
    write(db, [deletion(rude)])
    write(db, [act(Kind.CLEAR, at=NOON + seconds(20))])
    assert nothing_is_counted(db)
    assert rows(db, EventRow)[0]["status"] == EventStatus.DELETED


def test_a_clear_leaves_the_stream_of_yesterday_and_other_channels_alone(db: Database) -> None:
    yesterday, elsewhere = chat(SAM, "yesterday", NOON - hours(20)), chat(SAM, "elsewhere", channel="northwind")
    write(db, [yesterday, elsewhere, chat(SAM, "today"), act(Kind.CLEAR, at=NOON + 1)])
    shown = {row["text"] for row in rows(db, EventRow) if row["status"] == EventStatus.SHOWN and row["text"]}
    assert shown == {"yesterday", "elsewhere"}


# Hype moments, which are remembered once they are explained.


def busy_minute(at: int = NOON) -> list[Event]:
    return [chat(chatter(number), "sesquipedalian clutch", at + number) for number in range(20)]


def quiet_minutes() -> list[Event]:
    return [chat(LENA, "calm", NOON - minutes(number)) for number in range(1, 6)]


def test_a_moment_already_explained_forgets_a_message_that_was_deleted_and_replaced(db: Database) -> None:
    memo, now = moments.Memo(), NOON + seconds(50)
    rude = chat(SAM, "unspeakable words", NOON + seconds(1))
    write(db, [*quiet_minutes(), rude, *busy_minute()])
    assert "unspeakable" in str(stats(db, now, memo=memo)["moments"])
    write(db, [deletion(rude), chat(OTTO, "a kind word", NOON + seconds(40))])
    assert "unspeakable" not in str(stats(db, now, memo=memo)["moments"])


def test_a_moment_already_explained_forgets_what_was_cleared(db: Database) -> None:
    memo, now = moments.Memo(), NOON + minutes(2)
    write(db, [*quiet_minutes(), *busy_minute()])
    assert "sesquipedalian" in str(stats(db, now, memo=memo)["moments"])
    write(db, [act(Kind.CLEAR, at=NOON + minutes(1))])
    (moment,) = stats(db, now, memo=memo)["moments"]
    assert moment["messages"] == 20
    assert "sesquipedalian" not in str(moment)
