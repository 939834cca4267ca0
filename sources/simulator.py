"""The demo as sources: the running stream of the simulated world and its shop go on, live and for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from core.clock import MINUTE_MS, now_ms
from core.events import Event, SourceState, SourceStatus
from demo.shop import Act
from demo.world import World
from sources.base import Sink
from sources.pacer import Pacer, Sleep

# Further off than this the clock was set or the machine slept: what was missed is skipped, not made up for in a rush.
MOST_DRIFT_MS = 5 * MINUTE_MS


Thing = TypeVar("Thing", Event, Act)


async def at_their_times(
    things: Iterable[Thing], pacer: Pacer, start_ms: int, speed: float
) -> AsyncIterator[tuple[Thing, int]]:
    """Each of ``things``, planned from ``start_ms`` on, when it is due, and that time; ends when the pacer stops."""
    began_ms: float = start_ms
    last_ms: float = start_ms
    for thing in things:
        due_ms = began_ms + (thing.at_ms - start_ms) / speed
        clock_ms = pacer.clock_ms()
        late_ms = clock_ms - due_ms
        # What is far ahead may just be the next; but the clock was set back if the last is still to come.
        if late_ms > MOST_DRIFT_MS or last_ms - clock_ms > MOST_DRIFT_MS:
            began_ms, due_ms = began_ms + late_ms, due_ms + late_ms
        last_ms = due_ms
        if not await pacer.reached(due_ms):
            return
        yield thing, int(due_ms)


class Simulator:
    """Streams what follows in ``world`` from ``start_ms`` on, each event at its time.

    A ``start_ms`` up to five minutes ago is caught up with at once, so that a history written up to then continues
    without a gap; without it the stream begins when it runs. ``speed`` hurries the plot, ``rate`` multiplies how much
    happens in it. The same world, start, speed and rate give the same events, whatever the machine's load.
    """

    def __init__(
        self,
        world: World,
        sink: Sink,
        *,
        start_ms: int | None = None,
        speed: float = 1.0,
        rate: float = 1.0,
        clock_ms: Callable[[], int] = now_ms,
        sleep: Sleep | None = None,
    ) -> None:
        if not (speed > 0 and rate > 0):
            raise ValueError(f"speed and rate must be positive, got {speed} and {rate}")
        self._world, self._sink = world, sink
        self._start_ms, self._speed, self._rate = start_ms, speed, rate
        self._pacer = Pacer(clock_ms, sleep)
        self.delivered = 0

    @property
    def counters(self) -> dict[str, int]:
        return {"events": self.delivered}

    async def run(self) -> None:
        self._announce(SourceState.CONNECTING)
        try:
            await self._stream()
        finally:
            self._announce(SourceState.STOPPED)

    async def stop(self) -> None:
        self._pacer.stop()

    async def _stream(self) -> None:
        start_ms = self._pacer.clock_ms() if self._start_ms is None else self._start_ms
        self._announce(SourceState.CONNECTED)
        events = self._world.live(start_ms, rate=self._rate)
        async for event, at_ms in at_their_times(events, self._pacer, start_ms, self._speed):
            self._sink.event(replace(event, at_ms=at_ms))
            self.delivered += 1

    def _announce(self, state: SourceState) -> None:
        at_ms = self._pacer.clock_ms()
        for platform, channel in self._world.channels.items():
            self._sink.status(SourceStatus(platform, channel, state, at_ms, "simulated"))


class ShopSimulator:
    """The demo's shop as it goes on from ``start_ms``: ``take`` gets each act at its time, as Simulator's sink does."""

    def __init__(
        self,
        acts: Callable[[int], Iterable[Act]],
        take: Callable[[Act], None],
        *,
        start_ms: int | None = None,
        speed: float = 1.0,
        clock_ms: Callable[[], int] = now_ms,
        sleep: Sleep | None = None,
    ) -> None:
        self._acts, self._take = acts, take
        self._start_ms, self._speed = start_ms, speed
        self._pacer = Pacer(clock_ms, sleep)
        self.delivered = 0

    @property
    def counters(self) -> dict[str, int]:
        return {"events": self.delivered}

    async def run(self) -> None:
        start_ms = self._pacer.clock_ms() if self._start_ms is None else self._start_ms
        async for act, at_ms in at_their_times(self._acts(start_ms), self._pacer, start_ms, self._speed):
            self._take(act.at(at_ms))
            self.delivered += 1

    async def stop(self) -> None:
        self._pacer.stop()
