"""Loyalty points."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.loyalty import points

AMOUNTS = st.integers(0, 10**9)


def test_time_visits_coins_and_shares_earn_points() -> None:
    assert points(0, 0, 0, 0) == 0
    assert points(watch_minutes=90, visits=3, coins=250, shares=4) == 90 + 30 + 250 + 20


@given(minutes=AMOUNTS, visits=AMOUNTS, coins=AMOUNTS, shares=AMOUNTS)
def test_whatever_is_added_never_costs_points(minutes: int, visits: int, coins: int, shares: int) -> None:
    before = points(minutes, visits, coins, shares)
    assert points(minutes + 1, visits, coins, shares) == before + 1
    assert points(minutes, visits + 1, coins, shares) == before + 10
    assert points(minutes, visits, coins + 1, shares) == before + 1
    assert points(minutes, visits, coins, shares + 1) == before + 5
