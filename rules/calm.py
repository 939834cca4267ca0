"""Calm mode: hides what is counted live from whoever streams, until the stream is over."""

from __future__ import annotations

from collections.abc import Iterable

from rules.streams import StreamSpan, is_running, reach


def is_over(spans: Iterable[StreamSpan], now_ms: int) -> bool:
    """Whether the stream has ended for which calm was wished: the first of ``spans``, and all that overlap it.

    ``spans``: the streams that were still going on when it was wished, or began later. Without one it waits for one.
    """
    until_ms, found = 0, False
    for span in sorted(spans, key=lambda span: span.started_at_ms):
        if found and span.started_at_ms > until_ms:
            break  # another stream, on another evening
        if is_running(span.last_at_ms, span.ended_at_ms, now_ms):
            return False
        found, until_ms = True, max(until_ms, reach(span))
    return found
