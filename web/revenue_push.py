"""Money as it comes in: tells dashboards each entry of the ledger, and how many dashboards and visitors there are."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from typing import Any

import gevent
from flask import Flask
from flask_socketio import SocketIO, join_room
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from actions import dashboards
from analytics import ledger, revenue, visitors
from analytics.dashboards import TOLD_EVERY_SECONDS, elsewhere
from analytics.revenue import Question
from core.clock import now_ms
from core.db import why_unusable
from core.logs import Trouble
from web.health import PUSHES
from web.services import Services

log = logging.getLogger(__name__)

ROOM = "revenue"
ENTRIES_A_LOOK = 50  # of ten looks a second; of more the oldest are only counted
PRESENT_SECONDS = 1.0


class RevenuePush:
    """Reads each entry once, however many listen. What was booked while nobody did is not told later: pages ask."""

    def __init__(self, app: Flask, socketio: SocketIO, at: Services) -> None:
        self._app = app
        self._socketio = socketio
        self._at = at
        self._dashboards: set[str] = set()
        self._listeners: set[str] = set()
        self._cursor: int | None = None
        self._present: dict[str, int] = {}
        self._present_due = 0.0
        self._process = secrets.token_hex(6)
        self._told = 0  # how many dashboards others know of
        self._tell_due = 0.0
        what = "told of our dashboards"
        self._trouble = Trouble(log, f"other processes cannot be {what}", f"other processes are {what} again")

    def join(self, sid: str, *, hears: bool) -> None:
        """A dashboard comes: it counts as one, and hears of money if it wants to."""
        self._dashboards.add(sid)
        if not hears:
            return
        if not self._listeners:
            self._cursor = None  # while the database is away nobody knows; the first look that succeeds begins there
            with suppress(DBAPIError), self._at.database.reading() as connection:
                self._cursor = ledger.newest_id(connection)
        self._listeners.add(sid)
        join_room(ROOM)
        self._present = {}  # who is new is told as well

    def leave(self, sid: str) -> None:
        self._dashboards.discard(sid)
        self._listeners.discard(sid)

    def push_new(self, connection: Connection) -> bool:
        """Pushes what was booked since the last look; there is never more for the next one."""
        if not self._listeners:
            return False
        newest = ledger.newest_id(connection)
        cursor = newest if self._cursor is None else self._cursor
        rows = ledger.after(connection, cursor, ENTRIES_A_LOOK) if newest > cursor else []
        if rows:
            question = Question(self._at.settings.currency, now_ms(), self._at.settings.zone)
            skipped = newest - cursor - len(rows) if len(rows) == ENTRIES_A_LOOK else 0
            more = {"skipped": skipped, "totals": self._totals(connection, question)}
            for row in rows:
                self._tell(connection, row, question, more)
        self._cursor = newest
        return False

    def push_present(self, now: float) -> None:
        """Pushes how many are here, where that has changed. ``now``: seconds of a steady clock."""
        if now < self._present_due:
            return
        self._present_due = now + PRESENT_SECONDS
        if self._at.settings.redis_url:
            self._tell_others(now)
        if not self._listeners:
            return
        with self._at.database.reading() as connection:
            online = visitors.online(connection, now_ms())
            others = elsewhere(connection, self._process, now_ms()) if self._at.settings.redis_url else 0
        present = {"dashboards": len(self._dashboards) + others, "visitors_online": online}
        if present != self._present:
            self._present = present
            self._emit("connection_update", present)

    def _tell_others(self, now: float) -> None:
        """Other web processes count ours as well; one that serves none has nothing to tell."""
        count = len(self._dashboards)
        if count != self._told or (count and now >= self._tell_due):
            self._told, self._tell_due = count, now + TOLD_EVERY_SECONDS
            gevent.spawn(self._write, count)

    def _write(self, count: int) -> None:
        try:
            self._app.extensions["orders"].run(dashboards.tell, self._process, count, now_ms=now_ms())
            self._trouble.is_now("")
        except DBAPIError as error:
            self._told = -1  # the next look tells again
            self._trouble.is_now(why_unusable(error))

    def _totals(self, connection: Connection, question: Question) -> dict[str, Any]:
        return {**revenue.so_far(connection, question), "currency": question.currency}

    def _tell(self, connection: Connection, row: Any, question: Question, more: dict[str, Any]) -> None:
        """One that cannot be shown stops none of those after it."""
        try:
            payload = revenue.of_entry(connection, row, question)
        except DBAPIError:
            raise
        except Exception:
            log.exception("entry %d of the ledger cannot be shown", row.id)
            return
        self._emit("revenue_update", {**payload, "today": more["totals"]["today"], **more})

    def _emit(self, event: str, payload: dict[str, Any]) -> None:
        PUSHES.labels(event).inc()
        # Every web process follows the database: through the queue each client would get it from all of them.
        self._socketio.emit(event, payload, to=ROOM, ignore_queue=True)
