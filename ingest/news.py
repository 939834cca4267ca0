"""What dashboards should be told at once of people: written in the transaction of its cause, read by the tail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select

from core.clock import MINUTE_MS
from core.statements import BulkStatement
from models import ViewerNews

KEPT_MS = 10 * MINUTE_MS  # who follows looks several times a second; what is older is history, not news

# When, who, what (the name of the event after "viewer:"), and what else is to be said of it.
News = tuple[int, int, str, Mapping[str, Any]]


def tell(connection: Connection, news: Sequence[News]) -> None:
    """Leaves ``news`` for the tail, in their order."""
    _INSERT.run(
        connection,
        [
            (at_ms, viewer_id, kind, _to_json(dict(detail)) if detail else "{}")
            for at_ms, viewer_id, kind, detail in news
        ],
    )


def is_fresh(at_ms: int, now_ms: int) -> bool:
    """Whether something that happened at ``at_ms`` is news: an import of last year's streams is not."""
    return at_ms >= now_ms - KEPT_MS


def forget_old(connection: Connection, now_ms: int) -> None:
    """Deletes what everybody has read, but never the newest row: where a follower begins is told by it."""
    newest = select(func.max(ViewerNews.id)).scalar_subquery()
    connection.execute(delete(ViewerNews).where(ViewerNews.at_ms < now_ms - KEPT_MS, ViewerNews.id < newest))


_to_json = json.JSONEncoder(separators=(",", ":")).encode
_INSERT = BulkStatement(lambda insert: insert(ViewerNews), ("at_ms", "viewer_id", "kind", "detail"))
