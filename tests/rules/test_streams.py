"""Streams: told by activity and by the platform's own word."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Event, Kind, Mark
from rules.streams import ACTIVITY, AFTERGLOW_MS, SILENCE_MS, StreamSpan, belongs, extend, is_activity, is_running
from tests.support import NOON, NOVA, act, chat, minutes


def running(started: int = NOON, last: int = NOON) -> StreamSpan:
    return StreamSpan(1, started, last)


def ended(started: int, last: int, end: int) -> StreamSpan:
    return StreamSpan(1, started, last, end)


def test_thirty_minutes_of_silence_are_still_the_same_stream() -> None:
    assert belongs(running(), chat(NOVA, at=NOON + minutes(30)))


def test_a_message_after_more_than_thirty_minutes_of_silence_belongs_to_another_stream() -> None:
    assert not belongs(running(), chat(NOVA, at=NOON + minutes(30) + 1))


def test_a_late_message_from_up_to_thirty_minutes_before_the_start_belongs_to_the_stream() -> None:
    assert belongs(running(), chat(NOVA, at=NOON - minutes(30)))
    assert not belongs(running(), chat(NOVA, at=NOON - minutes(30) - 1))


def test_after_the_platform_said_ended_only_the_afterglow_belongs_to_the_stream() -> None:
    span = ended(NOON, NOON + minutes(10), NOON + minutes(10))
    assert belongs(span, chat(NOVA, at=NOON + minutes(10) + AFTERGLOW_MS))
    assert not belongs(span, chat(NOVA, at=NOON + minutes(10) + AFTERGLOW_MS + 1))


def test_a_new_live_start_begins_a_new_stream_even_in_the_afterglow() -> None:
    span = ended(NOON, NOON + minutes(10), NOON + minutes(10))
    assert not belongs(span, act(Kind.LIVE_START, at=NOON + minutes(10)))
    assert not belongs(span, act(Kind.LIVE_START, at=NOON + minutes(10) + 1))


def test_the_live_start_that_comes_late_belongs_to_the_stream_it_began() -> None:
    assert belongs(ended(NOON, NOON + minutes(10), NOON + minutes(10)), act(Kind.LIVE_START, at=NOON + minutes(1)))


def test_live_end_ends_the_stream_and_chat_after_it_moves_only_the_last_sign() -> None:
    span = running()
    assert extend(span, act(Kind.LIVE_END, at=NOON + minutes(10)))
    assert extend(span, chat(NOVA, at=NOON + minutes(11)))
    assert (span.started_at_ms, span.last_at_ms, span.ended_at_ms) == (NOON, NOON + minutes(11), NOON + minutes(10))


def test_an_end_that_is_told_twice_is_the_earlier_one() -> None:
    span = running()
    extend(span, act(Kind.LIVE_END, at=NOON + minutes(10)))
    assert not extend(span, act(Kind.LIVE_END, at=NOON + minutes(11)))
    assert span.ended_at_ms == NOON + minutes(10)


@pytest.mark.parametrize("kind", [Kind.JOIN, Kind.PART, Kind.DELETE, Kind.TIMEOUT, Kind.CLEAR, Kind.LIVE_PAUSE])
def test_coming_going_and_moderation_neither_begin_nor_prolong_a_stream(kind: Kind) -> None:
    span = running()
    event = act(kind, NOVA, at=NOON + minutes(5))
    assert not is_activity(event)
    assert not extend(span, event)


def test_a_message_shared_from_another_channel_is_no_activity_here() -> None:
    assert not is_activity(chat(NOVA, marks=Mark.SHARED))
    assert is_activity(chat(NOVA))


def test_a_stream_runs_until_thirty_minutes_after_its_last_sign_or_its_end() -> None:
    assert is_running(NOON, None, NOON + SILENCE_MS)
    assert not is_running(NOON, None, NOON + SILENCE_MS + 1)
    assert not is_running(NOON, NOON, NOON + 1)


offsets = st.integers(-minutes(30), minutes(30))
signs = st.lists(
    st.builds(
        lambda kind, offset: act(kind, NOVA, at=NOON + offset),
        st.sampled_from([*sorted(ACTIVITY), Kind.LIVE_END, Kind.JOIN]),
        offsets,
    ),
    max_size=12,
)


@given(signs, st.randoms(use_true_random=False))
def test_the_borders_of_a_stream_do_not_depend_on_the_order_of_its_signs(events: list[Event], random: Random) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    one, other = running(), running()
    for event in events:
        extend(one, event)
    for event in shuffled:
        extend(other, event)
    assert one == other
    active = [event.at_ms for event in events if is_activity(event)]
    assert one.started_at_ms == min([NOON, *active])
    assert one.last_at_ms == max([NOON, *active])


@given(signs)
def test_extend_says_whether_the_borders_moved(events: list[Event]) -> None:
    span = running()
    for event in events:
        before = StreamSpan(span.id, span.started_at_ms, span.last_at_ms, span.ended_at_ms)
        assert extend(span, event) is (before != span)
