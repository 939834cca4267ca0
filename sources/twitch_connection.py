"""One connection to Twitch chat: twitchio logs in and joins, the reading loop is our own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import twitchio
import twitchio.websocket

from core.clock import now_ms, slept_seconds
from sources.base import Watchdog, is_unnamed
from sources.irc import Line, LineBuffer, parse_line
from sources.twitch_login import Login

SLEEP_SECONDS = 1.0  # of the machine: less is what two clocks differ by
ASKED_TO_RECONNECT = "server asked to reconnect"


@dataclass(frozen=True, slots=True)
class Loss:
    """Why a connection is over, in words for people, and since when nothing can have been heard."""

    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection waits for what."""

    connect_seconds: float = 20.0
    login_seconds: float = 15.0
    join_seconds: float = 11.0
    heartbeat_seconds: float = 30.0  # a WebSocket ping this often; no pong in half the time is a dead peer
    idle_seconds: float = 330.0  # Twitch sends a PING every 4 to 5 minutes, even when nobody chats
    drain_seconds: float = 1.0  # after the server asked to reconnect
    close_seconds: float = 2.0
    steady_seconds: float = 60.0  # a connection that held so long is no failure: the next wait is short again
    rejoin_seconds: float = 300.0  # between two tries with a channel that cannot be joined


class Listener(Protocol):
    """Whom a connection tells what it hears, at once and on the reading loop. No call may raise."""

    def line(self, line: Line, connection: ChatConnection) -> None: ...

    def unparsable(self, raw: str) -> None: ...

    def join_failed(self, channel: str) -> None:
        """Nothing answered a JOIN in time."""


class _NoWaiting:
    """In place of twitchio's back-off, which waits up to 17 minutes inside ``connect()``: the failure goes up."""

    def delay(self) -> float:
        raise sys.exc_info()[1] or ConnectionError("refused")


class ChatConnection(twitchio.websocket.WSConnection):
    """twitchio's connection without its reader, its caches and its log lines (they hold the token)."""

    def __init__(self, client: twitchio.Client, login: Login, listener: Listener, patience: Patience) -> None:
        loop = asyncio.get_running_loop()
        heartbeat, token = patience.heartbeat_seconds, login.password
        super().__init__(client=client, loop=loop, heartbeat=heartbeat, token=token, retain_cache=False)
        self.login = login
        self.welcomed = asyncio.Event()
        self._backoff = _NoWaiting()
        self._keeper = loop.create_future()  # closing wants one, even when connecting failed
        self._keeper.set_result(None)
        self._listener = listener
        self._patience = patience
        self._watchdog = Watchdog(patience.idle_seconds)
        self._heard_ms, self._slept = now_ms(), slept_seconds()
        self._lines = LineBuffer()
        self._deadline: asyncio.Timeout | None = None
        self._leaving = False
        self._verdict: Loss | None = None

    async def lost(self) -> Loss:
        """Returns when the connection is over: ended by anybody, or silent for too long."""
        silence = asyncio.create_task(self._watchdog.expired())
        try:
            await asyncio.wait([self._keeper, silence], return_when=asyncio.FIRST_COMPLETED)
            if self._keeper.done():
                loss: Loss = self._keeper.result()
                return loss
            return Loss(f"no data for {self._patience.idle_seconds:g} s", self._heard_ms)
        finally:
            silence.cancel()
            await asyncio.gather(silence, return_exceptions=True)

    def finish(self, reason: str) -> None:
        """Ends the connection from within a listener's call."""
        self._verdict = Loss(reason, now_ms())

    async def join(self, channel: str) -> None:
        await self._join_channel(channel, self._patience.join_seconds)

    def is_joining(self, channel: str) -> bool:
        return channel in self._join_pending

    def settle_join(self, channel: str) -> None:
        """A JOIN has its answer, good or bad: twitchio need not wait for it any more."""
        waiting = self._join_pending.pop(channel, None)
        if waiting and not waiting.done():
            waiting.set_result(None)

    async def send(self, message: str) -> None:
        """One line, as it is: twitchio's own logs it, token and all, and feeds messages back as echoes."""
        await self._websocket.send_str(message.rstrip("\r\n") + "\r\n")

    def dispatch(self, event: str, *args: Any, **_: Any) -> None:
        """Of twitchio's events the one that only it can tell."""
        if event == "channel_join_failure":
            self._listener.join_failed(args[0])

    def _cache_add(self, parsed: dict[str, Any]) -> None:
        """Nothing is cached: 20,000 chatters would be 67 MB that are never freed."""

    async def _process_data(self, data: str) -> None:
        """twitchio's parser, which takes typed words for commands, gets nothing to read."""

    async def _keep_alive(self) -> Loss:
        """Reads until the connection is over, in place of twitchio's loop, and says why it is."""
        try:
            async with asyncio.timeout(None) as self._deadline:
                while self._verdict is None:
                    frame = await self._websocket.receive()
                    if frame.type is not aiohttp.WSMsgType.TEXT:
                        return self._loss(frame)
                    self._watchdog.feed()
                    self._heard_ms, self._slept = now_ms(), slept_seconds()
                    await self._read(frame.data)
                return self._verdict
        except TimeoutError:
            return Loss(ASKED_TO_RECONNECT, now_ms())
        except (OSError, aiohttp.ClientError) as error:
            return Loss(f"connection lost: {in_one_line(error)}", self._broken_ms())

    async def _read(self, piece: str) -> None:
        overlong = self._lines.overlong
        for raw in self._lines.feed(piece):
            line = parse_line(raw)
            if line is None:
                self._listener.unparsable(raw)
            elif line.command == "PING":
                await self.send(f"PONG :{line.params[-1] if line.params else 'tmi.twitch.tv'}")
            elif line.command == "RECONNECT":
                self._leave_soon()
            elif line.command == "001":
                self.welcomed.set()
            else:
                self._listener.line(line, self)
        for _ in range(self._lines.overlong - overlong):
            self._listener.unparsable("(a line without end)")

    def _leave_soon(self) -> None:
        """What the server still sends before it goes is read; but it may take its time, so not for long."""
        if not self._leaving and self._deadline:
            self._leaving = True
            self._deadline.reschedule(self._loop.time() + self._patience.drain_seconds)

    def _loss(self, frame: aiohttp.WSMessage) -> Loss:
        if self._leaving:
            return Loss(ASKED_TO_RECONNECT, now_ms())
        if frame.type is aiohttp.WSMsgType.CLOSE:
            why = f"closed by the server ({frame.data}{f' {frame.extra}' if frame.extra else ''})"
        elif frame.type is aiohttp.WSMsgType.ERROR and isinstance(frame.data, TimeoutError):
            return Loss("connection lost: the server does not answer", self._heard_ms)
        elif frame.type is aiohttp.WSMsgType.ERROR:
            why = in_one_line(frame.data)
        elif frame.type is aiohttp.WSMsgType.BINARY:
            why = "the server sent something that is not chat"
        else:
            why = "the connection broke off"
        return Loss(f"connection lost: {why}", self._broken_ms())

    def _broken_ms(self) -> int:
        """Now; but a line that broke while the machine slept is found so when it wakes."""
        return now_ms() if slept_seconds() - self._slept < SLEEP_SECONDS else self._heard_ms


