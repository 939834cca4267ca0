"""When a value is unusual, by what others are."""

from __future__ import annotations

import pytest

from rules.anomalies import Limits, Moments, Severity, judge

TEN = [8.0, 9.0, 10.0, 11.0, 12.0] * 2  # mean 10, sigma 1.49
LIMITS = Limits(sigmas=2.0, samples=10, change=0.0)


@pytest.mark.parametrize(
    ("value", "severity"), [(12.9, None), (13.1, Severity.LOW), (14.6, Severity.MEDIUM), (16.1, Severity.HIGH)]
)
def test_the_further_away_the_graver(value, severity):
    finding = judge(value, Moments.of(TEN), LIMITS)
    assert (finding and finding.severity) == severity


def test_only_what_is_asked_for_on_both_sides_is_unusual_below():
    assert judge(1, Moments.of(TEN), LIMITS) is None
    below = judge(1, Moments.of(TEN), LIMITS, both_sides=True)
    assert below is not None and not below.is_high


def test_too_few_others_tell_nothing():
    assert judge(1_000, Moments.of(TEN[:9]), LIMITS) is None
    assert judge(1_000, Moments(), LIMITS) is None


def test_a_small_change_is_none_however_unlikely():
    assert judge(16, Moments.of(TEN), Limits(2.0, 10, change=7)) is None
    assert judge(18, Moments.of(TEN), Limits(2.0, 10, change=7)) is not None


@pytest.mark.parametrize("usual", [0.0, 19.99, 0.1, 1e9])
def test_where_all_others_are_equal_the_change_decides_alone(usual):
    """Rounding must not be taken for a deviation."""
    others = Moments()
    for _ in range(1_000):
        others += Moments(1, usual, usual * usual)
    assert others.sigma == 0
    finding = judge(usual + 30, others, Limits(2.0, 10, change=20))
    assert finding is not None and (finding.score, finding.severity) == (None, Severity.MEDIUM)
    assert judge(usual + 10, others, Limits(2.0, 10, change=20)) is None


def test_a_point_can_be_taken_out_of_the_sample_it_is_measured_by():
    without = Moments.of([*TEN, 500.0]).without(500.0)
    assert (without.count, without.mean) == (10, 10)
    assert without.sigma == pytest.approx(Moments.of(TEN).sigma)
