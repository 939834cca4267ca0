"""What moderators order: which messages a deletion, a timeout or a clear is about, and who is muted until when."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from core.clock import DAY_MS, MINUTE_MS
from core.events import EVENT_KEY_BITS, Kind, as_event_key, event_key
from core.statements import BulkStatement, Prepared, among, replacing
from ingest.placed import Placed
from ingest.policy import Policy
from ingest.takebacks import NOT_SHARED, take_back
from models import Event as EventRow
from models import EventStatus, Mute

LOOK_BACK_MS = DAY_MS  # how far back a timeout or a deletion reaches
CLOCK_SKEW_MS = MINUTE_MS  # a message may be dated by another clock than its deletion
FOR_EVER_MS = 253_402_300_799_000  # the last second of the year 9999

ORDERS = (Kind.DELETE, Kind.TIMEOUT, Kind.CLEAR)
_ORDERS, _CHAT = frozenset(ORDERS), Kind.CHAT  # looked up once


@dataclass(frozen=True, slots=True)
class Order:
    """What a moderator has done: to one message (``target``), one person, or all of a stream."""

    kind: Kind
    channel_id: int
    at_ms: int
    viewer_id: int | None
    stream_id: int | None
    target: int | None  # the key of the message


def apply(connection: Connection, placed: Sequence[Placed], policy: Policy, now_ms: int) -> bool:
    """Carries out what moderators did, after the messages of the batch are in; answers whether there was anything.

    What an order is about may come after it, in this batch or a later one: who was deleted stays deleted.
    """
    said = _messages_by_channel(placed)
    orders = dict.fromkeys(_order(item) for item in placed if item.event.kind in _ORDERS)
    for channel_id, messages in said.items():
        orders.update(dict.fromkeys(_standing_orders(connection, channel_id, messages)))
    if orders:
        meant = {row_id for order in orders for row_id in _meant(connection, order)}
        take_back(connection, list(meant), policy, now_ms)
        for order in orders:
            if order.kind is Kind.CLEAR and order.stream_id is not None:
                _clear(connection, order)
    _settle_mutes(connection, said, orders)
    return bool(orders)


def _messages_by_channel(placed: Sequence[Placed]) -> dict[int, list[Placed]]:
    said: defaultdict[int, list[Placed]] = defaultdict(list)
    for item in placed:
        if item.event.kind is _CHAT:
            said[item.channel_id].append(item)
    return said


def _order(item: Placed) -> Order:
    event = item.event
    target = event_key(event.extra.get("target")) if event.kind is Kind.DELETE else None
    return Order(event.kind, item.channel_id, event.at_ms, item.viewer_id, item.stream_id, target)


def _standing_orders(connection: Connection, channel_id: int, messages: Sequence[Placed]) -> Iterator[Order]:
    """The orders known already that are about messages of this batch: these come late."""
    times = [item.event.at_ms for item in messages]
    rows = _STANDING(
        connection,
        channel=channel_id,
        kinds=[kind.value for kind in ORDERS],
        first=min(times) - CLOCK_SKEW_MS,
        last=max(times) + LOOK_BACK_MS,
    ).all()
    if not rows:
        return
    keys = {item.source_key for item in messages}
    authors = {item.viewer_id for item in messages if item.viewer_id is not None}
    for row in rows:
        kind = Kind(row.kind)
        target = event_key(json.loads(row.extra or "{}").get("target")) if kind is Kind.DELETE else None
        if kind is Kind.CLEAR or row.viewer_id in authors or target in keys:
            yield Order(kind, channel_id, row.at_ms, row.viewer_id, row.stream_id, target)


def _meant(connection: Connection, order: Order) -> Iterable[int]:
    """The rows of the messages that a deletion or a timeout takes away."""
    match order.kind:
        case Kind.DELETE if order.target is not None:
            first_ms, last_ms = order.at_ms - LOOK_BACK_MS, order.at_ms + CLOCK_SKEW_MS
            theirs = [
                row.id
                for row in _said_by(connection, order, first_ms, last_ms)
                if row.source_key is not None and as_event_key(row.source_key) == order.target
            ]
            if theirs:
                return theirs
            # The login that came with the order may be an old one, or two people's: the message decides.
            found = _BY_KEY(
                connection, channel=order.channel_id, key=order.target & EVENT_KEY_BITS, first=first_ms, last=last_ms
            )
            return [row.id for row in found]
        case Kind.TIMEOUT:
            return [row.id for row in _said_by(connection, order, order.at_ms - LOOK_BACK_MS, order.at_ms)]
    return ()


def _said_by(connection: Connection, order: Order, first_ms: int, last_ms: int) -> list[Any]:
    """Messages of the order's person. Asked without the channel, or SQLite reads the channel's whole day instead."""
    if order.viewer_id is None:
        return []
    rows = _BY_AUTHOR(connection, viewer=order.viewer_id, first=first_ms, last=last_ms)
    return [row for row in rows if row.channel_id == order.channel_id and row.kind == Kind.CHAT]


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
        if _ANY_MUTE(connection, channel=channel_id).first() is None:
            continue
        writers = {item.viewer_id for item in messages if item.event.counts_as_message and item.viewer_id is not None}
        muted = _MUTED(connection, channel=channel_id, viewers=list(writers))
        people.update((channel_id, row.viewer_id) for row in muted)
    lifted, muted_until = [], []
    for channel_id, viewer_id in people:
        if viewer_id is None:
            continue
        order = _last_timeout(connection, channel_id, viewer_id)
        # None: it is longer ago than events are kept, and so they have written after it.
        if order is None or _SPOKE_AFTER(connection, channel=channel_id, viewer=viewer_id, at=order.at_ms).first():
            lifted.append((channel_id, viewer_id))
        else:
            until_ms = order.at_ms + order.amount * 1000 if order.amount else FOR_EVER_MS
            muted_until.append((channel_id, viewer_id, until_ms))
    _LIFT.run(connection, lifted)
    _MUTE.run(connection, muted_until)


def _last_timeout(connection: Connection, channel_id: int, viewer_id: int) -> Any:
    return _LAST_TIMEOUT(connection, channel=channel_id, viewer=viewer_id).first()


_LIFT = BulkStatement(
    lambda _insert: delete(Mute).where(Mute.channel_id == bindparam("channel"), Mute.viewer_id == bindparam("viewer")),
    ("channel", "viewer"),
)
_MUTE = replacing(Mute, ["channel_id", "viewer_id"], ["until_ms"])

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
_ANY_MUTE = Prepared(select(Mute.viewer_id).where(Mute.channel_id == bindparam("channel")).limit(1))
_BY_AUTHOR = Prepared(
    select(EventRow.id, EventRow.channel_id, EventRow.kind, EventRow.source_key).where(
        EventRow.viewer_id == bindparam("viewer"), EventRow.at_ms.between(bindparam("first"), bindparam("last"))
    )
)
# By its key alone: the index is read for the whole day, but no row.
_BY_KEY = Prepared(
    select(EventRow.id).where(
        EventRow.channel_id == bindparam("channel"),
        EventRow.kind == Kind.CHAT.value,
        EventRow.at_ms.between(bindparam("first"), bindparam("last")),
        EventRow.source_key.bitwise_and(EVENT_KEY_BITS) == bindparam("key"),
    )
)
_LAST_TIMEOUT = Prepared(
    select(EventRow.at_ms, EventRow.amount)
    .where(
        EventRow.viewer_id == bindparam("viewer"),
        EventRow.channel_id == bindparam("channel"),
        EventRow.kind == Kind.TIMEOUT.value,
    )
    .order_by(EventRow.at_ms.desc(), EventRow.id.desc())
    .limit(1)
)
_SPOKE_AFTER = Prepared(
    select(EventRow.id)
    .where(
        EventRow.viewer_id == bindparam("viewer"),
        EventRow.channel_id == bindparam("channel"),
        EventRow.kind == Kind.CHAT.value,
        EventRow.at_ms > bindparam("at"),
        NOT_SHARED,
    )
    .limit(1)
)
