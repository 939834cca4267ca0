"""Attendance: who is there, from signs of life and the heartbeat; `ingest.sessions` holds what follows from that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, or_, select

from core.events import Kind, Mark
from core.statements import Prepared, among
from ingest.placed import Placed
from ingest.policy import Policy
from ingest.sessions import COLUMNS, KnownSessions, Sessions
from models import CurrentSession
from models import Event as EventRow
from rules.sessions import HEARTBEAT_MS

MOST_KNOWN = 20_000  # some 5 MB

NO_SIGNS = frozenset({Kind.DELETE, Kind.TIMEOUT, Kind.PART, Kind.LIVE_END})
STEP = 500  # sessions a heartbeat brings up to date in one transaction
_SIGNS = [kind.value for kind in Kind if kind not in NO_SIGNS]
_SHARED = Mark.SHARED.value
_LIVE_END, _PART = Kind.LIVE_END, Kind.PART  # looked up once


def record(
    connection: Connection,
    placed: Sequence[Placed],
    policy: Policy,
    now_ms: int,
    *,
    tells: bool = True,
    known: KnownSessions | None = None,
) -> None:
    """Takes the batch's signs of life, leavings and ends of streams, in the order they came.

    Sessions that are ``known`` are not looked up; they are kept up to date, and others have to be forgotten when
    anybody else may have written.
    """
    known = {} if known is None else known
    ended = [item for item in placed if item.event.kind is _LIVE_END]
    if len(known) > MOST_KNOWN or ended:
        known.clear()
    sessions = Sessions(policy, now_ms, tells=tells, known=known)
    people: defaultdict[int, set[int]] = defaultdict(set)
    for item in placed:  # a difference of sets would go through all who are known
        if item.viewer_id is not None and (item.viewer_id, item.channel_id) not in known:
            people[item.channel_id].add(item.viewer_id)
    for channel_id, viewer_ids in people.items():
        sessions.load(_OF_PEOPLE(connection, channel=channel_id, viewers=list(viewer_ids)).all())
    for channel_id, at_ms in {(item.channel_id, item.event.at_ms) for item in ended}:
        since_ms = at_ms - policy.session_timeout_ms
        sessions.load(_HERE_UNTIL(connection, channel=channel_id, since=since_ms, at=at_ms, kinds=_SIGNS))
    for item in placed:
        event = item.event
        kind = event.kind
        if kind is _LIVE_END:
            sessions.all_leave(item.channel_id, event.at_ms)
        elif item.viewer_id is None:
            continue
        elif kind is _PART:
            sessions.leave(item.viewer_id, item.channel_id, event.at_ms)
        elif kind not in NO_SIGNS and not event.marks & _SHARED:  # who speaks elsewhere is not here
            sessions.sign(item.viewer_id, item.channel_id, event.at_ms, item.stream_id)
    sessions.write(connection)


def heartbeat(
    connection: Connection, policy: Policy, now_ms: int, *, due_ms: int = HEARTBEAT_MS, tells: bool = True
) -> int:
    """Brings up to date what was last counted ``due_ms`` ago or earlier, at most STEP sessions; answers how many."""
    sessions = Sessions(policy, now_ms, tells=tells)
    rows = _DUE(connection, until=now_ms - due_ms).all()
    if rows:
        sessions.load(rows)
        sessions.heartbeat()
        sessions.write(connection)
    return len(rows)


def heartbeat_all(connection: Connection, policy: Policy, now_ms: int, *, tells: bool = True) -> None:
    """Brings every open session up to date."""
    while heartbeat(connection, policy, now_ms, due_ms=1, tells=tells) == STEP:
        pass


_SESSIONS = select(
    CurrentSession.viewer_id, CurrentSession.channel_id, *(getattr(CurrentSession, name) for name in COLUMNS)
)
_OF_PEOPLE = Prepared(
    _SESSIONS.where(among(CurrentSession.viewer_id, "viewers"), CurrentSession.channel_id == bindparam("channel"))
)
# Whom the end of a stream sends away: who fell silent before is gone anyway. When people were last heard of shows in
# the events, no index tells it. An end that is told late also ends what a heartbeat had ended later.
_HERE_UNTIL = Prepared(
    _SESSIONS.where(
        CurrentSession.viewer_id.in_(
            select(EventRow.viewer_id).where(
                EventRow.channel_id == bindparam("channel"),
                among(EventRow.kind, "kinds"),
                EventRow.at_ms.between(bindparam("since"), bindparam("at")),
            )
        ),
        CurrentSession.channel_id == bindparam("channel"),
        or_(CurrentSession.left_at_ms.is_(None), CurrentSession.left_at_ms > bindparam("at")),
    )
)
_DUE = Prepared(
    _SESSIONS.where(CurrentSession.left_at_ms.is_(None), CurrentSession.counted_until_ms <= bindparam("until"))
    .order_by(CurrentSession.counted_until_ms)
    .limit(STEP)
)
