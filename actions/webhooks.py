"""Webhooks: takes what is due from the queue, sends it, and notes what became of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from core.clock import DAY_MS, MINUTE_MS, SECOND_MS, iso
from core.db import Database
from core.statements import Prepared
from core.version import VERSION
from ingest import preferences
from models import DeliveryState, WebhookDelivery

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

Kind = Literal["generic", "discord"]

BACK_OFF_MINUTES = (1, 5, 30, 120, 360)  # after each attempt that failed; the one after the last is given up
TIMEOUT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 24 * 3600  # that a receiver is given; it may have meant something else
LEASE_MS = 60 * SECOND_MS  # how long a message is one process' own; longer than any sending takes
AT_ONCE = 10
KEPT_MS = 30 * DAY_MS
LONGEST_PROBLEM, LONGEST_TEXT = 200, 1_000
COLORS = {"low": 0x14B8A6, "medium": 0xFCD34D, "high": 0xFB7185}
TEST = "test"  # the topic of a message that says that it is one
REMOVED = "the webhook was removed before it could be told"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages go, in which form, and what proves that they are ours. Never to be logged."""

    url: str
    kind: Kind
    secret: str

    def __repr__(self) -> str:
        return f"Webhook({self.kind})"

    @classmethod
    def chosen(cls, connection: Connection) -> Webhook | None:
        choice = preferences.chosen(connection, preferences.WEBHOOK)
        if not choice.get("url"):
            return None
        return cls(str(choice["url"]), choice.get("kind", "generic"), str(choice.get("secret", "")))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message on its way. ``attempts``: which one this is; ``message``: what it says, as JSON."""

    id: int
    topic: str
    attempts: int
    message: Mapping[str, Any]
    webhook: Webhook


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt."""

    problem: str = ""  # in one line without the address; "" where the message was taken
    wait_seconds: int = 0  # what the receiver asks for before the next one


class Sender:
    """Sends over HTTP, and keeps its connection's set-up between two messages."""

    def __init__(self) -> None:
        self._client: httpx.Client | None = None

    def send(self, delivery: Delivery, zone: ZoneInfo, now_ms: int) -> Outcome:
        import httpx  # only where there is a message to send: it costs a tenth of a second at every start

        # A proxy or a password from the environment would tell others of the message.
        self._client = self._client or httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)
        body, headers = request_of(delivery, zone, now_ms)
        try:
            with self._client.stream("POST", delivery.webhook.url, content=body, headers=headers) as answer:
                return Outcome(_problem_of(answer.status_code), _wait_of(answer.headers.get("Retry-After", ""), now_ms))
        except httpx.TimeoutException:
            return Outcome(f"no answer within {TIMEOUT_SECONDS:.0f} seconds")
        except httpx.ConnectError:
            return Outcome("cannot connect: nobody answers at this address")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Outcome(f"cannot be sent: {type(error).__name__}")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _problem_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"it answered {status}: redirects are not followed, give the final address"
    return f"it answered {status}"


def _wait_of(retry_after: str, now_ms: int) -> int:
    """In seconds, rounded up, a day at most; 0 for what is neither a number of them nor a date (RFC 9110, 10.2.3)."""
    if found := re.fullmatch(r"(\d{1,9})(\.\d+)?", retry_after):
        seconds = int(found[1]) + bool(found[2])
    else:
        try:
            at = parsedate_to_datetime(retry_after)
            at_seconds = at.replace(tzinfo=at.tzinfo or UTC).timestamp()
        except (ValueError, OverflowError):
            return 0
        seconds = math.ceil(at_seconds - now_ms / SECOND_MS)
    return max(0, min(seconds, LONGEST_WAIT_SECONDS))


def request_of(delivery: Delivery, zone: ZoneInfo, now_ms: int) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a message in its webhook's form."""
    message = _with_times(delivery.message, zone)
    if delivery.webhook.kind == "discord":
        message, signed = discord(message), False
    else:
        message, signed = {"id": delivery.id, **message}, True
    body = json.dumps(message, ensure_ascii=False).encode(errors="replace")
    timestamp = str(now_ms // SECOND_MS)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"StreamPulse/{VERSION}",
        "X-StreamPulse-Event": delivery.topic,
        "X-StreamPulse-Delivery": str(delivery.id),
        "X-StreamPulse-Timestamp": timestamp,
    }
    if signed:
        headers["X-StreamPulse-Signature"] = signature(delivery.webhook.secret, timestamp, body)
    return body, headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    told = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()}"


