"""The shop as it happens: tells dashboards its events, and the figures, funnel, segments and anomalies they change."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask_socketio import SocketIO, join_room, leave_room
from gevent.lock import RLock
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from analytics import store, store_anomalies
from analytics.store_news import AnomalyTail, EventTail
from analytics.store_reach import Range
from core.clock import minute_of, now_ms
from rules.fan_out import most_messages
from web.health import PUSHES
from web.services import Services
from web.store_schemas import RangeName

log = logging.getLogger(__name__)

SHOP = "store"  # the room of all who listen; those who look at one range are in "store:<range>" as well
DEFAULT_RANGE: RangeName = "24h"
EVENTS_A_LOOK = 50  # of ten looks a second
ANOMALIES_A_LOOK = 50
NUMBERS_SECONDS = 1.0
RECENT = 50

Answers = dict[str, dict[str, Any]]


class StoreSubscription(BaseModel):
    """Which time before now the figures are to cover."""

    model_config = ConfigDict(extra="ignore")

    range: RangeName = DEFAULT_RANGE


@dataclass(slots=True)
class Numbers:
    """One range's answers, shared by all who look at it."""

    range: RangeName
    listeners: set[str] = field(default_factory=set)
    due: float = 0.0
    stale: bool = False
    skipped: int = 0
    answers: Answers = field(default_factory=dict)
    told: Answers = field(default_factory=dict)  # those that all who look at it have
    made_at: float = 0.0
    minute: int = 0  # of the answers: ranges begin at whole minutes

    @property
    def room(self) -> str:
        return f"{SHOP}:{self.range}"

    def compute(self, connection: Connection, at: Services, now: float) -> None:
        asked = Range.named(self.range, now_ms())
        self.made_at, self.minute = now, minute_of(now_ms())
        self.answers = {
            "stats": store.stats(connection, asked),
            "funnel": store.funnel(connection, asked),
            "segmentation": store.segmentation(connection, asked, at.settings.zone),
        }


