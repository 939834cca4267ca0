"""What ends a session ends it: a cookie that somebody kept is worth nothing afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from flask import Flask

from actions import accounts as actions
from analytics import accounts
from core.clock import DAY_MS, now_ms
from core.db import Database
from init_db import upgrade
from tests.processes import Program, wait_until
from tests.web.cast import PASS_PHRASE, add_account, browser, remove_account
from tests.web.conftest import PASSWORD, Stage
from tests.web.sockets import listening
from web.attempts import visitors_network

_addresses = (f"192.0.2.{number}" for number in itertools.count(1))
PROBES = ("/api/streams", "/api/accounts/me", "/peerjs/peers", "/openapi.json")


@pytest.fixture
def somebody(locked_stage: Stage) -> Iterator[httpx.Client]:
    """The owner of .env, logged in."""
    with closing(browser(locked_stage)) as client:
        yield client


def kept(stage: Stage, cookie: str) -> httpx.Client:
    """Whoever has got hold of a cookie."""
    return stage.client(cookies={"streampulse": cookie})


def statuses(client: httpx.Client) -> set[int]:
    return {client.get(path).status_code for path in PROBES}


def test_a_cookie_that_was_kept_is_worth_nothing_after_the_log_out(locked_stage, somebody):
    with kept(locked_stage, somebody.cookies["streampulse"]) as thief:
        assert statuses(thief) == {200}
        assert somebody.post("/logout").status_code == 302
        assert statuses(thief) == {401}
        for path in (*PROBES, "/nothing", "/static/favicon.svg", "/health", "/login"):
            assert "streampulse=" not in thief.get(path).headers.get("set-cookie", ""), "it does not last longer either"
        assert thief.post("/api/accounts", json={}).status_code == 401
        assert thief.put("/api/accounts/me/password", json={"old": PASSWORD, "new": "x" * 12}).status_code == 401


def test_the_log_out_of_one_browser_is_no_log_out_of_the_others(locked_stage, somebody):
    with closing(browser(locked_stage)) as elsewhere:
        somebody.post("/logout")
        assert statuses(elsewhere) == {200}


def test_an_account_s_log_out_counts_as_well(locked_stage):
    account_id = add_account(locked_stage, "leaving", "moderator")
    with (
        closing(browser(locked_stage, "leaving", PASS_PHRASE)) as client,
        kept(locked_stage, client.cookies["streampulse"]) as thief,
    ):
        client.post("/logout")
        assert statuses(thief) == {401}
    remove_account(locked_stage, account_id)


def test_open_sockets_of_a_session_are_hung_up_on_when_it_ends(locked_stage, somebody):
    headers = {"Cookie": f"streampulse={somebody.cookies['streampulse']}"}
    with listening(locked_stage.web.url, headers=headers) as page:
        somebody.post("/logout")
        wait_until(lambda: not page.client.connected, "the socket is hung up on", timeout=15)


def test_a_log_out_counts_with_every_web_process_and_after_a_restart(locked_stage, program: Program, somebody):
    cookie = somebody.cookies["streampulse"]
    somebody.post("/logout")
    key = (program.folder / ".secret_key").read_text()
    url = locked_stage.database.url.render_as_string(hide_password=False)
    with program.web(url, DASHBOARD_PASSWORD=PASSWORD, SECRET_KEY=key) as other:
        answer = httpx.get(f"{other.url}/api/streams", cookies={"streampulse": cookie}, timeout=20)
    assert answer.status_code == 401


def test_a_log_out_of_nobody_stores_nothing(locked_stage):
    with locked_stage.database.reading() as connection:
        before = accounts.ended_sessions(connection, actions.ENDED)
    with locked_stage.client() as stranger:
        assert stranger.post("/logout").status_code == 302
        stranger.cookies.set("streampulse", "eyJpZCI6IngifQ.aaaaaa.forged")
        assert stranger.post("/logout").status_code == 302
    with locked_stage.database.reading() as connection:
        assert accounts.ended_sessions(connection, actions.ENDED) == before


def test_each_login_begins_a_new_session_whatever_the_browser_had(locked_stage, somebody):
    before = somebody.cookies["streampulse"]
    headers = {"X-Forwarded-For": next(_addresses)}
    somebody.post("/login", data={"username": "admin", "password": PASSWORD}, headers=headers)
    assert somebody.cookies["streampulse"] != before
    somebody.post("/logout")
    with kept(locked_stage, before) as first:
        assert statuses(first) == {200}, "it was another session"
        first.post("/logout")
        assert statuses(first) == {401}


@pytest.fixture
def database(tmp_path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/sessions.db")
    upgrade(made)
    yield made
    made.close()


def test_an_ended_session_is_remembered_as_long_as_its_cookie_would_last(database):
    now = now_ms()
    actions.end_session(database, "old", until_ms=now + DAY_MS, now_ms=now)
    actions.end_session(database, "new", until_ms=now + 3 * DAY_MS, now_ms=now + 1)
    with database.reading() as connection:
        assert accounts.ended_sessions(connection, actions.ENDED) == {"old", "new"}
    actions.end_session(database, "newer", until_ms=now + 9 * DAY_MS, now_ms=now + 2 * DAY_MS)
    with database.reading() as connection:
        assert accounts.ended_sessions(connection, actions.ENDED) == {"new", "newer"}


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_whoever_has_a_whole_network_has_no_more_attempts_than_others(address, counted):
    with Flask(__name__).test_request_context(environ_overrides={"REMOTE_ADDR": address}):
        assert visitors_network() == counted


def test_guesses_from_one_ipv6_network_and_for_many_names_are_counted_together(locked_stage):
    with locked_stage.client() as guesser:
        answers = [
            guesser.post(
                "/login",
                data={"username": f"name-{number}", "password": "wrong"},
                headers={"X-Forwarded-For": f"2001:db8:77:1::{number:x}"},
            ).status_code
            for number in range(11)
        ]
    assert answers == [401] * 10 + [429]


def test_whoever_guesses_on_does_not_fill_the_log(locked_stage):
    before = len(locked_stage.web.log)
    with locked_stage.client(headers={"X-Forwarded-For": next(_addresses)}) as guesser:
        for number in range(40):
            guesser.post("/login", data={"username": f"name-{number}", "password": "wrong"})
    assert locked_stage.web.log[before:].count("\n") <= 2, "a minute may end in between"
