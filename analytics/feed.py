"""The feed: what was said and done, as rows to show. Deleted and cleared messages are not in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, func, literal_column, or_, select, union_all

from core.clock import DAY_MS, iso
from core.events import EVENT_KEY_BITS, Kind, as_event_key, event_key, mark_names
from core.statements import Prepared, among
from models import Channel, EventStatus, Mute, Viewer
from models import Event as EventRow
from rules.streams import AFTERGLOW_MS, SILENCE_MS

# What people want to read; joins, likes and viewer counts only move figures.
FEED_KINDS = (Kind.CHAT, Kind.SUB, Kind.RESUB, Kind.SUBGIFT, Kind.RAID, Kind.GIFT, Kind.FOLLOW, Kind.SHARE)
REMOVING_KINDS = (Kind.DELETE, Kind.TIMEOUT, Kind.CLEAR)
TAIL_ROWS = 1_000
REMOVALS_REACH_MS = DAY_MS  # as far back as `ingest.moderation` carries them out
MOST_CLEARED = 1_000
GLANCE = 10  # rows that mostly tell the last five people and messages
LONGER_LOOKS = (40, 200)  # where they do not

_COLUMNS = (
    EventRow.id,
    EventRow.channel_id,
    EventRow.kind,
    EventRow.at_ms,
    EventRow.viewer_id,
    EventRow.stream_id,
    EventRow.status,
    EventRow.amount,
    EventRow.marks,
    EventRow.text,
    EventRow.extra,
)
_WITH_NAMES = (
    *_COLUMNS,
    Viewer.username,
    Viewer.display_name,
    Viewer.is_blocked,
    Channel.platform,
    Channel.name.label("channel"),
)


def _named(query: Select[Any]) -> Select[Any]:
    return query.join(Channel, Channel.id == EventRow.channel_id).outerjoin(Viewer, Viewer.id == EventRow.viewer_id)


def item(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    """One row of the feed as JSON: id, at, platform, channel, kind, user, login, text, amount, marks, extra."""
    # ``_WITH_NAMES``, taken apart at once: to ask a row for each by its name costs more than all that is done here.
    id_, _, kind, at_ms, _, _, _, amount, marks, text, extra_json, username, display_name, _, platform, channel = row
    extra = dict(_extra(extra_json)) if extra_json else {}
    login = username or extra.pop("login", "")
    user = display_name or login
    if username is None and extra.get("anonymous"):
        user, login = "Anonymous", ""  # the platform's stand-in is nobody to look up
    return {
        "id": id_,
        "at": iso(at_ms, zone),
        "platform": platform,
        "channel": channel,
        "kind": _LABELS[kind],
        "user": user,
        "login": login,
        "text": text or "",
        "amount": amount,
        "marks": mark_names(marks),
        "extra": extra,
    }


@lru_cache(maxsize=4096)
def _extra(text: str) -> dict[str, Any]:
    """Most hold but their author's colour, and are the same again and again. Not to be changed."""
    found: dict[str, Any] = json.loads(text)
    return found


def recent(
    connection: Connection, channel_ids: Sequence[int], limit: int, kinds: Iterable[Kind] = FEED_KINDS
) -> list[Any]:
    """The newest ``limit`` rows of these channels, newest first.

    One index range per channel and kind: a channel that has been silent for a year costs what a busy one costs.
    """
    question = _newest(tuple(kinds))
    newest = [row for channel_id in channel_ids for row in question(connection, channel=channel_id, limit=limit)]
    ids = [row.id for row in sorted(newest, key=lambda row: (row.at_ms, row.id), reverse=True)[:limit]]
    rows = {row.id: row for row in _BY_ID(connection, ids=ids)} if ids else {}
    return [rows[id_] for id_ in ids]