class StorePush:
    """Reads each row once and computes each answer once, however many listen; nothing while nobody does.

    What happened while nobody listened is not told later: who joins gets ``initial_data``.
    """

    def __init__(self, socketio: SocketIO, at: Services) -> None:
        self._socketio = socketio
        self._at = at
        self._ranges: dict[RangeName, Numbers] = {}
        self._turn = RLock()  # somebody joins between two pushes, never amidst one
        self._events = EventTail()
        self._anomalies = AnomalyTail()
        self._told_at = 0.0  # by a steady clock

    def join(self, sid: str, wanted: RangeName = DEFAULT_RANGE) -> None:
        """Puts a socket among those who look at a range, and hands it everything there is."""
        now = time.monotonic()
        with self._turn, self._at.database.reading() as connection:
            if not self._ranges:
                self._events.skip(connection)
                self._anomalies.skip(connection, now_ms())
            numbers = self._ranges.get(wanted) or Numbers(wanted)
            # Answers of a moment ago will do: what has changed since is told in a moment.
            if not numbers.answers or now - numbers.made_at >= NUMBERS_SECONDS:
                numbers.compute(connection, self._at, now)
            initial = self._initial(connection, numbers)
            self.leave(sid)
            self._ranges[wanted] = numbers
            numbers.told = {name: told for name, told in numbers.told.items() if told == numbers.answers[name]}
            if not numbers.listeners:
                numbers.told = numbers.answers
            numbers.listeners.add(sid)
            join_room(SHOP)
            join_room(numbers.room)
            self._emit("initial_data", initial, sid)

    def leave(self, sid: str) -> None:
        for numbers in list(self._ranges.values()):
            if sid in numbers.listeners:
                numbers.listeners.discard(sid)
                if not numbers.listeners:
                    del self._ranges[numbers.range]  # before others are told over Redis, as in LivePush
                leave_room(numbers.room, sid=sid, namespace="/")
                leave_room(SHOP, sid=sid, namespace="/")

    def push_new(self, connection: Connection) -> bool:
        """Pushes what was stored since the last look, as much as one look may; answers whether there is more."""
        with self._turn:
            if not self._ranges:
                return False
            found = self._events.unread(connection, EVENTS_A_LOOK)
            changed = self._anomalies.unread(connection, ANOMALIES_A_LOOK, now_ms())
            if found.anew:
                self._begin_anew(connection)
            rows = self._affordable(found.rows)
            for numbers in self._ranges.values():
                numbers.stale |= bool(found.rows or found.skipped)
                numbers.skipped += found.skipped + len(found.rows) - len(rows)
            for row in rows:
                self._tell("new_event", store.event_json, row)
            for row in changed:
                self._tell("anomaly_update", store_anomalies.anomaly_json, row)
            return found.more or len(changed) == ANOMALIES_A_LOOK

    def _affordable(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The newest, as many as can be told to all who listen."""
        if not rows:
            return rows
        listeners, now = sum(len(numbers.listeners) for numbers in self._ranges.values()), time.monotonic()
        most = most_messages(listeners, now - self._told_at)
        self._told_at = now
        return rows[-most:]

    def push_numbers(self, now: float) -> None:
        """Pushes what has changed of the figures, where it is due. ``now``: seconds of a steady clock."""
        for numbers in list(self._ranges.values()):
            if now >= numbers.due and (numbers.stale or minute_of(now_ms()) != numbers.minute):
                numbers.due = now + NUMBERS_SECONDS
                with self._turn:
                    self._push_numbers(numbers, now)

    def _push_numbers(self, numbers: Numbers, now: float) -> None:
        numbers.stale = False
        try:
            with self._at.database.reading() as connection:
                numbers.compute(connection, self._at, now)
        except DBAPIError:
            numbers.stale = True
            raise
        except Exception:
            log.exception("the shop's figures of %s cannot be told", numbers.range)
            return
        skipped, numbers.skipped = numbers.skipped, 0
        told, numbers.told = numbers.told, numbers.answers
        for name, answer in numbers.answers.items():
            more = {"skipped": skipped} if name == "stats" else {}
            if answer != told.get(name) or any(more.values()):
                self._emit(f"{name}_update", {"range": numbers.range, **answer, **more}, numbers.room)

    def _begin_anew(self, connection: Connection) -> None:
        """Everything was deleted: all who look get what there is now, as if they came just now."""
        for numbers in self._ranges.values():
            numbers.compute(connection, self._at, time.monotonic())
            numbers.told = numbers.answers
            self._emit("initial_data", self._initial(connection, numbers), numbers.room)

    def _initial(self, connection: Connection, numbers: Numbers) -> dict[str, Any]:
        zone = self._at.settings.zone
        found = store_anomalies.anomalies(connection, Range.named(numbers.range, now_ms()), zone)
        return {"range": numbers.range, **numbers.answers, "anomalies": found, "events": self._recent(connection)}

    def _recent(self, connection: Connection) -> list[dict[str, Any]]:
        """The newest events, without those that will come as ``new_event``."""
        shown = (self._shown(store.event_json, row) for row in self._events.latest(connection, RECENT))
        return [event for event in shown if event is not None]

    def _tell(self, event: str, as_json: Callable[[Any, ZoneInfo], dict[str, Any]], row: Any) -> None:
        payload = self._shown(as_json, row)
        if payload is not None:
            self._emit(event, payload, SHOP)

    def _shown(self, as_json: Callable[[Any, ZoneInfo], dict[str, Any]], row: Any) -> dict[str, Any] | None:
        """A row as JSON. One that cannot be shown stops none of those after it."""
        try:
            return as_json(row, self._at.settings.zone)
        except Exception:
            log.exception("row %d of the shop cannot be shown", row.id)
            return None

    def _emit(self, event: str, payload: dict[str, Any], to: str) -> None:
        PUSHES.labels(event).inc()
        # Every web process follows the database: through the queue each client would get it from all of them.
        self._socketio.emit(event, payload, to=to, ignore_queue=True)
