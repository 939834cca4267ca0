"""Funnels, segments and reach: the latest times that count say the same as the plain list of events."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.funnel import WINDOW_MS, Step, drop_off, rates, replayed
from rules.reach import IN_ORDER, REACHED, Measure, Span, buckets_of, reached_ms, spans_since
from rules.segments import Segment, segment_since
from tests.support import NOON, days, hours, minutes

Acts = list[tuple[int, int, int]]  # time, number, step

# Mostly minutes apart, so that many things fit into a window; now and then more than a window.
TIMES = st.integers(0, 60).map(lambda number: NOON + number * minutes(7)) | st.integers(0, 3).map(
    lambda number: NOON + days(8) * number
)
ACTS: st.SearchStrategy[Acts] = st.lists(st.tuples(TIMES, st.sampled_from(Step)), max_size=14).map(
    lambda acts: [(at, number, step.value) for number, (at, step) in enumerate(acts)]
)
SINCE = TIMES.map(lambda at: at + minutes(1)) | TIMES


def in_order(acts: Sequence[tuple[int, int, int]], since_ms: int, last: Step) -> bool:
    """Whether some events from ``since_ms`` on are all steps up to ``last``, one after the other, within the window."""
    later = sorted(act for act in acts if act[0] >= since_ms)

    def goes_on(at: int, step: int, began_ms: int) -> bool:
        if step > last:
            return True
        return any(
            kind == step
            and (step == 1 or at_ms - began_ms <= WINDOW_MS)
            and goes_on(place + 1, step + 1, at_ms if step == 1 else began_ms)
            for place, (at_ms, _, kind) in enumerate(later)
            if place >= at
        )

    return goes_on(0, 1, 0)


def segment_of(acts: Sequence[tuple[int, int, int]], since_ms: int) -> Segment | None:
    """The documented rule, on the list."""
    steps = [step for at_ms, _, step in acts if at_ms >= since_ms]
    if not steps:
        return None
    if Step.PURCHASE in steps:
        return Segment.CONVERTED
    if Step.ADD_TO_CART in steps:
        return Segment.HIGH if len(steps) >= 5 else Segment.MEDIUM
    return Segment.MEDIUM if Step.PRODUCT_VIEW in steps and len(steps) >= 3 else Segment.LOW


@given(ACTS, SINCE)
def test_who_reached_a_step_since_a_moment_is_told_by_the_latest_time(acts: Acts, since_ms: int) -> None:
    reached = reached_ms(replayed(acts))
    for step, measure in zip(Step, REACHED, strict=True):
        told = reached.get(measure, 0) >= since_ms
        assert told == any(kind == step and at_ms >= since_ms for at_ms, _, kind in acts)
    assert (reached.get(Measure.ANY, 0) >= since_ms) == any(at_ms >= since_ms for at_ms, _, _ in acts)


@given(ACTS, SINCE)
def test_who_went_through_the_steps_in_order_is_told_by_the_latest_beginning(acts: Acts, since_ms: int) -> None:
    reached = reached_ms(replayed(acts))
    for step, measure in zip(Step, IN_ORDER, strict=True):
        assert (reached.get(measure, 0) >= since_ms) == in_order(acts, since_ms, step)


@given(ACTS, SINCE)
def test_the_segment_since_a_moment_is_what_the_rule_says_of_the_list(acts: Acts, since_ms: int) -> None:
    assert segment_since(replayed(acts), since_ms) == segment_of(acts, since_ms)


@given(ACTS, st.randoms())
def test_a_journey_does_not_depend_on_the_order_in_which_it_is_told(acts: Acts, rng: object) -> None:
    shuffled = list(acts)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert replayed(shuffled) == replayed(acts)


@given(st.integers(NOON - days(400), NOON), st.lists(st.integers(NOON - days(400), NOON), max_size=20))
def test_the_spans_since_a_moment_hold_each_time_from_its_minute_on_exactly_once(since: int, times: list[int]) -> None:
    spans = spans_since(since)
    for at_ms in times:
        held = sum(
            of == span and first <= bucket < end for span, first, end in spans for of, bucket in buckets_of(at_ms)
        )
        assert held == (at_ms >= since // minutes(1) * minutes(1))


def test_since_ever_is_one_bucket_and_few_are_enough_for_a_month():
    assert spans_since(None) == [(Span.EVER, 0, 1)]
    buckets = sum(min(end, NOON // span.ms + 1) - first for span, first, end in spans_since(NOON - days(30) + hours(1)))
    assert buckets < 60 + 24 + 31


@pytest.mark.parametrize(
    ("counts", "percent", "lost"),
    [
        ((200, 100, 50, 25, 10), [100, 50, 25, 12.5, 5], [50, 50, 50, 60]),
        ((0, 0, 0, 0, 0), [0, 0, 0, 0, 0], [0, 0, 0, 0]),
        (
            (10, 0, 5, 5, 8),
            [100, 0, 50, 50, 80],
            [100, 0, 0, 0],
        ),  # people may skip steps
    ],
)
def test_rates_are_of_the_first_step_and_drop_off_of_the_step_before(counts, percent, lost):
    assert rates(counts) == percent
    assert drop_off(counts) == lost