def _with_times(message: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """The stored message with its instants as people and programs read them."""
    told = dict(message)
    if isinstance(told.get("anomaly"), dict):
        anomaly = dict(told["anomaly"])
        at_ms = anomaly.pop("detected_at_ms", None)
        told["anomaly"] = anomaly if at_ms is None else {**anomaly, "detected_at": iso(at_ms, zone)}
    return told


def discord(message: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a Discord channel: nobody is called, and no text becomes a link or a mark-up."""
    anomaly = message.get("anomaly") or {}
    severity = str(anomaly.get("severity", "low"))
    title = str(anomaly.get("type", message.get("event", ""))).replace("_", " ").capitalize()
    embed: dict[str, Any] = {
        "title": plain(title),
        "description": plain(str(anomaly.get("message", message.get("message", "")))),
        "color": COLORS.get(severity, COLORS["low"]),
    }
    if anomaly:
        low, high = anomaly.get("expected_range", (0, 0))
        embed["fields"] = [
            {"name": "Severity", "value": plain(severity), "inline": True},
            {"name": "Value", "value": plain(str(anomaly.get("current_value"))), "inline": True},
            {"name": "Expected", "value": plain(f"{low} to {high}"), "inline": True},
        ]
        embed["timestamp"] = anomaly.get("detected_at")
    return {"username": "StreamPulse", "allowed_mentions": {"parse": []}, "embeds": [embed]}


def plain(text: str) -> str:
    """Text that Discord shows as it is."""
    return re.sub(r"([\\*_~`|>\[\]()#<@:!-])", r"\\\1", text[:LONGEST_TEXT])


def is_due(connection: Connection, now_ms: int) -> bool:
    return _DUE(connection, now=now_ms).first() is not None


def claim(database: Database, *, now_ms: int) -> list[Delivery]:
    """Takes what is due for the caller to send; nobody else gets it until the lease ends, with the caller perhaps."""
    with database.writing() as connection:
        webhook = Webhook.chosen(connection)
        due = (
            select(WebhookDelivery.__table__)
            .where(WebhookDelivery.state == DeliveryState.WAITING, WebhookDelivery.due_at_ms <= now_ms)
            .order_by(WebhookDelivery.due_at_ms, WebhookDelivery.id)
            .limit(AT_ONCE)
        )
        rows = connection.execute(due).all()
        for row in rows:
            changes: dict[str, Any] = {"attempts": row.attempts + 1, "due_at_ms": now_ms + LEASE_MS}
            if webhook is None:
                changes = {"state": DeliveryState.FAILED, "problem": REMOVED}
            connection.execute(update(WebhookDelivery).where(WebhookDelivery.id == row.id).values(changes))
        if webhook is None:
            return []
        return [Delivery(row.id, row.topic, row.attempts + 1, json.loads(row.payload), webhook) for row in rows]


def settle(database: Database, delivery: Delivery, outcome: Outcome, *, now_ms: int) -> None:
    """Notes what became of an attempt: taken, to be tried again, or given up."""
    changes: dict[str, Any] = {"state": DeliveryState.SENT, "problem": ""}
    if problem := outcome.problem:
        changes = {"problem": problem[:LONGEST_PROBLEM]}
        if delivery.attempts <= len(BACK_OFF_MINUTES):
            pause_ms = BACK_OFF_MINUTES[delivery.attempts - 1] * MINUTE_MS
            changes["due_at_ms"] = now_ms + max(pause_ms, outcome.wait_seconds * SECOND_MS)
        else:
            changes["state"] = DeliveryState.FAILED
            if delivery.topic != TEST:  # the owner has been told
                log.warning("a message of the webhook is given up after %d attempts: %s", delivery.attempts, problem)
    mine = (WebhookDelivery.id == delivery.id, WebhookDelivery.attempts == delivery.attempts)
    with database.writing() as connection:
        connection.execute(
            update(WebhookDelivery).where(*mine, WebhookDelivery.state == DeliveryState.WAITING).values(changes)
        )


def begin_test(database: Database, *, now_ms: int) -> Delivery | None:
    """A message that says that it is a test, for the caller to send; None without a webhook."""
    message = {"event": "test", "message": "This is a test: the webhook of StreamPulse works."}
    with database.writing() as connection:
        webhook = Webhook.chosen(connection)
        if webhook is None:
            return None
        row = {"topic": TEST, "payload": json.dumps(message), "attempts": len(BACK_OFF_MINUTES) + 1}
        times = {"made_at_ms": now_ms, "due_at_ms": now_ms + LEASE_MS}
        made = connection.execute(insert(WebhookDelivery).values(row | times)).inserted_primary_key
    assert made is not None
    return Delivery(int(made[0]), TEST, row["attempts"], message, webhook)  # type: ignore[arg-type]


def forget_old(database: Database, *, now_ms: int) -> None:
    over = (WebhookDelivery.state != DeliveryState.WAITING, WebhookDelivery.made_at_ms < now_ms - KEPT_MS)
    with database.writing() as connection:
        connection.execute(delete(WebhookDelivery).where(*over))


_DUE = Prepared(
    select(WebhookDelivery.id)
    .where(WebhookDelivery.state == DeliveryState.WAITING, WebhookDelivery.due_at_ms <= bindparam("now"))
    .limit(1)
)
