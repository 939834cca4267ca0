"""The live numbers: GET /api/stats, without the web around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from analytics import feed
from analytics.scope import UnknownChannel
from core.db import Database
from core.events import Event, Kind, Mark, Person, Platform, SourceState, SourceStatus
from ingest import coverage
from ingest.batch import Memory
from models import Installation
from tests.support import (
    LENA,
    MILO,
    NOON,
    NOVA,
    OTTO,
    SAM,
    act,
    chat,
    chatter,
    days,
    hours,
    minutes,
    seconds,
    stats,
    timeout,
    write,
)

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def lines(count: int, at: int, **more: Any) -> list[Event]:
    """``count`` messages of as many people within the minute of ``at``."""
    return [chat(chatter(number), at=at + number, **more) for number in range(count)]


def past_stream(start: int, per_minute: int, length: int = 10) -> list[Event]:
    """A stream of ``length`` minutes with ``per_minute`` messages in each."""
    return [event for minute in range(length) for event in lines(per_minute, start + minutes(minute))] + [
        act(Kind.VIEWERS, at=start + minutes(length), amount=1)
    ]


# The contract.


def test_a_database_without_channels_answers_zeros(db: Database) -> None:
    told = stats(db, NOON)
    assert told["times"] == [f"11:{minute}" for minute in range(46, 60)] + ["12:00"]
    assert told["counts"] == [0] * 15
    assert told["recent"] == told["active_users"] == told["ticker"] == told["moments"] == told["channels"] == []
    assert (told["total_messages"], told["messages_per_minute"], told["active_chatters"], told["hype"]) == (0, 0, 0, 0)
    assert told["viewers"] is None
    assert told["stream"] is None
    assert told["hype_basis"] == {"usual": None, "streams": 0, "source": "none"}
    assert told["updated_at"] == "2026-11-21T12:00:00.000+00:00"
    assert told["simulated"] is False


def test_messages_are_counted_by_minute_oldest_first_and_empty_minutes_are_zero(db: Database) -> None:
    write(db, [*lines(3, NOON - minutes(14)), *lines(2, NOON - minutes(3)), *lines(4, NOON)])
    told = stats(db, NOON + seconds(30))
    assert told["counts"] == [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 4]
    assert (told["times"][0], told["times"][-1]) == ("11:46", "12:00")
    assert told["total_messages"] == 9


def test_the_last_five_messages_are_told_newest_first(db: Database) -> None:
    write(db, [chat(NOVA, f"line {number}", NOON - minutes(number)) for number in range(7)])
    write(db, [act(Kind.SUB, SAM, NOON + 1, text="not a message")])
    assert stats(db, NOON + 1)["recent"] == [{"user": "Nova", "message": f"line {number}"} for number in range(5)]


def test_what_was_written_by_somebody_without_an_id_is_told_with_their_login(db: Database) -> None:
    write(db, [chat(Person("", "ghost"), "boo"), chat(None, "whisper", NOON - 1)])
    assert stats(db)["recent"] == [{"user": "ghost", "message": "boo"}, {"user": "", "message": "whisper"}]


def test_the_graph_goes_on_over_midnight_in_the_zone_of_the_people(db: Database) -> None:
    write(db, [*lines(2, ms("2026-11-21T23:59:00+01:00")), *lines(5, ms("2026-11-22T00:00:00+01:00"))])
    told = stats(db, ms("2026-11-22T00:01:30+01:00"), minutes=4, zone=BERLIN)
    assert told["times"] == ["23:58", "23:59", "00:00", "00:01"]
    assert told["counts"] == [0, 2, 5, 0]
    assert told["starts_at"] == "2026-11-21T23:58:00.000+01:00"
    assert told["zone"] == "Europe/Berlin"


def test_in_the_night_the_clocks_go_back_both_hours_are_there(db: Database) -> None:
    first, second = ms("2026-10-25T02:30:00+02:00"), ms("2026-10-25T02:30:00+01:00")
    write(db, [*lines(3, first), *lines(7, second)])
    told = stats(db, second + seconds(5), minutes=61, zone=BERLIN)
    assert (told["times"][0], told["times"][-1], len(told["times"])) == ("02:30", "02:30", 61)
    assert (told["counts"][0], told["counts"][-1], sum(told["counts"])) == (3, 7, 10)


def test_in_the_night_the_clocks_go_forward_no_minute_is_missing(db: Database) -> None:
    write(db, lines(2, ms("2026-03-29T01:59:00+01:00")))
    told = stats(db, ms("2026-03-29T03:00:30+02:00"), minutes=3, zone=BERLIN)
    assert told["times"] == ["01:58", "01:59", "03:00"]
    assert told["counts"] == [0, 2, 0]


def test_a_zone_of_half_hours_is_labelled_by_its_own_clock(db: Database) -> None:
    told = stats(db, NOON, minutes=2, zone=ZoneInfo("Asia/Kolkata"))
    assert told["times"] == ["17:29", "17:30"]


@pytest.mark.parametrize(("asked", "expected"), [(1, [2]), (2, [1, 2]), (1440, None)])
def test_as_many_minutes_as_are_asked_for(db: Database, asked: int, expected: list[int] | None) -> None:
    write(db, [*lines(3, NOON - days(1) + minutes(1)), *lines(1, NOON - minutes(1)), *lines(2, NOON)])
    told = stats(db, NOON + seconds(9), minutes=asked)
    assert len(told["counts"]) == len(told["times"]) == asked
    assert told["counts"] == (
        expected
        or [
            3,
            *[0] * 1437,
            1,
            2,
        ][:1440]
    )
    # The figures beside the graph do not depend on how much of it is asked for.
    assert told["messages_per_minute"] == 3


def test_the_rate_is_that_of_the_last_sixty_seconds(db: Database) -> None:
    write(db, [*lines(40, NOON - minutes(1)), *lines(10, NOON)])
    assert stats(db, NOON + seconds(15))["messages_per_minute"] == 40
    assert stats(db, NOON + seconds(60))["messages_per_minute"] == 10
    assert stats(db, NOON + minutes(2))["messages_per_minute"] == 0


# Which channels.


def two_channels(db: Database) -> None:
    write(
        db,
        [
            *lines(3, NOON),
            *lines(5, NOON, channel="northwind"),
            *lines(7, NOON, platform=Platform.TIKTOK),
        ],
    )


def test_all_channels_together_or_one_or_one_platform(db: Database) -> None:
    two_channels(db)
    assert stats(db)["counts"][-1] == stats(db)["total_messages"] == 15
    assert stats(db, channel="northwind")["counts"][-1] == 5
    assert stats(db, channel="lena")["counts"][-1] == 10
    assert stats(db, channel="lena", platform="twitch")["counts"][-1] == 3
    assert stats(db, platform="tiktok")["counts"][-1] == 7


def test_a_channel_is_found_however_it_is_written(db: Database) -> None:
    two_channels(db)
    assert stats(db, channel=" #NorthWind ")["total_messages"] == 5


def test_a_channel_nobody_watched_is_unknown(db: Database) -> None:
    two_channels(db)
    with pytest.raises(UnknownChannel, match="nobody"):
        stats(db, channel="nobody")
    with pytest.raises(UnknownChannel):
        stats(db, channel="northwind", platform="tiktok")


def test_a_platform_nobody_watched_is_zeros(db: Database) -> None:
    write(db, lines(3, NOON))
    assert stats(db, platform="tiktok")["counts"] == [0] * 15


def test_who_writes_in_two_channels_is_one_chatter(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, channel="northwind"), chat(OTTO, at=NOON + 1, channel="northwind")])
    told = stats(db, NOON + 1)
    assert told["active_chatters"] == 2
    assert [(row["user"], row["messages"]) for row in told["top_chatters"]] == [("Nova", 2), ("Otto", 1)]
    assert told["active_users"] == ["Otto", "Nova"]


# People.


def test_active_users_are_the_last_five_distinct_people_newest_first(db: Database) -> None:
    people = [LENA, MILO, NOVA, OTTO, SAM, chatter(1)]
    write(db, [chat(who, at=NOON + number) for number, who in enumerate([*people, SAM, NOVA])])
    assert stats(db, NOON + 10)["active_users"] == ["Nova", "Sam", "Chatter1", "Otto", "Milo"]


def test_the_ticker_tells_what_each_of_them_did_last(db: Database) -> None:
    write(db, [chat(NOVA, "hello", NOON - 5, marks=Mark.MODERATOR), act(Kind.RAID, SAM, NOON - 3, amount=312)])
    first, second = stats(db)["ticker"]
    assert (first["user"], first["kind"], first["amount"]) == ("Sam", "raid", 312)
    assert (second["user"], second["text"], second["marks"]) == ("Nova", "hello", ["moderator"])
    assert second["at"] == "2026-11-21T11:59:59.995+00:00"


def test_one_person_who_floods_the_chat_does_not_push_the_others_out_of_the_ticker(db: Database) -> None:
    write(db, [chat(who, at=NOON - minutes(1)) for who in (LENA, MILO, NOVA)])
    write(db, [chat(SAM, at=NOON + number) for number in range(150)])
    assert set(stats(db, NOON + 150)["active_users"]) == {"Sam", "Lena", "Milo", "Nova"}


def test_active_chatters_are_those_of_the_last_ten_minutes_of_the_stream(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - minutes(11)), chat(OTTO, at=NOON - minutes(9)), chat(SAM), chat(SAM)])
    write(db, [act(Kind.LIKE, LENA, NOON, amount=3)])
    assert stats(db)["active_chatters"] == 2


def test_ten_minutes_are_told_to_the_millisecond(db: Database) -> None:
    odd = NOON + 12_345
    write(db, [chat(NOVA, at=odd - minutes(10) - 1), chat(OTTO, at=odd - minutes(10)), chat(SAM, at=odd - minutes(9))])
    assert stats(db, odd)["active_chatters"] == 2
    assert stats(db, odd - 1)["active_chatters"] == 3


def test_new_chatters_are_counted_over_ten_minutes(db: Database) -> None:
    write(
        db,
        [
            chat(NOVA, at=NOON - minutes(10), marks=Mark.FIRST),
            chat(OTTO, at=NOON - minutes(9), marks=Mark.FIRST),
            chat(SAM, marks=Mark.FIRST | Mark.SUBSCRIBER),
        ],
    )
    assert stats(db)["new_chatters"] == 2


def test_top_lists_are_those_of_the_running_stream(db: Database) -> None:
    write(db, [chat(LENA, "yesterday Kappa", NOON - hours(20), emotes=["Kappa"])])
    write(db, [chat(NOVA, "clutch", NOON - 3), chat(NOVA, "LUL clutch", NOON - 2, emotes=["LUL"]), chat(OTTO, "wow")])
    told = stats(db)
    assert [(row["user"], row["messages"]) for row in told["top_chatters"]] == [("Nova", 2), ("Otto", 1)]
    assert told["top_words"] == [{"term": "clutch", "count": 2}, {"term": "wow", "count": 1}]
    assert told["top_emotes"] == [{"term": "LUL", "count": 1}]


def test_viewers_are_the_last_number_told_and_compared_with_ten_minutes_ago(db: Database) -> None:
    write(
        db,
        [
            act(Kind.VIEWERS, at=NOON - minutes(30), amount=1),
            act(Kind.VIEWERS, at=NOON - minutes(10), amount=100),
            act(Kind.VIEWERS, at=NOON - minutes(5), amount=500),
            act(Kind.VIEWERS, at=NOON, amount=150),
        ],
    )
    told = stats(db)
    assert (told["viewers"], told["viewers_change_percent"]) == (150, 50)
    assert stats(db, NOON + minutes(15))["viewers"] is None


# The running stream.


def test_earnings_are_those_of_the_running_stream(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - hours(5), amount=10_000)])
    write(db, [chat(NOVA, amount=150), act(Kind.GIFT, SAM, amount=300, quantity=2), act(Kind.SUB, OTTO)])
    told = stats(db)
    assert told["gifts"] == {"count": 2, "coins": 300}
    assert (told["bits"], told["subs"]) == (150, 1)
    assert told["earned"] == {"amount": 5.5, "currency": "USD", "gifts": 1.5, "bits": 1.5, "subs": 2.5, "others": []}


def test_a_stream_is_over_after_thirty_minutes_of_silence(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - minutes(10), amount=100), chat(NOVA)])
    running = stats(db, NOON + minutes(30))
    assert running["stream"]["duration_seconds"] == 40 * 60
    assert (running["stream"]["live"], running["stream"]["started_at"]) == (True, "2026-11-21T11:50:00.000+00:00")
    assert running["bits"] == 100
    over = stats(db, NOON + minutes(30) + 1)
    assert over["stream"] is None
    assert (over["bits"], over["active_chatters"], over["top_chatters"]) == (0, 0, [])
    assert over["total_messages"] == 2


def test_a_stream_that_the_platform_ended_is_over_at_once(db: Database) -> None:
    write(db, [chat(NOVA), act(Kind.LIVE_END, at=NOON + seconds(5))])
    assert stats(db, NOON + seconds(6))["stream"] is None


def test_of_several_running_streams_the_one_that_began_first_is_told(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - minutes(5)), chat(NOVA, at=NOON - minutes(9), channel="northwind")])
    assert stats(db)["stream"]["channel"] == "northwind"


def test_demo_data_is_told_as_such(db: Database) -> None:
    with db.writing() as connection:
        connection.execute(insert(Installation).values(key="content", value="demo"))
    assert stats(db)["simulated"] is True


# Hype.


def test_hype_is_held_against_the_last_ten_streams(db: Database) -> None:
    for number in range(12):
        # The two oldest were wild; they are out of the baseline.
        write(db, past_stream(NOON - hours(2 * (number + 1)), 100 if number >= 10 else 6))
    expected = {"usual": 6.0, "streams": 10, "source": "past_streams"}
    assert stats(db, NOON)["hype_basis"] == expected  # while nothing runs
    write(db, [chat(chatter(1), at=NOON - minutes(2)), *lines(6, NOON - minutes(1))])
    told = stats(db, NOON)
    assert told["hype_basis"] == expected
    assert (told["hype"], told["messages_per_minute"], told["messages_change_percent"]) == (50, 6, 0)


def test_without_past_streams_hype_is_held_against_this_stream(db: Database) -> None:
    write(db, [*lines(10, NOON - minutes(2)), *lines(10, NOON - minutes(1)), *lines(10, NOON)])
    told = stats(db, NOON + seconds(59))
    assert told["hype_basis"]["source"] == "this_stream"
    assert told["hype_basis"]["streams"] == 0
    assert 0 < told["hype"] < 100


def test_in_the_first_minute_of_all_there_is_nothing_to_hold_hype_against(db: Database) -> None:
    write(db, lines(3, NOON))
    told = stats(db, NOON + seconds(5))
    assert told["hype_basis"] == {"usual": None, "streams": 0, "source": "none"}
    assert told["messages_change_percent"] is None
    assert told["hype"] == 50  # as many as a quiet channel has in a minute


def test_silence_is_no_hype(db: Database) -> None:
    write(db, past_stream(NOON - hours(3), 6))
    assert stats(db, NOON)["hype"] == 0


# Whether anybody listened.


def connect(db: Database, *statuses: tuple[SourceState, int], beat_ms: int | None = None) -> None:
    with db.writing() as connection:
        told = [SourceStatus(Platform.TWITCH, "lena", state, at, "why") for state, at in statuses]
        coverage.record(connection, told, Memory())
        if beat_ms:
            coverage.beat(connection, "collector", beat_ms, "{}")


def test_a_time_in_which_nobody_listened_is_a_gap_on_the_graph(db: Database) -> None:
    lost, back = NOON - minutes(5), NOON - minutes(2.5)
    connect(
        db,
        (SourceState.CONNECTED, NOON - hours(1)),
        (SourceState.WAITING, lost + coverage.ON_ITS_WAY_MS),
        (SourceState.CONNECTED, back),
        beat_ms=NOON,
    )
    (gap,) = stats(db)["gaps"]
    assert (gap["from"], gap["to"], gap["reason"]) == (9.0, 11.5, "why")
    assert (gap["platform"], gap["channel"]) == ("twitch", "lena")
    assert gap["ended_at"] == "2026-11-21T11:57:30.000+00:00"


def test_a_gap_that_began_before_the_graph_begins_at_its_edge_and_an_open_one_ends_at_the_other(db: Database) -> None:
    connect(db, (SourceState.CONNECTED, NOON - hours(9)), (SourceState.WAITING, NOON - hours(8)), beat_ms=NOON)
    (gap,) = stats(db)["gaps"]
    assert (gap["from"], gap["to"], gap["ended_at"]) == (0.0, 15.0, None)


def test_a_reconnect_of_a_few_seconds_is_no_gap(db: Database) -> None:
    connect(
        db,
        (SourceState.CONNECTED, NOON - hours(1)),
        (SourceState.WAITING, NOON - seconds(60)),
        (SourceState.CONNECTED, NOON - seconds(56)),
        beat_ms=NOON,
    )
    assert stats(db)["gaps"] == []


def test_a_dead_collector_is_a_gap_since_its_last_sign_of_life(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - minutes(10))])
    connect(db, (SourceState.CONNECTED, NOON - hours(1)), beat_ms=NOON - minutes(5))
    told = stats(db)
    (gap,) = told["gaps"]
    assert (gap["from"], gap["to"], gap["reason"]) == (9.0, 15.0, "the collector is down")
    assert told["channels"][0]["state"] == "stopped"
    assert told["channels"][0]["detail"] == "the collector is not running"
    assert told["stream"]["coverage_percent"] == 50.0


def test_a_living_collector_is_no_gap(db: Database) -> None:
    connect(db, (SourceState.CONNECTED, NOON - hours(1)), beat_ms=NOON - seconds(9))
    told = stats(db)
    assert told["gaps"] == []
    assert told["channels"] == [
        {
            "platform": "twitch",
            "name": "lena",
            "state": "connected",
            "detail": "why",
            "since": "2026-11-21T11:00:00.000+00:00",
            "retry_at": None,
            "last_event_at": None,
        }
    ]


def test_gaps_that_began_together_come_in_the_order_of_channels(db: Database) -> None:
    for state, names in ((SourceState.CONNECTED, ("lena", "nova")), (SourceState.WAITING, ("nova", "lena"))):
        at_ms = NOON - minutes(20 if state is SourceState.CONNECTED else 5)
        with db.writing() as connection:
            told = [SourceStatus(Platform.TWITCH, name, state, at_ms, "why") for name in names]
            coverage.record(connection, told, Memory())
    assert [gap["channel"] for gap in stats(db)["gaps"]] == ["lena", "nova"]


@pytest.mark.parametrize(("length", "missed_ms", "heard"), [(20, minutes(5), 75.0), (240, seconds(6), 99.96)])
def test_a_stream_tells_how_much_of_it_was_heard(db: Database, length: int, missed_ms: int, heard: float) -> None:
    write(db, [chat(NOVA, at=NOON - minutes(ago)) for ago in range(length, -1, -10)])
    connect(
        db,
        (SourceState.CONNECTED, NOON - hours(5)),
        (SourceState.WAITING, NOON - minutes(10) + coverage.ON_ITS_WAY_MS),
        (SourceState.CONNECTED, NOON - minutes(10) + missed_ms),
        beat_ms=NOON,
    )
    assert stats(db)["stream"]["coverage_percent"] == heard


def test_a_person_timed_out_here_stays_in_the_ticker_of_another_channel(db: Database) -> None:
    write(db, [act(Kind.SUB, SAM), chat(SAM, channel="northwind", at=NOON - 1), timeout(SAM, NOON + 1)])
    told = stats(db, NOON + seconds(5))
    assert [(item["user"], item["channel"]) for item in told["ticker"]] == [("Sam", "northwind")]


def test_the_newest_messages_are_told_however_many_gifts_came_after_them(db: Database) -> None:
    said = [chat(NOVA, f"line {number}", NOON - 900 + number) for number in range(5)]
    given = [act(Kind.GIFT, OTTO, NOON - 500 + number, amount=1, gift_id=number) for number in range(feed.GLANCE)]
    write(db, [*said, *given])
    told = stats(db)
    assert [row["message"] for row in told["recent"]] == [f"line {number}" for number in (4, 3, 2, 1, 0)]
    assert told["active_users"] == ["Otto", "Nova"]
