"""No way around the table of `web.access`: other spellings of a path, other methods, other places for a token."""

from __future__ import annotations

import base64
import itertools
import os
from collections.abc import Iterator, Mapping

import httpx
import pytest

from tests.web.cast import add_token, bearer, owner_of
from tests.web.conftest import OVERLAY_TOKEN, TRACK_KEY, Stage
from tests.web.routes import Route
from web.access import ROUTES
from web.levels import Access

ODD_METHODS = ["TRACE", "CONNECT", "PROPFIND", "MOVE", "QUERY", "get", "G\u007eT"]
OVERRIDES = dict.fromkeys(
    ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method"), "DELETE"
)
REWRITES = dict.fromkeys(("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix"), "/health")
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
}


def spellings(path: str) -> set[str]:
    """Other ways to write a path, which some server somewhere reads as the same one."""
    first, rest = path[1:2], path[2:]
    found = {
        f"{path}/",
        f"/{path}",
        f"//{path}",
        f"/.{path}",
        f"/x/..{path}",
        f"/static/..{path}",
        f"/static/%2e%2e{path}",
        f"/health/..{path}",
        f"/health/%2e%2e{path}",
        f"/health;{path}",
        f"{path};x=1",
        f"{path}.json",
        f"{path}%20",
        f"{path}%00",
        f"{path}%0a",
        f"{path}%2f",
        f"{path}?",
        path.replace("/", "//"),
        "/" + path[1:].replace("/", "%2f"),
        "/%2f" + path[1:],
        "/%5c" + path[1:],
        "/" + path[1:].replace("/", "%5c"),
        path.upper(),
    }
    if first:
        found.add(f"/%{ord(first):02x}{rest}")
        found.add(f"/%25{ord(first):02x}{rest}")
    return found - {path}


def raw(client: httpx.Client, method: str, path: str, headers: Mapping[str, str] = {}) -> httpx.Response:
    """A request of exactly ``path``, which clients would tidy up."""
    url = client.base_url.copy_with(raw_path=path.encode())
    return client.send(client.build_request(method, url, headers=headers), stream=False)


@pytest.fixture
def stranger(locked_stage: Stage) -> Iterator[httpx.Client]:
    with locked_stage.client() as client:
        yield client


@pytest.fixture(scope="module")
def closed_paths(routes: list[Route]) -> set[str]:
    """What a stranger may not read."""
    return {route.path for route in routes if "GET" in route.methods and ROUTES[route.endpoint] is not Access.NOBODY}


def test_no_other_spelling_of_a_path_opens_it(stranger, closed_paths, routes, figure):
    open_paths = {route.path for route in routes if ROUTES[route.endpoint] is Access.NOBODY}
    for path in sorted(closed_paths):
        for spelled in sorted(spellings(path)):
            answer = raw(stranger, "GET", spelled)
            assert answer.status_code in (308, 400, 401, 403, 404, 405, 426), f"{spelled}: {answer}"
            if answer.status_code == 308:
                leads_to = httpx.URL(str(stranger.base_url)).join(answer.headers["location"])
                assert leads_to.host == stranger.base_url.host
                assert leads_to.path not in open_paths
    tried = sum(len(spellings(path)) for path in closed_paths)
    figure(f"{tried:,} other spellings of {len(closed_paths)} paths that a stranger may not read: 0 opened one")


@pytest.mark.parametrize("method", ODD_METHODS)
def test_methods_that_nobody_has_heard_of_open_nothing(stranger, closed_paths, method):
    for path in sorted(closed_paths):
        answer = raw(stranger, method, path)
        assert answer.status_code in (400, 401, 403, 404, 405), f"{method} {path}: {answer}"


@pytest.mark.parametrize("headers", [OVERRIDES, REWRITES], ids=["method", "path"])
def test_no_header_makes_another_request_of_one(locked_stage, stranger, closed_paths, headers):
    for path in sorted(closed_paths):
        assert raw(stranger, "GET", path, headers).status_code in (401, 403, 426), path
    with owner_of(locked_stage) as owner:
        assert owner.post("/track", json={"event_type": "page_view"}).status_code == 201
        before = owner.get("/events").json()["total"]
        owner.get("/events", headers=headers).raise_for_status()
        overridden = owner.get("/events", params={"_method": "DELETE", "method": "DELETE"}, headers=headers)
        assert overridden.status_code == 422
        owner.post("/events", data={"_method": "DELETE"}, headers=headers)
        assert owner.get("/events").json()["total"] == before > 0


