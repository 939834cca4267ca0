"""Every route with every kind of caller, against the table in web.access: nothing is open by accident."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.processes import Program
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, TRACK_KEY, Stage
from web.access import ROUTES, SAFE_METHODS, Access

PRINT_ROUTES = """
import json, app
from core.config import Settings
from core.db import Database
made = app.create_app(Settings(), Database("sqlite://"))
print(json.dumps([[rule.endpoint, rule.rule, sorted(rule.methods)] for rule in made.url_map.iter_rules()]))
"""
IN_PLACE_OF = {
    "<key>": "peerjs",
    "<int:stream_id>": "1",
    "<int:anomaly_id>": "1",
    "<int:record_id>": "1",
    "<int:user_id>": "1",
    "<path:filename>": "favicon.svg",
    "<path:address>": "twitch:nobody",
    "<viewer:username>": "twitch:nobody",
}
FORGED = "not-a-token"
CHECKS_ITS_OWN_KEY = {"track.take", "sales.take"}  # open to everybody in the table: who may is tested below


@pytest.fixture(scope="module")
def routes(program: Program) -> list[tuple[str, str, list[str]]]:
    """(endpoint, path, methods) of everything the program answers."""
    ended = program.run("-c", PRINT_ROUTES)
    assert ended.returncode == 0, ended.stderr
    found = []
    for endpoint, path, methods in json.loads(ended.stdout):
        for argument, value in IN_PLACE_OF.items():
            path = path.replace(argument, value)
        assert "<" not in path, f"{path}: say in IN_PLACE_OF what to put here"
        found.append((endpoint, path, methods))
    return found


@pytest.fixture(scope="module")
def callers(locked_stage: Stage) -> Iterator[dict[str, tuple[httpx.Client, Access]]]:
    made = {
        "stranger": (locked_stage.client(), Access.NOBODY),
        "overlay token": (locked_stage.client(params={"token": OVERLAY_TOKEN}), Access.OVERLAY),
        "bearer token": (locked_stage.client(headers={"Authorization": f"Bearer {API_TOKEN}"}), Access.OWNER),
        "session": (locked_stage.client(headers={"X-Forwarded-For": "203.0.113.77"}), Access.OWNER),
    }
    session = made["session"][0]
    assert session.post("/login", data={"username": "admin", "password": PASSWORD}).status_code == 302
    yield made
    for client, _ in made.values():
        client.close()


def is_refused(answer: httpx.Response, endpoint: str) -> bool:
    wrong_password = answer.status_code == 401 and endpoint == "auth.log_in"
    return answer.status_code in (401, 403) and not wrong_password


def test_every_route_is_in_the_table_and_the_table_has_no_others(routes):
    assert {endpoint for endpoint, _, _ in routes} == ROUTES.keys()


@pytest.mark.parametrize("caller", ["stranger", "overlay token", "bearer token", "session"])
def test_each_caller_gets_what_the_table_grants_and_nothing_else(routes, callers, caller):
    client, has = callers[caller]
    for endpoint, path, methods in routes:
        if endpoint == "auth.log_out" or endpoint in CHECKS_ITS_OWN_KEY:
            continue  # below: the former would end the session that the others need
        for method in methods:
            answer = client.request(method, path)
            assert is_refused(answer, endpoint) is (has < ROUTES[endpoint]), f"{caller}: {method} {path}: {answer}"
            assert answer.status_code < 500, f"{caller}: {method} {path}"


def test_anybody_may_log_out(callers):
    for client, _ in callers.values():
        if "streampulse" not in client.cookies:
            assert client.post("/logout").headers["location"] == "/login"


def test_what_an_overlay_may_reach_changes_nothing(routes):
    changing = {
        endpoint
        for endpoint, _, methods in routes
        if ROUTES[endpoint] <= Access.OVERLAY and not SAFE_METHODS.issuperset(methods)
    }
    assert changing - CHECKS_ITS_OWN_KEY == {"auth.log_in", "auth.log_out"}


@pytest.mark.parametrize(
    ("caller", "status"), [("stranger", 401), ("overlay token", 401), ("bearer token", 422), ("session", 422)]
)
def test_only_who_may_write_reports_events_without_the_track_key(callers, caller, status):
    """What is reported says nothing, so whoever is let in is told so and nothing is stored."""
    assert callers[caller][0].post("/track", json={}).status_code == status


@pytest.mark.parametrize("how", [{"headers": {"X-Track-Key": TRACK_KEY}}, {"params": {"key": TRACK_KEY}}])
def test_the_track_key_reports_events_and_opens_nothing_else(routes, locked_stage, how):
    with locked_stage.client(**how) as shop:
        assert shop.post("/track", json={}).status_code == 422
        for endpoint, path, methods in routes:
            if endpoint in CHECKS_ITS_OWN_KEY:
                continue
            for method in methods:
                answer = shop.request(method, path)
                assert is_refused(answer, endpoint) is (ROUTES[endpoint] > Access.NOBODY), f"{method} {path}: {answer}"


@pytest.mark.parametrize("path", ["/", "/streams", "/streams/1", "/docs"])
def test_a_stranger_with_a_browser_is_led_from_every_page_to_the_login(callers, path):
    answer = callers["stranger"][0].get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/login?next={path}")


def test_an_overlay_with_a_wrong_token_shows_nothing_to_the_stream(callers):
    answer = callers["stranger"][0].get("/overlay", params={"token": FORGED}, headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert not re.search(r"<(a|form|input|script)\b", answer.text)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {FORGED}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {API_TOKEN}"},
        {"Authorization": API_TOKEN},
        {"Authorization": f"Bearer {API_TOKEN} {API_TOKEN}"},
        {"Authorization": f"Bearer {API_TOKEN[:-1]}"},
        {"Authorization": f"Bearer {OVERLAY_TOKEN}"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"Cookie": f"token={OVERLAY_TOKEN}"},
        {"Token": API_TOKEN},
    ],
)
def test_a_wrong_token_is_no_token(locked_stage, headers):
    with locked_stage.client() as client:
        assert client.get("/api/stats", headers=headers).status_code == 401


@pytest.mark.parametrize("token", [FORGED, "", API_TOKEN, OVERLAY_TOKEN.upper(), "\u0000", "ü", "\ufffd", "%FF"])
def test_a_wrong_overlay_token_is_no_token(locked_stage, token):
    with locked_stage.client() as client:
        assert client.get("/api/stats", params={"token": token}).status_code == 401
        assert client.get("/api/stats?token=%FF%ED%A0%80").status_code == 401


def test_an_unknown_path_says_no_more_to_a_stranger_than_to_anybody(callers):
    answers = [client.get("/api/nothing/here") for client, _ in callers.values()]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
