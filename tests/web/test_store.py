"""The shop over REST: what was reported through the public way, answered with the keys that clients rely on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.web.conftest import Alone

NOW = datetime.now(UTC)


def at(**ago: int) -> str:
    return (NOW - timedelta(**ago)).isoformat()


@pytest.fixture(scope="module")
def shop(alone: Alone) -> httpx.Client:
    """Ada buys in order, Ben fills a cart, Cleo came yesterday and the day before; somebody unknown looks."""
    acts: list[dict[str, Any]] = [
        {"event_type": kind, "user_id": "ada", "timestamp": at(minutes=30 - number)}
        for number, kind in enumerate(("page_view", "product_view", "add_to_cart", "user_signup", "purchase"))
    ]
    acts[-1]["data"] = {"amount": 12.5, "currency": "EUR", "note": "<script>"}
    acts += [{"event_type": "add_to_cart", "user_id": "ben", "timestamp": at(minutes=n)} for n in (5, 6)]
    acts += [{"event_type": "page_view", "user_id": "cleo", "timestamp": at(hours=n)} for n in (30, 50)]
    acts.append({"event_type": "page_view", "timestamp": at(minutes=3)})
    assert alone.client.post("/track", json=acts).json()["accepted"] == len(acts)
    return alone.client


def test_figures(shop):
    told = {
        "total_events": 8,
        "unique_users": 2,
        "events_last_hour": 8,
        "event_types": {"page_view": 2, "product_view": 1, "add_to_cart": 3, "user_signup": 1, "purchase": 1},
    }
    assert told.items() <= shop.get("/stats").json().items()
    assert shop.get("/stats", params={"range": "all"}).json()["unique_users"] == 3


def test_the_events_of_the_range_before_stand_beside_them(shop):
    assert shop.get("/stats").json()["previous"] == {"total_events": 1}
    assert shop.get("/stats", params={"range": "all"}).json()["previous"] is None


def test_one_person_s_journey_can_be_asked_for(shop):
    [ada] = shop.get("/user-activity", params={"user_id": "ada"}).json()["users"]
    assert (ada["user_id"], len(ada["journey"])) == ("ada", 5)
    assert [one["user_id"] for one in shop.get("/user-patterns", params={"user_id": "ada"}).json()["users"]] == ["ada"]
    assert shop.get("/user-activity", params={"user_id": "nobody"}).json() == {"users": [], "kept_since": None}


def test_funnel_both_ways(shop):
    found = shop.get("/funnel-analysis").json()
    assert found["total_users"] == 2
    assert list(found["funnel_counts"].values()) == [1, 1, 2, 1, 1]
    assert list(found["in_order"]["funnel_counts"].values()) == [1, 1, 1, 1, 1]
    assert found["conversion_rates"]["add_to_cart"] == 200.0
    assert found["drop_off"]["add_to_cart_to_user_signup"] == 50.0
    assert found["previous"] is None
    assert found["previous_missing"]


def test_segments_of_a_range_that_ends_now_and_of_one_that_is_over(shop):
    found = shop.get("/user-segmentation").json()
    assert [one["user_id"] for one in found["converted"]] == ["ada"]
    assert [(one["user_id"], one["total_events"]) for one in found["medium_intent"]] == [("ben", 2)]
    assert found["counts"] == {"converted": 1, "high_intent": 0, "medium_intent": 1, "low_intent": 0}
    over = shop.get("/user-segmentation", params={"since": at(hours=40), "until": at(hours=20)}).json()
    assert [(one["user_id"], one["total_events"]) for one in over["low_intent"]] == [("cleo", 1)]


def test_journeys_and_patterns(shop):
    [first, second] = shop.get("/user-activity").json()["users"]
    assert (first["user_id"], second["user_id"], second["total_events"]) == ("ben", "ada", 5)
    assert [step["event_type"] for step in second["journey"]][-1] == "purchase"
    flags = {one["user_id"]: one["flags"] for one in shop.get("/user-patterns").json()["users"]}
    assert flags == {"ben": ["abandoned_cart"], "ada": ["converted", "signed_up"]}


def test_events_come_newest_first_and_page_by_page(shop):
    first = shop.get("/events", params={"limit": 6}).json()
    assert (len(first["events"]), first["total"]) == (6, 10)
    rest = shop.get("/events", params={"limit": 200, "before": first["events"][-1]["id"]}).json()["events"]
    ids = [one["id"] for one in first["events"] + rest]
    assert ids == sorted(ids, reverse=True)
    [bought] = [one for one in first["events"] + rest if one["event_type"] == "purchase"]
    assert (bought["amount"], bought["currency"], bought["data"]["note"]) == (12.5, "EUR", "<script>")
    assert datetime.fromisoformat(bought["timestamp"]).utcoffset() is not None


def test_events_of_a_range_come_by_their_time(shop):
    def asked(**question: Any) -> tuple[list[tuple[str | None, str]], int]:
        told = shop.get("/events", params={"limit": 200, **question}).json()
        return [(one["user_id"], one["timestamp"]) for one in told["events"]], told["total"]

    day, total = asked(range="24h")
    assert len(day) == total == 8
    assert "cleo" not in {who for who, _ in day}
    assert [when for _, when in day] == sorted((when for _, when in day), reverse=True)
    assert asked(range="all")[1] == asked()[1] == 10
    over, total = asked(since=at(hours=60), until=at(hours=20))
    assert [who for who, _ in over] == ["cleo", "cleo"]
    assert total == 2
    first = shop.get("/events", params={"limit": 3, "range": "24h"}).json()["events"]
    assert asked(range="24h", before=first[-1]["id"])[0] == day[3:]
    assert asked(range="24h", before=2**40) == ([], 8)


def test_anomalies_are_told_with_what_is_looked_for(shop):
    found = shop.get("/anomalies").json()
    assert found["total_anomalies"] == len(found["anomalies"]) == 0
    assert found["detection_types"] == ["traffic_spike", "unusual_purchase", "hyperactive_user"]
    assert shop.post("/anomalies/7/state", json={"state": "seen"}).status_code == 404
    assert shop.post("/anomalies/7/state", json={"state": "new"}).status_code == 422


@pytest.mark.parametrize(
    "asked",
    [
        {"range": "2h"},
        {"since": "yesterday"},
        {"since": "5"},
        {"since": at(hours=1), "until": at(hours=2)},
        {"since": at(hours=-1)},
    ],
)
@pytest.mark.parametrize(
    "path", ["/stats", "/funnel-analysis", "/user-segmentation", "/anomalies", "/user-activity", "/events"]
)
def test_a_range_that_cannot_be_is_refused(shop, path, asked):
    assert shop.get(path, params=asked).status_code == 422


def test_clearing_leaves_nothing(shop):
    assert shop.get("/api/visitors").json()["today"] == 2
    for part in ({"range": "24h"}, {"range": "7d"}, {"since": at(hours=-1)}, {"until": at(hours=-1)}):
        assert shop.delete("/events", params=part).status_code == 422
    assert shop.delete("/events", params={"range": "all"}).json() == {"success": True, "deleted": 10}
    assert shop.get("/stats", params={"range": "all"}).json()["total_events"] == 0
    assert shop.get("/user-segmentation", params={"range": "all"}).json()["total_users"] == 0
    assert shop.get("/events").json() == {"events": [], "total": 0}
    visitors = shop.get("/api/visitors").json()
    assert (visitors["today"], visitors["online_now"], visitors["counted_since"]) == (0, 0, None)
