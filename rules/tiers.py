"""VIP tiers: which one a person's totals reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tier:
    """All three thresholds must be reached."""

    name: str
    coins: int
    watch_hours: int
    visits: int


DEFAULT_TIERS = (
    Tier("Bronze", 1_000, 5, 10),
    Tier("Silver", 5_000, 20, 25),
    Tier("Gold", 20_000, 50, 50),
    Tier("Platinum", 100_000, 200, 100),
)


def tier_for(coins: int, watch_seconds: int, visits: int, tiers: Sequence[Tier] = DEFAULT_TIERS) -> Tier | None:
    """The highest of ``tiers`` (lowest first) that is reached, or None."""
    reached = [
        tier
        for tier in tiers
        if coins >= tier.coins and watch_seconds >= tier.watch_hours * 3600 and visits >= tier.visits
    ]
    return reached[-1] if reached else None
