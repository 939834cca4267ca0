"""Made-up shop events on demand: journeys and anomalies, through the very path that a shop's own reports take."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from actions.installation import CONTENT, DEMO, REAL, content_of, has_real_shop
from actions.track import Tracker
from core.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from core.db import Database
from core.money import minor_digits
from core.statements import Prepared
from demo.shop import Act, Shop
from demo.shop_products import PRODUCTS
from ingest import preferences
from ingest.store_usual import (
    PURCHASE_HOURS,
    USER_HOURS,
    USERS,
    WINDOW_MINUTES,
    Samples,
    purchases_in,
    so_far,
    windows_before,
)
from models import Installation, StoreAnomaly
from rules.anomalies import AnomalyState, Limits, Moments, Thresholds

USERS_UNLESS_TOLD, MOST_USERS = 40, 500
SPREAD_MS = 10 * MINUTE_MS  # over which journeys are spread
AT_ONCE = 250  # events in a commit: others who report are not kept waiting
WINDOW_MS = WINDOW_MINUTES * MINUTE_MS
SETTLED_MS = 2 * MINUTE_MS  # a window or an hour so young has no room for what shall happen in it
QUIET_HOURS, QUIET_PAUSE_SECONDS = 3, 75
MOST_IN_A_SPIKE, MOST_BY_ONE = 2_000, 1_000


class RealData(Exception):
    """There is real data: nothing is made up beside it unless that is wanted."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What a value must be off from to be an anomaly."""

    traffic: Moments
    purchases: Moments
    users: Moments
    limits: Thresholds

    @property
    def is_known(self) -> bool:
        limits = self.limits
        return (
            self.traffic.count > limits.traffic_windows
            and self.purchases.count > limits.purchase_samples
            and self.users.count > limits.user_samples
        )


@dataclass(frozen=True, slots=True)
class Found:
    """An anomaly that was seen in what was made."""

    type: str
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Made:
    """What was made. ``history_events``: those of quiet hours before, which ``events`` does not count."""

    events: int
    users: int
    event_types: dict[str, int]
    history_events: int = 0
    anomalies: tuple[Found, ...] = ()


def admit(database: Database, *, force: bool) -> None:
    """Raises RealData where real data is, unless ``force``. A database that holds nothing becomes one for demos."""
    with database.writing() as connection:
        content = content_of(connection)
        # Without a shop as well: what made-up visitors pay would stand beside real gifts and subs.
        is_real = content == REAL or (content is None and has_real_shop(connection))
        if is_real and not force:
            raise RealData(
                "this database holds real data: made-up events and what they earn would stay in its figures, and leave "
                "only together with all other events of the shop"
            )
        if content is None and not is_real:
            connection.execute(insert(Installation).values(key=CONTENT, value=DEMO))


def traffic(tracker: Tracker, *, users: int, currency: str, now_ms: int) -> Made:
    """``users`` people make journeys in the last minutes."""
    shop = _new_shop(currency, now_ms)
    acts = [act for _ in range(users) for act in _journey(shop, now_ms - SPREAD_MS, now_ms)]
    return _made(_track(tracker, shop, acts))


def anomalies(database: Database, tracker: Tracker, *, currency: str, now_ms: int) -> Made:
    """A traffic spike, a purchase far too low and one far too high, and somebody who does not stop clicking.

    Where too little is known to call anything unusual, quiet hours before are made up first.
    """
    shop = _new_shop(currency, now_ms)
    history: list[Act] = []
    with database.reading() as connection:
        usual = _usual(connection, currency, now_ms)
    if not usual.is_known:
        history = _track(tracker, shop, _quiet_hours(shop, now_ms))
        with database.reading() as connection:
            usual = _usual(connection, currency, now_ms)
    acts = [*_odd_purchases(shop, usual, now_ms), *_restless(shop, usual, now_ms), *_spike(shop, usual, now_ms)]
    tracked = _track(tracker, shop, acts)
    with database.reading() as connection:
        found = tuple(Found(*row) for row in _FOUND(connection, since=now_ms, hours_ago=now_ms - 2 * HOUR_MS))
    return _made(tracked, len(history), found)


def _new_shop(currency: str, now_ms: int) -> Shop:
    return Shop(random.randrange(2**32), now_ms, currency)


def _made(acts: Sequence[Act], history_events: int = 0, found: tuple[Found, ...] = ()) -> Made:
    people = {act.user_id for act in acts}
    return Made(len(acts), len(people), dict(Counter(act.event_type for act in acts)), history_events, found)


