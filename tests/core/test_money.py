"""Money is exact as long as it is added up, and rounded once when it is told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import MICROS, micros, micros_of_minor, minor_digits, rounded


def test_a_coin_worth_half_a_cent_adds_up_without_drifting():
    assert rounded(sum(micros(Decimal("0.005")) for _ in range(1_001)), "USD") == 5.0  # 5.005: half goes to even
    assert rounded(1_003 * micros(Decimal("0.005")), "USD") == 5.02


@pytest.mark.parametrize(
    ("currency", "minor", "told"),
    [("USD", 1_999, 19.99), ("JPY", 5, 5.0), ("XPF", 5, 5.0), ("LYD", 1_234, 1.234), ("CLF", 12_345, 1.2345)],
)
def test_the_minor_unit_of_each_currency_is_known(currency, minor, told):
    assert rounded(micros_of_minor(minor, currency), currency) == told


def test_what_is_less_than_half_of_the_smallest_coin_is_told_as_nothing_and_never_as_minus_nothing():
    assert str(rounded(-4_000, "USD")) == "0.0"


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "JPY", "KWD"]))
def test_rounding_is_off_by_half_a_minor_unit_at_most(amount, currency):
    unit = MICROS // 10 ** minor_digits(currency)
    told = int(Decimal(str(rounded(amount, currency))) * MICROS)
    assert abs(told - amount) * 2 <= unit


@given(st.lists(st.decimals(0, 1_000, places=6), max_size=20))
def test_millionths_hold_every_worth_of_a_coin_exactly(values):
    assert Decimal(sum(map(micros, values))) == sum(values, Decimal(0)) * MICROS
