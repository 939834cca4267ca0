"""What happens on a stream, booked: gifts as their streaks grow, bits, subscriptions; and cheers taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from core.events import Kind
from ingest import ledger, preferences
from ingest.ledger import Entry
from ingest.placed import Placed
from ingest.policy import Policy
from models import EntryKind, EventStatus
from rules.earnings import worth

KINDS = frozenset({Kind.CHAT, Kind.GIFT, Kind.SUB, Kind.RESUB, Kind.SUBGIFT})
_CHAT = Kind.CHAT  # looked up once
_UNCOUNTED = (EventStatus.SILENT, EventStatus.DELETED)


def book(connection: Connection, placed: Sequence[Placed], policy: Policy, now_ms: int) -> None:
    """Books what of ``placed`` earns something."""
    # Nearly all that happens is chat without bits.
    paid = [item for item in placed if (item.event.amount or item.event.kind is not _CHAT) and item.event.kind in KINDS]
    if paid:
        values = preferences.sub_values(connection)
        entries = [entry for item in paid if (entry := _entry(item, policy, values))]
        ledger.book(connection, entries, policy.zone, now_ms)


def take_out(connection: Connection, messages: Sequence[Any], policy: Policy, now_ms: int) -> None:
    """Takes cheers out again whose messages (rows of ``events``) a moderator took back."""
    causes = [
        _cause(row.channel_id, row.kind, row.at_ms, row.source_key, row.viewer_id) for row in messages if row.amount
    ]
    ledger.take_out(connection, causes, policy.zone, now_ms)


def _entry(item: Placed, policy: Policy, sub_values: Mapping[str, Decimal]) -> Entry | None:
    event = item.event
    found = worth(event, policy.rates, sub_values) if item.status not in _UNCOUNTED else None
    if found is None:
        return None
    return Entry(
        source=found.source.value,
        at_ms=event.at_ms,
        currency=policy.rates.currency,
        amount_micros=found.amount_micros,
        cause=_cause(item.channel_id, event.kind, event.at_ms, item.source_key, item.viewer_id),
        kind=EntryKind.MORE if found.is_more else EntryKind.EARNED,
        stream_id=item.stream_id,
        viewer_id=item.viewer_id,
        label=found.label,
        quantity=found.quantity,
    )


def _cause(channel_id: int, kind: int, at_ms: int, key: int | None, viewer_id: int | None) -> str:
    """What makes an event one; of those without an id, some may share it, and are then worth each other's place."""
    return f"event/{channel_id}/{int(kind)}/{at_ms}/{viewer_id if key is None else key}"
