"""The news of people: tells dashboards all of it, and overlays what a stream may show."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from flask_socketio import SocketIO, join_room
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from analytics import viewer_news, viewers
from analytics.viewer_news import News
from rules.fan_out import most_messages
from web.health import PUSHES
from web.services import Services

log = logging.getLogger(__name__)

DASHBOARDS, STREAMS = "viewers", "viewers:on-stream"
BATCH = 100  # of ten looks a second: others must not wait for long
LARGEST_READ = 2_000  # by who has too many listeners to tell them all of it
PASSING = frozenset({"new", "updated", "online", "offline"})  # the next of a person says as much

Push = tuple[str, str, dict[str, Any]]  # room, event, payload
Profiles = dict[int, dict[str, Any]]


class ViewerPush:
    """What happened while nobody listened is not told later: pages read the people anew when they connect."""

    def __init__(self, socketio: SocketIO, at: Services) -> None:
        self._socketio = socketio
        self._at = at
        self._rooms: dict[str, set[str]] = {DASHBOARDS: set(), STREAMS: set()}
        self._outbox = viewer_news.Outbox()
        self._told_at = 0.0  # by a steady clock

    def join(self, sid: str, room: str) -> None:
        join_room(room)
        self._rooms[room].add(sid)

    def leave(self, sid: str) -> None:
        for listeners in self._rooms.values():
            listeners.discard(sid)

    def push_new(self, connection: Connection) -> bool:
        """Pushes what was stored since the last look; answers whether there may be more."""
        if not any(self._rooms.values()):
            self._outbox.skip(connection)
            return False
        listeners, now = sum(map(len, self._rooms.values())), time.monotonic()
        most = most_messages(listeners, now - self._told_at)
        limit = BATCH if most >= BATCH else LARGEST_READ
        news = self._outbox.unread(connection, limit)
        if news:
            self._told_at = now
        pushes = list(self._pushes(connection, _worth_telling(news, most))) if news else []
        self._outbox.passed(news)
        for room, event, payload in pushes:
            PUSHES.labels(event).inc()
            # Every web process follows the database: through the queue each client would get it from all of them.
            self._socketio.emit(event, payload, to=room, ignore_queue=True)
        return len(news) == limit

    def _pushes(self, connection: Connection, news: Sequence[News]) -> Iterator[Push]:
        for one in news:
            if one.detail is None:
                log.error("news %d of a person cannot be read", one.id)
        profiles = self._profiles(connection, sorted({one.viewer_id for one in news}))
        # Who was erased meanwhile has no profile any more.
        told = [one for one in news if one.detail is not None and one.viewer_id in profiles]
        if self._rooms[DASHBOARDS]:
            for one in told:
                yield DASHBOARDS, f"viewer:{one.kind}", viewer_news.for_dashboards(one, profiles[one.viewer_id])
        if self._rooms[STREAMS]:
            for kind, payload in viewer_news.for_streams(connection, told, profiles):
                yield STREAMS, f"viewer:{kind}", payload

    def _profiles(self, connection: Connection, ids: Sequence[int]) -> Profiles:
        """Profiles by id. One that cannot be shown does not take the others with it."""
        zone = self._at.settings.zone
        try:
            return viewers.profiles_by_id(connection, ids, zone)
        except DBAPIError:
            raise
        except Exception:
            if len(ids) == 1:
                log.exception("a profile cannot be shown")
                return {}
        return {id_: profile for one in ids for id_, profile in self._profiles(connection, [one]).items()}


def _worth_telling(news: Sequence[News], most: int) -> list[News]:
    """Without the oldest of what passes where that is too much: a list that is looked at is read anew soon."""
    passing = [one.id for one in news if one.kind in PASSING]
    left_out = set(passing[: max(0, len(passing) - most)])
    return [one for one in news if one.id not in left_out]
