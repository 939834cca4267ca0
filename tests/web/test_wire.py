"""Connections that turn into WebSockets: one open file each, and nothing that is sent gets lost or answered twice."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from tests.processes import WebProcess, wait_until
from tests.web.conftest import Stage
from tests.web.sockets import listening
from tests.web.test_socket_access import frame, raw_websocket
from tests.web.voices import new_id, voice

OF_ITS_OWN = 8  # files that come and go beside the connections: the database's, timers
MANY = 40
PATH = "/socket.io/?EIO=4&transport="
UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def open_files(web: WebProcess) -> int:
    return len(list(Path(f"/proc/{web.process.pid}/fd").iterdir()))


@contextmanager
def asked(stage: Stage, path: str, more: bytes = b"") -> Iterator[socket.socket]:
    """A wish for a WebSocket, and in the same packet ``more``."""
    with socket.create_connection(("127.0.0.1", stage.web.port), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{UPGRADE}\r\n".encode() + more)
        yield connection


def heard_until(connection: socket.socket, sign: bytes = b"") -> bytes:
    """Up to ``sign``, or without one until the server hangs up."""
    received = b""
    while not (sign and sign in received) and (got := connection.recv(65_536)):
        received += got
    assert sign in received
    return received


@pytest.mark.parametrize("kind", ["at once", "after polling"])
def test_each_websocket_is_one_open_file(stage: Stage, kind: str):
    transports = ["websocket"] if kind == "at once" else ["polling", "websocket"]
    with ExitStack() as first:  # what the process opens once stays open
        first.enter_context(listening(stage.web.url, transports=transports, subscribe=False))
    before = open_files(stage.web)
    with ExitStack() as pages:
        for _ in range(MANY):
            session = requests.Session()
            page = pages.enter_context(
                listening(stage.web.url, transports=transports, session=session, subscribe=False)
            )
            wait_until(lambda: page.client.transport() == "websocket", "it has a WebSocket")  # noqa: B023
            session.close()  # what it polled over
        wait_until(lambda: open_files(stage.web) <= before + MANY + OF_ITS_OWN, "one for each, and few besides", 10)
    wait_until(lambda: open_files(stage.web) <= before + OF_ITS_OWN, "all are closed", 10)


def test_each_line_of_the_voice_room_is_one_open_file(stage: Stage):
    with stage.client() as client:
        before = open_files(stage.web)
        with ExitStack() as room:
            lines = [room.enter_context(voice(client, peer_id=new_id(client))) for _ in range(6)]
            wait_until(lambda: open_files(stage.web) <= before + len(lines) + 3, "one for each, and few besides", 10)
        wait_until(lambda: open_files(stage.web) <= before + 3, "all are closed", 10)


def test_what_comes_along_with_the_wish_for_a_websocket_is_heard(stage: Stage):
    with asked(stage, PATH + "websocket", frame(b"40")) as connection:
        assert b" 101 " in heard_until(connection, b'40{"sid"')


def test_a_request_that_comes_along_is_not_read_as_one(stage: Stage):
    hidden = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with asked(stage, PATH + "websocket", hidden) as connection:
        assert heard_until(connection).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("said", [b"4nonsense", b"2probe"])
def test_a_websocket_that_no_polling_moves_to_ends_without_an_answer_of_http(stage: Stage, said: bytes):
    with stage.client() as client:
        session = re.search(r'"sid":"([^"]+)"', client.get(PATH + "polling").text)
        assert session
        with asked(stage, f"{PATH}websocket&sid={session[1]}") as connection:
            heard_until(connection, b"\r\n\r\n")
            connection.sendall(frame(said) + (frame(b"4nonsense") if said == b"2probe" else b""))
            assert b"HTTP" not in heard_until(connection)


def test_a_farewell_arrives_also_where_something_was_left_unread(stage: Stage):
    with raw_websocket(stage) as connection:
        connection.sendall(frame(b"", opcode=8) + bytes(10_000))
        assert heard_until(connection).endswith(b"\x88\x00")
