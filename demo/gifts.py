"""Gifts on TikTok: who gives what in one stream, told as TikTok tells it, tick by tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from core.events import Event, Kind
from demo.cast import Persona
from demo.stage import Act, Stage
from demo.talk import Talk


class Gift(NamedTuple):
    """``most`` at once; what is never given more than once at a time has no streaks."""

    id: int
    name: str
    diamonds: int  # each
    often: float
    most: int


GIFTS = tuple(
    Gift(*gift) for gift in (
        (5655, "Rose", 1, 400, 60), (5269, "TikTok", 1, 140, 20), (7934, "Heart Me", 1, 100, 5),
        (6064, "GG", 1, 80, 20), (5487, "Finger Heart", 5, 100, 15), (5827, "Ice Cream Cone", 1, 80, 10),
        (5658, "Perfume", 20, 50, 5), (5879, "Doughnut", 30, 45, 5), (6104, "Cap", 99, 16, 1),
        (5585, "Confetti", 100, 12, 1), (5660, "Hand Hearts", 100, 12, 1), (5509, "Sunglasses", 199, 5, 1),
        (7168, "Money Gun", 500, 1.2, 1), (11046, "Galaxy", 1000, 0.9, 1), (6369, "Lion", 29_999, 0.06, 1),
    )
)  # fmt: skip
_OFTEN = list(accumulate(gift.often for gift in GIFTS))
ROSE, GALAXY = GIFTS[0], GIFTS[-2]
INTERSTELLAR = Gift(8582, "Interstellar", 10_000, 0, 1)  # nobody gives it, until somebody saved for it
GENEROUS = 10  # so many of the channel's regulars give half of the gifts, and all of the dear ones
DEAR_DIAMONDS = 500
MOST_TICKS = 8  # TikTok tells a fast streak in leaps
LOST_ENDS = 0.04  # of all streaks, those whose last tick never comes
SMALL_GIFT_SECONDS = 1500
FIRST_ROOM = 73 * 10**17


class Gifts:
    """The generosity of one stream. Methods that take only ``at`` may be put into the stage's queue."""

    def __init__(self, stage: Stage, talk: Talk) -> None:
        self.stage, self.talk = stage, talk
        self.rng, self.room = stage.rng, stage.tiktok
        givers = [persona for persona in self.room.attending if persona.saves is None]
        known = {persona.person.user_id for persona in self.room.talkers[:GENEROUS]}
        self._patrons = [p for p in givers if p.person.user_id in known] or givers[:GENEROUS]
        self._givers = givers
        self._room_id = FIRST_ROOM + stage.plan.start_ms
        self._spent: Counter[str] = Counter()  # by those who save
        self._streaks = 0
        for persona in self.room.attending:
            if persona.saves is not None:
                stage.every(SMALL_GIFT_SECONDS, partial(self.small_gift, persona))

    def beats(self) -> dict[str, Act]:
        """What a plan may ask for at a fixed moment, by name."""
        return {
            "gift": self.gift,
            "first saver": partial(self._saver_gives, 0, GALAXY),
            "second saver": partial(self._saver_gives, 1, INTERSTELLAR),
        }

    def gift(self, at: int) -> Event:
        """One gift or a whole streak of it: its first tick, the others follow."""
        gift = self.rng.choices(GIFTS, cum_weights=_OFTEN)[0]
        by_patron = gift.diamonds >= DEAR_DIAMONDS or self.rng.random() < 0.5
        return self.give(self._patron() if by_patron else self._onlooker(), gift, self._quantity(gift.most), at)

    def give(self, giver: Persona, gift: Gift, quantity: int, at: int) -> Event:
        coins = quantity * gift.diamonds
        moment = at
        if gift.most > 1:
            counts = self._counts(quantity)
            self._streaks += 1
            streak = f"{self._room_id}:{at}{self._streaks % 1000:03d}"
            tick = partial(self._tick, giver, gift, streak)
            for count in counts[1:]:
                moment += self.rng.randint(350, 1400)
                self.stage.at(moment, partial(tick, count, False))
            if self.rng.random() >= LOST_ENDS:
                self.stage.at(moment + self.rng.randint(1500, 5500), partial(tick, quantity, True))
            first = tick(counts[0], False, at)
        else:
            first = self._tick(giver, gift, None, quantity, True, at)
        if coins >= 90:
            self._admire(giver, min(4, 1 + coins // 300), moment)
        return first

    def small_gift(self, saver: Persona, at: int) -> Event | None:
        """Who saves gives a little every evening, and not more."""
        user_id = saver.person.user_id
        if saver.saves is None or user_id not in self.room.present:
            return None
        left = saver.saves - self._spent[user_id]
        quantity = min(left, self.rng.randint(saver.saves // 8 + 1, saver.saves // 4 + 1))
        if quantity < 1:
            return None
        self._spent[user_id] += quantity
        return self.give(saver, ROSE, quantity, at)

    def _saver_gives(self, number: int, gift: Gift, at: int) -> Event | None:
        savers = [persona for persona in self.room.talkers if persona.saves is not None]
        return self.give(savers[number], gift, 1, at) if number < len(savers) else None

    def _tick(self, giver: Persona, gift: Gift, streak: str | None, count: int, ended: bool, at: int) -> Event:
        extra: dict[str, Any] = {
            "gift_id": gift.id, "name": gift.name, "quantity": count, "diamonds": gift.diamonds,
        }  # fmt: skip
        if streak is not None:
            extra |= {"streak": streak, "ended": ended}
        return self.stage.event(self.room, Kind.GIFT, at, giver, amount=count * gift.diamonds, extra=extra)

    def _quantity(self, most: int) -> int:
        roll = self.rng.random()
        if most == 1 or roll < 0.6:
            return 1
        return self.rng.randint(2, min(5, most)) if roll < 0.88 else self.rng.randint(2, most)

    def _counts(self, quantity: int) -> list[int]:
        """How the count of a streak grows: tap by tap a small one, in leaps a large one."""
        leap, counts = -(-2 * quantity // MOST_TICKS), [1]
        while counts[-1] < quantity:
            counts.append(min(quantity, counts[-1] + self.rng.randint(1, leap)))
        return counts

    def _admire(self, giver: Persona, voices: int, at: int) -> None:
        name = f"@{giver.person.name}"
        for _ in range(voices):
            self.stage.at(at + self.rng.uniform(1200, 7000), partial(self._admires, name))

    def _admires(self, name: str, at: int) -> Event:
        persona = self.stage.somebody(self.room)
        return self.talk.say_one(self.room, persona, self.talk.phrases.gift_reactions, at, about=name)

    def _patron(self) -> Persona:
        return self._who_is_there(lambda: self._patrons[min(int(self.rng.expovariate(0.3)), len(self._patrons) - 1)])

    def _onlooker(self) -> Persona:
        """Anybody; the more at home they are, the more freely they give."""
        givers, lurkers, random = self._givers, self.room.lurkers, self.rng.random

        def one() -> Persona:
            if random() < 0.2:
                return lurkers[int(random() * len(lurkers))]
            return givers[int(len(givers) * random() ** 3)]

        return self._who_is_there(one)

    def _who_is_there(self, draw: Callable[[], Persona]) -> Persona:
        """Somebody in the room if a few draws find one; else somebody who comes in giving."""
        for _ in range(4):
            persona = draw()
            if persona.person.user_id in self.room.present:
                break
        return persona
