"""The one shape in which everything that happens enters the product, whatever platform it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Platform(StrEnum):
    TWITCH = "twitch"
    TIKTOK = "tiktok"


class Kind(IntEnum):
    """What happened. The numbers are stored: never renumber, only add.

    ``Event.amount`` means, by kind: CHAT bits cheered; SUB, RESUB months in all; SUBGIFT gifts (1);
    RAID raiders; TIMEOUT seconds (0: for ever); GIFT coins; LIKE likes; VIEWERS people watching now.
    """

    CHAT = 1
    SUB = 2
    RESUB = 3
    SUBGIFT = 4
    RAID = 5
    JOIN = 6
    PART = 7
    DELETE = 8  # one message removed: extra["target"] is its source_id, who its author (id may be "")
    TIMEOUT = 9  # a person timed out or banned, their messages removed
    CLEAR = 10  # a moderator wiped the whole chat
    GIFT = 11  # extra: gift_id, name, quantity, diamonds (price of one, in coins); streak, ended (see `rules.gifts`)
    LIKE = 12
    SHARE = 13
    FOLLOW = 14
    VIEWERS = 15
    LIVE_START = 16
    LIVE_PAUSE = 17
    LIVE_RESUME = 18
    LIVE_END = 19

    @property
    def label(self) -> str:
        """The name outside the database: in JSON, on tapes, in logs."""
        return self.name.lower()


class Mark(IntFlag):
    """What else is true of an event: its author's roles and the message's own flags. Stored: only add."""

    BROADCASTER = 1
    MODERATOR = 2
    VIP = 4
    SUBSCRIBER = 8
    STAFF = 16
    VERIFIED = 32
    FIRST = 64  # the author's first message ever in this channel
    ACTION = 128  # written with /me
    SHARED = 256  # said in another channel's chat (Twitch shared chat): shown, never counted
    ANNOUNCEMENT = 512
    HIGHLIGHTED = 1024
    REPLY = 2048  # extra["reply_to"] is the login that is answered


_SHARED = Mark.SHARED.value  # combining enum members costs ten times what integers cost, once a message

# A mask has few bits and few values: naming each mask once beats testing twelve bits per message.
_names_of_mask: dict[int, list[str]] = {}


def mark_names(mask: int) -> list[str]:
    """The names of the bits in ``mask``, lower case, e.g. ``["moderator", "first"]``."""
    if mask not in _names_of_mask:
        _names_of_mask[mask] = [mark.name.lower() for mark in Mark if mask & mark and mark.name]
    return _names_of_mask[mask]


LONGEST_ADDRESS = 2_000


def picture_address(url: str) -> str:
    """``url`` if a browser may fetch a picture there, else "": anything else in its place is somebody's trick."""
    fetchable = url.startswith(("https://", "http://")) and len(url) <= LONGEST_ADDRESS and url.isprintable()
    return url if fetchable else ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it, as the platform names them. ``user_id`` is the platform's own and never changes.

    ``about`` is what the platform shows of them besides, if it does: ``bio``, ``verified`` (bool), ``follower_count``,
    ``following_count``, ``language``, ``country``, ``gender``.
    """

    user_id: str
    login: str
    name: str = ""
    avatar: str = ""
    about: Mapping[str, Any] = field(default_factory=lambda: NOTHING, compare=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in one channel.

    ``at_ms`` is UTC in milliseconds by the source's clock; ``source_id`` the platform's message id (None: the
    platform gives none, and the event cannot be recognised when it comes again); ``marks`` a sum of ``Mark``.
    ``extra`` holds plain JSON values only. Known keys besides those named at ``Kind``: ``emotes`` (list of names,
    one per use), ``reply_to`` (login), ``shared_from`` (id of the other channel), ``plan`` (``"1000"``, ``"Prime"`` …),
    ``recipient`` (login), ``color``.
    """

    platform: Platform
    channel: str
    kind: Kind
    at_ms: int
    source_id: str | None = None
    who: Person | None = None
    text: str = ""
    amount: int = 0
    marks: int = 0  # a plain sum, not a Mark: that is fifty times faster to test
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    @property
    def counts_as_message(self) -> bool:
        """Whether this is chat of the channel itself, as every figure about messages means it."""
        return self.kind is Kind.CHAT and not self.marks & _SHARED


def source_key(source_id: str | None) -> int | None:
    """64 bits of a platform's id: unique enough for what is known by nothing else."""
    if source_id is None:
        return None
    return int.from_bytes(_digest(source_id), "big", signed=True)


def event_key(source_id: str | None) -> int | None:
    """48 bits of a platform's message id: SQLite holds them in two bytes less, twice for each event.

    Beside the channel, the kind and the millisecond that is unique enough: of a thousand events that share all these
    one is taken for another once in 500 million times.
    """
    if source_id is None:
        return None
    return int.from_bytes(_digest(source_id)[-6:], "big", signed=True)


def as_event_key(stored: int) -> int:
    """The same of what may have been stored by a version that kept all 64 bits."""
    return (stored + _HALF & EVENT_KEY_BITS) - _HALF


EVENT_KEY_BITS = 2**48 - 1
_HALF = 2**47


def _digest(source_id: str) -> bytes:
    return blake2b(source_id.encode(errors="replace"), digest_size=8).digest()


class SourceState(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    OFFLINE = "offline"  # reachable, but the channel is not live (TikTok): nothing is being missed
    WAITING = "waiting"  # lost or refused; trying again at ``retry_at_ms``
    FAILED = "failed"  # will not come right by waiting: no such channel, suspended
    STOPPED = "stopped"


# In these states nothing that happens is missed: the source listens, or there is nothing to hear.
COVERED = frozenset({SourceState.CONNECTED, SourceState.OFFLINE})


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How a source stands towards one channel since ``at_ms``; ``detail`` is one line for people."""

    platform: Platform
    channel: str
    state: SourceState
    at_ms: int
    detail: str = ""
    retry_at_ms: int | None = None


def event_to_json(event: Event) -> str:
    """One line of NDJSON, the form of tapes (``collector.py --record``)."""
    record: dict[str, Any] = {
        "platform": event.platform.value,
        "channel": event.channel,
        "kind": event.kind.label,
        "at_ms": event.at_ms,
    }
    if event.source_id is not None:
        record["source_id"] = event.source_id
    if event.who:
        who = {"user_id": event.who.user_id, "login": event.who.login}
        record["who"] = who | {key: value for key in ("name", "avatar") if (value := getattr(event.who, key))}
        if event.who.about:
            record["who"]["about"] = dict(event.who.about)
    for key in ("text", "amount", "marks"):
        if value := getattr(event, key):
            record[key] = value
    if event.extra:
        record["extra"] = dict(event.extra)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def event_from_json(line: str) -> Event:
    """The inverse of ``event_to_json``. Raises ValueError on a line that is no event."""
    try:
        record = json.loads(line)
        who = record.get("who")
        return Event(
            platform=Platform(record["platform"]),
            channel=str(record["channel"]),
            kind=Kind[str(record["kind"]).upper()],
            at_ms=int(record["at_ms"]),
            source_id=record.get("source_id"),
            who=Person(**who) if who else None,
            text=str(record.get("text", "")),
            amount=int(record.get("amount", 0)),
            marks=int(record.get("marks", 0)),
            extra=record.get("extra") or NOTHING,
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not an event: {error}") from error
