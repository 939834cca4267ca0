"""The shop's events: each written once, with everything that is told of them, in the caller's transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from core.clock import HOUR_MS, MINUTE_MS
from core.events import source_key
from core.money import micros_of_minor
from core.statements import BulkStatement, Prepared, adding, among
from core.tracked import Tracked
from ingest import ledger, store_anomalies, store_snapshots, visitors
from ingest.ledger import Entry
from ingest.policy import Policy
from ingest.store_users import Shoppers
from models import StoreEvent, StoreEventKey, StoreHour, StoreMinute, StoreTotal
from models import StoreReach as Reach
from rules.earnings import Source
from rules.funnel import Step
from rules.reach import Measure, buckets_of


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an event. ``is_new``: it was not known before."""

    event_id: str
    is_new: bool


def record(connection: Connection, events: Sequence[Tracked], now_ms: int, policy: Policy | None = None) -> list[Taken]:
    """Writes what of ``events`` is new; answers one thing each, in their order."""
    keys = [event_key(event.event_id) for event in events]
    known = set(_KNOWN(connection, keys=keys).scalars())
    fresh: dict[int, Tracked] = {}
    taken = []
    for key, event in zip(keys, events, strict=True):
        is_new = key not in known and key not in fresh
        if is_new:
            fresh[key] = event
        taken.append(Taken(event.event_id, is_new))
    if fresh:
        _write(connection, fresh, now_ms, policy or Policy())
    return taken


def event_key(event_id: str) -> int:
    key = source_key(event_id)
    assert key is not None
    return key


def entry_of(event: Tracked) -> Entry | None:
    """What an event earned; None: nothing."""
    if event.step != Step.PURCHASE or not event.amount_minor or event.currency is None or event.is_bot:
        return None
    return Entry(
        source=Source.SHOP.value,
        at_ms=event.at_ms,
        currency=event.currency,
        amount_micros=micros_of_minor(event.amount_minor, event.currency),
        cause=f"shop/{event.event_id}",
        label=_bought(event.data),
    )


def _bought(data: Mapping[str, Any]) -> str:
    """What the shop says it sold: ``product``, or ``products``."""
    products = data.get("products")
    names = products if isinstance(products, list) else [data.get("product")]
    return ", ".join(name for name in names if isinstance(name, str))


def _write(connection: Connection, fresh: dict[int, Tracked], now_ms: int, policy: Policy) -> None:
    counted = [event for event in fresh.values() if not event.is_bot]
    store_snapshots.catch_up(connection, now_ms)
    shoppers = Shoppers(connection, {event.user_id for event in fresh.values() if event.user_id})
    after = _newest_id(connection)
    _INSERT.run(connection, [_row(event, shoppers, now_ms) for event in fresh.values()])
    rows = _INSERTED(connection, after=after).all()
    row_of = {row.event_id: row.id for row in rows}
    _INSERT_KEYS.run(connection, [(key,) for key in fresh])
    add_reach(connection, shoppers.take(connection, counted))
    add_minutes(connection, counted)
    ledger.book(connection, [entry for event in counted if (entry := entry_of(event))], policy.zone, now_ms)
    visitors.count(connection, counted, policy.zone, now_ms)
    store_anomalies.look(connection, counted, row_of, shoppers, now_ms)


def add_reach(connection: Connection, moved: Counter[tuple[Measure, int]]) -> None:
    """``moved``: by (measure, time) how many people reached it last then; negative: no longer."""
    buckets: Counter[tuple[Measure, int, int]] = Counter()
    for (measure, at_ms), people in moved.items():
        if not people:
            continue  # they were there before
        for span, bucket in buckets_of(at_ms):
            buckets[measure, span, bucket] += people
    rows = [(measure.value, span, bucket, people) for (measure, span, bucket), people in sorted(buckets.items())]
    _ADD_REACH.run(connection, [row for row in rows if row[-1]])


def add_minutes(connection: Connection, events: Sequence[Tracked]) -> None:
    minutes: Counter[tuple[int, int]] = Counter()
    hours: Counter[tuple[int, int]] = Counter()
    for event in events:
        minutes[event.at_ms // MINUTE_MS, event.step] += 1
        hours[event.at_ms // HOUR_MS, event.step] += 1
    _ADD_MINUTES.run(connection, [(*key, count) for key, count in minutes.items()])
    _ADD_HOURS.run(connection, [(*key, count) for key, count in hours.items()])
    _ADD_TOTALS.run(connection, list(Counter(event.step for event in events).items()))


def _newest_id(connection: Connection) -> int:
    return int(_NEWEST_ID(connection).scalar() or 0)


def _row(event: Tracked, shoppers: Shoppers, now_ms: int) -> tuple[Any, ...]:
    return (
        event.event_id,
        event.step,
        event.at_ms,
        now_ms,
        shoppers.row_of(event.user_id),
        event.amount_minor,
        event.currency,
        event.is_bot,
        event.is_simulated,
        json.dumps(dict(event.data), ensure_ascii=False, separators=(",", ":")) if event.data else None,
    )


_KNOWN = Prepared(select(StoreEventKey.event_key).where(among(StoreEventKey.event_key, "keys")))
_NEWEST_ID = Prepared(select(StoreEvent.id).order_by(StoreEvent.id.desc()).limit(1))
_INSERTED = Prepared(select(StoreEvent.id, StoreEvent.event_id).where(StoreEvent.id > bindparam("after")))
_INSERT = BulkStatement(
    lambda insert: insert(StoreEvent),
    (
        "event_id",
        "step",
        "at_ms",
        "received_at_ms",
        "user_row",
        "amount_minor",
        "currency",
        "is_bot",
        "is_simulated",
        "data",
    ),
)
_INSERT_KEYS = BulkStatement(lambda insert: insert(StoreEventKey), ("event_key",))
_ADD_REACH = adding(Reach, ["measure", "span", "bucket"], ["users"])
_ADD_MINUTES = adding(StoreMinute, ["minute", "step"], ["events"])
_ADD_TOTALS = adding(StoreTotal, ["step"], ["events"])
_ADD_HOURS = adding(StoreHour, ["hour", "step"], ["events"])
