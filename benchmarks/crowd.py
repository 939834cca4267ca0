"""A crowd as channels have it: most people came once, a few come always, and one in five gives anything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from demo.gifts import GALAXY, GIFTS, Gift
from demo.names import FIRST_PARTS, NICKNAMES, SECOND_PARTS, TAILS

YEARS_MS = 730 * DAY_MS
MOST_VISITS = 600
HERE_MS = 2 * HOUR_MS  # since when the streams run that run now
_OFTEN = list(accumulate(gift.often for gift in GIFTS))
_ON_TIKTOK, _GIVERS, _PATRONS = 0.7, 0.3, 0.6
_HERE = 0.004
_RECORDED_EVERY = 5


@dataclass(slots=True)
class Individual:
    """Somebody, all they did, and what is noted of them. Their newest session ends with ``last_ms``."""

    number: int
    tiktok: bool
    username: str
    display_name: str
    visits: int
    minutes: int  # a visit
    gap_days: int  # between two visits
    last_ms: int
    open: bool
    comments: int
    likes: int
    shares: int
    gifts: list[tuple[Gift, int]] = field(default_factory=list)
    birthday: str | None = None
    favorite: bool = False
    blocked: bool = False
    former_name: str = ""

    @property
    def recorded(self) -> bool:
        """Whether all of it is there row by row."""
        return self.number % _RECORDED_EVERY == 0

    @property
    def first_ms(self) -> int:
        return self.last_ms - (self.visits - 1) * self.gap_days * DAY_MS - self.minutes * MINUTE_MS

    @property
    def watched_ms(self) -> int:
        return self.visits * self.minutes * MINUTE_MS

    @property
    def coins(self) -> int:
        return sum(gift.diamonds * quantity for gift, quantity in self.gifts)


def individuals(count: int, *, seed: int, now_ms: int) -> Iterator[Individual]:
    """``count`` people, numbered from 1: the same ones for the same seed and instant."""
    rng = random.Random(f"crowd:{seed}")
    chance = rng.random
    for number in range(1, count + 1):
        visits = min(MOST_VISITS, int(rng.paretovariate(0.85)))
        last_ms, is_open = _last_seen(rng, now_ms)
        tiktok = chance() < _ON_TIKTOK
        username, display_name = _name(rng, number, tiktok)
        talkative = rng.paretovariate(1.1) - 1
        yield Individual(
            number, tiktok, username, display_name, visits,
            minutes=1 + int(min(200, rng.expovariate(1 / 22) + visits / 10)),
            gap_days=max(1, min(rng.randint(1, 14), 700 // visits)),
            last_ms=last_ms,
            open=is_open,
            comments=min(20_000, int(talkative * visits)),
            likes=int(rng.expovariate(1 / 40) * visits) if tiktok and chance() < 0.6 else 0,
            shares=int(rng.expovariate(0.7)) if tiktok and chance() < 0.1 else 0,
            gifts=_gifts(rng, visits) if tiktok and chance() < _GIVERS else [],
            birthday=_birthday(rng) if chance() < 0.04 else None,
            favorite=chance() < 0.002,
            blocked=chance() < 0.0005,
            former_name=f"{rng.choice(SECOND_PARTS)}_{number}" if chance() < 0.01 else "",
        )  # fmt: skip


def _last_seen(rng: random.Random, now_ms: int) -> tuple[int, bool]:
    """When they were last seen, and whether they are still here. A fifth came within the last month, in the evening."""
    if rng.random() < _HERE:
        is_open = rng.random() < 0.5
        return now_ms - (rng.randrange(MINUTE_MS) if is_open else rng.randrange(10 * MINUTE_MS, HERE_MS)), is_open
    evening = int(rng.gauss(20.5, 2.5) * HOUR_MS) % DAY_MS
    last_ms = (now_ms - int(YEARS_MS * rng.random() ** 2)) // DAY_MS * DAY_MS + evening
    return (last_ms if last_ms < now_ms - HERE_MS else last_ms - DAY_MS), False


def _birthday(rng: random.Random) -> str:
    born = date(1960, 1, 1) + timedelta(days=rng.randrange(48 * 365))
    return born.isoformat()


def _gifts(rng: random.Random, visits: int) -> list[tuple[Gift, int]]:
    count = min(250, 1 + int(visits * rng.expovariate(1.2)))
    given = rng.choices(GIFTS, cum_weights=_OFTEN, k=count)
    if visits >= 10 and rng.random() < _PATRONS:
        given += [GALAXY] * (1 + int(rng.expovariate(0.4)))
    return [(gift, rng.randint(1, gift.most) if rng.random() < 0.4 else 1) for gift in given]


def _name(rng: random.Random, number: int, tiktok: bool) -> tuple[str, str]:
    """As people choose them, or as TikTok does for those who do not."""
    roll, given, thing = rng.random(), rng.choice(FIRST_PARTS), rng.choice(SECOND_PARTS)
    if tiktok and roll < 0.2:
        return f"user{number * 7_368_787 % 10**9:09}{number:07}", f"user{number:07}"
    tail = rng.choice(TAILS) if roll < 0.8 else str(number)
    username = f"{given}{rng.choice(('', '.', '_') if tiktok else ('', '_'))}{thing}{tail}"
    nickname = rng.choice(NICKNAMES).format(given.capitalize()) if tiktok else username.title()
    return username, nickname or given.capitalize()
