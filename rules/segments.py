"""Segments: how near to buying a person is, by what they did since a moment."""

from __future__ import annotations

from enum import StrEnum

from rules.funnel import Journey, Step

MANY, SOME = 5, 3  # events that show interest, with something in the cart and with a product looked at


class Segment(StrEnum):
    CONVERTED = "converted"
    HIGH = "high_intent"
    MEDIUM = "medium_intent"
    LOW = "low_intent"


def reach_ms(journey: Journey) -> dict[Segment, int]:
    """For each segment the latest moment since which what they did puts a person into it or a better one.

    Somebody is in the best segment whose moment is not before the window's start: see ``segment_since``.
    """
    viewed, carted = journey.last_ms[Step.PRODUCT_VIEW - 1], journey.last_ms[Step.ADD_TO_CART - 1]
    converted = journey.last_ms[Step.PURCHASE - 1]
    high = max(converted, min(carted, journey.nth_latest_ms(MANY)))
    medium = max(high, carted, min(viewed, journey.nth_latest_ms(SOME)))
    return {
        Segment.CONVERTED: converted,
        Segment.HIGH: high,
        Segment.MEDIUM: medium,
        Segment.LOW: journey.newest_ms,
    }


def segment_since(journey: Journey, since_ms: int) -> Segment | None:
    """The segment by what they did at ``since_ms`` or later; None if that is nothing."""
    reach = reach_ms(journey)
    return next((segment for segment in Segment if reach[segment] and reach[segment] >= since_ms), None)
