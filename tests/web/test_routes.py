"""Every route with every kind of caller, against the table in web.access: nothing is open by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import httpx
import pytest
from socketio.exceptions import ConnectionError as Refused

from rules.accounts import Role, Scope
from tests.web.cast import Member, cast
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, Stage
from tests.web.routes import Route
from tests.web.sockets import Listener, listening
from web.access import EVENTS, ROUTES, SAFE_METHODS
from web.attempts import LIMITED
from web.levels import BEARER_SCOPES, ROLES, Access

FORGED = "not-a-token"
CHECKS_ITS_OWN_KEY = {"track.take", "sales.take"}  # open to everybody in the table: the views look at who comes
ENDS_SESSIONS = {"auth.log_out", "accounts.sign_out_everywhere"}
EVERYBODY = [
    *("stranger", "OVERLAY_TOKEN", "API_TOKEN", "TRACK_KEY", "TRACK_KEY in the address", "the owner of .env"),
    *("moderator", "read-only", "owner"),
    *("read token", "write token", "overlay token", "track token", "track token in the address"),
    *("tokens where others belong", "expired token"),
]


@pytest.fixture(scope="module")
def callers(locked_stage: Stage) -> Iterator[Mapping[str, Member]]:
    with cast(locked_stage) as everybody:
        yield everybody


def is_refused(answer: httpx.Response, endpoint: str) -> bool:
    wrong_password = answer.status_code == 401 and endpoint == "auth.log_in"
    return answer.status_code in (401, 403) and not wrong_password


def test_every_route_is_in_the_table_and_the_table_has_no_others(routes):
    assert {endpoint for endpoint, _, _ in routes} == ROUTES.keys()


def test_every_call_of_a_socket_is_in_the_table_and_the_table_has_no_others(answers):
    assert set(answers.events) - {"connect", "disconnect"} == EVENTS.keys()


@pytest.mark.parametrize("caller", EVERYBODY)
def test_each_caller_gets_what_the_table_grants_and_nothing_else(routes, callers, caller):
    client, has, reports = callers[caller]
    for (path, method), endpoints in answered(routes).items():
        if ENDS_SESSIONS & endpoints and method == "POST":
            continue  # below: that would end the session that the others need
        answer = client.request(method, path)
        if method == "POST" and endpoints == {"track.take"}:
            may = {not reports}
        elif method == "POST" and endpoints == {"sales.take"}:
            may = {True}  # whoever it is: nothing here is signed
        else:
            may = {has < ROUTES[endpoint] for endpoint in endpoints}
        assert any(is_refused(answer, endpoint) in may for endpoint in endpoints), (
            f"{caller}: {method} {path}: {answer}"
        )
        assert answer.status_code < 500, f"{caller}: {method} {path}"


def answered(routes: list[Route]) -> dict[tuple[str, str], set[str]]:
    """What answers each (path, method): an endpoint, or for OPTIONS one of those that share the path."""
    found: dict[tuple[str, str], set[str]] = {}
    for endpoint, path, methods in routes:
        for method in methods:
            found.setdefault((path, method), set()).add(endpoint)
    for (path, method), endpoints in found.items():
        assert method == "OPTIONS" or len({ROUTES[endpoint] for endpoint in endpoints}) == 1, path
    return found


@pytest.mark.parametrize("caller", EVERYBODY)
def test_each_caller_s_socket_may_call_what_the_table_grants_and_nothing_else(locked_stage, callers, caller):
    client, has, _ = callers[caller]
    headers = {name: value for name, value in client.headers.items() if name in ("authorization", "x-track-key")}
    if "streampulse" in client.cookies:
        headers["Cookie"] = f"streampulse={client.cookies['streampulse']}"
    auth = {"token": client.params.get("token", "")}
    if has is Access.NOBODY:
        with pytest.raises(Refused):
            Listener(locked_stage.web.url, headers=headers, auth=auth)
        return
    with listening(locked_stage.web.url, subscribe=False, headers=headers, auth=auth) as page:
        for event, needed in EVENTS.items():
            answer = page.client.call(event, {}, timeout=10)
            refused = not answer["success"] and answer["error"].endswith("may not do that")
            assert refused is (has < needed), f"{caller}: {event}: {answer}"


def test_everybody_is_tried(callers, routes, figure):
    assert list(callers) == EVERYBODY
    assert {member.access for member in callers.values()} == set(Access)
    asked = len(answered(routes))
    figure(f"{len(callers)} callers × {asked} paths and methods: {len(callers) * asked} requests, each as granted")
    figure(f"{len(callers)} callers × {len(EVENTS)} calls of a socket, each as granted")


def test_each_role_and_each_scope_is_worth_a_level():
    assert ROLES.keys() == set(Role)
    assert sorted(ROLES.values()) == [Access.READ, Access.WRITE, Access.OWNER]
    assert set(Scope) == {*BEARER_SCOPES, Scope.TRACK, Scope.OVERLAY}


@pytest.mark.parametrize("endpoint", sorted(ENDS_SESSIONS))
def test_what_ends_sessions_is_for_whom_the_table_says(routes, callers, endpoint):
    (path,) = (path for name, path, _ in routes if name == endpoint)
    for caller, (client, has, _) in callers.items():
        if "streampulse" not in client.cookies:
            assert is_refused(client.post(path), endpoint) is (has < ROUTES[endpoint]), caller


def test_what_an_overlay_may_reach_changes_nothing(routes):
    changing = {
        endpoint
        for endpoint, _, methods in routes
        if ROUTES[endpoint] <= Access.OVERLAY and not SAFE_METHODS.issuperset(methods)
    }
    assert changing - CHECKS_ITS_OWN_KEY == {"auth.log_in", "auth.log_out"}


@pytest.mark.parametrize("caller", EVERYBODY)
def test_only_who_may_write_or_has_a_track_key_reports_events(callers, caller):
    """What is reported says nothing, so whoever is let in is told so and nothing is stored."""
    client, _, reports = callers[caller]
    assert client.post("/track", json={}).status_code == (422 if reports else 401)


@pytest.mark.parametrize("path", ["/", "/streams", "/streams/1", "/docs"])
def test_a_stranger_with_a_browser_is_led_from_every_page_to_the_login(callers, path):
    answer = callers["stranger"].client.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/login?next={path}")


def test_an_overlay_with_a_wrong_token_shows_nothing_to_the_stream(callers):
    answer = callers["stranger"].client.get("/overlay", params={"token": FORGED}, headers={"Accept": "text/html"})
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
    answers = [member.client.get("/api/nothing/here") for member in callers.values()]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_the_limiter_looks_at_each_blueprint_with_a_limited_route(answers):
    assert answers.limited == sorted(LIMITED)
