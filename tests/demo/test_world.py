"""The demo's world is the same for everybody, and nobody in it exists twice."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
from datetime import datetime
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from core.config import ROOT
from core.events import Event, Kind, Mark, Platform, event_to_json
from demo.phrases import Phrases, variants
from demo.scenes import GAMES, HYPE_OF, INTERLUDES
from demo.world import World

BERLIN = ZoneInfo("Europe/Berlin")
NOW_MS = int(datetime(2026, 11, 21, 21, 30, tzinfo=BERLIN).timestamp() * 1000)
# Prints what the first events are, for a process of its own.
PRINTS_A_DIGEST = f"""
import hashlib
from itertools import islice
from core.events import event_to_json
from demo.world import World
lines = "".join(event_to_json(event) for event in islice(World(7).live({NOW_MS}), 3000))
print(hashlib.sha256(lines.encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def first_hour(world: World) -> list[Event]:
    return _until(world, 60 * MINUTE_MS)


def _until(world: World, length_ms: int) -> list[Event]:
    events = []
    for event in world.live(NOW_MS):
        if event.at_ms > NOW_MS + length_ms:
            break
        events.append(event)
    return events


def _per_minute(events: list[Event], platform: Platform) -> list[int]:
    counts = [0] * 60
    for event in events:
        if event.kind is Kind.CHAT and event.platform is platform:
            counts[min(59, (event.at_ms - NOW_MS) // MINUTE_MS)] += 1
    return counts


def test_several_hundred_people_have_ids_and_names_of_their_own(world: World) -> None:
    people = [persona.person for persona in world.personas]
    assert 500 <= len(people) <= 1000
    assert len({person.user_id for person in people}) == len(people)
    assert len({person.login for person in people}) == len(people)


def test_names_are_valid_on_their_platform(world: World) -> None:
    for persona in (
        world.cast.twitch.host,
        *world.cast.twitch.talkers,
        *world.cast.twitch.lurkers,
        *world.cast.raiders,
    ):
        assert re.fullmatch(r"[a-z0-9][a-z0-9_]{2,24}", persona.person.login), persona
        assert persona.person.name
    for persona in (world.cast.tiktok.host, *world.cast.tiktok.talkers, *world.cast.tiktok.lurkers):
        assert re.fullmatch(r"[a-z0-9_.]{2,30}", persona.person.login), persona
        assert persona.person.name


def test_names_come_in_many_scripts(world: World) -> None:
    names = "".join(persona.person.name for persona in world.personas)
    for script in ("[぀-ヿ]", "[가-힣]", "[一-鿿]", "[؀-ۿ]", "[֐-׿]", "[Ѐ-ӿ]", "[🌀-🫶]"):
        assert re.search(script, names), script


def test_there_are_moderators_vips_subscribers_and_people_without_a_role(world: World) -> None:
    marks = [persona.marks for persona in world.cast.twitch.talkers]
    for role in (Mark.MODERATOR, Mark.VIP, Mark.SUBSCRIBER):
        assert sum(bool(mask & role) for mask in marks) >= 3
    assert 0 in marks


def test_another_seed_is_another_world() -> None:
    seven, eight = World(7), World(8)
    assert [p.person.user_id for p in seven.personas] != [p.person.user_id for p in eight.personas]
    assert [p.person for p in seven.personas] == [p.person for p in World(7).personas]


def test_newcomers_of_two_months_are_all_different_people(world: World) -> None:
    rng = random.Random(1)
    known = {persona.person.login for persona in world.personas}
    start = NOW_MS // SECOND_MS
    moments = range(start, start + 60 * DAY_MS // SECOND_MS, 97)
    people = [world.cast.newcomer(Platform.TWITCH, moment, rng).person for moment in moments]
    assert len({person.login for person in people} | known) == len(people) + len(known)
    assert len({person.user_id for person in people}) == len(people)


def test_a_grammar_line_expands_to_every_alternative_and_keeps_its_slots() -> None:
    assert variants("{a|b {c|d}} {@}!") == ["a {@}!", "b c {@}!", "b d {@}!"]
    assert variants("plain") == ["plain"]
    assert variants("hey{|!}") == ["hey", "hey!"]
    with pytest.raises(ValueError, match="unbalanced"):
        variants("{a|b")


def test_every_line_of_the_vocabulary_is_complete() -> None:
    phrases = Phrases(7)
    scenes = {scene for game in GAMES.values() for scene in game} | set(INTERLUDES)
    pools = [phrases.of_scene(scene, topic) for scene in scenes for topic in scene.topics]
    pools += [phrases.of_hype(hype) for kinds in HYPE_OF.values() for hype in kinds]
    pools += [value for value in vars(phrases).values() if hasattr(value, "plain")]
    for pool in pools:
        assert pool.all
        assert pool.common
        for line in pool.all:
            assert line.text == " ".join(line.text.split()) != ""
            assert not re.search(r"[|]|\{(?!@\}|game\}|from\})", line.text), line


def test_the_live_stream_is_the_same_for_the_same_start(world: World) -> None:
    assert list(islice(world.live(NOW_MS), 3000)) == list(islice(World(7).live(NOW_MS), 3000))
    assert next(world.live(NOW_MS)) != next(world.live(NOW_MS + 1))


def test_the_live_stream_does_not_depend_on_the_process() -> None:
    """Sets and hashes differ from process to process; the story may not."""
    own = "".join(event_to_json(event) for event in islice(World(7).live(NOW_MS), 3000))
    environment = os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    run = [sys.executable, "-c", PRINTS_A_DIGEST]
    other = subprocess.run(run, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert other.stdout.strip() == hashlib.sha256(own.encode()).hexdigest()


def test_live_events_come_in_order_with_unique_ids(first_hour: list[Event]) -> None:
    times = [event.at_ms for event in first_hour]
    assert times == sorted(times)
    assert times[0] >= NOW_MS
    ids = [event.source_id for event in first_hour]
    assert None not in ids
    assert len(set(ids)) == len(ids)


def test_a_raid_and_a_hype_come_within_the_first_three_minutes(first_hour: list[Event]) -> None:
    raids = [event for event in first_hour if event.kind is Kind.RAID]
    assert raids[0].at_ms - NOW_MS < 2 * MINUTE_MS
    minutes = _per_minute(first_hour, Platform.TWITCH)
    assert max(minutes[1:4]) > 2.5 * sorted(minutes)[len(minutes) // 2]


def test_hype_comes_back_every_few_minutes_and_goes_again(first_hour: list[Event]) -> None:
    minutes = _per_minute(first_hour, Platform.TWITCH)
    usual = sorted(minutes)[len(minutes) // 2]
    loud = [minute for minute, count in enumerate(minutes) if count > 1.8 * usual]
    moments = [minute for minute in loud if minute - 1 not in loud]
    assert 5 <= len(moments) <= 12
    assert all(later - earlier <= 14 for earlier, later in pairwise(moments))


def test_the_word_of_the_moment_is_on_everybodys_lips(first_hour: list[Event]) -> None:
    start = NOW_MS + 135 * SECOND_MS
    said = [event.text for event in first_hour if event.kind is Kind.CHAT and start <= event.at_ms < start + MINUTE_MS]
    assert sum("clutch" in text.lower() for text in said) >= 60


def test_the_live_stream_is_lively_but_readable(first_hour: list[Event]) -> None:
    twitch, tiktok = (sorted(_per_minute(first_hour, platform)) for platform in (Platform.TWITCH, Platform.TIKTOK))
    assert 35 <= twitch[30] <= 60
    assert 9 <= tiktok[30] <= 22
    assert 60 <= (sum(twitch) + sum(tiktok)) / 60 <= 100
    assert twitch[0] > 10


def test_gifts_come_every_few_seconds_and_subs_every_twenty(first_hour: list[Event]) -> None:
    def mean_seconds(*kinds: Kind) -> float:
        return 3600 / sum(event.kind in kinds for event in first_hour)

    gifts = {event.extra.get("streak", event.source_id) for event in first_hour if event.kind is Kind.GIFT}
    assert 3 <= 3600 / len(gifts) <= 8
    assert 10 <= mean_seconds(Kind.SUB, Kind.RESUB, Kind.SUBGIFT) <= 30
    assert 15 <= mean_seconds(Kind.VIEWERS) <= 25


def test_the_first_half_minute_has_something_for_every_widget(first_hour: list[Event]) -> None:
    at_once = [event for event in first_hour if event.at_ms < NOW_MS + 30 * SECOND_MS]
    kinds = {event.kind for event in at_once}
    assert {Kind.CHAT, Kind.GIFT, Kind.LIKE, Kind.VIEWERS, Kind.SUB} - kinds <= {Kind.SUB}
    assert kinds & {Kind.SUB, Kind.RESUB}
    assert any(event.kind is Kind.CHAT and event.amount for event in at_once)


def test_the_spammer_is_removed_and_nobody_else_is_timed_out(first_hour: list[Event]) -> None:
    said = {event.source_id: event for event in first_hour if event.kind is Kind.CHAT}
    deletions = [event for event in first_hour if event.kind is Kind.DELETE]
    timeouts = [event for event in first_hour if event.kind is Kind.TIMEOUT]
    assert deletions and timeouts
    for deletion in deletions:
        assert said[deletion.extra["target"]].who == deletion.who
        assert 0 < deletion.at_ms - said[deletion.extra["target"]].at_ms < 10 * SECOND_MS
    for timeout in timeouts:
        assert any(".example" in event.text for event in said.values() if event.who == timeout.who)


def test_replies_name_whom_they_answer(first_hour: list[Event]) -> None:
    replies = [event for event in first_hour if event.marks & Mark.REPLY]
    logins = {event.who.login for event in first_hour if event.who}
    assert replies
    for reply in replies:
        assert reply.extra["reply_to"] in logins
        assert reply.text.startswith("@")


def test_emotes_stand_in_the_text_and_never_on_tiktok(first_hour: list[Event]) -> None:
    with_emotes = [event for event in first_hour if event.extra.get("emotes")]
    assert len(with_emotes) > 100
    for event in with_emotes:
        assert event.platform is Platform.TWITCH
        assert [word for word in event.text.split() if word in event.extra["emotes"]] == event.extra["emotes"]


def test_no_slot_is_left_open_and_no_line_is_long(first_hour: list[Event]) -> None:
    texts = [event.text for event in first_hour if event.kind is Kind.CHAT]
    texts += [event.text for event in first_hour if event.kind is Kind.RESUB and event.text]
    assert all("{" not in text and "}" not in text for text in texts)
    assert all(text.strip() == text != "" for text in texts)
    assert max(map(len, texts)) <= 160


def test_chat_is_varied(first_hour: list[Event]) -> None:
    """Outside of hype nobody reads the same line twice in a row."""
    calm = [event.text for event in first_hour if event.kind is Kind.CHAT and event.platform is Platform.TWITCH]
    calm = calm[-600:]
    assert len(set(calm)) / len(calm) > 0.55


def test_rate_multiplies_what_happens(world: World) -> None:
    def chats(rate: float) -> int:
        events = islice(world.live(NOW_MS, rate=rate), 20_000)
        return sum(e.kind is Kind.CHAT for e in events if e.at_ms < NOW_MS + MINUTE_MS)

    assert 2 * chats(1.0) < chats(4.0)


def test_past_streams_are_four_or_five_evenings_a_week(world: World) -> None:
    plans = world.past_plans(now_ms=NOW_MS, days=30, zone=BERLIN)
    past, running = plans[:-1], plans[-1]
    assert 15 <= len(past) <= 23
    for plan in past:
        assert plan.end_ms is not None
        assert 18 <= datetime.fromtimestamp(plan.start_ms / 1000, BERLIN).hour <= 20
        assert 2 * HOUR_MS <= plan.end_ms - plan.start_ms <= 4 * HOUR_MS
    assert all(a.end_ms is not None and a.end_ms < b.start_ms for a, b in pairwise(plans))
    assert running.end_ms is None
    assert 90 * MINUTE_MS <= NOW_MS - running.start_ms <= 110 * MINUTE_MS


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Apia"])
def test_evenings_are_those_of_the_zone(world: World, zone: str) -> None:
    plans = world.past_plans(now_ms=NOW_MS, days=30, zone=ZoneInfo(zone))
    assert {datetime.fromtimestamp(plan.start_ms / 1000, ZoneInfo(zone)).hour for plan in plans[:-1]} <= {18, 19, 20}


def test_tomorrow_the_past_streams_are_still_where_they_were(world: World) -> None:
    today = {p.start_ms for p in world.past_plans(now_ms=NOW_MS, days=30, zone=BERLIN)[:-1]}
    tomorrow = {p.start_ms for p in world.past_plans(now_ms=NOW_MS + DAY_MS, days=31, zone=BERLIN)[:-1]}
    assert today <= tomorrow
