"""Twitch chat: keeps one connection alive for all channels, and tells of each how it stands."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import aiohttp

from core.clock import now_ms
from core.events import SourceState
from sources.base import Backoff, CommandHandler, Sink
from sources.irc import Line
from sources.rate import RateLimit
from sources.twitch_channels import ChannelStates
from sources.twitch_commands import Commands
from sources.twitch_connection import ChatConnection, Loss, Patience, in_one_line, open_chat
from sources.twitch_events import events_of
from sources.twitch_login import Login, TokenRefused, anonymous_login, bare_token, bot_login
from sources.twitch_people import KnownPeople

log = logging.getLogger(__name__)

_LOGIN_REFUSED = ("Login authentication failed", "Improperly formatted auth", "Login unsuccessful")
_CLOSED_CHANNEL = {
    "msg_channel_suspended": "the channel is suspended or does not exist",
    "msg_room_not_found": "no such channel",
    "msg_channel_blocked": "the channel is blocked",
    "tos_ban": "the channel is closed for breaking Twitch's terms",
}


class TwitchSource:
    """All ``channels`` over one connection, for as long as ``run`` runs.

    ``counters``: lines, events, unparsable, errors, reconnects, and those of ``Commands``.
    """

    def __init__(
        self,
        channels: Iterable[str],
        sink: Sink,
        *,
        token: str = "",
        prefix: str = "!",
        irc_url: str = "wss://irc-ws.chat.twitch.tv:443",
        validate_url: str = "https://id.twitch.tv/oauth2/validate",
        on_command: CommandHandler | None = None,
        idle_seconds: float = 330.0,
        backoff: Backoff | None = None,
        patience: Patience = Patience(),  # noqa: B008 (frozen)
        joins: RateLimit | None = None,
    ) -> None:
        self.counters: Counter[str] = Counter(lines=0, events=0, unparsable=0, errors=0, reconnects=0)
        self._channels = ChannelStates(channels, sink)
        self._sink = sink
        self._token = bare_token(token)
        self._token_refused = False
        self._irc_url, self._validate_url = irc_url, validate_url
        self._people = KnownPeople()
        self._commands = Commands(on_command, prefix, self.counters) if on_command else None
        self._backoff = backoff or Backoff()
        self._patience = replace(patience, idle_seconds=idle_seconds)
        # Twitch takes 20 JOINs in 10 s from one account, in however many connections.
        self._joins = joins or RateLimit(20, 10.5)
        self._joined_at: float | None = None
        self._warned_at = float("-inf")
        self._supervisor: asyncio.Task[None] | None = None
        self._ended_ms: int | None = None  # when the goodbye began, during which nothing is read any more
        self._stopped = False

    async def run(self) -> None:
        """Reads until ``stop``, whatever happens to the connection."""
        if self._stopped or not self._channels.names:
            return
        self._supervisor = asyncio.create_task(self._supervise())
        try:
            await asyncio.wait([self._supervisor])
        finally:
            await self._end(self._supervisor)
        if not self._supervisor.cancelled():
            self._supervisor.result()

    async def stop(self) -> None:
        """Returns when the connection is closed and no task of it is left."""
        self._stopped = True
        if self._supervisor:
            await self._end(self._supervisor)

    async def _end(self, supervisor: asyncio.Task[None]) -> None:
        if not supervisor.done():
            self._ended_ms = self._ended_ms or now_ms()
            supervisor.cancel()
            await asyncio.wait([supervisor])
        self._channels.stop(self._ended_ms or now_ms())
        if self._commands:
            await self._commands.close()

    async def _supervise(self) -> None:
        while True:
            self._channels.tell_all(SourceState.CONNECTING)
            loss = await self._attempt()
            if loss is None:
                continue
            if self._joined_at is not None and time.monotonic() - self._joined_at >= self._patience.steady_seconds:
                self._backoff.reset()
            seconds = self._backoff.next_seconds()
            self.counters["reconnects"] += 1
            log.warning("Twitch: %s; trying again in %.1f s", loss.reason, seconds)
            retry_at_ms = now_ms() + round(seconds * 1000)
            self._channels.tell_all(SourceState.WAITING, loss.reason, at_ms=loss.at_ms, retry_at_ms=retry_at_ms)
            await asyncio.sleep(seconds)

    async def _attempt(self) -> Loss | None:
        """One connection from login to loss; None when the next attempt should follow at once."""
        self._joined_at = None
        try:
            return await self._session(await self._login())
        except (OSError, TimeoutError, aiohttp.ClientError) as error:
            return Loss(f"cannot connect: {in_one_line(error)}", now_ms())
        except Exception as error:  # the outer edge: a mistake of ours may cost a connection, never the source
            self.counters["errors"] += 1
            log.exception("The Twitch source failed")
            return Loss(f"connection lost: {type(error).__name__}", now_ms())

    async def _login(self) -> Login:
        if self._token and not self._token_refused:
            try:
                return await bot_login(self._token, self._validate_url)
            except TokenRefused:
                self._refuse_token()
        return anonymous_login()

    def _refuse_token(self) -> None:
        self._token_refused = True
        log.warning("Twitch refused TMI_TOKEN: chat is read anonymously and no command is answered")

    async def _session(self, login: Login) -> Loss | None:
        async with open_chat(self._irc_url, login, self, self._patience) as connection:
            loss = await self._until_lost(connection)
        return None if self._token_refused and not login.anonymous else loss

    async def _until_lost(self, connection: ChatConnection) -> Loss:
        ends = [asyncio.create_task(connection.lost()), asyncio.create_task(self._keep_joined(connection))]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    async def _keep_joined(self, connection: ChatConnection) -> Loss:
        """Joins all channels, and those that fail again and again; returns only when there is no joining at all."""
        try:
            async with asyncio.timeout(self._patience.login_seconds):
                await connection.welcomed.wait()
            # Those that failed go last: the others must not wait for their turn behind them.
            wanted = sorted(self._channels.names, key=self._channels.has_failed)
            while True:
                for channel in wanted:
                    await self._joins.turn()
                    await connection.join(channel)
                await asyncio.sleep(self._patience.rejoin_seconds)
                wanted = [name for name in self._channels.names if self._channels.has_failed(name)]
        except TimeoutError:
            return Loss("connection lost: the server did not let us in", now_ms())
        except (OSError, aiohttp.ClientError) as error:
            return Loss(f"connection lost: {in_one_line(error)}", now_ms())

    # What the connection tells (``Listener``). All of it runs on the reading loop, so nothing may raise or wait.

    def line(self, line: Line, connection: ChatConnection) -> None:
        self.counters["lines"] += 1
        try:
            if line.command in _CONTROL:
                _CONTROL[line.command](self, line, connection)
            self._report(line, connection)
        except Exception:  # a mistake of ours costs one line
            self.counters["errors"] += 1
            if self._may_warn():
                log.exception("A line of Twitch's could not be handled: %.200r", line)

    def unparsable(self, raw: str) -> None:
        self.counters["unparsable"] += 1
        if self._may_warn():
            log.warning("Skipped a line of Twitch's that cannot be parsed: %.200r", raw)

    def join_failed(self, channel: str) -> None:
        if self._channels.state(channel) is not SourceState.CONNECTED:
            self._channel_failed(channel, "no such channel, or it cannot be joined")

    def _report(self, line: Line, connection: ChatConnection) -> None:
        events = events_of(line, now_ms(), connection.login.nick)
        if events is None:
            self.unparsable(repr(line))
            return
        for event in events:
            if event.channel not in self._channels:
                continue
            self.counters["events"] += 1
            event = self._people.recognise(event)
            self._sink.event(event)
            if self._commands and not connection.login.anonymous:
                self._commands.hear(event, connection.send)

    def _may_warn(self) -> bool:
        """At most once a minute: a broken peer must not fill the disk with log lines."""
        if time.monotonic() - self._warned_at < 60:
            return False
        self._warned_at = time.monotonic()
        return True

    def _channel_failed(self, channel: str, why: str) -> None:
        if channel in self._channels:
            log.warning("Twitch channel %s: %s; trying again every %g s", channel, why, self._patience.rejoin_seconds)
            self._channels.tell(channel, SourceState.FAILED, why)

    def _joined(self, channel: str, connection: ChatConnection) -> None:
        connection.settle_join(channel)
        if channel in self._channels and self._channels.state(channel) is not SourceState.CONNECTED:
            self._joined_at = self._joined_at or time.monotonic()
            log.info("Reading Twitch channel %s as %s", channel, connection.login.nick)
            detail = "anonymously: Twitch refused TMI_TOKEN" if self._token_refused else ""
            self._channels.tell(channel, SourceState.CONNECTED, detail)

    def _on_join(self, line: Line, connection: ChatConnection) -> None:
        if line.nick == connection.login.nick:
            self._joined(line.channel, connection)

    def _on_part(self, line: Line, connection: ChatConnection) -> None:
        if line.nick == connection.login.nick:
            self._channel_failed(line.channel, "Twitch took us out of the channel")

    def _on_room_state(self, line: Line, connection: ChatConnection) -> None:
        if connection.is_joining(line.channel):
            self._joined(line.channel, connection)

    def _on_notice(self, line: Line, connection: ChatConnection) -> None:
        target, text = line.params[0] if line.params else "", line.params[-1] if line.params else ""
        if target == "*" and text.startswith(_LOGIN_REFUSED):
            if not connection.login.anonymous:
                self._refuse_token()
            connection.finish(f"cannot connect: {text}")
        reason = line.tags.get("msg-id", "")
        if reason == "msg_banned" and connection.is_joining(line.channel):
            connection.settle_join(line.channel)
            self._channel_failed(line.channel, "the bot is banned there")
        elif reason in _CLOSED_CHANNEL:
            connection.settle_join(line.channel)
            self._channel_failed(line.channel, _CLOSED_CHANNEL[reason])


_CONTROL = {
    "JOIN": TwitchSource._on_join,
    "PART": TwitchSource._on_part,
    "ROOMSTATE": TwitchSource._on_room_state,
    "NOTICE": TwitchSource._on_notice,
}
