"""A month of streams that might have been: every event of the past, in time order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from zoneinfo import ZoneInfo

from core.events import Event
from demo.world import World


def history(world: World, *, now_ms: int, days: int, zone: ZoneInfo) -> Iterator[Event]:
    """All events of the last ``days`` up to ``now_ms``, the running stream's included.

    The same world, instant, zone and days give the same events. Raises ValueError when ``days`` is negative.
    """
    plans = world.past_plans(now_ms=now_ms, days=days, zone=zone)
    strangers = {persona.person.user_id for persona in world.personas if persona.arrives > 0}
    return chain.from_iterable(world.broadcast(plan, strangers=strangers, until_ms=now_ms) for plan in plans)
