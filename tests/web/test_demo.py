"""Demo generators: what they make is believable, marked, found to be unusual where it shall be, and refused beside
real events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from actions import installation
from core.db import Database
from models import StoreEvent
from tests.processes import Program
from tests.web.conftest import Alone, Stage

TRAFFIC, ANOMALIES = "/demo/generate-traffic", "/demo/generate-anomalies"


@pytest.fixture
def own(program: Program, new_database_url: Any) -> Iterator[Alone]:
    """A web process whose database is empty."""
    url = new_database_url()
    database = Database(url)
    with program.web(url) as web, httpx.Client(base_url=web.url, timeout=20) as client:
        yield Alone(client, database, web)
    database.close()


def sale(client: httpx.Client, **more: Any) -> None:
    body = {"event_type": "purchase", "user_id": "nova", "data": {"amount": 20}, **more}
    assert client.post("/track", json=body).status_code == 201


def content_of(database: Database) -> str | None:
    with database.reading() as connection:
        return installation.content_of(connection)


def test_journeys_are_made_by_as_many_people_as_are_wanted_and_fewer_get_to_each_step(own: Alone) -> None:
    made = own.client.post(TRAFFIC, json={"users": 300})
    assert made.status_code == 200, made.text
    told = made.json()
    assert told["users"] == 300
    assert told["events"] == sum(told["event_types"].values()) == own.client.get("/stats").json()["total_events"]
    counts = list(own.client.get("/funnel-analysis").json()["funnel_counts"].values())
    assert counts[0] == 300
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] > 0
    with own.database.reading() as connection:
        assert connection.scalar(select(func.count()).where(StoreEvent.is_simulated.is_(False))) == 0
    newest = own.client.get("/events", params={"limit": 200}).json()["events"]
    assert all(event["is_simulated"] and event["data"]["simulated"] is True for event in newest)
    assert all(event["amount"] > 0 for event in newest if event["event_type"] == "purchase")


def test_anomalies_are_found_of_every_kind_although_nothing_was_known_before(own: Alone) -> None:
    told = own.client.post(ANOMALIES).json()
    assert told["history_events"] > 100
    assert "quiet hours" in told["message"]
    seen = {(one["type"], "high" if "high" in one["message"] else "low") for one in told["anomalies"]}
    assert {("unusual_purchase", "high"), ("unusual_purchase", "low")} <= seen
    assert {kind for kind, _ in seen} == {"unusual_purchase", "traffic_spike", "hyperactive_user"}
    listed = own.client.get("/anomalies").json()["anomalies"]
    assert {one["message"] for one in told["anomalies"]} <= {one["message"] for one in listed}
    again = own.client.post(ANOMALIES, json={}).json()
    assert again["history_events"] == 0
    assert "quiet hours" not in again["message"]
    assert again["anomalies"]


def test_they_are_refused_beside_a_real_shop_unless_that_is_wanted(own: Alone) -> None:
    installation.claim(own.database, installation.REAL)
    sale(own.client)
    for path in (TRAFFIC, ANOMALIES):
        refused = own.client.post(path)
        assert refused.status_code == 409
        assert "real data" in refused.json()["error"]
        assert own.client.post(path, json={"force": False}).status_code == 409
    assert own.client.get("/stats").json()["total_events"] == 1
    assert own.client.post(TRAFFIC, json={"force": True, "users": 2}).status_code == 200
    assert own.client.post(TRAFFIC, params={"force": "true"}).status_code == 200
    assert content_of(own.database) == installation.REAL


@pytest.mark.parametrize("path", [TRAFFIC, ANOMALIES])
def test_a_range_is_taken_as_by_all_that_the_shop_is_asked(stage: Stage, path: str) -> None:
    with stage.client() as client:
        for asked in ({"range": "7d"}, {"since": "2026-11-21T18:30:00Z", "until": "2026-11-22", "_": "1"}):
            answer = client.post(path, params=asked, json={"force": True})
            assert answer.status_code == 200, answer.text
        assert client.post(path, params={"range": "8d"}).status_code == 422


@pytest.mark.parametrize("path", [TRAFFIC, ANOMALIES])
def test_a_real_database_without_a_shop_is_not_mixed_up_either(own: Alone, path: str) -> None:
    installation.claim(own.database, installation.REAL)
    assert own.client.post(path).status_code == 409
    assert own.client.get("/stats", params={"range": "all"}).json()["total_events"] == 0
    assert own.client.get("/api/revenue").json()["today"] == 0
    assert own.client.post(path, json={"force": True}).status_code == 200
    assert content_of(own.database) == installation.REAL


def test_a_database_that_holds_nothing_becomes_a_demo_and_can_be_emptied_again(own: Alone) -> None:
    assert own.client.post(TRAFFIC, json={"users": 3}).status_code == 200
    assert content_of(own.database) == installation.DEMO
    sale(own.client)  # a test event: it does not make the demo real
    assert own.client.post(TRAFFIC, json={"users": 3}).status_code == 200
    installation.remove_demo(own.database)
    assert own.client.get("/stats").json()["total_events"] == 0
    assert content_of(own.database) is None


def test_a_shop_that_reports_to_an_unclaimed_database_is_real(own: Alone) -> None:
    sale(own.client)
    assert own.client.post(TRAFFIC).status_code == 409
    assert content_of(own.database) is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"users": 0}', 422),
        (b'{"users": 501}', 422),
        (b'{"users": "many"}', 422),
        (b'{"force": 7}', 422),
        (b'{"force": 1}', 422),
        (b'{"user": 3}', 422),
        (b"\xff", 400),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_made(stage: Stage, body: bytes, status: int) -> None:
    with stage.client() as client:
        before = client.get("/stats").json()
        answer = client.post(TRAFFIC, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status, answer.text
        assert answer.json()["success"] is False
        assert client.get("/stats").json() == before