def of_stream(connection: Connection, stream: Any, limit: int, before_id: int | None) -> list[Any]:
    """A page of what happened in a stream (a row of ``streams``), newest first, older than the row ``before_id``."""
    # Messages shared from other channels are part of a stream without moving its borders.
    from_ms = stream.started_at_ms - SILENCE_MS
    until_ms = max(stream.last_at_ms + SILENCE_MS, (stream.ended_at_ms or 0) + AFTERGLOW_MS)
    before = (until_ms, 2**63 - 1)
    if before_id is not None:
        at_ms = connection.scalar(select(EventRow.at_ms).where(EventRow.id == before_id))
        if at_ms is None:
            return []
        before = (min(until_ms, at_ms), before_id)
    found: list[tuple[int, int]] = []
    for kind in FEED_KINDS:
        page = _PAGE(
            connection,
            channel=stream.channel_id,
            kind=kind.value,
            stream=stream.id,
            from_ms=from_ms,
            until_ms=before[0],
            before_id=before[1],
            limit=limit,
        )
        found.extend((at, id_) for id_, at in page)
    ids = [id_ for _, id_ in sorted(found, reverse=True)[:limit]]
    rows = {row.id: row for row in _BY_ID(connection, ids=ids)} if ids else {}
    return [rows[id_] for id_ in ids]


def newest_id(connection: Connection) -> int:
    return _NEWEST_ID(connection).scalar() or 0


@dataclass(frozen=True, slots=True)
class Tail:
    """What came after a cursor: rows to show, rows that tell of removals, and the new cursor."""

    shown: list[Any]
    removing: list[Any]
    cursor: int
    complete: bool  # False: there may be more than was asked for


def after(
    connection: Connection, cursor: int, channel_ids: Sequence[int] | None = None, limit: int = TAIL_ROWS
) -> Tail:
    """What was stored after ``cursor``, oldest first, at most ``limit`` rows."""
    rows = _AFTER(connection, cursor=cursor, limit=limit).all()
    mine = rows if channel_ids is None else [row for row in rows if row.channel_id in channel_ids]
    shown = [row for row in mine if row.kind in _FEED and row.status == EventStatus.SHOWN]
    removing = [row for row in mine if row.kind in _REMOVING]
    return Tail(shown, removing, rows[-1].id if rows else cursor, len(rows) < limit)


def removed_ids(connection: Connection, removing: Sequence[Any]) -> list[int]:
    """The messages that the given orders of moderators took from view, and what else was taken of the same people.

    Of a clear only the newest: it takes all that was said, and who is told of it knows that without their ids.
    """
    ids: set[int] = set()
    for channel_id in {row.channel_id for row in removing}:
        orders = [row for row in removing if row.channel_id == channel_id]
        since_ms = min(row.at_ms for row in orders) - REMOVALS_REACH_MS
        people = list({row.viewer_id for row in orders if row.viewer_id is not None})
        done = _DONE_BY(connection, viewers=people, since=since_ms)
        theirs = [row for row in done if row.channel_id == channel_id and row.status in _TAKEN]
        ids.update(row.id for row in theirs)
        # A deletion tells its author by a login, which may be an old one.
        targets = {event_key(_extra(row.extra or "{}").get("target")) for row in orders if row.kind == Kind.DELETE}
        known = {as_event_key(row.source_key) for row in theirs if row.source_key is not None}
        if keys := [key & EVENT_KEY_BITS for key in targets - known if key is not None]:
            ids.update(_REMOVED_BY_KEY(connection, channel=channel_id, keys=keys, since=since_ms).scalars())
        if any(row.kind == Kind.CLEAR for row in orders):
            ids.update(_NEWEST_REMOVED(connection, channel=channel_id, since=since_ms, limit=MOST_CLEARED).scalars())
    return list(ids)


def newest_chat(connection: Connection, channel_ids: Sequence[int], limit: int, glance: Sequence[Any]) -> list[Any]:
    """The newest ``limit`` messages, newest first. ``glance``: the newest GLANCE rows, mostly of chat."""
    chat = [row for row in glance if row.kind == Kind.CHAT.value][:limit]
    if len(chat) == limit or len(glance) < GLANCE:
        return chat
    return recent(connection, channel_ids, limit, [Kind.CHAT])


