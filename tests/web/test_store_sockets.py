"""The shop as dashboards hear it over their sockets: each event once, figures when they change, overlays nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update

from actions import store as orders_about
from core.clock import MINUTE_MS, now_ms
from core.db import Database
from core.tracked import Tracked
from ingest.store import record
from models import StoreAnomaly, StoreEvent
from rules.funnel import Step
from tests.support import POLICY
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, Alone, Stage
from tests.web.sockets import Listener, listening
from web.store_schemas import AnomaliesAnswer, Anomaly, FunnelAnswer, SegmentsAnswer, ShopEvent, ShopStats

pytestmark = pytest.mark.long

UPDATES = ("stats_update", "funnel_update", "segmentation_update")
OF_THE_SHOP = ("initial_data", "new_event", "anomaly_update", *UPDATES)

_numbers = itertools.count(1)


def step(
    kind: Step = Step.PAGE_VIEW, by: str | None = "mila", *, event_id: str = "", at_ms: int | None = None, **more: Any
) -> Tracked:
    return Tracked(event_id or f"told-{next(_numbers)}", kind.value, now_ms() if at_ms is None else at_ms, by, **more)


def report(database: Database, *events: Tracked) -> list[str]:
    """Writes events in one transaction, as tracking does; answers their ids."""
    with database.writing() as connection:
        record(connection, events, now_ms())
    return [event.event_id for event in events]


def told(page: Listener, name: str) -> list[dict[str, Any]]:
    return [one.payload for one in page.heard if one.event == name]


def ids(page: Listener) -> list[str]:
    return [event["event_id"] for event in told(page, "new_event")]


def find_unusual(database: Database, **values: Any) -> int:
    """Leaves an anomaly, as the write path does; answers its number."""
    row = {
        "occasion": f"test:{next(_numbers)}",
        "type": "traffic_spike",
        "severity": "medium",
        "message": "Traffic spike: 90 events in 5 minutes, usual are 10.0",
        "value": 90.0,
        "expected_low": 0.0,
        "expected_high": 20.0,
        "baseline": json.dumps({"mean": 10.0, "sigma": 5.0, "samples": 12, "score": 16.0, "period": "a day"}),
        "detected_at_ms": now_ms(),
        "changed_at_ms": now_ms(),
    }
    with database.writing() as connection:
        found = connection.execute(insert(StoreAnomaly).values(row | values)).inserted_primary_key
    assert found is not None
    return int(found[0])


@pytest.fixture(scope="module")
def deserted(program: Any, new_database_url: Any) -> Iterator[Alone]:
    """A web process that nobody else asks, and its database."""
    url = new_database_url()
    database = Database(url)
    with program.web(url, TIMEZONE="Asia/Kolkata") as web:
        yield Alone(None, database, web)  # type: ignore[arg-type]
    database.close()


@pytest.fixture
def shop(deserted: Alone) -> Alone:
    """The same with an empty shop, whatever was in it before; the process has seen that."""
    report(deserted.database, step())
    with listening(deserted.web.url, subscribe=False) as page:
        page.wait_for("initial_data", lambda told: told["events"])
        page.forget()
        orders_about.clear(deserted.database, POLICY.zone)
        page.wait_for("initial_data", lambda told: not told["events"])
    return deserted


# --- joining ---


def test_who_joins_gets_everything_there_is(stage: Stage):
    first, second = report(
        stage.database, step(by="joins"), step(Step.ADD_TO_CART, by="joins", data={"sku": "<b>1</b>"})
    )
    number = find_unusual(stage.database)
    with listening(stage.web.url, subscribe=False) as page, stage.client() as client:
        initial = page.wait_for("initial_data")
        assert initial.keys() == {"range", "stats", "funnel", "segmentation", "anomalies", "events"}
        assert initial["range"] == "24h"
        for name, path, shape in (
            ("stats", "/stats", ShopStats),
            ("funnel", "/funnel-analysis", FunnelAnswer),
            ("segmentation", "/user-segmentation", SegmentsAnswer),
            ("anomalies", "/anomalies", AnomaliesAnswer),
        ):
            assert initial[name] == client.get(path).json()
            shape.model_validate(initial[name], strict=True, extra="forbid")
        assert [event["event_id"] for event in initial["events"][:2]] == [second, first]
        assert initial["events"] == client.get("/events?limit=50").json()["events"]
        assert initial["events"][0]["data"] == {"sku": "<b>1</b>"}
        assert number in {anomaly["id"] for anomaly in initial["anomalies"]["anomalies"]}


@pytest.mark.parametrize("follow", [["store"], ["viewers", "store"], None, "store"], ids=repr)
def test_dashboards_hear_of_the_shop_unless_they_ask_for_less(stage: Stage, follow: Any):
    auth = {} if follow is None else {"follow": follow}
    with listening(stage.web.url, subscribe=False, auth=auth) as page:
        page.wait_for("initial_data")
        (event_id,) = report(stage.database, step())
        page.wait_for("new_event", lambda event: event["event_id"] == event_id)


@pytest.mark.parametrize("follow", [[], ["viewers"], ["alerts"], ["alerts", "store"]], ids=repr)
def test_who_asks_for_less_hears_nothing_of_the_shop(stage: Stage, follow: Any):
    with listening(stage.web.url, auth={"follow": follow}) as page, listening(stage.web.url) as witness:
        hears_nothing(stage, page, witness)


@pytest.mark.parametrize("follow", [None, ["store"], ["alerts", "store"]], ids=repr)
def test_overlays_hear_nothing_of_the_shop(locked_stage: Stage, follow: Any):
    auth = {"token": OVERLAY_TOKEN} | ({} if follow is None else {"follow": follow})
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    with (
        listening(locked_stage.web.url, auth=auth) as page,
        listening(locked_stage.web.url, headers=headers) as witness,
    ):
        refused = {"success": False, "error": "this token may not do that"}
        assert page.client.call("store:subscribe", {"range": "24h"}, timeout=5) == refused
        hears_nothing(locked_stage, page, witness)


def hears_nothing(stage: Stage, page: Listener, witness: Listener) -> None:
    (event_id,) = report(stage.database, step())
    find_unusual(stage.database)
    witness.wait_for("new_event", lambda event: event["event_id"] == event_id)
    for name in ("stats_update", "anomaly_update"):
        witness.wait_for(name)
    stage.chat("shop", f"after {event_id}")
    page.wait_until(lambda: f"after {event_id}" in page.texts())
    assert [one.event for one in page.heard if one.event in OF_THE_SHOP] == []


def test_a_page_may_ask_for_another_range(shop: Alone):
    hour = 60 * MINUTE_MS
    report(shop.database, step(by="now"), step(by="two_days_ago", at_ms=now_ms() - 48 * hour))
    with listening(shop.web.url, subscribe=False, auth={"follow": []}) as page:
        for wanted, people in (({"range": "7d"}, 2), ({}, 1), (None, 1), ({"range": "all", "more": "junk"}, 2)):
            page.forget()
            answer = page.client.call("store:subscribe", wanted, timeout=5)
            asked = (wanted or {}).get("range", "24h")
            assert answer == {"success": True, "range": asked}
            initial = page.wait_for("initial_data")
            assert (initial["range"], initial["stats"]["unique_users"]) == (asked, people)
        page.forget()
        (event_id,) = report(shop.database, step(by="another"))
        page.wait_for("new_event", lambda event: event["event_id"] == event_id)
        assert page.wait_for("stats_update")["unique_users"] == 3
        assert {update["range"] for update in told(page, "stats_update")} == {"all"}
        assert ids(page) == [event_id]


@pytest.mark.parametrize(
    "junk",
    [
        "24h",
        7,
        [],
        [1],
        True,
        {"range": "1y"},
        {"range": None},
        {"range": 24},
        {"range": ["24h"]},
        {"range": "x" * 9999},
    ],
    ids=lambda junk: repr(junk)[:20],
)
def test_junk_is_answered_with_what_is_wrong(stage: Stage, junk: Any):
    with listening(stage.web.url, subscribe=False, auth={"follow": []}) as page:
        answer = page.client.call("store:subscribe", junk, timeout=5)
        assert answer["success"] is False
        assert 5 < len(answer["error"]) < 300
        assert told(page, "initial_data") == []


# --- what happens ---


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_every_event_reaches_every_page_once_in_order_and_whole(stage: Stage, transport: str):
    with (
        listening(stage.web.url, subscribe=False, transport=transport) as one,
        listening(stage.web.url, subscribe=False, auth={"follow": ["store"]}, transport=transport) as other,
        stage.client() as client,
    ):
        for page in (one, other):
            page.wait_for("initial_data")
        expected = [
            *report(stage.database, step(), step(Step.PRODUCT_VIEW)),
            *report(stage.database, step(by=None)),
            *report(
                stage.database, step(Step.PURCHASE, amount_minor=1999, currency="EUR", data={"nested": {"a": [1]}})
            ),
            *report(stage.database, step(is_bot=True), step(by="<script>")),
        ]
        for page in (one, other):
            page.wait_until(lambda: len(ids(page)) >= len(expected))  # noqa: B023
            assert ids(page) == expected
            assert told(page, "new_event")[::-1] == client.get(f"/events?limit={len(expected)}").json()["events"]
            for event in told(page, "new_event"):
                ShopEvent.model_validate(event, strict=True, extra="forbid")


def test_a_known_event_is_not_told_again(stage: Stage):
    with listening(stage.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        again = step(event_id="only-once")
        report(stage.database, again)
        report(stage.database, again)
        (last,) = report(stage.database, step())
        page.wait_until(lambda: last in ids(page))
        assert ids(page) == ["only-once", last]


def test_with_two_web_processes_each_page_hears_each_event_once(program: Any, new_database_url: Any):
    url = new_database_url()
    database = Database(url)
    with (
        program.web(url) as first,
        program.web(url) as second,
        listening(first.url, subscribe=False) as here,
        listening(second.url, subscribe=False) as there,
    ):
        for page in (here, there):
            page.wait_for("initial_data")
        expected = [event_id for _ in range(10) for event_id in report(database, step(), step(Step.PURCHASE))]
        number = find_unusual(database)
        for page in (here, there):
            page.wait_until(lambda: len(ids(page)) >= len(expected))  # noqa: B023
            page.wait_for("anomaly_update", lambda anomaly: anomaly["id"] == number)
            page.wait_for("stats_update", lambda stats: stats["total_events"] == len(expected))
            page.wait_for("funnel_update", lambda funnel: funnel["funnel_counts"]["purchase"] == 1)
            page.wait_for("segmentation_update", lambda segments: segments["counts"]["converted"] == 1)
            assert ids(page) == expected
            assert [anomaly["id"] for anomaly in told(page, "anomaly_update")] == [number]
    database.close()


def test_what_came_before_joining_is_in_the_data_and_what_comes_after_is_told_nothing_twice(shop: Alone):
    with listening(shop.web.url, subscribe=False) as witness:
        witness.wait_for("initial_data")
        everything: list[str] = []
        for _ in range(5):
            everything += report(shop.database, step(), step())
            with listening(shop.web.url, subscribe=False) as page:
                initial = page.wait_for("initial_data")
                everything += report(shop.database, step())
                page.wait_until(lambda: everything[-1] in ids(page))  # noqa: B023
                assert [event["event_id"] for event in initial["events"]][::-1] + ids(page) == everything
        witness.wait_until(lambda: ids(witness) == everything)
        witness.wait_for("stats_update", lambda stats: stats["total_events"] == len(everything))


def test_a_crowd_of_events_is_told_completely(shop: Alone):
    with listening(shop.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        expected = report(shop.database, *(step(by=f"user{number % 40}") for number in range(600)))
        page.wait_until(lambda: len(ids(page)) >= 600, timeout=15)
        assert ids(page) == expected
        page.wait_for("stats_update", lambda stats: stats["total_events"] == 600)
        assert {update["skipped"] for update in told(page, "stats_update")} == {0}


def test_of_a_flood_the_oldest_are_only_counted(shop: Alone):
    with listening(shop.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        (first,) = report(shop.database, step())
        page.wait_until(lambda: ids(page) == [first])
        flood = report(shop.database, *(step(by=f"user{number % 40}") for number in range(1_200)))
        page.wait_until(lambda: flood[-1] in ids(page), timeout=15)
        assert ids(page) == [first, *flood[-1_000:]]
        page.wait_for("stats_update", lambda stats: stats["total_events"] == 1_201)
        assert sum(update["skipped"] for update in told(page, "stats_update")) == 200


def test_events_that_cannot_be_shown_stop_none_of_those_after_them(shop: Alone):
    with listening(shop.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        broken, whole = report(shop.database, step(), step())
        with shop.database.writing() as connection:
            row = {"event_id": "no json", "step": 1, "at_ms": now_ms(), "received_at_ms": now_ms(), "detail": "{broken"}
            connection.execute(insert(StoreEvent).values(row))
            connection.execute(insert(StoreEvent).values(row | {"event_id": "no step", "step": 99, "detail": None}))
        (last,) = report(shop.database, step())
        page.wait_until(lambda: last in ids(page))
        assert ids(page) == [broken, whole, last]
    with listening(shop.web.url, subscribe=False) as page:
        assert last in [event["event_id"] for event in page.wait_for("initial_data")["events"]]
    with shop.database.writing() as connection:
        connection.execute(update(StoreEvent).where(StoreEvent.event_id == "no step").values(step=1))
        connection.execute(update(StoreEvent).where(StoreEvent.event_id == "no json").values(detail=None))


def test_figures_come_only_with_changes_and_at_most_once_a_second(shop: Alone):
    with listening(shop.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        total = 0
        for _ in range(25):
            total += len(report(shop.database, step(Step.PRODUCT_VIEW)))
            page.wait_until(lambda: len(ids(page)) == total)  # noqa: B023
        page.wait_for("stats_update", lambda stats: stats["total_events"] == total)
        page.wait_for("segmentation_update", lambda push: f'"total_events": {total}' in json.dumps(push))
        for name in UPDATES:
            times = [one.at for one in page.heard if one.event == name]
            assert all(later - earlier > 0.6 for earlier, later in itertools.pairwise(times))
        page.forget()
        report(shop.database, step(is_bot=True))  # is counted nowhere
        report(shop.database, step(Step.PURCHASE, by=None))  # is nobody in the funnel
        page.wait_for("stats_update", lambda stats: stats["total_events"] == total + 1)
        assert told(page, "funnel_update") == told(page, "segmentation_update") == []


def test_when_everything_is_deleted_all_pages_begin_anew(shop: Alone):
    with listening(shop.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        report(shop.database, step(), step(), step())
        page.wait_until(lambda: len(ids(page)) == 3)
        page.forget()
        orders_about.clear(shop.database, POLICY.zone)
        empty = page.wait_for("initial_data")
        assert (empty["events"], empty["stats"]["total_events"]) == ([], 0)
        expected = report(shop.database, step())
        page.wait_until(lambda: ids(page) == expected)
        page.wait_for("stats_update", lambda stats: stats["total_events"] == 1)


# --- anomalies ---


def test_anomalies_are_told_when_they_come_and_when_they_change(shop: Alone):
    with listening(shop.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        number = find_unusual(shop.database)
        other = find_unusual(shop.database, baseline="{broken")
        third = find_unusual(shop.database)
        for new in (number, third):
            page.wait_for("anomaly_update", lambda push: push["id"] == new)  # noqa: B023
        with httpx.Client(base_url=shop.web.url) as client:
            for state in ("seen", "seen", "resolved"):
                client.post(f"/anomalies/{number}/state", json={"state": state}).raise_for_status()
                page.wait_for("anomaly_update", lambda push: (push["id"], push["state"]) == (number, state))  # noqa: B023
        with shop.database.writing() as connection:
            changes = {"value": 120.0, "severity": "high", "changed_at_ms": now_ms()}
            connection.execute(update(StoreAnomaly).where(StoreAnomaly.id == third).values(changes))
            connection.execute(update(StoreAnomaly).where(StoreAnomaly.id == other).values(baseline="{}"))
        page.wait_for("anomaly_update", lambda push: push["current_value"] == 120.0)
        heard = [(push["id"], push["state"], push["severity"]) for push in told(page, "anomaly_update")]
        assert heard == [
            (number, "new", "medium"),
            (third, "new", "medium"),
            (number, "seen", "medium"),
            (number, "resolved", "medium"),
            (third, "new", "high"),
        ]
        for push in told(page, "anomaly_update"):
            Anomaly.model_validate(push, strict=True, extra="forbid")


def test_a_real_spike_is_told_as_it_happens(shop: Alone):
    quiet = [step(at_ms=now_ms() - number * 5 * MINUTE_MS, by=f"q{number}") for number in range(2, 30)]
    report(shop.database, *quiet)
    with listening(shop.web.url, subscribe=False) as page:
        page.wait_for("initial_data")
        report(shop.database, *(step(by=f"user{number}") for number in range(80)))
        push = page.wait_for("anomaly_update", lambda push: push["type"] == "traffic_spike")
        assert push["state"] == "new"
        assert push["current_value"] >= 80
