"""Gifts: one row for each gift, streak or heap of subs, however many events tell of it, how often, to which process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.events import Event, Kind, source_key
from core.statements import BulkStatement, Prepared, among
from ingest.placed import Placed
from models import EventStatus, Gift
from rules.earnings import PLAN_NAMES, plan_of
from rules.gifts import Streak, begins_anew, grow

KINDS = frozenset({Kind.GIFT, Kind.SUBGIFT})
NAME_LENGTH = 128  # the column's; PostgreSQL refuses more


@dataclass(slots=True)
class _Row:
    """A row of ``gifts``: read (``id``), or to be made."""

    first: Placed
    key: int | None
    streak: Streak
    id: int | None = None
    quantity: int = 0
    coins: int = 0
    last_at_ms: int = 0


@dataclass(slots=True)
class _Book:
    """The newest row of every streak in the batch, and all rows that it makes or changes."""

    newest: dict[int, _Row] = field(default_factory=dict)
    touched: dict[int, _Row] = field(default_factory=dict)  # by identity: comparing gifts costs more than they do

    def touch(self, row: _Row) -> None:
        self.touched[id(row)] = row


def record(connection: Connection, placed: Sequence[Placed]) -> list[Placed]:
    """Writes the batch's gifts; answers the batch with each tick as the gifts it adds, none where it adds none."""
    if not any(item.event.kind in KINDS for item in placed):
        return list(placed)
    book = _Book()
    keys = {key for item in placed if (key := _key(item)) is not None}
    for row in _NEWEST(connection, keys=list(keys)) if keys else ():
        streak = Streak(row.counted, bool(row.ended))
        known = _Row(placed[0], row.streak_key, streak, row.id, last_at_ms=row.last_at_ms)
        book.newest[row.streak_key] = known
    found = [_take(item, book) if item.event.kind in KINDS else item for item in placed]
    _INSERT.run(connection, [_inserted(row) for row in book.touched.values() if row.id is None])
    _GROW.run(
        connection,
        [
            (row.id, row.quantity, row.coins, row.streak.counted, row.streak.ended, row.last_at_ms)
            for row in book.touched.values()
            if row.id is not None
        ],
    )
    return found


def quantity_of(event: Event) -> int:
    return int(event.extra.get("quantity", 1))


def _key(item: Placed) -> int | None:
    """What makes several events one gift: channel, giver, gift, and the platform's name for the streak or heap."""
    event, extra = item.event, item.event.extra
    whose = f"{item.channel_id}/{item.viewer_id}"
    if event.kind is Kind.SUBGIFT:
        return source_key(f"{whose}/{plan_of(event)}/{extra['origin']}") if extra.get("origin") else None
    if event.kind is not Kind.GIFT or not extra.get("streak"):
        return None
    return source_key(f"{whose}/{extra.get('gift_id')}/{extra['streak']}")


def _take(item: Placed, book: _Book) -> Placed:
    if item.event.kind is Kind.SUBGIFT:
        _take_sub(item, book)
        return item
    event, key = item.event, _key(item)
    told = quantity_of(event)
    if key is None:
        streak = Streak(told, ended=True)
        book.touch(_Row(item, None, streak, quantity=told, coins=event.amount, last_at_ms=event.at_ms))
        return item
    # A row that is read back from the database holds what it added; what was told stands beside it.
    count = int(event.extra.get("count", told))
    found = book.newest.get(key)
    if found is None or begins_anew(found.streak, str(event.extra["streak"]), count):
        found = book.newest[key] = _Row(item, key, Streak())
    book.touch(found)
    added = grow(found.streak, count, ended=bool(event.extra.get("ended")))
    coins = added * _price(event, told)
    found.quantity += added
    found.coins += coins
    found.last_at_ms = max(found.last_at_ms, event.at_ms)
    extra = {**event.extra, "quantity": added, "count": count}
    status = item.status if added else EventStatus.SILENT
    return replace(item, event=replace(event, amount=coins, extra=extra), status=status)


def _take_sub(item: Placed, book: _Book) -> None:
    """Each is told by an event of its own, also those of a heap."""
    key, at_ms = _key(item), item.event.at_ms
    found = None if key is None else book.newest.get(key)
    if found is None:
        found = _Row(item, key, Streak(ended=True))
        if key is not None:
            book.newest[key] = found
    book.touch(found)
    found.streak.counted += 1
    found.quantity += 1
    found.last_at_ms = max(found.last_at_ms, at_ms)


def _price(event: Event, told: int) -> int:
    """Coins for one."""
    diamonds = event.extra.get("diamonds")
    if diamonds is not None:
        return int(diamonds)
    return event.amount // told if told else 0


def _what(event: Event) -> tuple[int, str, int]:
    """What one of it is: ``gift_id``, of a sub its tier; name, and price in coins."""
    if event.kind is Kind.SUBGIFT:
        plan = plan_of(event)
        return int(plan) if plan.isdecimal() else 0, f"{PLAN_NAMES[plan]} sub", 0
    extra = event.extra
    name = str(extra.get("name", ""))[:NAME_LENGTH]
    return int(extra.get("gift_id") or 0), name, _price(event, quantity_of(event))


def _inserted(row: _Row) -> tuple[Any, ...]:
    item = row.first
    return (
        item.channel_id,
        item.stream_id,
        item.viewer_id,
        *_what(item.event),
        row.quantity,
        row.coins,
        row.key,
        row.streak.counted,
        row.streak.ended,
        item.event.at_ms,
        row.last_at_ms,
    )


_NEWEST = Prepared(
    select(Gift.id, Gift.streak_key, Gift.counted, Gift.ended, Gift.last_at_ms)
    .where(among(Gift.streak_key, "keys"))
    .order_by(Gift.streak_key, Gift.id)
)
_INSERT = BulkStatement(
    lambda insert: insert(Gift),
    (
        "channel_id",
        "stream_id",
        "viewer_id",
        "gift_id",
        "name",
        "diamonds",
        "quantity",
        "coins",
        "streak_key",
        "counted",
        "ended",
        "started_at_ms",
        "last_at_ms",
    ),
)
_GROW = BulkStatement(
    lambda _insert: (
        update(Gift)
        .where(Gift.id == bindparam("id_"))
        .values(
            quantity=Gift.quantity + bindparam("add_quantity"),
            coins=Gift.coins + bindparam("add_coins"),
            counted=bindparam("counted_"),
            ended=bindparam("ended_"),
            last_at_ms=bindparam("last_at"),
        )
    ),
    ("id_", "add_quantity", "add_coins", "counted_", "ended_", "last_at"),
)
