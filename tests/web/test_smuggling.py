"""What is no plain request is refused, and whatever follows it on the line is not read."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import httpx
import pytest

from tests.web.conftest import Stage
from tests.web.smuggling import ANSWER, answer_to, attacks

HIDDEN = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
ATTACKS = attacks("localhost", HIDDEN) | {
    "bare line feeds": b"GET /health HTTP/1.1\nHost: localhost\n\n" + HIDDEN,
    "HTTP/0.9": b"GET /health\r\n\r\n" + HIDDEN,
    "a wish for a WebSocket, with a body": b"POST /login HTTP/1.1\r\nHost: localhost\r\nUpgrade: other\r\n"
    b"Connection: upgrade\r\nContent-Length: 5\r\n\r\nhello" + HIDDEN,
    "a wish for a WebSocket, in chunks": b"POST /login HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: upgrade\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
}


def connect(stage: Stage) -> socket.socket:
    return socket.create_connection(("127.0.0.1", stage.web.port))


@pytest.mark.parametrize("name", ATTACKS)
def test_what_may_be_read_in_two_ways_is_not_read_at_all(stage: Stage, name: str, figure):
    with connect(stage) as connection:
        answer = answer_to(connection, ATTACKS[name])
    assert answer.count(ANSWER) <= 1
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 414 ")) or not answer, "cut off while it still sends"
    assert httpx.get(f"{stage.web.url}/health", timeout=10).status_code == 200
    figure(f"{len(ATTACKS)} ways to smuggle a request, directly")


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /logout HTTP/1.1\r\nHost: localhost\r\ntransfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Empty:\r\nX-Bytes: \xff\xfe\r\n\r\n",
        b"HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_plain_requests_after_each_other_are_each_answered(stage: Stage, sent: bytes):
    with connect(stage) as connection:
        answer = answer_to(connection, sent + HIDDEN)
    assert answer.count(ANSWER) == 2
    assert b" 400 " not in answer


@pytest.mark.parametrize(("fields", "status"), [(90, b"200"), (110, b"400")])
def test_no_request_has_more_fields_than_anybody_sends(stage: Stage, fields: int, status: bytes):
    sent = b"".join(b"X-Field-%d: x\r\n" % number for number in range(fields))
    with connect(stage) as connection:
        request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        assert answer_to(connection, request + sent + b"\r\n").startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("space", [b"", b" ", b"\t  "])
def test_space_around_a_fields_value_is_no_part_of_it(stage: Stage, space: bytes):
    with connect(stage) as connection:
        request = b"GET /health HTTP/1.1\r\nhOST:" + space + b"localhost" + space + b"\r\nConnection:close\r\n\r\n"
        assert answer_to(connection, request).startswith(b"HTTP/1.1 200 ")


def test_strangers_that_send_nonsense_do_not_fill_the_log(stage: Stage):
    before = len(stage.web.log)
    for number in range(50):
        with connect(stage) as connection:
            assert answer_to(connection, b"nonsense %d\r\n\r\n" % number).startswith(b"HTTP/1.1 400 ")
    told = stage.web.log[before:]
    assert told.count("is no request") <= 1
    assert "nonsense" not in told


def test_a_request_that_never_ends_holds_up_nobody(stage: Stage):
    with ExitStack() as stack:
        for _ in range(20):
            line = stack.enter_context(connect(stage))
            line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert httpx.get(f"{stage.web.url}/health", timeout=20).status_code == 200
