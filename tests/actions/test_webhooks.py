"""The webhook's messages before a real server: signed, tried again, given up, each sent by one process only."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from sqlalchemy import update

from actions import preferences, webhooks
from core.clock import DAY_MS, MINUTE_MS
from core.db import Database
from ingest.webhooks import announce
from models import WebhookDelivery
from tests.support import NOON, UTC, rows

ANOMALY = {
    "type": "traffic_spike",
    "severity": "high",
    "message": "Traffic spike: 90 events in 5 minutes, usual are 10.0",
    "current_value": 90,
    "expected_range": [0.0, 20.0],
    "baseline": {"mean": 10.0},
    "detected_at_ms": NOON,
}


class Taken(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


class Receiver:
    """A server on loopback that keeps what it gets and answers as the test wants."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.status = 204
        self.location = self.retry_after = ""
        self.hold = threading.Event()
        self.hold.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append(Taken(self.path, dict(self.headers), body))
                receiver.hold.wait(10)
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                if receiver.retry_after:
                    self.send_header("Retry-After", receiver.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook/s3cret-path"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def sender() -> Iterator[webhooks.Sender]:
    sender = webhooks.Sender()
    yield sender
    sender.close()


def set_up(db: Database, url: str, kind: webhooks.Kind = "generic", cooldown_minutes: int = 10) -> str:
    """Answers the secret."""
    secret = preferences.set_webhook(db, url=url, kind=kind, cooldown_minutes=cooldown_minutes)
    assert bool(secret) is (kind == "generic")
    return secret or ""


def find(db: Database, at_ms: int = NOON, **changes: Any) -> None:
    with db.writing() as connection:
        announce(connection, [ANOMALY | changes], at_ms)


def deliver(db: Database, sender: webhooks.Sender, at_ms: int) -> list[str]:
    """Sends what is due; answers what went wrong with each."""
    problems = []
    for delivery in webhooks.claim(db, now_ms=at_ms):
        outcome = sender.send(delivery, UTC, at_ms)
        problems.append(outcome.problem)
        webhooks.settle(db, delivery, outcome, now_ms=at_ms)
    return problems


def states(db: Database) -> list[tuple[str, int]]:
    return [(row["state"], row["attempts"]) for row in rows(db, WebhookDelivery)]


def test_a_message_is_signed_so_that_its_receiver_can_tell(db: Database, receiver: Receiver, sender: Any):
    secret = set_up(db, receiver.url)
    find(db)
    assert deliver(db, sender, NOON + 1_500) == [""]
    (taken,) = receiver.taken
    assert taken.path == "/hook/s3cret-path"
    assert taken.headers["Content-Type"] == "application/json"
    assert taken.headers["X-StreamPulse-Event"] == "traffic_spike"
    timestamp = taken.headers["X-StreamPulse-Timestamp"]
    assert int(timestamp) == (NOON + 1_500) // 1000
    expected = hmac.new(secret.encode(), f"{timestamp}.".encode() + taken.body, hashlib.sha256).hexdigest()
    assert taken.headers["X-StreamPulse-Signature"] == f"sha256={expected}"
    told = taken.json
    assert (told["event"], str(told["id"])) == ("anomaly", taken.headers["X-StreamPulse-Delivery"])
    assert told["anomaly"]["message"] == ANOMALY["message"]
    assert told["anomaly"]["detected_at"] == "2026-11-21T12:00:00.000+00:00"
    assert states(db) == [("sent", 1)]
    assert deliver(db, sender, NOON + DAY_MS) == []


def test_without_a_webhook_nothing_is_queued(db: Database):
    find(db)
    assert states(db) == []


def test_between_two_messages_of_a_type_there_is_a_pause(db: Database, receiver: Receiver, sender: Any):
    set_up(db, receiver.url, cooldown_minutes=10)
    find(db)
    find(db, NOON + 9 * MINUTE_MS)
    find(db, NOON + 9 * MINUTE_MS, type="hyperactive_user")
    find(db, NOON + 10 * MINUTE_MS)
    deliver(db, sender, NOON + 10 * MINUTE_MS)
    assert [one.json["anomaly"]["type"] for one in receiver.taken] == [
        "traffic_spike",
        "hyperactive_user",
        "traffic_spike",
    ]


@pytest.mark.parametrize("status", [500, 503, 404, 429])
def test_what_is_not_taken_is_tried_again_later_each_time_and_given_up_in_the_end(
    db: Database, receiver: Receiver, sender: Any, status: int
):
    set_up(db, receiver.url)
    find(db)
    receiver.status = status
    at_ms = NOON
    for attempt, minutes in enumerate((1, 5, 30, 120, 360), start=1):
        assert deliver(db, sender, at_ms) == [f"it answered {status}"]
        assert states(db) == [("waiting", attempt)]
        assert deliver(db, sender, at_ms + minutes * MINUTE_MS - 1) == []
        at_ms += minutes * MINUTE_MS
    assert deliver(db, sender, at_ms) == [f"it answered {status}"]
    (row,) = rows(db, WebhookDelivery)
    assert (row["state"], row["attempts"], row["problem"]) == ("failed", 6, f"it answered {status}")
    assert deliver(db, sender, at_ms + 30 * DAY_MS) == []
    assert len({taken.headers["X-StreamPulse-Delivery"] for taken in receiver.taken}) == 1


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        *(("300", 300), ("64.57", 65), ("2", 60), ("-9", 60), ("soon", 60), ("999999999", 86_400)),
        *(
            ("Sat, 21 Nov 2026 12:10:00 GMT", 600),
            ("Sat, 21 Nov 2026 13:10:00 +0100", 600),
            ("Sat Nov 21 12:10:00 2026", 600),
        ),
        *(
            ("Sat, 21 Nov 2026 11:59:59 GMT", 60),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
            ("1 Jan 2026 0:0 +9999", 60),
        ),
    ],
)
def test_who_asks_for_a_longer_pause_is_given_it(
    db: Database, receiver: Receiver, sender: Any, asked: str, seconds: int
):
    set_up(db, receiver.url)
    find(db)
    receiver.status, receiver.retry_after = 429, asked
    assert deliver(db, sender, NOON) == ["it answered 429"]
    receiver.status = 204
    assert deliver(db, sender, NOON + 1_000 * seconds - 1) == []
    assert deliver(db, sender, NOON + 1_000 * seconds) == [""]


