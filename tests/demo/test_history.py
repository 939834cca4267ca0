"""A month of history: in order, unique, believable, the same for the same arguments, and continued by the live part."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from core.clock import DAY_MS, MINUTE_MS
from core.events import Event, Kind, Mark, Platform
from demo.history import history
from demo.world import World
from rules.tiers import tier_for

BERLIN = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 11, 21, 21, 30, tzinfo=BERLIN).timestamp() * 1000)
PROMISED = set(Kind) - {Kind.CLEAR, Kind.LIVE_PAUSE, Kind.LIVE_RESUME}


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def month(world: World) -> list[Event]:
    return list(history(world, now_ms=NOW_MS, days=30, zone=BERLIN))


def test_a_month_is_large_enough_to_be_believed_and_small_enough_for_the_first_minute(month: list[Event]) -> None:
    assert 120_000 <= len(month) <= 180_000


def test_events_come_in_time_order_and_none_after_now(month: list[Event]) -> None:
    times = [event.at_ms for event in month]
    assert times == sorted(times)
    assert times[0] >= NOW_MS - 30 * DAY_MS
    assert NOW_MS - MINUTE_MS < times[-1] <= NOW_MS


def test_every_event_has_an_id_of_its_own(month: list[Event]) -> None:
    ids = {event.source_id for event in month}
    assert None not in ids
    assert len(ids) == len(month)


def test_the_same_arguments_give_the_same_history(world: World) -> None:
    def beginning(of: World) -> list[Event]:
        return list(islice(history(of, now_ms=NOW_MS, days=2, zone=BERLIN), 15_000))

    once = beginning(world)
    assert once == beginning(world) == beginning(World(7))
    assert once[:100] != list(islice(history(World(8), now_ms=NOW_MS, days=2, zone=BERLIN), 100))


def test_everything_the_demo_promises_happens(month: list[Event]) -> None:
    assert {event.kind for event in month} == PROMISED
    marks = 0
    for event in month:
        marks |= event.marks
    for mark in (Mark.BROADCASTER, Mark.MODERATOR, Mark.VIP, Mark.SUBSCRIBER, Mark.VERIFIED, Mark.FIRST):
        assert marks & mark
    for mark in (Mark.ACTION, Mark.REPLY, Mark.ANNOUNCEMENT, Mark.HIGHLIGHTED):
        assert marks & mark


def test_kinds_stay_on_their_platform(month: list[Event]) -> None:
    kinds = {platform: {event.kind for event in month if event.platform is platform} for platform in Platform}
    assert not kinds[Platform.TWITCH] & {Kind.GIFT, Kind.LIKE, Kind.SHARE, Kind.FOLLOW, Kind.VIEWERS, Kind.LIVE_START}
    assert not kinds[Platform.TIKTOK] & {Kind.RESUB, Kind.SUBGIFT, Kind.RAID, Kind.PART, Kind.DELETE}


def test_channels_are_the_two_of_the_streamer(month: list[Event]) -> None:
    channels = {(event.platform, event.channel) for event in month}
    assert channels == {(Platform.TWITCH, "lena_plays"), (Platform.TIKTOK, "lena")}


def test_a_first_message_happens_once_per_person_and_channel(month: list[Event]) -> None:
    firsts: Counter[tuple[str, str]] = Counter()
    spoken: set[tuple[str, str]] = set()
    for event in month:
        if event.kind is Kind.CHAT and event.who:
            person = event.channel, event.who.user_id
            if event.marks & Mark.FIRST:
                firsts[person] += 1
                assert person not in spoken, "the first message came after another"
            spoken.add(person)
    assert firsts
    assert set(firsts.values()) == {1}


def test_most_newcomers_are_seen_on_one_day_only_and_some_come_back(month: list[Event]) -> None:
    firsts = {event.who.user_id for event in month if event.who and event.marks & Mark.FIRST}
    days: dict[str, set[int]] = {}
    for event in month:
        if event.kind is Kind.CHAT and event.who and event.who.user_id in firsts:
            days.setdefault(event.who.user_id, set()).add((event.at_ms - 12 * 60 * MINUTE_MS) // DAY_MS)
    once = sum(len(seen) == 1 for seen in days.values())
    assert 0.85 < once / len(days) < 1.0


def test_a_few_say_much_and_many_say_little(month: list[Event]) -> None:
    said = Counter(event.who.user_id for event in month if event.kind is Kind.CHAT and event.who)
    ranked = [count for _, count in said.most_common()]
    assert sum(ranked[:25]) > 0.3 * sum(ranked)
    assert sum(count <= 3 for count in ranked) > len(ranked) / 2


def test_amounts_are_never_negative_and_gifts_add_up(month: list[Event]) -> None:
    assert all(event.amount >= 0 for event in month)
    gifts = [event for event in month if event.kind is Kind.GIFT]
    for gift in gifts:
        assert gift.amount == gift.extra["quantity"] * gift.extra["diamonds"] > 0
        assert gift.extra["gift_id"] and gift.extra["name"]
    assert {"Rose", "Doughnut", "Galaxy"} <= {gift.extra["name"] for gift in gifts}
    assert sum(gift.extra["name"] == "Lion" for gift in gifts) <= 5


def test_subscriptions_know_their_plan_and_gifts_their_recipient(month: list[Event]) -> None:
    for event in month:
        if event.kind in (Kind.SUB, Kind.RESUB, Kind.SUBGIFT):
            if event.platform is Platform.TWITCH:
                assert event.extra["plan"] in ("1000", "2000", "3000", "Prime")
            assert event.amount >= (2 if event.kind is Kind.RESUB else 1)
            assert event.marks & Mark.SUBSCRIBER
        if event.kind is Kind.SUBGIFT:
            assert event.who is not None
            assert event.extra["recipient"] != event.who.login


def test_nobody_subscribes_twice(month: list[Event]) -> None:
    subscribed = Counter(event.who.user_id for event in month if event.kind is Kind.SUB and event.who)
    assert max(subscribed.values()) == 1


def test_raids_come_from_others_in_plausible_numbers(month: list[Event]) -> None:
    raids = [event for event in month if event.kind is Kind.RAID]
    assert 10 <= len(raids) <= 60
    assert all(30 <= raid.amount <= 900 and raid.who and raid.who.login != "lena_plays" for raid in raids)


def test_viewer_counts_come_every_ten_to_thirty_seconds_and_stay_plausible(month: list[Event]) -> None:
    counts = [event for event in month if event.kind is Kind.VIEWERS]
    gaps = [(b.at_ms - a.at_ms) / 1000 for a, b in pairwise(counts)]
    within = [gap for gap in gaps if gap < 600]
    assert all(8 <= gap <= 30 for gap in within)
    assert all(20 <= event.amount <= 2000 for event in counts)


def test_the_viewer_count_goes_on_where_the_history_ended(world: World, month: list[Event]) -> None:
    before = [event for event in month if event.kind is Kind.VIEWERS][-30:]
    after = [e for e in islice(world.live(NOW_MS), 3000) if e.kind is Kind.VIEWERS]
    usual = max(abs(a.amount - b.amount) for a, b in pairwise(before))
    assert abs(after[0].amount - before[-1].amount) <= max(usual, 15)


def test_whom_the_platform_describes_is_described_in_the_words_of_their_language(month: list[Event]) -> None:
    on_tiktok = [event.who for event in month if event.who and event.platform is Platform.TIKTOK]
    about = {person.user_id: person.about for person in on_tiktok}
    assert all(set(told) >= {"follower_count", "following_count", "language", "country"} for told in about.values())
    assert all(told["follower_count"] >= 0 for told in about.values())
    bios = [told["bio"] for told in about.values() if "bio" in told]
    assert 0.4 < len(bios) / len(about) < 0.9
    assert len(set(bios)) > 60
    assert any(told.get("verified") for told in about.values())
    assert not any(event.who.about for event in month if event.who and event.platform is Platform.TWITCH)


def test_a_few_people_take_another_name_and_keep_it(month: list[Event]) -> None:
    names: dict[str, list[str]] = {}
    for event in month:
        if event.who:
            known = names.setdefault(event.who.user_id, [])
            if not known or known[-1] != event.who.login:
                known.append(event.who.login)
    renamed = [known for known in names.values() if len(known) > 1]
    assert 5 <= len(renamed) <= 8
    assert all(len(known) == 2 for known in renamed)
    everybody = [login for known in names.values() for login in known]
    assert len(set(everybody)) == len(everybody)


def test_some_are_there_and_give_enough_to_be_bronze_silver_and_gold(month: list[Event]) -> None:
    """Told by a coarse measure of its own: coins, and signs of life no further apart than a session lasts."""
    coins: Counter[str] = Counter()
    watched: Counter[str] = Counter()
    visits: Counter[str] = Counter()
    last: dict[str, int] = {}
    streaks: dict[str, int] = {}
    for event in month:
        if not event.who or event.kind is Kind.PART:
            continue
        user = event.who.user_id
        away_ms = event.at_ms - last.get(user, 0)
        watched[user] += min(away_ms, 5 * MINUTE_MS)
        visits[user] += away_ms > 5 * MINUTE_MS
        last[user] = event.at_ms
        if event.kind is Kind.GIFT:
            counted = streaks.get(event.extra.get("streak", ""), 0)
            coins[user] += (event.extra["quantity"] - counted) * event.extra["diamonds"]
            if "streak" in event.extra:
                streaks[event.extra["streak"]] = event.extra["quantity"]
        elif event.kind is Kind.CHAT:
            coins[user] += event.amount
    reached = Counter(
        tier.name for user in coins if (tier := tier_for(coins[user], watched[user] // 1000, visits[user]))
    )
    assert reached["Bronze"] >= 10
    assert reached["Silver"] >= 5
    assert 1 <= reached["Gold"] <= 3
    assert sum(reached.values()) < 80


def test_tiktok_says_when_a_live_begins_and_ends(month: list[Event]) -> None:
    kinds = [event.kind for event in month if event.kind in (Kind.LIVE_START, Kind.LIVE_END)]
    assert kinds == [Kind.LIVE_START, Kind.LIVE_END] * (len(kinds) // 2) + [Kind.LIVE_START]


def test_each_stream_warms_up_has_hype_and_cools_down(world: World, month: list[Event]) -> None:
    said = Counter(event.at_ms // MINUTE_MS for event in month if event.kind is Kind.CHAT and event.channel != "lena")
    plans = world.past_plans(now_ms=NOW_MS, days=30, zone=BERLIN)
    for plan in plans[:-1]:
        assert plan.end_ms is not None
        counts = [said[minute] for minute in range(plan.start_ms // MINUTE_MS, plan.end_ms // MINUTE_MS + 1)]
        usual = sorted(counts)[len(counts) // 2]
        assert 20 * plan.talk <= usual <= 60
        assert sum(counts[:5]) < 5 * usual
        assert sum(counts[-5:]) < 5 * usual
        assert max(counts) > 1.7 * usual


def test_the_running_stream_has_a_hype_after_a_raid_on_the_graph_of_the_last_quarter(month: list[Event]) -> None:
    lately = [event for event in month if event.at_ms > NOW_MS - 15 * MINUTE_MS]
    assert any(event.kind is Kind.RAID and event.amount == 312 for event in lately)
    chat = Counter(
        (event.at_ms - NOW_MS) // MINUTE_MS
        for event in lately
        if event.kind is Kind.CHAT and event.platform is Platform.TWITCH
    )
    assert max(chat.values()) > 100
    assert len(chat) == 15


def test_people_subscribed_in_the_history_wear_the_badge_afterwards(month: list[Event]) -> None:
    since: dict[str, int] = {}
    checked = 0
    regulars = {persona.person.user_id for persona in World().personas}
    for event in month:
        if not event.who or event.who.user_id not in regulars or event.platform is not Platform.TWITCH:
            continue
        if event.kind is Kind.SUB:
            since[event.who.user_id] = event.at_ms
        elif event.kind is Kind.CHAT and event.who.user_id in since:
            checked += 1
            assert event.marks & Mark.SUBSCRIBER
    assert checked > 100


def test_the_live_part_continues_the_history_without_repeating_anybody(world: World, month: list[Event]) -> None:
    live = list(islice(world.live(NOW_MS), 5000))
    assert not {event.source_id for event in month} & {event.source_id for event in live}
    known = {event.who.user_id for event in month if event.who}
    newcomers = {event.who.user_id for event in live if event.who and event.marks & Mark.FIRST}
    assert newcomers
    assert not newcomers & known
    spoke_before = {event.who.user_id for event in month[-8000:] if event.kind is Kind.CHAT and event.who}
    speaks_now = Counter(event.who.user_id for event in live if event.kind is Kind.CHAT and event.who)
    assert sum(user_id in spoke_before for user_id, _ in speaks_now.most_common(30)) >= 25


def test_the_live_part_goes_on_as_loud_as_the_history_ended(world: World, month: list[Event]) -> None:
    before = sum(e.kind is Kind.CHAT for e in month if e.at_ms > NOW_MS - 5 * MINUTE_MS) / 5
    after = sum(e.kind is Kind.CHAT for e in islice(world.live(NOW_MS), 3000) if e.at_ms < NOW_MS + MINUTE_MS)
    assert 0.5 < after / before < 2


def test_without_days_there_is_the_running_stream_alone(world: World) -> None:
    events = list(history(world, now_ms=NOW_MS, days=0, zone=BERLIN))
    assert 5_000 < len(events) < 15_000
    assert NOW_MS - events[0].at_ms <= 101 * MINUTE_MS


def test_negative_days_are_refused(world: World) -> None:
    with pytest.raises(ValueError, match="negative"):
        history(world, now_ms=NOW_MS, days=-1, zone=BERLIN)
