"""Recomputes every total and rollup from the raw events: proof that the running ones are right, and their repair."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from core.db import BulkStatement, one_of
from core.events import NOTHING, Event, Kind, Person, Platform
from ingest import rollups, viewers
from ingest.placed import Placed
from models import Channel, EventStatus, MinuteRollup, Stream, StreamTerm, StreamViewer, Viewer
from models import Event as EventRow
from rules.sessions import attend

CHUNK = 5_000


def rebuild(
    connection: Connection, session_timeout_ms: int, progress: Callable[[int], None] = lambda _events: None
) -> int:
    """Recomputes all rollups in the caller's transaction; answers how many events were read.

    Needs the raw events: what ``RETENTION_DAYS`` has deleted cannot be recomputed.
    """
    _reset(connection)
    read = 0
    for chunk in _chunks(connection):
        counted = [placed for placed, status in chunk if status != EventStatus.DELETED]
        rollups.add(connection, counted)
        _add_totals(connection, [placed for placed, _ in chunk], counted, session_timeout_ms)
        read += len(chunk)
        progress(read)
    never_seen = Viewer.last_seen_at_ms == 0
    connection.execute(update(Viewer).where(never_seen).values(last_seen_at_ms=Viewer.first_seen_at_ms))
    return read


def _reset(connection: Connection) -> None:
    for table in (MinuteRollup, StreamViewer, StreamTerm):
        connection.execute(delete(table))
    connection.execute(update(Stream).values(dict.fromkeys(rollups.STREAM_COUNTERS, 0)))
    connection.execute(update(Channel).values(total_messages=0))
    # An impossible last sign of life: the first event of each person begins their first visit.
    connection.execute(update(Viewer).values(dict.fromkeys(viewers.ADDED, 0) | {"last_seen_at_ms": 0}))


def _chunks(connection: Connection) -> Iterator[list[tuple[Placed, int]]]:
    channels = {row.id: row for row in connection.execute(select(Channel.id, Channel.platform, Channel.name))}
    after = 0
    while True:
        query = select(EventRow.__table__).where(EventRow.id > after).order_by(EventRow.id).limit(CHUNK)
        rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1].id
        yield [(_placed(row, channels[row.channel_id]), row.status) for row in rows]


def _placed(row: Any, channel: Any) -> Placed:
    event = Event(
        Platform(channel.platform),
        channel.name,
        Kind(row.kind),
        row.at_ms,
        who=Person(str(row.viewer_id), "") if row.viewer_id else None,
        text=row.text or "",
        amount=row.amount,
        marks=row.marks,
        extra=json.loads(row.extra) if row.extra else NOTHING,
    )
    return Placed(event, row.channel_id, row.source_key, row.stream_id, row.viewer_id)


_ADD_TO_VIEWER = BulkStatement(
    lambda _insert: (
        update(Viewer)
        .where(Viewer.id == bindparam("id_"))
        .values(
            last_seen_at_ms=bindparam("seen"),
            **{name: getattr(Viewer, name) + bindparam(f"add_{name}") for name in viewers.ADDED},
        )
    ),
    ("id_", "seen", *(f"add_{name}" for name in viewers.ADDED)),
)


def _add_totals(
    connection: Connection, present: Sequence[Placed], counted: Sequence[Placed], session_timeout_ms: int
) -> None:
    acts: defaultdict[int, list[Event]] = defaultdict(list)
    for item in counted:
        if item.viewer_id is not None:
            acts[item.viewer_id].append(item.event)
    signs: defaultdict[int, list[int]] = defaultdict(list)
    for item in present:
        if item.viewer_id is not None and item.event.kind not in viewers.DONE_TO_THEM:
            signs[item.viewer_id].append(item.event.at_ms)
    where = select(Viewer.id, Viewer.last_seen_at_ms).where(one_of(connection, Viewer.id, signs.keys() | acts.keys()))
    rows = []
    for viewer_id, seen in connection.execute(where):
        attendance = attend(seen or None, signs[viewer_id], session_timeout_ms)
        added = (attendance.visits, attendance.watchtime_ms, *viewers.totals(acts[viewer_id]).values())
        rows.append((viewer_id, attendance.last_seen_at_ms, *added))
    _ADD_TO_VIEWER.run(connection, rows)
