"""Sessions that a batch or a heartbeat touches: what becomes of them, and what that adds to totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.statements import BulkStatement, Prepared, adding, among, replacing
from ingest import birthdays, news, vip
from ingest.census import Census
from ingest.policy import Policy
from models import CurrentSession, PastSession, StreamAttendance, Viewer
from rules.sessions import Session

Key = tuple[int, int]  # viewer, channel
KnownSessions = dict[Key, Session]
FOR_EVER_MS = 2**62
COLUMNS = ("stream_id", "joined_at_ms", "last_at_ms", "counted_until_ms", "watched_ms", "left_at_ms")  # as in Session
_values = attrgetter(*Session.__slots__)


@dataclass(slots=True)
class _Added:
    """What is added to a person's attendance, in all or of one stream."""

    visits: int = 0
    watched_ms: int = 0


class Sessions:
    """The sessions that a batch or a heartbeat touches, and what that adds to totals; written once at the end."""

    def __init__(self, policy: Policy, now_ms: int, *, tells: bool = True, known: KnownSessions | None = None) -> None:
        self._policy = policy
        self._now_ms = now_ms
        self._tells = tells
        self._timeout_ms = policy.session_timeout_ms
        self._current: KnownSessions = {} if known is None else known
        self._changed: set[Key] = set()
        self._heard: set[Key] = set()  # of whom nothing changed but the last sign of life
        self._past: list[tuple[Any, ...]] = []
        # By person: whoever is in it has the last sign of life written now, too; else the heartbeat does it.
        self._people: defaultdict[int, _Added] = defaultdict(_Added)
        self._audience: defaultdict[tuple[int, int], _Added] = defaultdict(_Added)  # by stream and viewer
        self._arrived: list[int] = []
        self._news: list[news.News] = []

    def load(self, rows: Iterable[Any]) -> None:
        """Takes up sessions as they are stored: viewer, channel and COLUMNS."""
        for viewer_id, channel_id, *values in rows:
            self._current[viewer_id, channel_id] = Session(*values)

    def sign(self, viewer_id: int, channel_id: int, at_ms: int, stream_id: int | None) -> None:
        key = (viewer_id, channel_id)
        session = self._current.get(key)
        if session is None:
            self._begin(key, at_ms, stream_id)
        elif session.hear(at_ms, stream_id, self._timeout_ms):
            self._heard.add(key)
        elif not session.goes_on(at_ms, stream_id, self._timeout_ms):
            self._end(key, session, at_ms)
            self._begin(key, at_ms, stream_id)
        elif at_ms > session.last_ms:
            self._go_on(key, session, at_ms, stream_id)

    def leave(self, viewer_id: int, channel_id: int, at_ms: int) -> None:
        session = self._current.get((viewer_id, channel_id))
        if session is None:
            return
        was_open = session.left_ms is None
        added_ms = session.leave(at_ms, self._timeout_ms)
        if session.left_ms == at_ms:
            self._changed.add((viewer_id, channel_id))
            self._see(viewer_id)  # nothing may have been watched that was not counted yet
            self._watch(viewer_id, session.stream_id, added_ms)
            if was_open:
                self._say_gone(viewer_id, session)

    def all_leave(self, channel_id: int, at_ms: int) -> None:
        for viewer_id, of in list(self._current):
            if of == channel_id:
                self.leave(viewer_id, channel_id, at_ms)

    def heartbeat(self) -> None:
        """Counts what was watched until now, and ends what has timed out."""
        for key, session in self._current.items():
            viewer_id, _ = key
            self._watch(viewer_id, session.stream_id, session.count(self._now_ms, self._timeout_ms))
            if session.left_ms is None and session.is_over(self._now_ms, self._timeout_ms):
                session.left_ms = session.ends_ms(self._timeout_ms)
                self._say_gone(viewer_id, session)
            self._changed.add(key)

    def write(self, connection: Connection) -> None:
        """Writes it all: sessions, the people's totals, the streams' audience, promotions, birthdays, news."""
        _ADD_PAST.run(connection, self._past)
        # In the order of the keys: neighbours share their pages.
        _SET_CURRENT.run(connection, [(*key, *_values(self._current[key])) for key in sorted(self._changed)])
        heard = sorted(self._heard - self._changed)
        _SET_LAST.run(connection, [(self._current[key].last_ms, *key) for key in heard])
        self._write_people(connection)
        _ADD_TO_STREAMS.run(
            connection, [(*key, added.visits, added.watched_ms) for key, added in self._audience.items()]
        )
        if closer := sorted(viewer_id for viewer_id, added in self._people.items() if added.visits or added.watched_ms):
            promoted = vip.promote(connection, closer, self._latest(), self._policy)
            self._news.extend(one for one in promoted if news.is_fresh(one[0], self._now_ms))
        if self._arrived:
            self._news.extend(birthdays.greet(connection, self._arrived, self._now_ms, self._policy))
        news.tell(connection, self._news)

    def _latest(self) -> int:
        """When what is written here happened; in an import of old streams that is not now."""
        return min(self._now_ms, max(self._current[key].counted_until_ms for key in self._changed))

    def _begin(self, key: Key, at_ms: int, stream_id: int | None) -> None:
        viewer_id, _ = key
        self._current[key] = Session(stream_id, at_ms, at_ms, at_ms)
        self._changed.add(key)
        self._people[viewer_id].visits += 1
        if stream_id is not None:
            self._audience[stream_id, viewer_id].visits += 1
        if news.is_fresh(at_ms, self._now_ms):
            self._arrived.append(viewer_id)
        self._say(at_ms, viewer_id, "online", {})

    def _go_on(self, key: Key, session: Session, at_ms: int, stream_id: int | None) -> None:
        viewer_id, _ = key
        was_open, before = session.left_ms is None, session.stream_id
        self._watch(viewer_id, before, session.sign(at_ms, stream_id, self._timeout_ms))
        if before is None and session.stream_id is not None:
            added = self._audience[session.stream_id, viewer_id]
            added.visits += 1
            added.watched_ms += session.counted_until_ms - at_ms
        self._changed.add(key)
        if session.left_ms is not None:
            self._see(viewer_id)  # no heartbeat comes by
        elif not was_open:
            self._say(at_ms, viewer_id, "online", {})

    def _end(self, key: Key, session: Session, at_ms: int) -> None:
        """It is over, and at ``at_ms`` another begins."""
        viewer_id, channel_id = key
        was_open = session.left_ms is None
        self._watch(viewer_id, session.stream_id, session.leave(at_ms, self._timeout_ms))
        self._watch(viewer_id, session.stream_id, session.count(FOR_EVER_MS, self._timeout_ms))
        session.left_ms = session.ends_ms(self._timeout_ms)
        if was_open:
            self._say_gone(viewer_id, session)
        self._past.append(
            (viewer_id, session.joined_ms, channel_id, session.stream_id, session.left_ms, session.watched_ms)
        )

    def _see(self, viewer_id: int) -> None:
        """Has their last sign of life written, even where nothing is added."""
        self._people.setdefault(viewer_id, _Added())

    def _watch(self, viewer_id: int, stream_id: int | None, added_ms: int) -> None:
        if added_ms:
            self._people[viewer_id].watched_ms += added_ms
            if stream_id is not None:
                self._audience[stream_id, viewer_id].watched_ms += added_ms

    def _say_gone(self, viewer_id: int, session: Session) -> None:
        if session.left_ms is not None:
            self._say(session.left_ms, viewer_id, "offline", {"duration_seconds": session.watched_ms // 1000})

    def _say(self, at_ms: int, viewer_id: int, kind: str, detail: dict[str, Any]) -> None:
        if self._tells and news.is_fresh(at_ms, self._now_ms):
            self._news.append((at_ms, viewer_id, kind, detail))

    def _write_people(self, connection: Connection) -> None:
        if not self._people:
            return
        last: defaultdict[int, int] = defaultdict(int)
        for key in self._changed | self._heard:
            viewer_id, _ = key
            if viewer_id in self._people:
                last[viewer_id] = max(last[viewer_id], self._current[key].last_ms)
        census = Census()
        changes: defaultdict[tuple[str, ...], list[tuple[int, ...]]] = defaultdict(list)
        for row in _PEOPLE(connection, ids=sorted(last)):
            # Until their first visit somebody was only talked about.
            seen_ms = max(row.last_seen_at_ms, last[row.id]) if row.total_visits else last[row.id]
            census.seen(row.last_seen_at_ms, seen_ms)
            person = self._people[row.id]
            census.add(row.platform, watchtime_ms=person.watched_ms)
            added = (person.visits, person.watched_ms)
            changes[tuple(compress(_ATTENDED, added))].append((row.id, seen_ms, self._now_ms, *filter(None, added)))
        for columns, rows in changes.items():
            _SEEN[columns].run(connection, rows)
        census.write(connection)


_PEOPLE = Prepared(
    select(Viewer.id, Viewer.platform, Viewer.last_seen_at_ms, Viewer.total_visits).where(among(Viewer.id, "ids"))
)
_SET_CURRENT = replacing(CurrentSession, ["viewer_id", "channel_id"], COLUMNS)
_SET_LAST = BulkStatement(  # the index of open sessions is left alone
    lambda _insert: (
        update(CurrentSession)
        .where(CurrentSession.viewer_id == bindparam("viewer"), CurrentSession.channel_id == bindparam("channel"))
        .values(last_at_ms=bindparam("last"))
    ),
    ("last", "viewer", "channel"),
    each_once=True,
)
_ADD_PAST = BulkStatement(
    lambda insert: insert(PastSession),
    ("viewer_id", "joined_at_ms", "channel_id", "stream_id", "left_at_ms", "watched_ms"),
)
_ADD_TO_STREAMS = adding(StreamAttendance, ["stream_id", "viewer_id"], ["visits", "watched_ms"])


def _seen(*added: str) -> BulkStatement:
    """When people were last seen, and what is added of these columns."""
    changes: dict[str, Any] = {name: getattr(Viewer, name) + bindparam(f"add_{name}") for name in added}
    changes |= {"last_seen_at_ms": bindparam("seen"), "updated_at_ms": bindparam("now")}
    return BulkStatement(
        lambda _insert: update(Viewer).where(Viewer.id == bindparam("id_")).values(changes),
        ("id_", "seen", "now", *(f"add_{name}" for name in added)),
        each_once=True,
    )


_ATTENDED = ("total_visits", "total_watchtime_ms")
# An index costs wherever its column is named, even with nothing added: who comes has watched nothing yet.
_SEEN: dict[tuple[str, ...], BulkStatement] = {
    columns: _seen(*columns) for columns in ((), _ATTENDED[:1], _ATTENDED[1:], _ATTENDED)
}
