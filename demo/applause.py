"""What else TikTok adds to the talk: likes, shares, follows, subscriptions, viewer counts, the live's begin and end."""

from __future__ import annotations

import random
from functools import lru_cache, partial

from core.clock import MINUTE_MS
from core.events import Event, Kind
from demo.cast import Persona
from demo.schedule import RUNNING_FOR_MS
from demo.stage import Room, Stage

USUAL_VIEWERS = 330
DRIFT_MS = 90_000  # from one turn of the viewer count's drift to the next


class Applause:
    """The silent half of one stream on TikTok. Methods that take only ``at`` may be put into the stage's queue."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.rng, self.room = stage.rng, stage.tiktok
        self._crowd = (*self.room.attending, *self.room.lurkers)
        self._tapping: set[str] = set()
        self._begin()
        self._plan_subscriptions()

    def _begin(self) -> None:
        plan, pace = self.stage.plan, self.stage.plan.pace
        if plan.from_the_start:
            self.stage.at(plan.start_ms, partial(self.stage.event, self.room, Kind.LIVE_START))
        else:
            self.stage.every(pace.sub * 4 / plan.rate, self.newcomer_subscribes)
        if plan.end_ms is not None:
            self.stage.at(plan.end_ms, partial(self.stage.event, self.room, Kind.LIVE_END))
        self.stage.every(20, self.viewers)
        for seconds, act in ((pace.like, self.like), (pace.share, self.share), (pace.follow, self.follow)):
            self.stage.every(seconds / plan.rate, act)

    # --- likes

    def like(self, at: int) -> Event:
        return self._likes(self._onlooker(), at)

    def joins_in(self, room: Room, persona: Persona, at: int) -> None:
        """Who taps the screen does so as long as they stay: the only sign of those who never write."""
        user_id = persona.person.user_id
        if room is self.room and persona.taps and user_id not in self._tapping:
            self._tapping.add(user_id)
            self.stage.at(at + self.rng.random() * persona.taps * MINUTE_MS, partial(self._taps, persona))

    def _taps(self, persona: Persona, at: int) -> Event | None:
        if persona.person.user_id not in self.room.present:
            self._tapping.discard(persona.person.user_id)
            return None
        pause = self.rng.uniform(0.5, 1.5) * persona.taps / self.stage.plan.talk
        self.stage.at(at + pause * MINUTE_MS, partial(self._taps, persona))
        return self._likes(persona, at)

    def _likes(self, persona: Persona, at: int) -> Event:
        return self.stage.event(self.room, Kind.LIKE, at, persona, amount=self.rng.randint(1, 15))

    # --- shares, follows, subscriptions

    def share(self, at: int) -> Event:
        return self.stage.event(self.room, Kind.SHARE, at, self._onlooker())

    def follow(self, at: int) -> Event:
        """Those who follow have just found the channel, and do so once."""
        guests = [guest for guest in list(self.room.guests)[-8:] if guest.person.user_id not in self.room.followed]
        guest = self.rng.choice(guests) if guests else self.stage.newcomer(self.room, at)
        self.room.followed.add(guest.person.user_id)
        return self.stage.event(self.room, Kind.FOLLOW, at, guest)

    def newcomer_subscribes(self, at: int) -> Event:
        guests = [guest for guest in self.room.guests if not self.stage.is_subscriber(guest)]
        return self.subscribe(self.rng.choice(guests) if guests else self.stage.newcomer(self.room, at), 1, at)

    def subscribe(self, persona: Persona, months: int, at: int) -> Event:
        """TikTok tells a new subscription and another month of one alike: by how many months it is."""
        self.stage.subscribe(persona)
        return self.stage.event(self.room, Kind.SUB, at, persona, amount=months)

    def _plan_subscriptions(self) -> None:
        """What the history foresees for this very evening."""
        plan = self.stage.plan
        length_ms = (plan.end_ms - plan.start_ms) if plan.end_ms else RUNNING_FOR_MS
        for persona in self.room.talkers:
            for fraction in (persona.subscribes, persona.resubscribes):
                if fraction is not None and plan.is_the_evening_of(fraction):
                    moment = plan.start_ms + self.rng.uniform(0.03, 0.98) * length_ms
                    self.stage.at(moment, partial(self.subscribe, persona, persona.months + 1))

    # --- viewers

    def viewers(self, at: int) -> Event:
        watching = USUAL_VIEWERS * self.stage.level(at) ** 0.6 + _drift(self.stage.cast.seed, at)
        return self.stage.event(self.room, Kind.VIEWERS, at, amount=max(3, int(watching)))

    def _onlooker(self) -> Persona:
        """Somebody in the room if a few draws find one; else somebody of whom nothing else is told."""
        for _ in range(4):
            persona = self._crowd[int(self.rng.random() * len(self._crowd))]
            if persona.person.user_id in self.room.present:
                break
        return persona


def _drift(seed: int, at: int) -> float:
    """How the count wanders, by the clock alone: so the live part goes on where the history ended."""
    turn, part = divmod(at / DRIFT_MS, 1)
    return _turn(seed, int(turn)) * (1 - part) + _turn(seed, int(turn) + 1) * part


@lru_cache(maxsize=8)
def _turn(seed: int, number: int) -> float:
    return random.Random(f"drift:{seed}:{number}").gauss(0, 20)
