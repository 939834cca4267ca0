"""Clients that do not read, of the real process: they are dropped, and everybody else hears all of it in time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import Program, WebProcess, wait_until
from tests.web.conftest import stage_of
from tests.web.sockets import listening

HANDSHAKE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
FEW = "from web import broadcast; broadcast.MOST_WAITING = 20"  # pushes that wait for somebody
NARROW = """
from web import broadcast, wire
wire.SEND_SECONDS, wire.MOST_UNDER_WAY = {patience}, 8_192
broadcast.MOST_WAITING_BYTES = 1_000_000
"""


@contextmanager
def silent(web: WebProcess) -> Iterator[socket.socket]:
    """Joins the dashboards and subscribes to all chat, and reads nothing of what comes."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(20)
        client.connect(("127.0.0.1", web.port))
        client.sendall(HANDSHAKE.format(port=web.port).encode())
        opened = b""
        while b'"sid"' not in opened:
            opened += client.recv(4_096)
        for text in (b"40", b'420["live:subscribe",{}]'):
            client.sendall(bytes((0x81, 0x80 | len(text))) + bytes(4) + text)
        yield client


def clients(web: WebProcess) -> int:
    """Connections to the process that it still holds open."""
    port, established = f":{web.port:04X}", "01"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(port) and row[3] == established for row in rows)


def test_who_never_reads_is_hung_up_on_for_what_waits_and_others_hear_everything(
    program: Program, new_database_url: Callable[[], str]
) -> None:
    """By its bytes, long before its time is up."""
    with (
        stage_of(program, new_database_url(), changed=NARROW.format(patience=600)) as stage,
        listening(stage.web.url) as page,
        silent(stage.web),
    ):
        wait_until(lambda: clients(stage.web) == 2, "both are there", 20)
        texts = [f"{number} {'x' * 450}" for number in range(2_500)]
        for known in range(0, len(texts), 250):
            stage.chat("torrent", *texts[known : known + 250])
            page.wait_until(lambda known=known: len(page.chat()) >= known + 250, 20)
        stage.web.wait_for_log("hung up on a client that is behind by")
        wait_until(lambda: clients(stage.web) == 1, "the line is closed", 20)
        assert page.texts() == texts
        assert page.connections == 1
        assert "Traceback" not in stage.web.log


def test_who_takes_nothing_for_too_long_is_hung_up_on_however_little_waits(
    program: Program, new_database_url: Callable[[], str]
) -> None:
    with (
        stage_of(program, new_database_url(), changed=NARROW.format(patience=1)) as stage,
        listening(stage.web.url) as page,
        silent(stage.web),
    ):
        wait_until(lambda: clients(stage.web) == 2, "both are there", 20)
        texts = [f"{number} {'x' * 450}" for number in range(150)]
        stage.chat("trickle", *texts)
        stage.web.wait_for_log("hung up on a client that has taken nothing for")
        wait_until(lambda: clients(stage.web) == 1, "the line is closed", 20)
        page.wait_until(lambda: len(page.chat()) >= len(texts), 20)
        assert page.texts() == texts
        assert "Traceback" not in stage.web.log


def test_who_polls_no_more_is_hung_up_on_for_what_waits_and_others_hear_everything(
    program: Program, new_database_url: Callable[[], str]
) -> None:
    with (
        stage_of(program, new_database_url(), changed=FEW) as stage,
        listening(stage.web.url) as page,
        stage.client(params={"EIO": "4", "transport": "polling"}) as lazy,
    ):
        session = {"sid": lazy.get("/socket.io/").text.partition('"sid":"')[2].partition('"')[0]}
        for said in ("40", '420["live:subscribe",{}]'):
            assert lazy.post("/socket.io/", params=session, content=said).text == "OK"
        number = 0
        while "hung up on a client that is behind by" not in stage.web.log:
            stage.chat("poll", f"line {number}")
            number += 1
            page.wait_until(lambda: len(page.chat()) >= number, 20)  # noqa: B023
        assert number < 25
        assert page.texts() == [f"line {one}" for one in range(number)]
        assert lazy.get("/socket.io/", params=session).status_code == 400, "there is no such session any more"
        assert "Traceback" not in stage.web.log
