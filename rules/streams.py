"""When a stream begins and ends: told by activity, and by the platform's own word where it gives one."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import MINUTE_MS
from core.events import Event, Kind

SILENCE_MS = 30 * MINUTE_MS
AFTERGLOW_MS = 2 * MINUTE_MS  # what trails in after the platform said "ended" belongs to what ended

# What shows that somebody is there. Joins and parts are bots as often as people; moderation follows, never leads.
ACTIVITY = frozenset(
    {
        Kind.CHAT,
        Kind.SUB,
        Kind.RESUB,
        Kind.SUBGIFT,
        Kind.RAID,
        Kind.GIFT,
        Kind.LIKE,
        Kind.SHARE,
        Kind.FOLLOW,
        Kind.VIEWERS,
        Kind.LIVE_START,
    }
)
_CHAT = Kind.CHAT  # looked up once: these run for every event


@dataclass(slots=True)
class StreamSpan:
    """The extent of one stream. ``ended_at_ms`` is set only where the platform said so."""

    id: int
    started_at_ms: int
    last_at_ms: int
    ended_at_ms: int | None = None


def is_activity(event: Event) -> bool:
    """Whether ``event`` can begin or prolong a stream. A message shared from elsewhere is activity elsewhere."""
    return event.counts_as_message if event.kind is _CHAT else event.kind in ACTIVITY


def belongs(span: StreamSpan, event: Event) -> bool:
    """Whether ``event`` is part of the stream ``span``."""
    if span.ended_at_ms is not None and event.kind is Kind.LIVE_START and event.at_ms >= span.ended_at_ms:
        return False
    return span.started_at_ms - SILENCE_MS <= event.at_ms <= reach(span)


def goes_on(span: StreamSpan, event: Event) -> bool:
    """Whether ``event`` is plain activity within ``span``, its channel's newest, so that it can only prolong it."""
    return (
        span.ended_at_ms is None
        and span.started_at_ms <= event.at_ms <= span.last_at_ms + SILENCE_MS
        and is_activity(event)
    )


def reach(span: StreamSpan) -> int:
    """Until when (UTC milliseconds) an event can belong to the stream."""
    return span.last_at_ms + SILENCE_MS if span.ended_at_ms is None else span.ended_at_ms + AFTERGLOW_MS


def extend(span: StreamSpan, event: Event) -> bool:
    """Lets ``event`` move the borders of its stream; says whether they moved."""
    before = (span.started_at_ms, span.last_at_ms, span.ended_at_ms)
    if event.kind is Kind.LIVE_END:
        # An end told twice is the earlier one, so that the borders do not depend on the order of what came.
        span.ended_at_ms = event.at_ms if span.ended_at_ms is None else min(span.ended_at_ms, event.at_ms)
    elif is_activity(event):
        span.started_at_ms = min(span.started_at_ms, event.at_ms)
        span.last_at_ms = max(span.last_at_ms, event.at_ms)
    return before != (span.started_at_ms, span.last_at_ms, span.ended_at_ms)


def is_running(last_at_ms: int, ended_at_ms: int | None, now_ms: int) -> bool:
    return ended_at_ms is None and now_ms - last_at_ms <= SILENCE_MS
