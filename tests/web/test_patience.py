"""Connections that are opened and abandoned, in every way there is: others are served, and all of it comes back."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes import Program, WebProcess, wait_until

pytestmark = pytest.mark.long

LONG = 40.0  # in which even a busy machine notices
ABANDONED = 1_000

# Waits that nobody sits through, for tests.
HASTY = """
import resource
from web import patience, server
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
patience.HEAD_SECONDS = patience.IDLE_SECONDS = 2.0
patience.BODY_SECONDS = 1.0
patience.LOOK_SECONDS = 0.1
patience.BYTES_A_SECOND = 1_000
made = app.GuardedSocketIO.__init__
app.GuardedSocketIO.__init__ = lambda *given, **named: made(*given, **named | {"ping_interval": 1, "ping_timeout": 1})
"""


@pytest.fixture(scope="module")
def web(program: Program, new_database_url: Callable[[], str]) -> Iterator[WebProcess]:
    with program.web(new_database_url(), changed=HASTY) as web:
        yield web
        assert "Traceback" not in web.log, web.log


@contextmanager
def line(web: WebProcess, said: str = "") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", web.port), timeout=LONG) as made:
        made.sendall(said.encode())
        yield made


def all_of(made: socket.socket) -> bytes:
    """What comes until the other side ends the connection; being hung up on rudely is an end as well."""
    told = bytearray()
    try:
        while piece := made.recv(65_536):
            told += piece
    except ConnectionError:
        pass
    return bytes(told)


def request(path: str, *fields: str) -> str:
    return "".join(f"{field}\r\n" for field in (f"GET {path} HTTP/1.1", "Host: localhost", *fields, ""))


@pytest.mark.parametrize("said", ["", "GET /hea", "GET /health HTTP/1.1\r\nHost: local"], ids=["no", "line", "head"])
def test_who_does_not_finish_what_they_ask_is_hung_up_on(web: WebProcess, said: str) -> None:
    with line(web, said) as made:
        assert not all_of(made).startswith(b"HTTP/1.1 200")


def test_a_byte_now_and_then_is_no_reason_to_wait(web: WebProcess) -> None:
    with line(web, "GET /health HTTP/1.1\r\nHost: localhost\r\n") as made, pytest.raises(ConnectionError):
        for _ in range(round(LONG / 0.2)):
            made.sendall(b"X: y\r\n")
            time.sleep(0.2)


def test_who_asks_nothing_more_is_hung_up_on(web: WebProcess) -> None:
    with line(web, request("/health")) as made:
        assert all_of(made).startswith(b"HTTP/1.1 200")


def test_a_body_that_does_not_come_is_refused(web: WebProcess) -> None:
    head = request("/track", "Content-Type: application/json", "Content-Length: 9")
    with line(web, head.replace("GET", "POST")) as made:
        made.sendall(b'{"a"')
        assert all_of(made).startswith(b"HTTP/1.1 400")


def test_a_body_that_comes_slowly_and_steadily_is_taken(web: WebProcess) -> None:
    body = (
        b'{"event_type": "product_view", "user_id": "' + b"x" * 50 + b'", "properties": {"a": "' + b"y" * 3_000 + b'"}}'
    )
    head = request("/track", "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close")
    with line(web, head.replace("GET", "POST")) as made:
        for at in range(0, len(body), 500):
            made.sendall(body[at : at + 500])
            time.sleep(0.25)
        assert b"HTTP/1.1 400" not in all_of(made)[:12]


def test_who_takes_no_answer_is_hung_up_on(web: WebProcess) -> None:
    with line(web) as made, pytest.raises(ConnectionError):
        while True:  # until they take no more of it, and then hang up
            made.sendall(request("/static/js/track.js").encode() * 100)


def test_a_websocket_that_answers_no_ping_is_hung_up_on(web: WebProcess) -> None:
    with line(web, HANDSHAKE) as made:
        assert all_of(made).startswith(b"HTTP/1.1 101")


def test_others_are_served_while_a_thousand_are_abandoned_and_every_file_comes_back(
    web: WebProcess, figure: Callable[[str], None]
) -> None:
    before, slowest = open_files(web), 0.0
    kinds = ("", "POST /track HTTP/1.1\r\nHost: x\r\nContent-Le", HANDSHAKE, "")
    with ExitStack() as abandoned, httpx.Client(base_url=web.url, timeout=LONG) as other:
        for number in range(ABANDONED):
            abandoned.enter_context(line(web, kinds[number % len(kinds)]))
            if number % 100 == 0:
                began = time.monotonic()
                assert other.get("/health").status_code == 200
                slowest = max(slowest, time.monotonic() - began)
        assert other.get("/api/stats").status_code == 200
    wait_until(lambda: open_files(web) <= before + 8, "its files are closed", LONG)
    figure(f"{ABANDONED:,} connections abandoned: others were answered within {slowest:.2f} s, all files were closed")


HANDSHAKE = request(
    "/socket.io/?EIO=4&transport=websocket",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)


def open_files(web: WebProcess) -> int:
    return len(list(Path(f"/proc/{web.process.pid}/fd").iterdir()))


def test_when_nearly_all_places_are_taken_the_quietest_have_to_leave(
    program: Program, new_database_url: Callable[[], str]
) -> None:
    few = "from web import server\nserver.MOST_CONNECTIONS = 100"
    with program.web(new_database_url(), changed=few) as web, ExitStack() as abandoned:
        lines = [abandoned.enter_context(line(web, "GET" if number % 2 else "")) for number in range(200)]
        assert httpx.get(f"{web.url}/health", timeout=LONG).status_code == 200
        assert all_of(lines[0]) == b""  # long before its time is up
