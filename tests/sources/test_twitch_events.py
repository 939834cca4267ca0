"""What Twitch's lines mean: one test for each kind of line, as the real server writes it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Event, Kind, Mark, Person, Platform, event_from_json, event_to_json
from sources.irc import Line, parse_line
from sources.twitch_events import events_of
from tests.sources.twitch_server import clearchat, clearmsg, presence, privmsg, usernotice

NOW = 1_795_222_800_000
SENT = 1_795_222_777_649


def read(raw: str, own_login: str = "pulsebot") -> list[Event]:
    line = parse_line(raw)
    assert line is not None
    events = events_of(line, NOW, own_login)
    assert events is not None, "malformed"
    return list(events)


def read_one(raw: str) -> Event:
    (event,) = read(raw)
    return event


CHAT = (
    "@badge-info=subscriber/14;badges=moderator/1,subscriber/12,partner/1;client-nonce=459e3142897c7a22b7d275178f2259e0;"
    "color=#0D4200;display-name=Mila\\sM;emotes=25:0-4,12-16/1902:6-10;first-msg=0;flags=;"
    "id=b34ccfc7-4977-403a-8a94-33c6bac34fb8;mod=1;returning-chatter=0;room-id=1337;subscriber=1;"
    "tmi-sent-ts=1795222777649;turbo=0;user-id=4242;user-type=mod "
    ":mila!mila@mila.tmi.twitch.tv PRIVMSG #lena :Kappa Keepo Kappa"
)


def test_a_chat_message_carries_all_that_twitch_tells_of_it():
    assert read_one(CHAT) == Event(
        Platform.TWITCH,
        "lena",
        Kind.CHAT,
        SENT,
        "b34ccfc7-4977-403a-8a94-33c6bac34fb8",
        Person("4242", "mila", "Mila M"),
        "Kappa Keepo Kappa",
        0,
        Mark.MODERATOR | Mark.SUBSCRIBER | Mark.VERIFIED,
        {"emotes": ["Kappa", "Keepo", "Kappa"], "color": "#0D4200"},
    )


def test_a_bare_message_without_tags_is_chat_of_now():
    event = read_one(":Mila!mila@mila.tmi.twitch.tv PRIVMSG #Lena :hi")
    assert event == Event(Platform.TWITCH, "lena", Kind.CHAT, NOW, None, Person("", "mila"), "hi")


@pytest.mark.parametrize(
    ("tags", "marks"),
    [
        ({"badges": "broadcaster/1"}, Mark.BROADCASTER),
        ({"badges": "moderator/1"}, Mark.MODERATOR),
        ({"badges": "lead_moderator/1"}, Mark.MODERATOR),
        ({"badges": "vip/1,founder/0"}, Mark.VIP | Mark.SUBSCRIBER),
        ({"badges": "staff/1"}, Mark.STAFF),
        ({"badges": "glhf-pledge/1,unheard-of/7,"}, 0),
        ({"mod": "1"}, Mark.MODERATOR),
        ({"vip": "1"}, Mark.VIP),
        ({"subscriber": "1"}, Mark.SUBSCRIBER),
        ({"user-type": "global_mod"}, Mark.STAFF),
        ({"first-msg": "1"}, Mark.FIRST),
        ({"msg-id": "highlighted-message"}, Mark.HIGHLIGHTED),
        ({"reply-parent-msg-id": "x", "reply-parent-user-login": "Lena"}, Mark.REPLY),
    ],
)
def test_roles_and_flags_become_marks(tags, marks):
    assert read_one(privmsg("lena", "hi", **tags)).marks == marks


def test_a_reply_names_whom_it_answers():
    raw = privmsg("lena", "@Max yes", reply_parent_msg_id="x", reply_parent_user_login="max", reply_parent_msg_body="?")
    assert read_one(raw).extra["reply_to"] == "max"


def test_bits_are_the_amount():
    assert read_one(privmsg("lena", "Cheer100 well played", bits="100")).amount == 100


@pytest.mark.parametrize("bits", ["", "-5", "1e3", "²", "９", "99999999999999999999", "x"])
def test_bits_that_are_no_count_are_none(bits):
    assert read_one(privmsg("lena", "hm", bits=bits)).amount == 0


def test_me_loses_its_frame_and_emotes_are_counted_from_behind_it():
    event = read_one(privmsg("lena", "\x01ACTION waves Kappa\x01", emotes="25:6-10"))
    assert (event.text, event.marks, event.extra["emotes"]) == ("waves Kappa", Mark.ACTION, ["Kappa"])


@pytest.mark.parametrize(
    ("emotes", "names"),
    [
        ("25:0-4", ["Kappa"]),
        ("emotesv2_1a:6-7/25:0-4", ["Kappa", "😀x"]),
        ("25:0-99", []),
        ("25:4-0", []),
        ("25:-1-3", []),
        ("25:0", []),
        ("25:a-b,0-4", ["Kappa"]),
        ("::/,-,:", []),
        ("25:0-" + "9" * 5000, []),
    ],
)
def test_emote_positions_count_characters_and_bad_ones_are_skipped(emotes, names):
    assert read_one(privmsg("lena", "Kappa 😀x", emotes=emotes)).extra.get("emotes", []) == names


def test_a_message_of_another_channel_is_marked_shared_and_one_of_ours_is_not():
    theirs = read_one(privmsg("lena", "hi", room_id="1", source_room_id="2", source_id="y"))
    ours = read_one(privmsg("lena", "hi", room_id="1", source_room_id="1", source_id="y"))
    assert theirs.marks == Mark.SHARED and theirs.extra["shared_from"] == "2"
    assert not theirs.counts_as_message
    assert ours.marks == 0 and "shared_from" not in ours.extra


def test_an_announcement_is_chat_with_a_mark():
    raw = usernotice("lena", "announcement", "max", "Raid in 5", badges="moderator/1", msg_param_color="PRIMARY")
    event = read_one(raw)
    assert (event.kind, event.text) == (Kind.CHAT, "Raid in 5")
    assert event.marks == Mark.ANNOUNCEMENT | Mark.MODERATOR


def test_what_a_person_wrote_with_a_watch_streak_is_chat():
    raw = usernotice("lena", "viewermilestone", text="ten in a row", msg_param_category="watch-streak")
    assert (read_one(raw).kind, read_one(raw).text, read_one(raw).marks) == (Kind.CHAT, "ten in a row", 0)
    assert read(usernotice("lena", "viewermilestone")) == []


def test_a_first_subscription():
    raw = (
        "@badge-info=subscriber/1;badges=subscriber/0;color=;display-name=Mila;emotes=;flags=;id=s1;login=mila;mod=0;"
        "msg-id=sub;msg-param-cumulative-months=1;msg-param-months=0;msg-param-multimonth-duration=1;"
        "msg-param-should-share-streak=0;msg-param-sub-plan-name=Channel\\sSubscription;msg-param-sub-plan=Prime;"
        "room-id=1337;subscriber=1;system-msg=Mila\\ssubscribed\\swith\\sPrime.;tmi-sent-ts=1795222777649;"
        "user-id=4242;user-type= :tmi.twitch.tv USERNOTICE #lena"
    )
    assert read_one(raw) == Event(
        Platform.TWITCH,
        "lena",
        Kind.SUB,
        SENT,
        "s1",
        Person("4242", "mila", "Mila"),
        "",
        1,
        Mark.SUBSCRIBER,
        {"plan": "Prime"},
    )


def test_a_resubscription_keeps_its_text_and_months():
    raw = usernotice(
        "lena",
        "resub",
        text="still here Kappa",
        emotes="25:11-15",
        msg_param_cumulative_months="14",
        msg_param_sub_plan="1000",
    )
    event = read_one(raw)
    assert (event.kind, event.text, event.amount) == (Kind.RESUB, "still here Kappa", 14)
    assert event.extra == {"plan": "1000", "emotes": ["Kappa"], "color": "#0D4200"}


GIFT = {
    "msg_param_recipient_id": "77",
    "msg_param_recipient_user_name": "Tom",
    "msg_param_sub_plan": "2000",
    "msg_param_gift_months": "1",
    "msg_param_months": "9",
    "msg_param_origin_id": "o-1",
}


def test_a_gift_subscription_is_one_gift_of_the_giver():
    event = read_one(usernotice("lena", "subgift", "max", **GIFT))
    assert (event.kind, event.amount) == (Kind.SUBGIFT, 1)
    assert event.who is not None and event.who.login == "max"
    assert {"recipient": "tom", "recipient_id": "77", "plan": "2000", "origin": "o-1", "months": 1}.items() <= (
        event.extra.items()
    )


def test_a_mass_gift_counts_by_its_single_gifts_only():
    lines = [usernotice("lena", "submysterygift", "max", msg_param_mass_gift_count="3", msg_param_origin_id="o-1")]
    lines += [usernotice("lena", "subgift", "max", **GIFT) for _ in range(3)]
    events = [event for line in lines for event in read(line)]
    assert [(event.kind, event.amount, event.extra["origin"]) for event in events] == [(Kind.SUBGIFT, 1, "o-1")] * 3


@pytest.mark.parametrize(("msg_id", "login"), [("subgift", "ananonymousgifter"), ("anonsubgift", "twitch")])
def test_an_anonymous_gift_says_so(msg_id, login):
    event = read_one(usernotice("lena", msg_id, login, **GIFT))
    assert (event.kind, event.amount, event.extra["anonymous"]) == (Kind.SUBGIFT, 1, True)
    assert event.who == Person("", login)


def test_an_anonymous_cheer_has_its_bits_and_belongs_to_nobody():
    event = read_one(privmsg("lena", "Cheer100 well played", "ananonymouscheerer", bits="100"))
    assert (event.kind, event.amount, event.extra["anonymous"]) == (Kind.CHAT, 100, True)
    assert event.who == Person("", "ananonymouscheerer")


def test_what_a_known_giver_gives_is_not_anonymous():
    assert "anonymous" not in read_one(usernotice("lena", "subgift", "max", **GIFT)).extra
    assert "anonymous" not in read_one(privmsg("lena", "Cheer1", bits="1")).extra


@pytest.mark.parametrize("msg_id", ["primepaidupgrade", "giftpaidupgrade", "anongiftpaidupgrade"])
def test_who_goes_on_paying_has_subscribed(msg_id):
    event = read_one(usernotice("lena", msg_id, msg_param_sub_plan="1000", msg_param_sender_login="max"))
    assert (event.kind, event.amount, event.extra["plan"]) == (Kind.SUB, 1, "1000")


def test_a_raid_is_by_the_raider_and_counts_raiders():
    raw = usernotice(
        "lena", "raid", "max", msg_param_displayName="Max", msg_param_login="max", msg_param_viewerCount="321"
    )
    event = read_one(raw)
    assert (event.kind, event.amount) == (Kind.RAID, 321)
    assert event.who is not None and event.who.login == "max"


@pytest.mark.parametrize(
    "msg_id",
    ["sharedchatnotice", "submysterygift", "unraid", "rewardgift", "communitypayforward", "bitsbadgetier", "", "new"],
)
def test_other_notices_are_not_events(msg_id):
    assert read(usernotice("lena", msg_id, source_room_id="2", source_msg_id="sub")) == []


def test_an_announcement_made_in_a_shared_chat_is_not_ours():
    assert read(usernotice("lena", "sharedchatnotice", text="x", source_msg_id="announcement")) == []


@pytest.mark.parametrize(("command", "kind"), [("JOIN", Kind.JOIN), ("PART", Kind.PART)])
def test_coming_and_going_has_a_login_and_no_user_id(command, kind):
    event = read_one(presence("lena", command, "mila"))
    assert event == Event(Platform.TWITCH, "lena", kind, NOW, None, Person("", "mila"))


def test_the_names_in_a_channel_are_joins_without_our_own():
    events = read(":pulsebot.tmi.twitch.tv 353 pulsebot = #lena :mila Max pulsebot")
    assert [(event.kind, event.who) for event in events] == [(Kind.JOIN, Person("", n)) for n in ("mila", "max")]


def test_a_deleted_message_is_named_by_its_id():
    event = read_one(clearmsg("lena", "b34c-1", "mila"))
    assert (event.kind, event.source_id, event.extra) == (Kind.DELETE, "del:b34c-1", {"target": "b34c-1"})
    assert event.who == Person("", "mila")
    assert event.text == "", "what was deleted is not stored again"


def test_a_timeout_names_the_person_and_the_seconds():
    raw = (
        "@ban-duration=350;room-id=1337;target-user-id=4242;tmi-sent-ts=1795222777649 "
        ":tmi.twitch.tv CLEARCHAT #lena :mila"
    )
    source_id = "timeout:1337:4242:1795222777649"
    expected = Event(Platform.TWITCH, "lena", Kind.TIMEOUT, SENT, source_id, Person("4242", "mila"), amount=350)
    assert read_one(raw) == expected


def test_a_ban_is_a_timeout_for_ever():
    event = read_one(clearchat("lena", "mila"))
    assert (event.kind, event.amount) == (Kind.TIMEOUT, 0)


def test_a_wiped_chat_is_nobodys():
    event = read_one("@room-id=1337;tmi-sent-ts=1795222777649 :tmi.twitch.tv CLEARCHAT #lena")
    assert event == Event(Platform.TWITCH, "lena", Kind.CLEAR, SENT, "clear:1337:1795222777649")


@pytest.mark.parametrize(
    "raw",
    [
        privmsg("lena", "42 a minute", "pulsebot"),
        usernotice("lena", "sub", "PulseBot"),
        presence("lena", "JOIN", "pulsebot"),
        presence("lena", "PART", "pulsebot"),
        "@badges=;color=;display-name=pulsebot;mod=0 :tmi.twitch.tv USERSTATE #lena",
        "@badges=;color=;display-name=pulsebot;user-id=1 :tmi.twitch.tv GLOBALUSERSTATE",
        "@emote-only=0;room-id=1337 :tmi.twitch.tv ROOMSTATE #lena",
        ":mila!mila@mila.tmi.twitch.tv WHISPER pulsebot :psst",
        "@msg-id=slow_off :tmi.twitch.tv NOTICE #lena :This room is no longer in slow mode.",
        ":tmi.twitch.tv HOSTTARGET #lena :max 3",
        ":tmi.twitch.tv CAP * ACK :twitch.tv/tags",
    ],
)
def test_our_own_doings_and_the_servers_talk_are_not_events(raw):
    assert read(raw) == []


@pytest.mark.parametrize(
    "raw",
    [
        "PRIVMSG #lena :who?",
        ":tmi.twitch.tv PRIVMSG #lena :from nobody",
        ":mila!mila@x PRIVMSG #lena",
        ":mila!mila@x PRIVMSG lena :hi",
        ":tmi.twitch.tv USERNOTICE #lena",
        ":mila!mila@x JOIN",
        ":x 353 me = lena :a b",
        "@login=mila :tmi.twitch.tv CLEARMSG #lena :x",
        ":tmi.twitch.tv CLEARCHAT",
    ],
)
def test_a_malformed_line_is_told_from_one_that_is_none_of_ours(raw):
    line = parse_line(raw)
    assert line is not None
    assert events_of(line, NOW) is None


@pytest.mark.parametrize(
    "sent", ["", "0", "17952227776", "99999999999999", "179522277764x", "１７９５２２２７７７６４９"]
)
def test_a_time_that_cannot_be_is_now(sent):
    assert read_one(privmsg("lena", "hi", tmi_sent_ts=sent)).at_ms == NOW


@pytest.mark.parametrize(
    "text",
    [
        "chat is about to RECONNECT now",
        "hey PING me",
        ":fake!fake@fake.tmi.twitch.tv PRIVMSG #lena :forged",
        "x :tmi.twitch.tv CLEARCHAT #lena",
        "@id=1;bits=100 :fake!fake@fake PRIVMSG #lena :forged",
    ],
)
def test_typed_text_stays_text(text):
    event = read_one(privmsg("lena", text))
    assert (event.kind, event.text, event.amount) == (Kind.CHAT, text, 0)
    assert event.who is not None and event.who.login == "mila"


_NAMES = [
    *("badges", "bits", "color", "display-name", "emotes", "first-msg", "id", "login", "mod", "msg-id", "room-id"),
    *("source-room-id", "tmi-sent-ts", "user-id", "user-type", "target-msg-id", "ban-duration", "reply-parent-msg-id"),
    *("msg-param-viewerCount", "msg-param-cumulative-months", "msg-param-gift-months", "msg-param-sub-plan"),
]
_COMMANDS = ["PRIVMSG", "USERNOTICE", "JOIN", "PART", "353", "CLEARMSG", "CLEARCHAT", "NOTICE", "X"]
_VALUES = st.text(max_size=20) | st.sampled_from(["1", "sub", "raid", "subgift", "announcement", "25:0-4,1-1/x:2-2"])


@given(
    tags=st.dictionaries(st.sampled_from(_NAMES), _VALUES),
    prefix=st.text(max_size=8) | st.just("mila!mila@x"),
    command=st.sampled_from(_COMMANDS),
    params=st.lists(st.just("#lena") | st.just("\x01ACTION Kappa\x01") | st.text(max_size=20), max_size=5),
)
def test_no_tags_make_the_mapper_raise_and_every_event_survives_a_tape(tags, prefix, command, params):
    for event in events_of(Line(tags, prefix, command, params), NOW, "pulsebot") or ():
        assert event_from_json(event_to_json(event)) == event
        assert json.loads(event_to_json(event))["channel"] == event.channel
        assert 0 <= event.amount < 2**31
