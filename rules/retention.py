"""How long raw events are kept: ``RETENTION_DAYS``, counted back from now in whole hours."""

from __future__ import annotations

from core.clock import DAY_MS, HOUR_MS

KEPT_SINCE = "kept_since_ms"  # the key in `installation`: raw events from before have been deleted, or soon will be


def horizon_ms(now_ms: int, days: int) -> int:
    """Since when raw events are kept (UTC milliseconds); 0: all of them.

    A whole hour, so that every minute and hour that is told of is either recorded whole or not at all.
    """
    return (now_ms - days * DAY_MS) // HOUR_MS * HOUR_MS if days else 0