def active_users(
    connection: Connection, channel_ids: Sequence[int], now_ms: int, count: int = 5, glance: Sequence[Any] | None = None
) -> list[Any]:
    """The last ``count`` distinct people who did something, newest first, without the timed out and the blocked.

    ``glance``: the newest GLANCE rows, if they are known.
    """
    found: dict[tuple[str, str], Any] = {}
    for limit in (GLANCE, *LONGER_LOOKS):
        found.clear()
        known = glance if limit == GLANCE else None
        rows = recent(connection, channel_ids, limit) if known is None else known
        muted = _muted(connection, rows, now_ms)
        for row in rows:
            if row.username and not row.is_blocked and (row.channel_id, row.viewer_id) not in muted:
                found.setdefault((row.platform, row.username), row)
                if len(found) == count:
                    return list(found.values())
        if len(rows) < limit:
            break  # there are no more
    return list(found.values())


def _muted(connection: Connection, rows: Sequence[Any], now_ms: int) -> set[tuple[Any, ...]]:
    """Which (channel, viewer) of the rows are timed out now."""
    authors = list({row.viewer_id for row in rows if row.viewer_id is not None})
    here = list({row.channel_id for row in rows})
    return {tuple(row) for row in _MUTED(connection, channels=here, viewers=authors, now=now_ms)} if here else set()


@cache
def _newest(kinds: Sequence[Kind]) -> Prepared:
    """The newest ``limit`` rows of each kind: ``id`` and ``at_ms``."""
    each = [
        select(EventRow.id, EventRow.at_ms)
        .where(
            EventRow.channel_id == bindparam("channel"),
            EventRow.kind == literal_column(str(kind.value)),
            EventRow.status == EventStatus.SHOWN,
        )
        .order_by(EventRow.at_ms.desc())
        .limit(bindparam("limit"))
        .subquery()
        for kind in kinds
    ]
    return Prepared(union_all(*(select(newest.c.id, newest.c.at_ms) for newest in each)))


_PAGE = Prepared(
    select(EventRow.id, EventRow.at_ms)
    .where(
        EventRow.channel_id == bindparam("channel"),
        EventRow.kind == bindparam("kind"),
        EventRow.stream_id == bindparam("stream"),
        EventRow.status == EventStatus.SHOWN,
        EventRow.at_ms.between(bindparam("from_ms"), bindparam("until_ms")),
        or_(EventRow.at_ms < bindparam("until_ms"), EventRow.id < bindparam("before_id")),
    )
    .order_by(EventRow.at_ms.desc(), EventRow.id.desc())
    .limit(bindparam("limit"))
)
_BY_ID = Prepared(_named(select(*_WITH_NAMES)).where(among(EventRow.id, "ids")))
_NEWEST_ID = Prepared(select(func.max(EventRow.id)))
_AFTER = Prepared(
    _named(select(*_WITH_NAMES))
    .where(EventRow.id > bindparam("cursor"))
    .order_by(EventRow.id)
    .limit(bindparam("limit"))
)
_MUTED = Prepared(
    select(Mute.channel_id, Mute.viewer_id).where(
        among(Mute.channel_id, "channels"), among(Mute.viewer_id, "viewers"), Mute.until_ms > bindparam("now")
    )
)
_TAKEN = (EventStatus.DELETED, EventStatus.CLEARED)
# Both without an end, because a deletion's clock may be behind; and this without the channel, or SQLite reads all that
# was taken in it.
_DONE_BY = Prepared(
    select(EventRow.id, EventRow.channel_id, EventRow.status, EventRow.source_key).where(
        among(EventRow.viewer_id, "viewers"), EventRow.at_ms >= bindparam("since")
    )
)
# In the words of the index that holds nothing else.
_REMOVED = select(EventRow.id).where(
    EventRow.channel_id == bindparam("channel"),
    EventRow.status.in_([literal_column(str(status)) for status in _TAKEN]),
    EventRow.at_ms >= bindparam("since"),
)
_REMOVED_BY_KEY = Prepared(_REMOVED.where(among(EventRow.source_key.bitwise_and(EVENT_KEY_BITS), "keys")))
_NEWEST_REMOVED = Prepared(_REMOVED.order_by(EventRow.at_ms.desc()).limit(bindparam("limit")))
_LABELS = {kind.value: kind.label for kind in Kind}
_FEED = frozenset(kind.value for kind in FEED_KINDS)
_REMOVING = frozenset(kind.value for kind in REMOVING_KINDS)
