"""One connection to a TikTok LIVE room: looks it up, has it signed, reads it to the end, leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Protocol

from sources.base import Watchdog
from sources.tiktok_library import Addresses, Library

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the TikTok source waits for what, in seconds."""

    start: float = 30.0  # looking the room up and having it signed; the sign server can hang for ever
    gift_list: float = 10.0
    idle: float = 90.0  # a live room says something every few seconds; a dead one never says so
    close: float = 1.0
    offline: tuple[float, float] = (30.0, 60.0)  # between two looks whether a channel is live: at random between these
    not_found: float = 300.0
    rate_limited: float = 60.0  # at least, whatever the sign server says
    steady: float = 60.0  # a connection that held so long is no failure: the next wait is short again


class Silent(ConnectionError):
    """Nothing was heard for too long: the peer is dead and does not know."""


class Closed(ConnectionError):
    """The server closed the connection in order, without an end of the stream."""


class Listener(Protocol):
    """Whom a connection tells what it hears, at once and on the reading loop. No call may raise."""

    def entered(self, room_id: str) -> None:
        """The room is being read; what follows is of it."""

    def heard(self) -> None:
        """A response came, perhaps an empty one."""

    def gift_list(self, answer: Any) -> None:
        """TikTok's list of gifts; None if it cannot be had."""

    def message(self, method: str, payload: bytes, msg_id: int) -> None: ...


@dataclass(slots=True)
class SignAnswer:
    """What the sign server said last."""

    status: int = 0
    reset: str = ""


class RoomConnection:
    """One visit to the room in which ``channel`` is live. ``visit`` is called once."""

    def __init__(
        self, library: Library, channel: str, addresses: Addresses, key: str, listener: Listener, patience: Patience
    ) -> None:
        self.sign_answer = SignAnswer()
        self._listener = listener
        self._patience = patience
        self._watchdog = Watchdog(patience.idle)
        self._ended = asyncio.Event()
        self._inside = False
        self._client = library.client(channel, addresses, key, self._hear, self._signed)
        self._fetch_gift_list = self._client.web.fetch_gift_list
        self._client.web.fetch_gift_list = self._forgiving_gift_list

    async def visit(self, *, with_gift_list: bool) -> None:
        """Reads the room until the stream ends. Raises ``ConnectionError`` or what the library raises otherwise."""
        try:
            async with asyncio.timeout(self._patience.start):
                reading = await self._client.start(fetch_gift_info=with_gift_list)
            self._watchdog.feed()
            await self._until_over(reading)
        finally:
            await self._close()

    def end(self) -> None:
        """The stream is over: from within a listener's call."""
        self._ended.set()

    async def _until_over(self, reading: asyncio.Task[None]) -> None:
        silence = asyncio.create_task(self._watchdog.expired())
        end = asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait([reading, silence, end], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (silence, end):
                task.cancel()
            await asyncio.gather(silence, end, return_exceptions=True)
        if self._ended.is_set():
            return
        if not reading.done():
            _abort(self._client._ws.ws)  # a dead peer answers no goodbye
            raise Silent(f"no data for {self._patience.idle:g} s")
        await reading
        raise Closed("closed by the server")

    def _hear(self, response: Any) -> None:
        """Called by the library with each response, history included. What is wrong with one costs only that one."""
        self._watchdog.feed()
        if not self._inside:
            self._inside = True
            self._listener.entered(str(self._client.room_id))
        self._listener.heard()
        for message in response.messages:
            self._listener.message(message.method, message.payload, message.msg_id)

    async def _signed(self, response: Any) -> None:
        self.sign_answer = SignAnswer(response.status_code, response.headers.get("RateLimit-Reset", ""))

    async def _forgiving_gift_list(self, room_id: str | None = None) -> dict[str, Any]:
        """The library's, but names and prices are not worth a connection."""
        try:
            async with asyncio.timeout(self._patience.gift_list):
                answer = await self._fetch_gift_list(room_id)
        except Exception as error:
            log.warning("TikTok's gift list cannot be had: %s", type(error.__cause__ or error).__name__)
            answer = None
        self._listener.gift_list(answer)
        return {}

    async def _close(self) -> None:
        """Says goodbye for a moment, then leaves no task and no socket behind.

        Never the library's ``close()``: it ends every task of the loop.
        """
        client, socket = self._client, self._client._ws
        protocol = socket.ws  # while it says goodbye the library forgets it
        # In a task: websockets' close() swallows the cancelling of whoever waits for it.
        goodbye = asyncio.create_task(socket.disconnect())
        try:
            await asyncio.wait([goodbye], timeout=self._patience.close)
        finally:
            _abort(protocol)
            tasks = [task for task in (client._event_loop_task, socket._ping_loop) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(goodbye, *tasks, return_exceptions=True)
            await self._close_web()

    async def _close_web(self) -> None:
        await self._client.web.close()
        if (signing := self._client.web.signer.sdk_client._async_client) is not None:
            await signing.aclose()


def _abort(protocol: Any) -> None:
    transport = getattr(protocol, "transport", None)
    if transport is not None:
        transport.abort()
