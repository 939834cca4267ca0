"""Stopping as PM2 and systemd do it, with people connected, and coming back."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from core.db import Database
from ingest.writer import Writer
from tests.processes import Running, wait_until
from tests.web.conftest import Stage, event
from tests.web.sockets import Listener, listening
from tests.web.test_socket_access import frame, raw_websocket
from tests.web.voices import line, new_id

pytestmark = pytest.mark.long

GOING_AWAY = 1001


def stops_within_six_seconds(web: Running, by: signal.Signals = signal.SIGTERM) -> None:
    started = time.monotonic()
    assert web.stop(by) == 0
    assert time.monotonic() - started < 6
    assert "Traceback" not in web.log


def test_pages_come_back_by_themselves_after_a_restart_and_miss_nothing(program, new_database_url):
    url = new_database_url()
    database = Database(url)
    writer = Writer(database).start()
    pages: list[Listener] = []
    try:
        with program.web(url) as web:
            stage = Stage(web, database, writer)
            stage.source("lena")
            pages = [Listener(web.url, reconnect=True, transport=kind) for kind in ("websocket", "polling")]
            assert all(page.subscribe()["success"] for page in pages)
            stage.chat("lena", "before")
            for page in pages:
                page.wait_until(page.chat)
            stops_within_six_seconds(web)
        stage.chat("lena", "meanwhile")
        with program.web(url, port=web.port):
            for page in pages:
                # The one that was ending may have taken it once more for a moment.
                page.wait_until(lambda: page.connections > 1 and page.client.connected, timeout=20)  # noqa: B023
                answer = page.subscribe({"after": page.chat()[-1]["id"]})
                assert answer["complete"] is True
                assert [item["text"] for item in answer["items"]] == ["meanwhile"]
            stage.chat("lena", "after")
            for page in pages:
                page.wait_until(lambda: page.texts() == ["before", "after"])  # noqa: B023
    finally:
        for page in pages:
            page.close()
        writer.close()
        database.close()


def test_voices_are_hung_up_on_in_a_way_that_brings_them_back(program, new_database_url):
    with (
        program.web(new_database_url()) as web,
        httpx.Client(base_url=web.url) as client,
        line(client, new_id(client)) as first,
        line(client, new_id(client)) as second,
    ):
        for one in (first, second):
            assert one.hear() == {"type": "OPEN"}
        stops_within_six_seconds(web)
        for one in (first, second):
            assert one.hears_nothing_but_the_end() == GOING_AWAY


def test_whoever_asks_without_rest_on_one_connection_is_told_to_go_and_one_file_is_left(program, new_database_url):
    told: list[str] = []

    def ask(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while "close" not in told:
            connection.request("GET", "/api/stats")
            answer = connection.getresponse()
            answer.read()
            told.append(answer.headers["Connection"])

    url = new_database_url()
    with program.web(url) as web:
        proxy = threading.Thread(target=ask, args=(web.port,))
        proxy.start()
        wait_until(lambda: told, "it is answered")
        stops_within_six_seconds(web)
        proxy.join(10)
    assert told[-1] == "close"
    assert not Path(f"{url.removeprefix('sqlite:///')}-wal").exists(), "all that was stored is in the one file"


def test_neither_idle_browsers_nor_waiting_requests_nor_dead_clients_hold_it_up(program, new_database_url):
    url = new_database_url()
    database = Database(url)
    writer = Writer(database).start()
    try:
        with program.web(url) as web, httpx.Client(base_url=web.url) as browser:
            stage = Stage(web, database, writer)
            stage.source("lena")
            browser.get("/api/stats")  # the connection stays open
            with (
                listening(web.url),
                listening(web.url, transport="polling"),  # its next request waits for news
                raw_websocket(stage) as lazy,
                socket.create_connection(("127.0.0.1", web.port)) as silent,
                socket.create_connection(("127.0.0.1", web.port)) as slow,
            ):
                lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                lazy.sendall(frame(b"40") + frame(b'42["live:subscribe",{}]'))
                slow.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf a body")
                for _ in range(10):
                    stage.tell(*(event("lena", text="x" * 450) for _ in range(500)))
                stops_within_six_seconds(web, signal.SIGINT)
                silent.settimeout(1)
                assert silent.recv(1) == b""
    finally:
        writer.close()
        database.close()
