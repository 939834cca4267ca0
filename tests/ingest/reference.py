"""What the tables must hold, worked out the slow way: from the plain list of events, with nothing of the product's but
its rule for words. Nothing is kept up to date here; every figure is added up anew from the beginning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.events import Event, Kind, Mark
from rules.terms import words
from tests.support import days, minutes, seconds

EARLIEST = 1_262_304_000_000
ACTIVITY = {"CHAT", "SUB", "RESUB", "SUBGIFT", "RAID", "GIFT", "LIKE", "SHARE", "FOLLOW", "VIEWERS", "LIVE_START"}
ACTIVE_PERSON = {"CHAT", "SUB", "RESUB", "SUBGIFT", "GIFT", "RAID", "LIKE", "FOLLOW"}

ChannelKey = tuple[str, str]
ViewerKey = tuple[str, str]


@dataclass
class Stream:
    channel: ChannelKey
    number: int
    started: int
    last: int
    ended: int | None = None

    def takes(self, event: Event) -> bool:
        if event.at_ms < self.started - minutes(30):
            return False
        if self.ended is None:
            return event.at_ms <= self.last + minutes(30)
        if event.kind is Kind.LIVE_START and event.at_ms >= self.ended:
            return False
        return event.at_ms <= self.ended + minutes(2)


@dataclass
class Stored:
    """An event that was accepted, with its stream and its author."""

    event: Event
    channel: ChannelKey
    stream: Stream | None
    viewer: ViewerKey | None
    deleted: bool = False
    cleared: bool = False

    @property
    def is_message(self) -> bool:
        return self.event.kind is Kind.CHAT and not self.event.marks & Mark.SHARED

    @property
    def counts(self) -> bool:
        if self.event.kind is Kind.CHAT:
            return self.is_message and not self.deleted
        return self.event.kind.name in ACTIVE_PERSON


class Reference:
    """``tables()`` after ``Reference(events, now_ms=…, ignored=…)``, keyed by names rather than row numbers."""

    def __init__(self, events: Iterable[Event], *, now_ms: int, timeout_ms: int, ignored: Sequence[str] = ()) -> None:
        self.dropped: Counter[str] = Counter()
        self.streams: list[Stream] = []
        self.stored: list[Stored] = []
        self._timeout_ms = timeout_ms
        known = set()
        for event in events:
            channel = (event.platform.value, event.channel)
            identity = (channel, event.kind, event.at_ms, event.source_id)
            if not EARLIEST <= event.at_ms <= now_ms + days(1):
                self.dropped["impossible_time"] += 1
            elif event.who and event.who.login in ignored:
                self.dropped["ignored_person"] += 1
            elif event.source_id is not None and identity in known:
                self.dropped["already_known"] += 1
            else:
                known.add(identity)
                viewer = (channel[0], event.who.user_id) if event.who and event.who.user_id else None
                self.stored.append(Stored(event, channel, self._stream_of(channel, event), viewer))
        self._moderate()

    def _stream_of(self, channel: ChannelKey, event: Event) -> Stream | None:
        here = [stream for stream in self.streams if stream.channel == channel]
        here.sort(key=lambda stream: (stream.started, stream.number), reverse=True)
        stream = next((stream for stream in here if stream.takes(event)), None)
        active = event.kind.name in ACTIVITY and not (event.kind is Kind.CHAT and event.marks & Mark.SHARED)
        if stream is None and active:
            stream = Stream(channel, len(self.streams), event.at_ms, event.at_ms)
            self.streams.append(stream)
        if stream and active:
            stream.started = min(stream.started, event.at_ms)
            stream.last = max(stream.last, event.at_ms)
        if stream and event.kind is Kind.LIVE_END:
            stream.ended = event.at_ms if stream.ended is None else min(stream.ended, event.at_ms)
        return stream

    def _moderate(self) -> None:
        """Who was deleted does not depend on what came first, the message or the order."""
        for order in self.stored:
            for item in self.stored:
                if item.event.kind is not Kind.CHAT or item.channel != order.channel:
                    continue
                age = order.event.at_ms - item.event.at_ms
                match order.event.kind:
                    case Kind.DELETE:
                        meant = item.event.source_id == order.event.extra["target"]
                        item.deleted |= meant and -seconds(60) <= age <= days(1)
                    case Kind.TIMEOUT:
                        meant = order.viewer is not None and item.viewer == order.viewer
                        item.deleted |= meant and 0 <= age <= days(1)
                    case Kind.CLEAR:
                        meant = order.stream is not None and item.stream is order.stream
                        item.cleared |= meant and 0 <= age <= days(1)

    def tables(self) -> dict[str, Any]:
        return {
            "channels": self._channels(),
            "streams": self._streams(),
            "minutes": self._minutes(),
            "people": self._people(),
            "terms": self._terms(),
            "viewers": self._viewers(),
            "mutes": self._mutes(),
            "status": [2 if item.cleared and not item.deleted else int(item.deleted) for item in self.stored],
        }

    def _channels(self) -> dict[ChannelKey, tuple[int, int]]:
        return {
            channel: (
                sum(item.is_message and not item.deleted for item in self.stored if item.channel == channel),
                max(item.event.at_ms for item in self.stored if item.channel == channel),
            )
            for channel in {item.channel for item in self.stored}
        }

    def _streams(self) -> list[tuple[Any, ...]]:
        return [
            (stream.channel, stream.started, stream.last, stream.ended, *self._sum(stream)) for stream in self.streams
        ]

    def _sum(self, stream: Stream) -> tuple[int, ...]:
        """messages, chatters, bits, subs, gifts, coins."""
        here = [item for item in self.stored if item.stream is stream and item.counts]
        messages = [item for item in here if item.is_message]
        return (
            len(messages),
            len({item.viewer for item in messages if item.viewer}),
            sum(item.event.amount for item in messages),
            sum(item.event.kind in (Kind.SUB, Kind.RESUB, Kind.SUBGIFT) for item in here),
            sum(quantity(item) for item in here if item.event.kind is Kind.GIFT),
            sum(item.event.amount for item in here if item.event.kind is Kind.GIFT),
        )

    def _minutes(self) -> dict[tuple[ChannelKey, int], dict[str, int | None]]:
        found: dict[tuple[ChannelKey, int], dict[str, int | None]] = {}
        for key in {(item.channel, item.event.at_ms // 60_000) for item in self.stored}:
            here = [item for item in self.stored if (item.channel, item.event.at_ms // 60_000) == key and item.counts]
            told = [
                item.event.amount
                for item in self.stored
                if (item.channel, item.event.at_ms // 60_000) == key and item.event.kind is Kind.VIEWERS
            ]

            def total(kind: Kind, of: Sequence[Stored] = here) -> int:
                return sum(item.event.amount for item in of if item.event.kind is kind)

            def number(*kinds: Kind, of: Sequence[Stored] = here) -> int:
                return sum(item.event.kind in kinds for item in of)

            minute: dict[str, int | None] = {
                "messages": number(Kind.CHAT),
                "newcomers": sum(bool(item.event.marks & Mark.FIRST) for item in here if item.is_message),
                "bits": total(Kind.CHAT),
                "subs": number(Kind.SUB, Kind.RESUB, Kind.SUBGIFT),
                "gifts": sum(quantity(item) for item in here if item.event.kind is Kind.GIFT),
                "coins": total(Kind.GIFT),
                "raids": number(Kind.RAID),
                "likes": total(Kind.LIKE),
                "follows": number(Kind.FOLLOW),
                "viewers": max(told, default=None),
            }
            if any(value for value in minute.values()) or minute["viewers"] is not None:
                found[key] = minute
        return found

    def _people(self) -> dict[tuple[int, ViewerKey], tuple[int, int, int, int]]:
        """(stream, viewer) → messages, bits, coins, last sign."""
        active = [item for item in self.stored if item.stream and item.viewer and item.counts]
        found = {}
        for stream, viewer in {(item.stream.number, item.viewer) for item in active if item.stream and item.viewer}:
            mine = [item for item in active if item.stream and (item.stream.number, item.viewer) == (stream, viewer)]
            found[stream, viewer] = (
                sum(item.is_message for item in mine),
                sum(item.event.amount for item in mine if item.is_message),
                sum(item.event.amount for item in mine if item.event.kind is Kind.GIFT),
                max(item.event.at_ms for item in mine),
            )
        return found

    def _terms(self) -> Counter[tuple[int, bool, str]]:
        found: Counter[tuple[int, bool, str]] = Counter()
        for item in self.stored:
            if item.stream and item.is_message and item.counts:
                emotes = item.event.extra.get("emotes", [])
                found.update((item.stream.number, True, emote) for emote in set(emotes))
                found.update((item.stream.number, False, word) for word in words(item.event.text, emotes))
        return found

    def _viewers(self) -> dict[ViewerKey, tuple[Any, ...]]:
        found = {}
        for viewer in {item.viewer for item in self.stored if item.viewer}:
            mine = [item for item in self.stored if item.viewer == viewer]
            found[viewer] = (*self._name(mine), *self._attendance(mine), *self._totals(mine))
        return found

    @staticmethod
    def _signs(mine: Sequence[Stored]) -> list[Stored]:
        return [item for item in mine if item.event.kind not in (Kind.DELETE, Kind.TIMEOUT)]

    def _name(self, mine: Sequence[Stored]) -> tuple[str, str]:
        """Login and name as last told: by the newest sign of life, or by the first event where there was none."""
        named = [mine[0].event.who]
        newest: int | None = None
        for item in self._signs(mine):
            if newest is None or item.event.at_ms >= newest:
                newest = item.event.at_ms
                named.append(item.event.who)
        login = name = ""
        for who in named:
            assert who is not None
            # Who is told without a name keeps the one they had, until their login changes.
            name = who.name or (name if who.login == login else who.login)
            login = who.login
        return login, name

    def _attendance(self, mine: Sequence[Stored]) -> tuple[int, int, int, int]:
        """First and last seen, visits, watchtime."""
        first = min(item.event.at_ms for item in mine)
        visits = watched = 0
        last: int | None = None
        for item in self._signs(mine):
            at = item.event.at_ms
            if last is None or at > last + self._timeout_ms:
                visits += 1
            elif at > last:
                watched += at - last
            last = at if last is None else max(at, last)
        return first, first if last is None else last, visits, watched

    def _totals(self, mine: Sequence[Stored]) -> tuple[int, ...]:
        """Comments, bits, coins, gifts, likes, shares."""
        messages = [item for item in mine if item.is_message and not item.deleted]
        gifts = [item for item in mine if item.event.kind is Kind.GIFT]
        return (
            len(messages),
            sum(item.event.amount for item in messages),
            sum(item.event.amount for item in gifts),
            sum(quantity(item) for item in gifts),
            sum(item.event.amount for item in mine if item.event.kind is Kind.LIKE),
            sum(item.event.kind is Kind.SHARE for item in mine),
        )

    def _mutes(self) -> dict[tuple[ChannelKey, ViewerKey], int]:
        found = {}
        for order in sorted(self.stored, key=lambda item: item.event.at_ms):
            if order.event.kind is Kind.TIMEOUT and order.viewer:
                until = order.event.at_ms + order.event.amount * 1000 if order.event.amount else 253_402_300_799_000
                spoke = any(
                    item.is_message
                    and item.viewer == order.viewer
                    and item.channel == order.channel
                    and item.event.at_ms > order.event.at_ms
                    for item in self.stored
                )
                found[order.channel, order.viewer] = 0 if spoke else until
        return {key: until for key, until in found.items() if until}


def quantity(item: Stored) -> int:
    return int(item.event.extra.get("quantity", 1))
