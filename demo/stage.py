"""A stream as a stage: a queue of what happens next, who is in the room, and how loud it is there."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from heapq import heappop, heappush
from typing import Any

from core.clock import MINUTE_MS, SECOND_MS
from core.events import NOTHING, Event, Kind, Mark, Person, Platform
from demo.cast import SUBSCRIBER, Cast, Circle, Persona
from demo.phrases import Line, Phrases
from demo.schedule import Plan

# What happens at a moment; it may put more into the queue. An act without an event only prepares others.
Act = Callable[[int], Event | None]

TWITCH, TIKTOK = Platform.TWITCH, Platform.TIKTOK
MESSAGES_PER_MINUTE = {TWITCH: 33.0, TIKTOK: 12.0}
NEWCOMERS = {TWITCH: 0.014, TIKTOK: 0.03}  # of all messages, those by somebody never seen before
# Newcomers count in seconds from a little after their stream began, so that a raid, which uses many seconds up at
# once, cannot reach into the numbers of whatever starts next.
HEAD_START_SECONDS = 120
MOST_GUESTS = 120  # a stream that goes on for ever must not remember everybody
_FIRST, _REPLY = int(Mark.FIRST), int(Mark.REPLY)
_CHAT = Kind.CHAT


class Room:
    """One channel during one stream."""

    def __init__(self, platform: Platform, channel: str, circle: Circle, plan: Plan, rng: random.Random) -> None:
        self.platform, self.channel, self.circle = platform, channel, circle
        self.usual_per_minute = MESSAGES_PER_MINUTE[platform]
        self.gap_ms = MINUTE_MS / self.usual_per_minute
        self.hype_share = 0.0  # of the messages now, those that shout
        self.talkers = tuple(_as_named(p, plan) for p in circle.talkers)
        self.lurkers = tuple(_as_named(p, plan) for p in circle.lurkers)
        come = [p for p in self.talkers if plan.reaches(p.arrives) and rng.random() < p.attends]
        self.attending = come or list(self.talkers)
        # Drawing from a list in which the talkative stand often is the cheapest weighted choice.
        self.pool = [p for p in self.attending for _ in range(max(1, round(p.weight * 8)))]
        self.present: dict[str, Persona] = {}
        self.back_at: dict[str, float] = {}  # those who left for a while, and will not be drawn into it before
        self.greeted: set[str] = set()  # who was here before does not greet again
        self.guests: deque[Persona] = deque(maxlen=MOST_GUESTS)  # newcomers of this stream
        self.recent: deque[Person] = deque(maxlen=10)
        self.followed: set[str] = set()
        self.said: dict[str, int] = {}
        self.messages = 0


class Spike:
    """A rush of messages: ``per_minute`` more than usual on Twitch at its height, of which TikTok joins in ``echo``."""

    def __init__(self, at_ms: int, per_minute: float, hold_seconds: float, echo: float = 0.2) -> None:
        self.at_ms, self.per_minute, self.hold_seconds, self.echo = at_ms, per_minute, hold_seconds, echo

    def rush(self, at_ms: int) -> float:
        seconds = (at_ms - self.at_ms) / SECOND_MS
        if seconds < 4:
            return self.per_minute * (0.4 + 0.15 * seconds)
        if seconds < self.hold_seconds:
            return self.per_minute
        return self.per_minute * math.exp((self.hold_seconds - seconds) / 22)


class Stage:
    """What all storylines of one stream share. ``strangers`` are the ids whose next message is their first ever."""

    def __init__(self, cast: Cast, phrases: Phrases, plan: Plan, channels: Mapping[Platform, str], strangers: set[str]):
        self.cast, self.phrases, self.plan = cast, phrases, plan
        self.rng = random.Random(f"stage:{cast.seed}:{plan.start_ms}")
        crowd = random.Random(f"crowd:{cast.seed}:{plan.evening}")
        self.rooms = {p: Room(p, channel, cast.circle(p), plan, crowd) for p, channel in channels.items()}
        self.twitch, self.tiktok = self.rooms[TWITCH], self.rooms[TIKTOK]
        self.end_ms = math.inf if plan.end_ms is None else plan.end_ms
        self.last_orders_ms = self.end_ms - 1.5 * MINUTE_MS  # nobody arrives after that
        self.goodbyes_ms = self.end_ms - 5 * MINUTE_MS
        self.spike: Spike | None = None
        self.game = plan.games[0]
        self._strangers = strangers
        self.marks = {p.person.user_id: _marks_at(p, plan) for room in self.rooms.values() for p in room.attending}
        self._queue: list[tuple[int, int, Act]] = []
        self._order = 0
        self._ids = 0
        self._id_prefix = f"demo:{plan.start_ms:x}:"
        self._newcomers = plan.start_ms // SECOND_MS + HEAD_START_SECONDS
        self._waves = (crowd.uniform(0, 6.28), crowd.uniform(0, 6.28))

    # --- time

    def at(self, at_ms: float, act: Act) -> None:
        self._order += 1
        heappush(self._queue, (int(at_ms), self._order, act))

    def events(self, until_ms: float) -> Iterator[Event]:
        """Everything that happens, in time order, until ``until_ms``, the plan's end or for ever."""
        queue, end = self._queue, min(self.end_ms, until_ms)
        while queue:
            at, _, act = heappop(queue)
            if at > end:
                return
            event = act(at)
            if event is not None:
                yield event

    def every(self, seconds: float, act: Act) -> None:
        """Lets ``act`` happen again and again, ``seconds`` apart on average, never in a visible rhythm."""
        spread = self.rng.uniform

        def again(at: int) -> Event | None:
            self.at(at + seconds * spread(600, 1400), again)
            return act(at)

        self.at(self.plan.start_ms + seconds * spread(100, 1000), again)

    def wait(self, mean_ms: float) -> float:
        """A gap as between independent happenings, ``mean_ms`` on average, at least a millisecond."""
        return 1 - math.log(1.0 - self.rng.random()) * mean_ms

    # --- loudness

    def level(self, at_ms: int) -> float:
        """How lively it is without any hype; 1 on average. It warms up, breathes in waves and cools down."""
        minutes = (at_ms - self.plan.start_ms) / MINUTE_MS
        # By the clock, not since the beginning: so the live part goes on where the history ended.
        clock = at_ms / MINUTE_MS
        wave = 1 + 0.17 * math.sin(clock / 3.7 + self._waves[0]) + 0.1 * math.sin(clock / 1.2 + self._waves[1])
        warm = min(1.0, 0.45 + minutes / 20) if self.plan.from_the_start else 1.0
        cool = min(1.0, 0.35 + (self.end_ms - at_ms) / (12 * MINUTE_MS))
        return self.plan.crowd * wave * warm * cool

    def listen(self, at_ms: int) -> None:
        """Brings every room's rate up to date."""
        level, rush, echo = self.level(at_ms), 0.0, 0.0
        if self.spike:
            rush, echo = self.spike.rush(at_ms), self.spike.echo
        if rush < 2:
            self.spike = None
        for room in self.rooms.values():
            usual = room.usual_per_minute * level * self.plan.rate * self.plan.talk
            shouted = rush if room.platform is TWITCH else rush * echo
            room.gap_ms = MINUTE_MS / (usual + shouted)
            room.hype_share = shouted / (usual + shouted)

    # --- people

    def newcomer(self, room: Room, at_ms: int) -> Persona:
        """Somebody nobody knows; the first message will say so."""
        self._newcomers = max(at_ms // SECOND_MS, self._newcomers + 1)
        persona = self.cast.newcomer(room.platform, self._newcomers, self.rng)
        self._strangers.add(persona.person.user_id)
        if len(room.guests) == MOST_GUESTS:
            forgotten = room.guests[0].person.user_id
            self._strangers.discard(forgotten)
            self.marks.pop(forgotten, None)
            room.followed.discard(forgotten)
        room.guests.append(persona)
        return persona

    def somebody(self, room: Room) -> Persona:
        """One of those who are there, the talkative more often."""
        for _ in range(6):
            persona = room.pool[int(self.rng.random() * len(room.pool))]
            if persona.person.user_id in room.present:
                return persona
        return room.circle.host

    def talkative_guest(self, room: Room) -> Persona | None:
        """A newcomer who has written before, if the one we happen to look at has."""
        if not room.guests:
            return None
        guest = room.guests[-1 - int(self.rng.random() * min(12, len(room.guests)))]
        return guest if guest.person.user_id not in self._strangers else None

    def other_name(self, room: Room, than: Person) -> str:
        """Somebody who spoke lately, as one addresses them."""
        for _ in range(3):
            person = room.recent[int(self.rng.random() * len(room.recent))] if room.recent else than
            if person is not than:
                return f"@{person.name or person.login}"
        return f"@{room.circle.host.person.name}"

    def subscribe(self, persona: Persona) -> int:
        """The marks of ``persona``, who is a subscriber from now on."""
        marks = self.marks_of(persona) | SUBSCRIBER
        self.marks[persona.person.user_id] = marks
        return marks

    def is_subscriber(self, persona: Persona) -> bool:
        return bool(self.marks_of(persona) & SUBSCRIBER)

    def marks_of(self, persona: Persona) -> int:
        return self.marks.get(persona.person.user_id, persona.marks)

    # --- events

    def event(
        self,
        room: Room,
        kind: Kind,
        at_ms: int,
        persona: Persona | None = None,
        *,
        text: str = "",
        amount: int = 0,
        extra: dict[str, Any] | None = None,
    ) -> Event:
        marks = self.marks_of(persona) if persona else 0
        who = persona.person if persona else None
        return Event(
            room.platform, room.channel, kind, at_ms, self.new_id(), who, text, amount, marks, extra or NOTHING
        )

    def new_id(self) -> str:
        self._ids += 1
        return f"{self._id_prefix}{self._ids:x}"

    def say(
        self,
        room: Room,
        at_ms: int,
        persona: Persona,
        line: Line,
        *,
        marks: int = 0,
        amount: int = 0,
        reply_to: Person | None = None,
        about: str = "",
    ) -> Event:
        """``persona`` writes ``line``; ``about`` is the name it speaks of instead of somebody's who spoke lately."""
        person, text = persona.person, line.text
        if line.open_slots:
            text = self._fill(room, text, person, about)
        extra: dict[str, Any] = {"color": persona.color} if persona.color else {}
        if line.emotes:
            extra["emotes"] = list(line.emotes)
        if reply_to:
            marks |= _REPLY
            extra["reply_to"] = reply_to.login
            text = f"@{reply_to.name or reply_to.login} {text}"
        user_id = person.user_id
        if user_id in self._strangers:
            self._strangers.discard(user_id)
            marks |= _FIRST
        marks |= self.marks.get(user_id, persona.marks)
        room.messages += 1
        room.recent.append(person)
        self._ids += 1
        source_id = f"{self._id_prefix}{self._ids:x}"
        return Event(
            room.platform, room.channel, _CHAT, at_ms, source_id, person, text, amount, marks, extra or NOTHING
        )

    def _fill(self, room: Room, text: str, speaker: Person, about: str) -> str:
        if "{@}" in text:
            return text.replace("{@}", about or self.other_name(room, speaker))
        return text.replace("{game}", self.game).replace("{from}", about)


def _marks_at(persona: Persona, plan: Plan) -> int:
    """Who subscribes within the history does not wear the badge before."""
    if persona.subscribes is not None and plan.is_past(persona.subscribes):
        return persona.marks | SUBSCRIBER
    return persona.marks


def _as_named(persona: Persona, plan: Plan) -> Persona:
    """Who takes another name within the history has the former one before."""
    if persona.formerly is None or plan.is_past(persona.renamed):
        return persona
    return replace(persona, person=persona.formerly)
