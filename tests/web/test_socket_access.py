"""Who may listen, under the same rules as over HTTP, and what a hostile client can do: nothing."""

from __future__ import annotations

import base64
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent.socket
import httpx
import pytest
from socketio.exceptions import ConnectionError as Refused

from core.events import SourceState
from tests.processes import wait_until
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, Stage
from tests.web.sockets import Listener, listening
from tests.web.test_patience import open_files
from web.wire import WholeSends


def clients(stage: Stage) -> int:
    return httpx.get(f"{stage.web.url}/health").json()["web"]["clients"]


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {},
        {"token": ""},
        {"token": "wrong"},
        {"token": None},
        {"token": 7},
        {"token": True},
        {"token": [OVERLAY_TOKEN]},
        {"token": {"token": OVERLAY_TOKEN}},
        {"token": "\ud800"},
        {"token": "\u0000"},
        {"token": "x" * 50_000},
        [OVERLAY_TOKEN],
        OVERLAY_TOKEN,
        {"TOKEN": OVERLAY_TOKEN},
    ],
    ids=lambda auth: repr(auth)[:30],
)
def test_without_a_valid_token_nobody_listens(locked_stage, auth):
    before = clients(locked_stage)
    with pytest.raises(Refused):
        Listener(locked_stage.web.url, auth=auth)
    assert clients(locked_stage) == before


@pytest.mark.parametrize("auth", ["", '{"token":"wrong"}', r'{"token":"\ud800"}', '{"token":7}', f'"{OVERLAY_TOKEN}"'])
def test_without_a_valid_token_nobody_listens_by_polling_either(locked_stage, auth):
    with locked_stage.client(params={"EIO": "4", "transport": "polling"}) as client:
        session = {"sid": re.search(r'"sid":"([^"]+)"', client.get("/socket.io/").text)[1]}
        assert client.post("/socket.io/", params=session, content=f"40{auth}").text == "OK"
        assert client.get("/socket.io/", params=session).text == '44{"message":"log in, or bring a valid token"}'
        client.post("/socket.io/", params=session, content='420["live:subscribe",{}]')
        client.post("/socket.io/", params=session, content="1")
    assert clients(locked_stage) == 0


def test_the_overlay_token_may_be_handed_over_or_stand_in_the_address(locked_stage):
    with listening(locked_stage.web.url, {"channel": "lena"}, auth={"token": OVERLAY_TOKEN}) as overlay:
        assert clients(locked_stage) == 1
        locked_stage.chat("lena", "seen on the stream")
        overlay.wait_until(lambda: "seen on the stream" in overlay.texts())
    with listening(f"{locked_stage.web.url}/?token={OVERLAY_TOKEN}", {"channel": "lena"}):
        pass
    wait_until(lambda: clients(locked_stage) == 0, "they have left")


def test_a_session_and_a_bearer_token_may_listen(locked_stage):
    with locked_stage.client(headers={"X-Forwarded-For": "203.0.113.90"}) as browser:
        browser.post("/login", data={"username": "admin", "password": PASSWORD})
        cookie = f"streampulse={browser.cookies['streampulse']}"
    with listening(locked_stage.web.url, headers={"Cookie": cookie}):
        pass
    with listening(locked_stage.web.url, headers={"Authorization": f"Bearer {API_TOKEN}"}):
        pass
    with pytest.raises(Refused):
        Listener(locked_stage.web.url, headers={"Cookie": cookie[:-3]})


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "http://["]
)
def test_a_page_of_another_site_cannot_listen(stage, transport, origin):
    with pytest.raises(Refused):
        Listener(stage.web.url, origin=origin, transport=transport)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_our_own_pages_can_listen(stage, transport):
    with listening(stage.web.url, origin=stage.web.url, transport=transport):
        pass


def test_who_polls_and_leaves_while_it_still_posts_has_left(stage, monkeypatch):
    with listening(stage.web.url, transport="polling") as page:
        send, posts = page.client.eio._send_request, threading.Event()

        def send_slowly(method, *arguments, **options):
            answer = send(method, *arguments, **options)
            if method == "POST":
                posts.set()
                time.sleep(0.3)
            return answer

        monkeypatch.setattr(page.client.eio, "_send_request", send_slowly)
        page.client.emit("live:subscribe", {})
        assert posts.wait(5)
    wait_until(lambda: clients(stage) == 0, "it has left", timeout=10)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-For": "127.0.0.1"}, {"Via": "1.1 proxy"}])
