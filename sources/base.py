"""What every source shares: where it delivers, how it waits before it tries again, how it notices a dead peer."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.events import Event, SourceStatus


class Sink(Protocol):
    """Where a source puts what it heard. Neither call blocks or raises; both are safe from any thread."""

    def event(self, event: Event) -> None: ...

    def status(self, status: SourceStatus) -> None: ...


class Source(Protocol):
    """One platform, some channels. ``run`` returns after ``stop``, or raises only what no retry can mend.

    ``counters`` tell what it has read and skipped; /health and /metrics show them.
    """

    @property
    def counters(self) -> Mapping[str, int]: ...

    async def run(self) -> None: ...

    async def stop(self) -> None: ...


# (event of a chat command, its name without prefix) → the bot's answer, or None to stay silent.
CommandHandler = Callable[[Event, str], Awaitable[str | None]]


@dataclass(slots=True)
class Backoff:
    """Exponential waiting with full jitter on the upper half, so that many collectors do not return in step."""

    first_seconds: float = 1.0
    cap_seconds: float = 30.0
    random: random.Random = field(default_factory=random.Random)
    _failures: int = 0

    def next_seconds(self) -> float:
        """How long to wait before the next attempt; grows with each call until ``reset``."""
        ceiling = min(self.cap_seconds, self.first_seconds * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return ceiling * (0.5 + 0.5 * self.random.random())

    def reset(self) -> None:
        self._failures = 0


class Watchdog:
    """Ends a wait when nothing was heard for ``idle_seconds``: a dead peer sends no goodbye."""

    def __init__(self, idle_seconds: float) -> None:
        self.idle_seconds = idle_seconds
        self._heard_at = time.monotonic()

    def feed(self) -> None:
        self._heard_at = time.monotonic()

    async def expired(self) -> None:
        """Returns when the silence has lasted ``idle_seconds``."""
        while (left := self._heard_at + self.idle_seconds - time.monotonic()) > 0:
            await asyncio.sleep(left)


def is_unnamed(error: BaseException | None) -> bool:
    """Whether a server's name could not be looked up, which is mostly the whole network missing.

    Libraries wrap it: each error's cause is looked at as well.
    """
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        error = error.__cause__ or error.__context__
    return False
