"""RETENTION_DAYS in the web process as it is deployed: old events go by themselves, and every page says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime

import httpx
import pytest

from core.clock import DAY_MS, MINUTE_MS, iso_utc, now_ms
from core.db import Database
from core.events import Kind
from core.tracked import Tracked
from ingest.store import record
from models import Event, StoreEvent
from rules.funnel import Step
from rules.retention import horizon_ms
from tests.processes import Program, WebProcess, wait_until
from tests.support import NOVA, OTTO, act, chat, rows, write

OLD_MS, DAYS = now_ms() - 10 * DAY_MS, 7


@pytest.fixture(scope="module")
def database_url(new_database_url: Callable[[], str]) -> str:
    """Events of ten days ago and of now, in a channel and in the shop; two streams."""
    url = new_database_url()
    database = Database(url)
    spike = [chat(OTTO, f"old {number}", OLD_MS + 20 * MINUTE_MS + number) for number in range(60)]
    write(database, [chat(NOVA, "old", OLD_MS), *spike], now_ms=now_ms())
    write(
        database, [chat(NOVA, "new", now_ms()), act(Kind.GIFT, NOVA, now_ms(), amount=10, name="Rose")], now_ms=now_ms()
    )
    with database.writing() as connection:
        old = [Tracked(f"o{number}", Step.PAGE_VIEW, OLD_MS, f"customer-{number}") for number in range(3)]
        record(connection, [*old, Tracked("n", Step.PAGE_VIEW, now_ms(), "customer-1")], now_ms())
    database.close()
    return url


@pytest.fixture(scope="module")
def web(program: Program, database_url: str) -> Iterator[WebProcess]:
    """Once it has deleted what is too old."""
    with program.web(database_url, RETENTION_DAYS=str(DAYS)) as running:
        running.wait_for_log("raw events from before")
        yield running


@pytest.fixture
def ask(web: WebProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=web.url, timeout=10) as client:
        yield client


def kept_since() -> float:
    return horizon_ms(now_ms(), DAYS) / 1000


def seconds_of(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


def test_old_events_are_deleted_by_themselves_and_that_is_logged(web: WebProcess, database_url: str) -> None:
    database = Database(database_url)
    assert sorted(row["text"] or "" for row in rows(database, Event)) == ["", "new"]
    assert [row["event_id"] for row in rows(database, StoreEvent)] == ["n"]
    database.close()
    assert "64 raw events from before 20" in web.log
    assert "(RETENTION_DAYS)" in web.log
    assert "cannot shrink" not in web.log


def test_an_old_stream_keeps_graph_totals_and_moments_and_says_that_its_chat_is_gone(ask: httpx.Client) -> None:
    old = ask.get("/api/streams").json()["data"][-1]
    assert old["messages"] == 61
    whole = ask.get(f"/api/streams/{old['id']}").json()
    assert sum(whole["counts"]) == 61
    assert [one["user"] for one in whole["top_chatters"]] == ["Otto", "Nova"]
    assert [one["cause"] for one in whole["moments"]] == ["what was said is no longer kept"]
    chat_of_it = ask.get(f"/api/streams/{old['id']}/chat").json()
    assert chat_of_it["items"] == []
    assert seconds_of(chat_of_it["kept_since"]) == pytest.approx(kept_since(), abs=3_600)


def test_of_a_new_stream_all_is_there(ask: httpx.Client) -> None:
    new = ask.get("/api/streams").json()["data"][0]
    chat_of_it = ask.get(f"/api/streams/{new['id']}/chat").json()
    assert len(chat_of_it["items"]) == 2
    assert chat_of_it["kept_since"] is None


def test_a_viewer_keeps_their_totals_and_says_since_when_what_they_did_is_kept(ask: httpx.Client) -> None:
    assert ask.get("/api/viewer-profiles/nova").json()["total_comments"] == 2
    done = ask.get("/api/viewer-profiles/nova/interactions").json()
    assert len(done["items"]) == 2
    assert seconds_of(done["kept_since"]) == pytest.approx(kept_since(), abs=3_600)
    whole = ask.get("/api/viewer-profiles/nova/export").json()
    assert whole["events_kept_since"] == done["kept_since"]
    assert len(whole["events"]) == 2


def test_the_shop_tells_ranges_that_end_now_and_refuses_those_whose_events_are_gone(ask: httpx.Client) -> None:
    assert ask.get("/stats?range=all").json()["total_events"] == 4
    assert ask.get("/funnel-analysis?range=30d").json()["funnel_counts"]["page_view"] == 3
    listed = ask.get("/user-segmentation?range=all").json()["low_intent"]
    assert {one["user_id"]: one["total_events"] for one in listed} == {
        "customer-0": 1,
        "customer-1": 2,
        "customer-2": 1,
    }
    past = {"since": iso_utc(OLD_MS - DAY_MS), "until": iso_utc(OLD_MS + DAY_MS)}
    refused = ask.get("/funnel-analysis", params=past)
    assert refused.status_code == 422
    assert "deleted (RETENTION_DAYS)" in refused.json()["error"]
    journeys = ask.get("/user-activity?range=30d").json()
    assert [one["user_id"] for one in journeys["users"]] == ["customer-1"]
    assert seconds_of(journeys["kept_since"]) == pytest.approx(kept_since(), abs=3_600)
    assert ask.get("/user-activity?range=24h").json()["kept_since"] is None


def test_it_goes_on_where_a_killed_process_left_off_and_says_when_the_file_cannot_shrink(
    program: Program, new_database_url: Callable[[], str]
) -> None:
    url = new_database_url()
    database = Database(url)
    write(database, [chat(NOVA, f"old {number}", OLD_MS + number) for number in range(2_000)], now_ms=now_ms())
    write(database, [chat(NOVA, "new", now_ms())], now_ms=now_ms())
    database.close()
    with sqlite3.connect(database.url.database or "", isolation_level=None) as older:  # as an older version made it
        for statement in ("PRAGMA journal_mode = DELETE", "PRAGMA auto_vacuum = NONE", "VACUUM"):
            older.execute(statement)
    older.close()
    with program.web(url, RETENTION_DAYS=str(DAYS)) as web:
        wait_until(lambda: len(rows(database, Event)) < 2_001, "the first step")
        web.kill()
    with program.web(url, RETENTION_DAYS=str(DAYS)) as web:
        web.wait_for_log("raw events from before" if len(rows(database, Event)) > 1 else "is listening")
        wait_until(lambda: "run `python init_db.py --compact` once" in web.log, "the warning")
    assert [row["text"] for row in rows(database, Event)] == ["new"]
    database.close()
