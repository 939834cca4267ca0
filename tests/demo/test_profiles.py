"""What the demo's team noted by hand: plain, allowed, and with a birthday to be seen whatever the day is."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import DAY_MS
from demo.history import history
from demo.profiles import Profile, profiles
from demo.world import World
from rules import birthdays
from rules.profiles import clean
from rules.tiers import DEFAULT_TIERS

BERLIN = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 11, 21, 21, 30, tzinfo=BERLIN).timestamp() * 1000)
TODAY = date(2026, 11, 21)


def noted(now_ms: int = NOW_MS, seed: int = 7, zone: ZoneInfo = BERLIN) -> list[Profile]:
    return list(profiles(World(seed), now_ms=now_ms, zone=zone))


def born(found: list[Profile]) -> list[date]:
    return [date.fromisoformat(profile.changes["birthday"]) for profile in found if "birthday" in profile.changes]


def test_every_change_is_one_that_people_could_make_as_it_stands() -> None:
    for profile in noted():
        assert clean(profile.changes, TODAY) == dict(profile.changes)
        assert NOW_MS - 10 * DAY_MS < profile.edited_at_ms < NOW_MS
        assert profile.editor
        assert profile.vip is None or profile.vip in {tier.name for tier in DEFAULT_TIERS}


def test_there_is_some_of_everything() -> None:
    found = noted()
    fields = Counter(field for profile in found for field in profile.changes)
    assert len(found) > 60
    assert len({profile.user_id for profile in found}) == len(found)
    for field in ("notes", "tags", "birthday", "tts_voice", "discord_username", "is_favorite", "is_moderator"):
        assert fields[field] >= 5, field
    assert fields["is_blocked"] == 1
    assert [profile.vip for profile in found if profile.vip] == ["Gold"]
    assert {profile.platform.value for profile in found} == {"twitch", "tiktok"}


@pytest.mark.parametrize("day", [TODAY, date(2026, 12, 31), date(2027, 2, 27), date(2028, 2, 28), date(2028, 2, 29)])
def test_somebodys_birthday_is_today_and_somebodys_tomorrow(day: date) -> None:
    now = datetime(day.year, day.month, day.day, 21, 30, tzinfo=BERLIN)
    found = born(noted(int(now.timestamp() * 1000)))
    kept = {birthdays.mmdd(birthday) for birthday in found}
    ahead = [days for days, then in birthdays.next_days(day, 365) if kept & set(birthdays.kept_on(then))]
    assert ahead[:2] == [0, 1]
    assert len(ahead) > 20
    assert any((birthday.month, birthday.day) == (2, 29) for birthday in found)
    assert all(18 <= birthdays.age(birthday, day) <= 46 for birthday in found)


def test_today_is_the_zones() -> None:
    late = int(datetime(2026, 11, 21, 23, 30, tzinfo=ZoneInfo("America/New_York")).timestamp() * 1000)
    found = born(noted(late, zone=ZoneInfo("America/New_York")))
    assert any(birthdays.mmdd(birthday) in birthdays.kept_on(TODAY) for birthday in found)


def test_the_same_seed_and_day_note_the_same() -> None:
    assert noted() == noted()
    assert noted() != noted(seed=8)
    # Whoever was born on a day of the year tomorrow's notes also name was so yesterday.
    assert [profile.user_id for profile in noted()] == [profile.user_id for profile in noted(NOW_MS + 3 * DAY_MS)]


def test_nearly_all_of_them_were_seen_within_a_month() -> None:
    seen = {event.who.user_id for event in history(World(), now_ms=NOW_MS, days=30, zone=BERLIN) if event.who}
    assert all(profile.user_id in seen for profile in noted())


def test_who_has_a_birthday_today_or_tomorrow_talks_much() -> None:
    """Or nobody would be there to be greeted."""
    world = World()
    talkative = {p.person.user_id for c in (world.cast.twitch, world.cast.tiktok) for p in c.talkers[:24]}
    soon = [TODAY, TODAY + timedelta(days=1)]
    for profile in noted():
        if "birthday" in profile.changes:
            birthday = date.fromisoformat(profile.changes["birthday"])
            if any((birthday.month, birthday.day) == (day.month, day.day) for day in soon):
                assert profile.user_id in talkative
