"""What TikTok's messages mean, one by one: from protobuf to event, without a network."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import DAY_MS, HOUR_MS
from core.events import Event, Kind, Mark, Person, Platform, event_from_json, event_to_json
from sources.base import Backoff
from sources.tiktok_channel import ChannelReader, Recent, Shared
from sources.tiktok_connection import Patience
from sources.tiktok_events import WANTED, began_ms, moment_of
from sources.tiktok_gifts import GiftCatalogue, GiftInfo
from sources.tiktok_library import Addresses, library
from tests.sources.tiktok_server import (
    Message,
    comment,
    control,
    follow,
    gift,
    join,
    like,
    message,
    new_id,
    number_of,
    proto,
    share,
    subscribe,
    user,
    viewers,
)

NOW = 1_795_262_400_000


class Told:
    """A sink that is a list of events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def event(self, event: Event) -> None:
        self.events.append(event)

    def status(self, _status: object) -> None:
        return


def reader() -> tuple[ChannelReader, Told, Counter[str]]:
    """One in room 77 that gets messages from nobody but the test."""
    told, counters = Told(), Counter[str]()
    shared = Shared(library(), Addresses(), "", told, Patience(), counters, lambda event: None)
    made = ChannelReader("lena", shared, Backoff(), Backoff())
    made.entered("77")
    made.heard()
    told.events.clear()
    counters.clear()
    return made, told, counters


def events_of(*messages: Message) -> list[Event]:
    made, told, _ = reader()
    for one in messages:
        made.message(one.method, one.payload, one.msg_id)
    return told.events


def only(*messages: Message) -> Event:
    (event,) = events_of(*messages)
    return event


def person(**fields: Any) -> Person:
    who = only(comment("hi", user=user("mila", **fields))).who
    assert who
    return who


# --- people ---


def test_a_person_is_known_by_an_id_too_long_for_a_float_and_what_tiktok_shows_of_them():
    p = proto()
    who = person(
        id=7_123_456_789_012_345_679,
        display_id="Mila.Rose",
        nickname="Mila 🌹",
        bio_description="I paint",
        verified=True,
        follow_info=p.FollowInfo(follower_count=1200, following_count=34),
        avatar_thumb=p.ImageModel(url_list=["https://p16.example/a.webp", "https://p19.example/a.webp"]),
    )
    assert (who.user_id, who.login, who.name) == ("7123456789012345679", "mila.rose", "Mila 🌹")
    assert who.avatar == "https://p16.example/a.webp"
    assert dict(who.about) == {"bio": "I paint", "verified": True, "follower_count": 1200, "following_count": 34}


def test_what_tiktok_does_not_tell_of_a_person_is_no_news():
    who = person()
    assert (who.avatar, dict(who.about)) == ("", {})
    assert dict(person(follow_info=proto().FollowInfo()).about) == {}


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:image/svg+xml,<svg onload=x>",
        "//x",
        "",
        "HTTPS",
        "https://x/\n",
        "https://" + "x" * 9000,
    ],
)
def test_an_avatar_that_a_browser_must_not_fetch_is_none(url):
    assert person(avatar_thumb=proto().ImageModel(url_list=[url])).avatar == ""
    assert person(avatar_thumb=proto().ImageModel(url_list=[])).avatar == ""


def marks_of(one: Message) -> Mark:
    return Mark(only(one).marks)


def test_roles_come_from_the_identity_and_from_badges():
    p = proto()
    assert marks_of(comment("a")) == Mark(0)
    assert marks_of(comment("a", user_identity=p.UserIdentity(is_moderator_of_anchor=True))) == Mark.MODERATOR
    assert marks_of(comment("a", user_identity=p.UserIdentity(is_subscriber_of_anchor=True))) == Mark.SUBSCRIBER
    assert marks_of(comment("a", user_identity=p.UserIdentity(is_anchor=True))) == Mark.BROADCASTER
    assert marks_of(comment("a", "lena")) == Mark.BROADCASTER
    assert marks_of(comment("a", user=user("mila", verified=True))) == Mark.VERIFIED
    badges = [p.BadgeStruct(scene_type=number) for number in (1, 4, 8, 99)]
    assert marks_of(like(1, user=user("mila", badge_list=badges))) == Mark.MODERATOR | Mark.SUBSCRIBER
    extra = p.BadgeStruct(scene_type=7, privilege_log_extra=None)
    assert marks_of(join(user=user("mila", badge_list=[extra]))) == Mark.SUBSCRIBER


# --- kinds ---


def test_a_comment_is_chat_under_its_message_id():
    said = comment("hello  <b>you</b>")
    event = only(said)
    assert (event.kind, event.platform, event.channel) == (Kind.CHAT, Platform.TIKTOK, "lena")
    assert (event.text, event.source_id) == ("hello  <b>you</b>", str(said.msg_id))


