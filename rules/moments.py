"""Hype moments: the spikes of a stream that are worth finding again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SPIKE_RATIO = 1.8  # of what is usual
LEAST_MESSAGES = 10  # a minute with fewer is no spike whatever the ratio
CALM_MINUTES = 3  # two spikes closer than this are one
TRAILING_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Spike:
    """``index`` of the highest minute, its ``height`` in messages, ``ratio`` to what was usual then."""

    index: int
    height: int
    ratio: float


def spikes(counts: Sequence[int], usual: float | None) -> list[Spike]:
    """The spikes in ``counts`` (messages per minute), oldest first.

    ``usual`` is the channel's rate over past streams. Without one each minute is held against the mean of the minutes
    before it, itself left out, so that a moment once found stays found however the stream goes on.
    """
    found: list[Spike] = []
    for index, count in enumerate(counts):
        baseline = usual if usual is not None else _trailing(counts, index)
        if baseline is None or count < max(LEAST_MESSAGES, SPIKE_RATIO * baseline):
            continue
        spike = Spike(index, count, round(count / max(baseline, 1.0), 1))
        if found and index - found[-1].index <= CALM_MINUTES:
            if count > found[-1].height:
                found[-1] = spike
        else:
            found.append(spike)
    return found


def _trailing(counts: Sequence[int], index: int) -> float | None:
    before = counts[max(0, index - TRAILING_MINUTES) : index]
    return sum(before) / len(before) if len(before) >= CALM_MINUTES else None


def cause(
    terms: Sequence[tuple[str, int]], raid: tuple[str, int] | None, gifts: int, subs: int, *, forgotten: bool = False
) -> str:
    """One line on what made a spike: ``“CLUTCH” ×84 after raid of 312 by northwind``.

    ``terms`` are (word or emote, uses), most used first; ``raid`` is (login, raiders), the login "" of somebody who was
    erased. ``forgotten``: what was said is no longer kept.
    """
    parts = [f"“{term}” ×{uses}" for term, uses in terms[:1] if uses >= 3]
    if gifts:
        parts.append(f"{gifts} gift{'s' * (gifts > 1)}")
    if subs:
        parts.append(f"{subs} sub{'s' * (subs > 1)}")
    line = ", ".join(parts)
    if raid:
        after = f"raid of {raid[1]} by {raid[0]}" if raid[0] else f"raid of {raid[1]}"
        line = f"{line} after {after}" if line else after
    return line or ("what was said is no longer kept" if forgotten else "many voices at once")
