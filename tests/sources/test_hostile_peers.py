"""Peers that send whatever they like: no exception leaves a source, and what passes as an event can be stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import pytest
import twitchio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.events import Event, SourceStatus
from ingest.writer import Writer
from sources.protobuf import Reader
from sources.tiktok_gifts import GiftCatalogue
from sources.tiktok_library import library
from sources.twitch import TwitchSource
from sources.twitch_connection import ChatConnection, Patience
from sources.twitch_login import Login
from tests.hostile import BYTES, LONG, TEXTS
from tests.sources.test_tiktok_events import reader
from tests.sources.twitch_server import clearchat, clearmsg, presence, privmsg, tagged, usernotice
from tests.support import fresh_database

EXAMPLES = 150  # of each property here; bin/torture asks for more

# --- what a peer may send ---

odd = st.sampled_from([*TEXTS.values(), LONG[:3_000]]) | st.text(max_size=30)
in_a_line = odd.map(lambda text: text.replace("\r\n", " "))
NUMBERS = ("", "0", "-1", "1e9", "²", "9" * 30, "0x10", "NaN", "1.5", "\u0661")
numbers = st.sampled_from(NUMBERS) | st.integers().map(str)
TAGS = (
    *("badges", "bits", "color", "display-name", "emotes", "id", "user-id", "tmi-sent-ts", "room-id", "source-room-id"),
    *("msg-id", "msg-param-sub-plan", "msg-param-viewerCount", "msg-param-cumulative-months", "msg-param-gift-months"),
    *("msg-param-recipient-user-name", "reply-parent-msg-id", "reply-parent-user-login", "ban-duration", "login"),
    *("target-msg-id", "target-user-id", "first-msg", "mod", "vip", "user-type", "system-msg"),
)
NOTICES = ("sub", "resub", "subgift", "raid", "announcement", "ritual", "viewermilestone", "msg_banned", "tos_ban")
COMMANDS = (
    *("PRIVMSG", "USERNOTICE", "NOTICE", "JOIN", "PART", "353", "001", "CLEARMSG", "CLEARCHAT", "ROOMSTATE", "CAP"),
    *("PING", "GLOBALUSERSTATE", "HOSTTARGET", "WHISPER", "366", "RECONNECT", "ERROR"),
)
SAMPLES = (
    *(
        privmsg("lena", "hello", bits="100"),
        usernotice("lena", "resub", text="seven"),
        presence("lena", "JOIN", "mila"),
    ),
    *(clearmsg("lena", "x"), clearchat("lena", "mila", 600), ":tmi.twitch.tv 353 me = #lena :mila noor"),
)
tags = st.dictionaries(st.sampled_from(TAGS), in_a_line | numbers | st.sampled_from(NOTICES), max_size=8)
prefixes = st.sampled_from(["", ":tmi.twitch.tv ", ":mila!mila@mila.tmi.twitch.tv ", ":! ", ":lena!x@y "])
middles = st.lists(st.sampled_from(["#lena", "#", "*", "me", "=", "#LENA", ""]) | in_a_line, max_size=4)


@st.composite
def built_lines(draw: st.DrawFn) -> str:
    """Lines whose form is right and whose contents are anything."""
    words = [draw(prefixes) + draw(st.sampled_from(COMMANDS)), *draw(middles), f":{draw(in_a_line)}"]
    return tagged(draw(tags), " ".join(words))


@st.composite
def bent_lines(draw: st.DrawFn) -> str:
    """Real lines with a piece cut out, and something else in its place."""
    line = draw(st.sampled_from(SAMPLES))
    start, size = draw(st.integers(0, len(line))), draw(st.integers(0, 40))
    return line[:start] + draw(in_a_line) + line[start + size :]


lines = built_lines() | bent_lines() | odd
VARINTS = (0, 1, 3, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1, 2**70 - 1)
varints = st.sampled_from(VARINTS) | st.integers(0, 2**64 - 1)
texts = (
    odd.map(lambda text: text.encode(errors="surrogatepass"))
    | st.sampled_from([*BYTES.values()])
    | st.binary(max_size=20)
)


def varint(number: int) -> bytes:
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


@st.composite
def payloads(draw: st.DrawFn, of: Reader, depth: int = 3) -> bytes:
    """Protobuf that is read: the tags and wire types of ``of`` are right, and their values are anything."""
    made = b""
    for tag in draw(st.lists(st.sampled_from([*of._fields]), max_size=12)):
        take = of._fields[tag][1]
        inner = getattr(take, "__self__", None)
        if tag & 7 != 2:
            made += varint(tag) + varint(draw(varints))
            continue
        if isinstance(inner, Reader) and depth and draw(st.integers(0, 9)):
            value = draw(payloads(inner, depth - 1))
        else:
            value = draw(texts)
        made += varint(tag) + varint(len(value)) + value
    cut = draw(st.integers(0, 30))
    return made[:-cut] if cut and cut < 4 else made


# --- what is done with it ---


class Peer:
    """In place of a WebSocket: what a server sends, and then its end."""

    def __init__(self, frames: list[aiohttp.WSMessage]) -> None:
        self._frames = iter([*frames, aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None)])

    async def receive(self) -> aiohttp.WSMessage:
        return next(self._frames)

    async def send_str(self, text: str) -> None:
        text.encode()


class Storing:
    """A sink before a real database."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def event(self, event: Event) -> None:
        self._writer.event(event)

    def status(self, status: SourceStatus) -> None:
        self._writer.status(status)


