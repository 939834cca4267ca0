"""The funnel: how far a person came, at all and in order, told by the latest times that count.

Everything here is kept so that a window which ends now needs one comparison a person: whoever did something at or after
its start. So who reached a step can be counted by when they last did, without reading what they did.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from operator import neg

from core.clock import DAY_MS

WINDOW_MS = 7 * DAY_MS  # who takes longer from the first step to the last has not come by it
RECENT = 5  # how many of a person's latest events are remembered by their time
NEVER = 0


class Step(IntEnum):
    """The steps in their order. The numbers are stored: never renumber."""

    PAGE_VIEW = 1
    PRODUCT_VIEW = 2
    ADD_TO_CART = 3
    USER_SIGNUP = 4
    PURCHASE = 5

    @property
    def label(self) -> str:
        """The name outside: in JSON, in addresses, in files."""
        return self.name.lower()


@dataclass(slots=True)
class Journey:
    """What is known of one person. Lists have an entry a step, the first at 0; times are UTC milliseconds.

    ``last_ms``: when they last did each step. ``began_ms``: the latest time at which they began to go through all
    steps up to this one in order, within WINDOW_MS. ``recent_ms``: their latest events, the newest first.
    """

    last_ms: list[int] = field(default_factory=lambda: [NEVER] * len(Step))
    began_ms: list[int] = field(default_factory=lambda: [NEVER] * len(Step))
    counts: list[int] = field(default_factory=lambda: [0] * len(Step))
    recent_ms: list[int] = field(default_factory=list)

    @property
    def newest_ms(self) -> int:
        return self.recent_ms[0] if self.recent_ms else NEVER

    def nth_latest_ms(self, nth: int) -> int:
        """When their ``nth`` latest event was, 1 … RECENT."""
        return self.recent_ms[nth - 1] if len(self.recent_ms) >= nth else NEVER

    def take(self, step: int, at_ms: int) -> None:
        """One more event. They must come in the order of their times: see ``replayed``."""
        at = step - 1
        self.take_late(step, at_ms)
        began_ms = at_ms if at == 0 else self.began_ms[at - 1]
        if began_ms and at_ms - began_ms <= WINDOW_MS:
            self.began_ms[at] = max(self.began_ms[at], began_ms)

    def take_late(self, step: int, at_ms: int) -> None:
        """One more event from before the newest. What ways through the steps it opens, ``began_at_least`` is told."""
        at = step - 1
        self.counts[at] += 1
        self.last_ms[at] = max(self.last_ms[at], at_ms)
        insort(self.recent_ms, at_ms, key=neg)
        del self.recent_ms[RECENT:]

    def began_at_least(self, other: Journey) -> None:
        """Takes over from the journey of some of the same person's events what began later there."""
        self.began_ms = list(map(max, self.began_ms, other.began_ms))


def replayed(events: Iterable[tuple[int, int, int]]) -> Journey:
    """The journey of a person from all their events, as (time, number of arrival, step), in any order."""
    journey = Journey()
    for at_ms, _, step in sorted(events):
        journey.take(step, at_ms)
    return journey


def rates(counts: Sequence[int]) -> list[float]:
    """What share of the first step each reached, in percent; 0 where nobody took the first."""
    first = counts[0]
    return [round(100 * count / first, 2) if first else 0.0 for count in counts]


def drop_off(counts: Sequence[int]) -> list[float]:
    """What share of those who took each step did not take the next, in percent; never negative.

    People may skip steps: then more take the next, and nobody was lost.
    """
    return [round(max(0.0, 100 * (1 - after / before)), 2) if before else 0.0 for before, after in pairwise(counts)]
