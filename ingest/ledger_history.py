"""Books what was recorded before there was a ledger, once, at what it is worth by the settings of that moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from core.events import NOTHING, Kind
from core.tracked import Tracked
from ingest import earnings, ledger, store
from ingest.placed import Placed
from ingest.policy import Policy
from ingest.rebuild import placed_of
from models import Channel, StoreEvent
from models import Event as EventRow
from rules.funnel import Step

CHUNK = 5_000


def book(
    connection: Connection, policy: Policy, now_ms: int, progress: Callable[[int], None] = lambda _events: None
) -> int:
    """Does so in the caller's transaction; answers how many events were looked at."""
    read = 0
    for placed in _paid(connection):
        earnings.book(connection, placed, policy, now_ms)
        read += len(placed)
        progress(read)
    for rows in _purchases(connection):
        entries = [entry for row in rows if (entry := store.entry_of(_tracked(row)))]
        ledger.book(connection, entries, policy.zone, now_ms)
        read += len(rows)
        progress(read)
    return read


def _paid(connection: Connection) -> Iterator[list[Placed]]:
    channels = {row.id: row for row in connection.execute(select(Channel.id, Channel.platform, Channel.name))}
    given = [kind.value for kind in earnings.KINDS if kind is not Kind.CHAT]
    paid = or_(EventRow.kind.in_(given), and_(EventRow.kind == Kind.CHAT.value, EventRow.amount > 0))
    for rows in _chunks(connection, select(EventRow.__table__).where(paid), EventRow.id):
        yield [placed_of(row, channels[row.channel_id]) for row in rows]


def _purchases(connection: Connection) -> Iterator[list[Any]]:
    sold = (StoreEvent.step == Step.PURCHASE.value, StoreEvent.amount_minor > 0, StoreEvent.is_bot.is_(False))
    return _chunks(connection, select(StoreEvent.__table__).where(*sold), StoreEvent.id)


def _tracked(row: Any) -> Tracked:
    data = json.loads(row.data) if row.data else NOTHING
    return Tracked(row.event_id, row.step, row.at_ms, amount_minor=row.amount_minor, currency=row.currency, data=data)


def _chunks(connection: Connection, query: Any, number: Any) -> Iterator[list[Any]]:
    after = 0
    while rows := connection.execute(query.where(number > after).order_by(number).limit(CHUNK)).all():
        after = rows[-1].id
        yield list(rows)
