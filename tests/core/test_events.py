"""Events: their names, their marks, and the NDJSON of tapes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import (
    Event,
    Kind,
    Mark,
    Person,
    Platform,
    as_event_key,
    event_from_json,
    event_key,
    event_to_json,
    mark_names,
    picture_address,
    source_key,
)
from tests.hostile import AVATARS
from tests.support import LENA, NOON, NOVA, SAM, act, chat

texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
events = st.builds(
    Event,
    platform=st.sampled_from(Platform),
    channel=texts,
    kind=st.sampled_from(Kind),
    at_ms=st.integers(0, 2**53),
    source_id=st.none() | texts,
    who=st.none() | st.builds(Person, texts, texts, texts, texts),
    text=texts,
    amount=st.integers(-(2**63), 2**63 - 1),
    marks=st.integers(0, 2**12 - 1),
    extra=st.dictionaries(texts, values, max_size=3),
)


@given(events)
def test_an_event_comes_back_from_its_line_as_it_was(event: Event) -> None:
    line = event_to_json(event)
    assert "\n" not in line
    assert event_from_json(line) == event


def test_a_line_holds_only_what_there_is_to_tell() -> None:
    assert json.loads(event_to_json(act(Kind.CLEAR, source_id=None))) == {
        "platform": "twitch",
        "channel": "lena",
        "kind": "clear",
        "at_ms": NOON,
    }


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "5",
        "null",
        '"chat"',
        "{}",
        '{"platform":"irc","channel":"lena","kind":"chat","at_ms":1}',
        '{"platform":"twitch","channel":"lena","kind":"shout","at_ms":1}',
        '{"platform":"twitch","channel":"lena","kind":"chat","at_ms":"noon"}',
        '{"platform":"twitch","channel":"lena","kind":"chat"}',
        '{"platform":"twitch","channel":"lena","kind":"chat","at_ms":1,"who":"lena"}',
        '{"platform":"twitch","channel":"lena","kind":"chat","at_ms":1,"who":{"name":"Lena"}}',
        '{"platform":"twitch","channel":"lena","kind":"chat","at_ms":1,"amount":[]}',
    ],
)
def test_a_line_that_is_no_event_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):
        event_from_json(line)


def test_marks_are_told_by_name() -> None:
    assert mark_names(0) == []
    assert mark_names(Mark.MODERATOR | Mark.FIRST) == ["moderator", "first"]
    assert mark_names(2**12 - 1) == [mark.name.lower() for mark in Mark if mark.name]


def test_only_chat_of_the_channel_itself_counts_as_a_message() -> None:
    assert chat(NOVA).counts_as_message
    assert not chat(NOVA, marks=Mark.SHARED | Mark.SUBSCRIBER).counts_as_message
    assert not act(Kind.SUB, SAM, text="chat with a sub").counts_as_message


def test_the_numbers_that_are_stored_never_change() -> None:
    assert [kind.value for kind in Kind] == list(range(1, 20))
    assert [Kind.CHAT, Kind.DELETE, Kind.TIMEOUT, Kind.CLEAR, Kind.GIFT, Kind.LIVE_END] == [1, 8, 9, 10, 11, 19]
    assert [mark.value for mark in Mark] == [2**bit for bit in range(12)]


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        chat(LENA).text = "something else"  # type: ignore[misc]


def test_what_a_platform_tells_of_somebody_is_on_the_tape() -> None:
    about = {"bio": "hi 👋", "verified": True, "follower_count": 5, "following_count": 0}
    event = chat(Person("300", "nova", "Nova", about=about))
    who = event_from_json(event_to_json(event)).who
    assert who == event.who
    assert who is not None
    assert who.about == about


def test_who_is_told_of_in_other_words_is_the_same_person() -> None:
    assert Person("300", "nova", about={"bio": "hi"}) == Person("300", "nova")


@pytest.mark.parametrize("url", AVATARS)
def test_no_address_of_a_picture_is_one_that_a_browser_would_run(url: str) -> None:
    assert picture_address(url) == ""


def test_addresses_of_pictures_on_the_web_stay_as_they_are() -> None:
    assert picture_address("https://p16.example/a.webp?x=1") == "https://p16.example/a.webp?x=1"


@given(st.text())
def test_a_key_of_an_earlier_version_tells_the_one_that_its_event_has_now(message_id: str) -> None:
    before, now = source_key(message_id), event_key(message_id)
    assert before is not None
    assert now is not None
    assert -(2**47) <= now < 2**47
    assert as_event_key(before) == as_event_key(now) == now
