"""Keeps a source to its timetable: waits until a moment has come, stops at once when told, never starves the loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from core.clock import SECOND_MS, now_ms

LONGEST_NAP_SECONDS = 60.0  # a machine that was suspended looks at the clock again at least this often
BURST = 200  # so many deliveries in a row may be late before everybody else gets a turn
BREATH_SECONDS = 0.001  # truly idle, so that writing threads get their turn as well

Sleep = Callable[[float], Awaitable[None]]


class Pacer:
    """``clock_ms`` and ``sleep`` are the machine's unless a test brings its own."""

    def __init__(self, clock_ms: Callable[[], int] = now_ms, sleep: Sleep | None = None) -> None:
        self.clock_ms = clock_ms
        self._sleep = sleep or self._sleep_unless_stopped
        self._stopped = asyncio.Event()
        self._in_a_row = 0

    def stop(self) -> None:
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    async def reached(self, due_ms: float) -> bool:
        """Returns True once ``due_ms`` has come, at once when it is past; False when stopped meanwhile."""
        while not self.is_stopped and (left_ms := due_ms - self.clock_ms()) > 0:
            self._in_a_row = 0
            await self._sleep(min(left_ms / SECOND_MS, LONGEST_NAP_SECONDS))
        await self.breathe()
        return not self.is_stopped

    async def breathe(self) -> None:
        """Lets the others run after every BURST calls without a wait."""
        self._in_a_row += 1
        if self._in_a_row >= BURST:
            self._in_a_row = 0
            await self._sleep(BREATH_SECONDS)

    async def _sleep_unless_stopped(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)
