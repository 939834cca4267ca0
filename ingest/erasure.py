"""What a person said and did, made nobody's: the figures stay as they are, and whatever tells who it was goes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, insert, null, or_, select, update

from core.events import Event, Kind, Mark, Person, Platform
from core.statements import BulkStatement
from ingest import attendance, terms
from ingest.placed import Placed
from ingest.policy import Policy
from ingest.sums import terms_of
from models import Channel, CurrentSession, EventStatus
from models import Event as EventRow

STEP = 2_000  # a person's events in one transaction
MENTIONS_STEP = 50_000  # everybody's events looked through at once
NAMING = ("login", "recipient", "recipient_id", "reply_to")  # the keys of ``extra`` that name another person

# What of an event the figures are made of, or that says nothing of who did it.
KEPT_MARKS = int(Mark.FIRST | Mark.SHARED)
KEPT_EXTRA = {
    Kind.GIFT: ("gift_id", "name", "quantity", "count", "diamonds", "streak", "ended"),
    **dict.fromkeys((Kind.SUB, Kind.RESUB, Kind.SUBGIFT), ("plan", "months", "origin")),
}


class Cursor(NamedTuple):
    """The last event of a person that was seen to."""

    at_ms: int = -1
    id: int = 0


class Mention(NamedTuple):
    """An event that names somebody, and its ``extra`` without them."""

    id: int
    extra: str | None


def end_sessions(connection: Connection, viewer_id: int, policy: Policy, now_ms: int) -> None:
    """Lets the person leave wherever they are: an event like any other, so a recount finds the same."""
    quietly = Policy(session_timeout_ms=policy.session_timeout_ms, auto_vip=False, birthday_reminder=False)
    placed = []
    for row in connection.execute(_OPEN.where(CurrentSession.viewer_id == viewer_id)).all():
        # Who fell silent before left just before they would have been taken for gone.
        silent_ms = row.last_at_ms + policy.session_timeout_ms - 1
        at_ms = max(row.last_at_ms, row.counted_until_ms, min(now_ms, silent_ms))
        values = {"channel_id": row.channel_id, "kind": Kind.PART.value, "at_ms": at_ms}
        values |= {"viewer_id": viewer_id, "stream_id": row.stream_id, "status": EventStatus.CLEARED}
        connection.execute(insert(EventRow).values(values))
        event = Event(Platform(row.platform), row.name, Kind.PART, at_ms, who=Person(str(viewer_id), ""))
        placed.append(Placed(event, row.channel_id, None, row.stream_id, viewer_id))
    if placed:
        attendance.record(connection, placed, quietly, now_ms, tells=False)


def clean_events(connection: Connection, viewer_id: int, after: Cursor) -> Cursor | None:
    """Takes the words and marks out of the next STEP events of a person, and the words out of the terms of streams.

    Answers where to go on, None where nothing is left.
    """
    later = or_(EventRow.at_ms > after.at_ms, and_(EventRow.at_ms == after.at_ms, EventRow.id > after.id))
    theirs = (EventRow.viewer_id == viewer_id, EventRow.at_ms >= after.at_ms, later)
    query = select(*_COLUMNS).where(*theirs).order_by(EventRow.at_ms, EventRow.id).limit(STEP)
    rows = connection.execute(query).all()
    spoken: Counter[tuple[int, bool, str]] = Counter()
    cleaned = []
    for row in rows:
        extra = json.loads(row.extra) if row.extra else {}
        if row.kind == Kind.CHAT and row.status != EventStatus.DELETED and not row.marks & Mark.SHARED:
            _take_out(spoken, row, extra)
        # As after a cleared chat: it counts, and is shown nowhere.
        status = EventStatus.CLEARED if row.status == EventStatus.SHOWN else row.status
        cleaned.append((row.id, status, row.marks & KEPT_MARKS, _plain(Kind(row.kind), extra)))
    _CLEAN.run(connection, cleaned)
    terms.take_back(connection, spoken)
    return Cursor(rows[-1].at_ms, rows[-1].id) if len(rows) == STEP else None


def end_of_step(connection: Connection, after_id: int) -> int | None:
    """The id of the last of the MENTIONS_STEP events after ``after_id``; None: there are none.

    Ids have holes: where events were deleted, and of any size on a server whose ids hold the time.
    """
    step = select(EventRow.id).where(EventRow.id > after_id).order_by(EventRow.id).limit(MENTIONS_STEP).subquery()
    return connection.scalar(select(func.max(step.c.id)))


def mentions(
    connection: Connection, platform: str, called: Sequence[str], after_id: int, last_id: int
) -> list[Mention]:
    """Events after ``after_id`` up to ``last_id`` whose ``extra`` names one of ``called`` (logins, ids)."""
    known = {name.lower() for name in called}
    step = and_(EventRow.id > after_id, EventRow.id <= last_id, EventRow.extra.is_not(None))
    naming = or_(*(EventRow.extra.contains(_quoted(name), autoescape=True) for name in sorted(known | set(called))))
    query = select(EventRow.id, EventRow.extra).join(Channel, Channel.id == EventRow.channel_id)
    found = []
    for row in connection.execute(query.where(step, naming, Channel.platform == platform)):
        extra = json.loads(row.extra)
        left = {key: value for key, value in extra.items() if not (key in NAMING and str(value).lower() in known)}
        if len(left) < len(extra):
            found.append(Mention(row.id, _json(left)))
    return found


def clean_mentions(connection: Connection, found: Sequence[Mention]) -> None:
    _SET_EXTRA.run(connection, found)


def _take_out(spoken: Counter[tuple[int, bool, str]], row: Any, extra: dict[str, Any]) -> None:
    if row.stream_id is not None:
        for emote, term in terms_of(row.text or "", extra.get("emotes", ())):
            spoken[row.stream_id, emote, term] += 1


def _plain(kind: Kind, extra: dict[str, Any]) -> str | None:
    return _json({key: extra[key] for key in KEPT_EXTRA.get(kind, ()) if key in extra})


def _json(extra: dict[str, Any]) -> str | None:
    return json.dumps(extra, ensure_ascii=False, separators=(",", ":")) if extra else None


def _quoted(name: str) -> str:
    """How a text stands in the column."""
    return json.dumps(name, ensure_ascii=False)


_OPEN = (
    select(
        CurrentSession.channel_id,
        CurrentSession.stream_id,
        CurrentSession.last_at_ms,
        CurrentSession.counted_until_ms,
        Channel.platform,
        Channel.name,
    )
    .join(Channel, Channel.id == CurrentSession.channel_id)
    .where(CurrentSession.left_at_ms.is_(None))
)
_COLUMNS = (
    EventRow.id,
    EventRow.at_ms,
    EventRow.kind,
    EventRow.stream_id,
    EventRow.status,
    EventRow.marks,
    EventRow.text,
    EventRow.extra,
)
_CLEAN = BulkStatement(
    lambda _insert: (
        update(EventRow)
        .where(EventRow.id == bindparam("id_"))
        .values(status=bindparam("status_"), marks=bindparam("marks_"), extra=bindparam("extra_"), text=null())
    ),
    ("id_", "status_", "marks_", "extra_"),
)
_SET_EXTRA = BulkStatement(
    lambda _insert: update(EventRow).where(EventRow.id == bindparam("id_")).values(extra=bindparam("extra_")),
    ("id_", "extra_"),
)
