"""Money: exact inside, rounded once, half to even, to the currency's own minor unit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Rates


def rates(currency: str = "USD", coin: str = "0.005", bit: str = "0.01") -> Rates:
    return Rates(currency, Decimal(coin), Decimal(bit))


@pytest.mark.parametrize(
    ("coins", "expected"), [(1, 0.0), (2, 0.01), (3, 0.02), (5, 0.02), (7, 0.04), (1_000, 5.0), (0, 0.0)]
)
def test_half_a_cent_is_rounded_to_the_even_cent(coins: int, expected: float) -> None:
    assert rates().earned(coins, 0)["gifts"] == expected


def test_the_yen_has_no_smaller_unit_and_the_dinar_a_thousandth() -> None:
    assert rates("JPY", coin="0.5").earned(5, 0)["amount"] == 2.0
    assert rates("JPY", coin="0.5").earned(7, 0)["amount"] == 4.0
    assert rates("KWD", coin="0.0005").earned(3, 0)["amount"] == 0.002


def test_the_sum_is_rounded_once_and_at_the_end() -> None:
    earned = rates(coin="0.004", bit="0.004").earned(1, 1)
    assert earned == {"amount": 0.01, "currency": "USD", "gifts": 0.0, "bits": 0.0}


def test_amounts_no_float_can_count_are_right_to_the_cent() -> None:
    assert rates(coin="0.01").earned(123_456_789_012_345, 0)["amount"] == 1_234_567_890_123.45


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_the_whole_differs_from_its_rounded_parts_by_a_cent_at_most(coins: int, bits: int) -> None:
    earned = rates(coin="0.0037", bit="0.0041").earned(coins, bits)
    whole, gifts, cheers = (Decimal(str(earned[key])) for key in ("amount", "gifts", "bits"))
    assert abs(whole - gifts - cheers) <= Decimal("0.01")
