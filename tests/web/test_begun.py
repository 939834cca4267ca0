"""Conversations that strangers begin: they end, are bounded for each network, and nobody else is kept out by them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import engineio
import httpx
import pytest
import requests

from tests.processes import wait_until
from tests.web.conftest import OVERLAY_TOKEN, PASSWORD, Stage, stage_of
from tests.web.sockets import listening
from web.begun import MOST

POLLING = "/socket.io/?EIO=4&transport=polling"
HASTY = """
made = app.GuardedSocketIO.__init__
app.GuardedSocketIO.__init__ = lambda *given, **named: made(*given, **named | {"ping_interval": 1, "ping_timeout": 1})
"""


@pytest.fixture(scope="module")
def house(program, new_database_url):
    settings = {"DASHBOARD_PASSWORD": PASSWORD, "OVERLAY_TOKEN": OVERLAY_TOKEN}
    with stage_of(program, new_database_url(), **settings) as made:
        yield made


def begin(client: httpx.Client, address: str, path: str = POLLING) -> httpx.Response:
    return client.get(path, headers={"X-Forwarded-For": address})


def fill(client: httpx.Client, address: str) -> None:
    for _ in range(MOST):
        assert begin(client, address).status_code == 200


def test_a_stranger_may_begin_so_many_and_is_then_told_to_wait(house: Stage) -> None:
    with house.client() as client:
        fill(client, "192.0.2.1")
        refused = begin(client, "192.0.2.1")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        assert "somebody who was not let in" in refused.text
        assert "websocket" not in refused.headers.get("Upgrade", "")
        for path in (
            "/socket.io/?EIO=4",
            f"{POLLING}&transport=websocket",
            f"{POLLING}&sid=",
            "/socket.io/?EIO=4&transport=",
        ):
            assert begin(client, "192.0.2.1", path).status_code == 429, path
        assert begin(client, "192.0.2.2").status_code == 200, "others are not kept out"
        assert client.get("/health", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200


def test_the_addresses_of_an_ipv6_network_count_together(house: Stage) -> None:
    with house.client() as client:
        for number in range(MOST):
            assert begin(client, f"2001:db8:1:2::{number:x}").status_code == 200
        assert begin(client, "2001:db8:1:2:ffff::1").status_code == 429
        assert begin(client, "2001:db8:1:3::1").status_code == 200


def test_who_is_let_in_counts_no_more_and_comes_back_as_before(house: Stage) -> None:
    mine = {"X-Forwarded-For": "192.0.2.9"}
    auth = {"token": OVERLAY_TOKEN}
    with listening(house.web.url, transport="polling", headers=mine, auth=auth), house.client() as client:
        fill(client, "192.0.2.9")
        assert begin(client, "192.0.2.9").status_code == 429
        with listening(house.web.url, transport="websocket", headers=mine, auth=auth):
            pass  # one that takes a connection of its own is no such conversation


def test_they_are_forgotten_when_they_are_over(program, new_database_url) -> None:
    with program.web(new_database_url(), changed=HASTY) as web, httpx.Client(base_url=web.url, timeout=20) as client:
        for _ in range(MOST):
            assert client.get(POLLING).status_code == 200
        assert client.get(POLLING).status_code == 429
        wait_until(lambda: client.get(POLLING).status_code == 200, "those that were abandoned are given up", 40)


@contextmanager
def answering(url: str, transport: str) -> Iterator[engineio.Client]:
    """Somebody who answers every ping, and says nothing else."""
    with requests.Session() as session:
        client = engineio.Client(http_session=session, websocket_extra_options={"suppress_origin": True})
        client.connect(url, transports=[transport], engineio_path="socket.io")
        yield client
        client.disconnect(abort=True)
        if client.ws:
            client.ws.shutdown()


def test_who_answers_pings_and_asks_for_nothing_is_hung_up_on(program, new_database_url) -> None:
    brief = f"{HASTY}\nfrom web import begun\nbegun.JOIN_SECONDS = 1"
    with (
        program.web(new_database_url(), changed=brief) as web,
        listening(web.url) as guest,
        answering(web.url, "websocket") as one,
        answering(web.url, "polling") as other,
    ):
        wait_until(lambda: one.state == other.state == "disconnected", "both are hung up on", 20)
        assert guest.client.connected
