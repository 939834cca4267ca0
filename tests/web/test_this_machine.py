"""Without a password the dashboard serves this machine only, and through no proxy."""

from __future__ import annotations

import pytest

from tests.web.conftest import Stage


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LocalHost"])
def test_this_machine_may_call_it_by_its_own_names(stage: Stage, client, host):
    response = client.get("/api/stats", headers={"Host": f"{host}:{stage.web.port}"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5000",
        "192.168.1.20:5000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example@localhost",
        "0.0.0.0",
        "localhost evil",
        "[",
        "[::1",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/api/stats", "/", "/metrics", "/openapi.json"])
def test_a_name_that_is_not_this_machines_is_refused(client, host, path):
    response = client.get(path, headers={"Host": host})
    assert response.status_code in (400, 403)
    assert "times" not in response.text


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Real-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "CF-Connecting-IP",
        "True-Client-IP",
        "Forwarded",
        "Via",
    ],
)
@pytest.mark.parametrize("value", ["127.0.0.1", "203.0.113.9", ""])
def test_a_request_that_came_through_a_proxy_is_refused(client, header, value):
    response = client.get("/api/stats", headers={header: value})
    assert response.status_code == 403
    assert response.json()["success"] is False
    assert "DASHBOARD_PASSWORD" in response.json()["error"]


def test_a_proxy_cannot_pass_as_this_machine_by_what_it_forwards(client):
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost", "Host": "evil.example"}
    assert client.get("/api/stats", headers=headers).status_code == 403


def test_health_stays_open_to_the_monitoring_of_others(client):
    response = client.get("/health", headers={"Host": "evil.example", "X-Forwarded-For": "203.0.113.9"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_make_this_browser_change_anything(client, headers):
    assert client.post("/logout", headers=headers).status_code == 403


def test_our_own_pages_and_programs_may(stage: Stage, client):
    own = {"Origin": stage.web.url, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/logout", headers=own).status_code == 302
    assert client.post("/logout").status_code == 302


def test_nobody_need_log_in_here(client):
    assert client.get("/login?next=/streams").headers["location"] == "/streams"
    assert client.post("/login", data={"username": "x", "password": "y"}).headers["location"] == "/"
