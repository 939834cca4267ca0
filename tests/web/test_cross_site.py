"""What pages of other sites can make a browser do here: nothing, and they read nothing either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from socketio.exceptions import ConnectionError as Refused

from tests.web.cast import browser
from tests.web.conftest import Stage
from tests.web.routes import Route
from tests.web.sockets import Listener
from web.access import SAFE_METHODS

FORMS = [
    {"data": {"name": "x", "role": "owner"}},
    {"files": {"file": ("x.csv", "username\nx", "text/csv")}},
    {"content": '{"name": "x"}', "headers": {"Content-Type": "text/plain"}},
    {"json": {"name": "x"}},
]
EVIL = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture(scope="module")
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    """A browser that is logged in, and looks at another site meanwhile."""
    with closing(browser(locked_stage)) as client:
        yield client


def elsewhere(here: str) -> list[dict[str, str]]:
    """What browsers send along for pages that are not ``here`` (``http://127.0.0.1:5000``)."""
    scheme, _, host = here.partition("://")
    name, _, port = host.partition(":")
    origins = [
        "https://evil.example",
        "null",
        "",
        "file://",
        f"{scheme}://{name}",
        f"{scheme}://{name}:1",
        f"{scheme}://{name}:{port}0",
        f"{scheme}://sub.{host}",
        f"{scheme}://{host}.evil.example",
        f"{scheme}://evil.example/{host}",
        f"{scheme}://{host}@evil.example",
        f"{scheme}://evil.example@{host}",
        f"{here} https://evil.example",
        f"{here}, https://evil.example",
        here.replace("://", ":"),
    ]
    return [{"Origin": origin} for origin in origins] + [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin, cross-site"},
        {"Origin": here, "Sec-Fetch-Site": "cross-site"},
    ]


def base(client: httpx.Client) -> str:
    return str(client.base_url).rstrip("/")


def test_no_form_of_another_site_changes_anything(owner, routes: list[Route], figure):
    asked = 0
    asks_itself = {"track.take"}  # pages of the shop report to it, with a key
    for endpoint, path, methods in routes:
        for method in sorted(set(methods) - SAFE_METHODS):
            if endpoint not in asks_itself:
                for form in FORMS if method == "POST" else FORMS[-1:]:
                    headers = EVIL | form.get("headers", {})  # type: ignore[operator]
                    answer = owner.request(method, path, **(form | {"headers": headers}))
                    asked += 1
                    assert answer.status_code == 403, f"{method} {path}: {answer}"
                    assert answer.json()["error"] == "this request came from another site"
    for form in FORMS:
        headers = EVIL | form.get("headers", {})  # type: ignore[operator]
        assert owner.post("/track", **(form | {"headers": headers})).status_code == 403
    figure(f"{asked} forms of another site with the owner's session: 0 taken")


def test_whatever_other_origin_it_has(owner, stage):
    with stage.client() as without_password:
        for client in (owner, without_password):
            for headers in elsewhere(base(client)):
                answer = client.put("/api/goals", json={"goals": [], "shown": None}, headers=headers)
                assert answer.status_code == 403, headers
            own = {"Origin": base(client), "Sec-Fetch-Site": "same-origin"}
            assert client.post("/api/viewer-profiles/nobody/vip", json={}, headers=own).status_code != 403


def test_no_page_of_another_site_opens_a_socket(owner, stage):
    for url, cookie in ((base(owner), f"streampulse={owner.cookies['streampulse']}"), (stage.web.url, "")):
        for headers in elsewhere(url):
            if headers.get("Origin") == "":
                continue  # no browser sends this on a socket
            for transport in ("polling", "websocket"):
                more = {"Cookie": cookie} if cookie else {}
                with pytest.raises(Refused):
                    Listener(
                        url,
                        transport=transport,
                        origin=headers.get("Origin", ""),
                        headers=more | headers,
                        reconnect=False,
                    )


def test_no_socket_s_answer_is_a_script_that_other_sites_could_include(stage):
    with stage.client(params={"EIO": "4", "transport": "polling"}) as client:
        for index in ("0", "", "x"):
            assert client.get("/socket.io/", params={"j": index}).status_code == 403
        sid = re.search(r'"sid":"([^"]+)"', client.get("/socket.io/").text)[1]  # type: ignore[index]
        assert client.get("/socket.io/", params={"sid": sid, "j": "0"}).status_code == 403
        assert client.post("/socket.io/", params={"sid": sid}, content="40", headers=EVIL).status_code == 403
        assert (
            client.get("/socket.io/", params={"sid": sid}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        )


def test_no_voice_is_heard_from_another_site(owner):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    peer_id = owner.get("/peerjs/peerjs/id").text
    for headers in elsewhere(base(owner)):
        answer = owner.get(
            "/peerjs/peerjs", params={"key": "peerjs", "id": peer_id, "token": "t"}, headers=upgrade | headers
        )
        assert answer.status_code == 403, headers


def test_no_answer_may_be_read_by_pages_of_another_site(owner, routes: list[Route]):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "Authorization, X-Track-Key"
    paths = {route.path for route in routes} | {"/socket.io/?EIO=4&transport=polling", "/nothing", "/static/vendor/x"}
    for path in sorted(paths):
        for method in ("GET", "OPTIONS"):
            answer = owner.request(method, path, headers=asked)
            told = {name for name in answer.headers if name.startswith("access-control-allow-")}
            assert "access-control-allow-origin" not in told, f"{method} {path}"
            assert "access-control-allow-credentials" not in told, f"{method} {path}"


def test_our_own_socket_needs_no_leave_for_credentials(owner):
    answer = owner.get("/socket.io/?EIO=4&transport=polling", headers={"Origin": base(owner)})
    assert answer.status_code == 200
    assert "access-control-allow-credentials" not in answer.headers