@asynccontextmanager
async def open_chat(url: str, login: Login, listener: Listener, patience: Patience) -> AsyncIterator[ChatConnection]:
    """A connection that has sent its login and is being read; closed, with all its tasks, on leaving.

    Raises OSError, TimeoutError or aiohttp.ClientError when there is no connecting.
    """
    client = twitchio.Client(token=login.password, loop=asyncio.get_running_loop())
    client._http.session = aiohttp.ClientSession()
    client._http.nick = login.nick  # known already: twitchio need not ask Twitch for it
    client._connection = connection = ChatConnection(client, login, listener, patience)
    try:
        async with asyncio.timeout(patience.connect_seconds):
            # The address is a global that connect() reads before it first waits, so no other source can change it.
            twitchio.websocket.HOST = url
            await client.connect()
        yield connection
    finally:
        await _close(client, connection, patience.close_seconds)


async def _close(client: twitchio.Client, connection: ChatConnection, seconds: float) -> None:
    """Says goodbye for at most ``seconds``, a dead peer does not answer; then leaves no task and no socket behind."""
    tasks = [connection._keeper, connection._task_cleaner, *connection._background_tasks]
    tasks = [task for task in tasks if task is not None and not task.done()]
    for task in tasks:
        task.cancel()
    try:
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError, OSError, aiohttp.ClientError):
            await asyncio.wait_for(client.close(), seconds)
    finally:
        await client._http.session.close()
        if connection._websocket is not None:
            connection._websocket._response.close()  # aiohttp leaves that to a goodbye that comes to its end


def in_one_line(error: object) -> str:
    """What went wrong, in at most 200 characters, for a log line or a status."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the server answered {error.status}"
    if isinstance(error, aiohttp.ClientConnectorError):
        # Its own words say "cannot connect" once more, and asyncio's "Connect call failed" where, but not why.
        if is_unnamed(error.os_error):
            return f"{error.host} cannot be found: is this machine online?"
        number, why = error.os_error.errno, str(error.os_error.strerror or error.os_error)
        if number and why.startswith("Connect call failed"):
            why = os.strerror(number)
        return " ".join(f"{error.host}:{error.port}: {why}".split())[:200]
    return " ".join(str(error).split())[:200] or type(error).__name__
