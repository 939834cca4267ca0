"""What is new in the shop since the last look: its events, each once, and anomalies that came or have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from analytics.store import EVENT_COLUMNS
from analytics.store_anomalies import ROWS as ANOMALY_ROWS
from core.clock import MINUTE_MS
from core.statements import Prepared, among
from models import StoreAnomaly, StoreEvent, StoreUser

MOST_WAITING = 1_000  # events that are told one after the other; of a larger crowd the oldest are only counted
ANOMALIES_WATCHED = 2_000  # the newest; older ones hardly change
CHANGES_MS = MINUTE_MS  # how late a change may be seen, by the clock of who made it


@dataclass(frozen=True, slots=True)
class Unread:
    """Rows as ``analytics.store.event_json`` takes them, oldest first; ``skipped`` others will not be told.

    ``anew``: everything was deleted, and what has come since is passed already.
    """

    rows: Sequence[Any] = ()
    skipped: int = 0
    more: bool = False  # wait for the next look
    anew: bool = False


class EventTail:
    """Passes through ``store_events``, whose numbers are in the order in which they appear, each row once."""

    def __init__(self) -> None:
        self._cursor = 0

    def skip(self, connection: Connection) -> None:
        """Passes everything there is."""
        self._cursor = newest_event(connection)

    def unread(self, connection: Connection, limit: int) -> Unread:
        """The next ones, at most ``limit``; they are passed with that."""
        if newest_event(connection) < self._cursor:
            self.skip(connection)
            return Unread(anew=True)
        waiting = sorted(_IDS(connection, cursor=self._cursor, limit=MOST_WAITING).scalars())
        skipped = self._skip_below(connection, waiting[0]) if len(waiting) == MOST_WAITING else 0
        chosen = waiting[:limit]
        rows = _ROWS(connection, ids=chosen).all() if chosen else []
        self._cursor = max([self._cursor, *chosen])
        return Unread(rows, skipped, more=len(waiting) > limit)

    def latest(self, connection: Connection, limit: int) -> list[Any]:
        """The newest rows that are passed, newest first."""
        return list(_LATEST(connection, until=self._cursor, limit=limit))

    def _skip_below(self, connection: Connection, lowest: int) -> int:
        """Passes what stands below ``lowest``; answers how many that were."""
        skipped = _NUMBER(connection, cursor=self._cursor, below=lowest).scalar()
        self._cursor = lowest - 1
        return int(skipped or 0)


class AnomalyTail:
    """Tells anomalies when they come and whenever they change."""

    def __init__(self) -> None:
        self._newest = 0
        self._told: dict[int, tuple[Any, ...]] = {}  # of those that changed lately: as they were told

    def skip(self, connection: Connection, now_ms: int) -> None:
        """Takes everything as told."""
        self._newest, self._told = 0, {}
        for row in self._changed(connection, now_ms):
            self._note(row)

    def unread(self, connection: Connection, limit: int, now_ms: int) -> list[Any]:
        """Rows as ``analytics.store_anomalies.anomaly_json`` takes them, in the order of their change."""
        changed = self._changed(connection, now_ms)
        recent = {row.id for row in changed}
        self._told = {id_: told for id_, told in self._told.items() if id_ in recent}
        fresh = [row for row in changed if self._told.get(row.id) != _state_of(row)][:limit]
        for row in fresh:
            self._note(row)
        rows = {row.id: row for row in _ANOMALIES(connection, ids=[row.id for row in fresh])} if fresh else {}
        return [rows[row.id] for row in fresh if row.id in rows]

    def _changed(self, connection: Connection, now_ms: int) -> Sequence[Any]:
        newest = _NEWEST_ANOMALY(connection).scalar() or 0
        if newest < self._newest:
            self._newest, self._told = 0, {}  # everything was deleted
        return _CHANGED(
            connection, watched=newest - ANOMALIES_WATCHED, after=self._newest, changed=now_ms - CHANGES_MS
        ).all()

    def _note(self, row: Any) -> None:
        self._newest = max(self._newest, row.id)
        self._told[row.id] = _state_of(row)


def newest_event(connection: Connection) -> int:
    """The number of the newest event, 0 where there is none: whether anything came, in one step of the index."""
    return int(_NEWEST_EVENT(connection).scalar() or 0)


def _state_of(row: Any) -> tuple[Any, ...]:
    return row.changed_at_ms, row.state, row.severity, row.value


_NEWEST_EVENT = Prepared(select(func.max(StoreEvent.id)))
_IDS = Prepared(
    select(StoreEvent.id)
    .where(StoreEvent.id > bindparam("cursor"))
    .order_by(StoreEvent.id.desc())
    .limit(bindparam("limit"))
)
_NUMBER = Prepared(
    select(func.count())
    .select_from(StoreEvent)
    .where(StoreEvent.id > bindparam("cursor"), StoreEvent.id < bindparam("below"))
)
_WITH_USERS = select(*EVENT_COLUMNS).outerjoin(StoreUser, StoreUser.id == StoreEvent.user_row)
_ROWS = Prepared(_WITH_USERS.where(among(StoreEvent.id, "ids")).order_by(StoreEvent.id))
_LATEST = Prepared(
    _WITH_USERS.where(StoreEvent.id <= bindparam("until")).order_by(StoreEvent.id.desc()).limit(bindparam("limit"))
)
_NEWEST_ANOMALY = Prepared(select(func.max(StoreAnomaly.id)))
_CHANGED = Prepared(
    select(StoreAnomaly.id, StoreAnomaly.changed_at_ms, StoreAnomaly.state, StoreAnomaly.severity, StoreAnomaly.value)
    .where(
        StoreAnomaly.id > bindparam("watched"),
        (StoreAnomaly.id > bindparam("after")) | (StoreAnomaly.changed_at_ms >= bindparam("changed")),
    )
    .order_by(StoreAnomaly.changed_at_ms, StoreAnomaly.id)
)
_ANOMALIES = Prepared(ANOMALY_ROWS.where(among(StoreAnomaly.id, "ids")))
