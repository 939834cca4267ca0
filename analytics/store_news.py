"""What is new in the shop since the last look: its events, each once, and anomalies that came or have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from analytics.store import EVENT_COLUMNS
from analytics.store_anomalies import ROWS as ANOMALY_ROWS
from core.clock import MINUTE_MS
from core.statements import Prepared, among
from models import StoreAnomaly, StoreEvent, StoreUser

MOST_WAITING = 1_000  # events that are told one after the other; of a larger crowd the oldest are only counted
LOOKED_OVER = 200  # rows behind the newest that are known when a look begins
ANOMALIES_WATCHED = 2_000  # the newest; older ones hardly change
CHANGES_MS = MINUTE_MS  # how late a change may be seen, by the clock of who made it


@dataclass(frozen=True, slots=True)
class Unread:
    """Rows as ``analytics.store.event_json`` takes them, oldest first; ``skipped`` others will not be told.

    ``anew``: everything was deleted, and what has come since is passed already.
    """

    rows: Sequence[Any]
    skipped: int
    more: bool  # wait for the next look
    anew: bool


class EventTail:
    """Passes through ``store_events`` in the order of their numbers, each row once.

    Where several transactions write at a time a row can appear behind one with a higher number: the newest rows are
    then looked over again for ``overlap_seconds``.
    """

    def __init__(self, overlap_seconds: float) -> None:
        self._overlap = overlap_seconds
        self._newest = 0
        self._floor = 0  # what stands up to here is over
        self._passed: dict[int, float] = {}  # what of the rows above it is over as well, and since when

    def skip(self, connection: Connection, now: float) -> None:
        """Passes everything there is."""
        self._newest = newest_event(connection)
        self._floor, self._passed = max(0, self._newest - LOOKED_OVER), {}
        self._pass(_IDS(connection, floor=self._floor, limit=LOOKED_OVER).scalars(), now)

    def unread(self, connection: Connection, limit: int, now: float) -> Unread:
        """The next ones, at most ``limit``; they are passed with that. ``now``: seconds of any steady clock."""
        newest = newest_event(connection)
        if newest < self._newest:
            self.skip(connection, now)
            return Unread((), 0, False, True)
        self._newest = newest
        most = MOST_WAITING + len(self._passed)
        ids = list(_IDS(connection, floor=self._floor, limit=most).scalars())
        skipped = self._skip_below(connection, min(ids)) if len(ids) == most else 0
        waiting = sorted(id_ for id_ in ids if id_ not in self._passed)
        chosen = waiting[:limit]
        rows = _ROWS(connection, ids=chosen).all() if chosen else []
        self._pass(chosen, now)
        return Unread(rows, skipped, len(waiting) > limit, False)

    def latest(self, connection: Connection, limit: int) -> list[Any]:
        """The newest rows that are passed, newest first."""
        newest = max([self._floor, *self._passed])
        rows = _LATEST(connection, until=newest, limit=limit)
        return [row for row in rows if row.id <= self._floor or row.id in self._passed]

    def _skip_below(self, connection: Connection, lowest: int) -> int:
        """Passes what stands below ``lowest``; answers how many of these were not told."""
        known = sum(id_ < lowest for id_ in self._passed)
        skipped = (_NUMBER(connection, floor=self._floor, below=lowest).scalar() or 0) - known
        self._floor = lowest - 1
        return int(skipped)

    def _pass(self, ids: Iterable[int], now: float) -> None:
        self._passed |= dict.fromkeys(ids, now)
        over = [id_ for id_, since in self._passed.items() if now - since >= self._overlap]
        self._floor = max([self._floor, *over])
        self._passed = {id_: since for id_, since in self._passed.items() if id_ > self._floor}


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
    .where(StoreEvent.id > bindparam("floor"))
    .order_by(StoreEvent.id.desc())
    .limit(bindparam("limit"))
)
_NUMBER = Prepared(
    select(func.count())
    .select_from(StoreEvent)
    .where(StoreEvent.id > bindparam("floor"), StoreEvent.id < bindparam("below"))
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
