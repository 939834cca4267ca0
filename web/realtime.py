"""The push path: follows the database in one greenlet, and tells sockets what is new."""

from __future__ import annotations

import logging
import time

import gevent
from flask import Flask
from flask_socketio import join_room
from sqlalchemy.exc import DBAPIError

from core.changes import ChangeSignal
from core.db import why_unusable
from rules.fan_out import SHORTEST_PAUSE_SECONDS, pause_seconds
from web.broadcast import DirectManager
from web.live_push import LivePush
from web.revenue_push import RevenuePush
from web.services import Services
from web.socket_guard import GuardedSocketIO
from web.store_push import StorePush
from web.viewer_push import ViewerPush

log = logging.getLogger(__name__)

POLL_SECONDS = 0.02
GROUND_SECONDS = 1.0  # between two looks whether the database can still be read
TOLD_TROUBLES = "troubles"  # the room of those who are told what is wrong


class Realtime:
    """An error in one tick is logged, the next goes on."""

    def __init__(self, app: Flask, socketio: GuardedSocketIO, at: Services) -> None:
        self.live = LivePush(app, socketio, at)
        self.viewers = ViewerPush(socketio, at)
        self.store = StorePush(socketio, at)
        self.revenue = RevenuePush(app, socketio, at)
        self._app = app
        self._at = at
        self._door = socketio
        self._manager: DirectManager = socketio.server.manager
        self._signal = ChangeSignal(at.database)
        self._unread = True  # there is more than the last look has taken
        self._look_due = 0.0
        self._rest_until = 0.0  # a push to thousands takes time that others need as well
        self._ground_due = 0.0
        self._problem = ""
        self._told = ""

    @property
    def trouble(self) -> str:
        """Why pages show what was, or why nothing of them is stored, in one line; "" while all is well."""
        if self._problem:
            return f"The database is not available: {self._problem}"
        unwritten = self._app.extensions["orders"].problem
        return f"Nothing can be written: {unwritten}" if unwritten else ""

    def welcome(self, sid: str) -> None:
        """A dashboard comes: it hears what is wrong, now and later."""
        join_room(TOLD_TROUBLES)
        self._tell_trouble(sid)

    def follow(self) -> None:
        """Runs for ever: the tail."""
        while True:
            try:
                self.tick(time.monotonic())
                self._say_problem("")
                rest = 0.0
            except DBAPIError as error:
                self._signal.close()
                self._say_problem(why_unusable(error))
                rest = 1.0
            except Exception:
                log.exception("a tick of the tail failed")
                rest = 1.0
            if self.trouble != self._told:
                self._told = self.trouble
                self._tell_trouble(TOLD_TROUBLES)
            gevent.sleep(rest + self._pause(time.monotonic()))

    def tick(self, now: float) -> None:
        """One look: pushes what is new, and the numbers where they are due."""
        self._door.turn_out(now)
        if now < self._rest_until:
            return
        began = time.monotonic()
        try:
            with self._manager.gathering():
                self._push(now)
        finally:
            spent = time.monotonic() - began
            rest = pause_seconds(spent)
            # A short one lies between any two looks; waited for, it would have an idle process look all the time.
            self._rest_until = now + spent + rest if rest > POLL_SECONDS else 0.0

    def _push(self, now: float) -> None:
        if now >= self._ground_due:
            self._ground_due = now + GROUND_SECONDS
            with self._at.database.reading():
                pass  # what counts commits goes on in a file that was moved away, and says nothing
        if now >= self._look_due and (self._unread or self._signal.changed()):
            self._look_due = now + SHORTEST_PAUSE_SECONDS
            self._unread = True  # until it is read: an error here must not lose what has come
            with self._at.database.reading() as connection:
                unread = [part.push_new(connection) for part in (self.live, self.viewers, self.store, self.revenue)]
            self._unread = any(unread)
        self.live.push_stats(now)
        self.store.push_numbers(now)
        self.revenue.push_present(now)

    def _pause(self, now: float) -> float:
        """Until the next tick, in seconds: a look that is due soon comes in time."""
        left = max(self._look_due, self._rest_until) - now
        return min(left, POLL_SECONDS) if left > 0 else POLL_SECONDS

    def _tell_trouble(self, whom: str) -> None:
        self._door.emit("trouble", {"problem": self.trouble}, to=whom, ignore_queue=True)

    def _say_problem(self, problem: str) -> None:
        if problem != self._problem:
            if problem:
                log.error("cannot follow the database: %s", problem)
            else:
                log.info("following the database again")
            self._problem = problem