def test_likes_tell_their_own_number_and_not_the_room_s():
    assert only(message("WebcastLikeMessage", user=user("mila"), count=15, total=90_000)).amount == 15
    assert only(like(0)).amount == 1
    assert only(like(-5)).amount == 1


def test_follows_and_shares_are_told_apart_and_other_social_messages_are_none():
    assert [event.kind for event in events_of(follow(), share())] == [Kind.FOLLOW, Kind.SHARE]
    assert events_of(message("WebcastSocialMessage", user=user("mila"), action=1)) == []
    assert events_of(message("WebcastSocialMessage", key="pm_mt_repost", user=user("mila"))) == []


def test_subscriptions_tell_their_months_and_reminders_are_none():
    assert (only(subscribe(months=7)).kind, only(subscribe(months=7)).amount) == (Kind.SUB, 7)
    assert only(subscribe(months=0)).amount == 1
    assert events_of(*[subscribe(message_type=number) for number in range(1, 15)]) == []
    assert (only(join(action=3)).kind, only(join(action=3)).amount) == (Kind.SUB, 1)


def test_viewer_counts_are_those_of_now():
    event = only(viewers(81))
    assert (event.kind, event.amount, event.who) == (Kind.VIEWERS, 81, None)
    assert only(viewers(-1)).amount == 0


def test_control_messages_tell_of_the_stream_and_unknown_ones_of_nothing():
    kinds = [event.kind for number in (0, 1, 2, 3, 4, 5, 99) for event in events_of(control(number))]
    assert kinds == [Kind.LIVE_PAUSE, Kind.LIVE_RESUME, Kind.LIVE_END, Kind.LIVE_END]


def test_what_moderators_take_back_is_told_message_by_message_and_person_by_person():
    one = message("WebcastImDeleteMessage", delete_msg_ids=[5, 6], delete_user_ids=[70])
    told = events_of(one)
    assert [(event.kind, event.source_id, dict(event.extra)) for event in told[:2]] == [
        (Kind.DELETE, "del:5", {"target": "5"}),
        (Kind.DELETE, "del:6", {"target": "6"}),
    ]
    assert told[2].kind is Kind.TIMEOUT
    assert told[2].who == Person("70", "")
    assert told[2].source_id == f"timeout:77:70:{one.msg_id}"


# --- times ---


