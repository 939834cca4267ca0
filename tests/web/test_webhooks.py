"""The webhook from the shop's event to its receiver, through the web process as it is deployed."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from core.clock import MINUTE_MS, now_ms
from core.db import Database
from ingest.webhooks import announce
from models import StoreAnomaly
from tests.actions.test_webhooks import ANOMALY, Receiver
from tests.processes import wait_until
from tests.support import rows
from tests.web.conftest import Alone
from tests.web.test_settings import WEBHOOK
from tests.web.test_store_sockets import find_unusual, report, step

pytestmark = pytest.mark.long

LOOKS_OFTEN = "import web.chores; web.chores.LOOK_SECONDS = 0.1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def set_up(client: httpx.Client, receiver: Receiver, **more: Any) -> str:
    answer = client.put(WEBHOOK, json={"url": receiver.url, "cooldown_minutes": 0} | more)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["secret"])


def deliveries(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(WEBHOOK).json()["deliveries"]
    return found


def test_what_is_found_unusual_reaches_the_receiver_signed(alone: Alone, receiver: Receiver):
    secret = set_up(alone.client, receiver)
    report(alone.database, *(step(at_ms=now_ms() - number * 5 * MINUTE_MS, by=f"q{number}") for number in range(2, 30)))
    report(alone.database, *(step(by=f"user{number}") for number in range(60)))
    wait_until(lambda: receiver.taken, "a message")
    taken = receiver.taken[0]
    told = taken.headers["X-StreamPulse-Timestamp"].encode() + b"." + taken.body
    expected = f"sha256={hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()}"
    assert taken.headers["X-StreamPulse-Signature"] == expected
    assert taken.json["anomaly"]["type"] == "traffic_spike"
    wait_until(lambda: deliveries(alone.client)[0]["state"] == "sent", "the outcome")
    assert deliveries(alone.client)[0]["attempts"] == 1
    assert secret not in alone.web.log
    assert "s3cret" not in alone.web.log


def test_the_outcome_of_a_test_is_told(alone: Alone, receiver: Receiver):
    set_up(alone.client, receiver)
    good = alone.client.post(f"{WEBHOOK}/test")
    assert (good.status_code, good.json()["success"]) == (200, True)
    assert receiver.taken[-1].json["event"] == "test"
    receiver.status = 500
    bad = alone.client.post(f"{WEBHOOK}/test")
    assert (bad.status_code, bad.json()["error"]) == (502, "The message was not taken: it answered 500")
    assert [(one["topic"], one["state"], one["attempts"]) for one in deliveries(alone.client)[:2]] == [
        ("test", "failed", 1),
        ("test", "sent", 1),
    ]
    receiver.close()
    assert "cannot connect" in alone.client.post(f"{WEBHOOK}/test").json()["error"]


def test_a_receiver_that_keeps_us_waiting_keeps_nobody_else_waiting(alone: Alone, receiver: Receiver):
    set_up(alone.client, receiver)
    receiver.hold.clear()
    with alone.database.writing() as connection:
        announce(connection, [ANOMALY], now_ms())
    before = len(receiver.taken)
    wait_until(lambda: len(receiver.taken) > before, "a message")
    times = []
    for _ in range(20):
        began = time.monotonic()
        assert alone.client.get("/health").status_code == 200
        assert alone.client.post("/track", json={"event_type": "page_view"}).status_code == 201
        times.append(time.monotonic() - began)
    assert sorted(times)[10] < 0.5
    receiver.hold.set()
    wait_until(lambda: deliveries(alone.client)[0]["state"] == "sent", "the outcome")


def test_two_web_processes_and_a_restart_send_everything_once(program: Any, new_database_url: Any, receiver: Receiver):
    url = new_database_url()
    database = Database(url)
    with program.web(url) as first, httpx.Client(base_url=first.url, timeout=20) as client:
        set_up(client, receiver)
    with database.writing() as connection:  # while nobody runs
        for number in range(3):
            announce(connection, [ANOMALY | {"message": f"early {number}"}], now_ms())
    with program.web(url, changed=LOOKS_OFTEN), program.web(url, changed=LOOKS_OFTEN):
        for number in range(10):
            with database.writing() as connection:
                announce(connection, [ANOMALY | {"message": f"late {number}"}], now_ms())
        wait_until(lambda: len(receiver.taken) >= 13, "all messages", timeout=20)
        time.sleep(0.5)  # nothing tells that no more will come: both look several times
    heard = sorted(taken.json["anomaly"]["message"] for taken in receiver.taken)
    assert heard == sorted([*(f"early {n}" for n in range(3)), *(f"late {n}" for n in range(10))])
    database.close()


def test_what_is_over_is_settled_without_a_collector(program: Any, new_database_url: Any):
    url = new_database_url()
    database = Database(url)
    long_ago = now_ms() - 20 * MINUTE_MS
    find_unusual(database, detected_at_ms=long_ago, changed_at_ms=long_ago)
    find_unusual(database)
    with program.web(url):
        wait_until(lambda: [row["state"] for row in rows(database, StoreAnomaly)] == ["resolved", "new"], "a settling")
    database.close()
