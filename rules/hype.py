"""How lively the chat is, against what is usual for this very channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.clock import MINUTE_MS

# Below this a channel's own usual says little: one message more would already be "twice as much".
QUIET_PER_MINUTE = 3.0
BASELINE_STREAMS = 10


@dataclass(frozen=True, slots=True)
class PastStream:
    messages: int
    duration_ms: int


def messages_per_minute(previous: int, current: int, into_minute_ms: int) -> int:
    """The rate over the last 60 s, from two calendar minutes: what is left of the previous one counts in proportion."""
    left = 1.0 - min(max(into_minute_ms / MINUTE_MS, 0.0), 1.0)
    return round(current + previous * left)


def usual_rate(streams: Sequence[PastStream]) -> float | None:
    """Messages a minute over past streams taken together; None when there was none of a minute or more."""
    minutes = sum(stream.duration_ms for stream in streams) / MINUTE_MS
    return sum(stream.messages for stream in streams) / minutes if minutes >= 1 else None


def hype(rate: float, usual: float | None) -> int:
    """0 (silence) to 100, where 50 is what is usual, 75 twice that and 88 three times."""
    ratio = max(rate, 0.0) / max(usual or 0.0, QUIET_PER_MINUTE)
    return round(100 * (1 - math.pow(2.0, -ratio)))


def change_percent(now: float, before: float | None) -> int | None:
    """By how many per cent ``now`` is above ``before``; None where there is nothing to compare with."""
    return round(100 * (now - before) / before) if before else None
