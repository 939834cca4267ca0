"""Who comes and goes: regulars, newcomers and those who only watch."""

from __future__ import annotations

from functools import partial

from core.clock import MINUTE_MS
from core.events import Event, Kind, Person
from demo.applause import Applause
from demo.cast import Persona
from demo.stage import TWITCH, Room, Stage
from demo.talk import Talk

REGULAR_MINUTES, LURKER_MINUTES, GUEST_MINUTES = 60.0, 30.0, 6.0
BREAK_MINUTES = (6.0, 14.0)  # longer than what still counts as the same visit


class Presence:
    """The doors of one stream. Methods that take ``at`` last may be put into the stage's queue."""

    def __init__(self, stage: Stage, talk: Talk, applause: Applause) -> None:
        self.stage, self.talk, self.rng = stage, talk, stage.rng
        self._applause = applause
        if not stage.plan.from_the_start:
            for room in stage.rooms.values():
                self._everybody_is_there(room)

    def _everybody_is_there(self, room: Room) -> None:
        """We tune in late: most have come and greeted already."""
        now = self.stage.plan.start_ms
        for people, part, minutes in ((room.attending, 0.9, REGULAR_MINUTES), (room.lurkers, 0.5, LURKER_MINUTES)):
            for persona in people:
                if self.rng.random() < part:
                    room.greeted.add(persona.person.user_id)
                    self._enters(room, persona, minutes, now)

    def arrives(self, room: Room, persona: Persona, minutes: float, at: int) -> Event:
        """Comes in for ``minutes`` or so."""
        self._enters(room, persona, minutes, at)
        return self.stage.event(room, Kind.JOIN, at, persona)

    def _enters(self, room: Room, persona: Persona, minutes: float, at: int) -> None:
        room.present[persona.person.user_id] = persona
        self._will_leave(room, persona, minutes, at)
        self._applause.joins_in(room, persona, at)

    def is_away(self, room: Room, persona: Persona, at: int) -> bool:
        """Whether they left a moment ago and will be back, but not yet."""
        return at < room.back_at.get(persona.person.user_id, 0)

    def regular_arrives(self, room: Room, persona: Persona, at: int) -> Event:
        """Comes in and, the first time tonight, says hello."""
        if persona.person.user_id not in room.greeted and self.rng.random() < 0.8:
            room.greeted.add(persona.person.user_id)
            self.stage.at(at + self.rng.uniform(1000, 4000), partial(self._greets, room, persona))
        return self.arrives(room, persona, REGULAR_MINUTES, at)

    def _greets(self, room: Room, persona: Persona, at: int) -> Event:
        phrases = self.talk.phrases
        own = persona.language != "en" and self.rng.random() < 0.6
        return self.talk.say_one(
            room, persona, phrases.greetings_in[persona.language] if own else phrases.greetings, at
        )

    def newcomer_arrives(self, room: Room, at: int) -> Event:
        """A new face comes in, and soon says something; mostly somebody answers."""
        persona = self.stage.newcomer(room, at)
        first_words = at + int(self.rng.uniform(2000, 15_000))
        self.stage.at(first_words, partial(self._first_words, room, persona))
        return self.arrives(room, persona, GUEST_MINUTES, at)

    def _first_words(self, room: Room, persona: Persona, at: int) -> Event:
        phrases = self.talk.phrases
        if self.rng.random() < 0.4:
            self.stage.at(at + self.rng.uniform(2500, 8000), partial(self._welcome, room, persona.person))
        if self.rng.random() < 0.75:
            lines = phrases.first_lines if room.platform is TWITCH else phrases.tiktok_first_lines
            return self.talk.say_one(room, persona, lines, at)
        return self.talk.ordinary(room, persona, at)

    def _welcome(self, room: Room, person: Person, at: int) -> Event:
        persona = self.stage.somebody(room)
        return self.talk.say_one(room, persona, self.talk.phrases.welcomes, at, about=f"@{person.name or person.login}")

    def watcher_arrives(self, room: Room, at: int) -> Event | None:
        """Somebody who will not say a word; seldom somebody new."""
        if at > self.stage.last_orders_ms:
            return None
        if self.rng.random() < 0.15:
            return self.arrives(room, self.stage.newcomer(room, at), GUEST_MINUTES, at)
        persona = self.rng.choice(room.lurkers)
        if persona.person.user_id in room.present or self.is_away(room, persona, at):
            return None
        return self.arrives(room, persona, LURKER_MINUTES, at)

    def _will_leave(self, room: Room, persona: Persona, minutes: float, at: int) -> None:
        goes = at + MINUTE_MS * 0.5 + self.stage.wait(minutes * MINUTE_MS)
        if self.stage.plan.end_ms is not None:
            goes = min(goes, self.stage.plan.end_ms - self.rng.uniform(0, 45_000))
        self.stage.at(max(goes, at), partial(self._leaves, room, persona))

    def _leaves(self, room: Room, persona: Persona, at: int) -> Event | None:
        if room.present.pop(persona.person.user_id, None) is None:
            return None
        room.back_at[persona.person.user_id] = at + self.rng.uniform(*BREAK_MINUTES) * MINUTE_MS
        if room.platform is not TWITCH:
            return None  # TikTok does not tell
        return self.stage.event(room, Kind.PART, at, persona)
