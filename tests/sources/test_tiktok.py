"""The TikTok source against a server that does to it all that TikTok, its sign server and the network can do."""

from __future__ import annotations

import asyncio
import gc
import gzip
import logging
import os
import random
import resource
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from core.clock import now_ms
from core.events import Event, Kind, Platform, SourceState, SourceStatus
from sources import tiktok, tiktok_channel, tiktok_library
from sources.base import Backoff
from sources.tiktok import TikTokSource
from sources.tiktok_connection import Patience, RoomConnection
from sources.tiktok_events import WANTED
from sources.tiktok_library import Library, Unsuitable, library, unpacked
from tests.sources.tiktok_server import (
    Message,
    TikTokServer,
    comment,
    control,
    follow,
    gift,
    join,
    like,
    new_id,
    number_of,
    proto,
    share,
    subscribe,
    user,
    viewers,
)
from tests.support import no_name_servers

QUICK = Patience(
    start=20, gift_list=10, idle=30, close=0.3, offline=(0.05, 0.1), not_found=0.2, rate_limited=0.2, steady=60
)

CONNECTING, CONNECTED, WAITING = SourceState.CONNECTING, SourceState.CONNECTED, SourceState.WAITING
OFFLINE, FAILED, STOPPED = SourceState.OFFLINE, SourceState.FAILED, SourceState.STOPPED
LIVE = (Kind.LIVE_START, Kind.LIVE_PAUSE, Kind.LIVE_RESUME, Kind.LIVE_END)


