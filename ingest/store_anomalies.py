"""Anomalies in the shop, looked for as events are written: in traffic, in what is paid, in how busy one person is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from core.money import minor_digits
from core.statements import BulkStatement, Prepared, among
from core.tracked import Tracked
from ingest import preferences, webhooks
from ingest.store_users import Shoppers
from ingest.store_usual import (
    PURCHASE_HOURS,
    TRAFFIC,
    USER_HOURS,
    USERS,
    WINDOW_MINUTES,
    WINDOWS_AN_HOUR,
    Samples,
    events_in,
    purchases_in,
    so_far,
    windows_before,
)
from models import StoreAnomaly
from rules.anomalies import AnomalyState, AnomalyType, Finding, Moments, Severity, Thresholds, judge
from rules.funnel import Step

PURCHASE_NEWS_MS = DAY_MS  # a purchase reported later than that is no news; it counts for what is usual
OVER_MS = {AnomalyType.TRAFFIC_SPIKE: 2 * WINDOW_MINUTES * MINUTE_MS, AnomalyType.HYPERACTIVE_USER: HOUR_MS}


@dataclass(frozen=True, slots=True)
class Unusual:
    """A finding with what it is about. ``occasion`` makes it one: told again it is the same, grown perhaps."""

    type: AnomalyType
    occasion: str
    finding: Finding
    message: str
    baseline: Mapping[str, Any]
    user_row: int | None = None
    event_row: int | None = None


def look(
    connection: Connection,
    events: Sequence[Tracked],
    row_of: Mapping[str, int],
    shoppers: Shoppers,
    now_ms: int,
    *,
    tells: bool = True,
) -> None:
    """Looks for what is unusual in ``events``, which are written already, and adds them to what is usual.

    Not ``tells``: adds only, as a rebuild does.
    """
    if not events:
        return
    limits = preferences.thresholds(connection)
    samples = Samples()
    found = [
        *_purchases(connection, events, row_of, shoppers, limits, samples, now_ms),
        *_traffic(connection, events, limits, samples, now_ms),
        *_users(connection, events, shoppers, limits, samples, now_ms),
    ]
    samples.write(connection)
    if tells:
        _write(connection, found, now_ms)


def resolve_past(connection: Connection, now_ms: int) -> None:
    """What is over resolves itself: a spike whose window has passed, somebody who has calmed down."""
    for kind, after_ms in OVER_MS.items():
        connection.execute(
            update(StoreAnomaly)
            .where(
                StoreAnomaly.detected_at_ms >= now_ms - 48 * HOUR_MS,  # by its index; older ones were resolved then
                StoreAnomaly.type == kind.value,
                StoreAnomaly.state != AnomalyState.RESOLVED.value,
                StoreAnomaly.changed_at_ms < now_ms - after_ms,
            )
            .values(state=AnomalyState.RESOLVED.value, changed_at_ms=now_ms)
        )


def _purchases(
    connection: Connection,
    events: Sequence[Tracked],
    row_of: Mapping[str, int],
    shoppers: Shoppers,
    limits: Thresholds,
    samples: Samples,
    now_ms: int,
) -> Iterator[Unusual]:
    """Each purchase against those before it, in its own currency."""
    usual: dict[tuple[str, int], Moments] = {}
    for event in events:
        if event.step != Step.PURCHASE or event.amount_minor is None or not event.currency:
            continue
        measure, hour = purchases_in(event.currency), event.at_ms // HOUR_MS
        if (measure, hour) not in usual:
            usual[measure, hour] = so_far(connection, samples, measure, hour - PURCHASE_HOURS, hour)
        digits = minor_digits(event.currency)
        value, before = event.amount_minor / 10**digits, usual[measure, hour]
        finding = judge(value, before, limits.purchases(before.mean), both_sides=True)
        if finding and event.at_ms > now_ms - PURCHASE_NEWS_MS:
            side = "high" if finding.is_high else "low"
            yield Unusual(
                AnomalyType.UNUSUAL_PURCHASE,
                f"purchase:{event.event_id}",
                finding,
                f"Unusually {side} purchase: {value:.{digits}f} {event.currency}, usual is {before.mean:.{digits}f}",
                {
                    **_told(before, finding, f"purchases in {event.currency} of 30 days before"),
                    "currency": event.currency,
                },
                user_row=shoppers.row_of(event.user_id),
                event_row=row_of.get(event.event_id),
            )
        for of, until in usual:
            if of == measure and until - PURCHASE_HOURS <= hour <= until:
                usual[of, until] += Moments(1, value, value * value)
        samples.add(measure, hour, 1, value, value * value)


def _traffic(
    connection: Connection, events: Sequence[Tracked], limits: Thresholds, samples: Samples, now_ms: int
) -> Iterator[Unusual]:
    """The running window and the latest complete one against those before them."""
    added = Counter(event.at_ms // MINUTE_MS // WINDOW_MINUTES for event in events)
    running = now_ms // MINUTE_MS // WINDOW_MINUTES
    for window, more in sorted(added.items()):
        value = events_in(connection, window)
        if running - 1 <= window <= running:
            before = windows_before(connection, window, samples)
            finding = judge(value, before, limits.traffic())
            if finding:
                yield Unusual(
                    AnomalyType.TRAFFIC_SPIKE,
                    f"traffic:{window}",
                    finding,
                    f"Traffic spike: {value} events in 5 minutes, usual are {before.mean:.1f}",
                    _told(before, finding, "5-minute windows of 24 hours before"),
                )
        samples.add(TRAFFIC, window // WINDOWS_AN_HOUR, 0, more, value**2 - (value - more) ** 2)


def _users(
    connection: Connection,
    events: Sequence[Tracked],
    shoppers: Shoppers,
    limits: Thresholds,
    samples: Samples,
    now_ms: int,
) -> Iterator[Unusual]:
    """How busy each person is in this hour or was in the last, against everybody's hours of a day."""
    for hour, more in shoppers.busyness.items():
        samples.add(USERS, hour, more.people, more.events, more.squares)
    usual: dict[int, Moments] = {}
    for user_id in dict.fromkeys(event.user_id for event in events if event.user_id):
        shopper = shoppers.by_user_id[user_id]
        hour, value = shopper.busy_hour, shopper.busy_events
        if value < limits.user_change or hour < now_ms // HOUR_MS - 1:
            continue  # it cannot be that far off, or is no news
        if hour not in usual:
            usual[hour] = so_far(connection, samples, USERS, hour - USER_HOURS, hour)
        others = usual[hour].without(value)
        finding = judge(value, others, limits.users())
        if finding:
            yield Unusual(
                AnomalyType.HYPERACTIVE_USER,
                f"user:{shopper.id}:{hour}",
                finding,
                f"Hyperactive user: {value} events in an hour, usual are {others.mean:.1f}",
                _told(others, finding, "hours of all users of a day before"),
                user_row=shopper.id,
            )


