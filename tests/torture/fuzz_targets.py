"""What bytes become before each source, for the search of ``fuzz.py``: lines of Twitch's, messages of TikTok's."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

import twitchio

from core.events import Event, SourceStatus
from ingest.writer import Writer
from sources.irc import LineBuffer
from sources.protobuf import Reader
from sources.tiktok_library import library
from sources.twitch import TwitchSource
from sources.twitch_connection import ChatConnection, Patience
from sources.twitch_login import Login
from tests.hostile import AVATARS, BYTES, LONG, TEXTS
from tests.sources import tiktok_server
from tests.sources.test_hostile_peers import COMMANDS, NOTICES, NUMBERS, SAMPLES, TAGS, VARINTS, Peer, varint
from tests.sources.test_tiktok_events import reader
from tests.sources.twitch_server import privmsg, usernotice

Told = list[Event | SourceStatus]


class Target(Protocol):
    def seeds(self) -> Iterator[bytes]:
        """Where the search begins."""

    def words(self) -> Iterator[bytes]:
        """What it puts into an input now and then, as chance would hardly make it."""

    def read(self, data: bytes) -> Told:
        """What the source tells of ``data``, the same each time. Raises what the source had to catch."""

    def close(self) -> None: ...


class Heard:
    """A sink that is a list of all that a source tells."""

    def __init__(self) -> None:
        self.told: Told = []

    def event(self, event: Event) -> None:
        self.told.append(event)

    def status(self, status: SourceStatus) -> None:
        self.told.append(status)


# --- Twitch ---


class _Owning(TwitchSource):
    """Keeps what it caught, which the product logs at most once a minute."""

    caught: BaseException | None = None

    def _may_warn(self) -> bool:
        self.caught = sys.exc_info()[1] or self.caught
        return False


class TwitchTarget:
    """The bytes are what comes over one connection: any number of lines."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(self._connected())

    async def _connected(self) -> ChatConnection:
        client = twitchio.Client(token="x", loop=asyncio.get_running_loop())
        connection = ChatConnection(client, Login("pulsebot", "x"), _Owning(["lena"], Heard()), Patience())
        connection._websocket = Peer([])
        return connection

    def seeds(self) -> Iterator[bytes]:
        yield from (line.encode() for line in SAMPLES)
        for text in (*TEXTS.values(), LONG[:17_000]):  # a little more than a line may be long
            yield privmsg("lena", text).encode()
            yield privmsg("lena", "hi", display_name=text, emotes="25:0-1", badges=f"vip/1,{text}").encode()
        yield from (usernotice("lena", notice, text="seven").encode() for notice in NOTICES)
        yield from (f":mila!mila@x {command} #lena mila :mila noor".encode() for command in COMMANDS)
        yield from (privmsg("lena", "hi", bits=number, tmi_sent_ts=number).encode() for number in NUMBERS)
        yield from BYTES.values()

    def words(self) -> Iterator[bytes]:
        yield from (f"{tag}={number}".encode() for tag in TAGS for number in NUMBERS)
        yield from (word.encode() for word in (*NOTICES, *COMMANDS, *TEXTS.values()))

    def read(self, data: bytes) -> Told:
        heard, connection = Heard(), self._connection
        source = connection._listener = _Owning(["lena"], heard)
        connection._lines = LineBuffer()
        # What is no UTF-8 is no text frame: aiohttp ends such a connection before anybody reads it.
        reading = connection._read(data.decode(errors="replace") + "\r\n")
        try:
            reading.send(None)
        except StopIteration:  # nothing in it waits, as the peer takes every answer at once
            pass
        else:
            raise AssertionError("reading waits for something")
        if source.counters["errors"]:
            raise source.caught or AssertionError("an error is counted that nobody caught")
        return heard.told

    def close(self) -> None:
        self._loop.close()


# --- TikTok ---

_HOSTILE = [
    *(text.encode() for text in (*TEXTS.values(), LONG[:3_000])),
    *(address.encode()[:3_000] for address in AVATARS),
    *BYTES.values(),
]
_MOST_FIELDS, _MOST_DEPTH, _MOST_MESSAGES = 16, 3, 4


