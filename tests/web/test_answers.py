"""What every answer keeps to, and what no way of asking changes: other names of the host, packed bodies."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.web.cast import browser, owner_of
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, TRACK_KEY, ZONE, Stage
from tests.web.routes import Route
from web.pages import zone_words

PACKED = gzip.compress(b" " * 50_000_000)  # 50 kB of nothing
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    with closing(browser(locked_stage)) as client:
        yield client


@pytest.fixture(scope="module")
def readable(routes: list[Route]) -> list[str]:
    return sorted({route.path for route in routes if "GET" in route.methods})


def test_every_answer_is_what_it_says_stands_in_no_frame_of_others_and_private_ones_in_no_cache(owner, readable):
    for path in [*readable, "/nothing"]:
        for headers in ({}, PAGE):
            answer = owner.get(path, headers=headers)
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert "frame-ancestors 'self'" in answer.headers["content-security-policy"], path
            assert answer.headers["cross-origin-resource-policy"] == "same-origin", path
            if not path.startswith("/static/"):
                assert answer.headers["cache-control"] == "no-store", path
            if path.startswith("/api/") and "content-disposition" not in answer.headers:
                assert answer.headers["content-type"] == "application/json", path


def test_no_answer_leads_to_a_host_that_the_caller_made_up(owner, locked_stage, readable):
    with locked_stage.client() as stranger:
        for client in (owner, stranger):
            for path in [*readable, "//", "/static//x", "/viewers/"]:
                answer = client.get(path, headers=PAGE | {"Host": "evil.example"})
                assert "evil.example" not in answer.headers.get("location", ""), path
                assert "evil.example" not in str(answer.headers.get("set-cookie", "")), path
                if client is stranger:
                    assert "evil.example" not in answer.text, path


def test_the_first_word_counts_and_a_second_one_opens_nothing(locked_stage):
    with locked_stage.client() as client:
        assert client.get(f"/api/stats?token=x&token={OVERLAY_TOKEN}").status_code == 401
        assert client.get(f"/api/stats?token[]={OVERLAY_TOKEN}").status_code == 401
        both = httpx.Headers([("Authorization", "Bearer x"), ("Authorization", f"Bearer {API_TOKEN}")])
        assert client.get("/api/streams", headers=both).status_code == 401
        body = json.dumps({"event_type": "page_view"})
        assert client.post(f"/track?key=x&key={TRACK_KEY}", content=body).status_code == 401
        assert client.get(f"/api/stats?token={OVERLAY_TOKEN}&minutes=5&minutes=x").status_code in (200, 422)
        answer = client.post("/login?next=//evil.example", data={"username": "x", "next": "/streams"})
        assert "evil.example" not in answer.text


@pytest.mark.parametrize("path", ["/track", "/api/sales", "/api/viewer-profiles/import", "/api/accounts", "/api/goals"])
def test_nobody_unpacks_what_is_sent_packed(locked_stage, path):
    with owner_of(locked_stage) as owner:
        for kind in ("application/json", "text/csv"):
            headers = {"Content-Encoding": "gzip", "Content-Type": kind, "X-Track-Key": TRACK_KEY}
            answer = owner.request("PUT" if path == "/api/goals" else "POST", path, content=PACKED, headers=headers)
            assert 400 <= answer.status_code < 500, f"{path}: {answer}"


def test_a_body_in_chunks_has_the_same_bound_as_another(locked_stage):
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 50_000

    with locked_stage.client(headers={"X-Track-Key": TRACK_KEY, "Content-Type": "application/json"}) as client:
        assert client.post("/track", content=chunks()).status_code == 413
        assert client.post("/track", content=iter([b'{"event_type":', b'"page_view"}'])).status_code == 201


def test_a_length_that_is_never_sent_is_not_waited_for_in_memory(locked_stage):
    head = f"POST /track?key={TRACK_KEY} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", locked_stage.web.port), timeout=20) as line:
        line.sendall(f"{head}Content-Length: 999999999999\r\n\r\n".encode())
        assert line.recv(4_096).startswith(b"HTTP/1.1 413 ")


def test_no_page_names_a_reset_link_or_an_address_made_of_the_host(owner):
    for path in ("/login", "/", "/settings", "/overlay"):
        page = owner.get(path, headers={"Host": "evil.example"} | PAGE).text
        assert not re.search(r"(href|src|action)=\"(https?:)?//", page), path


@pytest.mark.parametrize("path", ["/", "/viewers", "/streams", "/revenue", "/store"])
def test_every_page_says_in_which_zone_its_times_are(owner, path):
    assert f">Times in {ZONE}</p>" in owner.get(path, headers=PAGE).text


def test_a_zone_is_told_as_people_call_it():
    names = ("Etc/UTC", "UTC", "Zulu", "America/New_York", "Etc/GMT+5")
    assert [zone_words(name) for name in names] == ["UTC", "UTC", "UTC", "America/New York", "Etc/GMT+5"]