def test_without_a_password_only_this_machine_listens(stage, headers):
    with pytest.raises(Refused):
        Listener(stage.web.url, headers=headers)


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [1, 2],
        0,
        7,
        -1.5,
        True,
        False,
        "",
        "lena",
        {"after": "yesterday"},
        {"after": -1},
        {"after": 1.5},
        {"after": 2**63},
        {"after": 10**90},
        {"after": [1]},
        {"channel": 5},
        {"channel": ["lena"]},
        {"channel": "x" * 65},
        {"channel": {"$ne": None}},
        {"channel": "\ud800"},
        {"platform": "youtube"},
        {"platform": 1},
        {"channel": "nobody-has-heard-of"},
        {"channel": "'; DROP TABLE channels; --"},
        {"channel": "\u0000"},
    ],
    ids=lambda wanted: repr(wanted)[:30],
)
def test_a_bad_wish_is_answered_with_an_error_and_the_connection_lives_on(stage, wanted):
    stage.source("orderly")
    with listening(stage.web.url, subscribe=False) as page:
        answer = page.subscribe(wanted)
        assert answer.keys() == {"success", "error"}
        assert answer["success"] is False
        assert 3 < len(answer["error"]) < 300
        assert answer["error"][0].isalpha()
        assert page.subscribe({"channel": "orderly"})["success"] is True


def test_calls_that_nobody_expects_are_harmless(stage):
    before = len(stage.web.log)
    with listening(stage.web.url, subscribe=False) as page:
        page.client.emit("no-such-event", {"x": 1})
        page.client.emit("live:subscribe")
        assert page.client.call("live:subscribe", ({}, {}, "more"), timeout=5)["success"] is True
        page.client.emit("connect", {"token": "x"})
        page.client.emit("connect", ("x", 1, 2, 3))
        page.client.emit("disconnect")
        page.client.emit("disconnect", ("x", 1, 2, 3))
        wait_until(lambda: clients(stage) == 1, "it is still connected, and alone")
        page.client.emit("live:subscribe", b"\x00\xff" * 100)
        assert page.subscribe({})["success"] is True
    assert "Traceback" not in stage.web.log[before:]


def test_a_bad_wish_does_not_end_what_the_page_has_subscribed_to(stage):
    stage.source("faithful")
    with listening(stage.web.url, {"channel": "faithful"}) as page:
        assert page.subscribe({"channel": "nobody-at-all"})["success"] is False
        stage.chat("faithful", "still here")
        page.wait_until(page.chat)


def test_who_asks_for_a_channel_that_does_not_exist_disturbs_nobody(stage):
    stage.source("undisturbed")
    before = len(stage.web.log)
    with (
        listening(stage.web.url, subscribe=False) as hostile,
        listening(stage.web.url, {"channel": "undisturbed"}) as page,
    ):
        assert hostile.subscribe({"channel": "does-not-exist"})["success"] is False
        page.forget()
        stage.source("undisturbed", SourceState.WAITING, "lost")
        page.wait_for("sources")
        stage.source("undisturbed")
        stage.chat("undisturbed", "hello")
        page.wait_for("stats", lambda push: push["total_messages"] == 1, timeout=3)
    assert stage.web.log[before:] == ""


# --- on the wire ---


@contextmanager
def raw_websocket(stage: Stage) -> Iterator[socket.socket]:
    """A WebSocket whose client side is up to the test, after the handshake of engine.io."""
    with socket.create_connection(("127.0.0.1", stage.web.port), timeout=10) as connection:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            f"Host: 127.0.0.1:{stage.web.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        received = b""
        while b'"sid"' not in received:
            received += connection.recv(4096)
        assert b"101 Switching Protocols" in received
        yield connection


def frame(text: bytes, opcode: int = 1) -> bytes:
    """A masked WebSocket frame, as clients send them."""
    size = len(text)
    length = bytes([0x80 | size]) if size < 126 else b"\xff" + size.to_bytes(8)
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + text


def test_a_message_without_end_is_cut_off(stage):
    announced = b"\x81\xff" + (2**40).to_bytes(8) + b"\0\0\0\0"
    with raw_websocket(stage) as hostile, pytest.raises(OSError, match=r"pipe|reset"):
        hostile.sendall(announced)
        for _ in range(200):
            hostile.sendall(b"x" * 1_000_000)
    assert "Traceback" not in stage.web.log


