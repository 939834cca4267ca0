"""The API document: valid, complete, true, and drawn without any other machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Program
from tests.web.asking import ask
from tests.web.cast import bearer
from tests.web.conftest import API_TOKEN, PASSWORD, TRACK_KEY, Stage, stage_of

pytestmark = pytest.mark.long

RECORDS = ("plans", "users", "content", "watch-history", "reviews", "payments")


@pytest.fixture(scope="module")
def document(stage: Stage) -> dict[str, Any]:
    answer = httpx.get(f"{stage.web.url}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, told) for path, methods in document["paths"].items() for method, told in methods.items()]


def test_it_is_openapi_3_1_whose_references_all_lead_somewhere(document):
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "StreamPulse"
    assert document["info"]["version"]
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(re.findall(r'"(#/[^"]+)"', httpx.Response(200, json=document).text)) <= known


def test_it_tells_of_every_path_a_script_may_ask_and_of_no_other(document):
    one = "/api/viewer-profiles/{username}"
    assert document["paths"].keys() == {
        "/api/viewer-profiles",
        one,
        *(f"{one}/{part}" for part in ("gifts", "sessions", "interactions", "edits", "heatmap", "export", "vip")),
        *(f"/api/viewer-profiles/vip/{part}" for part in ("list", "tiers", "tiers/preview")),
        "/api/viewer-profiles/stats/summary",
        "/api/viewer-profiles/leaderboard",
        "/api/viewer-profiles/heatmap/global",
        "/api/viewer-profiles/birthdays/upcoming",
        "/api/viewer-profiles/sessions/active",
        "/api/viewer-profiles/tts/voices",
        "/api/viewer-profiles/export",
        "/api/viewer-profiles/import",
        "/api/overlay/leaderboard",
        *("/track", "/events", "/stats", "/funnel-analysis", "/user-segmentation", "/user-activity", "/user-patterns"),
        *("/anomalies", "/anomalies/{anomaly_id}/state"),
        *("/demo/generate-traffic", "/demo/generate-anomalies"),
        *("/api/settings/anomalies", "/api/settings/webhook", "/api/settings/webhook/test"),
        *("/api/settings/goals", "/api/settings/sub-values", "/api/settings/ignored", "/api/settings/ignored/{name}"),
        *("/api/accounts", "/api/accounts/{account_id}", "/api/accounts/{account_id}/password"),
        *("/api/accounts/me", "/api/accounts/me/password", "/api/accounts/me/sign-out"),
        *("/api/tokens", "/api/tokens/{token_id}", "/api/calm", "/api/overlay/goal", "/api/overlay/env-token"),
        *("/api/voice/ice-servers", "/peerjs/peers", "/peerjs/{key}/peers", "/peerjs/{key}/id"),
        *("/api/sales", "/api/revenue", "/api/visitors"),
        *(f"/api/{kind}" for kind in RECORDS),
        *("/api/subscriptions", "/api/top-content", "/api/popular-content-over-time", "/api/popular-content-trend"),
        *("/api/revenue-trends", "/api/payments-trend", "/api/payment-method-distribution"),
        *("/api/watch-history-genre", "/api/user-stats/{user_id}", "/api/recommendations/{user_id}"),
        *("/api/library/metrics", "/api/library/retention", "/api/library/choices"),
        *(f"/api/{kind}/{{record_id}}" for kind in RECORDS),
        "/health",
        "/metrics",
        "/api/stats",
        "/api/streams",
        "/api/streams/{stream_id}",
        "/api/streams/{stream_id}/chat",
    }


@pytest.mark.parametrize("number", [2**63, 10**30, 10**4_000])
def test_a_number_that_no_row_can_have_leads_nowhere(document, client, number):
    numbered = [(path, method) for path, method, _ in operations(document) if "_id}" in path]
    for path, method in numbered:
        answer = client.request(method, re.sub(r"{\w+_id}", str(number), path), json={})
        assert answer.status_code in (404, 422), f"{method} {path}: {answer.text}"
    assert len(numbered) > 30


def test_every_answer_is_described(document):
    for path, method, told in operations(document):
        assert told["summary"], path
        assert told["tags"], path
        assert {"200", "201"} & told["responses"].keys(), path
        for status, response in told["responses"].items():
            assert response["description"], f"{method} {path} {status}"
            assert response["content"], f"{method} {path} {status}"


def test_errors_are_described_as_they_are_answered(document):
    for name in ("HTTPError", "ValidationError"):
        assert document["components"]["schemas"][name]["required"] == ["success", "error", "details"]
    for path, _, told in operations(document):
        for status, response in told["responses"].items():
            if status.startswith("4"):
                schema = response["content"]["application/json"]["schema"]
                name = "ValidationError" if status == "422" else "HTTPError"
                assert schema == {"$ref": f"#/components/schemas/{name}"}, f"{path} {status}"


def test_it_says_who_has_to_bring_a_token(document):
    assert document["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    for path, _, told in operations(document):
        assert bool(told.get("security")) is (path != "/health"), path
        assert ({"401", "403"} <= told["responses"].keys()) is (path != "/health"), path


def test_a_key_of_the_shop_and_a_token_of_an_overlay_are_told_where_they_open(document):
    opens = {name: set() for name in document["components"]["securitySchemes"]}
    for path, _, told in operations(document):
        for way in told.get("security", ()):
            opens[next(iter(way))].add(path)
    assert opens["track"] == {"/track"}
    assert opens["overlay"] == {"/api/stats", "/api/overlay/goal", "/api/overlay/leaderboard"}
    assert opens["signature"] == {"/api/sales"}


def test_a_client_can_be_generated_from_it(document):
    """Names of groups and calls are there once each, and no choice is there twice in other capitals."""
    groups = [group["name"] for group in document["tags"]]
    assert len(groups) == len(set(groups))
    assert {group for _, _, told in operations(document) for group in told["tags"]} == set(groups)
    names = [told["operationId"] for _, _, told in operations(document)]
    assert len(names) == len(set(names))
    assert {"get_stats", "get_api_stats", "delete_api_viewer_profiles_username"} <= set(names)
    for path, _, told in operations(document):
        for parameter in told.get("parameters", ()):
            choices = [choice.lower() for choice in parameter["schema"].get("enum", ()) if choice]
            assert len(choices) == len(set(choices)), f"{path} {parameter['name']}"


def test_each_shape_is_there_once_under_a_name_of_its_own(document):
    schemas = document["components"]["schemas"]
    assert {"Profile", "Earned", "Money", "RecordPages"} <= schemas.keys()
    assert all(schema["title"] == name and "." not in name for name, schema in schemas.items())
    answer = document["paths"]["/api/viewer-profiles"]["get"]["responses"]["200"]["content"]["application/json"]
    listed = schemas[answer["schema"]["$ref"].rpartition("/")[2]]
    assert listed["properties"]["data"]["items"] == {"$ref": "#/components/schemas/Profile"}


def test_what_may_be_left_out_is_not_said_to_be_null(document):
    """A client that sends the default of each field would erase or be refused."""
    for name, schema in document["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            assert told.get("default", "") is not None, f"{name}.{field}"
    joined = document["components"]["schemas"]["UserGiven"]["properties"]["joined_at"]
    assert "format" not in joined  # a day is one as well, as its pattern says


def test_every_option_is_explained(document):
    for path, method, told in operations(document):
        for parameter in told.get("parameters", ()):
            words = parameter.get("description") or parameter["schema"].get("description")
            assert words, f"{method} {path} {parameter['name']}"


def test_the_order_of_a_list_is_taken_in_whatever_capitals(client):
    for path in ("/api/viewer-profiles", "/api/plans"):
        for order in ("asc", "DESC", "Asc"):
            assert client.get(path, params={"order": order}).status_code == 200, f"{path} {order}"
        refused = client.get(path, params={"order": "up"})
        assert (refused.status_code, "asc" in refused.json()["error"].lower()) == (422, True)


def test_what_it_calls_a_time_is_one_with_its_offset(document, stage, client):
    stage.source("timed")
    stage.chat("timed", "one")
    times = set()

    def look(told: Any) -> None:
        for name, value in told.items() if isinstance(told, dict) else ():
            if name.endswith(("_at", "joinedAt")) and value is not None:
                assert datetime.fromisoformat(value).tzinfo, f"{name}: {value}"
                times.add(name)
        for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
            look(one)

    for path, method, told in operations(document):
        if method == "get" and "{" not in path and "application/json" in told["responses"]["200"]["content"]:
            answer = client.get(path)
            if answer.status_code == 200:
                look(answer.json())
    assert {"updated_at", "first_seen_at", "last_seen_at", "started_at", "last_event_at"} <= times
    profile = document["components"]["schemas"]["Profile"]["properties"]
    assert profile["first_seen_at"]["format"] == "date-time"


def test_the_page_is_drawn_from_this_machines_own_files(stage, client):
    page = client.get("/docs", headers={"Accept": "text/html"})
    assert page.status_code == 200
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert any("swagger-ui" in address for address in needed)
    for address in needed:
        assert address.startswith(("/", "#")), address
        assert not address.startswith("//"), address
        if address.startswith("/"):
            assert client.get(address).status_code == 200, address


# What no schema can say: which tiers there are, what makes a list of them whole, what is a list of viewers, which
# times and names fit an event, which range ends after it begins, whether there is a webhook to be changed, that a token
# has no voice, which of the library's records there are to be referred to, what an account may be called, which scopes
# go together, and what a goal or a sub can be.
UNTOLD = (
    "-over-time|revenue-trends",  # which months there are, and which day comes after which
    "/vip|/webhook|/[{]username[}]$|/import$|/track$",
    "^/(stats|events|anomalies|user-|funnel)|^/peerjs/[{]key|/ice-servers",
    f"/({'|'.join(RECORDS)})",
    "^/api/(accounts|tokens)$|/settings/(ignored|goals|sub-values)$",
)
EXCEPTIONS = f"""
[[operations]]
include-path-regex = "{"|".join(UNTOLD)}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422", "5xx"]
"""


@pytest.fixture
def disposable(program: Program, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    """A stage that nobody needs afterwards: what is asked of it changes tiers, people, records and settings."""
    settings = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN, "TRACK_KEY": TRACK_KEY}
    with stage_of(program, new_database_url(), **settings) as stage:
        stage.chat("lena", "hello")
        yield stage


@pytest.mark.timeout(300)  # for machines that do much besides
def test_whatever_is_asked_the_answer_is_as_described(disposable: Stage, tmp_path: Path):
    """Schemathesis asks what is allowed and what is not, and holds each answer against the document."""
    options = ("--checks=all", "--phases=examples,coverage,fuzzing", "--max-examples=3")
    ended = ask(disposable.web.url, tmp_path, *options, headers=bearer(API_TOKEN), exceptions=EXCEPTIONS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in disposable.web.log
