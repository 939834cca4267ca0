"""The news of people as dashboards and overlays hear them: each once, in order, and on the stream only what may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import select, update

from actions import viewers
from core.clock import now_ms
from core.db import Database
from core.events import Kind
from ingest import news
from models import IgnoredName, Viewer, ViewerNews
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, Stage, event, stage_of
from tests.web.sockets import Heard, Listener, listening

KINDS = ("new", "updated", "vip-promoted", "vip-removed", "vip-set", "birthday", "birthday-live", "online", "offline")
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
        profile = client.get("/api/viewer-profiles/twitch:olga").json()["data"]
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
