"""One TikTok channel: watches for it to be live, reads it while it is, tells how it stands."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.clock import MINUTE_MS, now_ms
from core.events import Event, Kind, Platform, SourceState, SourceStatus
from sources.base import Backoff, Sink
from sources.tiktok_connection import Patience, RoomConnection
from sources.tiktok_events import Nameless, Scene, began_ms, events_of, id_of
from sources.tiktok_gifts import GiftCatalogue
from sources.tiktok_library import Addresses, Library
from sources.tiktok_troubles import Remedy, Trouble, diagnose, limit_seconds

log = logging.getLogger(__name__)

_REMEMBERED_MESSAGES = 20_000  # a replayed history is a few hundred
_REMEMBERED_SUBSCRIBERS = 1_000
_SAME_SUBSCRIPTION_MS = 10 * MINUTE_MS
_START_TOLD_WITHIN_MS = 20 * MINUTE_MS  # of a stream that began longer ago it is not news
_GIFT_LIST_SECONDS, _NO_GIFT_LIST_SECONDS = 6 * 3600.0, 600.0


@dataclass(slots=True)
class Shared:
    """What the channels of one source have in common."""

    library: Library
    addresses: Addresses
    key: str
    sink: Sink
    patience: Patience
    counters: Counter[str]
    hear: Callable[[Event], None]  # gets what was told to the sink
    gifts: GiftCatalogue = field(default_factory=GiftCatalogue)
    gift_list_until: float = float("-inf")
    warned_at: float = float("-inf")

    def may_warn(self) -> bool:
        """At most once a minute: a broken peer must not fill the disk with log lines."""
        if time.monotonic() - self.warned_at < 60:
            return False
        self.warned_at = time.monotonic()
        return True


class Recent:
    """The keys seen last, each with when; bounded."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._keys: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def at(self, key: Any) -> int | None:
        return self._keys.get(key)

    def add(self, key: Any, at_ms: int = 0) -> None:
        self._keys.pop(key, None)
        self._keys[key] = at_ms
        if len(self._keys) > self._capacity:
            del self._keys[next(iter(self._keys))]


