"""Orders about the shop: what is seen, what is settled, and everything thrown away."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update

from core.db import Database
from ingest import ledger, store_anomalies
from models import (
    StoreAnomaly,
    StoreEvent,
    StoreEventKey,
    StoreHour,
    StoreMinute,
    StoreReach,
    StoreSample,
    StoreSnapshot,
    StoreTotal,
    StoreUser,
    VisitorDay,
    VisitorHour,
    VisitorSalt,
    VisitorSeen,
)

# What refers to others stands before them.
EVERYTHING = (
    *(StoreAnomaly, StoreEventKey, StoreEvent, StoreUser),
    *(StoreMinute, StoreHour, StoreTotal, StoreSample, StoreReach, StoreSnapshot),
    *(VisitorSeen, VisitorSalt, VisitorDay, VisitorHour),
)


class NoSuchAnomaly(LookupError):
    """There is no anomaly of this number."""


def clear(database: Database, zone: ZoneInfo) -> int:
    """Deletes every event of the shop and all that was told of them, what they earned too; answers how many."""
    with database.writing() as connection:
        count = connection.scalar(select(func.count()).select_from(StoreEvent)) or 0
        for table in EVERYTHING:
            connection.execute(delete(table))
        ledger.forget_shop(connection, zone)
    return count


def change_state(database: Database, anomaly_id: int, state: str, *, now_ms: int) -> None:
    """Marks an anomaly as seen or resolved. Raises NoSuchAnomaly."""
    with database.writing() as connection:
        found = connection.scalar(select(StoreAnomaly.state).where(StoreAnomaly.id == anomaly_id))
        if found is None:
            raise NoSuchAnomaly(f"there is no anomaly {anomaly_id}")
        if found != state:
            where = StoreAnomaly.id == anomaly_id
            connection.execute(update(StoreAnomaly).where(where).values(state=state, changed_at_ms=now_ms))


def resolve_past(database: Database, *, now_ms: int) -> None:
    """Settles the anomalies that are over."""
    with database.writing() as connection:
        store_anomalies.resolve_past(connection, now_ms)
