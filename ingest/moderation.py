"""What moderators take back: a deletion is the same fact counted backwards, in the same transaction."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from core.clock import DAY_MS, minute_of
from core.db import insert_for, one_of
from core.events import Kind, Mark
from ingest.placed import Placed, source_key
from ingest.rollups import COUNTED, add_terms, terms_of
from models import Channel, EventStatus, MinuteRollup, Mute, Stream, StreamTerm, StreamViewer, Viewer
from models import Event as EventRow

LOOK_BACK_MS = DAY_MS  # how far back a timeout or a deletion reaches
FOR_EVER_MS = 253_402_300_799_000  # the last second of the year 9999


def lift_mutes(connection: Connection, placed: Sequence[Placed]) -> None:
    """Who writes again is not muted any more, whatever the clock says."""
    writers: defaultdict[int, set[int]] = defaultdict(set)
    for item in placed:
        if item.event.counts_as_message and item.viewer_id is not None:
            writers[item.channel_id].add(item.viewer_id)
    for channel_id, viewer_ids in writers.items():
        muted = (Mute.channel_id == channel_id, one_of(connection, Mute.viewer_id, viewer_ids))
        connection.execute(delete(Mute).where(*muted))


def apply(connection: Connection, placed: Sequence[Placed]) -> None:
    """Carries out the deletions, timeouts and clears of a batch, after its messages are in."""
    for item in placed:
        match item.event.kind:
            case Kind.DELETE:
                _delete_one(connection, item, source_key(item.event.extra.get("target")))
            case Kind.TIMEOUT if item.viewer_id is not None:
                _mute(connection, item)
                _take_back(connection, _said_before(item, EventRow.viewer_id == item.viewer_id))
            case Kind.CLEAR:
                _clear(connection, item)


def _said_before(item: Placed, *which: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    at_ms = item.event.at_ms
    return [
        EventRow.channel_id == item.channel_id,
        EventRow.kind == int(Kind.CHAT),
        EventRow.at_ms.between(at_ms - LOOK_BACK_MS, at_ms),
        EventRow.status != EventStatus.DELETED,
        *which,
    ]


def _delete_one(connection: Connection, item: Placed, key: int | None) -> None:
    if key is None:
        return
    which = [EventRow.source_key == key]
    if item.viewer_id is not None:
        # By its author the message is found in the index; by its key alone it takes a look at the whole day.
        which.append(EventRow.viewer_id == item.viewer_id)
    _take_back(connection, _said_before(item, *which))


def _mute(connection: Connection, item: Placed) -> None:
    seconds = item.event.amount
    until_ms = item.event.at_ms + seconds * 1000 if seconds else FOR_EVER_MS
    upsert = insert_for(connection)(Mute).values(
        channel_id=item.channel_id, viewer_id=item.viewer_id, until_ms=until_ms
    )
    changes = {"until_ms": upsert.excluded.until_ms}
    connection.execute(upsert.on_conflict_do_update(index_elements=["channel_id", "viewer_id"], set_=changes))


def _clear(connection: Connection, item: Placed) -> None:
    if item.stream_id is not None:
        shown = [EventRow.stream_id == item.stream_id, EventRow.status == EventStatus.SHOWN]
        connection.execute(update(EventRow).where(*_said_before(item, *shown)).values(status=EventStatus.CLEARED))


def _take_back(connection: Connection, where: list[ColumnElement[bool]]) -> None:
    rows = connection.execute(
        select(
            EventRow.id,
            EventRow.channel_id,
            EventRow.stream_id,
            EventRow.viewer_id,
            EventRow.at_ms,
            EventRow.amount,
            EventRow.marks,
            EventRow.text,
            EventRow.extra,
        ).where(*where)
    ).all()
    if not rows:
        return
    connection.execute(
        update(EventRow)
        .where(one_of(connection, EventRow.id, [row.id for row in rows]))
        .values(status=EventStatus.DELETED)
    )
    _count_backwards(connection, [row for row in rows if not row.marks & Mark.SHARED])


def _count_backwards(connection: Connection, rows: Sequence[Any]) -> None:
    minutes: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    people: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    streams: defaultdict[int, Counter[str]] = defaultdict(Counter)
    viewers: defaultdict[int, Counter[str]] = defaultdict(Counter)
    channels: Counter[int] = Counter()
    spoken: Counter[tuple[int, bool, str]] = Counter()
    for row in rows:
        taken = {"messages": 1, "bits": row.amount}
        newcomer = int(bool(row.marks & Mark.FIRST))
        minutes[row.channel_id, minute_of(row.at_ms)].update(taken, newcomers=newcomer)
        channels[row.channel_id] += 1
        if row.viewer_id is not None:
            viewers[row.viewer_id].update(total_comments=1, total_bits=row.amount)
        if row.stream_id is None:
            continue
        streams[row.stream_id].update(taken)
        if row.viewer_id is not None:
            people[row.stream_id, row.viewer_id].update(taken)
        emotes = json.loads(row.extra).get("emotes", ()) if row.extra else ()
        for emote, term in terms_of(row.text or "", emotes):
            spoken[row.stream_id, emote, term] -= 1
    for (channel_id, minute), taken_there in minutes.items():
        _subtract(
            connection, MinuteRollup, taken_there, MinuteRollup.channel_id == channel_id, MinuteRollup.minute == minute
        )
    for (stream_id, viewer_id), taken_there in people.items():
        _count_back_person(connection, stream_id, viewer_id, taken_there)
    for viewer_id, taken_there in viewers.items():
        _subtract(connection, Viewer, taken_there, Viewer.id == viewer_id)
    for channel_id, messages in channels.items():
        _subtract(connection, Channel, {"total_messages": messages}, Channel.id == channel_id)
    add_terms(connection, spoken)
    for stream_id, taken_there in streams.items():
        _subtract(connection, Stream, taken_there, Stream.id == stream_id)
        unsaid = (StreamTerm.emote.in_([False, True]), StreamTerm.uses <= 0)  # both emotes named: the index serves
        connection.execute(delete(StreamTerm).where(StreamTerm.stream_id == stream_id, *unsaid))
        still = select(func.count()).where(StreamViewer.stream_id == stream_id, StreamViewer.messages > 0)
        connection.execute(update(Stream).where(Stream.id == stream_id).values(chatters=still.scalar_subquery()))


def _count_back_person(connection: Connection, stream_id: int, viewer_id: int, taken: dict[str, int]) -> None:
    """Takes back a person's messages in a stream; who has nothing left there was not active in it."""
    here = (StreamViewer.stream_id == stream_id, StreamViewer.viewer_id == viewer_id)
    left = select(func.max(EventRow.at_ms)).where(
        EventRow.viewer_id == viewer_id,
        EventRow.stream_id == stream_id,
        EventRow.status != EventStatus.DELETED,
        EventRow.kind.in_([int(kind) for kind in COUNTED]),
        EventRow.marks.op("&")(int(Mark.SHARED)) == 0,
    )
    last_at_ms = connection.execute(left).scalar()
    if last_at_ms is None:
        connection.execute(delete(StreamViewer).where(*here))
    else:
        _subtract(connection, StreamViewer, taken, *here)
        connection.execute(update(StreamViewer).where(*here).values(last_at_ms=last_at_ms))


def _subtract(connection: Connection, table: Any, taken: dict[str, int], *where: ColumnElement[bool]) -> None:
    values = {name: getattr(table, name) - count for name, count in taken.items()}
    connection.execute(update(table).where(*where).values(values))
