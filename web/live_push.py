"""The live page and the overlay: pushes chat, removals, the ticker, sources and the numbers to who looks at them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask_socketio import SocketIO, join_room, leave_room
from gevent.lock import RLock
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from analytics import coverage, feed, gifts, live, scope
from core.clock import now_ms
from core.events import Kind
from rules.fan_out import most_lines, thinned
from web.health import PUSHES
from web.kept import Kept
from web.live import live_stats
from web.schemas import Platform
from web.services import Services

log = logging.getLogger(__name__)

STATS_SECONDS = 1.0
IDLE_STATS_SECONDS = 5.0  # time passes for the graph even when nobody writes
SNAPSHOT_ITEMS = 60
GIFTS = 5
ROWS_A_LOOK = 5_000  # of ten looks a second


class Subscription(BaseModel):
    """What a page wants to follow: one channel, one platform, or all; and what it has seen already."""

    model_config = ConfigDict(extra="ignore")

    channel: str | None = Field(None, max_length=64)
    platform: Platform | None = None
    after: int | None = Field(None, ge=0, le=2**63 - 1)

    @property
    def name(self) -> str:
        return (self.channel or "").strip().lstrip("#@").lower()

    def covers(self, platform: str, channel: str) -> bool:
        return self.platform in (None, platform) and self.name in ("", channel)


@dataclass(slots=True)
class Room:
    """One way of looking at what happens, shared by all who look so."""

    subscription: Subscription
    on_stream: bool = False  # who is blocked is not shown there
    channel_ids: list[int] = field(default_factory=list)
    listeners: set[str] = field(default_factory=set)
    stats_due: float = 0.0
    chat_at: float = 0.0  # of the last push of chat, by a steady clock
    stale: bool = True
    ticker: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        wanted = self.subscription
        return f"live:{wanted.platform or '*'}:{wanted.name or '*'}{':on-stream' if self.on_stream else ''}"

    def shows(self, row: Any) -> bool:
        return not (self.on_stream and row.is_blocked)


Push = tuple[Room, str, dict[str, Any]]  # where to, the event's name, its payload


class LivePush:
    """Reads each row once and computes each answer once, however many listen."""

    def __init__(self, app: Flask, socketio: SocketIO, at: Services) -> None:
        self._app = app
        self._socketio = socketio
        self._at = at
        self._rooms: dict[str, Room] = {}
        self._undecided: dict[str, tuple[float, bool]] = {}  # until when by a steady clock, and whether on a stream
        self._turn = RLock()  # a page joins between two pushes, never amidst one
        self._cursor: int | None = None
        self._sources: list[dict[str, Any]] = []
        self._kept = Kept[Any](at.database)  # what one page is told first is what all others are that come meanwhile

    @property
    def listeners(self) -> int:
        return sum(len(room.listeners) for room in self._rooms.values())

    def join(self, sid: str, wanted: Subscription, *, on_stream: bool = False) -> dict[str, Any]:
        """Puts a socket into its room; answers the numbers and what the page has missed. Raises UnknownChannel."""
        # In this order, or the snapshot might be older than the cursor.
        with self._turn, self._at.database.reading() as connection:
            chosen = scope.channels(connection, wanted.platform, wanted.channel)
            self._catch_up(connection, wanted.after)
            # What the tail has passed is answered here; what it has not is pushed to the room: each row once.
            seen = self._cursor or 0
            self.leave(sid)
            new = Room(wanted, on_stream)
            room = self._rooms.setdefault(new.name, new)
            room.channel_ids = [channel.id for channel in chosen]
            room.listeners.add(sid)
            join_room(room.name, sid=sid, namespace="/")
            told = self._told_first(connection, room, wanted, seen)
        return {"success": True, **told, "cursor": seen}

    def await_wish(self, sid: str, *, on_stream: bool = False) -> None:
        """A socket that has not said in a second what it wants hears of everything."""
        self._undecided[sid] = time.monotonic() + STATS_SECONDS, on_stream

    def _decide(self, now: float) -> None:
        for sid, (due, on_stream) in list(self._undecided.items()):
            if now < due or self._undecided.pop(sid, None) is None:
                continue
            try:
                with self._app.app_context():
                    self.join(sid, Subscription.model_validate({}), on_stream=on_stream)
            except KeyError:  # it has left meanwhile
                self.leave(sid)
            except DBAPIError:
                self._undecided[sid] = due, on_stream
                raise
            for room in self._open_rooms():
                room.stale |= sid in room.listeners

    def _told_first(self, connection: Connection, room: Room, wanted: Subscription, seen: int) -> dict[str, Any]:
        """The numbers, and what ``_missed`` answers. After a restart a thousand pages ask for the same at once."""
        answers = self._kept.answers()
        question = (room.name, wanted.after, seen)
        if question not in answers:
            answers[question] = self._missed(connection, room, wanted.after, seen)
        if room.name not in answers:
            answers[room.name] = live_stats(wanted.name or None, wanted.platform, 15)
        items, complete = answers[question]
        return {"stats": answers[room.name], "items": items, "complete": complete}

    def gifts(self, sid: str) -> dict[str, Any]:
        """The latest and the biggest gifts of what the socket follows."""
        room = next(
            (room for room in self._rooms.values() if sid in room.listeners), Room(Subscription.model_validate({}))
        )
        wanted = room.subscription
        with self._at.database.reading() as connection:
            chosen = scope.channels(connection, wanted.platform, wanted.channel)
            found = gifts.of_running_streams(connection, chosen, GIFTS, self._at.settings.zone, now_ms())
        return {"success": True, **found}

    def leave(self, sid: str) -> None:
        self._undecided.pop(sid, None)
        for name, room in list(self._rooms.items()):
            if sid in room.listeners:
                room.listeners.discard(sid)
                if not room.listeners:
                    del self._rooms[name]  # before others are told over Redis: meanwhile somebody may come or go
                leave_room(name, sid=sid, namespace="/")

    def _catch_up(self, connection: Connection, after: int | None) -> None:
        """Looks now rather than soon for who comes from another process, which may have looked a moment later."""
        if self._cursor is None:
            self._cursor = feed.newest_id(connection)
        while after is not None and after > self._cursor and self.push_new(connection):
            pass

    def _missed(
        self, connection: Connection, room: Room, after: int | None, seen: int
    ) -> tuple[list[dict[str, Any]], bool]:
        """The rows up to ``seen`` that came after ``after``, and True; or the latest rows, and False."""
        zone, channel_ids = self._at.settings.zone, room.channel_ids
        if after is not None and after <= seen:
            tail = feed.after(connection, after, channel_ids)
            # A page that slept through deletions starts anew rather than keep showing what was deleted.
            if (tail.complete or tail.cursor >= seen) and not tail.removing:
                return [feed.item(row, zone) for row in tail.shown if row.id <= seen and room.shows(row)], True
        rows = feed.recent(connection, channel_ids, SNAPSHOT_ITEMS)
        return [feed.item(row, zone) for row in reversed(rows) if row.id <= seen and room.shows(row)], False

    def push_new(self, connection: Connection) -> bool:
        """Pushes what was stored since the last look; answers whether there may be more."""
        with self._turn:
            if self._cursor is None:
                self._cursor = feed.newest_id(connection)
            channels = scope.channels(connection)
            before, tail = self._cursor, feed.after(connection, self._cursor, limit=ROWS_A_LOOK)
            for room in self._open_rooms():
                covers = room.subscription.covers
                room.channel_ids = [channel.id for channel in channels if covers(channel.platform, channel.name)]
                room.stale |= tail.cursor != before
            # Passed already now: a row that cannot be shown must not stop all that come after it.
            self._cursor = tail.cursor
            try:
                pushes = [*self._sources_told(connection, channels), *self._news(connection, tail)]
            except DBAPIError:
                self._cursor = before
                raise
            for room, event, payload in pushes:
                self._emit(event, payload, room)
        return not tail.complete

    def push_stats(self, now: float) -> None:
        """Pushes the numbers to the rooms where they are due. ``now``: seconds of a steady clock."""
        self._decide(now)
        for room in self._open_rooms():
            if room.listeners and now >= room.stats_due and (room.stale or now >= room.stats_due + IDLE_STATS_SECONDS):
                room.stats_due = now + STATS_SECONDS
                room.stale = False
                self._push_stats(room)

    def _open_rooms(self) -> list[Room]:
        """As they are now: while a server answers, the last page of one may leave."""
        return list(self._rooms.values())

    def _news(self, connection: Connection, tail: feed.Tail) -> Iterator[Push]:
        """What the rows of ``tail`` mean to each room: chat, removals, who is active."""
        zone, made = self._at.settings.zone, dict[int, dict[str, Any] | None]()
        removals = list(_removals(connection, tail.removing))
        for room in self._open_rooms():
            mine = set(room.channel_ids)
            rows = [row for row in tail.shown if row.channel_id in mine and room.shows(row)]
            gone = [payload for channel_id, payload in removals if channel_id in mine]
            if rows:
                kept, skipped = self._affordable(room, rows)
                # Only what is told is made, and once for all rooms.
                made.update({row.id: _shown(row, zone) for row in kept if row.id not in made})
                items = [item for row in kept if (item := made[row.id]) is not None]
                told = {"items": items, "cursor": tail.cursor}
                yield room, "chat", told | ({"skipped": skipped} if skipped else {})
            for payload in gone:
                yield room, "removed", payload
            if rows or gone:
                users = feed.active_users(connection, room.channel_ids, now_ms())
                ticker = [live.ticker_item(row, zone) for row in users]
                if ticker != room.ticker:
                    room.ticker = ticker
                    yield room, "ticker", {"users": ticker}

    def _affordable(self, room: Room, rows: Sequence[Any]) -> tuple[list[Any], int]:
        """As many of ``rows`` as can be told to all who listen, and how many are left out."""
        now = time.monotonic()
        before, room.chat_at = room.chat_at, now
        return thinned(rows, most_lines(self.listeners, now - before))

    def _sources_told(self, connection: Connection, channels: list[scope.ChannelInfo]) -> Iterator[Push]:
        sources = coverage.sources(connection, channels, now_ms(), self._at.settings.zone)
        states = [{key: value for key, value in source.items() if key != "last_event_at"} for source in sources]
        if states == self._sources:
            return
        self._sources = states
        for room in self._open_rooms():
            covers = room.subscription.covers
            yield room, "sources", {"channels": [one for one in sources if covers(one["platform"], one["name"])]}

    def _push_stats(self, room: Room) -> None:
        wanted = room.subscription
        with self._app.app_context(), suppress(scope.UnknownChannel):  # demo data can be removed while somebody looks
            self._emit("stats", live_stats(wanted.channel, wanted.platform, 15), room)

    def _emit(self, event: str, payload: dict[str, Any], room: Room) -> None:
        PUSHES.labels(event).inc()
        # Every web process follows the database: through the queue each client would get it from all of them.
        self._socketio.emit(event, payload, to=room.name, ignore_queue=True)


def _shown(row: Any, zone: ZoneInfo) -> dict[str, Any] | None:
    """A row as JSON. One that cannot be shown stops none of those beside it."""
    try:
        return feed.item(row, zone)
    except Exception:
        log.exception("row %d of the feed cannot be shown", row.id)
        return None


def _removals(connection: Connection, removing: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """``(channel id, payload)``: one push a channel, however many messages went."""
    for channel_id in dict.fromkeys(row.channel_id for row in removing):
        rows = [row for row in removing if row.channel_id == channel_id]
        wiped = any(row.kind == Kind.CLEAR for row in rows)
        cleared = {"platform": rows[0].platform, "channel": rows[0].channel} if wiped else None
        yield channel_id, {"ids": feed.removed_ids(connection, rows), "cleared": cleared}