@contextmanager
def stored() -> Iterator[Storing]:
    """At the end everything is stored, or was found impossible; nothing was left behind as unfit for the database."""
    with fresh_database() as database:
        writer = Writer(database).start()
        try:
            yield Storing(writer)
            assert writer.flush(60)
            assert writer.counters.dropped["refused_by_database"] == 0
            assert writer.counters.stored > 0
        finally:
            writer.close()


def bounded(examples: int = EXAMPLES) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[*HealthCheck], database=None)


def twitch(sink: Storing, sent: list[aiohttp.WSMessage]) -> TwitchSource:
    """Reads ``sent`` as a connection's own loop does."""

    async def read() -> TwitchSource:
        source = TwitchSource(["lena"], sink, on_command=None)
        client = twitchio.Client(token="x", loop=asyncio.get_running_loop())
        connection = ChatConnection(client, Login("pulsebot", "x"), source, Patience())
        connection._websocket = Peer(sent)
        await connection._keep_alive()
        return source

    return asyncio.run(read())


def frame(text: str) -> aiohttp.WSMessage:
    return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, text, None)


def hostile_twitch(examples: int = EXAMPLES) -> None:
    with stored() as sink:

        @bounded(examples)
        @given(st.lists(lines, max_size=8), st.integers(1, 400))
        @example([privmsg("lena", text) for text in TEXTS.values()], 100)
        @example([privmsg("lena", "hi", display_name=text) for text in TEXTS.values()], 7)
        @example([privmsg("lena", LONG)], 1_000)
        def whatever_comes_is_read(sent: list[str], size: int) -> None:
            stream = "".join(line + "\r\n" for line in sent)
            pieces = [frame(stream[start : start + size]) for start in range(0, len(stream), size)]
            assert twitch(sink, pieces).counters["errors"] == 0

        whatever_comes_is_read()


def hostile_tiktok(examples: int = 60) -> None:
    methods = library().messages
    with stored() as sink:

        @bounded(examples)
        @given(st.data())
        def whatever_comes_is_read(data: st.DataObject) -> None:
            made, told, counters = reader()
            for number in range(1, 6):
                method = data.draw(st.sampled_from([*methods]))
                payload = data.draw(payloads(methods[method]) | st.binary(max_size=60))
                made.message(method, payload, data.draw(st.integers(0, 2**63 - 1)) or number)
            assert counters["messages"] == 5
            for event in told.events:
                sink.event(event)

        whatever_comes_is_read()


# --- the properties ---


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """What a broken peer is told of is warned of once a minute, of each source that the test makes."""
    caplog.set_level(logging.CRITICAL)


def test_whatever_twitch_sends_no_line_costs_more_than_itself() -> None:
    hostile_twitch()


def test_whatever_tiktok_sends_no_message_costs_more_than_itself() -> None:
    hostile_tiktok()


@bounded()
@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | odd,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["gifts", "pages", "id", "name", "diamond_count", "type"]), inner, max_size=5
            )
        ),
    )
)
def test_whatever_a_list_of_gifts_holds_it_is_taken_in_or_skipped(answer: Any) -> None:
    catalogue = GiftCatalogue()
    assert catalogue.learn_list(answer) >= len(catalogue)
