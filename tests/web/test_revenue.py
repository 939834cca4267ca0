"""Revenue and visitors over HTTP and over sockets: each sale once, whoever booked it, and overlays none."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gevent
import httpx
import pytest
from sqlalchemy.exc import OperationalError

from core.clock import now_ms
from core.events import Kind
from core.tracked import Tracked
from rules.funnel import Step
from tests.web.conftest import API_TOKEN, OVERLAY_TOKEN, TRACK_KEY, Stage, event
from tests.web.sockets import Listener, listening
from tests.web.test_sales import report
from web.revenue_push import RevenuePush
from web.revenue_schemas import LedgerLine, RevenueAnswer, VisitorsAnswer

_numbers = itertools.count(1)
BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


@pytest.fixture
def owner(locked_stage: Stage) -> Iterator[httpx.Client]:
    with locked_stage.client(headers=BEARER) as client:
        yield client


def purchase(minor: int, currency: str = "USD") -> Tracked:
    return Tracked(f"bought-{next(_numbers)}", int(Step.PURCHASE), now_ms(), "ada", minor, currency, {"product": "Mug"})


def told(page: Listener, name: str) -> list[dict[str, Any]]:
    return [one.payload for one in page.heard if one.event == name]


def test_revenue_is_answered_as_documented(locked_stage, owner):
    before = owner.get("/api/revenue").json()
    assert report(owner, {"id": f"answer-{next(_numbers)}", "amount": 7.25, "source": "merch"}).status_code == 201
    answer = owner.get("/api/revenue").json()
    assert RevenueAnswer.model_validate(answer, strict=True, extra="forbid")
    assert answer["currency"] == "USD"
    assert answer["today"] == pytest.approx(before["today"] + 7.25)
    assert len(answer["last_30_days"]) == 30
    assert answer["last_30_days"][-1]["revenue"] == answer["today"]
    assert answer["recent"][0]["source"] == "merch"


def test_visitors_are_told_apart_by_browser_and_bots_are_none(locked_stage):
    with locked_stage.client() as client:
        before = client.get("/api/visitors", headers=BEARER).json()
        for agent in ("Rare/1", "Rare/2", "Rare/1", "Rare/3 (+http://crawler.example/bot)"):
            headers = {"X-Track-Key": TRACK_KEY, "User-Agent": f"{agent} {id(client)}"}
            assert client.post("/track", json={"event_type": "page_view"}, headers=headers).status_code == 201
        after = client.get("/api/visitors", headers=BEARER).json()
    assert VisitorsAnswer.model_validate(after, strict=True, extra="forbid")
    assert after["today"] == before["today"] + 2
    assert after["online_now"] >= 2
    assert (len(after["last_30_days"]), len(after["last_24_hours"])) == (30, 24)
    assert after["last_30_days"][-1]["visitors"] == after["today"]


def test_each_sale_is_pushed_once_to_every_dashboard_whoever_booked_it(locked_stage, owner):
    url = locked_stage.web.url
    with (
        listening(url, subscribe=False, headers=BEARER) as one,
        listening(url, subscribe=False, headers=BEARER, auth={"follow": ["revenue"]}) as other,
    ):
        one.wait_for("connection_update", lambda told: told["dashboards"] >= 2)
        locked_stage.writer.tracked(purchase(1_250))
        one.wait_for("revenue_update", lambda told: told["amount"] == 12.5)
        locked_stage.tell(event("sold", Kind.GIFT, amount=400, extra={"name": "Lion", "quantity": 1}))
        one.wait_for("revenue_update", lambda told: told["source"] == "gifts")
        assert report(owner, {"id": f"push-{next(_numbers)}", "amount": 3, "source": "till"}).status_code == 201
        for page in (one, other):
            page.wait_for("revenue_update", lambda told: told["source"] == "till")
            assert [sale["source"] for sale in told(page, "revenue_update")] == ["shop", "gifts", "till"]
    shop, gift, till = told(one, "revenue_update")
    assert (shop["label"], gift["label"], gift["user"]) == ("Mug", "Lion", "Mila")
    assert till["today"] == pytest.approx(shop["today"] + 2 + 3)
    assert till["day"]["revenue"] == till["totals"]["today"] == till["today"]
    for sale in (shop, gift, till):
        assert LedgerLine.model_validate({name: sale[name] for name in LedgerLine.model_fields}, strict=True)


def test_overlays_and_pages_that_follow_something_else_hear_nothing_of_money(locked_stage):
    url = locked_stage.web.url
    with (
        listening(url, subscribe=False, auth={"token": OVERLAY_TOKEN, "follow": ["revenue"]}) as overlay,
        listening(url, subscribe=False, headers=BEARER, auth={"follow": ["viewers"]}) as viewers,
        listening(url, subscribe=False, headers=BEARER) as dashboard,
    ):
        locked_stage.writer.tracked(purchase(777))
        dashboard.wait_for("revenue_update", lambda told: told["amount"] == 7.77)
        for page in (overlay, viewers):
            assert not told(page, "revenue_update") + told(page, "connection_update")


def test_who_comes_and_goes_is_told_of_dashboards_and_visitors(locked_stage):
    url = locked_stage.web.url
    with listening(url, subscribe=False, headers=BEARER) as stays:
        alone = stays.wait_for("connection_update")
        with listening(url, subscribe=False, headers=BEARER, auth={"follow": []}):
            stays.wait_for("connection_update", lambda told: told["dashboards"] == alone["dashboards"] + 1)
        stays.forget()
        stays.wait_for("connection_update", lambda told: told["dashboards"] == alone["dashboards"])
        for number in range(40):  # many: those of tests before leave after five minutes
            who = f"somebody-new-{number}"
            locked_stage.writer.tracked(Tracked(f"seen-{next(_numbers)}", int(Step.PAGE_VIEW), now_ms(), who))
        stays.wait_for("connection_update", lambda told: told["visitors_online"] >= 40)


def test_that_other_processes_cannot_be_told_of_dashboards_is_said_once_and_when_it_is_over(caplog):
    class Orders:
        disk_is_full = True

        def run(self, *_order: object, **_options: object) -> None:
            if self.disk_is_full:
                raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    caplog.set_level("INFO")
    app = SimpleNamespace(extensions={"orders": (orders := Orders())})
    settings = SimpleNamespace(redis_url="redis://127.0.0.1")
    push = RevenuePush(app, None, SimpleNamespace(settings=settings))  # type: ignore[arg-type]
    push.join("a dashboard", hears=False)
    for second in range(10):
        orders.disk_is_full = second < 5
        push.push_present(float(second + 1))
        gevent.sleep(0)
    assert caplog.messages == [
        "other processes cannot be told of our dashboards: the disk is full",
        "other processes are told of our dashboards again",
    ]


def test_of_a_burst_the_newest_are_told_and_the_others_counted(locked_stage):
    with listening(locked_stage.web.url, subscribe=False, headers=BEARER) as page:
        for minor in range(1, 121):
            locked_stage.writer.tracked(purchase(minor, "SGD"))
        last = page.wait_for("revenue_update", lambda told: told["amount"] == 1.2)
    sales = told(page, "revenue_update")
    skipped = {sale["id"] - place: sale["skipped"] for place, sale in enumerate(sales)}
    assert len(sales) + sum(skipped.values()) == 120
    assert last["day"]["sales"] == 120
