"""The security headers: on every answer, whoever made it and whatever it says."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.web.conftest import Stage

EVERYTHING = [
    ("GET", "/", 200),
    ("GET", "/streams", 200),
    ("GET", "/overlay", 200),
    ("GET", "/docs", 200),
    ("GET", "/api/stats", 200),
    ("GET", "/api/stats?minutes=x", 422),
    ("GET", "/api/stats?channel=nobody-at-all", 404),
    ("GET", "/health", 200),
    ("GET", "/metrics", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/nowhere", 404),
    ("PUT", "/api/stats", 405),
    ("GET", "/login", 302),
    ("GET", "/static/favicon.svg", 200),
    ("GET", "/static/css/base.css", 200),
    ("GET", "/static/vendor/chart.umd.min.js", 200),
    ("GET", "/static/joined/live+calm.js", 200),
    ("GET", "/static/joined/nothing.js", 404),
    ("GET", "/static/vendor/nothing.js", 404),
    ("GET", "/static/../app.py", 404),
    ("GET", "/socket.io/?EIO=4&transport=polling", 200),
    ("GET", "/socket.io/?EIO=3&transport=polling", 400),
    ("POST", "/socket.io/?EIO=4&transport=polling&sid=unknown", 400),
]


def directives(answer: httpx.Response) -> dict[str, list[str]]:
    policy = answer.headers["content-security-policy"]
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize(("method", "path", "status"), EVERYTHING)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_answer_has_them(client, method, path, status, accept):
    answer = client.request(method, path, headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "geolocation=()" in answer.headers["permissions-policy"]
    assert directives(answer)["default-src"] == ["'none'"]
    assert answer.headers.get_list("content-security-policy") == [answer.headers["content-security-policy"]]


def test_only_the_voice_room_may_use_the_microphone(client):
    allowed = {path: client.get(path).headers["permissions-policy"] for path in ("/", "/settings", "/voice", "/health")}
    assert [path for path, policy in allowed.items() if "microphone=()" not in policy] == ["/voice"]
    assert "microphone=(self)" in allowed["/voice"]


def test_the_policy_lets_no_foreign_or_inline_code_run(client):
    allowed = directives(client.get("/"))
    assert allowed["script-src"] == ["'self'"]
    assert allowed["style-src"] == ["'self'"]
    assert allowed["base-uri"] == ["'none'"]
    assert allowed["form-action"] == ["'self'"]
    assert allowed["frame-ancestors"] == ["'self'"]
    assert not re.search(r"unsafe|\*|data:(?!.*img)", " ".join(allowed["script-src"] + allowed["style-src"]))
    for name, sources in allowed.items():
        assert not [source for source in sources if "unsafe" in source or source == "*"], name


@pytest.mark.parametrize("path", ["/", "/streams", "/overlay", "/docs"])
def test_no_page_needs_what_the_policy_forbids(client, path):
    page = client.get(path, headers={"Accept": "text/html"}).text
    assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"(application/json|importmap)\")[^>]*>\s*\S", page)
    assert not re.search(r"\son\w+\s*=", page)
    assert not re.search(r"<style|\sstyle\s*=|javascript:", page)


@pytest.mark.parametrize("path", ["/", "/streams", "/overlay", "/docs", "/openapi.json"])
def test_no_page_names_another_machine(stage, client, path):
    page = client.get(path, headers={"Accept": "text/html"}).text.replace(f"{stage.web.url}/", "")
    addresses = set(re.findall(r"(?:https?:|wss?:)?//[^\s\"'<>)]+", page))
    assert {address for address in addresses if "www.w3.org" not in address} == set()


@pytest.mark.parametrize("path", ["/", "/api/stats", "/health", "/login", "/nowhere", "/openapi.json"])
def test_what_one_person_may_see_stays_in_no_cache(client, path):
    assert client.get(path).headers["cache-control"] == "no-store"


def test_fetched_packages_are_kept_by_browsers_and_sent_compressed(client):
    answer = client.get("/static/vendor/chart.umd.min.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_plain_http_promises_no_tls_and_tls_behind_the_proxy_does(client, locked_stage: Stage):
    assert "strict-transport-security" not in client.get("/health").headers
    with locked_stage.client(headers={"X-Forwarded-Proto": "https"}) as visitor:
        for path in ("/health", "/login", "/static/vendor/chart.umd.min.js", "/api/stats"):
            assert visitor.get(path).headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"])
def test_nothing_outside_the_static_folder_is_served(stage, path):
    assert raw_get(stage, path).status_code == 404


@pytest.mark.parametrize("path", ["//evil.example/", "/static//evil.example", "///evil.example/..", "/\\evil.example"])
def test_no_path_leads_to_another_site(stage, path):
    answer = raw_get(stage, path)
    assert answer.status_code in (200, 308, 404)
    assert httpx.URL(stage.web.url).join(answer.headers.get("location", "/")).host == "127.0.0.1"


def raw_get(stage: Stage, path: str) -> httpx.Response:
    """GET of exactly ``path``, which clients would tidy up."""
    url = httpx.URL(stage.web.url).copy_with(raw_path=path.encode())
    return httpx.get(url, headers={"Accept": "text/html"})
