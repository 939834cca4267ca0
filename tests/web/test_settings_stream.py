"""Settings of the stream over HTTP: the ignore list, goals, calm mode, and the token that overlays need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from models import Preference
from tests.support import rows
from tests.web.cast import add_token, bearer, browser, owner_of
from tests.web.conftest import OVERLAY_TOKEN, Stage

IGNORED, GOALS, CALM = "/api/settings/ignored", "/api/settings/goals", "/api/calm"


@pytest.fixture
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    with closing(browser(locked_stage)) as client:
        yield client
        client.put(GOALS, json={"goals": []}).raise_for_status()
        client.put(CALM, json={"on": False}).raise_for_status()


def chatters(stage: Stage, channel: str) -> list[str]:
    with owner_of(stage) as client:
        return [one["user"] for one in client.get("/api/stats", params={"channel": channel}).json()["recent"]]


# --- the ignore list ---


def test_who_is_ignored_is_recorded_from_the_next_message_on_no_more_without_a_restart(locked_stage: Stage, owner):
    """The writer that plays the collector runs all the while."""
    locked_stage.chat("ignoring", "one", by="chatty")
    answer = owner.post(IGNORED, json={"names": ["@Chatty", "otherbot"]})
    assert answer.status_code == 200
    assert {"chatty", "otherbot", "nightbot"} <= set(answer.json()["names"])
    locked_stage.chat("ignoring", "two", by="chatty")
    assert len(chatters(locked_stage, "ignoring")) == 1
    left = owner.delete(f"{IGNORED}/chatty").json()["names"]
    assert "chatty" not in left
    locked_stage.chat("ignoring", "three", by="chatty")
    assert len(chatters(locked_stage, "ignoring")) == 2
    assert owner.delete(f"{IGNORED}/chatty").status_code == 404
    assert owner.delete(f"{IGNORED}/otherbot").status_code == 200


@pytest.mark.parametrize(
    "names", [[], [""], ["a b"], ["<b>"], ["x" * 31], ["\u0000"], [7], "nightbot", None, ["ok", "not ok"], ["x"] * 101]
)
def test_what_is_no_login_is_refused_and_nothing_is_changed(owner: httpx.Client, names: Any):
    before = owner.get(IGNORED).json()
    assert owner.post(IGNORED, json={"names": names}).status_code == 422
    assert owner.get(IGNORED).json() == before


# --- goals ---


def test_goals_are_kept_in_order_and_overlays_show_the_chosen_one(locked_stage: Stage, owner: httpx.Client):
    goals = [{"what": "subs", "target": 50, "label": "Road to 50"}, {"what": "earned", "target": 100, "label": ""}]
    assert owner.get("/api/overlay/goal").json() == {"goal": None}
    assert owner.put(GOALS, json={"goals": goals, "shown": 1}).json() == {"goals": goals, "shown": 1}
    with locked_stage.client(params={"token": OVERLAY_TOKEN}) as overlay:
        assert overlay.get("/api/overlay/goal").json() == {"goal": goals[1]}
        assert overlay.get(GOALS).status_code == 403
    assert owner.put(GOALS, json={"goals": goals}).json()["shown"] is None
    assert owner.get("/api/overlay/goal").json() == {"goal": None}
    assert owner.put(GOALS, json={"goals": []}).json() == {"goals": [], "shown": None}
    assert not [row for row in rows(locked_stage.database, Preference) if row["key"] == "goals"]


@pytest.mark.parametrize(
    "order",
    [
        {"goals": [{"what": "followers", "target": 5}]},
        {"goals": [{"what": "subs", "target": 0}]},
        {"goals": [{"what": "subs", "target": 1.5}]},
        {"goals": [{"what": "subs", "target": 10**9}]},
        {"goals": [{"what": "subs", "target": 5, "label": "x" * 61}]},
        {"goals": [{"what": "subs", "target": 5}] * 21},
        {"goals": [{"what": "subs", "target": 5}], "shown": 1},
        {"goals": [{"what": "subs", "target": 5}], "shown": -1},
        {"goals": [], "shown": 0},
        {"shown": None},
        [],
    ],
    ids=lambda order: json.dumps(order)[:60],
)
def test_what_cannot_be_goals_is_refused(owner: httpx.Client, order: Any):
    assert owner.put(GOALS, json=order).status_code == 422
    assert owner.get(GOALS).json() == {"goals": [], "shown": None}


# --- calm ---


def test_calm_is_everybody_s_own_on_all_their_devices(locked_stage: Stage, owner: httpx.Client):
    locked_stage.chat("calm", "hi")
    assert owner.get(CALM).json() == {"on": False, "since": None}
    assert owner.put(CALM, json={"on": True}).json()["on"] is True
    assert 'data-calm="on"' in owner.get("/", headers={"Accept": "text/html"}).text
    with closing(browser(locked_stage)) as elsewhere:
        assert elsewhere.get(CALM).json()["on"] is True
    token = add_token(locked_stage, "read")
    with locked_stage.client(headers=bearer(token)) as script:
        assert script.get(CALM).json()["on"] is False
        assert script.put(CALM, json={"on": True}).status_code == 409
    assert owner.put(CALM, json={"on": "yes"}).status_code == 422
    assert owner.put(CALM, json={"on": False}).json() == {"on": False, "since": None}
    assert owner.put(CALM, json={"on": True}).json()["on"] is True


# --- the overlay's token ---


def test_the_overlay_token_of_env_is_told_to_the_owner_alone_and_stands_on_no_page(locked_stage: Stage, owner):
    assert owner.get("/api/overlay/env-token").json() == {"token": OVERLAY_TOKEN}
    assert OVERLAY_TOKEN not in owner.get("/settings").text
    with locked_stage.client(headers=bearer(add_token(locked_stage, "write"))) as script:
        assert script.get("/api/overlay/env-token").status_code == 403
