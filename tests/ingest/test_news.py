"""What dashboards are told at once: each thing once, nothing of long ago, and birthdays on their day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, update

from core.db import Database
from core.events import Kind, Mark, Person
from ingest import birthdays, news, upkeep
from ingest.rebuild import rebuild
from models import Viewer, ViewerNews, VipSource, VipTier
from tests.support import (
    NOON,
    NOVA,
    OTTO,
    POLICY,
    SAM,
    act,
    chat,
    days,
    deletion,
    hours,
    minutes,
    only,
    rows,
    seconds,
    settle,
    timeout,
    write,
)

Told = tuple[str, str, Any]  # who, what, detail


def told(db: Database) -> list[Told]:
    names = {row["id"]: row["username"] for row in rows(db, Viewer)}
    return [(names[row["viewer_id"]], row["kind"], json.loads(row["detail"])) for row in rows(db, ViewerNews)]


def kinds(db: Database) -> list[str]:
    return [kind for _, kind, _ in told(db)]


def tier(db: Database, name: str = "Giver", coins: int = 100, visits: int = 0, rank: int = 1, hours: int = 0) -> None:
    values = {"name": name, "rank": rank, "coins": coins, "visits": visits, "watch_hours": hours, "color": "#FFD700"}
    with db.writing() as connection:
        connection.execute(insert(VipTier).values(values))


def tier_of(db: Database) -> str | None:
    """Of the only person there is."""
    names = {row["id"]: row["name"] for row in rows(db, VipTier)}
    return names.get(only(db, Viewer)["vip_tier_id"])


@pytest.fixture(autouse=True)
def no_tiers(db: Database) -> None:
    with db.writing() as connection:
        connection.execute(delete(VipTier))


def born(db: Database, who: Person, birthday: str, **more: Any) -> None:
    values = {"birthday": birthday, "birthday_mmdd": int(birthday[5:7]) * 100 + int(birthday[8:10])} | more
    with db.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == who.login).values(values))


# --- coming and going ---


def test_somebody_new_is_told_once_and_that_they_came_and_went(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, at=NOON + 1)])
    assert told(db) == [("nova", "new", {}), ("nova", "online", {})]
    write(db, [chat(NOVA, at=NOON + minutes(2)), act(Kind.PART, NOVA, NOON + minutes(3))])
    assert told(db)[2:] == [("nova", "offline", {"duration_seconds": 180})]
    write(db, [act(Kind.PART, NOVA, NOON + minutes(3.5)), act(Kind.JOIN, NOVA, NOON + minutes(4))])
    assert told(db)[3:] == [("nova", "online", {})]
    settle(db, NOON + minutes(9))
    settle(db, NOON + minutes(20))
    assert told(db)[4:] == [("nova", "offline", {"duration_seconds": 480})]


def test_who_is_only_talked_about_is_new_but_not_there(db: Database) -> None:
    write(db, [timeout(SAM), chat(OTTO, marks=Mark.SHARED)])
    assert sorted(kinds(db)) == ["new", "new"]


@pytest.mark.parametrize("ago", [minutes(11), days(300)])
def test_of_what_happened_long_ago_nothing_is_told(db: Database, ago: int) -> None:
    tier(db)
    write(db, [chat(NOVA, at=NOON - ago, amount=500)], now_ms=NOON)
    write(db, [chat(Person(NOVA.user_id, "nova_live"), at=NOON - ago + 1)], now_ms=NOON)
    write(db, [act(Kind.PART, NOVA, NOON - ago + 2)], now_ms=NOON)
    settle(db, NOON)
    assert told(db) == []
    assert only(db, Viewer)["vip_tier_id"] is not None


def test_a_rebuild_tells_nothing(db: Database) -> None:
    tier(db, coins=0, visits=1)
    write(db, [chat(NOVA), act(Kind.GIFT, OTTO, amount=500)])
    settle(db, NOON + minutes(6))
    before = told(db)
    with db.writing() as connection:
        rebuild(connection, POLICY, NOON + minutes(6))
    assert told(db) == before


def test_a_gift_shows_in_the_totals_at_once_and_a_message_need_not(db: Database) -> None:
    write(db, [chat(NOVA)])
    before = len(told(db))
    write(db, [chat(NOVA, at=NOON + 1), act(Kind.GIFT, NOVA, NOON + 2, amount=5), chat(NOVA, at=NOON + 3, amount=9)])
    assert told(db)[before:] == [("nova", "updated", {})]


def test_what_is_given_elsewhere_is_no_news_here(db: Database) -> None:
    write(db, [chat(NOVA)])
    before = told(db)
    write(db, [chat(NOVA, at=NOON + 1, amount=500, marks=Mark.SHARED)])
    assert told(db) == before


def test_a_new_name_is_told(db: Database) -> None:
    write(db, [chat(NOVA)])
    write(db, [chat(Person(NOVA.user_id, "nova_live", "Nova"), at=NOON + 1)])
    assert told(db)[2:] == [("nova_live", "updated", {"fields": ["username", "display_name"]})]


def test_old_news_are_forgotten_but_never_the_newest(db: Database) -> None:
    write(db, [chat(NOVA)])
    write(db, [chat(NOVA, at=NOON + hours(1))])
    newest = rows(db, ViewerNews)[-1]
    for after in (hours(1) + minutes(10), hours(5)):
        upkeep.keep_up(db, replace(POLICY, birthday_reminder=False), NOON + after)
        assert rows(db, ViewerNews)[0]["at_ms"] >= NOON + hours(1)
    assert rows(db, ViewerNews)[-1]["id"] >= newest["id"]
    with db.writing() as connection:
        news.forget_old(connection, NOON + days(9))
    assert len(rows(db, ViewerNews)) == 1


# --- tiers ---


def promotions(db: Database) -> list[Told]:
    return [one for one in told(db) if one[1].startswith("vip")]


def test_who_reaches_a_tier_is_told_once_with_the_one_before(db: Database) -> None:
    tier(db, "Giver", 100)
    tier(db, "Patron", 1_000, rank=2)
    for number, coins in enumerate((99, 1, 5, 2_000)):
        write(db, [act(Kind.GIFT, NOVA, NOON + number, amount=coins)])
    assert promotions(db) == [
        ("nova", "vip-promoted", {"tier": "Giver", "previous": None}),
        ("nova", "vip-promoted", {"tier": "Patron", "previous": "Giver"}),
    ]
    assert only(db, Viewer)["vip_since_ms"] == NOON + 1


def test_watching_and_visiting_promotes_as_giving_does(db: Database) -> None:
    tier(db, "Guest", 0, visits=2)
    tier(db, "Regular", 0, rank=2, hours=1)
    write(db, [chat(NOVA), chat(NOVA, at=NOON + hours(1))])
    assert promotions(db) == [("nova", "vip-promoted", {"tier": "Guest", "previous": None})]
    write(db, [chat(NOVA, at=NOON + hours(1) + minutes(4 * step)) for step in range(1, 20)])
    settle(db, NOON + hours(5))
    assert tier_of(db) == "Regular"


def test_a_visit_of_no_time_at_all_promotes_as_well(db: Database) -> None:
    tier(db, "Guest", 0, visits=1)
    write(db, [act(Kind.JOIN, NOVA), act(Kind.PART, NOVA)])
    settle(db, NOON + hours(1))
    assert tier_of(db) == "Guest"


@pytest.mark.parametrize("decided", [VipSource.SET, VipSource.REMOVED])
def test_what_people_decided_stays(db: Database, decided: int) -> None:
    tier(db)
    write(db, [chat(NOVA)])
    with db.writing() as connection:
        connection.execute(update(Viewer).values(vip_source=decided))
    write(db, [act(Kind.GIFT, NOVA, NOON + 1, amount=900)])
    settle(db, NOON + hours(1))
    with db.writing() as connection:
        rebuild(connection, POLICY, NOON + hours(1))
    assert only(db, Viewer)["vip_tier_id"] is None
    assert promotions(db) == []


def test_nobody_is_promoted_where_that_is_switched_off(db: Database) -> None:
    tier(db)
    off = replace(POLICY, auto_vip=False)
    write(db, [act(Kind.GIFT, NOVA, amount=900)], policy=off)
    settle(db, NOON + hours(1), off)
    assert only(db, Viewer)["vip_tier_id"] is None


def test_what_is_taken_back_promotes_nobody_and_demotes_nobody(db: Database) -> None:
    tier(db)
    cheer = chat(NOVA, amount=500)
    write(db, [cheer, deletion(cheer)])
    assert only(db, Viewer)["vip_tier_id"] is None
    cheer = chat(NOVA, at=NOON + 1, amount=500)
    write(db, [cheer])
    write(db, [deletion(cheer)])
    assert (tier_of(db), only(db, Viewer)["total_coins_spent"]) == ("Giver", 0)
    with db.writing() as connection:
        rebuild(connection, POLICY, NOON + 1)
    assert only(db, Viewer)["vip_tier_id"] is None


# --- birthdays ---

BERLIN = replace(POLICY, zone=ZoneInfo("Europe/Berlin"))
TODAY = "1996-11-21"


def birthdays_told(db: Database) -> list[Told]:
    return [one for one in told(db) if one[1].startswith("birthday")]


def test_birthdays_are_announced_once_a_local_day(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - days(1)), chat(OTTO, at=NOON - days(1)), chat(SAM, at=NOON - days(1))])
    born(db, NOVA, TODAY)
    born(db, OTTO, "1990-11-22")
    born(db, SAM, TODAY, is_blocked=True)
    midnight = NOON - hours(13)  # in Berlin
    announced = []
    for at in (midnight - 1, midnight, midnight + seconds(2), NOON, midnight + days(1) - 1, midnight + days(1)):
        with db.writing() as connection:
            announced.append([(row[1], row[3]) for row in birthdays.announce(connection, at, BERLIN)])
    assert announced == [[], [(1, {"age": 30})], [], [], [], [(2, {"age": 36})]]


def test_an_announcement_is_news_like_any_other(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - days(1))])
    born(db, NOVA, TODAY)
    for at in (0, seconds(2)):
        upkeep.keep_up(db, POLICY, NOON + at)
    assert birthdays_told(db) == [("nova", "birthday", {"age": 30})]


def test_who_comes_on_their_birthday_is_greeted_once_that_day(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - days(1))])
    born(db, NOVA, TODAY)
    for at in (0, hours(1), hours(2)):
        write(db, [chat(NOVA, at=NOON + at)])
    assert birthdays_told(db) == [("nova", "birthday-live", {"age": 30})]
    write(db, [chat(NOVA, at=NOON + days(1))])
    assert len(birthdays_told(db)) == 1
    year = days(365)
    write(db, [chat(NOVA, at=NOON + year)])
    assert birthdays_told(db)[1:] == [("nova", "birthday-live", {"age": 31})]


def test_an_import_of_old_streams_greets_nobody_even_beside_what_happens_now(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON - days(40)), chat(OTTO, at=NOON - days(40))])
    born(db, NOVA, TODAY)
    born(db, OTTO, TODAY)
    write(db, [chat(NOVA, at=NOON - days(9)), chat(OTTO)], now_ms=NOON)
    assert birthdays_told(db) == [("otto", "birthday-live", {"age": 30})]


def test_without_the_reminder_nobody_is_told_of_birthdays(db: Database) -> None:
    off = replace(POLICY, birthday_reminder=False)
    write(db, [chat(NOVA, at=NOON - days(1))])
    born(db, NOVA, TODAY)
    upkeep.keep_up(db, off, NOON)
    write(db, [chat(NOVA)], policy=off)
    assert birthdays_told(db) == []


def test_the_29th_of_february_is_greeted_on_the_28th_in_common_years(db: Database) -> None:
    def on(month: int, day: int, year: int) -> int:
        return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp() * 1000)

    write(db, [chat(NOVA)])
    born(db, NOVA, "2000-02-29")
    for day, expected in ((on(2, 27, 2027), 0), (on(2, 28, 2027), 1), (on(3, 1, 2027), 1), (on(2, 28, 2028), 1)):
        write(db, [chat(NOVA, at=day)])
        assert len(birthdays_told(db)) == expected
    write(db, [chat(NOVA, at=on(2, 29, 2028))])
    assert birthdays_told(db) == [
        ("nova", "birthday-live", {"age": 27}),
        ("nova", "birthday-live", {"age": 28}),
    ]


def test_who_is_here_when_their_birthday_is_noted_is_greeted_once(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON)])
    born(db, NOVA, TODAY)
    for at in (seconds(2), seconds(4)):
        upkeep.keep_up(db, POLICY, NOON + at)
    assert [kind for _, kind, _ in birthdays_told(db)] == ["birthday", "birthday-live"]


def test_who_has_left_before_their_birthday_was_noted_is_not_greeted(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON), act(Kind.PART, NOVA, NOON + seconds(1))])
    born(db, NOVA, TODAY)
    upkeep.keep_up(db, POLICY, NOON + seconds(2))
    assert [kind for _, kind, _ in birthdays_told(db)] == ["birthday"]
