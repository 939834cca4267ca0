"""Hype moments: spikes in a stream's messages per minute."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.moments import CALM_MINUTES, LEAST_MESSAGES, SPIKE_RATIO, Spike, cause, spikes

graphs = st.lists(st.integers(0, 60), max_size=60)
usuals = st.none() | st.floats(0, 30)


def test_a_minute_far_above_the_usual_is_a_spike() -> None:
    assert spikes([10, 10, 40, 10], 10.0) == [Spike(2, 40, 4.0)]


def test_a_few_messages_are_no_spike_whatever_the_ratio() -> None:
    assert spikes([0, 0, 0, LEAST_MESSAGES - 1], 0.0) == []


def test_of_spikes_close_together_the_highest_stays() -> None:
    assert [spike.index for spike in spikes([20, 30, 25, 0, 0, 0, 0, 20], 5.0)] == [1, 7]


def test_without_a_known_usual_a_minute_is_held_against_the_minutes_before_it() -> None:
    assert spikes([10, 10, 10, 40], None) == [Spike(3, 40, 4.0)]


def test_the_first_minutes_of_a_channel_nobody_knows_are_no_spikes() -> None:
    assert spikes([500, 500, 500], None) == []


@given(graphs, usuals)
def test_every_spike_is_high_enough_and_apart_from_the_others(counts: list[int], usual: float | None) -> None:
    found = spikes(counts, usual)
    for spike in found:
        assert spike.height == counts[spike.index] >= LEAST_MESSAGES
        if usual is not None:
            assert spike.height >= SPIKE_RATIO * usual
    indexes = [spike.index for spike in found]
    assert all(later - earlier > CALM_MINUTES for earlier, later in pairwise(indexes))


@given(graphs, st.floats(0, 30))
def test_no_minute_that_is_high_enough_is_far_from_a_spike_as_high(counts: list[int], usual: float) -> None:
    found = spikes(counts, usual)
    for index, count in enumerate(counts):
        if count >= max(LEAST_MESSAGES, SPIKE_RATIO * usual):
            # A chain of ever higher minutes is one spike, at its end.
            assert any(spike.height >= count and spike.index >= index - CALM_MINUTES for spike in found)


@given(graphs, graphs, usuals)
def test_a_moment_once_found_stays_found_however_the_stream_goes_on(
    counts: list[int], further: list[int], usual: float | None
) -> None:
    before, after = spikes(counts, usual), spikes(counts + further, usual)
    if before:
        assert after[: len(before) - 1] == before[:-1]
        # Only the newest can still give way, to a higher one that follows closely.
        successor = after[len(before) - 1]
        assert successor == before[-1] or successor.height > before[-1].height


@pytest.mark.parametrize(
    ("terms", "raid", "gifts", "subs", "expected"),
    [
        ([("CLUTCH", 84)], ("northwind", 312), 0, 0, "“CLUTCH” ×84 after raid of 312 by northwind"),
        ([("gg", 2)], None, 0, 0, "many voices at once"),
        ([], ("northwind", 5), 0, 0, "raid of 5 by northwind"),
        ([], ("", 5), 0, 0, "raid of 5"),
        ([], None, 1, 1, "1 gift, 1 sub"),
        ([("wow", 3)], None, 5, 2, "“wow” ×3, 5 gifts, 2 subs"),
        ([], None, 0, 0, "many voices at once"),
    ],
)
def test_the_cause_says_in_one_line_what_made_the_spike(
    terms: list[tuple[str, int]], raid: tuple[str, int] | None, gifts: int, subs: int, expected: str
) -> None:
    assert cause(terms, raid, gifts, subs) == expected
