"""Loyalty points: what a person's presence and generosity are worth."""

from __future__ import annotations

POINTS_A_VISIT = 10
POINTS_A_SHARE = 5


def points(watch_minutes: int, visits: int, coins: int, shares: int) -> int:
    """One a minute and one a coin, ten a visit, five a share. Comments and likes earn nothing: they can be spammed."""
    return watch_minutes + POINTS_A_VISIT * visits + coins + POINTS_A_SHARE * shares