class _Choices:
    """Bytes as decisions, one after the other; when there are none left each is the first."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return max(len(self._data) - self._at, 0)

    def byte(self) -> int:
        return self.take(1)[0] if self.left else 0

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def number(self) -> int:
        """Most often one that is at the edge of some type."""
        first = self.byte()
        if first < len(VARINTS):
            return VARINTS[first]
        return first if first < 0x80 else int.from_bytes(self.take(8), "little")

    def text(self) -> bytes:
        first = self.byte()
        return _HOSTILE[first] if first < len(_HOSTILE) else self.take(first - len(_HOSTILE))

    def message(self, of: Reader, depth: int = _MOST_DEPTH) -> bytes:
        """Protobuf whose tags and wire types are those that are read, and whose values are anything."""
        made, known = b"", [*of._fields]
        for _ in range(self.byte() % _MOST_FIELDS):
            tag = known[self.byte() % len(known)]
            inner = getattr(of._fields[tag][1], "__self__", None)
            if tag & 7 != 2:
                made += varint(tag) + varint(self.number())
                continue
            if isinstance(inner, Reader) and depth and self.byte() % 8:
                value = self.message(inner, depth - 1)
            else:
                value = self.text()
            made += varint(tag) + varint(len(value)) + value
        cut = self.byte()
        return made[:-cut] if 0 < cut < 4 else made


class TikTokTarget:
    """The first byte tells whether one payload follows as it is (0), or how many messages are built of the rest."""

    def __init__(self) -> None:
        self._readers = library().messages
        self._methods = [*self._readers]

    def seeds(self) -> Iterator[bytes]:
        for message in _real_messages():
            yield bytes([0, self._methods.index(message.method)]) + message.payload
        chance = random.Random(1)
        for method in range(len(self._methods)):
            yield from (bytes([1, method]) + chance.randbytes(size) for size in (20, 60, 120, 240))

    def words(self) -> Iterator[bytes]:
        yield from _HOSTILE

    def read(self, data: bytes) -> Told:
        channel, told, counters = reader()
        for method, payload, msg_id in self._messages(_Choices(data)):
            broken = counters["broken"]
            channel.message(method, payload, msg_id)
            if counters["broken"] == broken:
                continue
            with suppress(ValueError):  # what is no protobuf costs the message; what is must not be broken for us
                parsed = self._readers[method].parse(payload)
                _reread(lambda: channel._read(method, parsed, msg_id))  # noqa: B023 (called at once)
        return [*told.events]

    def _messages(self, choices: _Choices) -> Iterator[tuple[str, bytes, int]]:
        count = choices.byte() % (_MOST_MESSAGES + 1)
        for number in range(1, count + 1):
            method = self._methods[choices.byte() % len(self._methods)]
            yield method, choices.message(self._readers[method]), choices.number() & 2**63 - 1 or number
        if not count:
            yield self._methods[choices.byte() % len(self._methods)], choices.take(choices.left), 1

    def close(self) -> None:
        """Nothing is open."""


def _reread(read: Callable[[], None]) -> None:
    """Raises what the source caught, in a form that is not taken for broken protobuf."""
    try:
        read()
    except Exception as error:
        raise AssertionError(f"a message that can be parsed cannot be read: {error!r}") from error
    raise AssertionError("a message is counted as broken that is not")


def _real_messages() -> Iterator[tiktok_server.Message]:
    server = tiktok_server
    yield from (server.like(15), server.follow(), server.share(), server.join(), server.join(action=3))
    yield from (server.subscribe(months=3), server.viewers(120), *(server.control(action) for action in range(1, 5)))
    yield from (server.gift(3, end=True), server.gift(bare=True, group=9), server.gift(kind=2, diamonds=100))
    yield server.message("WebcastImDeleteMessage", delete_msg_ids=[1, 2], delete_user_ids=[3])
    picture = server.proto().ImageModel
    for number, text in enumerate(TEXTS.values()):
        address = picture(url_list=[AVATARS[number % len(AVATARS)][:3_000]])
        who = server.user("mila", nickname=text, display_id=text, bio_description=text, avatar_thumb=address)
        yield server.comment(text, user=who)
        yield server.gift(name=text)


TARGETS: dict[str, Callable[[], Target]] = {"twitch": TwitchTarget, "tiktok": TikTokTarget}


# --- what is told must be stored ---


class Refused(Exception):
    """The database refuses what a source tells of ``data``."""

    def __init__(self, data: bytes) -> None:
        super().__init__("the writer cannot store what is told of it")
        self.data = data


class Storing:
    """Hands all that is told to a writer, and looks at what became of it whenever there is enough."""

    ENOUGH = 4_000
    OF_A_KIND = 3  # of one input; a line may name hundreds of people, and the search would wait for the database

    def __init__(self, target: Target, writer: Writer) -> None:
        self.tried = self.told = 0
        self._target, self._writer = target, writer
        self._waiting: list[tuple[bytes, Told]] = []
        self._size = 0

    def take(self, data: bytes) -> None:
        """Raises what the source had to catch, or Refused, which may be about bytes that came before."""
        self.tried += 1
        told = self._target.read(data)
        if told:
            self.told += len(told)
            some = _some(told, self.OF_A_KIND)
            self._size += len(some)
            self._waiting.append((data, some))
        if self._size >= self.ENOUGH:
            self.settle()

    def settle(self) -> None:
        """Raises Refused."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        if not self._refuses(waiting):
            return
        while len(waiting) > 1:
            first, second = waiting[: len(waiting) // 2], waiting[len(waiting) // 2 :]
            waiting = first if self._refuses(first) else second
        raise Refused(waiting[0][0])

    def _refuses(self, some: list[tuple[bytes, Told]]) -> bool:
        dropped = self._writer.counters.dropped
        before = dropped["refused_by_database"]
        for _, told in some:
            for one in told:
                if isinstance(one, Event):
                    self._writer.event(one)
                else:
                    self._writer.status(one)
        if not self._writer.flush(60) or dropped["queue_full"]:
            raise AssertionError("the writer does not come to an end")
        return dropped["refused_by_database"] > before


def _some(told: Told, of_a_kind: int) -> Told:
    """The last ones: what is odd about an input is as likely there as anywhere."""
    kept: Counter[object] = Counter()
    some: Told = []
    for one in reversed(told):
        kind = one.kind if isinstance(one, Event) else one.state
        kept[kind] += 1
        if kept[kind] <= of_a_kind:
            some.append(one)
    return some[::-1]
