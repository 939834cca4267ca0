"""Errors as answers: JSON for programs, a page for people, the right status, never a traceback."""

from __future__ import annotations

import http.client
import json
import socket

import httpx
import pytest

from tests.web.conftest import Stage

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def problem(answer: httpx.Response, status: int) -> dict:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told.keys() == {"success", "error", "details"}
    assert told["success"] is False
    assert told["error"]
    assert isinstance(told["details"], list)
    return told


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/", "/api/stats/", "/api/%00", "/api/<script>", "/api/" + "x" * 5000]
)
@pytest.mark.parametrize("accept", ["*/*", "application/json", BROWSER["Accept"]])
def test_an_unknown_path_under_api_is_not_found_as_json_for_everybody(client, path, accept):
    answer = client.get(path, headers={"Accept": accept})
    problem(answer, 404)
    assert len(answer.content) < 1_000


def test_an_unknown_path_is_a_page_for_people_and_json_for_programs(client):
    page = client.get("/nowhere", headers=BROWSER)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/"' in page.text, "a way back"
    assert "There is nothing at this address." in page.text
    problem(client.get("/nowhere"), 404)
    problem(client.get("/nowhere", headers={"Accept": "application/json"}), 404)


@pytest.mark.parametrize("path", ["/<script>alert(1)</script>", "/streams/<img src=x>", "/streams/99999999"])
def test_an_error_page_shows_nothing_of_the_address_as_markup(client, path):
    page = client.get(path, headers=BROWSER)
    assert page.status_code == 404
    assert "<script>alert" not in page.text
    assert "<img src=x>" not in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/api/stats", "/api/streams", "/api/streams/1", "/health", "/metrics", "/"])
def test_a_wrong_method_is_refused_with_those_that_are_allowed(client, method, path):
    answer = client.request(method, path)
    problem(answer, 405)
    assert {"GET", "HEAD", "OPTIONS"} == {name.strip() for name in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("path", ["/api/stats", "/health", "/", "/openapi.json"])
def test_head_answers_as_get_does_without_the_body(client, path):
    head, get = client.head(path), client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/stats?minutes=0", "minutes: must be at least 1"),
        ("/api/stats?minutes=1441", "minutes: must be at most 1440"),
        ("/api/stats?minutes=many", "minutes: must be a whole number"),
        ("/api/stats?platform=radio", "platform: must be one of twitch, tiktok"),
        ("/api/stats?channel=" + "x" * 65, "channel: must have at most 64 characters"),
        ("/stats?since=soon", "since: must be a time like 2026-11-21T18:30:00+01:00"),
    ],
)
def test_what_is_wrong_with_a_question_is_said_in_plain_words(client, path, message):
    told = problem(client.get(path), 422)
    assert told["error"] == message
    assert told["details"] == [{"field": message.partition(":")[0], "message": message}]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("PUT", "/api/viewer-profiles/vip/tiers", b"{}", 422, "tiers: is missing"),
        (
            "POST",
            "/api/viewer-profiles/vip/tiers/preview",
            b'{"tiers": [{}], "n": 1}',
            422,
            "n: there is no such field",
        ),
        ("POST", "/anomalies/1/state", b'{"state": "seen", "n": 1}', 422, "n: there is no such field"),
        ("PUT", "/api/viewer-profiles/vip/tiers", b"[]", 422, "the body must be a JSON object"),
        ("PUT", "/api/viewer-profiles/vip/tiers", b"{", 400, "the body is no valid JSON"),
        ("PUT", "/api/viewer-profiles/vip/tiers", b" " * 1_100_000, 413, "the body is larger than 1,000,000 bytes"),
        ("GET", "/api/streams/first", b"", 404, "there is nothing at this address"),
        ("GET", "/api/stats/", b"", 404, "there is nothing at this address; try it without the slash at its end"),
        ("DELETE", "/api/stats", b"", 405, "this address takes GET, HEAD"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_plain_words(client, method, path, body, status, message):
    answer = client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert problem(answer, status)["error"] == message


def test_too_large_a_body_is_refused(client):
    answer = client.post("/login", content=b"username=" + b"x" * 1_100_000, headers=FORM)
    problem(answer, 413)


def test_too_large_a_body_is_refused_to_people_with_a_page(locked_stage: Stage):
    with locked_stage.client(headers=BROWSER | FORM | {"X-Forwarded-For": "203.0.113.80"}) as client:
        answer = client.post("/login", content=b"username=" + b"x" * 1_100_000)
    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("announced", ["1000001", "99999999999999", "9" * 18])
def test_a_body_announced_as_too_large_is_refused_before_it_is_sent(locked_stage, announced):
    connection = http.client.HTTPConnection("127.0.0.1", locked_stage.web.port, timeout=5)
    try:
        connection.putrequest("POST", "/login")
        for name, value in (FORM | {"Content-Length": announced, "X-Forwarded-For": "203.0.113.81"}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.loads(answer.read())["success"] is False
    finally:
        connection.close()


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", ""])
def test_a_length_that_is_no_number_is_a_bad_request(stage, length):
    connection = http.client.HTTPConnection("127.0.0.1", stage.web.port, timeout=5)
    try:
        connection.putrequest("POST", "/login")
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status in (400, 302)
    finally:
        connection.close()


@pytest.mark.parametrize(
    "query",
    [
        "minutes=5&minutes=6",
        "minutes[]=5",
        "=",
        "&&&",
        "%",
        "%zz=%zz",
        "minutes=%00",
        "channel=%ff%fe",
        "x=" + "y" * 6000,
    ],
)
def test_an_odd_query_is_answered_or_refused_but_never_fails(client, query):
    answer = client.get(f"/api/stats?{query}")
    assert answer.status_code in (200, 404, 422)
    if answer.status_code != 200:
        problem(answer, answer.status_code)


@pytest.mark.parametrize(
    "accept", ["", "nonsense", "text/html;q=2", "*/*;q=0", ",,,", "text/html;q=0.1,application/json;q=x"]
)
def test_an_odd_accept_header_never_fails(client, accept):
    assert client.get("/nowhere", headers={"Accept": accept}).status_code == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE my-secret\r\n\r\n",
        b"GET /?token=my-secret HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 3000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"\r\n\r\n\r\n",
    ],
)
def test_what_is_no_request_disturbs_nobody_and_leaves_nothing_of_it_in_the_log(stage: Stage, client, raw):
    before = len(stage.web.log)
    with socket.create_connection(("127.0.0.1", stage.web.port), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
    assert client.get("/health").status_code == 200
    logged = stage.web.log[before:]
    assert "Traceback" not in logged
    assert "my-secret" not in logged
    assert len(logged.splitlines()) <= 1
