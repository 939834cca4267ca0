"""Chat commands: finds them, has them answered, and keeps the answers within what Twitch allows a bot."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable

import aiohttp

from core.events import Event, Kind, Mark
from sources.base import CommandHandler
from sources.rate import RateLimit

log = logging.getLogger(__name__)

MAX_ANSWER = 450  # Twitch takes 500 characters; the rest is for the name it puts in front of a reply
Send = Callable[[str], Awaitable[None]]


class Commands:
    """Runs a handler for each command. Whatever it does, the one who calls ``hear`` goes on at once."""

    def __init__(
        self,
        handler: CommandHandler,
        prefix: str,
        counters: Counter[str],
        *,
        answers: RateLimit | None = None,
        max_pending: int = 20,
        handler_seconds: float = 10.0,
    ) -> None:
        self._handler = handler
        self._word = re.compile(re.escape(prefix) + r"(\w{1,32})(?!\S)")
        self._counters = counters
        self._answers = answers or RateLimit(20, 30.0)
        self._max_pending = max_pending
        self._handler_seconds = handler_seconds
        self._pending: set[asyncio.Task[None]] = set()

    def hear(self, event: Event, send: Send) -> None:
        """Starts the answer to ``event`` if it is a command of this channel; ``send`` takes one line of IRC."""
        if event.kind is not Kind.CHAT or event.marks & Mark.SHARED or not (match := self._word.match(event.text)):
            return
        if len(self._pending) >= self._max_pending:
            self._counters["commands_dropped"] += 1
            return
        self._counters["commands"] += 1
        task = asyncio.create_task(self._answer(event, match[1].lower(), send))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def close(self) -> None:
        """Drops what is still unanswered."""
        pending = list(self._pending)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _answer(self, event: Event, word: str, send: Send) -> None:
        try:
            async with asyncio.timeout(self._handler_seconds):
                answer = await self._handler(event, word)
        except Exception:
            self._counters["command_errors"] += 1
            log.exception("The command %r of %s failed", word, event.channel)
            return
        if answer and (line := reply_line(event, answer)):
            await self._send(line, send)

    async def _send(self, line: str, send: Send) -> None:
        if not self._answers.take():
            self._counters["answers_dropped"] += 1
            return
        try:
            await send(line)
        except (OSError, aiohttp.ClientError):  # the connection went while the answer was made
            self._counters["answers_dropped"] += 1
        else:
            self._counters["answers"] += 1


def reply_line(event: Event, answer: str) -> str:
    """The line that answers ``event``; "" when nothing is left to say.

    One line, no longer than Twitch takes, and never a chat command itself ("/ban …", ".me …").
    """
    text = " ".join(answer.replace("\0", "").split()).lstrip("/.")
    if len(text) > MAX_ANSWER:
        text = text[: MAX_ANSWER - 1] + "…"
    if not text:
        return ""
    parent = event.source_id if re.fullmatch(r"[\w-]+", event.source_id or "") else None
    return f"{f'@reply-parent-msg-id={parent} ' if parent else ''}PRIVMSG #{event.channel} :{text}"
