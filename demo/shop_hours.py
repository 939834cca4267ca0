"""When the demo's shop is busy, and when something unusual happens in it: its past, and how tonight goes on."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from core.events import Platform
from demo.schedule import RUNNING_FOR_MS, Plan, live_plan
from demo.shop import Act, Rate, Shop
from demo.world import World

FANS = 160
QUIET = 0.105  # visits a minute without a stream, on average
ON_STREAM, TONIGHT = 0.3, 0.65  # more of them while one is on, and while that of tonight is
AFTERWARDS_MS = HOUR_MS  # people still look around after it
# By hour of the day: how many come, against the average.
_HOURS = (6, 4, 2, 1, 1, 1, 3, 5, 8, 9, 10, 11, 13, 12, 11, 11, 12, 14, 16, 18, 20, 19, 15, 10)
_AVERAGE = sum(_HOURS) / 24
LIVE_PAUSE_MS = 17 * MINUTE_MS  # between two incidents of the live part, on average
_LIVE = ("bulk order", "drop", "price watcher", "wrong price", "drop")


def past(world: World, *, now_ms: int, days: int, zone: ZoneInfo, currency: str) -> Iterator[Act]:
    """All that happened in the shop in the last ``days`` up to ``now_ms``, in time order."""
    plans = world.past_plans(now_ms=now_ms, days=days, zone=zone)
    start_ms = now_ms - days * DAY_MS
    incidents = _past_incidents(world.seed, plans, start_ms, now_ms)
    shop = Shop(world.seed, start_ms, currency, fans(world))
    return shop.acts(start_ms, _rate(plans, zone), incidents, end_ms=now_ms)


def live(world: World, start_ms: int, *, zone: ZoneInfo, currency: str) -> Iterator[Act]:
    """How it goes on from ``start_ms`` while tonight's stream does, for ever."""
    shop = Shop(world.seed, start_ms, currency, fans(world))
    return shop.acts(start_ms, _rate([live_plan(start_ms)], zone), _live_incidents(world.seed, start_ms))


def fans(world: World) -> list[str]:
    """Those who talk most in her chats have an account in her shop."""
    return [
        persona.person.login
        for platform in Platform
        for persona in world.cast.circle(platform).talkers[: FANS // len(Platform)]
    ]


def _rate(plans: list[Plan], zone: ZoneInfo) -> Rate:
    starts = [plan.start_ms for plan in plans]

    def visits_a_minute(at_ms: int) -> float:
        hour = datetime.fromtimestamp(at_ms / 1000, zone).hour
        usual = QUIET * _HOURS[hour] / _AVERAGE
        number = bisect_right(starts, at_ms) - 1
        if number < 0:
            return usual
        plan = plans[number]
        if plan.end_ms is None:
            return usual + TONIGHT
        if at_ms < plan.end_ms:
            return usual + ON_STREAM * plan.crowd
        over = 1 - (at_ms - plan.end_ms) / AFTERWARDS_MS
        return usual + max(0.0, over) * ON_STREAM * plan.crowd / 2

    return visits_a_minute


def _past_incidents(seed: int, plans: list[Plan], start_ms: int, now_ms: int) -> list[tuple[int, str]]:
    """Now and then something unusual; each of its kinds within the last day."""
    rng = random.Random(f"incidents:{seed}")
    found = [
        (now_ms - 36 * MINUTE_MS, "drop"),
        (now_ms - 68 * MINUTE_MS, "bulk order"),
        (now_ms - 5 * HOUR_MS, "price watcher"),
        (now_ms - 11 * HOUR_MS, "wrong price"),
    ]
    shown = [plan for plan in plans if plan.end_ms and rng.random() < 0.35]
    found += [(rng.randrange(plan.start_ms + RUNNING_FOR_MS // 2, plan.end_ms or now_ms), "drop") for plan in shown]
    for day_ms in range(start_ms + DAY_MS, now_ms - DAY_MS, DAY_MS):
        if rng.random() < 0.3:
            what = rng.choice(("bulk order", "price watcher", "wrong price"))
            found.append((day_ms + rng.randrange(DAY_MS), what))
    return sorted(one for one in found if one[0] >= start_ms)


def _live_incidents(seed: int, start_ms: int) -> Iterator[tuple[int, str]]:
    rng = random.Random(f"incidents:{seed}:{start_ms}")
    at_ms = start_ms + 2 * MINUTE_MS
    while True:
        for what in _LIVE:
            yield at_ms, what
            at_ms += int(LIVE_PAUSE_MS * rng.uniform(0.6, 1.4))
