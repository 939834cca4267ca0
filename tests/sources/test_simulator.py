"""The simulator streams the demo's world on time, without drift, and stops when told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from core.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from core.events import Event, Kind, Platform, SourceState, SourceStatus
from demo import shop_hours
from demo.shop import Act
from demo.world import World
from sources.simulator import MOST_DRIFT_MS, ShopSimulator, Simulator

START_MS = 1_795_293_000_000


@pytest.fixture(scope="module")
def world() -> World:
    return World()


class Clock:
    """Time that passes only where somebody sleeps, and then a little longer than asked, as on a busy machine."""

    def __init__(self, jitter_ms: int = 0) -> None:
        self.now_ms: float = START_MS
        self.jitter_ms = jitter_ms
        self.naps: list[float] = []

    def __call__(self) -> int:
        return int(self.now_ms)

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now_ms += max(1.0, seconds * SECOND_MS) + self.jitter_ms
        await asyncio.sleep(0)


@dataclass
class Listener:
    """Collects, and stops the simulator after ``limit`` events."""

    limit: int
    clock: Clock | None = None
    events: list[Event] = field(default_factory=list)
    heard_at_ms: list[int] = field(default_factory=list)
    statuses: list[SourceStatus] = field(default_factory=list)
    simulator: Simulator | None = None

    def event(self, event: Event) -> None:
        self.events.append(event)
        if self.clock:
            self.heard_at_ms.append(self.clock())
        if len(self.events) >= self.limit and self.simulator:
            self.simulator._pacer.stop()

    def status(self, status: SourceStatus) -> None:
        self.statuses.append(status)

    @property
    def states(self) -> list[tuple[Platform, SourceState]]:
        return [(status.platform, status.state) for status in self.statuses]


def stream(world: World, limit: int, clock: Clock | None = None, **settings: float) -> Listener:
    """Runs a simulator on ``clock`` until it has delivered ``limit`` events."""
    clock = clock or Clock()
    listener = Listener(limit, clock)
    start_ms = int(settings.pop("start_ms", START_MS))
    simulator = Simulator(world, listener, start_ms=start_ms, clock_ms=clock, sleep=clock.sleep, **settings)
    listener.simulator = simulator
    asyncio.run(asyncio.wait_for(simulator.run(), 30))
    assert simulator.delivered == len(listener.events)
    return listener


def test_both_channels_connect_before_the_first_event_and_stop_after_the_last(world: World) -> None:
    listener = stream(world, 50)
    twitch, tiktok = Platform.TWITCH, Platform.TIKTOK
    assert listener.states == [
        (twitch, SourceState.CONNECTING),
        (tiktok, SourceState.CONNECTING),
        (twitch, SourceState.CONNECTED),
        (tiktok, SourceState.CONNECTED),
        (twitch, SourceState.STOPPED),
        (tiktok, SourceState.STOPPED),
    ]
    assert {status.channel for status in listener.statuses} == {"lena_plays", "lena"}


def test_it_delivers_the_live_part_of_the_world(world: World) -> None:
    assert stream(world, 2000).events == list(islice(world.live(START_MS), 2000))


def test_the_sequence_does_not_depend_on_a_machine_that_is_late(world: World) -> None:
    assert stream(world, 1500, Clock(jitter_ms=700)).events == stream(world, 1500).events


def test_another_start_is_another_sequence_with_other_ids(world: World) -> None:
    first, second = stream(world, 200).events, stream(world, 200, start_ms=START_MS + 60_000).events
    assert not {event.source_id for event in first} & {event.source_id for event in second}


def test_events_come_on_time_and_the_schedule_does_not_drift(world: World) -> None:
    listener = stream(world, 3000, Clock(jitter_ms=40))
    delays = [heard - event.at_ms for heard, event in zip(listener.heard_at_ms, listener.events, strict=True)]
    assert min(delays) >= 0
    assert max(delays) <= 500  # late by a nap's jitter and the burst that waited for it, however long it has run
    assert max(delays[-100:]) <= 500


def test_a_gift_streak_comes_tick_by_tick_while_it_grows(world: World) -> None:
    listener = stream(world, 2000)
    heard: dict[str, list[tuple[int, int]]] = {}
    for at_ms, event in zip(listener.heard_at_ms, listener.events, strict=True):
        if event.kind is Kind.GIFT and "streak" in event.extra:
            heard.setdefault(event.extra["streak"], []).append((at_ms, event.extra["quantity"]))
    longest = max(heard.values(), key=len)
    assert len(longest) >= 5
    assert [count for _, count in longest] == sorted(count for _, count in longest)
    assert all(later - earlier >= 300 for (earlier, _), (later, _) in pairwise(longest))


def test_speed_hurries_the_plot_but_every_event_happens_now(world: World) -> None:
    usual, hurried = stream(world, 1000), stream(world, 1000, speed=50)
    for event, same in zip(usual.events, hurried.events, strict=True):
        assert same.source_id == event.source_id
        assert same.at_ms == int(START_MS + (event.at_ms - START_MS) / 50)
    delays = [heard - event.at_ms for heard, event in zip(hurried.heard_at_ms, hurried.events, strict=True)]
    assert 0 <= min(delays) <= max(delays) <= 50


def test_rate_multiplies_the_messages(world: World) -> None:
    def messages(rate: float) -> int:
        events = stream(world, 3000, rate=rate).events
        seconds = (events[-1].at_ms - START_MS) / SECOND_MS
        return round(60 * sum(event.kind is Kind.CHAT for event in events) / seconds)

    assert messages(5.0) > 2.5 * messages(1.0)


def test_a_start_a_few_seconds_ago_is_caught_up_with(world: World) -> None:
    """A history that took long to write continues without a hole."""
    clock = Clock()
    clock.now_ms += 20 * SECOND_MS
    listener = stream(world, 200, clock)
    assert listener.events == list(islice(world.live(START_MS), 200))
    waiting = [event for event in listener.events if event.at_ms < START_MS + 20 * SECOND_MS]
    assert waiting
    assert all(heard <= START_MS + 20_010 for heard in listener.heard_at_ms[: len(waiting)])


def test_after_the_machine_slept_it_goes_on_from_now_instead_of_rushing(world: World) -> None:
    clock = Clock()
    clock.now_ms += 9 * HOUR_MS
    listener = stream(world, 400, clock)
    assert listener.events[0].at_ms >= START_MS + 9 * HOUR_MS - MOST_DRIFT_MS
    delays = [heard - event.at_ms for heard, event in zip(listener.heard_at_ms, listener.events, strict=True)]
    assert max(delays) < SECOND_MS
    assert listener.events[-1].at_ms - listener.events[0].at_ms > MINUTE_MS


def test_a_clock_set_back_does_not_silence_it(world: World) -> None:
    clock = Clock()
    clock.now_ms -= 9 * HOUR_MS
    listener = stream(world, 50, clock)
    assert abs(listener.events[0].at_ms - (START_MS - 9 * HOUR_MS)) < MINUTE_MS
    assert max(clock.naps) < 60


def test_without_a_start_it_begins_now(world: World) -> None:
    clock, listener = Clock(), Listener(20)
    simulator = Simulator(world, listener, clock_ms=clock, sleep=clock.sleep)
    listener.simulator = simulator
    clock.now_ms += 12_345
    asyncio.run(asyncio.wait_for(simulator.run(), 30))
    assert listener.events == list(islice(world.live(START_MS + 12_345), 20))


def test_stop_ends_a_wait_at_once(world: World) -> None:
    """With the real clock: the next event is minutes away, and stopping takes no time."""

    async def scene() -> Listener:
        listener = Listener(10**9)
        simulator = Simulator(world, listener, speed=0.001)
        running = asyncio.create_task(simulator.run())
        while len(listener.statuses) < 4:
            await asyncio.sleep(0)
        await simulator.stop()
        await asyncio.wait_for(running, 2)
        return listener

    assert [state for _, state in asyncio.run(scene()).states][-2:] == [SourceState.STOPPED] * 2


def test_a_flood_lets_the_rest_of_the_program_run_and_can_be_stopped(world: World) -> None:
    """With the real clock, at a speed no machine keeps up with."""

    async def scene() -> tuple[int, int]:
        listener = Listener(10**9)
        simulator = Simulator(world, listener, speed=100_000)
        running = asyncio.create_task(simulator.run())
        turns = 0
        while simulator.delivered < 3000:
            await asyncio.sleep(0)
            turns += 1
        await simulator.stop()
        await asyncio.wait_for(running, 2)
        return simulator.delivered, turns

    delivered, turns = asyncio.run(asyncio.wait_for(scene(), 30))
    assert delivered < 5000
    assert turns >= 10


def test_stopped_before_it_ran_it_returns_without_an_event(world: World) -> None:
    async def scene() -> Listener:
        listener = Listener(10)
        simulator = Simulator(world, listener)
        await simulator.stop()
        await asyncio.wait_for(simulator.run(), 2)
        return listener

    listener = asyncio.run(scene())
    assert not listener.events
    assert listener.states[-1] == (Platform.TIKTOK, SourceState.STOPPED)


@pytest.mark.parametrize("wrong", [{"speed": 0}, {"speed": -1}, {"rate": 0}, {"speed": float("nan")}])
def test_a_speed_or_rate_that_makes_no_sense_is_refused(world: World, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Simulator(world, Listener(1), **wrong)


# The shop.


def shop_acts(start_ms: int) -> Iterator[Act]:
    return shop_hours.live(World(), start_ms, zone=ZoneInfo("Europe/Berlin"), currency="EUR")


def sold(limit: int, clock: Clock, **settings: float) -> list[tuple[int, Act]]:
    """Runs the shop on ``clock`` until it has told of ``limit`` acts; each with the time it was told."""
    heard: list[tuple[int, Act]] = []

    def take(act: Act) -> None:
        heard.append((clock(), act))
        if len(heard) >= limit:
            shop._pacer.stop()

    shop = ShopSimulator(shop_acts, take, clock_ms=clock, sleep=clock.sleep, **settings)
    asyncio.run(asyncio.wait_for(shop.run(), 30))
    assert shop.counters == {"events": len(heard)} == {"events": limit}
    return heard


def test_the_shop_tells_of_each_act_at_its_time() -> None:
    heard = sold(300, Clock(jitter_ms=40), start_ms=START_MS)
    assert [act for _, act in heard] == list(islice(shop_acts(START_MS), 300))
    assert all(0 <= at_ms - act.at_ms <= 500 for at_ms, act in heard)


def test_a_hurried_shop_does_the_same_in_less_time() -> None:
    heard = sold(300, Clock(), speed=10)
    planned = list(islice(shop_acts(START_MS), 300))
    assert [act.event_id for _, act in heard] == [act.event_id for act in planned]
    assert all(
        abs(act.at_ms - START_MS - (plan.at_ms - START_MS) / 10) <= 1
        for (_, act), plan in zip(heard, planned, strict=True)
    )


def test_a_shop_that_is_told_to_stop_stops_at_once() -> None:
    async def scene() -> None:
        shop = ShopSimulator(shop_acts, lambda act: None, speed=0.001)
        running = asyncio.create_task(shop.run())
        await asyncio.sleep(0)
        await shop.stop()
        await asyncio.wait_for(running, 5)

    asyncio.run(scene())
