"""The push path: follows the database in one greenlet, and lets sockets in by the rules of ``web.access``."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import gevent
from flask import Flask, request
from flask_socketio import join_room
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import TooManyRequests

from analytics import scope
from core.changes import ChangeSignal
from core.db import why_unusable
from rules.fan_out import SHORTEST_PAUSE_SECONDS, pause_seconds
from web import viewer_calls, voice_push
from web.access import Access
from web.broadcast import DirectManager
from web.faults import faults
from web.health import CLIENTS
from web.identity import STRANGER, Identity, identify
from web.live_push import LivePush, Subscription
from web.revenue_push import RevenuePush
from web.services import Services
from web.socket_guard import GuardedSocketIO
from web.store_push import StorePush, StoreSubscription
from web.viewer_push import DASHBOARDS, STREAMS, ViewerPush

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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has connected: what they may do, and what they want to hear (None: whatever they may)."""

    identity: Identity
    follow: frozenset[str] | None

    @property
    def access(self) -> Access:
        return self.identity.access

    @property
    def room(self) -> str | None:
        """Where people's news reach them: dashboards hear them unless they ask for less, overlays when they ask."""
        if self.access >= Access.READ and (self.follow is None or "viewers" in self.follow):
            return DASHBOARDS
        return STREAMS if self.follow is not None and "alerts" in self.follow else None

    @property
    def is_overlay(self) -> bool:
        return self.access < Access.READ or self.room == STREAMS

    @property
    def hears_live(self) -> bool:
        """Of all channels, unless it soon says of which (``live:subscribe``)."""
        return self.follow is None

    @property
    def hears_store(self) -> bool:
        return not self.is_overlay and (self.follow is None or "store" in self.follow)

    @property
    def hears_revenue(self) -> bool:
        return not self.is_overlay and (self.follow is None or "revenue" in self.follow)


def caller_of(auth: Any) -> Caller:
    """``auth`` is what a socket hands over: {"token"?, "follow"?}, or anything.

    ``follow`` lists of "viewers", "store", "revenue" and "alerts" what it wants to hear; without it a socket hears
    what it may, and the live numbers of all channels.
    """
    told = auth if isinstance(auth, dict) else {}
    token, follow = told.get("token"), told.get("follow")
    wanted = frozenset(one for one in follow if isinstance(one, str)) if isinstance(follow, list) else None
    return Caller(identify(token if isinstance(token, str) else None), wanted)


def register(app: Flask, socketio: GuardedSocketIO, at: Services) -> Realtime:
    """Lets sockets in and answers their calls."""
    realtime = Realtime(app, socketio, at)
    callers: dict[str, Caller] = {}

    def sid() -> str:
        return str(request.sid)  # type: ignore[attr-defined]

    @socketio.on("connect")
    def connect(auth: Any = None, *_more: Any) -> None:
        if sid() in callers:
            return  # so has a client that is in already said
        # Whatever goes wrong here must refuse: an error that reaches `failed` is answered, and an answer lets in.
        try:
            caller = caller_of(auth)
        except TooManyRequests as error:
            raise ConnectionRefusedError(error.description) from None
        except Exception:
            log.exception("a socket's access cannot be told")
            caller = Caller(STRANGER, None)
        if caller.access < Access.OVERLAY:
            raise ConnectionRefusedError("log in, or bring a valid token")
        callers[sid()] = caller
        socketio.let_in(sid(), caller.identity)
        if caller.room:
            realtime.viewers.join(sid(), caller.room)
        CLIENTS.inc()
        if caller.hears_live:
            realtime.live.await_wish(sid(), on_stream=caller.is_overlay)
        if caller.hears_store:
            try:
                realtime.store.join(sid())
            except DBAPIError:
                pass  # which it is told as trouble
            except Exception:  # it is in, and may subscribe again
                log.exception("a dashboard cannot be told of the shop")
        if not caller.is_overlay:
            realtime.welcome(sid())
            realtime.revenue.join(sid(), hears=caller.hears_revenue)

    @socketio.on("disconnect")
    def disconnect(*_reason: Any) -> None:
        # A client may send an event of that name, which the library hands on like its own.
        if socketio.server.manager.is_connected(sid(), "/"):
            return
        CLIENTS.dec()
        callers.pop(sid(), None)
        socketio.forget(sid())
        realtime.viewers.leave(sid())
        realtime.live.leave(sid())
        realtime.store.leave(sid())
        realtime.revenue.leave(sid())

    @socketio.on("live:subscribe")
    def subscribe(wanted: Any = None, *_more: Any) -> dict[str, Any]:
        try:
            subscription = Subscription.model_validate({} if wanted is None else wanted)
            caller = callers[sid()]
            return realtime.live.join(sid(), subscription, on_stream=caller.is_overlay)
        except ValidationError as error:
            return _refused(error)
        except scope.UnknownChannel as error:
            return {"success": False, "error": str(error)}
        except DBAPIError as error:
            return {"success": False, "error": why_unusable(error)}

    @socketio.on("store:subscribe")
    def subscribe_store(wanted: Any = None, *_more: Any) -> dict[str, Any]:
        if callers[sid()].is_overlay:
            return {"success": False, "error": "this token may not do that"}
        try:
            subscription = StoreSubscription.model_validate({} if wanted is None else wanted)
            realtime.store.join(sid(), subscription.range)
        except ValidationError as error:
            return _refused(error)
        except DBAPIError as error:
            return {"success": False, "error": why_unusable(error)}
        return {"success": True, "range": subscription.range}

    @socketio.on("live:gifts")
    def gifts(*_anything: Any) -> dict[str, Any]:
        try:
            return realtime.live.gifts(sid())
        except scope.UnknownChannel as error:
            return {"success": False, "error": str(error)}
        except DBAPIError as error:
            return {"success": False, "error": why_unusable(error)}

    viewer_calls.register(socketio)
    voice_push.register(app, socketio, app.extensions["voice"])

    @socketio.on_error_default
    def failed(error: Exception) -> dict[str, Any]:
        log.exception("a socket call failed: %s", error)
        return {"success": False, "error": "something went wrong; the log says what"}

    return realtime


def _refused(error: ValidationError) -> dict[str, Any]:
    return {"success": False, "error": faults(error)[0]["message"]}
