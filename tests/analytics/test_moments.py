"""Hype moments with what made them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from actions import privacy
from analytics import moments, viewers
from core.db import Database
from core.events import Event, Kind, Mark
from ingest import erasure
from models import Event as EventRow
from tests.support import LENA, NOON, SAM, act, chat, chatter, minutes, seconds, stats, write


def calm(count: int = 5) -> list[Event]:
    return [chat(LENA, "calm", NOON - minutes(number)) for number in range(1, count + 1)]


def crowd(text: str, count: int = 30, at: int = NOON, first: int = 0, **more: Any) -> list[Event]:
    return [chat(chatter(first + number), text, at + number, **more) for number in range(count)]


def moment(db: Database, now_ms: int = NOON + minutes(1)) -> dict[str, Any]:
    (found,) = stats(db, now_ms)["moments"]
    return dict(found)


def test_a_spike_is_told_with_its_time_height_and_place_in_the_stream(db: Database) -> None:
    write(db, [*calm(), *crowd("clutch")])
    found = moment(db)
    assert (found["at"], found["time"]) == ("2026-11-21T12:00:00.000+00:00", "12:00")
    assert (found["offset_seconds"], found["messages"], found["times_usual"]) == (300, 30, 30.0)
    assert (found["stream_id"], found["platform"], found["channel"]) == (1, "twitch", "lena")


def test_moments_of_two_channels_say_whose_they_are(db: Database) -> None:
    theirs = [replace(event, channel="nova") for event in [*calm(), *crowd("unreal", 40, first=100)]]
    write(db, [*calm(), *crowd("clutch"), *theirs])
    found = stats(db, NOON + minutes(1))["moments"]
    assert {(each["channel"], each["cause"]) for each in found} == {("lena", "“clutch” ×30"), ("nova", "“unreal” ×40")}


def test_a_word_that_everybody_says_is_the_cause(db: Database) -> None:
    write(db, [*calm(), *crowd("what a clutch", 20), *crowd("unreal clutch", 5, NOON + 900, first=50)])
    found = moment(db)
    assert found["cause"] == "“clutch” ×25"
    assert found["terms"] == [
        {"term": "clutch", "count": 25, "emote": False},
        {"term": "unreal", "count": 5, "emote": False},
    ]
    assert found["messages_sample"] == [{"user": f"Chatter{number}", "message": "what a clutch"} for number in range(3)]


def test_what_the_chat_shouted_is_shown_loud(db: Database) -> None:
    write(db, [*calm(), *crowd("CLUTCH", 20), *crowd("clutch", 5, first=50)])
    assert moment(db)["cause"] == "“CLUTCH” ×25"


def test_emotes_are_told_as_they_are_written(db: Database) -> None:
    write(db, [*calm(), *crowd("PogChamp", emotes=["PogChamp"])])
    assert moment(db)["terms"] == [{"term": "PogChamp", "count": 30, "emote": True}]


def test_a_raid_shortly_before_is_part_of_the_cause(db: Database) -> None:
    raid = act(Kind.RAID, SAM, NOON - minutes(2), amount=312)
    write(db, [*calm(), raid, *crowd("hello raiders")])
    assert moment(db)["cause"] == "“hello” ×30 after raid of 312 by Sam"


def test_a_raid_long_before_is_not(db: Database) -> None:
    write(db, [*calm(), act(Kind.RAID, SAM, NOON - minutes(4), amount=312), *crowd("hello")])
    assert moment(db)["cause"] == "“hello” ×30"


def test_gifts_and_subs_of_the_minute_are_part_of_the_cause(db: Database) -> None:
    write(db, [*calm(), act(Kind.GIFT, SAM, amount=50, quantity=5), act(Kind.SUBGIFT, SAM), act(Kind.SUB, SAM)])
    write(db, [chat(chatter(number), "", NOON + number) for number in range(30)])
    assert moment(db)["cause"] == "5 gifts, 2 subs"


def test_a_spike_of_many_different_words_is_many_voices(db: Database) -> None:
    write(db, [*calm(), *(chat(chatter(number), f"word{number}", NOON + number) for number in range(30))])
    assert moment(db)["cause"] == "many voices at once"


def test_messages_shared_from_other_channels_make_no_moment_and_explain_none(db: Database) -> None:
    write(db, [*calm(), *crowd("theirs", 99, first=200, marks=Mark.SHARED), *crowd("ours")])
    found = moment(db)
    assert (found["messages"], found["cause"]) == (30, "“ours” ×30")
    assert "theirs" not in str(found)


def test_moments_are_told_newest_first(db: Database) -> None:
    write(db, [*calm(), *crowd("first"), *crowd("second", at=NOON + minutes(6))])
    found = stats(db, NOON + minutes(7))["moments"]
    assert [each["cause"] for each in found] == ["“second” ×30", "“first” ×30"]


def test_so_they_are_in_the_night_in_which_an_hour_comes_twice(db: Database) -> None:
    first = 1_792_888_200_000  # 2026-10-25T00:30:00Z; half an hour later the clocks go back from 3 to 2
    calm_before = [chat(LENA, "calm", first - minutes(number)) for number in range(1, 6)]
    write(db, [*calm_before, *crowd("first", at=first), chat(LENA, "calm", first + minutes(20))])
    write(db, crowd("second", at=first + minutes(40)))
    found = stats(db, first + minutes(41), zone=ZoneInfo("Europe/Berlin"))["moments"]
    assert [(each["time"], each["cause"]) for each in found] == [("02:10", "“second” ×30"), ("02:30", "“first” ×30")]


def test_a_moment_stays_when_the_stream_goes_on(db: Database) -> None:
    write(db, [*calm(), *crowd("clutch")])
    before = moment(db)
    write(db, crowd("more", 40, at=NOON + minutes(20)))
    assert before in stats(db, NOON + minutes(21))["moments"]


def test_an_explained_minute_is_not_read_again_until_something_changes(db: Database) -> None:
    memo, now = moments.Memo(), NOON + minutes(2)
    write(db, [*calm(), *crowd("clutch")])
    first = stats(db, now, memo=memo)["moments"]
    with db.writing() as connection:  # behind the product's back
        connection.execute(EventRow.__table__.update().values(text="something else"))  # type: ignore[attr-defined]
    assert stats(db, now, memo=memo)["moments"] == first
    write(db, crowd("clutch", 1, at=NOON + seconds(59), first=500))
    assert stats(db, now, memo=memo)["moments"] != first


def test_who_was_erased_is_in_no_moment_any_more_though_it_was_explained_before(db: Database) -> None:
    memo, now = moments.Memo(), NOON + minutes(2)
    raid = act(Kind.RAID, SAM, NOON - minutes(1), amount=312)
    write(db, [*calm(), raid, chat(SAM, "sesquipedalian words"), *crowd("sesquipedalian words", first=10)])
    assert "Sam" in str(stats(db, now, memo=memo)["moments"])
    with db.reading() as connection:
        sam = viewers.find(connection, "twitch:sam").id

    def look_meanwhile(*_: Any) -> None:
        """The person is gone, what they said not yet."""
        assert "Sam" not in str(stats(db, now, memo=memo)["moments"])

    with pytest.MonkeyPatch.context() as patched:
        clean = erasure.clean_events
        patched.setattr(erasure, "clean_events", lambda *given: (look_meanwhile(), clean(*given))[1])
        privacy.erase(db, sam, remember=False, now_ms=now)
    (found,) = stats(db, now, memo=memo)["moments"]
    assert found["cause"] == "“sesquipedalian” ×30 after raid of 312"
    assert "Sam" not in str(found)


def test_the_memory_of_moments_is_bounded() -> None:
    memo = moments.Memo(capacity=3)
    for minute in range(10):
        memo.keep((1, minute), (5, 0), {"minute": minute})
    assert [minute for minute in range(10) if memo.get((1, minute), (5, 0))] == [7, 8, 9]
    assert memo.get((1, 9), (6, 0)) is None
    assert memo.get((1, 9), (5, 1)) is None
