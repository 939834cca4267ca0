"""VIP tiers: which one a person's totals reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tier:
    """All three thresholds must be reached. ``rank`` orders tiers, the lowest first; ``id`` is its row."""

    name: str
    coins: int
    watch_hours: int
    visits: int
    id: int = 0
    rank: int = 0
    color: str = ""
    benefits: tuple[str, ...] = ()


DEFAULT_TIERS = (
    Tier("Bronze", 1_000, 5, 10, rank=1, color="#CD7F32"),
    Tier("Silver", 5_000, 20, 25, rank=2, color="#C0C0C0"),
    Tier("Gold", 20_000, 50, 50, rank=3, color="#FFD700"),
    Tier("Platinum", 100_000, 200, 100, rank=4, color="#E5E4E2"),
)


def tier_for(coins: int, watch_seconds: int, visits: int, tiers: Sequence[Tier] = DEFAULT_TIERS) -> Tier | None:
    """The highest-ranked of ``tiers`` that is reached, or None."""
    reached = [
        tier
        for tier in tiers
        if coins >= tier.coins and watch_seconds >= tier.watch_hours * 3600 and visits >= tier.visits
    ]
    return max(reached, key=lambda tier: tier.rank, default=None)
