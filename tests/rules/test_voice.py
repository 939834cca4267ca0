"""Whose an id is, what a client may send, and how much."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.voice import Allowance, Garbage, Limits, Message, belongs_to, new_id, read_message

OFFER = {"type": "OFFER", "dst": "b", "payload": {"type": "media", "connectionId": "mc_1", "sdp": {"sdp": "v=0"}}}


def test_an_id_is_one_that_peerjs_accepts_and_no_two_are_alike():
    made = {new_id("lena", "secret") for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*", one) for one in made)  # PeerJS' own rule


@given(st.text(), st.text(), st.text(min_size=1))
def test_an_id_belongs_to_its_account_and_to_no_other(account, other, secret):
    made = new_id(account, secret)
    assert belongs_to(made, account, secret)
    assert belongs_to(made, other, secret) is (other == account)
    assert not belongs_to(made, account, secret + "!")


@pytest.mark.parametrize("peer_id", ["", "-", "lena", "abc-", "-abc", "abc-" + "0" * 24, "\ud800-\ud800", "ä-ä"])
def test_an_id_that_was_never_given_out_belongs_to_nobody(peer_id):
    assert not belongs_to(peer_id, "lena", "secret")


@pytest.mark.parametrize("kind", ["OFFER", "ANSWER", "CANDIDATE"])
def test_a_signal_is_passed_on_as_it_came_but_for_who_sent_it(kind):
    payload = {"type": "media", "connectionId": "mc_1", "sdp": {"sdp": "v=0\ud800"}, "candidate": {"x": 1}, "more": []}
    read = read_message(json.dumps({"type": kind, "src": "somebody else", "dst": "b", "payload": payload}), "a")
    assert json.loads(read.text()) == {"type": kind, "src": "a", "dst": "b", "payload": payload}


def test_signs_of_life_and_farewells_need_nobody_else():
    assert read_message('{"type":"HEARTBEAT"}', "a") == Message("HEARTBEAT", "a", "")
    assert read_message('{"type":"LEAVE"}', "a") == Message("LEAVE", "a", "")
    assert read_message('{"type":"LEAVE","dst":"b"}', "a") == Message("LEAVE", "a", "b")


def test_data_channels_of_peerjs_are_let_through():
    payload = {"type": "data", "connectionId": "dc_1", "serialization": "binary", "sdp": {}}
    assert read_message(json.dumps(OFFER | {"payload": payload}), "a").payload == payload


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "no JSON",
            "[]",
            "null",
            "7",
            '"OFFER"',
            "[" * 60_000,
            '{"a":' * 20_000,
            "\ud800",
            b"\xff\xfe",
            "9" * 5_000,
        ),
        *(
            '{"type":"HEARTBEAT","dst":NaN}',
            '{"type":"HEARTBEAT","x":1e999}',
            "{}",
            '{"type":null}',
            '{"type":["OFFER"]}',
        ),
        *('{"type":"OPEN"}', '{"type":"EXPIRE","dst":"b"}', '{"type":"ERROR","dst":"b","payload":{"msg":"x"}}'),
        *('{"type":"HEARTBEAT","dst":{}}', '{"type":"HEARTBEAT","dst":"' + "x" * 65 + '"}'),
        json.dumps(OFFER | {"dst": ""}),
        json.dumps({key: value for key, value in OFFER.items() if key != "dst"}),
        json.dumps(OFFER | {"payload": None}),
        json.dumps(OFFER | {"payload": {}}),
        json.dumps(OFFER | {"payload": [1]}),
        json.dumps(OFFER | {"payload": OFFER["payload"] | {"connectionId": 7}}),
        json.dumps(OFFER | {"payload": OFFER["payload"] | {"sdp": "v=0"}}),
        json.dumps(OFFER | {"payload": OFFER["payload"] | {"type": "video"}}),
        json.dumps(OFFER | {"payload": OFFER["payload"] | {"type": "data", "serialization": "eval"}}),
        json.dumps(OFFER | {"payload": OFFER["payload"] | {"type": "data"}}),
        json.dumps(OFFER | {"payload": OFFER["payload"] | {"type": "data", "serialization": []}}),
        json.dumps(OFFER | {"type": "CANDIDATE"}),
    ],
    ids=lambda text: repr(text)[:40],
)
def test_what_another_client_would_stumble_over_is_garbage(text):
    with pytest.raises(Garbage):
        read_message(text, "a")


WORDS = st.sampled_from(["type", "dst", "payload", "sdp", "connectionId"]) | st.text()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
)


@given(ANYTHING)
def test_whatever_is_sent_is_a_message_or_garbage(told):
    try:
        read = read_message(json.dumps(told), "a")
    except Garbage:
        return
    assert read.kind in {"HEARTBEAT", "LEAVE", "OFFER", "ANSWER", "CANDIDATE"}


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_so_much_a_second():
    clock, limits = Clock(), Limits(burst_messages=10, messages_per_second=2)
    allowance = Allowance(limits, clock)
    assert [allowance.covers(1) for _ in range(12)] == [True] * 10 + [False] * 2
    clock.now += 1
    assert [allowance.covers(1) for _ in range(3)] == [True, True, False]
    clock.now += 3600
    assert sum(allowance.covers(1) for _ in range(100)) == 10


def test_few_large_messages_count_as_many_small_ones():
    clock, limits = Clock(), Limits(burst_bytes=100, bytes_per_second=10)
    allowance = Allowance(limits, clock)
    assert [allowance.covers(60), allowance.covers(60), allowance.covers(40)] == [True, False, True]
    clock.now += 1
    assert [allowance.covers(11), allowance.covers(10)] == [False, True]


def test_joining_a_full_room_twice_in_a_row_is_within_the_bounds():
    limits = Limits()
    allowance = Allowance(limits, Clock())
    for _ in range(2 * (limits.seats - 1)):
        assert allowance.covers(10_000)  # an offer
        assert all(allowance.covers(400) for _ in range(20))  # its candidates