@pytest.mark.parametrize("missing", ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Connection"])
def test_half_an_upgrade_is_refused(stage, missing):
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode()}
    del headers[missing]
    before = len(stage.web.log)
    answer = httpx.get(f"{stage.web.url}/socket.io/?EIO=4&transport=websocket", headers=headers)
    assert answer.status_code == 400
    assert "Traceback" not in stage.web.log[before:]


@pytest.mark.parametrize(
    "sent",
    [
        frame(b'42["live:subscribe",' + b"[" * 40_000 + b"]" * 40_000 + b"]"),
        frame(b'40{"token":' + b"[" * 45_000),
        frame(b"42" + b"x" * 150_000),
        frame(b'421["live:subscribe",{"after":' + b"9" * 9_000 + b"}]"),
        frame(b"42[1,2,3]"),
        frame(b"42{}"),
        frame(b'421234567890123456789012345678901234567890["live:subscribe",{}]'),
        frame(b'451-["live:subscribe",{"_placeholder":true,"num":0}]'),
        frame(b'45999999999999-["live:subscribe"]'),
        frame(b'42/other,["live:subscribe",{}]'),
        frame(b"9999"),
        frame(b""),
        frame(b"\xff\xfe\xfd"),
        frame(b"bAAAA"),
        frame(b"\0" * 100, opcode=2),
        frame(b"x", opcode=5),
        b"\xff" * 200,
        b"GET / HTTP/1.1\r\n\r\n",
        frame(b"40") * 50,
        frame(b"2probe") + frame(b"5") * 20,
    ],
    ids=lambda sent: repr(sent[:30]),
)
def test_garbage_on_the_wire_disturbs_nobody(stage, sent):
    stage.source("wire")
    before = len(stage.web.log)
    with listening(stage.web.url, {"channel": "wire"}) as page, raw_websocket(stage) as hostile:
        hostile.sendall(frame(b"40"))
        hostile.sendall(sent)
        stage.chat("wire", "all is well")
        page.wait_until(lambda: "all is well" in page.texts())
    assert "Traceback" not in stage.web.log[before:], stage.web.log[before:]


def test_a_client_that_never_reads_disturbs_nobody(stage):
    stage.source("slow")
    with listening(stage.web.url, {"channel": "slow"}) as page, raw_websocket(stage) as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.sendall(frame(b"40") + frame(b'42["live:subscribe",{"channel":"slow"}]'))
        wait_until(lambda: clients(stage) == 2, f"both are connected, not {clients(stage)}")
        late = 0.0
        for number in range(20):
            text = f"{number} " + "x" * 450
            started = time.monotonic()
            stage.chat("slow", *[text] * 40)
            page.wait_until(lambda: text in page.texts())  # noqa: B023
            late = max(late, time.monotonic() - started)
        assert late < 2
        assert httpx.get(f"{stage.web.url}/api/stats", timeout=2).status_code == 200
    wait_until(lambda: clients(stage) == 0, "both have left", timeout=10)


def test_a_client_that_takes_nothing_for_long_is_given_up(monkeypatch):
    monkeypatch.setattr("web.wire.SEND_SECONDS", 0.05)
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs, pytest.raises(OSError, match="stopped reading"):
        WholeSends(ours).send(b"x" * 10_000_000)


def test_who_posts_too_much_and_polls_no_more_is_answered_and_leaves_nothing_open(stage):
    with stage.client(params={"EIO": "4", "transport": "polling"}, headers={"Connection": "close"}) as client:
        before = open_files(stage.web)
        for _ in range(10):
            session = {"sid": re.search(r'"sid":"([^"]+)"', client.get("/socket.io/").text)[1]}
            assert client.post("/socket.io/", params=session, content="x" * 101_000, timeout=10).status_code == 400
            assert client.get("/socket.io/", params=session).status_code == 400, "the session is over"

    def is_closed() -> bool:
        return open_files(stage.web) <= before

    wait_until(is_closed, "its files are closed", timeout=20)
    assert "Traceback" not in stage.web.log


def test_many_come_and_go_and_none_is_left_behind(stage):
    stage.source("gathering")
    pages: list[Listener] = [Listener(stage.web.url) for _ in range(20)]
    for page in pages:
        assert page.subscribe({"channel": "gathering"})["success"]
    assert clients(stage) == 20
    stage.chat("gathering", "hello all")
    for page in pages:
        page.wait_until(page.chat)
        page.close()
    wait_until(lambda: clients(stage) == 0, "all have left", timeout=10)
