"""What a batch of events adds up to, in one pass: by minute, by stream, by person and by hour of the week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import add, attrgetter
from typing import TypeVar
from zoneinfo import ZoneInfo

from core.clock import MINUTE_MS, minute_of, week_hour
from core.events import Event, Kind, Mark
from ingest.placed import Placed
from models import EventStatus
from rules import terms

TERM_LENGTH = 32  # the column's; PostgreSQL refuses more

# What makes somebody active in a stream; ``Tally.add`` knows each of them.
COUNTED = frozenset(
    {
        Kind.CHAT,
        Kind.SUB,
        Kind.RESUB,
        Kind.SUBGIFT,
        Kind.GIFT,
        Kind.RAID,
        Kind.LIKE,
        Kind.FOLLOW,
        Kind.SHARE,
    }
)
GIVING = frozenset({Kind.CHAT, Kind.GIFT})  # their amounts are coins; a bit is one
# Looked up once: this runs for every event.
_CHAT, _VIEWERS, _SILENT = Kind.CHAT, Kind.VIEWERS, EventStatus.SILENT
_FIRST, _SHARED = Mark.FIRST.value, Mark.SHARED.value

_Key = TypeVar("_Key")


def counts(event: Event) -> bool:
    """Whether the event adds to any rollup of its stream."""
    return event.counts_as_message if event.kind is Kind.CHAT else event.kind in COUNTED


def terms_of(text: str, emotes: Sequence[str]) -> list[tuple[bool, str]]:
    """``(is emote, term)`` of a message; each counts once a message, however often it is repeated in it."""
    found = [(True, name) for name in _emotes_of(emotes)]
    found.extend((False, word) for word in terms.words(text, emotes))
    return found


def _emotes_of(emotes: Sequence[str]) -> Iterable[str]:
    return dict.fromkeys(name[:TERM_LENGTH] for name in emotes)


@dataclass(slots=True)
class Tally:
    """What some events that count add up to; ``coins`` without the bits, which are worth one each."""

    events: int = 0
    messages: int = 0
    newcomers: int = 0
    bits: int = 0
    subs: int = 0
    subgifts: int = 0
    gifts: int = 0
    coins: int = 0
    raids: int = 0
    likes: int = 0
    follows: int = 0
    shares: int = 0
    last_at_ms: int = 0

    @property
    def worth(self) -> int:
        """In coins."""
        return self.coins + self.bits

    def said(self, event: Event) -> None:
        """Adds one message."""
        self.events += 1
        self.messages += 1
        if event.amount:
            self.bits += event.amount
        if event.marks & _FIRST:
            self.newcomers += 1

    def add(self, event: Event) -> None:
        """Adds one event that counts."""
        if event.kind is _CHAT:
            self.said(event)
            return
        self.events += 1
        match event.kind:
            case Kind.SUBGIFT:
                self.subs += 1
                self.subgifts += 1
            case Kind.SUB | Kind.RESUB:
                self.subs += 1
            case Kind.GIFT:
                self.gifts += int(event.extra.get("quantity", 1))
                self.coins += event.amount
            case Kind.RAID:
                self.raids += 1
            case Kind.LIKE:
                self.likes += event.amount
            case Kind.FOLLOW:
                self.follows += 1
            case Kind.SHARE:
                self.shares += 1

    def __add__(self, other: Tally) -> Tally:
        both = Tally(*map(add, _values(self), _values(other)))
        both.last_at_ms = max(self.last_at_ms, other.last_at_ms)
        return both


_values = attrgetter(*Tally.__slots__)

Minute = tuple[int, int]  # channel, minute
People = defaultdict[int, Tally]


class Sums:
    """A batch, added up. ``zone``: where hours of the week are told.

    ``places`` has a tally by channel, minute and stream; ``people`` one by person, for each stream and hour of the
    week; ``words`` and ``emotes`` each use of one, by stream; ``audience`` the highest count of viewers of a minute.
    """

    def __init__(self, placed: Sequence[Placed], zone: ZoneInfo) -> None:
        self.zone = zone
        self.places: defaultdict[tuple[int, int, int | None], Tally] = defaultdict(Tally)
        self.people: defaultdict[tuple[int | None, int], People] = defaultdict(lambda: defaultdict(Tally))
        self.words: defaultdict[int, list[str]] = defaultdict(list)
        self.emotes: defaultdict[int, list[str]] = defaultdict(list)
        self.audience: dict[Minute, int] = {}
        self.given: defaultdict[str, int] = defaultdict(int)  # coins of people, by platform
        self._add(placed)

    def _add(self, placed: Sequence[Placed]) -> None:
        here: tuple[int, int, int | None] | None = None
        for item in placed:
            event = item.event
            kind, at_ms = event.kind, event.at_ms
            if kind is _CHAT:
                if event.marks & _SHARED or item.status == _SILENT:
                    continue
            elif kind is _VIEWERS:
                self._watched_by(item)
                continue
            elif kind not in COUNTED or item.status == _SILENT:
                continue
            stream_id, viewer_id = item.stream_id, item.viewer_id
            place = (item.channel_id, at_ms // MINUTE_MS, stream_id)
            if place != here:  # nearly always it is that of the event before
                here = place
                tally = self.places[place]
                people = self.people[stream_id, week_hour(at_ms, self.zone)]
            if kind is _CHAT:
                tally.said(event)
                if stream_id is not None:
                    self._speak(stream_id, event)
            else:
                tally.add(event)
            if viewer_id is not None:
                self._credit(people[viewer_id], event)

    def _credit(self, person: Tally, event: Event) -> None:
        if event.kind is _CHAT:
            person.said(event)
        else:
            person.add(event)
        if event.at_ms > person.last_at_ms:
            person.last_at_ms = event.at_ms
        if event.amount and event.kind in GIVING:
            self.given[event.platform.value] += event.amount

    def _speak(self, stream_id: int, event: Event) -> None:
        emotes = event.extra.get("emotes", ()) if event.extra else ()
        self.words[stream_id].extend(terms.words(event.text, emotes))
        if emotes:
            self.emotes[stream_id].extend(_emotes_of(emotes))

    def _watched_by(self, item: Placed) -> None:
        minute = (item.channel_id, minute_of(item.event.at_ms))
        self.audience[minute] = max(self.audience.get(minute, 0), item.event.amount)

    def by_minute(self) -> dict[Minute, Tally]:
        return _joined(((channel_id, minute), tally) for (channel_id, minute, _), tally in self.places.items())

    def by_stream(self) -> dict[int, Tally]:
        return _joined((stream_id, tally) for (_, _, stream_id), tally in self.places.items() if stream_id is not None)

    def by_channel(self) -> dict[int, Tally]:
        return _joined((channel_id, tally) for (channel_id, _, _), tally in self.places.items())

    def by_hour_of_channel(self) -> dict[tuple[int, int], Tally]:
        return _joined(
            ((channel_id, week_hour(minute * MINUTE_MS, self.zone)), tally)
            for (channel_id, minute, _), tally in self.places.items()
        )

    def by_person(self) -> dict[int, Tally]:
        return _together(self.people.values())

    def by_person_in_stream(self) -> dict[int, dict[int, Tally]]:
        """By stream, and by person."""
        return _grouped((stream_id, people) for (stream_id, _), people in self.people.items() if stream_id is not None)

    def by_person_in_hour(self) -> dict[int, dict[int, Tally]]:
        """By hour of the week, and by person."""
        return _grouped((slot, people) for (_, slot), people in self.people.items())


def _grouped(people: Iterable[tuple[int, People]]) -> dict[int, dict[int, Tally]]:
    groups: defaultdict[int, list[People]] = defaultdict(list)
    for key, some in people:
        groups[key].append(some)
    return {key: _together(some) for key, some in groups.items()}


def _together(groups: Collection[People]) -> dict[int, Tally]:
    if len(groups) == 1:  # nearly always there is one stream in one hour
        return next(iter(groups))
    return _joined(one for people in groups for one in people.items())


def _joined(tallies: Iterable[tuple[_Key, Tally]]) -> dict[_Key, Tally]:
    """Nearly every key comes once, and its tally is taken as it is."""
    found: dict[_Key, Tally] = {}
    for key, tally in tallies:
        known = found.get(key)
        found[key] = tally if known is None else known + tally
    return found
