"""The push path: follows the database and tells each room what is new, computed once however many listen."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import gevent
from flask import Flask, request
from flask_socketio import SocketIO, join_room, leave_room
from gevent.lock import RLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from socketio.exceptions import ConnectionRefusedError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from analytics import coverage, feed, live, scope
from core.clock import HOUR_MS, now_ms
from core.db import ChangeSignal, why_unusable
from core.events import Kind
from web.access import Access, access_of_caller
from web.health import CLIENTS, PUSHES
from web.live import live_stats
from web.schemas import Platform
from web.services import Services

log = logging.getLogger(__name__)

POLL_SECONDS = 0.04
CHAT_SECONDS = 0.1  # at most ten batches a second
STATS_SECONDS = 1.0
IDLE_STATS_SECONDS = 5.0  # time passes for the graph even when nobody writes
REMOVED_LOOK_BACK_MS = HOUR_MS
SNAPSHOT_ITEMS = 60


class Subscription(BaseModel):
    """What a page wants to follow: one channel, one platform, or all; and what it has seen already."""

    model_config = ConfigDict(extra="ignore")

    channel: str | None = Field(None, max_length=64)
    platform: Platform | None = None
    after: int | None = Field(None, ge=0, le=2**63 - 1)

    @property
    def room(self) -> str:
        return f"live:{self.platform or '*'}:{self._name or '*'}"

    @property
    def _name(self) -> str:
        return (self.channel or "").strip().lstrip("#@").lower()

    def covers(self, platform: str, channel: str) -> bool:
        return self.platform in (None, platform) and self._name in ("", channel)


@dataclass(slots=True)
class Room:
    """One way of looking at the live page, shared by all who look so."""

    subscription: Subscription
    channel_ids: list[int] = field(default_factory=list)
    listeners: set[str] = field(default_factory=set)
    stats_due: float = 0.0
    stale: bool = True
    ticker: list[dict[str, Any]] = field(default_factory=list)


Push = tuple[Room, str, dict[str, Any]]  # where to, the event's name, its payload


class Realtime:
    """Follows the database in one greenlet. An error in one tick is logged, the next goes on."""

    def __init__(self, app: Flask, socketio: SocketIO, at: Services) -> None:
        self._app = app
        self._socketio = socketio
        self._at = at
        self._signal = ChangeSignal(at.database)
        self._rooms: dict[str, Room] = {}
        self._turn = RLock()  # a page joins between two pushes, never amidst one
        self._cursor: int | None = None
        self._unread = True  # there is more than the last look has taken
        self._chat_due = 0.0
        self._sources: list[dict[str, Any]] = []
        self._problem = ""

    def follow(self) -> None:
        """Runs for ever: the tail."""
        while True:
            try:
                self.tick(time.monotonic())
                self._say_problem("")
            except DBAPIError as error:
                self._signal.close()
                self._say_problem(why_unusable(error))
                gevent.sleep(1.0)
            except Exception:
                log.exception("a tick of the tail failed")
                gevent.sleep(1.0)
            gevent.sleep(POLL_SECONDS)

    def tick(self, now: float) -> None:
        """One look: pushes what is new, and the numbers where they are due."""
        if now >= self._chat_due and (self._unread or self._signal.changed()):
            self._chat_due = now + CHAT_SECONDS
            self._unread = True  # until it is read: an error here must not lose what has come
            with self._turn:
                self._push_new()
        for room in list(self._rooms.values()):
            if room.listeners and now >= room.stats_due and (room.stale or now >= room.stats_due + IDLE_STATS_SECONDS):
                room.stats_due = now + STATS_SECONDS
                room.stale = False
                self._push_stats(room)

    def join(self, sid: str, wanted: Subscription) -> dict[str, Any]:
        """Puts a socket into its room; answers the numbers and what the page has missed. Raises UnknownChannel."""
        with self._at.database.reading() as connection:
            chosen = scope.channels(connection, wanted.platform, wanted.channel)
            with self._turn:
                if self._cursor is None:
                    self._cursor = feed.newest_id(connection)
                # What the tail has passed is answered here; what it has not is pushed to the room: each row once.
                seen = self._cursor
                self.leave(sid)
                room = self._rooms.setdefault(wanted.room, Room(wanted))
                room.channel_ids = [channel.id for channel in chosen]
                room.listeners.add(sid)
                join_room(wanted.room)
            items, complete = self._missed(connection, room.channel_ids, wanted.after, seen)
        stats = live_stats(wanted.channel, wanted.platform, 15)
        return {"success": True, "stats": stats, "items": items, "complete": complete, "cursor": seen}

    def leave(self, sid: str) -> None:
        for name, room in list(self._rooms.items()):
            if sid in room.listeners:
                room.listeners.discard(sid)
                leave_room(name, sid=sid, namespace="/")
                if not room.listeners:
                    del self._rooms[name]

    def _missed(
        self, connection: Connection, channel_ids: list[int], after: int | None, seen: int
    ) -> tuple[list[dict[str, Any]], bool]:
        """The rows up to ``seen`` that came after ``after``, and True; or the latest rows, and False."""
        zone = self._at.settings.zone
        if after is not None and after <= seen:
            tail = feed.after(connection, after, channel_ids)
            # A page that slept through deletions starts anew rather than keep showing what was deleted.
            if (tail.complete or tail.cursor >= seen) and not tail.removing:
                return [feed.item(row, zone) for row in tail.shown if row.id <= seen], True
        rows = feed.recent(connection, channel_ids, SNAPSHOT_ITEMS)
        return [feed.item(row, zone) for row in reversed(rows) if row.id <= seen], False

    def _push_new(self) -> None:
        """Pushes what was stored since the last look."""
        with self._at.database.reading() as connection:
            if self._cursor is None:
                self._cursor = feed.newest_id(connection)
            channels = scope.channels(connection)
            before, tail = self._cursor, feed.after(connection, self._cursor)
            for room in self._rooms.values():
                covers = room.subscription.covers
                room.channel_ids = [channel.id for channel in channels if covers(channel.platform, channel.name)]
                room.stale |= tail.cursor != before
            # Passed already now: a row that cannot be shown must not stop all that come after it.
            self._cursor, self._unread = tail.cursor, not tail.complete
            try:
                pushes = [*self._sources_told(connection, channels), *self._news(connection, tail)]
            except DBAPIError:
                self._cursor, self._unread = before, True
                raise
        for room, event, payload in pushes:
            self._emit(event, payload, room)

    def _news(self, connection: Connection, tail: feed.Tail) -> Iterator[Push]:
        """What the rows of ``tail`` mean to each room: chat, removals, who is active."""
        zone = self._at.settings.zone
        shown = [(row.channel_id, feed.item(row, zone)) for row in tail.shown]
        removals = list(_removals(connection, tail.removing))
        for room in self._rooms.values():
            mine = set(room.channel_ids)
            items = [item for channel_id, item in shown if channel_id in mine]
            gone = [payload for channel_id, payload in removals if channel_id in mine]
            if items:
                yield room, "chat", {"items": items, "cursor": tail.cursor}
            for payload in gone:
                yield room, "removed", payload
            if items or gone:
                users = feed.active_users(connection, room.channel_ids, now_ms())
                ticker = [live.ticker_item(row, zone) for row in users]
                if ticker != room.ticker:
                    room.ticker = ticker
                    yield room, "ticker", {"users": ticker}

    def _sources_told(self, connection: Connection, channels: list[scope.ChannelInfo]) -> Iterator[Push]:
        sources = coverage.sources(connection, channels, now_ms(), self._at.settings.zone)
        states = [{key: value for key, value in source.items() if key != "last_event_at"} for source in sources]
        if states == self._sources:
            return
        self._sources = states
        for room in self._rooms.values():
            covers = room.subscription.covers
            yield room, "sources", {"channels": [one for one in sources if covers(one["platform"], one["name"])]}

    def _push_stats(self, room: Room) -> None:
        wanted = room.subscription
        with self._app.app_context(), suppress(scope.UnknownChannel):  # demo data can be removed while somebody looks
            self._emit("stats", live_stats(wanted.channel, wanted.platform, 15), room)

    def _emit(self, event: str, payload: dict[str, Any], room: Room) -> None:
        PUSHES.labels(event).inc()
        # Every web process follows the database: through the queue each client would get it from all of them.
        self._socketio.emit(event, payload, to=room.subscription.room, ignore_queue=True)

    def _say_problem(self, problem: str) -> None:
        if problem != self._problem:
            if problem:
                log.error("cannot follow the database: %s", problem)
            else:
                log.info("following the database again")
            self._problem = problem


def _removals(connection: Connection, removing: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """``(channel id, payload)``: one push a channel, however many messages went."""
    for channel_id in dict.fromkeys(row.channel_id for row in removing):
        rows = [row for row in removing if row.channel_id == channel_id]
        wiped = any(row.kind == Kind.CLEAR for row in rows)
        cleared = {"platform": rows[0].platform, "channel": rows[0].channel} if wiped else None
        yield channel_id, {"ids": feed.removed_ids(connection, rows, REMOVED_LOOK_BACK_MS), "cleared": cleared}


def register(app: Flask, socketio: SocketIO, at: Services) -> Realtime:
    """Lets sockets in by the rules of ``web.access`` and answers their calls."""
    realtime = Realtime(app, socketio, at)

    @socketio.on("connect")
    def connect(auth: Any = None) -> None:
        # Whatever goes wrong here must refuse: an error that reaches `failed` is answered, and an answer lets in.
        try:
            token = auth.get("token") if isinstance(auth, dict) else None
            access = access_of_caller(token if isinstance(token, str) else None)
        except Exception:
            log.exception("a socket's access cannot be told")
            access = Access.NOBODY
        if access < Access.OVERLAY:
            raise ConnectionRefusedError("log in, or bring a valid token")
        CLIENTS.inc()

    @socketio.on("disconnect")
    def disconnect(_reason: str = "") -> None:
        CLIENTS.dec()
        realtime.leave(request.sid)  # type: ignore[attr-defined]

    @socketio.on("live:subscribe")
    def subscribe(wanted: Any = None, *_more: Any) -> dict[str, Any]:
        try:
            subscription = Subscription.model_validate({} if wanted is None else wanted)
            return realtime.join(request.sid, subscription)  # type: ignore[attr-defined]
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            return {"success": False, "error": f"{'.'.join(map(str, first['loc'])) or 'subscription'}: {first['msg']}"}
        except scope.UnknownChannel as error:
            return {"success": False, "error": str(error)}
        except DBAPIError as error:
            return {"success": False, "error": why_unusable(error)}

    @socketio.on_error_default
    def failed(error: Exception) -> dict[str, Any]:
        log.exception("a socket call failed: %s", error)
        return {"success": False, "error": "something went wrong; the log says what"}

    return realtime
