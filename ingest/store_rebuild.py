"""Recomputes everything that is told of the shop from its raw events: proof that it is right, and its repair."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from core.clock import HOUR_MS, MINUTE_MS
from core.events import NOTHING
from core.tracked import Tracked
from ingest import retention, store, store_anomalies
from ingest.store_users import BEGINNING, Shoppers
from models import StoreEvent, StoreHour, StoreMinute, StoreReach, StoreSample, StoreTotal, StoreUser

CHUNK = 2_000
RECOMPUTED: tuple[Any, ...] = (StoreReach, StoreMinute, StoreHour, StoreTotal, StoreSample)


def rebuild(connection: Connection, now_ms: int, progress: Callable[[int], None] = lambda _events: None) -> int:
    """Does so in the caller's transaction; answers how many events were read. Anomalies and snapshots stay.

    Where ``RETENTION_DAYS`` has deleted events, only the minutes and hours since then: how far people have come holds
    something of what was before, and stays as it is.
    """
    if since_ms := retention.kept_since_ms(connection):
        return _rebuild_since(connection, since_ms, progress)
    for table in RECOMPUTED:
        connection.execute(delete(table))
    connection.execute(update(StoreUser).values(BEGINNING))
    read = 0
    for rows in _chunks(connection):
        events = [_tracked(row) for row in rows if not row.is_bot]
        shoppers = Shoppers(connection, {event.user_id for event in events if event.user_id})
        store.add_reach(connection, shoppers.take(connection, events, up_to=rows[-1].id))
        store.add_minutes(connection, events)
        store_anomalies.look(connection, events, {}, shoppers, now_ms, tells=False)
        read += len(rows)
        progress(read)
    return read


def _rebuild_since(connection: Connection, since_ms: int, progress: Callable[[int], None]) -> int:
    connection.execute(delete(StoreMinute).where(StoreMinute.minute >= since_ms // MINUTE_MS))
    connection.execute(delete(StoreHour).where(StoreHour.hour >= since_ms // HOUR_MS))
    connection.execute(delete(StoreTotal))
    kept = select(StoreHour.step, func.sum(StoreHour.events)).group_by(StoreHour.step)
    connection.execute(insert(StoreTotal).from_select(["step", "events"], kept))
    read = 0
    for rows in _chunks(connection):
        whole = [_tracked(row) for row in rows if not row.is_bot and row.at_ms >= since_ms]
        store.add_minutes(connection, whole)
        read += len(rows)
        progress(read)
    return read


def _chunks(connection: Connection) -> Iterator[list[Any]]:
    after = 0
    columns = (StoreEvent.__table__, StoreUser.user_id)
    while True:
        query = select(*columns).outerjoin(StoreUser, StoreUser.id == StoreEvent.user_row)
        rows = list(connection.execute(query.where(StoreEvent.id > after).order_by(StoreEvent.id).limit(CHUNK)))
        if not rows:
            return
        after = rows[-1].id
        yield rows


def _tracked(row: Any) -> Tracked:
    data = json.loads(row.data) if row.data else NOTHING
    return Tracked(
        row.event_id,
        row.step,
        row.at_ms,
        user_id=row.user_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        data=data,
    )
