"""Whether somebody's dashboard is calm now."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from analytics.preferences import chosen
from core.clock import DAY_MS
from core.statements import Prepared
from models import Stream
from rules.calm import is_over
from rules.streams import StreamSpan

MOST_STREAMS = 50


def since(connection: Connection, key: str, now_ms: int) -> int | None:
    """Since when (UTC milliseconds) what is counted live is hidden, or None. ``key``: of the account's choice."""
    since_ms = chosen(connection, key).get("since_ms")
    if since_ms is None:
        return None
    rows = _SPANS(connection, since=since_ms, began=since_ms - 7 * DAY_MS, limit=MOST_STREAMS)
    return None if is_over((StreamSpan(*row) for row in rows), now_ms) else int(since_ms)


_SPANS = Prepared(
    select(Stream.id, Stream.started_at_ms, Stream.last_at_ms, Stream.ended_at_ms)
    .where(Stream.started_at_ms >= bindparam("began"), Stream.last_at_ms >= bindparam("since"))
    .order_by(Stream.started_at_ms)
    .limit(bindparam("limit"))
)
