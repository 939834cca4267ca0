"""Choices made on the settings page, for those who look at them, and what the webhook has done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from core.clock import iso
from core.statements import Prepared
from models import DeliveryState, Preference, WebhookDelivery


def chosen(connection: Connection, key: str) -> Mapping[str, Any]:
    """The JSON object stored under ``key``, {} where nothing was chosen."""
    value = _ONE(connection, key=key).scalar()
    found = json.loads(value) if value else {}
    return found if isinstance(found, dict) else {}


def deliveries(connection: Connection, limit: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The newest messages of the webhook first, without what they say."""
    return [
        {
            "id": row.id,
            "topic": row.topic,
            "state": row.state,
            # A test is sent once and says what became of it; its number of attempts is how it is kept from a second.
            "attempts": 1 if row.topic == "test" else row.attempts,
            "made_at": iso(row.made_at_ms, zone),
            "next_at": iso(row.due_at_ms, zone) if row.state == DeliveryState.WAITING else None,
            "problem": row.problem,
        }
        for row in _DELIVERIES(connection, limit=limit)
    ]


_ONE = Prepared(select(Preference.value).where(Preference.key == bindparam("key")))
_DELIVERIES = Prepared(
    select(
        WebhookDelivery.id,
        WebhookDelivery.topic,
        WebhookDelivery.state,
        WebhookDelivery.attempts,
        WebhookDelivery.made_at_ms,
        WebhookDelivery.due_at_ms,
        WebhookDelivery.problem,
    )
    .order_by(WebhookDelivery.id.desc())
    .limit(bindparam("limit"))
)
