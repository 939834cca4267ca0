"""The news of people as dashboards and overlays hear them: each once, in order, and on the stream only what may be."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import types
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from actions import viewers
from core.clock import HOUR_MS, now_ms
from core.db import Database
from core.events import Event, Kind
from ingest import news
from models import IgnoredName, Viewer, ViewerEdit, ViewerNews
from tests.processes import wait_until
from tests.support import rows
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, Stage, event, stage_of
from tests.web.sockets import Heard, Listener, listening
from web import viewer_calls

KINDS = ("new", "updated", "vip-promoted", "vip-removed", "vip-set", "birthday", "birthday-live", "online", "offline")
JSON = {"Content-Type": "application/json"}
TOLD_BY_TEST = {"told_by": "the test"}  # apart from what the write path tells of those who come in
ON_STREAM = {"username", "display_name", "platform", "tier", "color"}


def viewer_id(database: Database, username: str) -> int:
    with database.reading() as connection:
        return connection.execute(select(Viewer.id).where(Viewer.username == username)).scalar_one()


def tell(stage: Stage, username: str, *kinds: str | tuple[str, dict[str, Any]]) -> None:
    """Leaves news of a person in the outbox, as the write path does."""
    who = viewer_id(stage.database, username)
    told = [(kind, {}) if isinstance(kind, str) else kind for kind in kinds]
    with stage.database.writing() as connection:
        news.tell(connection, [(now_ms(), who, kind, detail | TOLD_BY_TEST) for kind, detail in told])


def of(page: Listener, username: str) -> list[Heard]:
    """What the page has heard of a person by the test, in the order of coming."""
    return [one for one in _told(page) if one.payload["username"] == username]


def _told(page: Listener) -> list[Heard]:
    heard = [one for one in page.heard if one.event.startswith("viewer:")]
    return [one for one in heard if "told_by" in one.payload or one.payload.keys() == ON_STREAM]


def kinds(heard: Sequence[Heard]) -> list[str]:
    return [one.event.removeprefix("viewer:") for one in heard]


def change(stage: Stage, username: str, **values: Any) -> None:
    with stage.database.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == username).values(**values))


# --- dashboards ---


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_every_kind_of_news_reaches_every_dashboard_once_and_in_order(stage: Stage, transport: str):
    name = f"noted_{transport}"
    stage.chat("people", "hello", by=name)
    with (
        listening(stage.web.url, subscribe=False, transport=transport) as one,
        listening(stage.web.url, {"channel": "people"}, transport=transport) as other,
    ):
        tell(stage, name, *KINDS, "online")
        for page in (one, other):
            page.wait_until(lambda: len(of(page, name)) >= len(KINDS) + 1)  # noqa: B023
        stage.chat("people", "the end")
        other.wait_until(lambda: "the end" in other.texts())
        assert kinds(of(one, name)) == kinds(of(other, name)) == [*KINDS, "online"]


def test_news_bring_the_profile_and_what_is_particular_to_them(stage: Stage):
    stage.chat("people", "hello", by="olga")
    change(stage, "olga", notes="brings cake", birthday="1990-05-04", birthday_mmdd=504)
    with listening(stage.web.url, subscribe=False) as page, stage.client() as client:
        tell(
            stage,
            "olga",
            ("vip-promoted", {"tier": "Gold", "previous": "Silver"}),
            ("offline", {"duration_seconds": 95}),
            ("birthday", {"age": 36}),
        )
        page.wait_until(lambda: len(of(page, "olga")) >= 3)
        promoted, offline, birthday = (one.payload for one in of(page, "olga"))
        profile = client.get("/api/viewer-profiles/twitch:olga").json()
    assert (promoted["tier"], promoted["previous"]) == ("Gold", "Silver")
    assert (offline["duration_seconds"], offline["duration"], birthday["age"]) == (95, 95, 36)
    for payload in (promoted, offline, birthday):
        assert (payload["username"], payload["platform"]) == ("olga", "twitch")
        assert payload["tiktok_username"] == "olga"
        assert payload["notes"] == "brings cake"
    shared = promoted.keys() & profile.keys()
    assert {key: promoted[key] for key in shared} == {key: profile[key] for key in shared}
    assert len(shared) >= 35


def test_who_has_been_erased_meanwhile_is_not_told_of(stage: Stage):
    stage.chat("people", "hello", by="gone")
    stage.chat("people", "hello", by="stays")
    change(stage, "gone", erased_at_ms=now_ms())
    with listening(stage.web.url, subscribe=False) as page:
        tell(stage, "gone", "updated")
        tell(stage, "stays", "updated")
        page.wait_until(lambda: of(page, "stays"))
        assert of(page, "gone") == []
    change(stage, "gone", erased_at_ms=None)  # nobody was, and other tests count the same people


@pytest.mark.parametrize("detail", ["{broken", "[]", "null", '"text"'])
def test_news_that_cannot_be_read_stop_none_of_those_after_them(stage: Stage, detail: str):
    name = f"after_{len(detail)}"
    stage.chat("people", "hello", by=name)
    who = viewer_id(stage.database, name)
    with listening(stage.web.url, subscribe=False) as page:
        with stage.database.writing() as connection:
            for text in (detail, '{"age":3,"told_by":"the test"}'):
                connection.execute(
                    ViewerNews.__table__.insert().values(at_ms=now_ms(), viewer_id=who, kind="birthday", detail=text)
                )
        page.wait_until(lambda: of(page, name))
        assert [one.payload["age"] for one in of(page, name)] == [3]


def test_a_profile_that_cannot_be_shown_takes_no_other_with_it(alone):
    stage = Stage(alone.web, alone.database, None)  # type: ignore[arg-type]
    with alone.database.writing() as connection:
        for name, tags in (("broken", "[no list"), ("whole", "[]")):
            at = now_ms()
            connection.execute(
                Viewer.__table__.insert().values(
                    platform="tiktok",
                    platform_user_id=name,
                    username=name,
                    display_name=name,
                    tags=tags,
                    first_seen_at_ms=at,
                    last_seen_at_ms=at,
                )
            )
    with listening(alone.web.url, subscribe=False) as page:
        tell(stage, "whole", "new")
        page.wait_until(lambda: of(page, "whole"))
        ids = [viewer_id(alone.database, name) for name in ("broken", "whole")]
        with alone.database.writing() as connection:
            news.tell(connection, [(now_ms(), one, "updated", TOLD_BY_TEST) for one in ids])
        page.wait_until(lambda: len(of(page, "whole")) == 2)


def test_a_burst_of_joins_arrives_completely_in_order_and_once(stage: Stage):
    names = [f"crowd{number}" for number in range(300)]
    stage.tell(*(event("people", Kind.JOIN, by=name) for name in names))
    ids = {name: viewer_id(stage.database, name) for name in names}
    with listening(stage.web.url, subscribe=False) as page:
        told = [(now_ms(), ids[name], kind, TOLD_BY_TEST) for name in names for kind in ("new", "online", "updated")]
        with stage.database.writing() as connection:
            news.tell(connection, told)
        page.wait_until(lambda: len(_told(page)) >= len(told), timeout=10)
        tell(stage, "crowd0", "offline")
        page.wait_until(lambda: kinds(_told(page))[-1] == "offline")
        heard = [(one.payload["username"], one.event) for one in _told(page)][:-1]
        assert heard == [(name, f"viewer:{kind}") for name in names for kind in ("new", "online", "updated")]


def test_what_happened_while_nobody_listened_or_the_process_was_down_is_not_told_later(program, new_database_url: Any):
    url = new_database_url()
    with stage_of(program, url) as first:
        first.chat("lena", "hello", by="mila")
        tell(first, "mila", "new")
        first.web.kill()
        tell(first, "mila", "vip-removed")
        with program.web(url) as web:
            second = Stage(web, first.database, first.writer)
            tell(second, "mila", "vip-set")  # perhaps the tail looks only now: then it is told to nobody
            with listening(web.url, {"channel": "lena"}) as page:
                first.chat("lena", "a look later")
                page.wait_until(lambda: "a look later" in page.texts())
                tell(second, "mila", "updated")
                page.wait_until(lambda: "updated" in kinds(of(page, "mila")))
                assert not {"new", "vip-removed"} & set(kinds(of(page, "mila")))


def test_who_comes_back_is_not_told_the_same_again(stage: Stage):
    stage.chat("people", "hello", by="again")
    with listening(stage.web.url, subscribe=False) as page:
        tell(stage, "again", "vip-set")
        page.wait_until(lambda: of(page, "again"))
    with listening(stage.web.url, subscribe=False) as page:
        tell(stage, "again", "updated")
        page.wait_until(lambda: of(page, "again"))
        assert kinds(of(page, "again")) == ["updated"]


# --- who hears what ---


@pytest.mark.parametrize(
    ("follow", "hears"),
    [
        (None, True),
        ("viewers", True),  # no list: as if it were not there
        ({}, True),
        (["viewers"], True),
        (["viewers", "alerts"], True),
        ([], False),
        (["live", 7, None, [], "x" * 1000], False),
    ],
    ids=repr,
)
def test_dashboards_hear_of_people_unless_they_ask_for_less(stage: Stage, follow: Any, hears: bool):
    stage.chat("people", "hello", by="asker")
    auth = {} if follow is None else {"follow": follow}
    with listening(stage.web.url, subscribe=False, auth=auth) as page, listening(stage.web.url) as witness:
        tell(stage, "asker", "updated", "vip-promoted")
        witness.wait_until(lambda: len(of(witness, "asker")) == 2)
        if hears:
            page.wait_until(lambda: len(of(page, "asker")) == 2)
        else:
            _wait_for_a_push(stage, page)
        assert kinds(of(page, "asker")) == (["updated", "vip-promoted"] if hears else [])


def _wait_for_a_push(stage: Stage, page: Listener) -> None:
    """Returns when ``page`` has heard something that was stored after all before it."""
    page.subscribe({"channel": "people"})
    before = len(page.texts())
    stage.chat("people", "a look later")
    page.wait_until(lambda: len(page.texts()) > before)


@pytest.fixture
def overlay(locked_stage: Stage) -> Iterator[Listener]:
    auth = {"token": OVERLAY_TOKEN, "follow": ["alerts"]}
    locked_stage.source("people")
    with listening(locked_stage.web.url, {"channel": "people"}, auth=auth) as page:
        yield page


def test_an_overlay_hears_what_a_stream_may_show_and_nothing_else(locked_stage: Stage, overlay: Listener):
    stage = locked_stage
    stage.chat("people", "hello", by="shown")
    private = {"notes": "owes me money", "birthday": "1990-05-04", "discord_username": "hidden#1"}
    viewers.update(stage.database, viewer_id(stage.database, "shown"), private, editor="test", now_ms=now_ms())
    viewers.set_vip(stage.database, viewer_id(stage.database, "shown"), "Gold", editor="test", now_ms=now_ms())
    tell(stage, "shown", *((kind, {"tier": "Gold", "previous": None, "age": 36}) for kind in KINDS))
    overlay.wait_until(lambda: len(of(overlay, "shown")) >= 2)
    _wait_for_a_push(stage, overlay)
    heard = of(overlay, "shown")
    assert kinds(heard) == ["vip-promoted", "birthday-live"]
    for one in heard:
        assert one.payload.keys() == ON_STREAM
    assert heard[0].payload == {
        "username": "shown",
        "display_name": "Shown",
        "platform": "twitch",
        "tier": "Gold",
        "color": "#FFD700",
    }


@pytest.mark.parametrize("follow", [None, [], ["viewers"], "alerts"], ids=repr)
def test_the_overlay_token_opens_nothing_more(locked_stage: Stage, follow: Any):
    stage = locked_stage
    stage.chat("people", "hello", by="private")
    stage.source("people")
    auth = {"token": OVERLAY_TOKEN} | ({} if follow is None else {"follow": follow})
    with listening(stage.web.url, {"channel": "people"}, auth=auth) as page:
        tell(stage, "private", *KINDS)
        _wait_for_a_push(stage, page)
        assert of(page, "private") == []


def test_the_owner_s_own_overlay_hears_no_more_than_a_stream_may_show(stage: Stage):
    stage.chat("people", "hello", by="owner_view")
    with listening(stage.web.url, subscribe=False, auth={"follow": ["alerts"]}) as page:
        tell(stage, "owner_view", "updated", "birthday-live")
        page.wait_until(lambda: of(page, "owner_view"))
        assert [one.payload.keys() for one in of(page, "owner_view")] == [ON_STREAM]


def test_who_is_blocked_or_ignored_is_on_no_overlay(locked_stage: Stage, overlay: Listener):
    stage = locked_stage
    for name in ("blocked", "ignored", "welcome"):
        stage.chat("people", "hello", by=name)
    overlay.wait_until(lambda: len(overlay.chat()) == 3)
    change(stage, "blocked", is_blocked=True)
    with stage.database.writing() as connection:
        connection.execute(IgnoredName.__table__.insert().values(name="ignored"))
    with listening(stage.web.url, {"channel": "people"}, headers={"Authorization": f"Bearer {API_TOKEN}"}) as dashboard:
        for name in ("blocked", "ignored", "welcome"):
            tell(stage, name, "birthday-live")
        stage.chat("people", "buy followers", by="blocked")
        stage.chat("people", "hello", by="welcome")
        overlay.wait_until(lambda: len(overlay.chat()) >= 4)
        dashboard.wait_until(lambda: len(dashboard.chat()) >= 2)
        assert [item["login"] for item in overlay.chat()][3:] == ["welcome"]
        assert [item["login"] for item in dashboard.chat()] == ["blocked", "welcome"]
        overlay.wait_until(lambda: of(overlay, "welcome"))
        assert of(overlay, "blocked") == of(overlay, "ignored") == []
        dashboard.wait_until(lambda: of(dashboard, "welcome"))
        assert of(dashboard, "blocked")
        overlay.wait_for("ticker", lambda push: [user["login"] for user in push["users"]][:1] == ["welcome"])
    with listening(stage.web.url, subscribe=False, auth={"token": OVERLAY_TOKEN}) as page:
        answer = page.subscribe({"channel": "people"})
        assert "blocked" not in {item["login"] for item in answer["items"]}
        assert "blocked" not in {item["login"] for item in answer["stats"]["ticker"]}


def test_pages_that_come_at_once_are_told_the_same_and_each_what_it_may_see(locked_stage: Stage):
    stage, wanted = locked_stage, {"channel": "rush"}
    stage.chat("rush", "buy followers", by="shunned")
    change(stage, "shunned", is_blocked=True)
    owner = {"headers": {"Authorization": f"Bearer {API_TOKEN}"}}
    with (
        listening(stage.web.url, subscribe=False, **owner) as dashboard,
        listening(stage.web.url, subscribe=False, **owner) as another,
        listening(stage.web.url, subscribe=False, auth={"token": OVERLAY_TOKEN}) as stream,
    ):
        said = [("shunned", "buy followers")]
        dashboard.subscribe(wanted)
        for number in range(10):
            stage.chat("rush", f"message {number}", by="welcome")
            said.append(("welcome", f"message {number}"))
            dashboard.wait_until(lambda: f"message {number}" in dashboard.texts())  # noqa: B023
            for page in (dashboard, stream, another, stream, dashboard):
                answer = page.subscribe(wanted)
                seen = [text for name, text in said if page is not stream or name != "shunned"]
                assert [item["text"] for item in answer["items"]] == seen
                assert answer["stats"]["total_messages"] == len(said)
            stage.chat("rush", f"spam {number}", by="shunned")
            said.append(("shunned", f"spam {number}"))
            since = wanted | {"after": answer["cursor"]}
            dashboard.wait_until(lambda: f"spam {number}" in dashboard.texts())  # noqa: B023
            assert [item["text"] for item in dashboard.subscribe(since)["items"]] == [f"spam {number}"]
            assert stream.subscribe(since)["items"] == []


# --- what the collector causes ---


def heard_of(page: Listener, username: str) -> list[Heard]:
    """All news of a person, whoever told them."""
    return [one for one in page.heard if one.event.startswith("viewer:") and one.payload["username"] == username]


def test_who_comes_gives_and_goes_is_told_of_once_each(stage: Stage):
    stage.source("people")
    with (
        listening(stage.web.url, {"channel": "people"}) as page,
        listening(stage.web.url, {"channel": "people"}, auth={"follow": ["alerts"]}) as screen,
    ):
        stage.tell(event("people", Kind.JOIN, by="rising"))
        page.wait_for("viewer:online", lambda push: push["username"] == "rising")
        totals = {"total_watchtime_ms": 6 * HOUR_MS, "total_visits": 12}
        change(stage, "rising", **totals, total_coins_spent=900)
        stage.tell(*(_rose("rising", count) for count in (50, 150, 150)))
        stage.tell(event("people", Kind.PART, by="rising"))
        page.wait_for("viewer:offline", lambda push: push["username"] == "rising")
        _wait_for_a_push(stage, page)
        heard = heard_of(page, "rising")
        assert [kind for kind in kinds(heard) if kind != "updated"] == ["new", "online", "vip-promoted", "offline"]
        promoted = heard[kinds(heard).index("vip-promoted")].payload
        assert (promoted["tier"], promoted["previous"], promoted["vip_tier"]) == ("Bronze", None, "Bronze")
        assert heard[-1].payload["duration_seconds"] >= 0
        shown = screen.wait_for("viewer:vip-promoted", lambda push: push["username"] == "rising")
        assert shown == {
            "username": "rising",
            "display_name": "Rising",
            "platform": "twitch",
            "tier": "Bronze",
            "color": "#CD7F32",
        }
        assert kinds(heard_of(screen, "rising")) == ["vip-promoted"]


def _rose(by: str, count: int) -> Event:
    """A tick of a streak of roses."""
    extra = {"gift_id": 5655, "name": "Rose", "quantity": count, "diamonds": 1, "streak": "1:9"}
    return event("people", Kind.GIFT, by=by, amount=count, extra=extra)


def test_ticks_of_a_streak_that_add_nothing_are_not_pushed_and_the_gifts_tell_the_whole(locked_stage: Stage):
    stage = locked_stage
    stage.source("roses")
    with listening(stage.web.url, {"channel": "roses"}, auth={"token": OVERLAY_TOKEN, "follow": ["alerts"]}) as page:
        assert page.client.call("live:gifts", timeout=5) == {"success": True, "latest": [], "biggest": []}
        ticks = [dataclasses.replace(_rose("rosa", count), channel="roses") for count in (3, 7, 7, 7, 12, 12)]
        stage.tell(*ticks)
        stage.chat("roses", "afterwards", by="ana")
        page.wait_until(lambda: "afterwards" in page.texts())
        pushed = [item for item in page.chat() if item["kind"] == "gift"]
        assert [(item["amount"], item["extra"]["count"]) for item in pushed] == [(3, 3), (4, 7), (5, 12)]
        answer = page.client.call("live:gifts", {"junk": [1]}, timeout=5)
        (gift,) = answer["latest"]
        assert answer["biggest"] == [gift]
        assert gift.keys() == {"id", "at", "platform", "login", "user", "name", "quantity", "coins"}
        assert (gift["user"], gift["name"], gift["quantity"], gift["coins"]) == ("Rosa", "Rose", 12, 12)


# --- asking and changing ---


def call(page: Listener, name: str, *told: Any) -> dict[str, Any]:
    answer = page.client.call(f"viewer-profiles:{name}", told, timeout=10)
    assert isinstance(answer, dict)
    return answer


def test_a_profile_is_answered_as_over_http(stage: Stage):
    stage.chat("people", "hello", by="asked")
    with listening(stage.web.url, subscribe=False) as page, stage.client() as client:
        stage.writer.flush(10)
        over_http = client.get("/api/viewer-profiles/asked").json()
        for name in ("asked", "@Asked", "twitch:asked", {"username": "asked"}):
            assert call(page, "get", name) == {"success": True, "data": over_http}


def test_an_edit_is_stored_answered_and_told_to_all(stage: Stage):
    stage.chat("people", "hello", by="edited")
    updates = {"notes": "plays the drums", "tags": ["music"], "is_favorite": True}
    with listening(stage.web.url, subscribe=False) as page, listening(stage.web.url, subscribe=False) as other:
        answer = call(page, "update", {"username": "edited", "updates": updates})
        assert answer["success"] is True
        assert {key: answer["data"][key] for key in updates} == updates
        for one in (page, other):
            pushed = one.wait_for("viewer:updated", lambda push: push["username"] == "edited")
            assert {key: pushed[key] for key in updates} == updates
            assert set(pushed["fields"]) == updates.keys()
        assert call(page, "get", "edited")["data"]["notes"] == "plays the drums"
    edits = [row for row in rows(stage.database, ViewerEdit) if row["viewer_id"] == viewer_id(stage.database, "edited")]
    assert {(row["editor"], row["field"]) for row in edits} == {("admin", field) for field in updates}


@pytest.mark.parametrize(
    ("updates", "field"),
    [
        ({"birthday": "1990-02-30"}, "birthday"),
        ({"birthday": "yesterday"}, "birthday"),
        ({"total_coins_spent": 10**9}, "total_coins_spent"),
        ({"notes": "fine", "is_vip": True}, "is_vip"),
        ({"is_blocked": 1}, "is_blocked"),
        ({"tags": "a,b"}, "tags"),
        ({"tts_voice": "no such voice"}, "tts_voice"),
        ({"notes": "x" * 20_000}, "notes"),
        ({"discord_username": "\ud800"}, "discord_username"),
    ],
    ids=lambda given: repr(given)[:40],
)
def test_an_edit_that_cannot_be_is_refused_as_over_http_and_changes_nothing(
    stage: Stage, updates: dict[str, Any], field: str
):
    stage.chat("people", "hello", by="firm")
    with listening(stage.web.url, subscribe=False) as page, stage.client() as client:
        before = call(page, "get", "firm")
        answer = call(page, "update", {"username": "firm", "updates": updates})
        assert answer.keys() == {"success", "error", "details"}
        assert answer["success"] is False
        assert [detail["field"] for detail in answer["details"]] == [field]
        refused = client.patch("/api/viewer-profiles/firm", content=json.dumps(updates), headers=JSON)
        assert refused.status_code == 422
        assert [detail["field"] for detail in refused.json()["details"]] == [field]
        assert call(page, "get", "firm") == before


@pytest.mark.parametrize(
    "told",
    [
        (),
        (None,),
        (7,),
        ("",),
        ("   ",),
        ("nobody at all",),
        ("tiktok:asked",),
        ("\0",),
        ("\ud800",),
        ("x" * 50_000,),
        ([],),
        ({},),
        ({"username": 5},),
        ({"username": ["asked"]},),
        ({"username": "asked"}, {}, "more", 1),
        ({"username": "asked", "updates": None},),
        ({"username": "asked", "updates": []},),
        ({"username": "asked", "updates": "notes"},),
        ({"username": "nobody at all", "updates": {"notes": "x"}},),
        ({"username": "asked", "updates": {str(n): n for n in range(2_000)}},),
        ({"username": "asked", "updates": {"x" * 50_000: 1}},),
        ({"username": "asked", "updates": {"tags": [[[[{}]]]]}},),
        ({"username": "asked", "updates": {"notes": b"\x00\xff"}},),
        (b"\x00\xff",),
        (float("nan"),),
    ],
    ids=lambda told: repr(told)[:40],
)
def test_junk_is_answered_with_an_error_and_the_connection_lives_on(stage: Stage, told: tuple[Any, ...]):
    stage.chat("people", "hello", by="asked")
    before = len(stage.web.log)
    with listening(stage.web.url, subscribe=False) as page:
        for name in ("get", "update"):
            answer = call(page, name, *told)
            if name == "get" and told and isinstance(told[0], dict) and told[0].get("username") == "asked":
                assert answer["success"] is True  # what else is told along does not matter
                continue
            assert answer.keys() - {"details"} == {"success", "error"}
            assert answer["success"] is False
            assert 3 < len(answer["error"]) <= 300
            assert not {"Traceback", "Error(", "sqlalchemy"} & set(answer["error"].split())
        assert call(page, "get", "asked")["success"] is True
    assert "Traceback" not in stage.web.log[before:]


def test_the_overlay_token_neither_asks_nor_changes(locked_stage: Stage):
    stage = locked_stage
    stage.chat("people", "hello", by="asked")
    with listening(stage.web.url, subscribe=False, auth={"token": OVERLAY_TOKEN, "follow": ["viewers"]}) as page:
        refused = {"success": False, "error": "this token may not do that"}
        assert call(page, "get", "asked") == refused
        assert call(page, "update", {"username": "asked", "updates": {"notes": "mine"}}) == refused
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    with listening(stage.web.url, subscribe=False, headers=headers) as page:
        assert call(page, "get", "asked")["data"]["notes"] == ""
        assert call(page, "update", {"username": "asked", "updates": {"notes": "ours"}})["data"]["notes"] == "ours"


def test_an_edit_waits_for_a_locked_database_without_keeping_others_waiting(stage: Stage):
    stage.chat("people", "hello", by="patient")
    with listening(stage.web.url, subscribe=False) as page, stage.client() as client:
        answered: list[dict[str, Any]] = []
        with stage.database.writing():
            page.client.emit(
                "viewer-profiles:update",
                {"username": "patient", "updates": {"notes": "at last"}},
                callback=answered.append,
            )
            for _ in range(5):
                assert client.get("/api/stats", timeout=1).status_code == 200
            assert answered == []
        wait_until(lambda: answered, "the edit is answered")
        assert answered[0]["data"]["notes"] == "at last"


def test_that_the_database_is_away_is_answered_to_each_and_logged_once(caplog, monkeypatch: pytest.MonkeyPatch):
    def away() -> None:
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("no such luck"))

    monkeypatch.setattr(viewer_calls, "services", away)
    calls: dict[str, Any] = {}
    viewer_calls.register(types.SimpleNamespace(on=lambda name: partial(calls.setdefault, name)))  # type: ignore[arg-type]
    for name in ("viewer-profiles:get", "viewer-profiles:get", "viewer-profiles:update"):
        assert calls[name]({"username": "mila", "updates": {}})["error"].startswith("The database is not available: ")
    assert len(caplog.messages) == 1


# --- several web processes ---


def test_each_dashboard_hears_everything_once_whichever_process_it_is_connected_to(program, new_database_url):
    url = new_database_url()
    with (
        stage_of(program, url) as stage,
        program.web(url) as other,
        listening(stage.web.url) as here,
        listening(other.url) as there,
    ):
        stage.chat("lena", "hello", by="mila")
        tell(stage, "mila", *KINDS)
        stage.chat("lena", "the end")
        for page in (here, there):
            page.wait_until(lambda: "the end" in page.texts())  # noqa: B023
            page.wait_until(lambda: len(_told(page)) >= len(KINDS))  # noqa: B023
        tell(stage, "mila", ("offline", {"duration_seconds": 1}))
        for page in (here, there):
            page.wait_until(lambda: kinds(_told(page))[-1:] == ["offline"] and len(_told(page)) > len(KINDS))  # noqa: B023
            assert kinds(_told(page)) == [*KINDS, "offline"]