@pytest.mark.parametrize(
    "path",
    ["/socket.io", "/socket.io//", "//socket.io/", "/SOCKET.IO/", "/socket%2eio/", "/x/../socket.io/", "/socket.io/x"],
)
def test_socket_io_lets_nobody_further_in_whatever_its_path_is_written_like(stranger, path):
    answer = raw(stranger, "GET", f"{path}?EIO=4&transport=polling")
    if answer.status_code == 200:  # engineio's handshake is no entry: the namespace asks who comes
        sid = answer.text.partition('"sid":"')[2].partition('"')[0]
        session = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        stranger.post(session, content="40")
        assert "log in, or bring a valid token" in stranger.get(session).text
    else:
        assert answer.status_code in (308, 400, 401, 404)


def test_no_other_spelling_opens_the_voice_room_s_socket(stranger):
    for path in ("/peerjs/peerjs", *spellings("/peerjs/peerjs")):
        answer = raw(stranger, "GET", f"{path.partition('?')[0]}?key=peerjs&id=x&token=y", UPGRADE)
        assert answer.status_code in (308, 400, 401, 403, 404), f"{path}: {answer}"


# --- a token in a place that is not its own ---

_networks = itertools.count(1)


def everywhere(token: str) -> dict[str, dict[str, str]]:
    """All places of a request where somebody may look for a token."""
    headers = bearer(token) | {"X-Track-Key": token, "X-API-Key": token, "X-Auth-Token": token, "Token": token}
    names = ("token", "key", "access_token", "api_key", "api_token", "auth")
    return {
        "headers": headers,
        "params": dict.fromkeys(names, token),
        "cookies": {"streampulse": token, "token": token},
    }


def reached(stage: Stage, routes: list[Route], token: str) -> set[str]:
    """Every endpoint that answers somebody who shows ``token`` wherever one may be shown.

    It comes from a network of its own: whoever has shown many wrong ones within a minute is refused everything.
    """
    found, shown = set(), everywhere(token)
    shown["headers"]["X-Forwarded-For"] = f"198.51.100.{next(_networks)}"
    with stage.client(**shown) as client:
        for endpoint, path, methods in routes:
            for method in sorted(set(methods) - {"OPTIONS", "HEAD"}):
                body = {"data": {"token": token}} if method == "POST" else {}
                status = client.request(method, path, **body).status_code  # type: ignore[arg-type]
                if status not in (401, 403):
                    found.add(endpoint)
    return found


@pytest.mark.parametrize("token", ["overlay", "OVERLAY_TOKEN", "track", "TRACK_KEY"])
def test_a_token_opens_what_is_its_own_and_nothing_else_wherever_it_is_shown(locked_stage, routes, token):
    known = {"OVERLAY_TOKEN": OVERLAY_TOKEN, "TRACK_KEY": TRACK_KEY}
    secret = known[token] if token in known else add_token(locked_stage, token)
    worth = Access.OVERLAY if "overlay" in token.lower() else Access.NOBODY
    may = {endpoint for endpoint, needed in ROUTES.items() if needed <= worth}
    asks_itself = {"track.take", "track.preflight", "sales.take", "auth.log_in"}
    assert reached(locked_stage, routes, secret) - asks_itself == may - asks_itself


@pytest.mark.parametrize("scope", ["overlay", "track", "read", "write"])
@pytest.mark.parametrize(
    "place",
    [
        *("Authorization: Basic {}", "Authorization: Token {}", "Authorization: {}", "Proxy-Authorization: Bearer {}"),
        *("X-API-Key: {}", "X-Auth-Token: {}", "Cookie: streampulse={}", "Cookie: token={}", "Token: {}"),
    ],
)
def test_there_is_one_place_for_each_token(locked_stage, stranger, scope, place):
    token = add_token(locked_stage, scope)
    name, _, value = place.format(token).partition(": ")
    if name == "Authorization" and " " in value:
        value = (
            value.replace(token, base64.b64encode(f"admin:{token}".encode()).decode()) if "Basic" in value else value
        )
    for path in ("/api/stats", "/api/streams", "/events"):
        assert stranger.get(path, headers={name: value}).status_code == 401
    assert stranger.post("/track", json={"event_type": "page_view"}, headers={name: value}).status_code == 401
    assert stranger.get("/api/stats", params={"key": token}).status_code == 401
    assert stranger.request("GET", "/api/stats", data={"token": token}).status_code == 401