def _told(baseline: Moments, finding: Finding, period: str) -> dict[str, Any]:
    """What a finding was measured by, for people."""
    return {
        "mean": round(baseline.mean, 2),
        "sigma": round(baseline.sigma, 2),
        "samples": baseline.count,
        "score": None if finding.score is None else round(finding.score, 2),
        "period": period,
    }


def _write(connection: Connection, found: Sequence[Unusual], now_ms: int) -> None:
    """Writes what is new; what is known may have grown: then it is as grave as it ever was."""
    if not found:
        return
    latest = {one.occasion: one for one in found}
    known = {row.occasion: row for row in _KNOWN(connection, occasions=list(latest))}
    new = [one for occasion, one in latest.items() if occasion not in known]
    _INSERT.run(connection, [_row(one, now_ms) for one in new])
    _GROW.run(
        connection,
        [
            (known[occasion].id, _graver(one.finding.severity, known[occasion].severity), *_measured(one), now_ms)
            for occasion, one in latest.items()
            if occasion in known and abs(one.finding.value) > abs(known[occasion].value)
        ],
    )
    webhooks.announce(connection, [_announced(one, now_ms) for one in new], now_ms)


def _announced(one: Unusual, now_ms: int) -> dict[str, Any]:
    return {
        "type": one.type.value,
        "severity": one.finding.severity.value,
        "message": one.message,
        "current_value": one.finding.value,
        "expected_range": [round(one.finding.low, 2), round(one.finding.high, 2)],
        "baseline": dict(one.baseline),
        "detected_at_ms": now_ms,
    }


def _graver(one: str, other: str) -> str:
    order = [severity.value for severity in Severity]
    return max(one, other, key=order.index)


def _measured(one: Unusual) -> tuple[Any, ...]:
    finding = one.finding
    return one.message, finding.value, finding.low, finding.high, json.dumps(dict(one.baseline))


def _row(one: Unusual, now_ms: int) -> tuple[Any, ...]:
    return (
        one.occasion,
        one.type.value,
        one.finding.severity.value,
        *_measured(one),
        one.user_row,
        one.event_row,
        now_ms,
        now_ms,
    )


_KNOWN = Prepared(
    select(StoreAnomaly.id, StoreAnomaly.occasion, StoreAnomaly.value, StoreAnomaly.severity).where(
        among(StoreAnomaly.occasion, "occasions")
    )
)
_INSERT = BulkStatement(
    lambda insert: insert(StoreAnomaly),
    (
        "occasion",
        "type",
        "severity",
        "message",
        "value",
        "expected_low",
        "expected_high",
        "baseline",
        "user_row",
        "event_row",
        "detected_at_ms",
        "changed_at_ms",
    ),
)
_GROW = BulkStatement(
    lambda _insert: (
        update(StoreAnomaly)
        .where(StoreAnomaly.id == bindparam("id_"))
        .values(
            severity=bindparam("new_severity"),
            message=bindparam("new_message"),
            value=bindparam("new_value"),
            expected_low=bindparam("new_low"),
            expected_high=bindparam("new_high"),
            baseline=bindparam("new_baseline"),
            changed_at_ms=bindparam("now"),
        )
    ),
    ("id_", "new_severity", "new_message", "new_value", "new_low", "new_high", "new_baseline", "now"),
)
