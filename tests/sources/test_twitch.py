"""The Twitch source against a server that does to it all that Twitch, the network and viewers can do."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from core.clock import now_ms, slept_seconds
from core.events import Event, Kind, SourceState, SourceStatus
from sources import twitch_connection
from sources.base import Backoff
from sources.rate import RateLimit
from sources.twitch import TwitchSource
from sources.twitch_connection import ChatConnection, Patience
from sources.twitch_people import KnownPeople
from tests.sources.twitch_server import Said, TwitchServer, number_of, presence, privmsg
from tests.support import no_name_servers

TOKEN = "k3ptfr0meverylog"
QUICK = Patience(
    connect_seconds=2, login_seconds=2, join_seconds=0.3, drain_seconds=0.2, close_seconds=0.3, rejoin_seconds=0.2
)

CONNECTING, CONNECTED, WAITING = SourceState.CONNECTING, SourceState.CONNECTED, SourceState.WAITING
FAILED, STOPPED = SourceState.FAILED, SourceState.STOPPED


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

    async def until(self, predicate: Callable[[], object], timeout: float = 5.0) -> None:
        async with asyncio.timeout(timeout):
            while not predicate():
                self._changed.clear()
                await self._changed.wait()

    def chat(self) -> list[str]:
        return [event.text for event in self.events if event.kind is Kind.CHAT]

    def states(self, channel: str = "lena") -> list[SourceState]:
        return [status.state for status in self.statuses if status.channel == channel]

    def last(self, channel: str = "lena") -> SourceStatus | None:
        return next((status for status in reversed(self.statuses) if status.channel == channel), None)

    def is_(self, state: SourceState, channel: str = "lena") -> bool:
        last = self.last(channel)
        return last is not None and last.state is state


@pytest.fixture
def server() -> Iterator[TwitchServer]:
    with TwitchServer(token=TOKEN) as server:
        yield server


@asynccontextmanager
async def reading(
    server: TwitchServer, *channels: str, joined: bool = True, patience: Patience = QUICK, **options: Any
) -> AsyncIterator[tuple[TwitchSource, Notebook]]:
    """A running source, stopped at the end; nothing of it may be left then."""
    notebook = Notebook()
    names = [name.lstrip("#").lower() for name in channels or ("lena",)]
    options.setdefault("backoff", Backoff(0.01, 0.05))
    options = {"irc_url": server.irc_url, "validate_url": server.validate_url, "patience": patience} | options
    source = TwitchSource(channels or ("lena",), notebook, **options)
    before = asyncio.all_tasks()
    running = asyncio.create_task(source.run())
    try:
        if joined:
            await notebook.until(lambda: all(notebook.is_(CONNECTED, name) for name in names))
        yield source, notebook
    finally:
        async with asyncio.timeout(3):
            await source.stop()
            await running
    assert asyncio.all_tasks() == before
    assert all(notebook.is_(STOPPED, name) for name in names)


# --- reading ---


def test_without_a_token_chat_is_read_anonymously(server):
    async def play() -> None:
        async with reading(server) as (source, notebook):
            message_id = server.say("lena", "hello", "mila", subscriber="1")
            await notebook.until(lambda: notebook.events)
            (event,) = notebook.events
            assert (event.text, event.source_id, event.channel) == ("hello", message_id, "lena")
            assert notebook.states() == [CONNECTING, CONNECTED]
            assert notebook.statuses[-1].detail == ""
            assert source.counters["events"] == 1

    asyncio.run(play())
    assert server.validations == []
    assert [line for line in server.lines if line.startswith("NICK justinfan") and line[14:].isdigit()]


def test_several_channels_share_one_connection_and_names_are_forgiven(server):
    server.names = {"max": [f"guest{number}" for number in range(50)]}

    async def play() -> None:
        async with reading(server, "lena", "#Max", "max") as (_, notebook):
            server.say("max", "to max")
            server.say("lena", "to lena")
            server.send(presence("lena", "JOIN", "mila"), presence("lena", "PART", "mila"))
            await notebook.until(lambda: any(event.kind is Kind.PART for event in notebook.events))
            assert [(e.channel, e.text) for e in notebook.events if e.text] == [("max", "to max"), ("lena", "to lena")]
            there = {event.who.login for event in notebook.events if event.channel == "max" and event.who}
            assert there == {f"guest{number}" for number in range(50)} | {"mila"}
            assert notebook.states() == notebook.states("max") == [CONNECTING, CONNECTED]

    asyncio.run(play())
    assert server.connections == 1
    assert [line for line in server.lines if line.startswith("JOIN")] == ["JOIN #lena", "JOIN #max"]


@pytest.mark.parametrize("frame_size", [1, 2, 7, 100])
def test_lines_split_over_frames_anywhere_arrive_whole(server, frame_size):
    server.frame_size = frame_size
    texts = ["plain", "Ünïcödé 😀👩‍👩‍👧", "\u2028 is no line end \u2029", "x" * 500]

    async def play() -> None:
        async with reading(server) as (source, notebook):
            for text in texts:
                server.say("lena", text)
            await notebook.until(lambda: len(notebook.events) == len(texts))
            assert notebook.chat() == texts
            assert source.counters["unparsable"] == 0

    asyncio.run(play())


def test_several_lines_in_one_frame_are_all_read(server):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            server.send_frame("".join(privmsg("lena", str(number)) + "\r\n" for number in range(200)))
            await notebook.until(lambda: len(notebook.events) == 200)
            assert notebook.chat() == [str(number) for number in range(200)]

    asyncio.run(play())


def test_who_spoke_is_known_by_id_when_they_come_and_go(server):
    async def play() -> None:
        async with reading(server, "lena", "max") as (_, notebook):
            server.send(presence("lena", "JOIN", "mila"), presence("lena", "JOIN", "noah"))
            server.say("lena", "hello", "mila")
            server.send(
                presence("max", "JOIN", "mila"), presence("lena", "PART", "noah"), presence("lena", "PART", "mila")
            )
            await notebook.until(lambda: len(notebook.events) == 6)
            told = [(e.kind.label, e.who.login, e.who.user_id) for e in notebook.events if e.who]
            assert told == [
                ("join", "mila", ""),
                ("join", "noah", ""),
                ("chat", "mila", number_of("mila")),
                ("join", "mila", number_of("mila")),
                ("part", "noah", ""),
                ("part", "mila", number_of("mila")),
            ]

    asyncio.run(play())


def test_what_is_said_in_a_channel_we_did_not_ask_for_is_not_delivered(server):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            server.send(privmsg("elsewhere", "not ours"), privmsg("lena", "ours"))
            await notebook.until(lambda: notebook.events)
            assert notebook.chat() == ["ours"]

    asyncio.run(play())


def test_a_ping_is_answered(server):
    async def play() -> None:
        async with reading(server):
            server.ping()
            await server.until(lambda: "PONG :tmi.twitch.tv" in server.lines)

    asyncio.run(play())


HOSTILE = [
    "chat is about to RECONNECT now",
    "RECONNECT",
    ":tmi.twitch.tv RECONNECT",
    "hey PING me",
    "PING :tmi.twitch.tv",
    ":fake!fake@fake.tmi.twitch.tv PRIVMSG #lena :forged",
    "x :tmi.twitch.tv CLEARCHAT #lena",
    ":tmi.twitch.tv NOTICE * :Login authentication failed",
    "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #lena :suspended",
    "\u2028:tmi.twitch.tv RECONNECT\u2028",
    "a\nPING :x\n:tmi.twitch.tv RECONNECT",
    "a\0b",
]


def test_what_viewers_type_is_never_obeyed(server):
    async def play() -> None:
        async with reading(server, token=TOKEN) as (source, notebook):
            for text in HOSTILE:
                server.say("lena", text)
            await notebook.until(lambda: len(notebook.events) == len(HOSTILE))
            assert notebook.chat() == [text.replace("\0", "") for text in HOSTILE]
            assert {event.who.login for event in notebook.events if event.who} == {"mila"}
            assert notebook.states() == [CONNECTING, CONNECTED]
            assert source.counters["reconnects"] == 0

    asyncio.run(play())
    assert server.connections == 1
    assert not [line for line in server.lines if line.startswith("PONG")]


def test_garbage_is_counted_and_skipped_with_one_warning(server, caplog):
    garbage = ["@", "!?", ":only.a.prefix", "@a=1;b :p", "\x01", ":mila!mila@x PRIVMSG #lena", "x" * 20_000]

    async def play() -> None:
        async with reading(server) as (source, notebook):
            server.send(*garbage)
            server.say("lena", "still here")
            await notebook.until(lambda: notebook.events)
            assert notebook.chat() == ["still here"]
            assert source.counters["unparsable"] == len(garbage)
            assert source.counters["errors"] == source.counters["reconnects"] == 0

    with caplog.at_level(logging.WARNING):
        asyncio.run(play())
    assert len(caplog.records) == 1


def test_a_line_without_end_does_not_fill_the_memory(server):
    async def play() -> None:
        async with reading(server) as (source, notebook):
            for _ in range(200):
                server.send_frame("x" * 10_000)
            server.send_frame("\r\n" + privmsg("lena", "still here") + "\r\n")
            await notebook.until(lambda: notebook.events)
            assert notebook.chat() == ["still here"]
            assert source.counters["unparsable"] == 1

    asyncio.run(play())


def test_a_mistake_in_handling_a_line_costs_that_line_only(server, caplog):
    class Clumsy(Notebook):
        def event(self, event: Event) -> None:
            if event.text == "boom":
                raise RuntimeError("a sink must not, but")
            super().event(event)

    async def play() -> None:
        notebook = Clumsy()
        source = TwitchSource(["lena"], notebook, irc_url=server.irc_url, patience=QUICK)
        running = asyncio.create_task(source.run())
        await notebook.until(lambda: notebook.is_(CONNECTED))
        server.say("lena", "boom")
        server.say("lena", "boom")
        server.say("lena", "on")
        await notebook.until(lambda: notebook.events)
        assert notebook.chat() == ["on"]
        assert source.counters["errors"] == 2
        await source.stop()
        await running

    with caplog.at_level(logging.WARNING):
        asyncio.run(play())
    assert server.connections == 1
    assert len(caplog.records) == 1


# --- losing the connection ---

FAULTS: dict[str, tuple[Callable[[TwitchServer], None], str]] = {
    "close 1000": (lambda server: server.close(1000), "closed by the server (1000)"),
    "close 1001": (lambda server: server.close(1001, "going away"), "closed by the server (1001 going away)"),
    "close 1011": (lambda server: server.close(1011), "closed by the server (1011)"),
    "close 4000": (lambda server: server.close(4000), "closed by the server (4000)"),
    "drop": (lambda server: server.drop(), "the connection broke off"),
    "reset": (lambda server: server.drop(reset=True), "connection lost: "),
    "reconnect": (lambda server: server.reconnect(), "server asked to reconnect"),
    "binary": (lambda server: server.send_binary(b"\x00\xff"), "not chat"),
    "login refused": (
        lambda server: server.send(":tmi.twitch.tv NOTICE * :Login unsuccessful"),
        "cannot connect: Login unsuccessful",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_loss_reading_goes_on_and_no_message_is_lost_or_doubled(server, fault):
    strike, detail = FAULTS[fault]

    async def play() -> None:
        async with reading(server) as (source, notebook):
            before = [server.say("lena", f"before {number}") for number in range(20)]
            if fault == "reset":  # what a client has not read when a reset comes, the kernel throws away
                await notebook.until(lambda: len(notebook.events) == 20)
            struck_at_ms = now_ms()
            strike(server)
            await server.until(lambda: server.connections == 2 and server.has("lena"))
            await notebook.until(lambda: notebook.states()[2:].count(CONNECTED) == 1)
            after = [server.say("lena", f"after {number}") for number in range(20)]
            await notebook.until(lambda: len(notebook.events) == 40)
            assert [event.source_id for event in notebook.events] == before + after
            assert notebook.states() == [CONNECTING, CONNECTED, WAITING, CONNECTING, CONNECTED]
            waiting = notebook.statuses[2]
            assert detail in waiting.detail
            assert waiting.retry_at_ms is not None and waiting.retry_at_ms >= waiting.at_ms >= struck_at_ms
            assert source.counters["reconnects"] == 1

    asyncio.run(play())


def test_what_the_server_says_between_reconnect_and_goodbye_is_read(server):
    async def play() -> None:
        async with reading(server, patience=replace(QUICK, drain_seconds=5)) as (_, notebook):
            server.send_frame(":tmi.twitch.tv RECONNECT\r\n" + privmsg("lena", "same frame") + "\r\n")
            await notebook.until(lambda: notebook.events)
            server.say("lena", "a moment later")
            server.close(1000)
            await server.until(lambda: server.connections == 2 and server.has("lena"))
            assert notebook.chat() == ["same frame", "a moment later"]
            assert notebook.statuses[2].detail == "server asked to reconnect"

    asyncio.run(play())


def test_a_dead_peer_is_noticed_and_the_gap_begins_with_the_last_thing_heard(server):
    async def play() -> None:
        async with reading(server, idle_seconds=0.4) as (_, notebook):
            server.say("lena", "last words")
            await notebook.until(lambda: notebook.events)
            heard_by_ms = now_ms()
            server.freeze()
            await notebook.until(lambda: notebook.is_(WAITING))
            lost = notebook.statuses[2]
            assert lost.detail == "no data for 0.4 s"
            assert lost.at_ms <= heard_by_ms < now_ms() - 300
            await notebook.until(lambda: notebook.is_(CONNECTED))
            server.say("lena", "hello again")
            await notebook.until(lambda: len(notebook.events) == 2)

    asyncio.run(play())


def test_a_line_that_broke_while_the_machine_slept_was_lost_when_something_was_last_heard(server, monkeypatch):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            server.say("lena", "good night")
            await notebook.until(lambda: notebook.events)
            heard_by_ms, slept = now_ms(), slept_seconds()
            while now_ms() == heard_by_ms:
                pass
            monkeypatch.setattr(twitch_connection, "slept_seconds", lambda: slept + 3_600)
            server.drop(reset=True)
            await notebook.until(lambda: notebook.is_(WAITING))
            assert notebook.statuses[2].at_ms <= heard_by_ms
            await notebook.until(lambda: notebook.is_(CONNECTED))

    asyncio.run(play())


def test_a_source_that_stops_has_stopped_before_it_says_goodbye(server, monkeypatch):
    reads_no_more_ms: list[int] = []

    async def close(*what: Any) -> None:
        reads_no_more_ms.append(now_ms())
        while now_ms() == reads_no_more_ms[0]:
            pass
        await through(*what)

    through = twitch_connection._close
    monkeypatch.setattr(twitch_connection, "_close", close)

    async def play() -> None:
        async with reading(server) as (source, notebook):
            await source.stop()
            assert notebook.is_(STOPPED)
            assert notebook.statuses[-1].at_ms <= reads_no_more_ms[0]

    asyncio.run(play())


def test_a_dead_peer_is_noticed_by_the_heartbeat_long_before_it_is_idle(server):
    async def play() -> None:
        async with reading(server, patience=replace(QUICK, heartbeat_seconds=0.2)) as (_, notebook):
            server.say("lena", "last words")
            await notebook.until(lambda: notebook.events)
            heard_by_ms = now_ms()
            server.freeze()
            await notebook.until(lambda: notebook.is_(WAITING))
            assert notebook.statuses[2].detail == "connection lost: the server does not answer"
            assert notebook.statuses[2].at_ms <= heard_by_ms
            await notebook.until(lambda: notebook.is_(CONNECTED))

    asyncio.run(play())


def test_a_quiet_channel_with_a_living_peer_is_not_a_loss(server):
    async def play() -> None:
        async with reading(server, idle_seconds=0.4) as (source, _):
            for number in range(1, 7):
                server.ping()
                await server.until(lambda n=number: server.lines.count("PONG :tmi.twitch.tv") == n)  # type: ignore[misc]
                await asyncio.sleep(0.1)  # silence is what this test is about
            assert source.counters["reconnects"] == 0

    asyncio.run(play())


def test_without_any_network_the_reason_asks_for_it(server, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", no_name_servers)

    async def play() -> None:
        async with reading(server, joined=False, irc_url="ws://irc.example:80") as (_, notebook):
            await notebook.until(lambda: WAITING in notebook.states())
            assert notebook.statuses[1].detail == "cannot connect: irc.example cannot be found: is this machine online?"

    asyncio.run(play())


@pytest.mark.parametrize("how", ["refusing", "closed port", "mute"])
def test_a_server_that_cannot_be_reached_is_tried_until_it_can(server, how):
    patience = replace(QUICK, login_seconds=0.1)

    async def play() -> None:
        if how == "closed port":
            server.stop_listening()
        else:
            setattr(server, how, True)
        async with reading(server, joined=False, patience=patience) as (source, notebook):
            await notebook.until(lambda: source.counters["reconnects"] >= 3)
            assert notebook.states()[:4] == [CONNECTING, WAITING, CONNECTING, WAITING]
            detail = notebook.statuses[1].detail
            assert detail.startswith(("cannot connect: ", "connection lost: the server did not"))
            if how == "closed port":
                assert detail.endswith(": Connection refused")  # where, and why, and not how we asked
                server.resume_listening()
            else:
                setattr(server, how, False)
            await notebook.until(lambda: notebook.is_(CONNECTED))

    asyncio.run(play())


class WatchedBackoff(Backoff):
    def __init__(self) -> None:
        super().__init__(0.01, 0.02)
        self.calls: list[str] = []

    def next_seconds(self) -> float:
        self.calls.append("wait")
        return super().next_seconds()

    def reset(self) -> None:
        self.calls.append("reset")
        super().reset()


@pytest.mark.parametrize(("steady_seconds", "calls"), [(0.0, ["reset", "wait"]), (60.0, ["wait"])])
def test_waits_start_anew_after_a_good_stretch_only(server, steady_seconds, calls):
    async def play() -> None:
        backoff = WatchedBackoff()
        async with reading(server, backoff=backoff, patience=replace(QUICK, steady_seconds=steady_seconds)) as (
            _,
            notebook,
        ):
            server.refusing = True
            server.close()
            await notebook.until(lambda: backoff.calls.count("wait") >= 3)
            assert backoff.calls[: len(calls) + 2] == [*calls, "wait", "wait"]

    asyncio.run(play())


def test_waits_grow_while_the_token_cannot_be_checked(server):
    async def play() -> None:
        backoff = WatchedBackoff()
        patience = replace(QUICK, steady_seconds=0.0)
        async with reading(server, token=TOKEN, backoff=backoff, patience=patience):
            server.validate_status = 503
            server.close()
            await server.until(lambda: len(server.validations) >= 4)
            assert backoff.calls.count("reset") == 1

    asyncio.run(play())


def test_a_channel_that_the_bot_is_banned_from_fails(server):
    async def play() -> None:
        server.unknown = {"lena"}
        async with reading(server, token=TOKEN, joined=False, patience=replace(QUICK, join_seconds=30)) as (
            _,
            notebook,
        ):
            await server.until(lambda: "JOIN #lena" in server.lines)
            server.send("@msg-id=msg_banned :tmi.twitch.tv NOTICE #lena :You are permanently banned from talking here.")
            await notebook.until(lambda: notebook.is_(FAILED))
            assert notebook.statuses[-1].detail == "the bot is banned there"

    asyncio.run(play())


def test_fifty_reconnects_leave_nothing_behind(server):
    def left() -> tuple[int, int, int]:
        gc.collect()
        connections = sum(isinstance(thing, ChatConnection) for thing in gc.get_objects())
        return connections, len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    async def play() -> None:
        server.join_limit = (100, 1.0)
        hasty = {"backoff": Backoff(0.001, 0.002), "patience": replace(QUICK, drain_seconds=0.02)}
        async with reading(server, joins=RateLimit(100, 1.0), **hasty) as (_, notebook):
            found = []
            for number in range(2, 53):
                (server.close, server.drop, server.reconnect)[number % 3]()
                await server.until(lambda n=number: server.connections == n and server.has("lena"))  # type: ignore[misc]
                await notebook.until(lambda n=number: notebook.states().count(CONNECTED) == n)  # type: ignore[misc]
                await server.until(lambda: len(server.sessions) == 1)
                if number in (3, 52):
                    found.append(left())
            assert found[0] == found[1]
            assert found[0][0] == 1

    asyncio.run(play())


def test_memory_does_not_grow_with_the_number_of_chatters(server):
    class Counter(Notebook):
        seen = 0

        def event(self, event: Event) -> None:
            self.seen += 1
            self._changed.set()

    async def play() -> None:
        notebook = Counter()
        source = TwitchSource(["lena"], notebook, irc_url=server.irc_url, patience=QUICK)
        source._people = KnownPeople(capacity=1_000)  # the one memory of people; full before the measurement begins
        running = asyncio.create_task(source.run())
        await notebook.until(lambda: notebook.is_(CONNECTED))

        async def crowd(first: int, size: int) -> None:
            wanted = notebook.seen + 2 * size
            for start in range(first, first + size, 100):
                names = [f"guest{number}" for number in range(start, start + 100)]
                lines = [line for n in names for line in (presence("lena", "JOIN", n), privmsg("lena", "hi", n))]
                server.send_frame("\r\n".join(lines) + "\r\n")
            await notebook.until(lambda: notebook.seen >= wanted, 20)
            server.flush()

        await crowd(0, 2_000)
        gc.collect()
        tracemalloc.start()
        try:
            await crowd(10_000, 10_000)
            gc.collect()
            grown, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        connection = next(thing for thing in gc.get_objects() if isinstance(thing, ChatConnection))
        assert connection._cache == {}
        assert grown < 500_000, f"{grown} bytes for 10,000 chatters"
        await source.stop()
        await running

    asyncio.run(play())


# --- tokens ---


@pytest.mark.parametrize("token", [TOKEN, f"oauth:{TOKEN}", f" OAuth:{TOKEN} "])
def test_a_good_token_logs_the_bot_in(server, token):
    async def play() -> None:
        async with reading(server, token=token) as (_, notebook):
            assert notebook.statuses[-1].detail == ""
            server.say("lena", "my own words", "pulsebot")
            server.say("lena", "another's")
            await notebook.until(lambda: notebook.events)
            assert notebook.chat() == ["another's"]

    asyncio.run(play())
    assert server.validations == [f"OAuth {TOKEN}"]
    assert server.lines[:2] == [f"PASS oauth:{TOKEN}", "NICK pulsebot"]


@pytest.mark.parametrize("case", ["401", "notice", "format", "blank inside"])
def test_a_bad_token_is_said_once_and_chat_is_read_anonymously(server, caplog, case):
    token = "not right" if case == "blank inside" else "wrong" if case == "401" else TOKEN
    if case in ("notice", "format"):
        server.login_notice = {"notice": "Login authentication failed", "format": "Improperly formatted auth"}[case]

    async def play() -> None:
        async with reading(server, token=token) as (_, notebook):
            assert notebook.states() == [CONNECTING, CONNECTED]
            assert notebook.statuses[-1].detail == "anonymously: Twitch refused TMI_TOKEN"
            server.close()
            await notebook.until(lambda: notebook.states().count(CONNECTED) == 2)
            server.say("lena", "hello")
            await notebook.until(lambda: notebook.events)

    with caplog.at_level(logging.INFO):
        asyncio.run(play())
    assert len([record for record in caplog.records if "refused" in record.message]) == 1
    assert server.lines[-2].startswith("CAP") or any(line.startswith("NICK justinfan") for line in server.lines)


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, ""), (429, "slow down"), (302, ""), (200, "<html>log in to the hotel</html>"), (200, '{"login": "a b"}')],
)
def test_a_validation_service_that_cannot_tell_is_asked_again(server, status, body):
    server.validate_status, server.validate_body = status, body

    async def play() -> None:
        async with reading(server, token=TOKEN, joined=False) as (_, notebook):
            await notebook.until(lambda: notebook.states().count(WAITING) == 2)
            assert "the token cannot be checked" in notebook.statuses[1].detail
            assert server.connections == 0
            server.validate_status, server.validate_body = 200, None
            await notebook.until(lambda: notebook.is_(CONNECTED))
            assert notebook.statuses[-1].detail == ""

    asyncio.run(play())
    assert "NICK pulsebot" in server.lines


def test_the_token_does_not_follow_a_redirect(server):
    server.validate_redirects = True

    async def play() -> None:
        async with reading(server, token=TOKEN, joined=False) as (_, notebook):
            await notebook.until(lambda: notebook.is_(WAITING))
            assert notebook.statuses[-1].detail.endswith("status 302")

    asyncio.run(play())
    assert set(server.validations) == {f"OAuth {TOKEN}"}
    assert server.redirected == 0


@pytest.mark.parametrize("token", [TOKEN, f"{TOKEN}-wrong"])
def test_the_token_reaches_no_log_line_and_no_status(server, caplog, token):
    seen: list[SourceStatus] = []

    async def play() -> None:
        async with reading(server, token=token) as (_, notebook):
            server.send(":tmi.twitch.tv NOTICE * :Login unsuccessful", "@@@ garbage")
            await notebook.until(lambda: notebook.states().count(CONNECTED) == 2)
            server.validate_status = 500
            server.drop()
            await notebook.until(lambda: notebook.states().count(CONNECTED) == 3)
            seen.extend(notebook.statuses)

    with caplog.at_level(logging.DEBUG, logger=""):
        asyncio.run(play(), debug=True)
    assert caplog.records
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(seen)


# --- channels that cannot be joined ---


def test_an_unknown_channel_fails_alone_and_is_tried_again(server):
    server.unknown = {"nosuch"}

    async def play() -> None:
        async with reading(server, "nosuch", "lena", joined=False) as (_, notebook):
            await notebook.until(lambda: notebook.is_(CONNECTED) and notebook.is_(FAILED, "nosuch"))
            assert "no such channel" in notebook.last("nosuch").detail  # type: ignore[union-attr]
            server.say("lena", "hello")
            await notebook.until(lambda: notebook.events)
            server.send(presence("nosuch", "JOIN", "mila"))  # somebody's, not ours: it confirms nothing
            await notebook.until(lambda: len(notebook.events) == 2)
            await server.until(lambda: server.lines.count("JOIN #nosuch") >= 3)
            assert notebook.states("nosuch") == [CONNECTING, FAILED]
            server.unknown = set()
            await notebook.until(lambda: notebook.is_(CONNECTED, "nosuch"))
            server.say("nosuch", "there after all")
            await notebook.until(lambda: "there after all" in notebook.chat())
            assert notebook.states() == [CONNECTING, CONNECTED]

    asyncio.run(play())
    assert server.lines.count("JOIN #lena") == 1


def test_a_suspended_channel_fails_at_once_and_stays_failed_through_a_reconnect(server):
    server.suspended = {"max"}

    async def play() -> None:
        patience = replace(QUICK, join_seconds=30, rejoin_seconds=30)
        async with reading(server, "max", "lena", joined=False, patience=patience) as (_, notebook):
            await notebook.until(lambda: notebook.is_(CONNECTED) and notebook.is_(FAILED, "max"))
            assert "suspended" in notebook.last("max").detail  # type: ignore[union-attr]
            server.close()
            await notebook.until(lambda: notebook.states().count(CONNECTED) == 2)
            assert notebook.states("max") == [CONNECTING, FAILED]

    asyncio.run(play())


def test_a_channel_that_is_suspended_while_we_read_fails_then(server):
    async def play() -> None:
        async with reading(server, "lena", "max", patience=replace(QUICK, rejoin_seconds=30)) as (_, notebook):
            server.send("@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #max :suspended")
            await notebook.until(lambda: notebook.is_(FAILED, "max"))
            server.say("lena", "hello")
            await notebook.until(lambda: notebook.events)
            assert notebook.is_(CONNECTED)

    asyncio.run(play())


def test_a_channel_that_twitch_takes_us_out_of_is_joined_again(server):
    async def play() -> None:
        async with reading(server) as (_, notebook):
            nick = next(line for line in server.lines if line.startswith("NICK"))[5:]
            server.send(presence("lena", "PART", nick))
            await notebook.until(lambda: notebook.states() == [CONNECTING, CONNECTED, FAILED, CONNECTED])

    asyncio.run(play())


def test_joins_keep_to_the_rate_that_twitch_allows(server):
    names = [f"room{number}" for number in range(8)]
    server.join_limit = (3, 0.3)

    async def play() -> None:
        async with reading(server, *names, joins=RateLimit(3, 0.35)) as (_, notebook):
            assert not [status for status in notebook.statuses if status.state is FAILED]

    asyncio.run(play())


# --- commands ---


async def answer(event: Event, word: str) -> str | None:
    return f"{word} for {event.who.login}" if event.who else None


def test_a_command_is_answered_with_a_reply_and_is_chat_as_well(server):
    async def play() -> None:
        async with reading(server, token=TOKEN, on_command=answer) as (source, notebook):
            message_id = server.say("lena", "!Pulse please")
            await server.until(lambda: server.said)
            assert server.said == [Said("lena", "pulse for mila", message_id)]
            await notebook.until(lambda: notebook.chat() == ["!Pulse please"])
            assert source.counters["commands"] == 1

    asyncio.run(play())


@pytest.mark.parametrize("prefix", ["?", "++", "\\"])
def test_the_prefix_is_text_not_a_pattern(server, prefix):
    async def play() -> None:
        async with reading(server, token=TOKEN, on_command=answer, prefix=prefix) as _:
            server.say("lena", "!pulse")
            server.say("lena", f"{prefix}pulse")
            await server.until(lambda: server.said)
            assert [said.text for said in server.said] == ["pulse for mila"]

    asyncio.run(play())


def test_what_is_no_command_of_ours_is_not_answered(server):
    async def play() -> None:
        async with reading(server, token=TOKEN, on_command=answer) as (source, _):
            for text in ("hello !pulse", "!", "! pulse", "!!pulse", "!pulse?", "!" + "x" * 40, "pulse"):
                server.say("lena", text)
            server.say("lena", "!pulse", room_id="1", source_room_id="2")
            server.say("lena", "!pulse", "pulsebot")
            server.say("lena", "!last")
            await server.until(lambda: server.said)
            assert [said.text for said in server.said] == ["last for mila"]
            assert source.counters["commands"] == 1

    asyncio.run(play())


def test_an_anonymous_reader_answers_nothing(server):
    asked = []

    async def ask(event: Event, word: str) -> str | None:
        asked.append(word)
        return "never"

    async def play() -> None:
        async with reading(server, on_command=ask) as (_, notebook):
            server.say("lena", "!pulse")
            await notebook.until(lambda: notebook.events)

    asyncio.run(play())
    assert asked == []


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("two\r\nPRIVMSG #lena :lines\n", "two PRIVMSG #lena :lines"),
        ("a" * 600, "a" * 449 + "…"),
        ("/ban mila", "ban mila"),
        (".me waves", "me waves"),
        ("nul\0", "nul"),
    ],
)
def test_an_answer_is_one_line_that_is_no_order_to_twitch(server, given, sent):
    async def say(event: Event, word: str) -> str | None:
        return given

    async def play() -> None:
        async with reading(server, token=TOKEN, on_command=say):
            server.say("lena", "!x")
            await server.until(lambda: server.said)

    asyncio.run(play())
    assert [said.text for said in server.said] == [sent]


def test_a_handler_that_fails_or_hangs_harms_nobody(server, caplog):
    hanging = asyncio.Event()

    async def misbehave(event: Event, word: str) -> str | None:
        if word == "hang":
            await hanging.wait()
        if word == "fail":
            raise RuntimeError("a mistake in a handler")
        return None if word == "silent" else word

    async def play() -> None:
        async with reading(server, token=TOKEN, on_command=misbehave) as (source, notebook):
            server.say("lena", "!silent")
            server.say("lena", "!fail")
            await notebook.until(lambda: len(notebook.events) == 2)
            await asyncio.sleep(0)  # lets both handlers run
            for text in [*["!hang"] * 30, "chat goes on"]:
                server.say("lena", text)
            await notebook.until(lambda: "chat goes on" in notebook.chat())
            assert source.counters["command_errors"] == 1
            assert source.counters["commands_dropped"] == 30 - 20
            assert source.counters["reconnects"] == source.counters["errors"] == 0

    with caplog.at_level(logging.ERROR):
        asyncio.run(play())
    assert server.said == []


def test_answers_keep_to_twenty_in_thirty_seconds(server):
    async def play() -> None:
        async with reading(server, token=TOKEN, on_command=answer) as (source, notebook):
            for number in range(25):
                server.say("lena", f"!c{number}")
                await notebook.until(lambda n=number: source.counters["commands"] == n + 1)  # type: ignore[misc]
            await server.until(lambda: len(server.said) == 20)
            await notebook.until(lambda: source.counters["answers_dropped"] == 5)
            assert source.counters["answers"] == 20

    asyncio.run(play())


# --- the end ---


@pytest.mark.parametrize("moment", ["before", "connecting", "waiting", "reading", "frozen", "twice"])
def test_stopping_is_quick_at_any_moment(server, moment):
    async def play() -> None:
        notebook = Notebook()
        server.mute = moment == "connecting"
        server.refusing = moment == "waiting"
        source = TwitchSource(["lena"], notebook, irc_url=server.irc_url, patience=QUICK)
        if moment == "before":
            await source.stop()
            return await source.run()
        running = asyncio.create_task(source.run())
        await notebook.until(
            {"connecting": lambda: notebook.is_(CONNECTING), "waiting": lambda: notebook.is_(WAITING)}.get(
                moment, lambda: notebook.is_(CONNECTED)
            )
        )
        if moment == "frozen":
            server.freeze()
        started = time.monotonic()
        await asyncio.gather(source.stop(), source.stop()) if moment == "twice" else await source.stop()
        await running
        assert time.monotonic() - started < 1
        assert notebook.states()[-1] is STOPPED
        assert notebook.states().count(STOPPED) == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return None

    asyncio.run(play())


def test_a_goodbye_that_hangs_does_not_keep_the_socket_open(server, monkeypatch):
    hung: list[ChatConnection] = []

    async def hang(connection: ChatConnection) -> None:
        hung.append(connection)
        await asyncio.Event().wait()

    async def play() -> None:
        monkeypatch.setattr(ChatConnection, "_close", hang)
        async with reading(server, patience=replace(QUICK, close_seconds=0.05)):
            pass
        await server.until(lambda: not server.sessions)

    asyncio.run(play())
    assert hung[0]._websocket._response.connection is None, "aiohttp would complain about it, some time later"


def test_a_run_that_broke_can_be_run_again(server):
    class Broken(Notebook):
        def status(self, status: SourceStatus) -> None:
            super().status(status)
            if len(self.statuses) == 1:
                raise RuntimeError("a sink must not, but")

    async def play() -> None:
        notebook = Broken()
        source = TwitchSource(["lena"], notebook, irc_url=server.irc_url, patience=QUICK)
        with pytest.raises(RuntimeError):
            await source.run()
        running = asyncio.create_task(source.run())
        await notebook.until(lambda: notebook.is_(CONNECTED))
        await source.stop()
        await running

    asyncio.run(play())


def test_a_cancelled_run_leaves_nothing_behind(server):
    async def play() -> None:
        notebook = Notebook()
        source = TwitchSource(["lena"], notebook, irc_url=server.irc_url, patience=QUICK)
        running = asyncio.create_task(source.run())
        await notebook.until(lambda: notebook.is_(CONNECTED))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert notebook.is_(STOPPED)

    asyncio.run(play())


@pytest.mark.parametrize("seed", range(3))
def test_through_a_storm_of_faults_every_message_said_while_joined_arrives_once(server, seed):
    dice = random.Random(seed)
    faults = [strike for name, (strike, _) in FAULTS.items() if name not in ("drop", "reset")]

    async def play() -> None:
        async with reading(server, backoff=Backoff(0.001, 0.002), patience=replace(QUICK, drain_seconds=0.02)) as (
            _,
            notebook,
        ):
            said = []
            for round_number in range(2, 14):
                server.frame_size = dice.choice([0, 0, 3, 50])
                said += [server.say("lena", dice.choice(HOSTILE)) for _ in range(dice.randint(0, 30))]
                dice.choice(faults)(server)
                await server.until(lambda n=round_number: server.connections == n and server.has("lena"))  # type: ignore[misc]
            said.append(server.say("lena", "the end"))
            await notebook.until(lambda: notebook.chat()[-1:] == ["the end"])
            assert [event.source_id for event in notebook.events] == said

    asyncio.run(play())
