"""Reach: what people may have reached last at some moment, and which sums tell how many have since another."""

from __future__ import annotations

from enum import IntEnum

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from rules.funnel import NEVER, Journey
from rules.segments import Segment, reach_ms


class Measure(IntEnum):
    """What can be reached. The numbers are stored: never renumber, only add."""

    __hash__ = int.__hash__  # an enumeration's own is ten times slower, and these are counted by

    PAGE_VIEW = 1
    PRODUCT_VIEW = 2
    ADD_TO_CART = 3
    USER_SIGNUP = 4
    PURCHASE = 5  # who bought is converted as well
    IN_ORDER_2 = 12
    IN_ORDER_3 = 13
    IN_ORDER_4 = 14
    IN_ORDER_5 = 15
    HIGH = 20  # high intent or better
    MEDIUM = 21  # medium intent or better
    ANY = 22  # did anything at all


class Span(IntEnum):
    """How long a bucket is."""

    EVER = 0
    DAY = 1
    HOUR = 2
    MINUTE = 3

    @property
    def ms(self) -> int:
        return _LENGTHS[self]


_LENGTHS = (2**62, DAY_MS, HOUR_MS, MINUTE_MS)  # of each Span
# Ranges that are compared with the one before, in minutes, and how often (in minutes) is kept what stood then.
COMPARED = {60: 5, 24 * 60: 60, 7 * 24 * 60: 60, 30 * 24 * 60: 60}
REACHED = (Measure.PAGE_VIEW, Measure.PRODUCT_VIEW, Measure.ADD_TO_CART, Measure.USER_SIGNUP, Measure.PURCHASE)
# In order nobody is before the first step, so it is the same step.
IN_ORDER = (Measure.PAGE_VIEW, Measure.IN_ORDER_2, Measure.IN_ORDER_3, Measure.IN_ORDER_4, Measure.IN_ORDER_5)
_IN_TURN = (*REACHED, *IN_ORDER[1:], Measure.HIGH, Measure.MEDIUM, Measure.ANY)


def reached_ms(journey: Journey) -> dict[Measure, int]:
    """When a person reached each measure last, UTC milliseconds; what they never reached is left out."""
    segments = reach_ms(journey)
    intents = segments[Segment.HIGH], segments[Segment.MEDIUM], segments[Segment.LOW]
    times = zip(_IN_TURN, (*journey.last_ms, *journey.began_ms[1:], *intents), strict=True)
    return {measure: at_ms for measure, at_ms in times if at_ms != NEVER}


def buckets_of(at_ms: int) -> list[tuple[int, int]]:
    """All buckets that a time falls into, each with the number of its Span."""
    return [(span, at_ms // length_ms) for span, length_ms in enumerate(_LENGTHS)]


def spans_since(since_ms: int | None) -> list[tuple[Span, int, int]]:
    """(span, first bucket, bucket after the last) whose sum counts everybody since ``since_ms`` (None: ever).

    ``since_ms`` counts by its whole minute: the buckets are no finer.
    """
    if since_ms is None:
        return [(Span.EVER, 0, 1)]
    found = []
    at_ms = since_ms // MINUTE_MS * MINUTE_MS
    for span, longer in ((Span.MINUTE, Span.HOUR), (Span.HOUR, Span.DAY)):
        border_ms = -(-at_ms // longer.ms) * longer.ms
        if border_ms > at_ms:
            found.append((span, at_ms // span.ms, border_ms // span.ms))
        at_ms = border_ms
    found.append((Span.DAY, at_ms // Span.DAY.ms, 2**40))
    return found
