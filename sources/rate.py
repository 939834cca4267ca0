"""PURE but for its clock: something may be done so many times in any stretch of so many seconds."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable


class RateLimit:
    """A sliding window: at most ``count`` turns within any ``seconds``."""

    def __init__(self, count: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._taken: deque[float] = deque(maxlen=count)

    def wait_seconds(self) -> float:
        """How long until the next turn; 0 when one is free."""
        if len(self._taken) < (self._taken.maxlen or 0):
            return 0.0
        return max(0.0, self._taken[0] + self.seconds - self._clock())

    def take(self) -> bool:
        """Takes a turn if one is free."""
        if self.wait_seconds() > 0:
            return False
        self._taken.append(self._clock())
        return True

    async def turn(self) -> None:
        """Waits for a turn and takes it."""
        while not self.take():
            await asyncio.sleep(self.wait_seconds())
