"""What moderators take back: a deletion is the same fact counted backwards, in the same transaction."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, or_, select, update

from core.clock import DAY_MS, MINUTE_MS, minute_of
from core.db import Prepared, among, insert_for, one_of
from core.events import Kind, Mark
from ingest.placed import Placed, source_key
from ingest.rollups import COUNTED, add_terms, terms_of
from models import Channel, EventStatus, MinuteRollup, Mute, Stream, StreamTerm, StreamViewer, Viewer
from models import Event as EventRow

LOOK_BACK_MS = DAY_MS  # how far back a timeout or a deletion reaches
CLOCK_SKEW_MS = MINUTE_MS  # a message may be dated by another clock than its deletion
FOR_EVER_MS = 253_402_300_799_000  # the last second of the year 9999

_NOT_SHARED = EventRow.marks.op("&")(int(Mark.SHARED)) == 0

ORDERS = (Kind.DELETE, Kind.TIMEOUT, Kind.CLEAR)


@dataclass(frozen=True, slots=True)
class Order:
    """What a moderator has done: to one message (``target``), one person, or all of a stream."""

    kind: Kind
    channel_id: int
    at_ms: int
    viewer_id: int | None
    stream_id: int | None
    target: int | None  # the source key of the message


def apply(connection: Connection, placed: Sequence[Placed]) -> None:
    """Carries out what moderators did, after the messages of the batch are in.

    What an order is about may come after it, in this batch or a later one: who was deleted stays deleted.
    """
    said = _messages_by_channel(placed)
    orders = dict.fromkeys(_order(item) for item in placed if item.event.kind in ORDERS)
    for channel_id, messages in said.items():
        orders.update(dict.fromkeys(_standing_orders(connection, channel_id, messages)))
    if orders:
        _take_back(connection, list({row_id for order in orders for row_id in _meant(connection, order)}))
        for order in orders:
            if order.kind is Kind.CLEAR and order.stream_id is not None:
                _clear(connection, order)
    _settle_mutes(connection, said, orders)


def _messages_by_channel(placed: Sequence[Placed]) -> dict[int, list[Placed]]:
    said: defaultdict[int, list[Placed]] = defaultdict(list)
    for item in placed:
        if item.event.kind is Kind.CHAT:
            said[item.channel_id].append(item)
    return said


def _order(item: Placed) -> Order:
    event = item.event
    target = source_key(event.extra.get("target")) if event.kind is Kind.DELETE else None
    return Order(event.kind, item.channel_id, event.at_ms, item.viewer_id, item.stream_id, target)


def _standing_orders(connection: Connection, channel_id: int, messages: Sequence[Placed]) -> Iterator[Order]:
    """The orders known already that are about messages of this batch: these come late."""
    earliest = min(item.event.at_ms for item in messages)
    latest = max(item.event.at_ms for item in messages)
    rows = _STANDING(
        connection,
        channel=channel_id,
        kinds=[kind.value for kind in ORDERS],
        first=earliest - CLOCK_SKEW_MS,
        last=latest + LOOK_BACK_MS,
    )
    keys = {item.source_key for item in messages}
    authors = {item.viewer_id for item in messages if item.viewer_id is not None}
    for row in rows:
        kind = Kind(row.kind)
        target = source_key(json.loads(row.extra or "{}").get("target")) if kind is Kind.DELETE else None
        if kind is Kind.CLEAR or row.viewer_id in authors or target in keys:
            yield Order(kind, channel_id, row.at_ms, row.viewer_id, row.stream_id, target)


def _meant(connection: Connection, order: Order) -> Iterable[int]:
    """The rows of the messages that a deletion or a timeout takes away."""
    match order.kind:
        case Kind.DELETE if order.target is not None:
            span = (order.at_ms - LOOK_BACK_MS, order.at_ms + CLOCK_SKEW_MS)
            by_author = _said_by(connection, order, *span, EventRow.source_key == order.target)
            # The login that came with the order may be an old one, or two people's: the message decides.
            return by_author or _said_in_channel(connection, order, *span)
        case Kind.TIMEOUT:
            return _said_by(connection, order, order.at_ms - LOOK_BACK_MS, order.at_ms)
    return ()


def _said_by(
    connection: Connection, order: Order, first_ms: int, last_ms: int, *which: ColumnElement[bool]
) -> Sequence[int]:
    """Messages of the order's person. Asked without the channel, or SQLite reads the channel's whole day instead."""
    query = select(EventRow.id, EventRow.channel_id, EventRow.kind).where(
        EventRow.viewer_id == order.viewer_id, EventRow.at_ms.between(first_ms, last_ms), *which
    )
    rows = connection.execute(query) if order.viewer_id is not None else ()
    return [row.id for row in rows if row.channel_id == order.channel_id and row.kind == Kind.CHAT]


def _said_in_channel(connection: Connection, order: Order, first_ms: int, last_ms: int) -> Sequence[int]:
    """The message by its key alone: the index is read for the whole day, but no row."""
    query = select(EventRow.id).where(
        EventRow.channel_id == order.channel_id,
        EventRow.kind == Kind.CHAT.value,
        EventRow.at_ms.between(first_ms, last_ms),
        EventRow.source_key == order.target,
    )
    return connection.scalars(query).all()


def _clear(connection: Connection, order: Order) -> None:
    shown = (
        EventRow.channel_id == order.channel_id,
        EventRow.kind == Kind.CHAT.value,
        EventRow.at_ms.between(order.at_ms - LOOK_BACK_MS, order.at_ms),
        EventRow.stream_id == order.stream_id,
        EventRow.status == EventStatus.SHOWN,
    )
    connection.execute(update(EventRow).where(*shown).values(status=EventStatus.CLEARED))


def _settle_mutes(connection: Connection, said: dict[int, list[Placed]], orders: Iterable[Order]) -> None:
    """Mutes whom a moderator timed out, until they write again or their time is over, whichever comes first."""
    people = {(order.channel_id, order.viewer_id) for order in orders if order.kind is Kind.TIMEOUT}
    for channel_id, messages in said.items():
        writers = {item.viewer_id for item in messages if item.event.counts_as_message and item.viewer_id is not None}
        muted = _MUTED(connection, channel=channel_id, viewers=list(writers))
        people.update((channel_id, row.viewer_id) for row in muted)
    for channel_id, viewer_id in people:
        if viewer_id is not None:
            _settle_mute(connection, channel_id, viewer_id)


def _settle_mute(connection: Connection, channel_id: int, viewer_id: int) -> None:
    theirs = (EventRow.viewer_id == viewer_id, EventRow.channel_id == channel_id)
    newest_first = (EventRow.at_ms.desc(), EventRow.id.desc())
    order = connection.execute(
        select(EventRow.at_ms, EventRow.amount)
        .where(*theirs, EventRow.kind == Kind.TIMEOUT.value)
        .order_by(*newest_first)
        .limit(1)
    ).first()
    if order is None:
        return
    after = (EventRow.kind == Kind.CHAT.value, EventRow.at_ms > order.at_ms, _NOT_SHARED)
    if connection.execute(select(EventRow.id).where(*theirs, *after).limit(1)).first():
        connection.execute(delete(Mute).where(Mute.channel_id == channel_id, Mute.viewer_id == viewer_id))
        return
    until_ms = order.at_ms + order.amount * 1000 if order.amount else FOR_EVER_MS
    upsert = insert_for(connection)(Mute).values(channel_id=channel_id, viewer_id=viewer_id, until_ms=until_ms)
    changes = {"until_ms": upsert.excluded.until_ms}
    connection.execute(upsert.on_conflict_do_update(index_elements=["channel_id", "viewer_id"], set_=changes))


def _take_back(connection: Connection, row_ids: Sequence[int]) -> None:
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
        ).where(one_of(connection, EventRow.id, row_ids), EventRow.status != EventStatus.DELETED)
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
    left = select(EventRow.at_ms).where(
        EventRow.viewer_id == viewer_id,
        EventRow.at_ms >= select(Stream.started_at_ms).where(Stream.id == stream_id).scalar_subquery(),
        EventRow.stream_id == stream_id,
        EventRow.status != EventStatus.DELETED,
        EventRow.kind.in_([int(kind) for kind in COUNTED]),
        or_(EventRow.kind != Kind.CHAT.value, _NOT_SHARED),
    )
    last_at_ms = connection.scalar(left.order_by(EventRow.at_ms.desc()).limit(1))
    if last_at_ms is None:
        connection.execute(delete(StreamViewer).where(*here))
    else:
        _subtract(connection, StreamViewer, taken, *here)
        connection.execute(update(StreamViewer).where(*here).values(last_at_ms=last_at_ms))


def _subtract(connection: Connection, table: Any, taken: dict[str, int], *where: ColumnElement[bool]) -> None:
    values = {name: getattr(table, name) - count for name, count in taken.items()}
    connection.execute(update(table).where(*where).values(values))


_STANDING = Prepared(
    select(EventRow.kind, EventRow.at_ms, EventRow.viewer_id, EventRow.stream_id, EventRow.extra).where(
        EventRow.channel_id == bindparam("channel"),
        among(EventRow.kind, "kinds"),
        EventRow.at_ms.between(bindparam("first"), bindparam("last")),
    )
)
_MUTED = Prepared(
    select(Mute.viewer_id).where(Mute.channel_id == bindparam("channel"), among(Mute.viewer_id, "viewers"))
)
