"""Fills an empty database with the demo: its streams, its shop, its library, and what its team knows of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice

from sqlalchemy import Connection, delete, select

from actions import demo_library, installation, viewers
from core.clock import DAY_MS, HOUR_MS, MINUTE_MS, now_ms
from core.config import Settings
from core.db import Database, DatabaseUnusable, shown
from core.events import Event
from demo.history import history
from demo.library import library
from demo.profiles import Profile, profiles
from demo.shop import Act
from demo.shop_hours import past
from demo.world import World
from ingest import attendance, store_anomalies, vip
from ingest import store as shop
from ingest.batch import Memory, store
from ingest.policy import Policy
from models import Channel, Viewer, VipSource, WebhookDelivery
from rules.library_values import Setting
from rules.profiles import clean
from rules.tracking import checked

BATCH_EVENTS = 5_000
RUSH, RUSH_MS = 20, 5 * MINUTE_MS  # fewer events in so long are no spike in the shop, whatever came before
SHARP_MS = 8 * DAY_MS  # so far back each hour of the shop is judged on its own

Progress = Callable[[str], None]


def fill(database: Database, settings: Settings, *, days: int, seed: int, progress: Progress) -> int:
    """Writes ``days`` of simulated history; answers how many events and records, 0 when there was some already.

    Raises DatabaseUnusable where something real is recorded.
    """
    _claim(database)
    with database.reading() as connection:
        if connection.scalar(select(Channel.id).limit(1)) is not None:
            return 0
    world, ends_ms = World(seed), now_ms()
    events = history(world, now_ms=ends_ms, days=days, zone=settings.zone)
    acts = past(world, now_ms=ends_ms, days=days, zone=settings.zone, currency=settings.currency)
    with database.writing() as connection:  # an interrupted demo leaves nothing behind
        stored = _store_events(connection, events, Policy.of(settings), lambda done: progress(_told(days, done)))
        stored += _store_shop(connection, acts, Policy.of(settings), ends_ms, progress)
        members = library(seed, now_ms=ends_ms, currency=settings.currency)
        stored += demo_library.store(connection, members, Setting(settings.zone, settings.currency), now_ms=ends_ms)
        for profile in profiles(world, now_ms=ends_ms, zone=settings.zone):
            _note(connection, profile)
    return stored


def _claim(database: Database) -> None:
    reals = {"shop's events": installation.has_real_shop, "library": installation.has_library}
    with database.reading() as connection:
        if installation.content_of(connection) is None:
            for what, holds in reals.items():
                if holds(connection):
                    address = shown(database.url)
                    raise DatabaseUnusable(f"{address} holds a real {what}: the demo needs another database")
    installation.claim(database, installation.DEMO)


def _told(days: int, events: int) -> str:
    return f"writing {days} days of demo history: {events:,} events"


def _store_events(
    connection: Connection, events: Iterable[Event], policy: Policy, progress: Callable[[int], None]
) -> int:
    stored, memory, events = 0, Memory(), iter(events)
    while batch := list(islice(events, BATCH_EVENTS)):
        stored += store(connection, batch, memory, now_ms=now_ms(), policy=policy).stored
        progress(stored)
    attendance.heartbeat_all(connection, policy, now_ms())
    return stored


def _store_shop(connection: Connection, acts: Iterable[Act], policy: Policy, ends_ms: int, progress: Progress) -> int:
    """As if each had been reported when it happened, so that what is found unusual is what would have been."""
    stored, currency = 0, policy.rates.currency
    for group in _as_reported(acts, ends_ms):
        at_ms = group[-1].at_ms
        store_anomalies.resolve_past(connection, at_ms)
        tracked = [
            checked(act.item(), now_ms=at_ms, currency=currency, event_id=act.event_id, simulated=True) for act in group
        ]
        stored += len(shop.record(connection, tracked, at_ms, policy))
        progress(f"writing the demo's shop: {stored:,} events")
    store_anomalies.resolve_past(connection, ends_ms)
    connection.execute(delete(WebhookDelivery))  # nobody is to be told of what never was
    return stored


def _as_reported(acts: Iterable[Act], ends_ms: int) -> Iterator[list[Act]]:
    """In groups: small where a rush is to be noticed as it comes, large where there is none and nobody looks back."""
    quiet: list[Act] = []
    for _, hour in groupby(acts, key=lambda act: act.at_ms // HOUR_MS):
        group = list(hour)
        windows = Counter(act.at_ms // RUSH_MS for act in group)
        stretch = 1 if group[0].at_ms > ends_ms - SHARP_MS else 6
        is_busy = max(windows.values()) >= RUSH or group[0].at_ms > ends_ms - DAY_MS
        if quiet and (is_busy or group[-1].at_ms // HOUR_MS - quiet[0].at_ms // HOUR_MS >= stretch):
            yield quiet
            quiet = []
        if is_busy:
            yield from (list(part) for _, part in groupby(group, key=lambda act: act.at_ms // (2 * RUSH_MS)))
        else:
            quiet += group
    if quiet:
        yield quiet


def _note(connection: Connection, profile: Profile) -> None:
    """Writes what the demo's team knows of a person, with the trail that the page of viewers would leave."""
    of = (Viewer.platform == profile.platform.value, Viewer.platform_user_id == profile.user_id)
    row = connection.execute(select(Viewer.__table__).where(*of)).first()
    if row is None:
        return  # a short history does not meet everybody
    at_ms, editor = profile.edited_at_ms, profile.editor
    viewers.apply(connection, row, clean(profile.changes, viewers.day_of(now_ms())), editor=editor, now_ms=at_ms)
    if profile.vip:
        tiers = vip.tiers(connection)
        tier = viewers.find_tier(tiers, profile.vip)
        viewers.decide_vip(connection, row, tiers, tier, VipSource.SET, editor=editor, now_ms=at_ms)
