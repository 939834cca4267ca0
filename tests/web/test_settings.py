"""Settings over HTTP: what the owner may choose, within which bounds, and that secrets are never told again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from actions.preferences import BOUNDS, DEFAULTS
from core.clock import MINUTE_MS, now_ms
from models import Preference
from tests.support import rows
from tests.web.conftest import OVERLAY_TOKEN, Alone, Stage
from tests.web.test_store_sockets import report, step

ANOMALIES, WEBHOOK = "/api/settings/anomalies", "/api/settings/webhook"


@pytest.fixture
def settings(alone: Alone) -> Iterator[httpx.Client]:
    """The owner's client, and nothing chosen before or after."""
    yield alone.client
    alone.client.put(ANOMALIES, json={}).raise_for_status()
    alone.client.delete(WEBHOOK).raise_for_status()


# --- thresholds ---


def test_without_a_choice_thresholds_are_as_the_code_says(settings: httpx.Client):
    answer = settings.get(ANOMALIES).json()
    assert answer["thresholds"] == answer["defaults"] == dict(DEFAULTS)
    assert answer["bounds"].keys() == DEFAULTS.keys()


def test_a_choice_is_kept_and_an_empty_one_resets(alone: Alone, settings: httpx.Client):
    answer = settings.put(ANOMALIES, json={"sigmas": 3.5, "traffic_windows": 24})
    assert answer.status_code == 200
    expected = dict(DEFAULTS) | {"sigmas": 3.5, "traffic_windows": 24}
    assert answer.json()["thresholds"] == settings.get(ANOMALIES).json()["thresholds"] == expected
    assert settings.put(ANOMALIES, json={}).json()["thresholds"] == dict(DEFAULTS)
    assert rows(alone.database, Preference) == []


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_both_bounds_are_allowed_and_nothing_beyond_them(settings: httpx.Client, name: str):
    bounds = BOUNDS[name]
    for value in (bounds.low, bounds.high):
        fitting = int(value) if bounds.whole else value
        assert settings.put(ANOMALIES, json={name: fitting}).json()["thresholds"][name] == value
    kept = settings.get(ANOMALIES).json()
    for value in (bounds.low - 1, bounds.high + 1, "2", None, True, [2], {}):
        answer = settings.put(ANOMALIES, json={name: value})
        assert answer.status_code == 422, value
        assert name in json.dumps(answer.json()["details"])
    assert settings.get(ANOMALIES).json() == kept


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"sigmas": NaN}', 422),
        (b'{"sigmas": Infinity}', 422),
        (b'{"sigmas": 1e999}', 422),
        (b'{"unknown": 1}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b"{broken", 400),
        (b"\xff\xfe", 400),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(settings: httpx.Client, body: bytes, status: int):
    answer = settings.put(ANOMALIES, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert settings.get(ANOMALIES).json()["thresholds"] == dict(DEFAULTS)


def test_thresholds_count_from_the_next_event_on(alone: Alone, settings: httpx.Client):
    settings.put(ANOMALIES, json={"traffic_change": 500}).raise_for_status()
    report(alone.database, *(step(at_ms=now_ms() - number * 5 * MINUTE_MS, by=f"q{number}") for number in range(2, 30)))
    report(alone.database, *(step(by=f"user{number}") for number in range(60)))
    assert alone.client.get("/anomalies").json()["anomalies"] == []
    settings.put(ANOMALIES, json={}).raise_for_status()
    report(alone.database, step(by="one more"))
    (found,) = alone.client.get("/anomalies").json()["anomalies"]
    assert found["type"] == "traffic_spike"


# --- the webhook ---


def test_a_secret_is_told_once(settings: httpx.Client):
    assert settings.get(WEBHOOK).json() == {
        "configured": False,
        "url": None,
        "kind": "generic",
        "cooldown_minutes": 10,
        "deliveries": [],
    }
    made = settings.put(WEBHOOK, json={"url": " https://example.com/hook?key=1 "}).json()
    assert made["secret"].startswith("whsec_")
    assert len(made["secret"]) > 40
    assert made["url"] == "https://example.com/hook?key=1"
    changed = settings.put(WEBHOOK, json={"cooldown_minutes": 0, "kind": "generic"}).json()
    assert (changed["secret"], changed["cooldown_minutes"], changed["url"]) == (None, 0, made["url"])
    rotated = settings.put(WEBHOOK, json={"rotate_secret": True}).json()
    assert rotated["secret"] not in (None, made["secret"])
    for answer in (settings.get(WEBHOOK), settings.get("/settings")):
        assert "whsec_" not in answer.text


def test_a_webhook_of_discord_has_no_secret_until_it_becomes_another(settings: httpx.Client):
    made = settings.put(WEBHOOK, json={"url": "https://discord.com/api/webhooks/1/x", "kind": "discord"}).json()
    assert (made["secret"], made["kind"]) == (None, "discord")
    assert settings.put(WEBHOOK, json={"kind": "generic"}).json()["secret"].startswith("whsec_")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https://:80",
        "http://[::1",
        "http://example.com:99999/",
        "https://user:pass@example.com/",
        "https://exa mple.com/",
        "https://example.com/\r\nX-Evil: 1",
        "https://example.com/\u0000",
        "https://example.com/\ud800",
        "https://example.com/" + "x" * 2_000,
        7,
        ["https://example.com"],
    ],
    ids=lambda url: repr(url)[:30],
)
def test_an_address_that_cannot_be_one_is_refused(settings: httpx.Client, url: Any):
    body = json.dumps({"url": url}).encode()
    answer = settings.put(WEBHOOK, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "url" in json.dumps(answer.json()["details"])
    assert settings.get(WEBHOOK).json()["configured"] is False


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://192.168.1.20/", "http://[fd00::1]:8080/h", "HTTPS://EXAMPLE.com"]
)
def test_an_address_may_be_in_one_s_own_network(settings: httpx.Client, url: str):
    assert settings.put(WEBHOOK, json={"url": url}).json()["url"] == url


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "slack"},
        {"cooldown_minutes": -1},
        {"cooldown_minutes": 1441},
        {"cooldown_minutes": 1.5},
        {"secret": "x"},
    ],
)
def test_what_does_not_fit_changes_nothing_of_the_webhook(settings: httpx.Client, order: dict[str, Any]):
    settings.put(WEBHOOK, json={"url": "https://example.com/"}).raise_for_status()
    before = settings.get(WEBHOOK).json()
    assert settings.put(WEBHOOK, json={"url": "https://other.example/"} | order).status_code == 422
    assert settings.get(WEBHOOK).json() == before


def test_without_an_address_there_is_nothing_to_change_or_to_test(settings: httpx.Client):
    assert settings.put(WEBHOOK, json={"cooldown_minutes": 5}).status_code == 422
    assert settings.post(f"{WEBHOOK}/test").status_code == 409
    assert settings.delete(WEBHOOK).json() == {"success": True}


# --- who ---


@pytest.mark.parametrize("path", ["/settings", ANOMALIES, WEBHOOK])
def test_an_overlay_sees_no_settings(locked_stage: Stage, path: str):
    with locked_stage.client(params={"token": OVERLAY_TOKEN}) as client:
        assert client.get(path).status_code == 403


def test_another_site_changes_no_settings(alone: Alone):
    for method, path in (("PUT", ANOMALIES), ("PUT", WEBHOOK), ("DELETE", WEBHOOK), ("POST", f"{WEBHOOK}/test")):
        answer = alone.client.request(method, path, json={}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
