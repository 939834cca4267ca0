"""The voice room over real WebSockets: who gets in, who hears what, and what hostile clients can do: nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.processes import Program, wait_until
from tests.web.cast import PASS_PHRASE, add_account, browser, remove_account
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, Stage
from tests.web.sockets import listening
from tests.web.test_socket_access import frame
from tests.web.voices import line, new_id, present, voice


@pytest.fixture(scope="module")
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    with closing(browser(locked_stage)) as client:
        yield client


# --- what an unmodified PeerJS client asks ---


def test_an_id_is_plain_text_and_new_each_time(client):
    answer = client.get("/peerjs/peerjs/id?ts=1700&version=1.5.5")
    assert answer.headers["content-type"].startswith("text/plain")
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{24}", answer.text)
    assert new_id(client) != answer.text
    assert client.get("/peerjs/other/id").status_code == 404
    assert client.get("/peerjs/other/peers").status_code == 404


def test_everybody_present_is_told_by_name_in_the_order_of_their_coming(client):
    with voice(client) as first, voice(client) as second:
        told = client.get("/peerjs/peers").json()
        assert [peer["id"] for peer in told["peers"]] == [first.id, second.id]
        assert [peer["name"] for peer in told["peers"]] == ["admin", "admin"]
        assert told["peers"][0]["joined_at"] <= told["peers"][1]["joined_at"]
        assert client.get("/peerjs/peerjs/peers").json() == [first.id, second.id]
    assert client.get("/peerjs/peers").json()["peers"] == []


def test_signals_reach_the_one_they_are_for_and_say_who_sent_them(client):
    with voice(client) as mila, voice(client) as sam, voice(client) as other:
        mila.offer(sam.id)
        heard = sam.hear()
        assert (heard["type"], heard["src"], heard["dst"]) == ("OFFER", mila.id, sam.id)
        sam.send("ANSWER", mila.id, {"type": "media", "connectionId": "mc_1", "sdp": {"sdp": "v=0"}})
        assert mila.hear()["type"] == "ANSWER"
        sam.send("CANDIDATE", mila.id, {"type": "media", "connectionId": "mc_1", "candidate": {"candidate": "x"}})
        assert mila.hear()["payload"]["candidate"] == {"candidate": "x"}
        sam.send("LEAVE", mila.id)
        assert mila.hear() == {"type": "LEAVE", "src": sam.id, "dst": mila.id}
        assert other.hears_nothing(0.1)


def test_nobody_can_speak_for_another(client):
    with voice(client) as mila, voice(client) as sam:
        told = {"type": "OFFER", "src": "somebody", "dst": sam.id}
        mila.send_raw(json.dumps(told | {"payload": {"type": "media", "connectionId": "c", "sdp": {}}}))
        assert sam.hear()["src"] == mila.id


def test_an_offer_waits_for_who_is_late_and_comes_in_order(client):
    late = new_id(client)
    with voice(client) as mila:
        mila.offer(late)
        mila.send("CANDIDATE", late, {"type": "media", "connectionId": "mc_1", "candidate": {}})
        mila.send("HEARTBEAT")
        with voice(client, peer_id=late) as sam:
            assert [sam.hear()["type"] for _ in range(2)] == ["OFFER", "CANDIDATE"]
        assert mila.hear() == {"type": "LEAVE", "src": late, "dst": mila.id}, "it came, so nothing expired"


def test_who_leaves_is_told_of_at_once(client):
    with voice(client) as mila:
        with voice(client) as sam:
            sam.send("LEAVE")
            assert mila.hear() == {"type": "LEAVE", "src": sam.id, "dst": mila.id}
            assert present(client) == [mila.id]
        with voice(client) as sam:
            pass  # closes its WebSocket as PeerJS does
        assert mila.hear() == {"type": "LEAVE", "src": sam.id, "dst": mila.id}


def test_whose_line_breaks_comes_back_without_anybody_noticing(client):
    back = new_id(client)
    with voice(client) as mila:
        with line(client, back) as broken:
            assert broken.hear() == {"type": "OPEN"}
            broken.vanish()
        with voice(client, peer_id=back) as again:
            mila.offer(back)
            assert again.hear()["type"] == "OFFER"
            assert present(client) == [mila.id, back]
        assert mila.hear()["type"] == "LEAVE", "the first they hear is the farewell"


def test_a_second_line_of_the_same_tab_replaces_the_first(client):
    with voice(client) as mila, voice(client) as old, voice(client, peer_id=old.id) as new:
        assert old.is_hung_up_on() == ""
        mila.offer(new.id)
        assert new.hear()["src"] == mila.id
        assert present(client) == [mila.id, new.id]


# --- who gets in ---


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"Bearer {API_TOKEN}"},
        {"Authorization": "Bearer wrong"},
        {"Cookie": "streampulse=eyJ1c2VyIjoiYWRtaW4ifQ.x.y"},
    ],
)
def test_who_has_not_logged_in_as_a_person_is_refused(locked_stage, owner, headers):
    peer_id = new_id(owner)
    with (
        locked_stage.client() as stranger,
        pytest.raises(InvalidStatus) as refusal,
        line(stranger, peer_id, headers=headers),
    ):
        pass
    assert refusal.value.response.status_code == (409 if API_TOKEN in str(headers) else 401)
    assert present(owner) == []


def test_an_overlay_has_no_voice(locked_stage, owner):
    peer_id = new_id(owner)
    with (
        locked_stage.client() as overlay,
        pytest.raises(InvalidStatus) as refusal,
        line(overlay, peer_id, token=OVERLAY_TOKEN),
    ):
        pass
    assert refusal.value.response.status_code == 403


def test_a_page_of_another_site_cannot_use_the_session(owner):
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        with pytest.raises(InvalidStatus) as refusal, line(owner, new_id(owner), headers=headers):
            pass
        assert refusal.value.response.status_code == 403
    with voice(owner, headers={"Origin": str(owner.base_url).rstrip("/")}):
        pass


@pytest.fixture(scope="module")
def team(locked_stage: Stage) -> Iterator[dict[str, httpx.Client]]:
    """One person of each role, logged in."""
    roles = ("moderator", "read-only")
    with ExitStack() as stack:
        for role in roles:
            stack.callback(remove_account, locked_stage, add_account(locked_stage, f"voice-{role}", role))
        yield {
            role: stack.enter_context(closing(browser(locked_stage, f"voice-{role}", PASS_PHRASE))) for role in roles
        }


def test_everybody_may_talk_whatever_their_role_and_is_told_by_name(owner, team):
    with voice(owner) as boss, voice(team["moderator"]) as helper, voice(team["read-only"]) as guest:
        told = team["read-only"].get("/peerjs/peers").json()["peers"]
        expected = [(boss.id, "admin"), (helper.id, "voice-moderator"), (guest.id, "voice-read-only")]
        assert [(peer["id"], peer["name"]) for peer in told] == expected
        guest.offer(boss.id)
        assert boss.hear()["src"] == guest.id


def test_an_id_of_another_account_is_taken_whatever_the_role(owner, team):
    for thief in (owner, team["read-only"]):
        with locked_out(thief, new_id(team["moderator"])) as words:
            assert words == "ID-TAKEN"


@pytest.mark.parametrize("how", ["the account is removed", "signed out everywhere"])
def test_whoever_may_no_longer_come_in_leaves(locked_stage, owner, how):
    account_id = add_account(locked_stage, "voice-former", "moderator")
    with closing(browser(locked_stage, "voice-former", PASS_PHRASE)) as former, voice(owner) as boss:
        with line(former, new_id(former)) as leaving:
            assert leaving.hear() == {"type": "OPEN"}
            if how == "signed out everywhere":
                former.post("/api/accounts/me/sign-out").raise_for_status()
            else:
                remove_account(locked_stage, account_id)
            assert leaving.is_hung_up_on() == "The server hangs up: this session has ended"
            assert boss.hear() == {"type": "LEAVE", "src": leaving.id, "dst": boss.id}
        if how == "signed out everywhere":
            remove_account(locked_stage, account_id)


def test_nobody_mutes_another(locked_stage, owner, team):
    cookie = {"Cookie": f"streampulse={team['moderator'].cookies['streampulse']}"}
    with voice(owner) as boss, listening(locked_stage.web.url, subscribe=False, headers=cookie) as helper:
        answer = helper.client.call("voice:mute", {"id": boss.id, "muted": True}, timeout=5)
        assert answer == {"success": False, "error": "this is somebody else's voice"}
        for wanted in (None, [], {}, {"id": boss.id}, {"id": 7, "muted": True}, {"id": "x" * 65, "muted": True}):
            assert helper.client.call("voice:mute", wanted, timeout=5) == {"success": False, "error": "say {id, muted}"}
        assert owner.get("/peerjs/peers").json()["peers"][0]["muted"] is False


@pytest.mark.parametrize("peer_id", ["lena", "admin", "0" * 16 + "-" + "0" * 24, "x" * 5_000, "ü", "a b", "-"])
def test_an_id_that_somebody_made_up_is_taken(client, peer_id):
    with locked_out(client, peer_id) as words:
        assert words == "ID-TAKEN"


def test_somebody_s_seat_cannot_be_taken(client):
    with voice(client) as mila:
        with locked_out(client, mila.id, token="another") as words:
            assert words == "ID-TAKEN"
        assert present(client) == [mila.id]
        mila.send("HEARTBEAT")
        assert mila.hears_nothing(0.1)


@pytest.mark.parametrize("missing", ["key", "id", "token"])
def test_an_address_without_all_of_it_is_refused_in_peerserver_s_words(client, missing):
    with line(client, new_id(client), **{missing: ""}) as refused:
        expected = "No id, token, or key supplied to websocket server"
        assert refused.hear() == {"type": "ERROR", "payload": {"msg": expected}}
        assert refused.is_hung_up_on() == ""


def test_another_key_is_refused_in_peerserver_s_words(client):
    with line(client, new_id(client), key="other") as refused:
        assert refused.is_hung_up_on() == "Invalid key provided"
    with line(client, new_id(client), token="x" * 65) as refused:
        assert refused.is_hung_up_on() == "Invalid token provided"


def test_a_room_with_everybody_in_it_is_full(client):
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(voice(client))
        with line(client, new_id(client)) as refused:
            assert refused.is_hung_up_on() == "admin is in the voice room 12 times already"


class locked_out:
    """What the server says to somebody who is not let in, and that it hangs up."""

    def __init__(self, client: httpx.Client, peer_id: str, **options: str) -> None:
        self._line = line(client, peer_id, **options)

    def __enter__(self) -> str:
        refused = self._line.__enter__()
        kind = refused.hear()["type"]
        assert refused.is_hung_up_on() == ""
        return str(kind)

    def __exit__(self, *error: object) -> None:
        self._line.__exit__(*error)  # type: ignore[arg-type]


# --- what hostile clients can do ---

SIGNAL = {"type": "OFFER", "payload": {"type": "media", "connectionId": "c", "sdp": {}}}


@pytest.mark.parametrize(
    "sent",
    [
        *("", "no JSON", "[]", "{}", '{"type":"OPEN"}', "[" * 60_000, b"\xff\xfe\xfd", '{"type":"OFFER"}'),
        json.dumps(SIGNAL | {"dst": "x" * 65}),
        json.dumps(SIGNAL | {"dst": "x", "payload": None}),
    ],
    ids=lambda sent: repr(sent)[:30],
)
def test_who_sends_garbage_is_hung_up_on_and_nobody_else_notices(stage, client, sent):
    with voice(client) as mila, voice(client) as sam, voice(client) as hostile:
        hostile.send_raw(sent)
        assert hostile.is_hung_up_on().startswith("The server hangs up: ")
        for one in (mila, sam):
            assert one.hear()["src"] == hostile.id
        mila.offer(sam.id)
        assert sam.hear()["src"] == mila.id
        assert present(client) == [mila.id, sam.id]
    assert "Traceback" not in stage.web.log


@pytest.mark.parametrize("size", [64_001, 5_000_000])
def test_a_message_that_is_too_large_ends_the_line(stage, client, size):
    with voice(client) as mila, voice(client) as hostile:
        try:
            hostile.send_raw("x" * size)
            hostile.is_hung_up_on()
        except ConnectionClosed:
            pass
        assert mila.hear()["src"] == hostile.id
    assert "Traceback" not in stage.web.log


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(frame(b"\xff\xfe\xfd"), id="no UTF-8"),
        pytest.param(b"\xc1\x80\0\0\0\0", id="reserved bit"),
        pytest.param(b"\x83\x80\0\0\0\0", id="unknown opcode"),
        pytest.param(frame(b"x", 8), id="half a close code"),
        pytest.param(b"no frame at all", id="no frame"),
        pytest.param(b"\x81\x05hello", id="not masked"),
    ],
)
def test_what_is_no_websocket_ends_the_line(stage, client, sent):
    with voice(client) as mila, voice(client) as hostile:
        hostile.send_bytes(sent)
        hostile.is_hung_up_on()
        assert mila.hear()["src"] == hostile.id
    assert "Traceback" not in stage.web.log


def test_a_flood_is_hung_up_on_while_others_talk_on(stage, client):
    with voice(client) as mila, voice(client) as sam, voice(client) as hostile:
        try:
            for _ in range(5_000):
                hostile.send("HEARTBEAT")
            hostile.is_hung_up_on()
        except ConnectionClosed:
            pass
        mila.offer(sam.id)
        assert sam.hear_kind("OFFER")["src"] == mila.id
        wait_until(lambda: hostile.id not in present(client), "the flood's seat is free")
    assert "Traceback" not in stage.web.log


def test_who_stops_reading_is_let_go_while_others_talk_on(stage, client):
    payload = {"type": "media", "connectionId": "c", "candidate": {"candidate": "x" * 60_000}}
    with ExitStack() as stack:
        sam = stack.enter_context(voice(client))
        lazy = stack.enter_context(voice(client, receive_buffer=4096))
        senders = [stack.enter_context(voice(client)) for _ in range(4)]
        for sender in senders:
            for _ in range(30):
                sender.send("CANDIDATE", lazy.id, payload)
            sender.offer(sam.id)
        assert {sam.hear_kind("OFFER")["src"] for _ in senders} == {sender.id for sender in senders}
        wait_until(lambda: lazy.id not in present(client), "the lazy one is let go")


# --- with time ---

HASTY = """
from dataclasses import replace
from web import voice_room
voice_room.LIMITS = replace(voice_room.LIMITS, heartbeat_seconds=2, away_seconds=0.5, offer_seconds=1)
voice_room.SWEEP_SECONDS = 0.1
"""


@pytest.fixture(scope="module")
def hasty(program: Program, new_database_url: Callable[[], str]) -> Iterator[httpx.Client]:
    """A room in which time is short."""
    with program.web(new_database_url(), changed=HASTY) as web, httpx.Client(base_url=web.url) as client:
        yield client


def test_who_is_silent_has_left_and_who_gives_a_sign_of_life_stays(hasty):
    def heard_of() -> bool:
        mila.send("HEARTBEAT")
        return present(hasty) == [mila.id]

    with voice(hasty) as mila, voice(hasty) as silent:
        wait_until(heard_of, "the silent one has left")
        assert mila.hear() == {"type": "LEAVE", "src": silent.id, "dst": mila.id}
        assert silent.is_hung_up_on() == ""


def test_whose_line_breaks_and_who_stays_away_has_left(hasty):
    with voice(hasty) as mila, voice(hasty) as gone:
        gone.vanish()
        assert mila.hear() == {"type": "LEAVE", "src": gone.id, "dst": mila.id}


def test_an_offer_for_nobody_expires_as_with_a_peerserver(hasty):
    nobody = new_id(hasty)
    with voice(hasty) as mila:
        mila.offer(nobody)
        mila.send("HEARTBEAT")
        assert mila.hear() == {"type": "EXPIRE", "src": nobody, "dst": mila.id}
