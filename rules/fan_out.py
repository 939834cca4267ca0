"""How much of a fast chat reaches each of many dashboards: a machine can write only so many lines a second in all.

Nobody reads a thousand lines a second, and a dashboard shows the last two hundred. What everybody must see (gifts,
subs, raids, cheers) is never left out, and every number counts everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.events import Kind

LINES_A_SECOND = 200_000  # written to all sockets together
MESSAGES_A_SECOND = 20_000  # what is told each on its own costs a trip to the kernel for each who listens
FEWEST_LINES = 10  # in one push, however many listen
SHORTEST_PAUSE_SECONDS = 0.1  # between two pushes: at most ten a second
LONGEST_PAUSE_SECONDS = 0.5
LONGEST_SAVED_SECONDS = 1.0  # of quiet that a burst may use up


def pause_seconds(spent_seconds: float) -> float:
    """After a push that took so long: as long again belongs to those who ask something."""
    return min(LONGEST_PAUSE_SECONDS, spent_seconds)


def most_lines(listeners: int, seconds: float) -> int:
    """How many lines one push may bring when the last one was ``seconds`` ago."""
    share = LINES_A_SECOND * min(seconds, LONGEST_SAVED_SECONDS) / max(1, listeners)
    return max(FEWEST_LINES, int(share))


def most_messages(listeners: int, seconds: float) -> int:
    """How many messages of their own one look may send when the last one that sent any was ``seconds`` ago."""
    return max(1, int(MESSAGES_A_SECOND * min(seconds, LONGEST_SAVED_SECONDS) / max(1, listeners)))


def thinned(rows: Sequence[Any], most: int) -> tuple[list[Any], int]:
    """``rows`` of the feed with no more than the newest ``most`` plain lines, and how many were left out."""
    plain = [row.id for row in rows if row.kind == Kind.CHAT and not row.amount]
    left_out = set(plain[: max(0, len(plain) - most)])
    return [row for row in rows if row.id not in left_out] if left_out else list(rows), len(left_out)
