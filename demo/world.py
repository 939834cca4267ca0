"""The demo's world: one streamer, two channels, several hundred people, and every stream they share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from core.events import Event, Platform
from demo.broadcast import broadcast
from demo.cast import Cast, Persona
from demo.phrases import Phrases
from demo.schedule import Plan, live_plan, past_plans

CHANNELS: Mapping[Platform, str] = MappingProxyType({Platform.TWITCH: "lena_plays", Platform.TIKTOK: "lena"})


class World:
    """Everything follows from ``seed``: two worlds with the same one are the same world."""

    def __init__(self, seed: int = 7) -> None:
        self.seed = seed
        self.channels = CHANNELS
        self.cast = Cast(seed)
        self._phrases = Phrases(seed)

    @property
    def personas(self) -> tuple[Persona, ...]:
        """Everybody the channels know: hosts, those who talk and those who only watch."""
        circles = (self.cast.twitch, self.cast.tiktok)
        return tuple(p for circle in circles for p in (circle.host, *circle.talkers, *circle.lurkers))

    def past_plans(self, *, now_ms: int, days: int, zone: ZoneInfo) -> list[Plan]:
        """The streams of the last ``days`` in ``zone``'s evenings; the last is the one running at ``now_ms``."""
        return past_plans(self.seed, now_ms=now_ms, days=days, zone=zone)

    def broadcast(
        self, plan: Plan, *, strangers: set[str] | None = None, until_ms: float = math.inf
    ) -> Iterator[Event]:
        """What happens in one stream, in time order. ``strangers``: whose next message is their first ever."""
        known = set() if strangers is None else strangers
        return broadcast(self.cast, self._phrases, plan, self.channels, known, until_ms)

    def live(self, start_ms: int, *, rate: float = 1.0) -> Iterator[Event]:
        """How the running stream goes on from ``start_ms``, for ever; ``rate`` multiplies how much happens."""
        return self.broadcast(live_plan(start_ms, rate=rate))
