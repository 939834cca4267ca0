"""VIP tiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.tiers import DEFAULT_TIERS, tier_for

HOUR = 3600


@pytest.mark.parametrize(
    ("coins", "hours", "visits", "expected"),
    [
        (1_000, 5, 10, "Bronze"),
        (5_000, 20, 25, "Silver"),
        (20_000, 50, 50, "Gold"),
        (100_000, 200, 100, "Platinum"),
        (999, 5, 10, None),
        (1_000, 4.9999, 10, None),
        (1_000, 5, 9, None),
        (100_000, 200, 99, "Gold"),
        (10**9, 0, 10**9, None),
    ],
)
def test_a_tier_is_reached_when_all_three_of_its_thresholds_are(
    coins: int, hours: float, visits: int, expected: str | None
) -> None:
    tier = tier_for(coins, int(hours * HOUR), visits)
    assert (tier.name if tier else None) == expected


def test_without_tiers_nobody_reaches_one() -> None:
    assert tier_for(10**9, 10**9, 10**9, ()) is None


totals = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 1_000))


@given(totals, totals)
def test_nobody_loses_a_tier_by_doing_more(one: tuple[int, int, int], more: tuple[int, int, int]) -> None:
    def rank(sums: tuple[int, int, int]) -> int:
        tier = tier_for(*sums)
        return DEFAULT_TIERS.index(tier) if tier else -1

    assert rank(one) <= rank((one[0] + more[0], one[1] + more[1], one[2] + more[2]))
