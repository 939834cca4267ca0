"""Changing people over REST: profile, tier, the tiers, erasing, and who may."""

from __future__ import annotations

import json
import sqlite3
import threading
import time

import httpx
import pytest

from core.clock import now_ms
from core.events import Kind
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, Stage, event
from tests.web.test_viewers import ROOT, get, gift, problem
from web.viewer_schemas import EditsAnswer, Profile, TierMoves, TiersChanged


def test_an_edit_is_kept_answered_and_in_the_trail(stage: Stage, client):
    stage.tell(event("edits", by="eddy"))
    changes = {
        "notes": "Likes <b>cats</b>\nand =dogs",
        "tags": ["team", " Team ", "night owl"],
        "birthday": "2000-02-29",
        "discord_username": "eddy#1",
        "tts_voice": "de_001",
        "is_favorite": True,
        "is_blocked": True,
        "is_moderator": True,
    }
    response = client.patch(f"{ROOT}/eddy", json=changes)
    assert response.status_code == 200
    profile = response.json()
    assert Profile.model_validate(profile, strict=True, extra="forbid")
    assert {key: profile[key] for key in changes} == changes | {"tags": ["team", "night owl"]}
    assert profile["age"] >= 26
    trail = get(client, "/eddy/edits", EditsAnswer)["items"]
    assert {row["field"] for row in trail} == changes.keys()
    assert {row["editor"] for row in trail} == {"admin"}
    assert client.patch(f"{ROOT}/eddy", json={}).json()["notes"] == changes["notes"]
    assert client.patch(f"{ROOT}/eddy", json={"birthday": None}).json()["birthday"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"birthday": "1990-02-30"}, "birthday"),
        ({"birthday": "2999-01-01"}, "birthday"),
        ({"birthday": 19900101}, "birthday"),
        ({"total_coins_spent": 5}, "total_coins_spent"),
        ({"id": 1}, "id"),
        ({"vip_tier_id": 1}, "vip_tier_id"),
        ({"notes; DROP TABLE viewers": ""}, "notes; DROP TABLE viewers"),
        ({"is_favorite": "yes"}, "is_favorite"),
        ({"tags": "team"}, "tags"),
        ({"tags": ["\ud800"]}, "tags"),
        ({"notes": "x" * 10_001}, "notes"),
        ({"tts_voice": "hal"}, "tts_voice"),
    ],
)
def test_an_edit_that_cannot_be_taken_changes_nothing_and_is_named(stage: Stage, client, changes, field):
    stage.tell(event("edits", by="stubborn"))
    before = get(client, "/stubborn")
    response = client.patch(f"{ROOT}/stubborn", content=json.dumps({"is_moderator": True} | changes))
    assert [detail["field"] for detail in problem(response, 422)["details"]] == [field]
    assert get(client, "/stubborn") == before


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"{", 400), (b"[1]", 422), (b"null", 422), (b'"x"', 422), (b"[" * 90_000, 400)]
)
def test_a_body_that_is_no_object_is_refused(stage: Stage, client, body, status):
    stage.tell(event("edits", by="bodyguard"))
    response = client.patch(f"{ROOT}/bodyguard", content=body, headers={"Content-Type": "application/json"})
    assert "JSON" in problem(response, status)["error"]


def test_a_tier_is_given_taken_and_handed_back(stage: Stage, client):
    stage.tell(event("tiers", by="tiara"))
    path = f"{ROOT}/tiara/vip"
    profile = client.post(path, json={"tier": "gold"}).json()
    assert (profile["vip_tier"], profile["vip_source"], profile["is_vip"]) == ("Gold", "set", True)
    profile = client.post(path, json={"remove": True}).json()
    assert (profile["vip_tier"], profile["vip_source"], profile["vip_since"]) == (None, "removed", None)
    assert client.post(path, json={"reset": True}).json()["vip_source"] == "automatic"
    refused = problem(client.post(path, json={"tier": "Wood"}), 422)
    assert refused["details"][0]["allowed"] == ["Bronze", "Silver", "Gold", "Platinum"]
    for body in ({}, {"tier": "Gold", "remove": True}, {"remove": "yes"}, {"tear": "Gold"}, {"remove": False}):
        problem(client.post(path, json=body), 422)
    problem(client.post(f"{ROOT}/nobody/vip", json={"tier": "Gold"}), 404)


