"""Anomalies: values further from what is usual than chance explains, each with its baseline and reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

ROUNDING = 1e-10


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AnomalyState(StrEnum):
    NEW = "new"
    SEEN = "seen"
    RESOLVED = "resolved"


class AnomalyType(StrEnum):
    TRAFFIC_SPIKE = "traffic_spike"
    UNUSUAL_PURCHASE = "unusual_purchase"
    HYPERACTIVE_USER = "hyperactive_user"


@dataclass(frozen=True, slots=True)
class Moments:
    """A sample as its number, sum and sum of squares, so that samples can be added and points taken out."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def without(self, value: float) -> Moments:
        """The same sample without one of its points: a point must not be part of what it is measured by."""
        return Moments(self.count - 1, self.total - value, self.squares - value * value)

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    @property
    def sigma(self) -> float:
        """The sample's standard deviation (n − 1), 0 for fewer than two points."""
        if self.count < 2:
            return 0.0
        spread = self.squares - self.total * self.total / self.count
        # Equal values may differ by what rounding leaves of their squares.
        return math.sqrt(spread / (self.count - 1)) if spread > ROUNDING * self.squares else 0.0

    @staticmethod
    def of(values: list[float]) -> Moments:
        return Moments(len(values), math.fsum(values), math.fsum(value * value for value in values))


@dataclass(frozen=True, slots=True)
class Limits:
    """When a value is unusual: ``sigmas`` from the mean, after ``samples`` others, and at least ``change`` away."""

    sigmas: float = 2.0
    samples: int = 10
    change: float = 0.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the owner may set. A change is how far off a value must be at least, whatever chance says of it."""

    sigmas: float = 2.0
    traffic_windows: int = 12  # 5-minute windows that must have been before: an hour
    traffic_change: float = 20.0  # events in 5 minutes
    purchase_samples: int = 10
    purchase_change_percent: float = 25.0  # of the usual amount
    user_samples: int = 10  # hours of people
    user_change: float = 20.0  # events in an hour

    def traffic(self) -> Limits:
        return Limits(self.sigmas, self.traffic_windows, self.traffic_change)

    def purchases(self, usual: float) -> Limits:
        return Limits(self.sigmas, self.purchase_samples, usual * self.purchase_change_percent / 100)

    def users(self) -> Limits:
        return Limits(self.sigmas, self.user_samples, self.user_change)


@dataclass(frozen=True, slots=True)
class Finding:
    """``score``: how many standard deviations from the mean (None: all others were equal, so there is none)."""

    value: float
    low: float
    high: float
    score: float | None
    severity: Severity
    is_high: bool


def judge(value: float, baseline: Moments, limits: Limits, *, both_sides: bool = False) -> Finding | None:
    """Whether ``value`` is unusual by ``baseline``, which must not hold it. None: it is not, or too little is known.

    Where all others were equal any other value is off by infinitely many sigmas: then ``limits.change`` decides alone.
    """
    if baseline.count < limits.samples:
        return None
    away = value - baseline.mean
    if (away <= 0 and not both_sides) or abs(away) < limits.change or away == 0:
        return None
    sigma = baseline.sigma
    score = abs(away) / sigma if sigma > 0 else None
    if score is not None and score <= limits.sigmas:
        return None
    low, high = baseline.mean - limits.sigmas * sigma, baseline.mean + limits.sigmas * sigma
    return Finding(value, max(0.0, low), high, score, severity_of(score, limits), away > 0)


def severity_of(score: float | None, limits: Limits) -> Severity:
    """Half as far again as the limit is medium, twice as far is high; who deviates from no deviation is medium."""
    if score is None:
        return Severity.MEDIUM
    if score >= 2 * limits.sigmas:
        return Severity.HIGH
    return Severity.MEDIUM if score >= 1.5 * limits.sigmas else Severity.LOW