@pytest.mark.parametrize(
    ("told", "msg_id", "at_ms"),
    [
        (NOW - 1234, 0, NOW - 1234),
        (NOW // 1000 - 5, 0, NOW - 5000),
        (0, (NOW // 1000 - 60) << 32, NOW - 60_000),
        (0, 0, NOW),
        (-5, -5, NOW),
        (NOW + DAY_MS, 0, NOW),
        (NOW - 30 * DAY_MS, 0, NOW),
        (2**63 - 1, 2**63 - 1, NOW),
        (NOW + 1000, 0, NOW + 1000),
    ],
)
def test_a_time_is_milliseconds_whatever_it_was_and_never_absurd(told, msg_id, at_ms):
    assert moment_of(told, msg_id, NOW) == at_ms


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_no_time_that_is_told_leads_far_from_now(told, msg_id):
    assert NOW - 7 * DAY_MS <= moment_of(told, msg_id, NOW) <= NOW + HOUR_MS


def test_a_room_s_id_tells_when_it_was_opened():
    room = str(((NOW // 1000 - 60) << 32) + 5)
    assert began_ms(room, NOW, HOUR_MS) == NOW - 60_000
    assert began_ms(room, NOW, 30_000) is None
    assert began_ms("77", NOW, HOUR_MS) == NOW
    assert began_ms("", NOW, HOUR_MS) == NOW


@pytest.mark.parametrize("room", ["²", "٣٤", "9" * 5_000, "-1", " 7", "1e9"])
def test_a_room_s_id_that_is_no_number_tells_nothing(room: str):
    assert began_ms(room, NOW, HOUR_MS) == NOW


# --- gifts ---


def test_a_tick_of_a_streak_tells_the_count_so_far_and_which_streak_it_is():
    event = only(gift(4, diamonds=10, group=1234567890123456789))
    assert (event.kind, event.amount) == (Kind.GIFT, 40)
    assert dict(event.extra) == {
        "gift_id": 5655,
        "name": "Rose",
        "quantity": 4,
        "diamonds": 10,
        "streak": "77:1234567890123456789",
        "ended": False,
    }
    assert only(gift(4, end=True, group=0)).extra["ended"] is True
    assert only(gift(4, end=True, group=0)).extra["streak"] == "77:0"


def test_a_gift_that_cannot_be_streaked_is_whole_at_once():
    event = only(gift(2, kind=2, name="Lion", diamonds=29_999, end=True))
    assert event.amount == 59_998
    assert dict(event.extra) == {"gift_id": 5655, "name": "Lion", "quantity": 2, "diamonds": 29_999}


def test_a_gift_named_by_id_only_is_known_from_the_one_before():
    _, second = events_of(gift(1, kind=2, name="Lion", diamonds=500), gift(3, bare=True))
    assert second.amount == 1500
    assert second.extra["name"] == "Lion"
    assert "streak" not in second.extra
    unknown = only(gift(3, bare=True, group=9))
    assert unknown.amount == 0
    assert (unknown.extra["name"], unknown.extra["quantity"], unknown.extra["streak"]) == ("", 3, "77:9")


def test_nonsense_counts_and_prices_cost_nobody_anything():
    assert only(gift(0)).extra["quantity"] == 1
    assert only(gift(-3)).extra["quantity"] == 1
    assert only(gift(2, diamonds=-7)).amount == 0


def test_the_catalogue_is_bounded_and_forgets_what_was_not_heard_of_for_longest():
    catalogue = GiftCatalogue(capacity=3)
    for number in range(3):
        catalogue.learn(number, GiftInfo(f"gift {number}", 1, 1))
    catalogue.learn(0, GiftInfo())
    catalogue.learn(3, GiftInfo("gift 3"))
    assert len(catalogue) == 3
    assert catalogue.get(1) is None
    assert catalogue.get(0) == GiftInfo("gift 0", 1, 1)


@pytest.mark.parametrize(
    "answer", [None, [], "x", {}, {"gifts": None}, {"gifts": {"a": 1}}, {"pages": [None, {}]}, {"pages": 5}]
)
def test_a_gift_list_that_is_none_teaches_nothing(answer):
    assert GiftCatalogue().learn_list(answer) == 0


def test_a_gift_list_may_come_in_pages():
    catalogue = GiftCatalogue()
    rose = {"id": 5655, "name": "Ro\0se", "diamond_count": 1, "type": 1}
    odd = {"id": 6, "name": 7, "diamond_count": "8", "type": None}
    assert catalogue.learn_list({"gifts": [rose], "pages": [{"gifts": [odd, {"name": "no id"}]}]}) == 2
    assert catalogue.get(5655) == GiftInfo("Rose", 1, 1)
    assert catalogue.get(6) == GiftInfo()


def test_what_was_seen_last_is_remembered_and_no_more():
    recent = Recent(3)
    for key in (1, 2, 3, 1, 4):
        recent.add(key)
    assert len(recent) == 3
    assert [recent.at(key) is not None for key in (1, 2, 3, 4)] == [True, False, True, True]


# --- whatever comes ---


def samples() -> list[Message]:
    rich = user(
        "mila",
        verified=True,
        avatar_thumb=proto().ImageModel(url_list=["https://x/y"]),
        follow_info=proto().FollowInfo(follower_count=5),
        badge_list=[proto().BadgeStruct(scene_type=1)],
    )
    return [
        comment("hello", user=rich),
        gift(3, user=rich, group=7),
        like(4, user=rich),
        follow(user=rich),
        join(user=rich),
        subscribe(user=rich),
        viewers(5),
        control(1),
        message("WebcastImDeleteMessage", delete_msg_ids=[5], delete_user_ids=[6]),
    ]


def test_the_samples_are_of_every_kind_of_message():
    assert {one.method for one in samples()} == set(WANTED)


@pytest.mark.parametrize("seed", range(4))
def test_no_payload_whatever_raises_and_each_is_an_event_or_counted(seed):
    dice = random.Random(seed)
    for one in samples():
        for _ in range(30):
            made, told, counters = reader()
            payload = bytearray(one.payload)
            for _ in range(dice.randint(1, 4)):
                payload[dice.randrange(len(payload))] = dice.randrange(256)
            if dice.random() < 0.3:
                del payload[dice.randrange(len(payload)) :]
            made.message(one.method, bytes(payload), new_id())
            assert counters["messages"] == 1
            skipped = counters["broken"] + counters["nameless"] + counters["duplicates"]
            assert skipped + bool(told.events) <= 1 or counters["broken"]
            for event in told.events:
                assert event_from_json(event_to_json(event)) == event  # plain values only
                assert isinstance(event.amount, int)
                assert "\0" not in event.text


@pytest.mark.parametrize("field", range(1, 60))
def test_a_field_of_the_wrong_type_is_skipped_or_survived(field):
    number, text = (
        bytes([(field << 3 & 0x7F) | 0x80, field >> 4, 5]),
        bytes([(field << 3 & 0x7F) | 0x82, field >> 4, 1, 5]),
    )
    for one in samples():
        for wrong in (number, text):
            made, told, counters = reader()
            made.message(one.method, one.payload + wrong, new_id())
            assert counters["messages"] == 1
            for event in told.events:
                assert event_from_json(event_to_json(event)) == event


def test_a_person_s_numbers_are_text_and_the_same_each_time():
    assert person().user_id == str(number_of("mila")) == person().user_id