def test_tiers_are_previewed_then_replaced(alone):
    client = alone.client
    known = client.get(f"{ROOT}/vip/tiers").json()
    wanted = [
        *known,
        {"name": "Diamond", "rank": 5, "coins": 500_000, "watch_hours": 300, "visits": 200, "color": "#B9F2FF"},
    ]
    preview = client.post(f"{ROOT}/vip/tiers/preview", json={"tiers": wanted})
    assert TierMoves.model_validate(preview.json(), strict=True, extra="forbid")
    assert client.get(f"{ROOT}/vip/tiers").json() == known
    replaced = client.put(f"{ROOT}/vip/tiers", json={"tiers": wanted})
    assert TiersChanged.model_validate(replaced.json(), strict=True, extra="forbid")
    assert [tier["name"] for tier in client.get(f"{ROOT}/vip/tiers").json()][-1] == "Diamond"
    for bad in ([], [{"name": "x"}], [{"name": "x", "color": "red"}], "all", [1], [*known, *known]):
        problem(client.put(f"{ROOT}/vip/tiers", json={"tiers": bad}), 422)
    assert len(client.get(f"{ROOT}/vip/tiers").json()) == 5


def test_who_is_erased_is_gone_from_every_answer(stage: Stage, client):
    stage.tell(gift("erased", "vanisher", 900, 100), event("erased", by="vanisher.friend", text="hi"))
    client.patch(f"{ROOT}/vanisher", json={"notes": "a secret", "is_favorite": True, "birthday": "1999-12-31"})
    number = get(client, "/vanisher")["id"]
    before = get(client, "/stats/summary")
    assert client.delete(f"{ROOT}/vanisher").json() == {"success": True}
    for method, path in (("GET", ""), ("GET", "/export"), ("PATCH", ""), ("DELETE", ""), ("GET", "/gifts")):
        problem(client.request(method, f"{ROOT}/vanisher{path}", json={}), 404)
    paths = (
        *("?search=vanisher", "?search=erased:", "?filter=favorites&limit=200", "?limit=200", "/leaderboard?limit=100"),
        *("/leaderboard?scope=stream&limit=100", "/birthdays/upcoming?days=366", "/sessions/active", "/export"),
    )
    for path in paths:
        text = client.get(f"{ROOT}{path}").text
        assert '"vanisher"' not in text, path
        assert "a secret" not in text, path
        assert f'"id":{number},' not in text, path
    after = get(client, "/stats/summary")
    assert after["totalViewers"] == before["totalViewers"] - 1
    assert after["totalRevenue"] == before["totalRevenue"]


def test_who_asked_not_to_be_recorded_is_not_recorded_again(stage: Stage, client):
    stage.tell(event("optout", by="ghost"))
    assert client.delete(f"{ROOT}/ghost", params={"remember": "true"}).status_code == 200
    stage.tell(event("optout", by="ghost"))
    problem(client.get(f"{ROOT}/ghost"), 404)


def test_an_overlay_sees_a_leaderboard_and_no_person(locked_stage: Stage):
    locked_stage.tell(event("lena", Kind.CHAT, by="shown", text="cheer1", amount=1))
    with locked_stage.client(params={"token": OVERLAY_TOKEN}) as overlay:
        assert "shown" in [row["username"] for row in overlay.get("/api/overlay/leaderboard").json()]
        for path in ("", "/shown", "/leaderboard", "/export", "/shown/export", "/sessions/active", "/stats/summary"):
            problem(overlay.get(f"{ROOT}{path}"), 403)
        problem(overlay.patch(f"{ROOT}/shown", json={"notes": "x"}), 403)
        problem(overlay.delete(f"{ROOT}/shown"), 403)


def test_a_strangers_page_cannot_give_orders(locked_stage: Stage):
    with locked_stage.client(headers={"Authorization": f"Bearer {API_TOKEN}", "Origin": "https://evil.example"}) as far:
        problem(far.patch(f"{ROOT}/shown", json={"notes": "x"}), 403)
        problem(far.post(f"{ROOT}/import", content="username\nx", headers={"Content-Type": "text/csv"}), 403)


def test_while_an_order_waits_for_the_database_others_are_answered(stage: Stage, client):
    stage.tell(event("locked", by="waiter"))
    other = sqlite3.connect(stage.database.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with httpx.Client(base_url=stage.web.url, timeout=20) as waiting:
            began = time.monotonic()
            with waiting.stream("GET", f"{ROOT}/waiter"):
                pass
            answers: list[int] = []
            order = threading.Thread(
                target=lambda: answers.append(
                    waiting.patch(f"{ROOT}/waiter", json={"notes": str(now_ms())}).status_code
                )
            )
            order.start()
            slowest = 0.0
            while time.monotonic() - began < 1.0:
                asked = time.monotonic()
                assert client.get(f"{ROOT}/waiter").status_code == 200
                slowest = max(slowest, time.monotonic() - asked)
            assert answers == []
            other.execute("COMMIT")
            order.join(10)
            assert answers == [200]
            assert slowest < 0.8
    finally:
        other.close()
