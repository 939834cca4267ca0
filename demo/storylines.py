"""What makes a stream worth telling: raids, hype, subs, cheers, and a spammer now and then."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import partial
from typing import Any

from core.clock import MINUTE_MS, SECOND_MS
from core.events import Event, Kind, Mark, Person
from demo.cast import MODERATOR, Persona
from demo.phrases import Lines, line
from demo.presence import GUEST_MINUTES, Presence
from demo.scenes import CLUTCH, HYPE_OF, RAID_HYPE, Hype
from demo.schedule import RUNNING_FOR_MS
from demo.stage import Act, Spike, Stage
from demo.talk import Talk

CHEERS = (1, 10, 25, 50, 100, 100, 100, 200, 300, 500, 1000)
BOMB_SIZES = (5, 5, 5, 10, 10, 20)
TIMEOUTS = (600, 600, 3600, 0)  # 0: for ever
MOST_RAIDERS_WHO_WRITE = 45
CALM_START_MS, CALM_END_MS, CALM_AROUND_BEATS_MS = 9 * MINUTE_MS, 7 * MINUTE_MS, 4 * MINUTE_MS
_ANNOUNCEMENT = int(Mark.ANNOUNCEMENT)


class Storylines:
    """The plot of one stream on Twitch. Every method that takes only ``at`` may be put into the stage's queue."""

    def __init__(self, stage: Stage, talk: Talk, presence: Presence) -> None:
        self.stage, self.talk, self.presence = stage, talk, presence
        self.rng, self.room, self.phrases = stage.rng, stage.twitch, talk.phrases
        self._raiders = deque(self.rng.sample(stage.cast.raiders[1:], len(stage.cast.raiders) - 1))
        self._last_hype: Hype | None = None
        self._next_hype_ms = stage.plan.start_ms + stage.plan.pace.spike * self.rng.uniform(200, 1000)
        self._veterans = self._who_has_a_new_month()
        self._plan_subscriptions()
        self._begin()

    def _begin(self) -> None:
        stage, pace, rate = self.stage, self.stage.plan.pace, self.stage.plan.rate
        for seconds, act in (
            (pace.sub / rate, self.sub),
            (pace.cheer / rate, self.cheer),
            (pace.bomb, self.bomb),
            (pace.raid, self.unplanned_raid),
            (15, self.unplanned_hype),
            (pace.spam, self.spam),
            (pace.spam * 3.1, self.spoiler),
            (290, self.host_says),
            (510, self.moderator_says),
        ):
            stage.every(seconds, act)

    def beats(self) -> dict[str, Act]:
        """What a plan may ask for at a fixed moment, by name."""
        return {
            "northwind": self.raid_of_northwind,
            "raid": self.raid_of_somebody,
            "clutch": self.clutch,
            "spike": self.hype,
            "bomb": self.bomb,
            "cheer": self.cheer,
            "sub": self.sub,
        }

    # --- hype

    def unplanned_hype(self, at: int) -> None:
        if at >= self._next_hype_ms and self._is_calm(at):
            self.hype(at)

    def hype(self, at: int) -> None:
        kinds = [hype for hype in HYPE_OF[self.stage.game] if hype is not self._last_hype]
        self._excite(self.rng.choice(kinds), self.rng.uniform(110, 180), self.rng.uniform(20, 40), at)

    def clutch(self, at: int) -> None:
        self._excite(CLUTCH, 190, 36, at)

    def _excite(self, hype: Hype, per_minute: float, hold_seconds: float, at: int, about: str = "") -> None:
        self._last_hype = hype
        self.talk.excite(hype, about)
        self.stage.spike = Spike(at, per_minute, hold_seconds, echo=0.0 if hype is RAID_HYPE else 0.2)
        self.stage.listen(at)
        self._next_hype_ms = at + self.stage.plan.pace.spike * self.rng.uniform(770, 1230)

    def _is_calm(self, at: int) -> bool:
        """Whether the plot may thicken: nothing is on, nor is it too early, too late or just before a beat."""
        plan, begun_ms = self.stage.plan, at - self.stage.plan.start_ms
        if (
            self.stage.spike
            or (plan.from_the_start and begun_ms < CALM_START_MS)
            or at > self.stage.end_ms - CALM_END_MS
        ):
            return False
        return all(abs(offset_ms - begun_ms) > CALM_AROUND_BEATS_MS for offset_ms, _ in plan.beats)

    # --- raids

    def unplanned_raid(self, at: int) -> Event | None:
        if not self._is_calm(at):
            return None
        if self.rng.random() < 0.6:
            self.stage.at(at + self.rng.uniform(45, 80) * SECOND_MS, self.clutch)
        return self.raid_of_somebody(at)

    def raid_of_somebody(self, at: int) -> Event:
        self._raiders.rotate(1)
        return self.raid(self._raiders[0], min(900, round(30 + self.stage.wait(140))), at)

    def raid_of_northwind(self, at: int) -> Event:
        return self.raid(self.stage.cast.raiders[0], 312, at)

    def raid(self, raider: Persona, viewers: int, at: int) -> Event:
        """The raid itself; then the first of its viewers write, the room greets them, and she says thanks."""
        name, stage = raider.person.name, self.stage
        for _ in range(min(MOST_RAIDERS_WHO_WRITE, 5 + viewers // 9)):
            stage.at(at + self.rng.triangular(2, 60, 8) * SECOND_MS, partial(self._raider_arrives, name))
        self._excite(RAID_HYPE, self.rng.uniform(45, 70), 20, at, name)
        thanks = partial(self._host_says, self.phrases.thanks_raid, name)
        stage.at(at + self.rng.uniform(6, 14) * SECOND_MS, thanks)
        return stage.event(self.room, Kind.RAID, at, raider, amount=viewers)

    def _raider_arrives(self, name: str, at: int) -> Event:
        persona = self.stage.newcomer(self.room, at)
        says = partial(self._says, persona, self.phrases.raider_lines, name)
        self.stage.at(at + self.rng.uniform(800, 9000), says)
        return self.presence.arrives(self.room, persona, GUEST_MINUTES, at)

    # --- subscriptions

    def sub(self, at: int) -> Event:
        if self._veterans and self.rng.random() < 0.45:
            persona = self._veterans.popleft()
            self._veterans.append(replace(persona, months=persona.months + 1))
            return self.resubscribe(persona, at)
        guests = self.room.guests
        for _ in range(min(5, len(guests))):
            guest = guests[int(self.rng.random() * len(guests))]
            if not self.stage.is_subscriber(guest):
                return self.subscribe(guest, at)
        return self.subscribe(self.stage.newcomer(self.room, at), at)

    def subscribe(self, persona: Persona, at: int) -> Event:
        self.stage.subscribe(persona)
        self._react_to(persona, self.phrases.sub_reactions, at)
        return self.stage.event(self.room, Kind.SUB, at, persona, amount=1, extra={"plan": persona.plan})

    def resubscribe(self, persona: Persona, at: int) -> Event:
        self.stage.subscribe(persona)
        self._react_to(persona, self.phrases.resub_reactions, at)
        months = persona.months + 1
        extra: dict[str, Any] = {"plan": persona.plan}
        if self.rng.random() < 0.2:
            return self.stage.event(self.room, Kind.RESUB, at, persona, amount=months, extra=extra)
        said = self.talk.pick(self.room, persona, self.phrases.resub_lines)
        extra |= {"emotes": list(said.emotes)} if said.emotes else {}
        return self.stage.event(self.room, Kind.RESUB, at, persona, text=said.text, amount=months, extra=extra)

    def bomb(self, at: int) -> None:
        """One gives a heap of subscriptions to those who have none."""
        giver, size = self.stage.somebody(self.room), self.rng.choice(BOMB_SIZES)
        self.stage.subscribe(giver)
        origin, moment = self.stage.new_id(), at
        candidates = [p for p in (*self.room.lurkers, *self.room.guests) if not self.stage.is_subscriber(p)]
        for lucky in self.rng.sample(candidates, min(size, len(candidates))):
            moment += self.rng.randint(60, 400)
            self.stage.at(moment, partial(self._gift_sub, giver, lucky, origin))
        self._react_to(giver, self.phrases.bomb_reactions, moment, most=6)

    def _gift_sub(self, giver: Persona, lucky: Persona, origin: str, at: int) -> Event:
        self.stage.subscribe(lucky)
        recipient = lucky.person
        extra = {"plan": "1000", "recipient": recipient.login, "recipient_id": recipient.user_id, "origin": origin}
        return self.stage.event(self.room, Kind.SUBGIFT, at, giver, amount=1, extra=extra)

    def _who_has_a_new_month(self) -> deque[Persona]:
        """For a stream that goes on: those first who did not share their month within the history."""
        if self.stage.plan.from_the_start:
            return deque()
        veterans = [p for p in self.room.talkers if p.resubscribes is not None]
        return deque(sorted(veterans, key=lambda persona: -(persona.resubscribes or 0)))

    def _plan_subscriptions(self) -> None:
        """What the history foresees for this very evening."""
        plan = self.stage.plan
        length_ms = (plan.end_ms - plan.start_ms) if plan.end_ms else RUNNING_FOR_MS
        for persona in self.room.talkers:
            for fraction, act in ((persona.subscribes, self.subscribe), (persona.resubscribes, self.resubscribe)):
                if fraction is not None and plan.is_the_evening_of(fraction):
                    self.stage.at(plan.start_ms + self.rng.uniform(0.03, 0.98) * length_ms, partial(act, persona))

    # --- cheers, moderation, the people in charge

    def cheer(self, at: int) -> Event:
        persona, bits = self.stage.somebody(self.room), self.rng.choice(CHEERS)
        said = self.talk.pick(self.room, persona, self.phrases.cheer_lines)
        return self.stage.say(self.room, at, persona, line(f"Cheer{bits} {said.text}"), amount=bits)

    def spam(self, at: int) -> Event:
        """A harmless advert, and its end: the message goes, then its author."""
        persona = self.stage.newcomer(self.room, at)
        advert = self._says(persona, self.phrases.adverts, "", at)
        removed = at + int(self.rng.uniform(2500, 6000))
        self.stage.at(removed, partial(self._delete, persona.person, advert.source_id))
        self.stage.at(removed + self.rng.uniform(200, 1500), partial(self._time_out, persona.person))
        for _ in range(self.rng.choice((0, 1, 2))):
            reaction = partial(self._reacts, self.phrases.spam_reactions, "", persona)
            self.stage.at(removed + self.rng.uniform(2500, 8000), reaction)
        return advert

    def spoiler(self, at: int) -> Event:
        """Somebody says too much: the message goes, the person stays."""
        persona = self.stage.somebody(self.room)
        said = self._says(persona, self.phrases.spoilers, "", at)
        self.stage.at(at + self.rng.uniform(3000, 9000), partial(self._delete, persona.person, said.source_id))
        return said

    def _delete(self, author: Person, target: str | None, at: int) -> Event:
        return self.stage.event(self.room, Kind.DELETE, at, Persona(author), extra={"target": target})

    def _time_out(self, author: Person, at: int) -> Event:
        return self.stage.event(self.room, Kind.TIMEOUT, at, Persona(author), amount=self.rng.choice(TIMEOUTS))

    def host_says(self, at: int) -> Event:
        return self._host_says(self.phrases.streamer_lines, "", at)

    def moderator_says(self, at: int) -> Event | None:
        mods = [persona for persona in self.room.present.values() if persona.marks & MODERATOR]
        if not mods:
            return None
        marks = _ANNOUNCEMENT if self.rng.random() < 0.4 else 0
        return self.talk.say_one(self.room, self.rng.choice(mods), self.phrases.mod_lines, at, marks=marks)

    def _host_says(self, lines: Lines, about: str, at: int) -> Event:
        return self.talk.say_one(self.room, self.room.circle.host, lines, at, about=about)

    def _says(self, persona: Persona, lines: Lines, about: str, at: int) -> Event:
        return self.talk.say_one(self.room, persona, lines, at, about=about)

    def _reacts(self, lines: Lines, about: str, to: Persona, at: int) -> Event | None:
        persona = self.stage.somebody(self.room)
        return None if persona.person is to.person else self._says(persona, lines, about, at)

    def _react_to(self, persona: Persona, lines: Lines, at: int, *, most: int = 2) -> None:
        """Some of the room, and often she herself, say something about ``persona``."""
        name = f"@{persona.person.name or persona.person.login}"
        for _ in range(self.rng.randint(0, most)):
            self.stage.at(at + self.rng.uniform(1500, 9000), partial(self._reacts, lines, name, persona))
        if self.rng.random() < 0.35:
            self.stage.at(at + self.rng.uniform(4000, 12_000), partial(self._host_says, self.phrases.thanks_sub, name))
