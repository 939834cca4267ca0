"""When the demo's streams take place, and how lively each of them is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from demo.scenes import GAMES

RUNNING_FOR_MS = 100 * MINUTE_MS
BREAK_MS = 3 * HOUR_MS  # between the stream before and the one that runs: two evenings, not one with a gap
TONIGHT = "tonight"
TONIGHTS_CROWD = 1.08
# So much talk and applause is told of streams longer ago: few look at them closely, and a newcomer waits for them.
RICH_MS, LONG_AGO = 5 * DAY_MS, 0.36
# Monday to Sunday: how gladly she streams then.
_WEEKDAYS = (1.0, 2.0, 3.0, 2.0, 5.0, 5.0, 3.0)
_GAMES = tuple(GAMES)


@dataclass(frozen=True, slots=True)
class Pace:
    """Mean seconds between two of a kind; for ``spike`` between the end of one hype and the next."""

    gift: float
    like: float
    share: float
    follow: float
    twitch_join: float
    tiktok_join: float
    sub: float
    bomb: float
    cheer: float
    raid: float
    spike: float
    spam: float


ARCHIVE = Pace(
    gift=36, like=30, share=80, follow=60, twitch_join=28, tiktok_join=24,
    sub=420, bomb=3600, cheer=300, raid=7200, spike=4000, spam=2700,
)  # fmt: skip
EVENING = Pace(
    gift=10, like=12, share=50, follow=35, twitch_join=15, tiktok_join=10,
    sub=75, bomb=1500, cheer=75, raid=2400, spike=1500, spam=1500,
)  # fmt: skip
SHOW = Pace(
    gift=5, like=5, share=30, follow=25, twitch_join=10, tiktok_join=8,
    sub=40, bomb=270, cheer=45, raid=900, spike=390, spam=420,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """One stream. ``index`` of ``count`` places it in a history; ``beats`` are storylines at fixed offsets."""

    start_ms: int
    end_ms: int | None  # None: it goes on
    evening: str  # decides who comes
    games: tuple[str, ...]
    pace: Pace
    crowd: float  # 1 is an average evening
    index: int = 0
    count: int = 1
    from_the_start: bool = True  # False: we tune in while everybody is there
    beats: tuple[tuple[int, str], ...] = ()
    rate: float = 1.0
    talk: float = 1.0  # the share of messages, arrivals and likes, of those an average evening has

    # A moment of a history is a fraction of its streams, from 0, the first, to 1, the last.

    def is_past(self, fraction: float) -> bool:
        """Whether that moment lies in a stream before this one."""
        return int(fraction * self.count) < self.index

    def is_the_evening_of(self, fraction: float) -> bool:
        return self.from_the_start and int(fraction * self.count) == self.index

    def reaches(self, fraction: float) -> bool:
        """Whether that moment lies in this stream or before it."""
        return int(fraction * self.count) <= self.index


def past_plans(seed: int, *, now_ms: int, days: int, zone: ZoneInfo) -> list[Plan]:
    """The streams of the last ``days`` and, as the last, the one that is running at ``now_ms``; in time order."""
    if days < 0:
        raise ValueError(f"days must not be negative, got {days}")
    running_start = now_ms - RUNNING_FOR_MS
    first, last = now_ms - days * DAY_MS, running_start - BREAK_MS
    slots = [
        slot for slot in _slots(seed, datetime.fromtimestamp(first / 1000, zone).date(), days + 1, zone)
        if first <= slot.start_ms and slot.end_ms <= last
    ]  # fmt: skip
    count = len(slots) + 1
    plans = [
        replace(slot.plan(index, count), talk=1.0 if slot.start_ms > now_ms - RICH_MS else LONG_AGO)
        for index, slot in enumerate(slots)
    ]
    return [*plans, running_plan(running_start, index=len(slots), count=count)]


def running_plan(start_ms: int, *, index: int, count: int) -> Plan:
    """The stream of tonight, with something to see in the minutes just before now."""
    beats = ((58, "spike"), (78, "bomb"), (91.4, "northwind"), (92.4, "clutch"), (97.5, "bomb"))
    return Plan(
        start_ms=start_ms,
        end_ms=None,
        evening=TONIGHT,
        games=("Tiny Harbor", "Emberfall"),
        pace=EVENING,
        crowd=TONIGHTS_CROWD,
        index=index,
        count=count,
        beats=tuple((int(minute * MINUTE_MS), what) for minute, what in beats),
    )


def live_plan(start_ms: int, *, rate: float = 1.0) -> Plan:
    """How tonight goes on, for ever."""
    beats = (
        (4, "gift"), (9, "cheer"), (20, "sub"), (75, "raid"), (105, "first saver"), (135, "clutch"), (170, "bomb"),
        (400, "second saver"),
    )  # fmt: skip
    return Plan(
        start_ms=start_ms,
        end_ms=None,
        evening=TONIGHT,
        games=("Emberfall", "Ward Nine", "Skyline Drift", "Tiny Harbor"),
        pace=SHOW,
        crowd=TONIGHTS_CROWD,
        index=1,
        count=1,
        from_the_start=False,
        beats=tuple((second * SECOND_MS, what) for second, what in beats),
        rate=rate,
    )


@dataclass(frozen=True, slots=True)
class _Slot:
    day: date
    start_ms: int
    end_ms: int
    rng: random.Random = field(repr=False)

    def plan(self, index: int, count: int) -> Plan:
        crowd = self.rng.uniform(0.75, 1.0) + (0.15 if self.day.weekday() in (4, 5) else 0.0)
        games = tuple(self.rng.sample(_GAMES, 2))
        return Plan(self.start_ms, self.end_ms, self.day.isoformat(), games, ARCHIVE, crowd, index, count)


def _slots(seed: int, first: date, days: int, zone: ZoneInfo) -> Iterator[_Slot]:
    """Every evening with a stream among ``days`` from ``first``; a day's slot is the same whenever one asks."""
    for day in (first + timedelta(days=number) for number in range(days)):
        rng = random.Random(f"slot:{seed}:{day.isoformat()}")
        if day.weekday() not in _weekdays(seed, day):
            continue
        begins = time(rng.choice((18, 19, 19, 20)), rng.choice((0, 2, 15, 30, 45)), rng.randrange(60))
        start_ms = int(datetime.combine(day, begins, zone).timestamp() * 1000) + rng.randrange(1000)
        yield _Slot(day, start_ms, start_ms + int(rng.uniform(2.4, 3.9) * HOUR_MS), rng)


def _weekdays(seed: int, day: date) -> set[int]:
    """The four or five evenings of the calendar week of ``day``."""
    year, week, _ = day.isocalendar()
    rng = random.Random(f"week:{seed}:{year}:{week}")
    gladness = sorted(range(7), key=lambda weekday: rng.random() ** (1 / _WEEKDAYS[weekday]))
    return set(gladness[-rng.choice((4, 4, 4, 5)) :])