class ChannelReader:
    """The life of one channel. ``run`` goes on until it is cancelled."""

    def __init__(self, name: str, shared: Shared, backoff: Backoff, slow_backoff: Backoff) -> None:
        self.name = name
        self._shared = shared
        self._backoff, self._slow_backoff = backoff, slow_backoff
        self._messages = Recent(_REMEMBERED_MESSAGES)
        self._subscribers = Recent(_REMEMBERED_SUBSCRIBERS)
        self._status: SourceStatus | None = None
        self._connection: RoomConnection | None = None
        self._room_id = ""  # of the stream that is on, or was last
        self._on_air = False  # whether that stream goes on, as far as is known
        self._heard_ms = 0
        self._entered_at: float | None = None

    async def run(self) -> None:
        while True:
            if self._status is None or self._status.state is SourceState.WAITING:
                self.tell(SourceState.CONNECTING)
            await asyncio.sleep(await self._visit())

    async def _visit(self) -> float:
        """One attempt, from looking the room up to losing it; answers how many seconds to wait before the next."""
        shared = self._shared
        self._entered_at = None
        connection = None
        try:
            connection = self._connection = RoomConnection(
                shared.library, self.name, shared.addresses, shared.key, self, shared.patience
            )
            await connection.visit(with_gift_list=time.monotonic() > shared.gift_list_until)
            return self._offline("the stream ended")
        except Exception as error:  # the outer edge: whatever it is, the channel is tried again
            if connection is None:
                shared.counters["errors"] += 1
                log.exception("A TikTok client cannot be made")
                return self._trouble(Trouble(SourceState.WAITING, Remedy.RETRY_SLOWLY, type(error).__name__), 0)
            trouble = diagnose(error, shared.library.errors, shared.library.httpx, connection.sign_answer)
            return self._trouble(trouble, limit_seconds(connection.sign_answer, shared.patience))
        finally:
            self._connection = None

    def _offline(self, reason: str) -> float:
        self._end_stream()
        self._backoff.reset()
        self._slow_backoff.reset()
        seconds = random.uniform(*self._shared.patience.offline)
        self._tell_wait(SourceState.OFFLINE, reason, seconds)
        return seconds

    def _trouble(self, trouble: Trouble, limit: float) -> float:
        if trouble.remedy is Remedy.POLL:
            return self._offline(trouble.reason)
        if self._entered_at is not None and time.monotonic() - self._entered_at >= self._shared.patience.steady:
            self._backoff.reset()
            self._slow_backoff.reset()
        if trouble.remedy is Remedy.POLL_RARELY:
            seconds = self._shared.patience.not_found
        elif trouble.remedy is Remedy.RETRY:
            seconds = self._backoff.next_seconds()
        else:
            seconds = self._slow_backoff.next_seconds()
        if trouble.remedy is Remedy.WAIT_FOR_LIMIT:
            seconds = max(seconds, limit)
        self._shared.counters["reconnects"] += 1
        # A dead peer was lost when it was last heard, not when that was noticed.
        self._tell_wait(trouble.state, trouble.reason, seconds, self._heard_ms if self._entered_at else None)
        return seconds

    # How it stands

    def tell(
        self, state: SourceState, detail: str = "", retry_at_ms: int | None = None, at_ms: int | None = None
    ) -> None:
        known = self._status
        if known and (known.state, known.detail, known.retry_at_ms) == (state, detail, retry_at_ms):
            return
        self._status = SourceStatus(Platform.TIKTOK, self.name, state, at_ms or now_ms(), detail, retry_at_ms)
        self._shared.sink.status(self._status)

    def _tell_wait(self, state: SourceState, reason: str, seconds: float, at_ms: int | None = None) -> None:
        news = self._status is None or (self._status.state, self._status.detail) != (state, reason)
        if news:
            level = logging.INFO if state is SourceState.OFFLINE else logging.WARNING
            log.log(level, "TikTok channel %s: %s; looking again in %.0f s", self.name, reason, seconds)
        now = now_ms()
        self.tell(state, reason, now + round(seconds * 1000), at_ms or now)

    # What the connection tells (``Listener``)

    def entered(self, room_id: str) -> None:
        self._entered_at = time.monotonic()
        if room_id != self._room_id or not self._on_air:
            self._end_stream()
            self._room_id, self._on_air = room_id, True
            began = began_ms(room_id, now_ms(), _START_TOLD_WITHIN_MS)
            if began is not None:
                self._report(Event(Platform.TIKTOK, self.name, Kind.LIVE_START, began, f"live:{room_id}"))
        log.info("Reading TikTok channel %s", self.name)
        self.tell(SourceState.CONNECTED)

    def heard(self) -> None:
        self._heard_ms = now_ms()

    def gift_list(self, answer: Any) -> None:
        useful = self._shared.gifts.learn_list(answer)
        good_for = _GIFT_LIST_SECONDS if useful else _NO_GIFT_LIST_SECONDS
        self._shared.gift_list_until = time.monotonic() + good_for

    def message(self, method: str, payload: bytes, msg_id: int) -> None:
        """Never raises: the reading loop would end with it."""
        counters = self._shared.counters
        counters["messages"] += 1
        try:
            parser = self._shared.library.messages.get(method)
            if parser is None:
                counters["ignored"] += 1
            elif msg_id and self._messages.at(msg_id) is not None:
                counters["duplicates"] += 1
            else:
                self._read(method, parser.parse(payload), msg_id)
        except Nameless:
            counters["nameless"] += 1
        except Exception as error:
            counters["broken"] += 1
            if self._shared.may_warn():
                log.warning("Skipped a %.60r of TikTok's that cannot be read: %s", method, type(error).__name__)

    def _read(self, method: str, message: Any, envelope_id: int) -> None:
        msg_id = id_of(message, envelope_id)
        if msg_id and self._messages.at(msg_id) is not None:
            self._shared.counters["duplicates"] += 1
            return
        scene = Scene(self.name, self._room_id, self._heard_ms, envelope_id, self._shared.gifts)
        for event in events_of(method, message, scene):
            self._report(event)
            if event.kind is Kind.LIVE_END and self._connection:
                self._on_air = False
                self._connection.end()
        for known in {msg_id, envelope_id} - {0}:
            self._messages.add(known)

    def _report(self, event: Event) -> None:
        if event.kind is Kind.SUB and self._is_told(event):
            self._shared.counters["duplicates"] += 1
            return
        self._shared.counters["events"] += 1
        self._shared.sink.event(event)
        self._shared.hear(event)

    def _is_told(self, event: Event) -> bool:
        """TikTok may tell of one subscription twice, as a notice and as somebody who came in."""
        user_id = event.who.user_id if event.who else ""
        before = self._subscribers.at(user_id)
        self._subscribers.add(user_id, event.at_ms)
        return before is not None and abs(event.at_ms - before) < _SAME_SUBSCRIPTION_MS

    def _end_stream(self) -> None:
        """A stream whose end was not told, because it came while nobody listened."""
        if self._on_air:
            self._on_air = False
            self._report(Event(Platform.TIKTOK, self.name, Kind.LIVE_END, self._heard_ms, f"end:{self._room_id}"))
