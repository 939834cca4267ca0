"""The push path: follows the database and tells each room what is new, computed once however many listen."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import gevent
from flask import Flask, request
from flask_socketio import SocketIO, join_room, leave_room
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
        return f"live:{self.platform or '*'}:{(self.channel or '*').strip().lstrip('#@').lower()}"


@dataclass(slots=True)
class Room:
    """One way of looking at the live page, shared by all who look so."""

    subscription: Subscription
    channel_ids: list[int] = field(default_factory=list)
    listeners: set[str] = field(default_factory=set)
    stats_due: float = 0.0
    stale: bool = True
    ticker: list[dict[str, Any]] = field(default_factory=list)


class Realtime:
    """Follows the database in one greenlet. An error in one tick is logged, the next goes on."""

    def __init__(self, app: Flask, socketio: SocketIO, at: Services) -> None:
        self._app = app
        self._socketio = socketio
        self._at = at
        self._signal = ChangeSignal(at.database)
        self._rooms: dict[str, Room] = {}
        self._cursor: int | None = None
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
        if now >= self._chat_due and self._signal.changed():
            self._chat_due = now + CHAT_SECONDS
            self._push_new()
        for room in list(self._rooms.values()):
            if room.listeners and now >= room.stats_due and (room.stale or now >= room.stats_due + IDLE_STATS_SECONDS):
                room.stats_due = now + STATS_SECONDS
                room.stale = False
                self._push_stats(room)

    def join(self, sid: str, wanted: Subscription) -> dict[str, Any]:
        """Puts a socket into its room; answers the numbers and what the page has missed."""
        self.leave(sid)
        room = self._rooms.setdefault(wanted.room, Room(wanted))
        # Joined before the snapshot is read: what is stored in between comes twice rather than never.
        room.listeners.add(sid)
        join_room(wanted.room)
        with self._at.database.reading() as connection:
            chosen = scope.channels(connection, wanted.platform, wanted.channel)
            room.channel_ids = [channel.id for channel in chosen]
            items, complete, cursor = self._missed(connection, room.channel_ids, wanted.after)
        stats = live_stats(wanted.channel, wanted.platform, 15)
        return {"success": True, "stats": stats, "items": items, "complete": complete, "cursor": cursor}

    def leave(self, sid: str) -> None:
        for name, room in list(self._rooms.items()):
            if sid in room.listeners:
                room.listeners.discard(sid)
                leave_room(name, sid=sid, namespace="/")
                if not room.listeners:
                    del self._rooms[name]

    def _missed(
        self, connection: Connection, channel_ids: list[int], after: int | None
    ) -> tuple[list[dict[str, Any]], bool, int]:
        newest = feed.newest_id(connection)
        zone = self._at.settings.zone
        if after is not None and after <= newest:
            tail = feed.after(connection, after, channel_ids)
            # A page that slept through deletions starts anew rather than keep showing what was deleted.
            if tail.complete and not tail.removing:
                return [feed.item(row, zone) for row in tail.shown], True, tail.cursor
        rows = feed.recent(connection, channel_ids, SNAPSHOT_ITEMS)
        return [feed.item(row, zone) for row in reversed(rows)], False, newest

    def _push_new(self) -> None:
        with self._at.database.reading() as connection:
            if self._cursor is None:
                self._cursor = feed.newest_id(connection)
                return
            tail = feed.after(connection, self._cursor)
            self._push_sources(connection)
            if tail.cursor == self._cursor:
                return
            self._cursor = tail.cursor
            removed = feed.removed_ids(connection, tail.removing, REMOVED_LOOK_BACK_MS) if tail.removing else []
            for room in list(self._rooms.values()):
                room.stale = True
                self._push_rows(connection, room, tail, removed)

    def _push_rows(self, connection: Connection, room: Room, tail: feed.Tail, removed: list[int]) -> None:
        zone = self._at.settings.zone
        shown = [row for row in tail.shown if row.channel_id in room.channel_ids]
        removing = [row for row in tail.removing if row.channel_id in room.channel_ids]
        if shown:
            self._emit("chat", {"items": [feed.item(row, zone) for row in shown], "cursor": tail.cursor}, room)
        for row in removing:
            cleared = {"platform": row.platform, "channel": row.channel} if row.kind == Kind.CLEAR else None
            self._emit("removed", {"ids": removed, "cleared": cleared}, room)
        if shown or removing:
            users = feed.active_users(connection, room.channel_ids, now_ms())
            ticker = [live.ticker_item(row, zone) for row in users]
            if ticker != room.ticker:
                room.ticker = ticker
                self._emit("ticker", {"users": ticker}, room)

    def _push_sources(self, connection: Connection) -> None:
        channels = scope.channels(connection)
        sources = coverage.sources(connection, channels, now_ms(), self._at.settings.zone)
        states = [{key: value for key, value in source.items() if key != "last_event_at"} for source in sources]
        if states == self._sources:
            return
        self._sources = states
        for room in self._rooms.values():
            # A channel that is watched for the first time belongs to the rooms that show everything.
            chosen = scope.channels(connection, room.subscription.platform, room.subscription.channel)
            room.channel_ids = [channel.id for channel in chosen]
            names = {(channel.platform, channel.name) for channel in chosen}
            mine = [source for source in sources if (source["platform"], source["name"]) in names]
            self._emit("sources", {"channels": mine}, room)

    def _push_stats(self, room: Room) -> None:
        with self._app.app_context():
            wanted = room.subscription
            self._emit("stats", live_stats(wanted.channel, wanted.platform, 15), room)

    def _emit(self, event: str, payload: dict[str, Any], room: Room) -> None:
        PUSHES.labels(event).inc()
        self._socketio.emit(event, payload, to=room.subscription.room)

    def _say_problem(self, problem: str) -> None:
        if problem != self._problem:
            if problem:
                log.error("cannot follow the database: %s", problem)
            else:
                log.info("following the database again")
            self._problem = problem


def register(app: Flask, socketio: SocketIO, at: Services) -> Realtime:
    """Lets sockets in by the rules of ``web.access`` and answers their calls."""
    realtime = Realtime(app, socketio, at)

    @socketio.on("connect")
    def connect(auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        if access_of_caller(token if isinstance(token, str) else None) < Access.OVERLAY:
            raise ConnectionRefusedError("log in, or bring a valid token")
        CLIENTS.inc()

    @socketio.on("disconnect")
    def disconnect(_reason: str = "") -> None:
        CLIENTS.dec()
        realtime.leave(request.sid)  # type: ignore[attr-defined]

    @socketio.on("live:subscribe")
    def subscribe(wanted: Any = None) -> dict[str, Any]:
        try:
            subscription = Subscription.model_validate(wanted or {})
            return realtime.join(request.sid, subscription)  # type: ignore[attr-defined]
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            return {"success": False, "error": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}
        except scope.UnknownChannel as error:
            return {"success": False, "error": str(error)}
        except DBAPIError as error:
            return {"success": False, "error": why_unusable(error)}

    @socketio.on_error_default
    def failed(error: Exception) -> dict[str, Any]:
        log.exception("a socket call failed: %s", error)
        return {"success": False, "error": "something went wrong; the log says what"}

    return realtime
