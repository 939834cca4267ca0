"""What TikTok adds to the talk: gifts, likes, shares, follows, viewer counts, and when the live begins and ends."""

from __future__ import annotations

from functools import partial
from itertools import accumulate

from core.events import Event, Kind
from demo.cast import Persona
from demo.stage import Stage
from demo.talk import Talk

# (gift id, name, diamonds each, how often, most at once). Coins are what the sender pays: quantity × diamonds.
GIFTS = (
    ("5655", "Rose", 1, 400, 60), ("5269", "TikTok", 1, 140, 20), ("7934", "Heart Me", 1, 100, 5),
    ("6064", "GG", 1, 80, 20), ("5487", "Finger Heart", 5, 100, 15), ("5827", "Ice Cream Cone", 1, 80, 10),
    ("5658", "Perfume", 20, 50, 5), ("5879", "Doughnut", 30, 45, 5), ("6104", "Cap", 99, 16, 1),
    ("5585", "Confetti", 100, 12, 1), ("5660", "Hand Hearts", 100, 12, 1), ("5509", "Sunglasses", 199, 5, 1),
    ("7168", "Money Gun", 500, 1.2, 1), ("11046", "Galaxy", 1000, 0.9, 1), ("6369", "Lion", 29_999, 0.06, 1),
)  # fmt: skip
_GIFT_WEIGHTS = list(accumulate(gift[3] for gift in GIFTS))
GENEROUS = 6  # so many of the channel's regulars give half of the gifts, and all of the dear ones
DEAR_DIAMONDS = 500
USUAL_VIEWERS = 330


class Applause:
    """The silent half of one stream on TikTok. Methods that take only ``at`` may be put into the stage's queue."""

    def __init__(self, stage: Stage, talk: Talk) -> None:
        self.stage, self.talk = stage, talk
        self.rng, self.room = stage.rng, stage.tiktok
        self._patrons = self.room.circle.talkers[:GENEROUS]
        self._crowd = (*self.room.attending, *self.room.circle.lurkers)
        self._drift = 0.0
        self._begin()

    def _begin(self) -> None:
        plan, pace = self.stage.plan, self.stage.plan.pace
        if plan.from_the_start:
            self.stage.at(plan.start_ms, partial(self.stage.event, self.room, Kind.LIVE_START))
        if plan.end_ms is not None:
            self.stage.at(plan.end_ms, partial(self.stage.event, self.room, Kind.LIVE_END))
        self.stage.every(20, self.viewers)
        for seconds, act in (
            (pace.gift, self.gift),
            (pace.like, self.like),
            (pace.share, self.share),
            (pace.follow, self.follow),
        ):
            self.stage.every(seconds / plan.rate, act)

    def gift(self, at: int) -> Event:
        """One gift or a whole streak of it; a streak is one event, with its final count."""
        gift_id, name, diamonds, _, most = self.rng.choices(GIFTS, cum_weights=_GIFT_WEIGHTS)[0]
        giver = self._patron() if diamonds >= DEAR_DIAMONDS or self.rng.random() < 0.5 else self._onlooker()
        quantity = self._quantity(most)
        coins = quantity * diamonds
        if coins >= 90:
            self._admire(giver, min(4, 1 + coins // 300), at)
        extra = {"gift_id": gift_id, "name": name, "quantity": quantity, "diamonds": diamonds}
        return self.stage.event(self.room, Kind.GIFT, at, giver, amount=coins, extra=extra)

    def _quantity(self, most: int) -> int:
        roll = self.rng.random()
        if most == 1 or roll < 0.6:
            return 1
        return self.rng.randint(2, min(5, most)) if roll < 0.88 else self.rng.randint(2, most)

    def _admire(self, giver: Persona, voices: int, at: int) -> None:
        name = f"@{giver.person.name}"
        for _ in range(voices):
            self.stage.at(at + self.rng.uniform(1200, 7000), partial(self._admires, name))

    def _admires(self, name: str, at: int) -> Event:
        persona = self.stage.somebody(self.room)
        return self.talk.say_one(self.room, persona, self.talk.phrases.gift_reactions, at, about=name)

    def like(self, at: int) -> Event:
        return self.stage.event(self.room, Kind.LIKE, at, self._onlooker(), amount=self.rng.randint(1, 15))

    def share(self, at: int) -> Event:
        return self.stage.event(self.room, Kind.SHARE, at, self._onlooker())

    def follow(self, at: int) -> Event:
        """Those who follow have just found the channel, and do so once."""
        guests = [guest for guest in list(self.room.guests)[-8:] if guest.person.user_id not in self.room.followed]
        guest = self.rng.choice(guests) if guests else self.stage.newcomer(self.room, at)
        self.room.followed.add(guest.person.user_id)
        return self.stage.event(self.room, Kind.FOLLOW, at, guest)

    def viewers(self, at: int) -> Event:
        self._drift = 0.9 * self._drift + self.rng.gauss(0, 9)
        watching = max(3, int(USUAL_VIEWERS * self.stage.level(at) ** 0.6 + self._drift))
        return self.stage.event(self.room, Kind.VIEWERS, at, amount=watching)

    def _patron(self) -> Persona:
        return self._patrons[min(int(self.rng.expovariate(0.5)), GENEROUS - 1)]

    def _onlooker(self) -> Persona:
        return self._crowd[int(self.rng.random() * len(self._crowd))]
