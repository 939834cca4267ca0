"""At most one answer per key in a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Cooldown:
    """Remembers when each key was last let through; forgets what is older than the pause."""

    def __init__(self, pause_ms: int) -> None:
        self._pause_ms = pause_ms
        self._last: OrderedDict[Hashable, int] = OrderedDict()

    def allows(self, key: Hashable, now_ms: int) -> bool:
        """Whether ``key`` may pass now; if so, its pause begins."""
        # A time still to come was noted before the clock was set back: it locks nobody out.
        while self._last and not 0 <= now_ms - next(iter(self._last.values())) < self._pause_ms:
            self._last.popitem(last=False)
        if key in self._last:
            return False
        self._last[key] = now_ms
        return True
