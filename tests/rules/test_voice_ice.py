"""Which ICE servers people may use, and with which login."""

from __future__ import annotations

import pytest

from core.config import Settings
from rules.voice_ice import LOGIN_SECONDS, ice_servers

NOW_MS = 1_700_000_000_123
BOTH = "stun:turn.example.org, TURN:turn.example.org:3478?transport=udp,turns:[2001:db8::1]:5349?transport=tcp"


def settings(**values: str) -> Settings:
    return Settings.model_validate(values)


def test_nobody_s_servers_are_used_unless_they_are_set():
    assert ice_servers(settings(), "lena", NOW_MS) == []


def test_a_stun_server_needs_no_login():
    assert ice_servers(settings(ice_servers="stun:a:3478,stuns:b"), "lena", NOW_MS) == [
        {"urls": ["stun:a:3478", "stuns:b"]}
    ]


def test_a_login_that_never_changes_is_for_the_turn_server_alone():
    stun, turn = ice_servers(settings(ice_servers=BOTH, turn_username="u", turn_credential="p"), "lena", NOW_MS)
    assert stun == {"urls": ["stun:turn.example.org"]}
    assert turn["urls"] == ["turn:turn.example.org:3478?transport=udp", "turns:[2001:db8::1]:5349?transport=tcp"]
    assert (turn["username"], turn["credential"]) == ("u", "p")


def test_a_secret_makes_logins_as_coturn_does():
    (turn,) = ice_servers(settings(ice_servers="turn:a", turn_secret="north"), "lena", NOW_MS)
    assert turn["username"] == f"{1_700_000_000 + LOGIN_SECONDS}:lena"
    # echo -n 1700043200:lena | openssl dgst -sha1 -hmac north -binary | base64
    assert turn["credential"] == "G7Z5fd+TB8GguaeWAl291MwTBmY="
    assert "north" not in str(turn)


@pytest.mark.parametrize(
    "address",
    [
        *("turn.example.org", "http://a", "stun:", "stun:a b", "turn:a:port", "turn:u@a"),
        *("stun:a?transport=udp", "turn:a?transport=sctp"),
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ValueError, match="an address is"):
        settings(ice_servers=address, turn_secret="x")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ice_servers": "turn:a"}, "TURN_SECRET: a TURN server needs it"),
        ({"ice_servers": "turn:a", "turn_username": "u"}, "TURN_CREDENTIAL: the two belong together"),
        ({"turn_credential": "p"}, "TURN_USERNAME: the two belong together"),
        ({"turn_secret": "s", "turn_username": "u", "turn_credential": "p"}, "TURN_SECRET: this makes names"),
    ],
)
def test_a_turn_server_needs_one_login_and_a_whole_one(values, words):
    with pytest.raises(ValueError, match=words):
        settings(**values)