def _track(tracker: Tracker, shop: Shop, acts: Sequence[Act]) -> list[Act]:
    """Reports ``acts`` in the order of their times."""
    named = shop.named(acts)
    for start in range(0, len(named), AT_ONCE):
        outcomes = tracker.track([act.item() for act in named[start : start + AT_ONCE]], simulated=True)
        assert all(outcome.fault is None for outcome in outcomes)
    return named


def _journey(shop: Shop, start_ms: int, end_ms: int) -> list[Act]:
    """One by somebody new, which begins and ends between the two times."""
    acts = shop.visit(0, shop.newcomer())
    lasts_ms = acts[-1].at_ms
    # Who takes longer than there is time hurries.
    hurry = min(1.0, (end_ms - start_ms) / (lasts_ms + 1))
    begins_ms = start_ms + int(shop.rng.random() * (end_ms - start_ms - lasts_ms * hurry))
    return [act.at(begins_ms + int(act.at_ms * hurry)) for act in acts]


def _quiet_hours(shop: Shop, now_ms: int) -> list[Act]:
    """A few visits in every window, up to the one before the last, and some of everything else."""
    end_ms = now_ms - 2 * WINDOW_MS
    acts = []
    at_ms = end_ms - QUIET_HOURS * HOUR_MS
    while at_ms < end_ms - WINDOW_MS:
        acts += _journey(shop, at_ms, at_ms + WINDOW_MS)
        at_ms += QUIET_PAUSE_SECONDS * SECOND_MS
    for product in (*PRODUCTS, *PRODUCTS):
        at_ms = shop.rng.randrange(end_ms - QUIET_HOURS * HOUR_MS, end_ms - WINDOW_MS)
        acts += shop.order(at_ms, product)
    return acts


def _odd_purchases(shop: Shop, usual: Usual, now_ms: int) -> list[Act]:
    """The low one first: the high one makes whatever follows it less odd."""
    low = 10 ** -minor_digits(shop.currency)
    high = _beyond(usual.purchases, usual.limits.purchases(usual.purchases.mean))
    lasts_ms = 4 * MINUTE_MS
    acts = []
    for at_ms, amount in ((now_ms - 2 * lasts_ms, low), (now_ms - lasts_ms, round(high, 2))):
        acts += shop.order(at_ms, shop.rng.choice(PRODUCTS), amount, last_ms=at_ms + lasts_ms)
    return acts


def _restless(shop: Shop, usual: Usual, now_ms: int) -> list[Act]:
    """Everything by one person, within one hour of the clock."""
    start_ms, end_ms = _within(HOUR_MS, now_ms)
    number = min(MOST_BY_ONE, int(_beyond(usual.users, usual.limits.users())))
    return shop.restless(start_ms, end_ms, number)


def _spike(shop: Shop, usual: Usual, now_ms: int) -> list[Act]:
    """Many people at once, within one window."""
    start_ms, end_ms = _within(WINDOW_MS, now_ms)
    number = min(MOST_IN_A_SPIKE, int(_beyond(usual.traffic, usual.limits.traffic())))
    acts: list[Act] = []
    while len(acts) < number:
        acts += _journey(shop, start_ms, end_ms)
    return acts


def _within(length_ms: int, now_ms: int) -> tuple[int, int]:
    """The running window up to now, or the one before it where this has hardly begun; at most five minutes of it."""
    start_ms = now_ms // length_ms * length_ms
    end_ms = now_ms
    if now_ms - start_ms < SETTLED_MS:
        start_ms, end_ms = start_ms - length_ms, start_ms - 1
    return max(start_ms, end_ms - WINDOW_MS), end_ms


def _beyond(usual: Moments, limits: Limits) -> float:
    """A value that is clearly too high."""
    return usual.mean + max(2 * limits.change, 2.2 * limits.sigmas * usual.sigma) + 10


def _usual(connection: Connection, currency: str, now_ms: int) -> Usual:
    """As it is known when the next event is stored."""
    hour, nothing_yet = now_ms // HOUR_MS, Samples()
    return Usual(
        traffic=windows_before(connection, now_ms // WINDOW_MS, nothing_yet),
        purchases=so_far(connection, nothing_yet, purchases_in(currency), hour - PURCHASE_HOURS, hour),
        users=so_far(connection, nothing_yet, USERS, hour - USER_HOURS, hour),
        limits=preferences.thresholds(connection),
    )


_FOUND = Prepared(
    select(StoreAnomaly.type, StoreAnomaly.severity, StoreAnomaly.message)
    .where(StoreAnomaly.detected_at_ms >= bindparam("hours_ago"), StoreAnomaly.changed_at_ms >= bindparam("since"))
    .where(StoreAnomaly.state != AnomalyState.RESOLVED.value)
    .order_by(StoreAnomaly.id)
)