class Notebook:
    """A sink that writes all down and can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.statuses: list[SourceStatus] = []
        self._changed = asyncio.Event()

    def event(self, event: Event) -> None:
        self.events.append(event)
        self._changed.set()

    def status(self, status: SourceStatus) -> None:
        self.statuses.append(status)
        self._changed.set()

    async def until(self, predicate: Callable[[], object], timeout: float = 20.0) -> None:
        async with asyncio.timeout(timeout):
            while not predicate():
                self._changed.clear()
                await self._changed.wait()

    def of(self, *kinds: Kind, channel: str = "lena") -> list[Event]:
        return [event for event in self.events if event.kind in kinds and event.channel == channel]

    def chat(self, channel: str = "lena") -> list[str]:
        return [event.text for event in self.of(Kind.CHAT, channel=channel)]

    def states(self, channel: str = "lena") -> list[SourceState]:
        """Each state once as long as it lasts: while it waits, a channel tells again and again until when."""
        states = [status.state for status in self.statuses if status.channel == channel]
        return [state for at, state in enumerate(states) if at == 0 or states[at - 1] is not state]

    def told(self, state: SourceState, channel: str = "lena") -> list[SourceStatus]:
        return [status for status in self.statuses if status.channel == channel and status.state is state]

    def is_(self, state: SourceState, channel: str = "lena") -> bool:
        last = next((status for status in reversed(self.statuses) if status.channel == channel), None)
        return last is not None and last.state is state


@pytest.fixture
def server() -> Iterator[TikTokServer]:
    with TikTokServer() as server:
        yield server


def source_for(server: TikTokServer, notebook: Notebook, *channels: str, **options: Any) -> TikTokSource:
    options = {
        "app_url": server.app_url,
        "webcast_url": server.webcast_url,
        "sign_url": server.sign_url,
        "patience": QUICK,
        "backoff": lambda: Backoff(0.01, 0.05),
        "slow_backoff": lambda: Backoff(0.02, 0.1),
    } | options
    return TikTokSource(channels or ("lena",), notebook, **options)


@asynccontextmanager
async def reading(
    server: TikTokServer, *channels: str, live: bool = True, **options: Any
) -> AsyncIterator[tuple[TikTokSource, Notebook]]:
    """A running source, stopped at the end; nothing of it may be left then."""
    notebook = Notebook()
    names = channels or ("lena",)
    source = source_for(server, notebook, *names, **options)
    before = asyncio.all_tasks()
    running = asyncio.create_task(source.run())
    try:
        if live:
            for name in names:
                if name not in server.rooms:
                    server.go_live(name)
            await notebook.until(lambda: all(notebook.is_(CONNECTED, name) for name in names))
        yield source, notebook
    finally:
        async with asyncio.timeout(10):
            await source.stop()
            await running
    assert asyncio.all_tasks() == before
    assert all(notebook.is_(STOPPED, name) for name in names)


# --- reading ---


def test_everything_that_happens_in_a_room_arrives_as_an_event(server):
    async def play() -> None:
        async with reading(server) as (source, notebook):
            said = comment("hello", "mila")
            rest = [
                gift(3, diamonds=5, group=77),
                like(12),
                share(),
                follow(),
                join(),
                subscribe(months=4),
                viewers(81),
            ]
            server.send("lena", said, *rest, control(1), control(2))
            await notebook.until(lambda: notebook.of(Kind.LIVE_RESUME))
            told = [(event.kind, event.amount) for event in notebook.events]
            assert told == [
                (Kind.LIVE_START, 0),
                (Kind.CHAT, 0),
                (Kind.GIFT, 15),
                (Kind.LIKE, 12),
                (Kind.SHARE, 0),
                (Kind.FOLLOW, 0),
                (Kind.JOIN, 0),
                (Kind.SUB, 4),
                (Kind.VIEWERS, 81),
                (Kind.LIVE_PAUSE, 0),
                (Kind.LIVE_RESUME, 0),
            ]
            chat = notebook.of(Kind.CHAT)[0]
            assert (chat.platform, chat.source_id, chat.text) == (Platform.TIKTOK, str(said.msg_id), "hello")
            assert chat.who and (chat.who.user_id, chat.who.login) == (str(number_of("mila")), "mila")
            assert notebook.states() == [CONNECTING, CONNECTED]
            assert source.counters["events"] == len(notebook.events)

    asyncio.run(play())


def test_the_protocol_is_kept_room_entered_heartbeats_sent_messages_acknowledged(server):
    async def play() -> None:
        async with reading(server):
            server.send("lena", comment("hello"))
            await server.until(lambda: server.acks and server.frames.count("hb") >= 2)

    asyncio.run(play())
    assert server.frames[0] == "im_enter_room"


def test_several_channels_are_read_at_once_and_names_are_forgiven(server):
    async def play() -> None:
        for name in ("lena", "max"):
            server.go_live(name)
        notebook = Notebook()
        source = source_for(server, notebook, "lena", " @Max", "MAX")
        running = asyncio.create_task(source.run())
        await notebook.until(lambda: notebook.is_(CONNECTED) and notebook.is_(CONNECTED, "max"))
        server.send("max", comment("to max"))
        server.send("lena", comment("to lena"))
        await notebook.until(lambda: notebook.chat() and notebook.chat("max"))
        assert (notebook.chat(), notebook.chat("max")) == (["to lena"], ["to max"])
        await source.stop()
        await running

    asyncio.run(play())


def test_trouble_of_one_channel_is_not_the_other_s(server):
    async def play() -> None:
        async with reading(server, "lena", "max") as (_, notebook):
            server.end("max")
            await notebook.until(lambda: notebook.is_(OFFLINE, "max"))
            server.send("lena", comment("still here"))
            await notebook.until(lambda: notebook.chat() == ["still here"])
            assert notebook.states() == [CONNECTING, CONNECTED]

    asyncio.run(play())


HOSTILE = [
    "<script>alert(1)</script>",
    "WebcastControlMessage",
    "\u202eevil\u202c",
    "a\nb\r\nc",
    "{{7*7}} ${jndi:ldap://x} %s %n",
    "😀👩‍👩‍👧" * 50,
    "'; DROP TABLE viewers; --",
]


def test_hostile_text_arrives_as_text_and_nul_is_dropped(server):
    async def play() -> None:
        async with reading(server) as (source, notebook):
            texts = [*HOSTILE, "a\0b", "x" * 100_000]
            server.send("lena", *[comment(text, user=user("mila", nickname=text)) for text in texts])
            await notebook.until(lambda: len(notebook.chat()) == len(texts))
            assert notebook.chat() == [*HOSTILE, "ab", "x" * 2000]
            assert all(event.who and len(event.who.name) <= 100 for event in notebook.of(Kind.CHAT))
            assert source.counters["broken"] == source.counters["reconnects"] == 0

    asyncio.run(play())


def test_broken_payloads_and_nameless_people_are_counted_and_skipped_with_one_warning(server, caplog):
    whole = comment("whole").payload
    broken = [
        b"\x10\x05",
        b"\xff\xff\xff",
        b"\x1a\x02\xff\xfe",
        whole[: len(whole) // 2],
        b"\x0a\x02\x10",
        b"\x12\x00\x12",
    ]
    nameless = [comment("who?", user=None), gift(user=None), like(1, user=None), join(user=None), follow(user=None)]
    nameless += [subscribe(user=None), share(user=None), comment("nobody", user=user("x", id=0))]

    async def play() -> None:
        async with reading(server) as (source, notebook):
            server.send("lena", *[Message("WebcastChatMessage", payload, new_id()) for payload in broken])
            server.send("lena", *nameless)
            server.send("lena", Message("WebcastLinkMicArmies", b"\xff", new_id()), Message("Unheard", b"", 0))
            server.send("lena", comment("still here"))
            await notebook.until(lambda: notebook.chat())
            assert notebook.chat() == ["still here"]
            counters = source.counters
            assert counters["broken"] + counters["nameless"] == len(broken) + len(nameless)
            assert counters["nameless"] >= len(nameless)
            assert counters["ignored"] == 2
            assert counters["errors"] == counters["reconnects"] == 0

    with caplog.at_level(logging.WARNING):
        asyncio.run(play())
    assert len(caplog.records) == 1
    assert "cannot be read" in caplog.text


def test_a_frame_that_is_no_frame_costs_at_most_the_connection(server):
    p = proto()
    packed = [p.PushHeader(key="compress_type", value="gzip")]
    nonsense = bytes(p.WebcastPushFrame(payload_type="msg", headers=packed, payload=b"not gzip"))

    async def play() -> None:
        async with reading(server) as (source, notebook):
            for content in (b"\xff\xff\xff", "text", b"", b"\x3a\x02\xff\xfe", nonsense):
                server.send_frame("lena", content)
                await asyncio.sleep(0.05)
                await notebook.until(lambda: notebook.is_(CONNECTED))
            server.send("lena", comment("after"))
            await notebook.until(lambda: "after" in notebook.chat())
            assert source.counters["reconnects"] == 2
            assert source.counters["errors"] == 0

    asyncio.run(play())


def test_a_small_frame_that_unpacks_to_hundreds_of_megabytes_costs_the_connection_and_no_memory(server):
    p = proto()
    packed = [p.PushHeader(key="compress_type", value="gzip")]
    press = zlib.compressobj(wbits=31)
    bomb = b"".join([*(press.compress(bytes(1 << 20)) for _ in range(400)), press.flush()])

    async def play() -> None:
        async with reading(server) as (source, notebook):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for content in (bomb, bomb[: len(bomb) // 2]):
                server.send_frame(
                    "lena", bytes(p.WebcastPushFrame(payload_type="msg", headers=packed, payload=content))
                )
                reconnects = source.counters["reconnects"]
                await notebook.until(lambda: source.counters["reconnects"] > reconnects)  # noqa: B023
                await notebook.until(lambda: notebook.is_(CONNECTED))
            server.send("lena", comment("after"))
            await notebook.until(lambda: "after" in notebook.chat())
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # kilobytes
            assert source.counters["errors"] == 0

    asyncio.run(play())


def test_what_is_gzipped_is_unpacked_up_to_a_bound():
    one, two = gzip.compress(b"one"), gzip.compress(b"two")
    assert (unpacked(one), unpacked(one + two), unpacked(b"")) == (b"one", b"onetwo", b"")
    assert unpacked(gzip.compress(b"x" * 100), most=100) == b"x" * 100
    for broken, most in ((gzip.compress(b"x" * 101), 100), (one[:-9], 100), (one + b"rest", 100), (b"not gzip", 100)):
        with pytest.raises(OSError):
            unpacked(broken, most)


# --- history and counting once ---


def test_history_replayed_on_reconnecting_is_told_once(server):
    async def play() -> None:
        async with reading(server) as (source, notebook):
            server.send("lena", comment("one"), gift(2, group=5), like(3))
            await notebook.until(lambda: notebook.of(Kind.LIKE))
            server.drop()
            await server.until(lambda: server.connections == 2 and server.has("lena"))
            server.send("lena", comment("two"))
            await notebook.until(lambda: "two" in notebook.chat())
            assert notebook.chat() == ["one", "two"]
            assert len(notebook.of(Kind.GIFT)) == len(notebook.of(Kind.LIKE)) == 1
            assert source.counters["duplicates"] == 3
            assert [event.kind for event in notebook.of(*LIVE)] == [Kind.LIVE_START]

    asyncio.run(play())


def test_a_restarted_collector_tells_history_with_the_same_ids_and_times(server):
    """The write path recognises by both that it has them already."""

    async def session() -> list[tuple[object, ...]]:
        async with reading(server) as (_, notebook):
            if not server.history[server.rooms["lena"]]:
                old = comment("no time told", create_time=0)
                seconds = comment("in seconds", create_time=int(time.time()) - 30)
                server.send("lena", comment("one"), old, seconds, gift(4, group=9), join(), viewers(3))
            await notebook.until(lambda: notebook.of(Kind.VIEWERS))
            return [(event.kind, event.source_id, event.at_ms) for event in notebook.events]

    first = asyncio.run(session())
    time.sleep(0.01)
    assert asyncio.run(session()) == first
    assert len(first) == 7


def test_a_message_that_comes_twice_without_an_envelope_id_is_told_once(server):
    async def play() -> None:
        async with reading(server) as (source, notebook):
            said = comment("once")
            server.send("lena", said, replace(said, msg_id=0), replace(said, msg_id=said.msg_id + 99))
            server.send("lena", comment("end"))
            await notebook.until(lambda: "end" in notebook.chat())
            assert notebook.chat() == ["once", "end"]
            assert source.counters["duplicates"] == 2

    asyncio.run(play())


@pytest.mark.parametrize("order", [1, -1])
def test_a_subscription_told_by_two_kinds_of_message_counts_once(server, order):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            server.send("lena", *[join(action=3), subscribe(months=2)][::order], subscribe("noah", months=7))
            server.send("lena", subscribe("nora", message_type=1), comment("end"))
            await notebook.until(lambda: notebook.chat())
            assert [event.who.login for event in notebook.of(Kind.SUB) if event.who] == ["mila", "noah"]

    asyncio.run(play())


def test_gifts_named_by_their_id_alone_are_known_from_the_gift_list(server):
    server.gifts = [{"id": 5655, "name": "Rose", "diamond_count": 1, "type": 1}, {"id": "x"}, None, 5]
    server.gifts += [{"id": 8000, "name": "Lion", "diamond_count": 29_999, "type": 2}]

    async def play() -> None:
        async with reading(server) as (_, notebook):
            server.send("lena", gift(5, gift_id=5655, bare=True, group=3), gift(1, gift_id=8000, bare=True))
            await notebook.until(lambda: len(notebook.of(Kind.GIFT)) == 2)
            rose, lion = notebook.of(Kind.GIFT)
            assert rose.amount == 5
            assert rose.extra["name"] == "Rose"
            assert rose.extra["streak"] == f"{server.rooms['lena']}:3"
            assert (lion.amount, lion.extra["name"], "streak" in lion.extra) == (29_999, "Lion", False)

    asyncio.run(play())
    assert server.asked("/gift/list/") == 1


@pytest.mark.parametrize("fault", ["status", "hangs"])
def test_without_the_gift_list_the_room_is_read_all_the_same(server, fault):
    server.gift_list_status = 500 if fault == "status" else 200
    server.gift_list_hangs = fault == "hangs"

    async def play() -> None:
        started = time.monotonic()
        async with reading(server, patience=replace(QUICK, gift_list=0.3)) as (_, notebook):
            assert time.monotonic() - started < 10  # the library's own patience is longer
            server.send("lena", gift(2, bare=True, group=1))
            await notebook.until(lambda: notebook.of(Kind.GIFT))
            assert notebook.of(Kind.GIFT)[0].extra["quantity"] == 2
            server.drop()
            await server.until(lambda: server.connections == 2)
            assert server.asked("/gift/list/") == 1  # a broken list is not asked for at each attempt

    asyncio.run(play())


# --- failures ---


def test_an_offline_channel_is_polled_and_says_when_it_is_looked_at_again(server):
    server.known.add("lena")

    async def play() -> None:
        async with reading(server, live=False, patience=replace(QUICK, offline=(0.1, 0.2))) as (_, notebook):
            await notebook.until(lambda: len(notebook.told(OFFLINE)) >= 2)
            for status in notebook.told(OFFLINE):
                assert status.retry_at_ms
                assert 100 <= status.retry_at_ms - status.at_ms <= 201
            assert notebook.states() == [CONNECTING, OFFLINE]
            server.go_live("lena")
            await notebook.until(lambda: notebook.is_(CONNECTED))
            assert notebook.states() == [CONNECTING, OFFLINE, CONNECTED]

    asyncio.run(play())


def test_left_alone_the_waits_are_those_that_tiktok_bears():
    patience = Patience()
    assert patience.offline == (30, 60)
    assert (patience.not_found, patience.idle, patience.start, patience.rate_limited) == (300, 90, 30, 60)


def test_a_page_that_says_live_of_a_room_that_is_not_alive_is_offline(server):
    server.go_live("lena")
    server.alive_body = '{"data": [{"alive": false}]}'

    async def play() -> None:
        async with reading(server, live=False) as (_, notebook):
            await notebook.until(lambda: notebook.is_(OFFLINE))

    asyncio.run(play())


def test_a_channel_that_does_not_exist_is_said_to_fail_and_looked_up_rarely(server):
    async def play() -> None:
        async with reading(server, live=False, patience=replace(QUICK, not_found=0.4)) as (_, notebook):
            await notebook.until(lambda: notebook.is_(FAILED))
            (status,) = notebook.told(FAILED)
            assert "no such user" in status.detail
            assert status.retry_at_ms
            assert status.retry_at_ms - status.at_ms == pytest.approx(400, abs=5)
            server.go_live("lena")
            await notebook.until(lambda: notebook.is_(CONNECTED))

    asyncio.run(play())


def blocked(server: TikTokServer) -> None:
    server.html_status, server.api_body = 500, "<html>captcha</html>"


def half_blocked(server: TikTokServer) -> None:
    server.alive_body = "<html>captcha</html>"


def garbled(server: TikTokServer) -> None:
    server.html, server.api_body = "", '{"message": "", "data": {}}'


def empty_room(server: TikTokServer) -> None:
    server.html, server.api_body = "", '{"message": "", "data": {"user": {"roomId": ""}}}'


def bad_cursor(server: TikTokServer) -> None:
    server.cursor = ""


def refused(server: TikTokServer) -> None:
    server.refuse_socket = 400


def refused_with_200(server: TikTokServer) -> None:
    server.refuse_socket = 200


def refused_with_503(server: TikTokServer) -> None:
    server.refuse_socket = 503


def sign_500(server: TikTokServer) -> None:
    server.sign_status = 500


def sign_401(server: TikTokServer) -> None:
    server.sign_status = 401


def sign_empty(server: TikTokServer) -> None:
    server.sign_body = b"\xff\xff\xff"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (blocked, "may be blocking"),
        (half_blocked, "may be blocking"),
        (garbled, "may be blocking"),
        (empty_room, "may be blocking"),
        (bad_cursor, "no way into the room"),
        (refused, "may be blocking"),
        (refused_with_200, "may be blocking"),
        (refused_with_503, "connection lost"),
        (sign_500, "sign server answered 500"),
        (sign_401, "sign server answered 401"),
        (sign_empty, "sign server"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_keeps_us_out_is_told_waited_for_and_overcome(server, fault, says):
    server.go_live("lena")
    knobs = {key: value for key, value in vars(server).items() if isinstance(value, str | int | bytes | None)}
    fault(server)

    async def play() -> None:
        slow = lambda: Backoff(0.1, 0.4)  # noqa: E731
        async with reading(server, live=False, backoff=slow, slow_backoff=slow) as (source, notebook):
            await notebook.until(lambda: len(notebook.told(WAITING)) >= 3)
            for status in notebook.told(WAITING):
                assert says in status.detail
                assert status.retry_at_ms and status.retry_at_ms > status.at_ms
            waits = [(s.retry_at_ms or 0) - s.at_ms for s in notebook.told(WAITING)]
            assert waits[2] > waits[0]
            assert source.counters["errors"] == 0
            for key in ("html", "html_status", "api_body", "alive_body", "cursor", "refuse_socket"):
                setattr(server, key, {"html_status": 200, "cursor": "c", "refuse_socket": 0}.get(key))
            server.sign_status, server.sign_body = 200, None
            await notebook.until(lambda: notebook.is_(CONNECTED))
            assert notebook.states()[:3] == [CONNECTING, WAITING, CONNECTING]

    asyncio.run(play())
    assert knobs["port"] == server.port


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        ({}, 0.2),
        ({"RateLimit-Remaining": "0"}, 0.2),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "soon"}, 0.2),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "IN 3600"}, 3590),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "1200"}, 1200),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "IN 99999999"}, 24 * 3600),
    ],
    ids=["no headers", "no reset", "nonsense", "as a time", "as seconds", "absurd"],
)
def test_a_rate_limit_is_waited_out_with_a_countdown(server, headers, least):
    server.go_live("lena")
    server.sign_status, server.sign_body = 429, b'{"message": "Too many", "limit_label": "minute"}'
    if headers.get("RateLimit-Reset", "").startswith("IN "):
        headers = headers | {"RateLimit-Reset": str(int(time.time()) + int(headers["RateLimit-Reset"][3:]))}
    server.sign_headers = headers

    async def play() -> None:
        async with reading(server, live=False) as (_, notebook):
            await notebook.until(lambda: notebook.is_(WAITING))
            (status,) = notebook.told(WAITING)
            assert "allows no more" in status.detail
            assert status.retry_at_ms
            assert least * 1000 - 50 <= status.retry_at_ms - status.at_ms <= least * 1000 + 11_000
            if least < 1:
                server.sign_status, server.sign_body = 200, None
                await notebook.until(lambda: notebook.is_(CONNECTED))

    asyncio.run(play())


@pytest.mark.parametrize("where", ["sign_hangs", "page_hangs", "socket_hangs"])
def test_a_server_that_hangs_is_given_up(server, where, monkeypatch):
    server.go_live("lena")
    setattr(server, where, True)
    if where == "socket_hangs":  # the library's own limit of 10 s holds there
        own = library().client

        def hurried(*arguments: Any) -> Any:
            client = own(*arguments)
            client._ws._ws_kwargs["open_timeout"] = 0.3
            return client

        monkeypatch.setattr(library(), "client", hurried)

    async def play() -> None:
        started = time.monotonic()
        async with reading(server, live=False, patience=replace(QUICK, start=0.3)) as (_, notebook):
            await notebook.until(lambda: notebook.is_(WAITING))
            assert time.monotonic() - started < 3
            assert "does not answer" in notebook.told(WAITING)[0].detail
            setattr(server, where, False)
            await notebook.until(lambda: notebook.is_(CONNECTED))

    asyncio.run(play())


def test_a_sign_server_that_is_not_there_is_waited_for(server):
    server.go_live("lena")

    async def play() -> None:
        async with reading(server, live=False, sign_url="http://127.0.0.1:9") as (_, notebook):
            await notebook.until(lambda: notebook.is_(WAITING))
            assert notebook.told(WAITING)[0].detail == "the sign server cannot be used: connect error"

    asyncio.run(play())


def test_a_tiktok_that_is_not_there_is_waited_for(server):
    async def play() -> None:
        async with reading(server, live=False, app_url="http://127.0.0.1:9") as (_, notebook):
            await notebook.until(lambda: notebook.is_(WAITING))
            assert notebook.told(WAITING)[0].detail.startswith("cannot connect")

    asyncio.run(play())


def test_without_any_network_the_reason_asks_for_it(server, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", no_name_servers)

    async def play() -> None:
        async with reading(server, live=False, app_url="http://tiktok.example") as (_, notebook):
            await notebook.until(lambda: notebook.is_(WAITING))
            assert notebook.told(WAITING)[0].detail.endswith("TikTok cannot be found: is this machine online?")

    asyncio.run(play())


def test_a_dead_peer_is_noticed_and_left_at_once(server):
    async def play() -> None:
        async with reading(server, patience=replace(QUICK, idle=0.4)) as (_, notebook):
            server.send("lena", comment("last words"))
            await notebook.until(lambda: notebook.chat())
            server.freeze()
            heard = now_ms()
            await notebook.until(lambda: notebook.told(WAITING))
            (status,) = notebook.told(WAITING)
            assert status.detail == "connection lost: no data for 0.4 s"
            assert status.at_ms <= heard + 50  # the gap begins when it was last heard
            assert now_ms() - heard < 4000
            await server.until(lambda: server.connections >= 2)
            await notebook.until(lambda: notebook.is_(CONNECTED))

    asyncio.run(play())


def test_a_room_that_speaks_is_never_taken_for_dead(server):
    async def play() -> None:
        async with reading(server, patience=replace(QUICK, idle=0.4)) as (source, notebook):
            for number in range(6):
                await asyncio.sleep(0.1)
                server.send("lena", viewers(number))
            await notebook.until(lambda: len(notebook.of(Kind.VIEWERS)) == 6)
            assert source.counters["reconnects"] == 0

    asyncio.run(play())


FAULTS: dict[str, Callable[[TikTokServer], None]] = {
    "close 1000": lambda server: server.close(1000),
    "close 1001": lambda server: server.close(1001),
    "close 1011": lambda server: server.close(1011),
    "close 4005": lambda server: server.close(4005),
    "abort": lambda server: server.drop(),
    "reset": lambda server: server.drop(reset=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_whatever_ends_the_connection_it_is_made_again(server, fault):
    async def play() -> None:
        async with reading(server) as (source, notebook):
            server.send("lena", comment("before"))
            await notebook.until(lambda: notebook.chat())
            fault(server)
            await notebook.until(lambda: len(notebook.told(CONNECTED)) == 2)
            assert notebook.states() == [CONNECTING, CONNECTED, WAITING, CONNECTING, CONNECTED]
            assert notebook.told(WAITING)[0].detail.startswith("connection lost: ")
            server.send("lena", comment("after"))
            await notebook.until(lambda: "after" in notebook.chat())
            assert notebook.chat() == ["before", "after"]
            assert source.counters["reconnects"] == 1
            assert not notebook.of(Kind.LIVE_END)

    asyncio.run(play())


class Noted(Backoff):
    """Writes down how long it let wait."""

    def next_seconds(self) -> float:
        seconds = Backoff.next_seconds(self)
        self.random.waits.append(seconds)  # type: ignore[attr-defined]
        return seconds


def noted_waits(server: TikTokServer, drops: int, steady: float) -> list[float]:
    """How long the source waits after each of so many connections that dropped at once."""
    dice = random.Random(1)
    dice.waits = []  # type: ignore[attr-defined]

    async def play() -> None:
        patience = replace(QUICK, steady=steady)
        async with reading(server, patience=patience, backoff=lambda: Noted(0.01, 60, dice)) as (_, notebook):
            for number in range(2, drops + 2):
                server.drop()
                await notebook.until(lambda n=number: len(notebook.told(CONNECTED)) == n)  # type: ignore[misc]

    asyncio.run(play())
    return list(dice.waits)  # type: ignore[attr-defined]


def test_a_connection_that_held_is_no_failure_and_the_next_wait_is_short_again(server):
    assert max(noted_waits(server, 7, steady=0.0)) <= 0.01


def test_one_that_breaks_at_once_is_tried_less_and_less(server):
    waits = noted_waits(server, 5, steady=60.0)
    assert waits[-1] >= 0.08
    assert waits == sorted(waits)


# --- streams ---


@pytest.mark.parametrize("action", [3, 4], ids=["ended", "suspended"])
def test_the_end_of_a_stream_is_told_and_the_next_one_is_found(server, action):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            first = server.rooms["lena"]
            told = server.end("lena", action)
            await notebook.until(lambda: notebook.is_(OFFLINE))
            assert notebook.told(OFFLINE)[0].detail == "the stream ended"
            await server.until(lambda: not server.sessions)
            second = server.go_live("lena")
            await notebook.until(lambda: notebook.is_(CONNECTED))
            assert [(event.kind, event.source_id) for event in notebook.of(*LIVE)] == [
                (Kind.LIVE_START, f"live:{first}"),
                (Kind.LIVE_END, str(told.msg_id)),
                (Kind.LIVE_START, f"live:{second}"),
            ]

    asyncio.run(play())


def test_what_comes_in_one_response_with_the_end_still_counts(server):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            room = server.rooms["lena"]
            server.send("lena", control(3), gift(2, group=8), comment("bye"))
            server.vanish("lena")
            await notebook.until(lambda: notebook.is_(OFFLINE))
            assert notebook.chat() == ["bye"]
            assert notebook.of(Kind.GIFT)[0].extra["streak"] == f"{room}:8"
            assert len(notebook.of(Kind.LIVE_END)) == 1

    asyncio.run(play())


def test_an_end_that_nobody_told_is_told_when_the_channel_is_found_offline(server):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            room = server.rooms["lena"]
            server.send("lena", comment("last"))
            await notebook.until(lambda: notebook.chat())
            server.vanish("lena")
            server.drop()
            await notebook.until(lambda: notebook.is_(OFFLINE))
            (end,) = notebook.of(Kind.LIVE_END)
            assert end.source_id == f"end:{room}"
            assert notebook.of(Kind.CHAT)[0].at_ms <= end.at_ms <= now_ms()
            await notebook.until(lambda: len(notebook.told(OFFLINE)) >= 3)
            assert len(notebook.of(Kind.LIVE_END)) == 1

    asyncio.run(play())


def test_a_new_room_after_a_lost_connection_is_a_new_stream_that_stays_connected(server):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            first = server.rooms["lena"]
            second = server.go_live("lena")
            server.drop()
            await notebook.until(lambda: len(notebook.told(CONNECTED)) == 2)
            server.send("lena", comment("in the new room"))
            await notebook.until(lambda: notebook.chat())
            assert [event.source_id for event in notebook.of(*LIVE)] == [
                f"live:{first}",
                f"end:{first}",
                f"live:{second}",
            ]
            assert server.connections == 2

    asyncio.run(play())


def test_joining_in_the_middle_of_a_stream_does_not_say_that_it_begins_now(server):
    server.go_live("lena", new_id(now_ms() - 3 * 3_600_000))

    async def play() -> None:
        async with reading(server) as (_, notebook):
            server.send("lena", comment("hello"))
            await notebook.until(lambda: notebook.chat())
            assert not notebook.of(*LIVE)

    asyncio.run(play())


# --- commands ---


def test_commands_in_chat_are_carried_out_and_their_answer_is_dropped(server):
    heard: list[tuple[str, str]] = []

    async def handle(event: Event, word: str) -> str | None:
        heard.append((event.who.login if event.who else "", word))
        return "you are forgotten"

    async def play() -> None:
        async with reading(server, on_command=handle, prefix="?") as (source, notebook):
            server.send("lena", comment("?OptOut please"), comment("!optout"), comment("hello ?optin", "noah"))
            server.send("lena", comment("?forgetme", "nora"))
            await notebook.until(lambda: len(notebook.chat()) == 4)
            async with asyncio.timeout(20):
                while len(heard) < 2:
                    await asyncio.sleep(0)
            assert heard == [("mila", "optout"), ("nora", "forgetme")]
            assert (source.counters["commands"], source.counters["answers"]) == (2, 0)
            server.drop()  # replayed history orders nothing again
            await notebook.until(lambda: len(notebook.told(CONNECTED)) == 2)
            assert source.counters["commands"] == 2

    asyncio.run(play())


def test_a_handler_that_fails_or_hangs_harms_nobody(server):
    async def misbehave(event: Event, word: str) -> str | None:
        if word == "hang":
            await asyncio.Event().wait()
        raise RuntimeError("a mistake in a handler")

    async def play() -> None:
        async with reading(server, on_command=misbehave) as (source, notebook):
            server.send("lena", comment("!fail"), comment("!hang"), comment("goes on"))
            await notebook.until(lambda: "goes on" in notebook.chat())
            assert source.counters["reconnects"] == 0

    asyncio.run(play())


# --- the library ---


def test_the_key_goes_to_the_sign_server_and_nowhere_else(server, caplog):
    async def play() -> None:
        async with reading(server, sign_api_key="euler_s3cret"):
            server.drop()
            await server.until(lambda: server.connections == 2)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(play())
    with_key = {path.split("?")[0] for path, headers in server.requests if "euler_s3cret" in str(headers) + path}
    assert with_key == {"/sign/webcast/fetch"}
    assert "s3cret" not in caplog.text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One that nobody vouches for."""
    folder = tmp_path_factory.mktemp("certificate")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    try:
        subprocess.run([*made, *names], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return folder


def test_a_sign_server_whose_certificate_nobody_vouches_for_gets_no_key(server, certificate):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert", certificate / "key")
    server.go_live("lena")
    reached: list[bytes] = []

    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.read(100))
        writer.close()

    async def play() -> None:
        listener = await asyncio.start_server(impostor, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with reading(server, live=False, sign_url=url, sign_api_key="secret") as (_, notebook):
            await notebook.until(lambda: notebook.is_(WAITING))
            assert "sign server cannot be used" in notebook.told(WAITING)[0].detail
        listener.close()
        await listener.wait_closed()

    asyncio.run(play())
    assert reached == []


def test_its_log_lines_go_where_all_go_and_only_the_grave_ones(server, capsys):
    logger = logging.getLogger("TikTokLive")

    async def play() -> None:
        async with reading(server):
            assert logger.level == logging.WARNING

    asyncio.run(play())
    assert logger.propagate
    assert logger.handlers == []
    assert logging.getLogger("httpx").getEffectiveLevel() >= logging.WARNING
    assert capsys.readouterr().err == ""


def test_without_a_usable_library_it_says_so_and_ends(monkeypatch, caplog):
    def missing() -> None:
        raise Unsuitable("the package TikTokLive 7 cannot be used: No module named 'TikTokLive'")

    monkeypatch.setattr(tiktok, "library", missing)

    async def play() -> None:
        notebook = Notebook()
        await asyncio.wait_for(TikTokSource(["lena", "max"], notebook).run(), 2)
        assert notebook.is_(FAILED)
        assert notebook.is_(FAILED, "max")
        assert "No module named" in notebook.told(FAILED)[0].detail

    with caplog.at_level(logging.ERROR):
        asyncio.run(play())
    assert "cannot be read" in caplog.text


def test_the_library_is_loaded_in_a_thread_of_its_own(server, monkeypatch):
    """It takes seconds, in which the same loop reads Twitch."""
    loaded_in: list[threading.Thread] = []

    def load() -> Library:
        loaded_in.append(threading.current_thread())
        return library()

    monkeypatch.setattr(tiktok, "library", load)

    async def play() -> None:
        async with reading(server):
            pass

    asyncio.run(play())
    assert loaded_in
    assert loaded_in[0] is not threading.main_thread()


def test_nothing_is_built_for_the_first_time_while_reading(monkeypatch):
    done: list[str] = []

    class Empty:
        def __bytes__(self) -> bytes:
            done.append("written")
            return b""

        @classmethod
        def parse(cls, data: bytes) -> None:
            done.append("parsed")

    tiktok_library.warm_up(Empty)
    assert done == ["written", "parsed"]
    warmed: list[Any] = []
    monkeypatch.setattr(tiktok_library, "warm_up", warmed.append)
    assert Library().messages.keys() == WANTED.keys()
    assert {one.__name__ for one in warmed} >= {"WebcastPushFrame", "HeartBeatMessage", "BaseProtoMessage"}


# --- the end ---


STATES = ["before", "loading", "page", "sign", "socket", "offline", "waiting", "failed", "reading", "frozen", "twice"]


@pytest.mark.parametrize("moment", STATES)
def test_stopping_is_quick_at_any_moment(server, moment):
    if moment not in ("offline", "failed"):
        server.go_live("lena")
    server.known.add("lena")
    if moment == "failed":
        server.known.clear()
    server.page_hangs = moment == "page"
    server.sign_hangs = moment == "sign"
    server.socket_hangs = moment == "socket"
    if moment == "waiting":
        server.sign_status = 500
    ready: dict[str, Callable[[Notebook], object]] = {
        "offline": lambda notebook: notebook.is_(OFFLINE),
        "waiting": lambda notebook: notebook.is_(WAITING),
        "failed": lambda notebook: notebook.is_(FAILED),
        "page": lambda _: server.asked("/@lena/live"),
        "sign": lambda _: server.asked("/sign/"),
        "socket": lambda _: server.asked("/ws/"),
        "loading": lambda _: True,
    }

    async def play() -> None:
        notebook = Notebook()
        patient = replace(QUICK, offline=(60, 60), not_found=60)
        source = source_for(server, notebook, patience=patient, slow_backoff=lambda: Backoff(60, 60))
        if moment == "before":
            await source.stop()
            return await source.run()
        running = asyncio.create_task(source.run())
        is_ready = ready.get(moment, lambda notebook: notebook.is_(CONNECTED))
        async with asyncio.timeout(20):
            while not is_ready(notebook):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        if moment == "frozen":
            server.freeze()
        started = time.monotonic()
        await asyncio.gather(source.stop(), source.stop()) if moment == "twice" else await source.stop()
        await running
        assert time.monotonic() - started < 2
        assert notebook.is_(STOPPED)
        assert len(notebook.told(STOPPED)) == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return None

    asyncio.run(play())


def test_a_source_that_breaks_says_that_it_listens_no_more(server, monkeypatch):
    async def play() -> None:
        channels = ("lena", "milo")
        for name in channels:
            server.go_live(name)
        notebook = Notebook()
        running = asyncio.create_task(source_for(server, notebook, *channels).run())
        await notebook.until(lambda: all(notebook.is_(CONNECTED, name) for name in channels))
        monkeypatch.setattr(tiktok_channel, "diagnose", lambda *_: 1 / 0)
        server.drop()
        with pytest.raises(ExceptionGroup):
            await running
        assert all(notebook.is_(STOPPED, name) for name in channels)

    asyncio.run(play())


def test_a_source_that_stops_has_stopped_before_it_says_goodbye(server, monkeypatch):
    reads_no_more_ms: list[int] = []

    async def close(connection: RoomConnection) -> None:
        reads_no_more_ms.append(now_ms())
        while now_ms() == reads_no_more_ms[0]:
            pass
        await through(connection)

    through = RoomConnection._close
    monkeypatch.setattr(RoomConnection, "_close", close)

    async def play() -> None:
        async with reading(server) as (source, notebook):
            await source.stop()
            await notebook.until(lambda: notebook.is_(STOPPED))
            assert notebook.statuses[-1].at_ms <= reads_no_more_ms[0]

    asyncio.run(play())


def test_a_cancelled_run_leaves_nothing_behind(server):
    server.go_live("lena")

    async def play() -> None:
        notebook = Notebook()
        running = asyncio.create_task(source_for(server, notebook).run())
        await notebook.until(lambda: notebook.is_(CONNECTED))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert notebook.is_(STOPPED)

    asyncio.run(play())


def test_a_run_that_broke_can_be_run_again(server):
    server.go_live("lena")

    class Broken(Notebook):
        def status(self, status: SourceStatus) -> None:
            super().status(status)
            if len(self.statuses) == 1:
                raise RuntimeError("a sink must not, but")

    async def play() -> None:
        notebook = Broken()
        source = source_for(server, notebook)
        with pytest.raises(ExceptionGroup):
            await source.run()
        running = asyncio.create_task(source.run())
        await notebook.until(lambda: notebook.is_(CONNECTED))
        await source.stop()
        await running

    asyncio.run(play())


def open_sockets() -> int:
    found = 0
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            found += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")  # noqa: PTH115
        except OSError:
            continue
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts sockets where the system shows them")  # noqa: PTH112
def test_many_reconnects_leave_no_task_no_socket_and_no_client(server):
    async def play() -> None:
        async with reading(server, backoff=lambda: Backoff(0.001, 0.002)) as (_, notebook):

            async def rounds(count: int) -> tuple[int, int, int]:
                for _ in range(count):
                    known = len(notebook.told(CONNECTED))
                    random.choice(list(FAULTS.values()))(server)
                    await notebook.until(lambda n=known: len(notebook.told(CONNECTED)) > n)  # type: ignore[misc]
                await server.until(lambda: len(server.sessions) == 1)
                gc.collect()
                clients = sum(isinstance(thing, RoomConnection) for thing in gc.get_objects())
                return len(asyncio.all_tasks()), open_sockets(), clients

            tasks, sockets, clients = await rounds(3)
            again = await rounds(25)
            assert again[0] <= tasks + 1
            assert again[1] <= sockets + 2
            assert again[2] <= clients == 1

    asyncio.run(play())


@pytest.mark.parametrize("seed", range(2))
def test_through_a_storm_of_faults_every_message_arrives_once(server, seed):
    dice = random.Random(seed)

    async def play() -> None:
        async with reading(server, backoff=lambda: Backoff(0.001, 0.002)) as (_, notebook):
            said: list[str] = []
            for _ in range(8):
                batch = [comment(dice.choice(HOSTILE)) for _ in range(dice.randint(1, 12))]
                said += [str(one.msg_id) for one in batch]
                server.send("lena", *batch)
                known = len(notebook.told(CONNECTED))
                dice.choice(list(FAULTS.values()))(server)
                await notebook.until(lambda n=known: len(notebook.told(CONNECTED)) > n)  # type: ignore[misc]
            server.send("lena", comment("the end"))
            await notebook.until(lambda: notebook.chat()[-1:] == ["the end"])
            assert [event.source_id for event in notebook.of(Kind.CHAT)][:-1] == said

    asyncio.run(play())


def test_protobuf_classes_of_the_server_are_the_library_s_own():
    assert proto().WebcastChatMessage.__module__.startswith("TikTokLiveProto")
