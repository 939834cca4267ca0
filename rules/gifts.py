"""Gift streaks: TikTok tells every tick of one with the count so far; what counts is how much it grew."""

from __future__ import annotations

from dataclasses import dataclass

NO_GROUP = ":0"  # how a streak's name ends that the platform gave no group


@dataclass(slots=True)
class Streak:
    """A streak as far as it is known; ``counted`` is the highest count told so far."""

    counted: int = 0
    ended: bool = False


def begins_anew(streak: Streak | None, name: str, count: int) -> bool:
    """Whether a tick with ``count`` begins a streak of its own.

    A streak with a group is one for ever. Without a group it is told only by its end, which may get lost, or by a
    count that falls.
    """
    if streak is None:
        return True
    return name.endswith(NO_GROUP) and (streak.ended or count < streak.counted)


def grow(streak: Streak, count: int, *, ended: bool) -> int:
    """Takes in a tick; answers by how many gifts the streak grew (0: nothing new)."""
    added = max(0, count - streak.counted)
    streak.counted += added
    streak.ended = streak.ended or ended
    return added
