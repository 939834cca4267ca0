"""Webhooks: what other systems are to be told is queued in the transaction of its cause; the web process sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from core.clock import MINUTE_MS
from core.statements import BulkStatement, Prepared
from ingest import preferences
from models import WebhookDelivery

COOLDOWN_MINUTES = 10  # between two messages of the same type, unless the owner chose otherwise


def announce(connection: Connection, anomalies: Sequence[Mapping[str, Any]], now_ms: int) -> None:
    """Queues a message for each anomaly, if a webhook is set up; one of a type in each cooldown."""
    if not anomalies:
        return
    choice = preferences.chosen(connection, preferences.WEBHOOK)
    if not choice.get("url"):
        return
    pause_ms = int(choice.get("cooldown_minutes", COOLDOWN_MINUTES)) * MINUTE_MS
    rows: list[tuple[str, str, int, int]] = []
    for anomaly in anomalies:
        topic = str(anomaly["type"])
        last_ms = _LAST(connection, topic=topic).scalar()
        if topic in {row[0] for row in rows} or (last_ms is not None and now_ms - last_ms < pause_ms):
            continue
        payload = json.dumps({"event": "anomaly", "anomaly": dict(anomaly)}, ensure_ascii=False)
        rows.append((topic, payload, now_ms, now_ms))
    _QUEUE.run(connection, rows)


_LAST = Prepared(select(func.max(WebhookDelivery.made_at_ms)).where(WebhookDelivery.topic == bindparam("topic")))
_QUEUE = BulkStatement(lambda insert: insert(WebhookDelivery), ("topic", "payload", "due_at_ms", "made_at_ms"))
