"""TikTok LIVE: watches all channels at once, each supervised on its own."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable

from core.clock import now_ms
from core.events import Event, Platform, SourceState, SourceStatus
from sources.base import Backoff, CommandHandler, Sink
from sources.tiktok_channel import ChannelReader, Shared
from sources.tiktok_connection import Patience
from sources.tiktok_library import Addresses, Unsuitable, library
from sources.twitch_commands import Commands

log = logging.getLogger(__name__)

_COUNTERS = ("messages", "events", "duplicates", "ignored", "nameless", "broken", "errors", "reconnects")


class TikTokSource:
    """All ``channels``, for as long as ``run`` runs.

    ``counters``: messages, events, duplicates, ignored (of types that are none of ours), nameless (without the person
    they need), broken, errors, reconnects, and those of ``Commands``.
    """

    def __init__(
        self,
        channels: Iterable[str],
        sink: Sink,
        *,
        sign_api_key: str = "",
        app_url: str = "",
        webcast_url: str = "",
        sign_url: str = "",
        prefix: str = "!",
        on_command: CommandHandler | None = None,
        patience: Patience = Patience(),  # noqa: B008 (frozen)
        backoff: Callable[[], Backoff] = lambda: Backoff(2, 60),
        slow_backoff: Callable[[], Backoff] = lambda: Backoff(15, 600),
    ) -> None:
        self.counters: Counter[str] = Counter(dict.fromkeys(_COUNTERS, 0))
        self._names = tuple(dict.fromkeys(name.strip().lstrip("@").lower() for name in channels))
        self._sink = sink
        self._key = sign_api_key
        self._addresses = Addresses(app_url, webcast_url, sign_url)
        self._patience = patience
        self._backoffs = (backoff, slow_backoff)
        self._commands = Commands(_unanswered(on_command), prefix, self.counters) if on_command else None
        self._supervisor: asyncio.Task[None] | None = None
        self._ended_ms: int | None = None  # when the goodbye began, during which nothing is read any more
        self._stopped = False

    async def run(self) -> None:
        """Reads until ``stop``, whatever happens to the connections; returns at once without a usable TikTokLive."""
        if self._stopped or not self._names:
            return
        self._supervisor = supervisor = asyncio.create_task(self._supervise())
        try:
            await asyncio.wait([supervisor])
        finally:
            await self._end(supervisor)
        if not supervisor.cancelled():
            supervisor.result()

    async def stop(self) -> None:
        """Returns when all connections are closed and no task of them is left."""
        self._stopped = True
        if self._supervisor:
            await self._end(self._supervisor)

    async def _end(self, supervisor: asyncio.Task[None]) -> None:
        if not supervisor.done():
            self._ended_ms = self._ended_ms or now_ms()
            supervisor.cancel()
            await asyncio.wait([supervisor])
        if self._supervisor is supervisor and (supervisor.cancelled() or supervisor.exception()):
            self._supervisor = None  # told once, whoever comes here first
            self._tell_all(SourceState.STOPPED, at_ms=self._ended_ms)
        if self._commands:
            await self._commands.close()

    async def _supervise(self) -> None:
        try:
            loaded = await asyncio.to_thread(library)
        except Unsuitable as error:
            log.error("TikTok cannot be read: %s", error)
            self._tell_all(SourceState.FAILED, str(error)[:200])
            return
        shared = Shared(
            library=loaded,
            addresses=self._addresses,
            key=self._key,
            sink=self._sink,
            patience=self._patience,
            counters=self.counters,
            hear=self._hear_command,
        )
        readers = [ChannelReader(name, shared, *(make() for make in self._backoffs)) for name in self._names]
        async with asyncio.TaskGroup() as group:
            for reader in readers:
                group.create_task(reader.run())

    def _tell_all(self, state: SourceState, detail: str = "", *, at_ms: int | None = None) -> None:
        for name in self._names:
            self._sink.status(SourceStatus(Platform.TIKTOK, name, state, at_ms or now_ms(), detail))

    def _hear_command(self, event: Event) -> None:
        if self._commands:
            self._commands.hear(event, _nowhere)


def _unanswered(handler: CommandHandler) -> CommandHandler:
    """Nobody but people can write into a TikTok chat: what a command does is done, what it says is dropped."""

    async def handle(event: Event, command: str) -> str | None:
        await handler(event, command)
        return None

    return handle


async def _nowhere(_line: str) -> None:
    """Where answers would go."""
