"""Goals of a stream: what may be counted towards one."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("messages", "subs", "bits", "coins", "gifts", "chatters", "viewers", "earned")
MOST_GOALS, LARGEST_TARGET, LONGEST_LABEL = 20, 999_999_999, 60


@dataclass(frozen=True, slots=True)
class Goal:
    """``label``: words for the overlay; "" means the name of what is counted."""

    what: str
    target: int
    label: str = ""
