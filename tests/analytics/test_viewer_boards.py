"""Leaderboards, hours, birthdays and who is here, against what is plain from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select

from actions import privacy
from actions import viewers as edits
from analytics import birthdays, heatmaps, leaderboards, presence, scope, streams, tiers, viewer_stats, viewers
from core.clock import DAY_MS, week_hour
from core.db import Database
from core.events import Kind, Platform
from models import CurrentSession, IgnoredName, Stream, StreamAttendance, StreamViewer
from tests.analytics.people import edit, everybody, history, record
from tests.support import (
    MILO,
    NOON,
    NOVA,
    OTTO,
    SAM,
    UTC,
    act,
    chat,
    chatter,
    database,
    days,
    fresh_database,
    hours,
    minutes,
    rows,
    seconds,
    settle,
    write,
)

COLUMNS = {
    "coins": ("total_coins_spent", "coins"),
    "watchtime": ("total_watchtime_ms", "watched_ms"),
    "visits": ("total_visits", "visits"),
    "gifts": ("total_gifts_sent", "gifts"),
    "comments": ("total_comments", "messages"),
    "likes": ("total_likes", "likes"),
    "shares": ("total_shares", "shares"),
}


@pytest.fixture(scope="module")
def crowd() -> Iterator[Database]:
    """Running streams in two Twitch channels and one of TikTok; some people blocked, ignored or erased."""
    with fresh_database() as db:
        record(db, history(120))
        now = []
        for number, one in enumerate(everybody(db)[:80]):
            who = _person(one)
            for channel in ("lena", "northwind")[: 1 + number % 2]:
                more: dict[str, Any] = {"platform": Platform(one["platform"]), "channel": channel}
                at = NOON - minutes(20) + seconds(number)
                now += [chat(who, "now", at, amount=number % 5, **more) for _ in range(1 + number % 7)]
                now.append(act(Kind.LIKE, who, at, amount=number % 11, **more))
                now.append(act(Kind.SHARE, who, at, **more))
                gift = {"gift_id": 5, "name": "Rose", "quantity": 1 + number % 4, "diamonds": 2}
                now.append(act(Kind.GIFT, who, at, amount=2 + 2 * (number % 4), **gift, **more))
        write(db, now, now_ms=NOON)
        settle(db, NOON)
        edit(db, everybody(db))
        best = sorted(everybody(db), key=lambda one: -one["total_coins_spent"])
        edits.update(db, best[0]["id"], {"is_blocked": True}, editor="lena", now_ms=NOON)
        privacy.erase(db, best[1]["id"], remember=False, now_ms=NOON)
        with db.writing() as connection:
            connection.execute(insert(IgnoredName), [{"name": best[2]["username"]}])
        yield db


def _person(one: dict[str, Any]) -> Any:
    return NOVA.__class__(one["platform_user_id"], one["username"], one["display_name"])


@pytest.mark.parametrize("type", COLUMNS)
def test_of_all_time_leads_who_has_most_and_may_be_shown(crowd, type):
    column = COLUMNS[type][0]
    people = [one for one in everybody(crowd) if not one["is_blocked"] and one["raw"][column] > 0]
    people.sort(key=lambda one: (-one["raw"][column], -one["id"]))
    with crowd.reading() as connection:
        board = leaderboards.of_all_time(connection, type, 15, UTC, NOON)
    scale = 1_000 if type == "watchtime" else 1
    wanted = [(one["id"], one["raw"][column] // scale) for one in people[:15]]
    assert [(row["id"], row["value"]) for row in board] == wanted
    assert [row["rank"] for row in board] == list(range(1, len(board) + 1))


@pytest.mark.parametrize("type", COLUMNS)
@pytest.mark.parametrize("channel", [None, "lena"])
def test_of_the_running_streams_leads_who_has_most_in_all_of_them(crowd, type, channel):
    column = COLUMNS[type][1]
    with crowd.reading() as connection:
        channels = scope.channels(connection, None, channel)
        board = leaderboards.of_running_streams(connection, channels, type, 12, UTC, NOON)
        newest = {
            connection.scalar(
                select(Stream.id).where(Stream.channel_id == one.id).order_by(Stream.started_at_ms.desc()).limit(1)
            )
            for one in channels
        }
    table = StreamAttendance if type in ("visits", "watchtime") else StreamViewer
    values: Counter[int] = Counter()
    for row in rows(crowd, table):
        if row["stream_id"] in newest:
            values[row["viewer_id"]] += row[column]
    shown = {one["id"] for one in everybody(crowd) if not one["is_blocked"]}
    best = sorted((-value, -id_) for id_, value in values.items() if id_ in shown and value > 0)[:12]
    scale = 1_000 if type == "watchtime" else 1
    assert board
    assert [row["value"] for row in board] == [-value // scale for value, _ in best]


@pytest.mark.parametrize("type", ["coins", "comments", "visits"])
def test_of_those_who_have_as_much_the_newest_lead_whatever_changed_last(db, type):
    people = [chatter(number) for number in range(30)]
    write(db, [chat(who, at=NOON - minutes(5), amount=3) for who in people])
    write(db, [act(Kind.LIKE, who, NOON - minutes(1), amount=1) for who in reversed(people[:15])])
    with db.reading() as connection:
        board = leaderboards.of_running_streams(connection, scope.channels(connection), type, 3, UTC, NOON)
        chatters = streams.top_chatters(connection, [1], 3)
    assert [row["username"] for row in board] == ["chatter29", "chatter28", "chatter27"]
    assert [row["login"] for row in chatters] == ["chatter27", "chatter28", "chatter29"]


def test_of_words_said_as_often_the_first_of_the_alphabet_are_told(db):
    words = [f"word{letter}" for letter in "qwertyuiopasdfghjklzxcvbnm"]
    write(db, [chat(chatter(number), word) for number, word in enumerate(words)])
    with db.reading() as connection:
        told = streams.top_terms(connection, [1], emote=False, limit=3)
    assert [one["term"] for one in told] == ["worda", "wordb", "wordc"]


def test_when_no_stream_runs_nobody_leads_one(crowd):
    with crowd.reading() as connection:
        later = NOON + days(1)
        assert leaderboards.of_running_streams(connection, scope.channels(connection), "coins", 9, UTC, later) == []


def test_the_sums_of_all_are_those_of_everybody(crowd):
    people = everybody(crowd)
    with crowd.reading() as connection:
        told = viewer_stats.summary(connection, NOON, UTC)
        raw = connection.exec_driver_sql("SELECT sum(total_coins_spent), sum(total_watchtime_ms) FROM viewers").one()
    since = (NOON // DAY_MS - 30) * DAY_MS
    assert told["totalViewers"] == len(people)
    assert told["activeViewers"] == sum(one["raw"]["last_seen_at_ms"] >= since for one in people)
    assert told["vipCount"] == sum(one["is_vip"] for one in people)
    assert told["favorites"] == sum(one["is_favorite"] for one in people)
    assert told["totalRevenue"] == raw[0]
    # Of those who are counted: what somebody watched who was erased is not theirs.
    assert told["avgWatchtime"] == sum(one["raw"]["total_watchtime_ms"] for one in people) // len(people) // 1_000


def test_vips_are_listed_by_what_they_gave(crowd):
    people = [one for one in everybody(crowd) if one["is_vip"]]
    people.sort(key=lambda one: (-one["total_coins_spent"], -one["id"]))
    with crowd.reading() as connection:
        assert [one["id"] for one in tiers.vips(connection, None, 500, UTC, NOON)] == [one["id"] for one in people]
        gold = [one["id"] for one in people if one["vip_tier"] == "Gold"]
        assert [one["id"] for one in tiers.vips(connection, "gold ", 500, UTC, NOON)] == gold
        with pytest.raises(tiers.UnknownTier, match="Bronze, Silver, Gold, Platinum"):
            tiers.vips(connection, "Wood", 500, UTC, NOON)


def test_hours_are_those_in_which_people_were_active(db):
    times = [NOON, NOON + hours(5), NOON + hours(29), NOON + days(7)]
    write(db, [chat(NOVA, at=at, amount=3) for at in times] + [chat(OTTO, at=NOON)], now_ms=NOON + days(8))
    expected = Counter(week_hour(at, UTC) for at in times)
    with db.reading() as connection:
        viewer_id = viewers.find(connection, "nova").id
        told = heatmaps.of_viewer(connection, viewer_id)
        cells = heatmaps.of_channels(connection, scope.channels(connection))
    assert {day * 24 + hour: told["heatmap"][day][hour] for day in range(7) for hour in range(24)} == {
        slot: expected[slot] for slot in range(168)
    }
    assert sum(map(sum, told["coins"])) == 12
    noon = week_hour(NOON, UTC)
    assert told["peak"] == {"hour_of_day": noon % 24, "day_of_week": noon // 24, "total": 2, "coins": 6}
    assert cells[0] == {"hour_of_day": noon % 24, "day_of_week": noon // 24, "total": 3, "coins": 6}
    assert len(cells) == 168


@pytest.mark.parametrize(
    ("birthday", "days_until", "on", "age"),
    [
        ("1990-11-21", 0, "2026-11-21", 36),
        ("1990-11-24", 3, "2026-11-24", 36),
        ("1990-11-20", 364, "2027-11-20", 37),
        ("1990-01-01", 41, "2027-01-01", 37),
        ("2000-02-29", 99, "2027-02-28", 27),
    ],
)
def test_a_birthday_is_told_with_the_day_it_is_kept_and_the_age_reached(db, birthday, days_until, on, age):
    write(db, [chat(NOVA), chat(OTTO), chat(SAM)])
    with db.reading() as connection:
        viewer_id = viewers.find(connection, "nova").id
    edits.update(db, viewer_id, {"birthday": birthday}, editor="lena", now_ms=NOON)
    with db.reading() as connection:
        (told,) = birthdays.upcoming(connection, 366, UTC, NOON)
        assert len(birthdays.upcoming(connection, days_until, UTC, NOON)) == 1
        if days_until:
            assert birthdays.upcoming(connection, days_until - 1, UTC, NOON) == []
    assert (told["username"], told["days_until"], told["birthday_on"], told["age"]) == ("nova", days_until, on, age)


def test_birthdays_come_soonest_first(db):
    write(db, [chat(who) for who in (NOVA, OTTO, SAM)])
    for name, birthday in (("nova", "1990-12-24"), ("otto", "1990-11-22"), ("sam", "1990-01-02")):
        with db.reading() as connection:
            viewer_id = viewers.find(connection, name).id
        edits.update(db, viewer_id, {"birthday": birthday}, editor="lena", now_ms=NOON)
    with db.reading() as connection:
        assert [one["username"] for one in birthdays.upcoming(connection, 60, UTC, NOON)] == ["otto", "nova", "sam"]
        soonest = birthdays.upcoming(connection, 60, UTC, NOON, limit=2)
        assert [one["username"] for one in soonest] == ["otto", "nova"]
        assert birthdays.count(connection, 60, UTC, NOON) == 3


def test_who_is_here_is_who_came_and_did_not_leave(db):
    write(db, [chat(NOVA, at=NOON - 9_000), chat(OTTO, at=NOON - 8_000), chat(MILO, at=NOON - 7_000)])
    write(db, [act(Kind.PART, OTTO, NOON - 1_000)])
    with db.reading() as connection:
        told = presence.open_sessions(connection, 10, UTC, NOON)
        assert [(row["username"], row["duration"]) for row in told["sessions"]] == [("milo", 7), ("nova", 9)]
        assert told["count"] == 2
        assert presence.open_sessions(connection, 1, UTC, NOON)["count"] == 2
        # The collector has died: nobody ends the sessions, and yet nobody is here.
        assert presence.open_sessions(connection, 10, UTC, NOON + hours(1)) == {"count": 0, "sessions": []}
        ids = [row["viewer_id"] for row in rows(db, CurrentSession)]
        for now_ms, here in ((NOON, {"nova", "milo"}), (NOON + hours(1), set())):
            told = viewers.profiles(connection, ids, UTC, now_ms)
            assert {one["username"] for one in told if one["is_online"]} == here
    assert [row["left_at_ms"] for row in rows(db, CurrentSession)].count(None) == 2


def test_an_address_finds_who_has_the_name_before_who_had_it(tmp_path):
    db = database(tmp_path)
    renamed = NOVA.__class__(NOVA.user_id, "supernova", "Supernova")
    write(db, [chat(NOVA, at=NOON - 5_000)])
    write(db, [chat(renamed, at=NOON - 4_000), chat(OTTO, at=NOON)])
    with db.reading() as connection:
        assert viewers.find(connection, "@Nova").username == "supernova"
        for unknown in ("", ":", "twitch:", "tiktok:nova", "x" * 65, "nov", "\0", "\ud800"):
            with pytest.raises(viewers.UnknownViewer):
                viewers.find(connection, unknown)
    thief = SAM.__class__("777", "nova", "Nova")
    write(db, [chat(thief, at=NOON + 1_000)], now_ms=NOON + 1_000)
    with db.reading() as connection:
        assert viewers.find(connection, "nova").platform_user_id == "777"
    db.close()
