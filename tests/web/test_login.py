"""The owner's login: who gets in, how fast one may guess, where it leads, and what the cookie is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, PASSWORD, Stage

_addresses = (f"198.51.100.{number}" for number in itertools.count(1))
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def visitor(locked_stage: Stage) -> Iterator[httpx.Client]:
    """Somebody who comes from an address of their own through the proxy on this machine."""
    with locked_stage.client(headers={"X-Forwarded-For": next(_addresses)}) as client:
        yield client


def log_in(client: httpx.Client, password: str = PASSWORD, username: str = "admin", **more: str) -> httpx.Response:
    return client.post("/login", data={"username": username, "password": password, **more})


def is_in(client: httpx.Client) -> bool:
    status = client.get("/api/streams").status_code
    assert status in (200, 401)
    return status == 200


def test_the_owner_gets_in_and_out_again(visitor):
    assert not is_in(visitor)
    answer = log_in(visitor)
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert is_in(visitor)
    answer = visitor.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (302, "/login")
    assert not is_in(visitor)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("admin", "wrong"),
        ("admin", ""),
        ("Admin", PASSWORD),
        ("", PASSWORD),
        ("admin", PASSWORD + " "),
        ("admin", "x" * 100_000),
        ("a\u0000dmin", "\u0000"),
        ("' OR 1=1 --", "' OR 1=1 --"),
    ],
)
def test_anybody_else_stays_out(visitor, username, password):
    answer = log_in(visitor, password, username)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert not is_in(visitor)


def test_a_form_without_fields_is_a_wrong_login(visitor):
    assert visitor.post("/login").status_code == 401
    assert visitor.post("/login", json={"username": "admin", "password": PASSWORD}).status_code == 401


def test_nothing_that_was_typed_is_shown_again(visitor):
    page = log_in(visitor, "<b>secret</b>", "<script>x</script>").text
    assert "<script>x" not in page
    assert "secret" not in page


def test_guessing_is_slowed_down_with_a_time_to_wait_and_only_for_the_one_who_guesses(locked_stage, visitor):
    answers = [log_in(visitor, "wrong") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["success"] is False
    assert log_in(visitor).status_code == 429, "not even the right password"
    page = visitor.post("/login", data={"username": "admin", "password": PASSWORD}, headers=PAGE)
    assert page.status_code == 429
    assert page.headers["content-type"].startswith("text/html")
    told = re.search(r"Wait (\d+) s, then try again\.", page.text)
    assert told
    assert abs(int(told[1]) - int(page.headers["retry-after"])) <= 1
    with locked_stage.client(headers={"X-Forwarded-For": next(_addresses)}) as owner:
        assert log_in(owner).status_code == 302


AWAY = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "https://evil.example",
    "https:evil.example",
    "HTTPS:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "//[",
    "//evil\u2100.example",
    "evil.example",
    "//admin@evil.example",
    "https://127.0.0.1@evil.example",
    " //evil.example",
    "/\u0000/evil.example",
    "",
]


@pytest.fixture(scope="module")
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    """Somebody who is logged in."""
    with locked_stage.client(headers={"X-Forwarded-For": next(_addresses)}) as client:
        log_in(client)
        yield client


@pytest.mark.parametrize("target", AWAY)
def test_a_login_never_leads_to_another_site(owner, visitor, target):
    page = visitor.get("/login", params={"next": target})
    assert page.status_code == 200
    assert "evil" not in page.text
    assert "alert(1)" not in page.text
    answer = owner.get("/login", params={"next": target})
    assert (answer.status_code, answer.headers["location"]) == (302, "/")


@pytest.mark.parametrize("target", AWAY[:3])
def test_neither_does_the_form(visitor, target):
    assert log_in(visitor, next=target).headers["location"] == "/"


@pytest.mark.parametrize("target", ["/%2F/evil.example", "/%5Cevil.example", "/..//evil.example", "/.//evil.example"])
def test_an_encoded_detour_stays_on_this_site(owner, target):
    answer = owner.get("/login", params={"next": target})
    assert httpx.URL("http://here.example/login").join(answer.headers["location"]).host == "here.example"


@pytest.mark.parametrize("target", ["/streams", "/streams/3?x=1&y=2", "/?channel=lena", "/streams#top"])
def test_a_login_leads_back_to_the_page_that_was_asked_for(owner, target):
    assert owner.get("/login", params={"next": target}).headers["location"] == target


def test_a_browser_without_session_is_led_to_the_login_and_a_program_is_told(visitor):
    answer = visitor.get("/streams?page=2", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (302, "/login?next=/streams?page%3D2")
    answer = visitor.get("/streams")
    assert answer.status_code == 401
    told = "log in, or send a token as Authorization: Bearer <token>"
    assert answer.json() == {"success": False, "error": told, "details": []}
    assert answer.headers["www-authenticate"].lower().startswith("bearer ")


@pytest.mark.parametrize(
    ("question", "headers", "says"),
    [
        ("", {"Authorization": "Bearer mistyped"}, "this token is not valid"),
        ("", {"Authorization": API_TOKEN}, "must be Authorization: Bearer"),
        ("", {"Authorization": "Basic YWRtaW46YWRtaW4="}, "must be Authorization: Bearer"),
        (f"?token={API_TOKEN}", {}, "?token= takes the token of an overlay"),
    ],
)
def test_whoever_brings_a_token_the_wrong_way_is_told_the_right_one(visitor, question, headers, says):
    answer = visitor.get(f"/api/streams{question}", headers=headers)
    assert answer.status_code == 401
    assert says in answer.json()["error"]
    assert API_TOKEN not in answer.text


def cookie_of(answer: httpx.Response) -> dict[str, str]:
    return dict(SimpleCookie(answer.headers["set-cookie"])["streampulse"])


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor):
    cookie = cookie_of(log_in(visitor))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["secure"] == "", "over plain http it would never come back"
    assert cookie["domain"] == ""
    assert cookie["expires"]


def test_over_tls_the_session_cookie_never_travels_without(locked_stage):
    headers = {"X-Forwarded-For": next(_addresses), "X-Forwarded-Proto": "https"}
    with locked_stage.client(headers=headers) as visitor:
        answer = log_in(visitor)
    assert cookie_of(answer)["secure"] is True
    assert "max-age" in answer.headers["strict-transport-security"]


def test_a_session_somebody_else_prepared_is_not_taken_over(locked_stage, visitor):
    visitor.cookies.set("streampulse", "eyJ1c2VyIjoiYWRtaW4ifQ.aaaaaa.prepared")
    answer = log_in(visitor)
    fresh = answer.cookies["streampulse"]
    assert "prepared" not in fresh
    with locked_stage.client() as other:
        other.cookies.set("streampulse", "eyJ1c2VyIjoiYWRtaW4ifQ.aaaaaa.prepared")
        assert not is_in(other)
        told, _, signature = fresh.rpartition(".")
        # Its first letter: of the last not every bit counts.
        other.cookies.set("streampulse", f"{told}.{'a' if signature[0] != 'a' else 'b'}{signature[1:]}")
        assert not is_in(other), "a signature that was tampered with"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_can_neither_log_a_browser_in_nor_out(visitor, headers):
    assert visitor.post("/login", data={"username": "admin", "password": PASSWORD}, headers=headers).status_code == 403
    assert log_in(visitor).status_code == 302
    assert visitor.post("/logout", headers=headers).status_code == 403
    assert is_in(visitor)


def test_no_secret_is_ever_logged(locked_stage, visitor):
    log_in(visitor)
    log_in(visitor, "a wrong guess")
    visitor.get("/api/stats", headers={"Authorization": f"Bearer {API_TOKEN}"})
    visitor.get("/api/stats", params={"token": OVERLAY_TOKEN})
    visitor.get("/api/nothing", params={"token": OVERLAY_TOKEN})
    visitor.get("/socket.io/", params={"EIO": "4", "transport": "polling", "token": OVERLAY_TOKEN})
    visitor.get("/socket.io/", params={"EIO": "9", "transport": "smoke", "token": OVERLAY_TOKEN})
    log = locked_stage.web.log
    for secret in (PASSWORD, API_TOKEN, OVERLAY_TOKEN, "a wrong guess", visitor.cookies["streampulse"]):
        assert secret not in log


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells memory on Linux only")
def test_many_logins_at_once_do_not_take_the_memory_of_a_small_machine(locked_stage):
    """Each check takes 64 MB for as long as it runs."""

    def memory_mb(name: str) -> int:
        status = Path(f"/proc/{locked_stage.web.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) // 1024  # type: ignore[index]

    def attempt(address: str) -> int:
        with locked_stage.client(headers={"X-Forwarded-For": address}) as client:
            return log_in(client, "wrong").status_code

    before = memory_mb("VmRSS")
    addresses = [next(_addresses) for _ in range(12)]
    with ThreadPoolExecutor(12) as at_once:
        assert list(at_once.map(attempt, addresses)) == [401] * 12
    assert memory_mb("VmHWM") - before < 200