def test_a_receiver_that_is_back_gets_what_it_missed(db: Database, receiver: Receiver, sender: Any):
    set_up(db, receiver.url)
    find(db)
    receiver.status = 500
    deliver(db, sender, NOON)
    receiver.status = 200
    assert deliver(db, sender, NOON + MINUTE_MS) == [""]
    (row,) = rows(db, WebhookDelivery)
    assert (row["state"], row["attempts"], row["problem"]) == ("sent", 2, "")


def test_who_does_not_answer_in_time_is_asked_again(
    db: Database, receiver: Receiver, sender: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.3)
    set_up(db, receiver.url)
    find(db)
    receiver.hold.clear()
    began = time.monotonic()
    (problem,) = deliver(db, sender, NOON)
    assert time.monotonic() - began < 3
    assert problem.startswith("no answer within")
    receiver.hold.set()
    assert deliver(db, sender, NOON + MINUTE_MS) == [""]


def test_where_nobody_listens_is_said_without_the_address(db: Database, receiver: Receiver, sender: Any):
    url = receiver.url
    receiver.close()
    set_up(db, url)
    find(db)
    (problem,) = deliver(db, sender, NOON)
    assert problem == "cannot connect: nobody answers at this address"
    assert "s3cret" not in str(rows(db, WebhookDelivery))


