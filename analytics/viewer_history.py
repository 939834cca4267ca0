"""What one person did, newest first and page by page: sessions, gifts, events; and their names and edits of them.

A page ends with a cursor, ``"<time>-<number>"`` of its last row, that the next one begins after.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, bindparam, func, literal, literal_column, null, select, tuple_

from core.clock import iso
from core.events import Kind, Mark, Platform, mark_names
from core.statements import Prepared
from models import Channel, CurrentSession, EventStatus, Gift, PastSession, ViewerEdit, ViewerName
from models import Event as EventRow

BITS = "Bits"
CURSOR = r"^\d{1,15}-\d{1,18}$"
_NEWEST = "999999999999999-0"
_REMOVED = (EventStatus.DELETED, EventStatus.CLEARED)

Rows = tuple[list[dict[str, Any]], str | None]  # a page, and the cursor of the next one


def sessions(connection: Connection, viewer_id: int, limit: int, zone: ZoneInfo, before: str | None = None) -> Rows:
    at, channel = _cursor(before)
    given = {"viewer": viewer_id, "at": at, "number": channel, "limit": limit + 1}
    found = [*_CURRENT_SESSIONS(connection, **given), *_PAST_SESSIONS(connection, **given)]
    found.sort(key=lambda row: (row.joined_at_ms, row.channel_id), reverse=True)
    return _page(found, limit, lambda row: _session(row, zone), lambda row: (row.joined_at_ms, row.channel_id))


def gifts(connection: Connection, viewer_id: int, limit: int, zone: ZoneInfo, before: str | None = None) -> Rows:
    """Gifts, subs given to others, and cheers; those as long as their events are kept."""
    at, number = _cursor(before)
    given = {"viewer": viewer_id, "at": at, "number": number, "limit": limit + 1}
    found = [*_GIFTS(connection, **given), *_CHEERS(connection, **given)]
    found.sort(key=lambda row: (row.started_at_ms, row.id), reverse=True)
    return _page(found, limit, lambda row: _gift(row, zone), lambda row: (row.started_at_ms, row.id))


def interactions(connection: Connection, viewer_id: int, limit: int, zone: ZoneInfo, before: str | None = None) -> Rows:
    """Everything they did, and what moderators did to them. What was removed is told without its text."""
    at, number = _cursor(before)
    found = _EVENTS(connection, viewer=viewer_id, at=at, number=number, limit=limit + 1).all()
    return _page(found, limit, lambda row: _interaction(row, zone, whole=False), lambda row: (row.at_ms, row.id))


def edits(connection: Connection, viewer_id: int, limit: int, zone: ZoneInfo, before: str | None = None) -> Rows:
    """Who changed what of them by hand."""
    at, number = _cursor(before)
    found = _EDITS(connection, viewer=viewer_id, at=at, number=number, limit=limit + 1).all()
    return _page(found, limit, lambda row: _edit(row, zone), lambda row: (row.at_ms, row.id))


def names(connection: Connection, viewer_id: int, zone: ZoneInfo) -> list[dict[str, Any]]:
    """The names they had before, the last one first."""
    return [
        {"username": row.username, "display_name": row.display_name, "until": iso(row.until_ms, zone)}
        for row in _NAMES(connection, viewer=viewer_id)
    ]


def top_gifts(connection: Connection, viewer_id: int, bits: int, limit: int = 10) -> list[dict[str, Any]]:
    """What they gave, the most coins first; ``bits``: how many they cheered in all."""
    cheered = {"gift_id": 0, "gift_name": BITS, "diamonds": 1, "quantity": bits, "coins": bits}
    given = [
        {**row._mapping, "quantity": int(row.quantity), "coins": int(row.coins)}
        for row in _TOP_GIFTS(connection, viewer=viewer_id, limit=limit)
    ]
    return sorted([cheered, *given] if bits else given, key=itemgetter("coins"), reverse=True)[:limit]


def all_events(connection: Connection, viewer_id: int, limit: int, zone: ZoneInfo, before: str | None = None) -> Rows:
    """Everything that is stored of them, as it is stored."""
    at, number = _cursor(before)
    found = _ALL_EVENTS(connection, viewer=viewer_id, at=at, number=number, limit=limit + 1).all()
    return _page(found, limit, lambda row: _interaction(row, zone, whole=True), lambda row: (row.at_ms, row.id))


def _interaction(row: Any, zone: ZoneInfo, *, whole: bool) -> dict[str, Any]:
    removed = row.status in _REMOVED
    return {
        "id": row.id,
        "at": iso(row.at_ms, zone),
        "kind": Kind(row.kind).label,
        "platform": row.platform,
        "channel": row.channel,
        "text": "" if removed and not whole else row.text or "",
        "amount": row.amount,
        "marks": mark_names(row.marks),
        "extra": json.loads(row.extra) if row.extra and (whole or not removed) else {},
        "removed": removed,
        "stream_id": row.stream_id,
    }


def _session(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "joined_at": iso(row.joined_at_ms, zone),
        "left_at": None if row.left_at_ms is None else iso(row.left_at_ms, zone),
        "duration_seconds": row.watched_ms // 1000,
        "platform": row.platform,
        "channel": row.channel,
        "stream_id": row.stream_id,
    }


def _gift(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "at": iso(row.started_at_ms, zone),
        "gift_id": row.gift_id,
        "gift_name": row.name,
        "diamonds": row.diamonds,
        "quantity": row.quantity,
        "coins": row.coins,
        "streak": row.streak_key is not None and row.platform == Platform.TIKTOK,
        "platform": row.platform,
        "channel": row.channel,
        "stream_id": row.stream_id,
    }


def _edit(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    before, after = (None if value is None else json.loads(value) for value in (row.before, row.after))
    return {
        "id": row.id,
        "at": iso(row.at_ms, zone),
        "editor": row.editor,
        "field": row.field,
        "before": before,
        "after": after,
    }


def _cursor(before: str | None) -> tuple[int, int]:
    at, _, number = (before or _NEWEST).partition("-")
    return int(at), int(number)


def _page(rows: Sequence[Any], limit: int, tell: Any, key: Any) -> Rows:
    shown = rows[:limit]
    more = "{}-{}".format(*key(shown[-1])) if len(rows) > limit else None
    return [tell(row) for row in shown], more


def _before(query: Select[Any], at: Any, number: Any) -> Prepared:
    older = tuple_(at, number) < tuple_(bindparam("at"), bindparam("number"))
    return Prepared(query.where(older).order_by(at.desc(), number.desc()).limit(bindparam("limit")))


def _sessions_of(table: Any) -> Prepared:
    query = (
        select(table.__table__, Channel.platform, Channel.name.label("channel"))
        .join(Channel, Channel.id == table.channel_id)
        .where(table.viewer_id == bindparam("viewer"))
    )
    return _before(query, table.joined_at_ms, table.channel_id)


_PAST_SESSIONS = _sessions_of(PastSession)
_CURRENT_SESSIONS = _sessions_of(CurrentSession)
_GIFTS = _before(
    select(Gift.__table__, literal("gift").label("kind"), Channel.platform, Channel.name.label("channel"))
    .join(Channel, Channel.id == Gift.channel_id)
    .where(Gift.viewer_id == bindparam("viewer"), Gift.quantity > 0),
    Gift.started_at_ms,
    Gift.id,
)
# In the words of its index. A bit is worth one coin.
_CHEERS = _before(
    select(
        EventRow.id,
        literal("bits").label("kind"),
        EventRow.at_ms.label("started_at_ms"),
        literal(0).label("gift_id"),
        literal(BITS).label("name"),
        literal(1).label("diamonds"),
        EventRow.amount.label("quantity"),
        EventRow.amount.label("coins"),
        null().label("streak_key"),
        EventRow.stream_id,
        Channel.platform,
        Channel.name.label("channel"),
    )
    .join(Channel, Channel.id == EventRow.channel_id)
    .where(
        EventRow.viewer_id == bindparam("viewer"),
        EventRow.kind == literal_column(str(Kind.CHAT.value)),
        EventRow.amount > literal_column("0"),
        EventRow.status != EventStatus.DELETED,
        EventRow.marks.op("&")(Mark.SHARED.value) == 0,
    ),
    EventRow.at_ms,
    EventRow.id,
)
_OF_THEM = (
    select(EventRow.__table__, Channel.platform, Channel.name.label("channel"))
    .join(Channel, Channel.id == EventRow.channel_id)
    .where(EventRow.viewer_id == bindparam("viewer"))
)
_EVENTS = _before(_OF_THEM.where(EventRow.status != EventStatus.SILENT), EventRow.at_ms, EventRow.id)
_ALL_EVENTS = _before(_OF_THEM, EventRow.at_ms, EventRow.id)
_EDITS = _before(
    select(ViewerEdit.__table__).where(ViewerEdit.viewer_id == bindparam("viewer")), ViewerEdit.at_ms, ViewerEdit.id
)
_NAMES = Prepared(
    select(ViewerName.username, ViewerName.display_name, ViewerName.until_ms)
    .where(ViewerName.viewer_id == bindparam("viewer"))
    .order_by(ViewerName.until_ms.desc(), ViewerName.id.desc())
    .limit(100)
)
_COINS = func.sum(Gift.coins).label("coins")
_TOP_GIFTS = Prepared(
    select(
        Gift.gift_id,
        func.max(Gift.name).label("gift_name"),
        func.max(Gift.diamonds).label("diamonds"),
        func.sum(Gift.quantity).label("quantity"),
        _COINS,
    )
    .where(Gift.viewer_id == bindparam("viewer"), Gift.quantity > 0)
    .group_by(Gift.gift_id)
    .order_by(_COINS.desc(), Gift.gift_id)
    .limit(bindparam("limit"))
)
