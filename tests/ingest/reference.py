"""What the tables must hold, worked out the slow way: from the plain list of events, with nothing of the product's but
its rule for words. Nothing is kept up to date here; every figure is added up anew from the beginning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from core.events import Event, Kind, Mark, Platform
from rules.terms import words
from tests.support import UTC, days, minutes, seconds

EARLIEST = 1_262_304_000_000
ACTIVITY = {"CHAT", "SUB", "RESUB", "SUBGIFT", "RAID", "GIFT", "LIKE", "SHARE", "FOLLOW", "VIEWERS", "LIVE_START"}
ACTIVE_PERSON = {"CHAT", "SUB", "RESUB", "SUBGIFT", "GIFT", "RAID", "LIKE", "FOLLOW", "SHARE"}
NO_SIGN_OF_LIFE = {"DELETE", "TIMEOUT", "PART", "LIVE_END"}
ABOUT = ("bio", "verified", "follower_count", "following_count", "language", "country", "gender")

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
    """An event that was accepted, with its stream and its author, and what it is worth."""

    event: Event
    channel: ChannelKey
    stream: Stream | None
    viewer: ViewerKey | None
    amount: int
    quantity: int = 1
    deleted: bool = False
    cleared: bool = False
    silent: bool = False

    @property
    def is_message(self) -> bool:
        return self.event.kind is Kind.CHAT and not self.event.marks & Mark.SHARED

    @property
    def counts(self) -> bool:
        if self.event.kind is Kind.CHAT:
            return self.is_message and not self.deleted
        return self.event.kind.name in ACTIVE_PERSON and not self.silent

    @property
    def coins(self) -> int:
        """A bit is a coin."""
        return self.amount if self.event.kind in (Kind.CHAT, Kind.GIFT) else 0

    @property
    def is_sign(self) -> bool:
        """Whether it shows that its author is there."""
        return self.event.kind.name not in NO_SIGN_OF_LIFE and not self.event.marks & Mark.SHARED

    @property
    def status(self) -> int:
        return 3 if self.silent else 1 if self.deleted else 2 if self.cleared else 0


@dataclass
class Visit:
    """One session: when it began, its last sign, when they left (if they did), and when they were away meanwhile."""

    joined: int
    last: int
    stream: Stream | None
    stream_from: int
    left: int | None = None
    away: list[tuple[int, int]] = field(default_factory=list)

    def end(self, timeout: int) -> int:
        return self.last + timeout if self.left is None else self.left

    def watched(self, timeout: int, since: int | None = None) -> int:
        """Every millisecond from the beginning (or ``since``) to the end in which they were not away."""
        begin = self.joined if since is None else since
        return self.end(timeout) - begin - sum(back - gone for gone, back in self.away if gone >= begin)


@dataclass
class Streak:
    """A gift, or all ticks of a streak."""

    first: Stored
    quantity: int = 0
    coins: int = 0
    counted: int = 0
    ended: bool = False
    last: int = 0


class Reference:
    """``tables()`` after ``Reference(events, now_ms=…, ignored=…)``, keyed by names rather than row numbers."""

    def __init__(
        self,
        events: Iterable[Event],
        *,
        now_ms: int,
        timeout_ms: int,
        ignored: Sequence[str] = (),
        zone: ZoneInfo = UTC,
    ) -> None:
        self.dropped: Counter[str] = Counter()
        self.streams: list[Stream] = []
        self.stored: list[Stored] = []
        self.gifts: list[Streak] = []
        self._timeout = timeout_ms
        self._zone = zone
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
                self.stored.append(Stored(event, channel, self._stream_of(channel, event), viewer, event.amount))
        self._moderate()
        self._count_gifts()
        self.visits = self._attend()

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
            "out of level": [],
            "terms": self._terms(),
            "viewers": self._viewers(),
            "names": self._former_names(),
            "mutes": self._mutes(),
            "status": [item.status for item in self.stored],
            "gifts": self._gifts(),
            "sessions": self._sessions(),
            "attendance": self._attendance(),
            "viewer hours": self._hours("viewer"),
            "week hours": self._hours("channel"),
            "everybody": self._everybody(),
            "last seen": Counter(row[3] // days(1) for row in self._viewers().values()),
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
            sum(item.quantity for item in here if item.event.kind is Kind.GIFT),
            sum(item.amount for item in here if item.event.kind is Kind.GIFT),
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
                return sum(item.amount for item in of if item.event.kind is kind)

            def number(*kinds: Kind, of: Sequence[Stored] = here) -> int:
                return sum(item.event.kind in kinds for item in of)

            minute: dict[str, int | None] = {
                "messages": number(Kind.CHAT),
                "newcomers": sum(bool(item.event.marks & Mark.FIRST) for item in here if item.is_message),
                "bits": total(Kind.CHAT),
                "subs": number(Kind.SUB, Kind.RESUB, Kind.SUBGIFT),
                "gifts": sum(item.quantity for item in here if item.event.kind is Kind.GIFT),
                "coins": total(Kind.GIFT),
                "raids": number(Kind.RAID),
                "likes": total(Kind.LIKE),
                "follows": number(Kind.FOLLOW),
                "viewers": max(told, default=None),
            }
            if any(value for value in minute.values()) or minute["viewers"] is not None:
                found[key] = minute
        return found

    def _people(self) -> dict[tuple[int, ViewerKey], tuple[int, ...]]:
        """(stream, viewer) → messages, bits, coins, gifts, likes, shares, last sign."""
        active = [item for item in self.stored if item.stream and item.viewer and item.counts]
        found = {}
        for stream, viewer in {(item.stream.number, item.viewer) for item in active if item.stream and item.viewer}:
            mine = [item for item in active if item.stream and (item.stream.number, item.viewer) == (stream, viewer)]
            found[stream, viewer] = (
                sum(item.is_message for item in mine),
                sum(item.amount for item in mine if item.is_message),
                sum(item.coins for item in mine),
                sum(item.quantity for item in mine if item.event.kind is Kind.GIFT),
                sum(item.amount for item in mine if item.event.kind is Kind.LIKE),
                sum(item.event.kind is Kind.SHARE for item in mine),
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
            (*_, told) = self._names(mine)
            visits = [visit for (who, _), visits in self.visits.items() for visit in visits if who == viewer]
            first = min(item.event.at_ms for item in mine)
            last = max((visit.last for visit in visits), default=first)
            watched = sum(visit.watched(self._timeout) for visit in visits)
            found[viewer] = (
                *(told["login"], told["name"], first, last, len(visits), watched),
                *self._totals(mine),
                *(told["avatar"], *(told[key] for key in ABOUT)),
            )
        return found

    def _former_names(self) -> dict[ViewerKey, list[tuple[str, str, int]]]:
        """Every name that was followed by another, with the time of that."""
        found = {}
        for viewer in {item.viewer for item in self.stored if item.viewer}:
            told = list(self._names([item for item in self.stored if item.viewer == viewer]))
            former = [
                (one["login"], one["name"], following["at"])
                for one, following in pairwise(told)
                if (one["login"], one["name"]) != (following["login"], following["name"])
            ]
            if former:
                found[viewer] = former
        return found

    @staticmethod
    def _names(mine: Sequence[Stored]) -> Iterator[dict[str, Any]]:
        """What a person is called and what is told about them, each time that news of it came.

        It is told by the newest event that they did themselves, or by the first event where there is none.
        """
        told: dict[str, Any] = {"login": "", "name": "", "avatar": "", "at": 0}
        told |= {"verified": False, "follower_count": None, "following_count": None}
        told |= dict.fromkeys(("bio", "language", "country", "gender"), "")
        newest: int | None = None
        for number, item in enumerate(mine):
            who, at = item.event.who, item.event.at_ms
            done_to_them = item.event.kind in (Kind.DELETE, Kind.TIMEOUT)
            assert who is not None
            if number and (done_to_them or (newest is not None and at < newest)):
                continue
            newest = newest if done_to_them else at
            # Who is told without a name keeps the one they had, until their login changes.
            name = who.name or (told["name"] if who.login == told["login"] else who.login)
            told = {**told, "login": who.login, "name": name, "avatar": who.avatar or told["avatar"], "at": at}
            told |= dict(who.about)
            yield told

    def _totals(self, mine: Sequence[Stored]) -> tuple[int, ...]:
        """Comments, bits, coins, gifts, likes, shares."""
        messages = [item for item in mine if item.is_message and not item.deleted]
        gifts = [item for item in mine if item.event.kind is Kind.GIFT]
        bits = sum(item.amount for item in messages)
        return (
            len(messages),
            bits,
            bits + sum(item.amount for item in gifts),
            sum(item.quantity for item in gifts) + sum(item.event.kind is Kind.SUBGIFT for item in mine),
            sum(item.amount for item in mine if item.event.kind is Kind.LIKE),
            sum(item.event.kind is Kind.SHARE for item in mine),
        )

    def _count_gifts(self) -> None:
        """One row for each gift or streak; a tick is worth by how much it is more than all before it."""
        newest: dict[Any, Streak] = {}
        for item in self.stored:
            if item.event.kind is Kind.SUBGIFT:
                self._give_sub(item, newest)
            if item.event.kind is not Kind.GIFT:
                continue
            extra, told = item.event.extra, item.event.extra.get("quantity", 1)
            item.quantity = told
            if "streak" not in extra:
                self.gifts.append(Streak(item, told, item.amount, told, True, item.event.at_ms))
                continue
            key = (item.channel, item.viewer, extra.get("gift_id"), extra["streak"])
            known = newest.get(key)
            nameless = extra["streak"].endswith(":0")
            if known is None or (nameless and (known.ended or told < known.counted)):
                known = newest[key] = Streak(item)
                self.gifts.append(known)
            item.quantity = max(0, told - known.counted)
            item.amount = item.quantity * self._price(item)
            item.silent = item.quantity == 0
            known.quantity += item.quantity
            known.coins += item.amount
            known.counted = max(known.counted, told)
            known.ended = known.ended or bool(extra.get("ended"))
            known.last = max(known.last, item.event.at_ms)

    def _give_sub(self, item: Stored, newest: dict[Any, Streak]) -> None:
        """One row for all of a heap, in which each sub is an event."""
        known = newest.get(key := self._heap(item))
        if known is None or "origin" not in item.event.extra:
            known = newest[key] = Streak(item, ended=True)
            self.gifts.append(known)
        known.quantity += 1
        known.counted += 1
        known.last = max(known.last, item.event.at_ms)

    @classmethod
    def _heap(cls, item: Stored) -> Any:
        return item.channel, item.viewer, cls._tier(item), item.event.extra.get("origin")

    @staticmethod
    def _tier(item: Stored) -> str:
        if item.event.platform is Platform.TIKTOK:
            return "TikTok"
        return str(item.event.extra.get("plan", "1000"))

    @classmethod
    def _what(cls, item: Stored) -> tuple[int, str, int]:
        """Number, name and price in coins."""
        extra, tier = item.event.extra, cls._tier(item)
        if item.event.kind is Kind.GIFT:
            return extra.get("gift_id", 0), extra.get("name", ""), cls._price(item)
        return (int(tier), f"Tier {tier[0]} sub", 0) if tier.isdecimal() else (0, f"{tier} sub", 0)

    @staticmethod
    def _price(item: Stored) -> int:
        told = item.event.extra.get("quantity", 1)
        if "diamonds" in item.event.extra:
            return int(item.event.extra["diamonds"])
        return int(item.event.amount // told) if told else 0

    def _gifts(self) -> list[tuple[Any, ...]]:
        told = [
            (
                gift.first.channel,
                gift.first.viewer,
                gift.first.stream.number if gift.first.stream else None,
                *self._what(gift.first),
                gift.quantity,
                gift.coins,
                gift.counted,
                gift.ended,
                gift.first.event.at_ms,
                gift.last,
            )
            for gift in self.gifts
        ]
        return sorted(told, key=repr)

    def _attend(self) -> dict[tuple[ViewerKey, ChannelKey], list[Visit]]:
        """The sessions of everybody in each channel, from what came, in the order it came."""
        found: dict[tuple[ViewerKey, ChannelKey], list[Visit]] = {}
        for item in self.stored:
            at = item.event.at_ms
            if item.event.kind is Kind.LIVE_END:
                for (_, channel), visits in found.items():
                    if channel == item.channel:
                        self._leave(visits[-1], at)
            elif item.viewer and item.event.kind is Kind.PART:
                if visits := found.get((item.viewer, item.channel)):
                    self._leave(visits[-1], at)
            elif item.viewer and item.is_sign:
                self._sign(found.setdefault((item.viewer, item.channel), []), at, item.stream)
        return found

    def _leave(self, visit: Visit, at: int) -> None:
        """Somebody of whom there was a later sign has not left, and who is gone cannot leave."""
        if visit.last <= at < visit.end(self._timeout):
            visit.left = at

    def _sign(self, visits: list[Visit], at: int, stream: Stream | None) -> None:
        visit = visits[-1] if visits else None
        if visit is not None:
            if at <= visit.last:
                return
            elsewhere = stream is not None and visit.stream is not None and stream is not visit.stream
            known_until = visit.last if visit.left is None else visit.left
            if not elsewhere and at <= known_until + self._timeout:
                if visit.left is not None and at > visit.left:
                    visit.away.append((visit.left, at))
                    visit.left = None
                if visit.stream is None and stream is not None:
                    visit.stream, visit.stream_from = stream, at
                visit.last = at
                return
            visit.left = min(at, visit.end(self._timeout))
        visits.append(Visit(at, at, stream, at))

    def _sessions(self) -> dict[tuple[ViewerKey, ChannelKey], list[tuple[Any, ...]]]:
        """Of everybody in each channel: stream, begin, end, watched."""
        return {
            key: [
                (
                    visit.stream.number if visit.stream else None,
                    visit.joined,
                    visit.end(self._timeout),
                    visit.watched(self._timeout),
                )
                for visit in visits
            ]
            for key, visits in self.visits.items()
        }

    def _attendance(self) -> dict[tuple[int, ViewerKey], tuple[int, int]]:
        """(stream, viewer) → visits, watched."""
        found: dict[tuple[int, ViewerKey], tuple[int, int]] = {}
        for (viewer, _), visits in self.visits.items():
            for visit in visits:
                if visit.stream:
                    key = (visit.stream.number, viewer)
                    before = found.get(key, (0, 0))
                    found[key] = (before[0] + 1, before[1] + visit.watched(self._timeout, visit.stream_from))
        return found

    def _hours(self, of: str) -> dict[tuple[Any, int], tuple[int, int]]:
        """(viewer or channel, hour of the week) → events, coins."""
        found: dict[tuple[Any, int], tuple[int, int]] = {}
        for item in self.stored:
            if item.counts and getattr(item, of):
                local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=item.event.at_ms)).astimezone(
                    self._zone
                )
                key = (getattr(item, of), (local.weekday() + 1) % 7 * 24 + local.hour)
                before = found.get(key, (0, 0))
                found[key] = (before[0] + 1, before[1] + item.coins)
        return found

    def _everybody(self) -> dict[str, tuple[int, int, int]]:
        """Platform → people, coins, watchtime."""
        viewers = self._viewers()
        return {
            platform: (
                sum(of == platform for of, _ in viewers),
                sum(row[8] for (of, _), row in viewers.items() if of == platform),
                sum(row[5] for (of, _), row in viewers.items() if of == platform),
            )
            for platform in {of for of, _ in viewers}
        }

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