def test_redirects_are_not_followed(db: Database, receiver: Receiver, sender: Any):
    set_up(db, receiver.url)
    find(db)
    receiver.status, receiver.location = 307, "/elsewhere"
    (problem,) = deliver(db, sender, NOON)
    assert problem.startswith("it answered 307")
    assert [taken.path for taken in receiver.taken] == ["/hook/s3cret-path"]


def test_a_message_is_one_process_own_until_its_lease_ends(db: Database, receiver: Receiver, sender: Any):
    set_up(db, receiver.url)
    find(db)
    (first,) = webhooks.claim(db, now_ms=NOON)
    assert webhooks.claim(db, now_ms=NOON + webhooks.LEASE_MS - 1) == []
    # The first has crashed in between; another sends it, and what the first may still say counts no more.
    assert deliver(db, sender, NOON + webhooks.LEASE_MS) == [""]
    webhooks.settle(db, first, webhooks.Outcome("it answered 500"), now_ms=NOON + webhooks.LEASE_MS)
    assert states(db) == [("sent", 2)]


def test_processes_that_look_at_once_send_each_message_once(db: Database, receiver: Receiver):
    set_up(db, receiver.url, cooldown_minutes=0)
    for number in range(20):
        find(db, NOON, message=f"number {number}")
    others = [Database(str(db.url)) for _ in range(4)]
    senders = [webhooks.Sender() for _ in others]
    threads = [
        threading.Thread(target=lambda other=other, sender=sender: [deliver(other, sender, NOON) for _ in range(5)])
        for other, sender in zip(others, senders, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for other, one in zip(others, senders, strict=True):
        other.close()
        one.close()
    assert sorted(taken.json["anomaly"]["message"] for taken in receiver.taken) == sorted(
        f"number {number}" for number in range(20)
    )


def test_discord_is_told_in_its_own_form_and_calls_nobody(db: Database, receiver: Receiver, sender: Any):
    set_up(db, receiver.url, "discord")
    find(db, message="@everyone <@123> [free](https://evil.example) **bold** `code` \\ # - > " + "x" * 5_000)
    assert deliver(db, sender, NOON) == [""]
    (taken,) = receiver.taken
    assert "X-StreamPulse-Signature" not in taken.headers
    told = taken.json
    assert told["allowed_mentions"] == {"parse": []}
    (embed,) = told["embeds"]
    assert embed["description"].startswith(
        r"\@everyone \<\@123\> \[free\]\(https\://evil.example\) \*\*bold\*\* \`code\` \\ \# \- \> xxx"
    )
    assert len(embed["description"]) < 2_048
    assert embed["timestamp"] == "2026-11-21T12:00:00.000+00:00"
    assert [field["value"] for field in embed["fields"]] == ["high", "90", "0.0 to 20.0"]


def test_what_waits_when_the_webhook_is_removed_is_not_sent(db: Database, receiver: Receiver, sender: Any):
    set_up(db, receiver.url)
    find(db)
    preferences.remove_webhook(db)
    assert deliver(db, sender, NOON) == []
    (row,) = rows(db, WebhookDelivery)
    assert (row["state"], row["problem"]) == ("failed", webhooks.REMOVED)
    assert receiver.taken == []


def test_the_queue_does_not_grow_for_ever(db: Database, receiver: Receiver, sender: Any):
    set_up(db, receiver.url, cooldown_minutes=0)
    for days in (0, 20, 40):
        find(db, NOON + days * DAY_MS)
        deliver(db, sender, NOON + days * DAY_MS)
    with db.writing() as connection:
        connection.execute(update(WebhookDelivery).where(WebhookDelivery.id == 2).values(state="waiting"))
    webhooks.forget_old(db, now_ms=NOON + 60 * DAY_MS)
    assert [row["id"] for row in rows(db, WebhookDelivery)] == [2, 3]


def test_neither_address_nor_secret_is_shown_by_accident(db: Database, receiver: Receiver):
    secret = set_up(db, receiver.url)
    find(db)
    (delivery,) = webhooks.claim(db, now_ms=NOON)
    assert secret not in repr(delivery)
    assert "s3cret" not in repr(delivery)
