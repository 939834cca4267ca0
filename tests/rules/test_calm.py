"""When calm mode ends: with the stream it was wished for."""

from __future__ import annotations

import pytest

from rules.calm import is_over
from rules.streams import StreamSpan
from tests.support import NOON, hours, minutes


def span(number: int, begins: float, ends: float, *, said_so: bool = False) -> StreamSpan:
    """A stream from one hour to another, counted from noon."""
    end = NOON + hours(ends)
    return StreamSpan(number, NOON + hours(begins), end, end if said_so else None)


RUNNING = span(1, -2, 0)
OVER = span(2, -3, -1)


@pytest.mark.parametrize(
    ("spans", "over"),
    [
        ([], False),
        ([RUNNING], False),
        ([OVER], True),
        ([span(1, -2, -0.1, said_so=True)], True),
        ([OVER, RUNNING], False),
        ([span(1, -9, -8), RUNNING], True),
        ([RUNNING, span(1, -9, -8)], True),
        ([span(1, -3, -2), span(2, -2.4, -1), span(3, -1.2, 0)], False),
    ],
    ids=[
        "none yet: it waits",
        "it runs",
        "silent for long",
        "the platform said so",
        "the one on another platform goes on",
        "another evening's is no reason",
        "in any order",
        "each begins before the one before is over",
    ],
)
def test_calm_lasts_as_long_as_the_stream(spans: list[StreamSpan], over: bool):
    assert is_over(spans, NOON) is over


def test_silence_ends_a_stream_only_after_a_while():
    assert is_over([RUNNING], NOON + minutes(29)) is False
    assert is_over([RUNNING], NOON + minutes(31)) is True
