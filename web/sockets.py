"""Who comes in by a socket: let in by the rules of ``web.access``, told what it wants to hear, answered when asking."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, request
from pydantic import ValidationError
from socketio.exceptions import ConnectionRefusedError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import TooManyRequests

from analytics import scope
from core.db import why_unusable
from web import viewer_calls, voice_push
from web.access import Access
from web.faults import faults
from web.health import CLIENTS
from web.identity import STRANGER, Identity, identify
from web.live_push import Subscription
from web.realtime import Realtime
from web.services import Services
from web.socket_guard import GuardedSocketIO
from web.store_push import StoreSubscription
from web.viewer_push import DASHBOARDS, STREAMS

log = logging.getLogger(__name__)


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
        caller = callers[sid()] = _admitted(auth)
        socketio.let_in(sid(), caller.identity)
        CLIENTS.inc()
        _let_hear(realtime, sid(), caller)

    @socketio.on("disconnect")
    def disconnect(*_reason: Any) -> None:
        # A client may send an event of that name, which the library hands on like its own.
        if socketio.server.manager.is_connected(sid(), "/"):
            return
        CLIENTS.dec()
        callers.pop(sid(), None)
        socketio.forget(sid())
        for part in (realtime.viewers, realtime.live, realtime.store, realtime.revenue):
            part.leave(sid())

    @socketio.on("live:subscribe")
    def subscribe(wanted: Any = None, *_more: Any) -> dict[str, Any]:
        def join() -> dict[str, Any]:
            subscription = Subscription.model_validate({} if wanted is None else wanted)
            return realtime.live.join(sid(), subscription, on_stream=callers[sid()].is_overlay)

        return _answered(join)

    @socketio.on("store:subscribe")
    def subscribe_store(wanted: Any = None, *_more: Any) -> dict[str, Any]:
        def join() -> dict[str, Any]:
            subscription = StoreSubscription.model_validate({} if wanted is None else wanted)
            realtime.store.join(sid(), subscription.range)
            return {"success": True, "range": subscription.range}

        if callers[sid()].is_overlay:
            return {"success": False, "error": "this token may not do that"}
        return _answered(join)

    @socketio.on("live:gifts")
    def gifts(*_anything: Any) -> dict[str, Any]:
        return _answered(lambda: realtime.live.gifts(sid()))

    viewer_calls.register(socketio)
    voice_push.register(app, socketio, app.extensions["voice"])

    @socketio.on_error_default
    def failed(error: Exception) -> dict[str, Any]:
        log.exception("a socket call failed: %s", error)
        return {"success": False, "error": "something went wrong; the log says what"}

    return realtime


def _admitted(auth: Any) -> Caller:
    """Whatever goes wrong here must refuse: an error that reaches ``failed`` is answered, and an answer lets in."""
    try:
        caller = caller_of(auth)
    except TooManyRequests as error:
        raise ConnectionRefusedError(error.description) from None
    except Exception:
        log.exception("a socket's access cannot be told")
        caller = Caller(STRANGER, None)
    if caller.access < Access.OVERLAY:
        raise ConnectionRefusedError("log in, or bring a valid token")
    return caller


def _let_hear(realtime: Realtime, sid: str, caller: Caller) -> None:
    """What ``caller`` is told from now on without asking."""
    if caller.room:
        realtime.viewers.join(sid, caller.room)
    if caller.hears_live:
        realtime.live.await_wish(sid, on_stream=caller.is_overlay)
    if caller.hears_store:
        try:
            realtime.store.join(sid)
        except DBAPIError:
            pass  # which it is told as trouble
        except Exception:  # it is in, and may subscribe again
            log.exception("a dashboard cannot be told of the shop")
    if not caller.is_overlay:
        realtime.welcome(sid)
        realtime.revenue.join(sid, hears=caller.hears_revenue)


def _answered(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``call`` answers, or why it cannot be done."""
    try:
        return call()
    except ValidationError as error:
        return {"success": False, "error": faults(error)[0]["message"]}
    except scope.UnknownChannel as error:
        return {"success": False, "error": str(error)}
    except DBAPIError as error:
        return {"success": False, "error": why_unusable(error)}
