"""The one way into the database: gathers events, commits them in groups, and forgets none before its commit."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.clock import now_ms
from core.db import Database, is_outage, why_unusable
from core.events import Event, SourceStatus
from core.tracked import Tracked
from core.turns import forget_marks
from ingest import coverage
from ingest.committer import Committer, Item
from ingest.leases import Leases
from ingest.policy import Policy
from ingest.speaker import Speaker
from ingest.upkeep import keep_up

log = logging.getLogger(__name__)

BATCH_EVENTS = 2_000  # each of so many costs a fifth less than of 500, and others wait 0.1 s for their turn
REST_SECONDS = 0.02  # between two batches: a lone event waits for nobody, and many share a commit
QUEUE_EVENTS = 200_000  # some 100 MB: hours of a busy chat while the database is away
BEAT_SECONDS = 2.0
RETRY_FIRST_SECONDS, RETRY_CAP_SECONDS = 0.1, 5.0
CLOSING_RETRY_SECONDS = 0.1
JOIN_SECONDS = 2.0  # how long close() waits for a try that is under way when its time is up


@dataclass(slots=True)
class WriterCounters:
    """What the writer has done since it started; told by /health and /metrics."""

    stored: int = 0
    batches: int = 0
    retries: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # by reason
    last_commit_ms: float = 0.0  # how long it took
    problem: str = ""  # why nothing can be committed at the moment


class Writer:
    """A thread that owns the writing connection of its process. ``event`` and ``status`` make it a ``sources.Sink``.

    ``process`` names it in heartbeats; ``describe`` adds what else they should tell. With ``leases`` others may
    read the same channels. Without ``listens`` it stores what others heard, an import: how channels stand, and who
    gives signs of life, is then said by the collector that may run beside it.
    """

    def __init__(
        self,
        database: Database,
        *,
        process: str = "collector",
        policy: Policy | None = None,
        queue_events: int = QUEUE_EVENTS,
        describe: Callable[[], dict[str, Any]] = dict,
        leases: Leases | None = None,
        listens: bool = True,
    ) -> None:
        self.counters = WriterCounters()
        self._database = database
        self._process = process
        self._policy = policy or Policy()
        self._queue_events = queue_events
        self._describe = describe
        self._listens = listens
        self._speaker = Speaker(database, leases) if leases else None
        self._committer = Committer(database, self._policy, self._speaker, listens=listens)
        self._name = f"{process} {leases.process}" if leases else process
        self._waiting: deque[Item] = deque()
        self._overflow = coverage.Overflow()
        lock = threading.RLock()
        self._arrived = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._in_hand = 0  # items taken from the queue and not yet committed or dropped
        self._events_in_hand = 0
        self._stored_until_ms = now_ms()  # all that had come by then is committed
        self._taken_until_ms = self._stored_until_ms  # the same, once what is in hand is committed
        self._closing = False
        self._give_up_at = math.inf
        self._beat_due = 0.0
        self._rested_at = 0.0  # when the next batch may begin
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> Writer:
        if self._speaker:
            self._speaker.begin()
        elif self._listens:
            with self._database.writing() as connection:
                coverage.record_outage(connection, self._process, coverage.last_beat(connection, self._process))
        with self._database.writing() as connection:
            forget_marks(connection)
        self._thread.start()
        return self

    def event(self, event: Event) -> None:
        """Takes an event; never blocks. When the queue is full the newcomer is dropped, counted, and told as a gap."""
        with self._arrived:
            if not self._put(event):
                self._overflow.add((event.platform, event.channel), now_ms())

    def tracked(self, tracked: Tracked) -> None:
        """Takes what happened in the shop, by the rules of ``event``, but without a gap."""
        with self._arrived:
            self._put(tracked)

    def status(self, status: SourceStatus) -> None:
        """Takes how a source stands, for which there is always room."""
        with self._arrived:
            self._put(status)

    def _put(self, item: Item) -> bool:
        """With the lock held; answers whether there was room."""
        if len(self._waiting) >= self._queue_events and not isinstance(item, SourceStatus):
            self.counters.dropped["queue_full"] += 1
            return False
        self._waiting.append(item)
        # Waking the thread for each item would cost more than all else that is done here.
        if len(self._waiting) in (1, BATCH_EVENTS):
            self._arrived.notify()
        return True

    def flush(self, timeout_seconds: float = 30.0) -> bool:
        """Waits until everything taken so far is committed or dropped; says whether that came about."""
        with self._settled:
            return self._settled.wait_for(self._is_idle, timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> int:
        """Commits what is left and stops; answers how many events had to be given up (database away)."""
        with self._arrived:
            self._closing = True
            self._give_up_at = time.monotonic() + timeout_seconds
            self._arrived.notify()
        if self.running:
            self._thread.join(timeout_seconds + JOIN_SECONDS)
        with self._arrived:
            return self._events_in_hand + _events_in(self._waiting)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def queued(self) -> int:
        return len(self._waiting)

    # The thread.

    def _run(self) -> None:
        while not self._is_too_late():
            if time.monotonic() >= self._beat_due:
                self._beat()
            if batch := self._gather():
                self._commit(batch)
                self._rested_at = time.monotonic() + REST_SECONDS
            if self._closing and self._is_idle():  # who gives up says no goodbye
                self._beat(leaving=True)
                if self._is_idle():
                    return

    def _is_idle(self) -> bool:
        return not self._waiting and not self._in_hand

    def _is_too_late(self) -> bool:
        return time.monotonic() >= self._give_up_at

    def _gather(self) -> list[Item]:
        """Up to BATCH_EVENTS items, once there are any and the rest is over; empty when only a beat is due."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting or self._closing, max(0.0, self._beat_due - time.monotonic()))
            if not self._waiting:
                return []
            self._arrived.wait_for(self._must_go, max(0.0, self._rested_at - time.monotonic()))
            batch: list[Item] = [self._waiting.popleft() for _ in range(min(BATCH_EVENTS, len(self._waiting)))]
            batch += self._overflow.take()
            self._in_hand, self._events_in_hand = len(batch), _events_in(batch)
            if not self._waiting:
                self._taken_until_ms = now_ms()
            return batch

    def _must_go(self) -> bool:
        return self._closing or len(self._waiting) >= BATCH_EVENTS

    def _commit(self, batch: list[Item]) -> None:
        """Commits ``batch``, waiting as long as the database is away; what cannot be stored at all is dropped."""
        pause, conflict = RETRY_FIRST_SECONDS, False
        while True:
            try:
                self._store(batch)
            except Exception as error:
                if isinstance(error, IntegrityError) and not conflict:
                    conflict = True  # another writer may have made the same row in between: now it is there
                elif not is_outage(error):
                    self._isolate(batch, error)
                    return
                else:
                    self._say_problem(_reason(error))
                    if self._is_too_late():
                        return  # it stays in hand, and close() counts it as lost
                    self.counters.retries += 1
                    self._pause(pause)
                    pause = min(pause * 2, RETRY_CAP_SECONDS)
            else:
                self._say_problem("")
                self._settle(batch)
                return

    def _pause(self, seconds: float) -> None:
        """Waits before the next try; a call of ``close`` cuts it short."""
        with self._arrived:
            if self._closing:
                self._arrived.wait(CLOSING_RETRY_SECONDS)
            else:
                self._arrived.wait_for(lambda: self._closing, seconds)

    def _settle(self, batch: Sequence[Item]) -> None:
        with self._settled:
            self._in_hand -= len(batch)
            self._events_in_hand -= _events_in(batch)
            if not self._in_hand:
                self._stored_until_ms = self._taken_until_ms
                self._settled.notify_all()

    def _store(self, batch: Sequence[Item]) -> None:
        started = time.perf_counter()
        result = self._committer.commit(batch, self._told_until_ms())
        self.counters.stored += result.stored
        self.counters.dropped.update(result.dropped)
        self.counters.batches += 1
        self.counters.last_commit_ms = round((time.perf_counter() - started) * 1000, 2)

    def _isolate(self, batch: list[Item], error: Exception) -> None:
        """Halves a batch that the database refuses until the one item at fault stands alone, and drops that."""
        if len(batch) == 1:
            self.counters.dropped["refused_by_database"] += 1
            log.error("an event cannot be stored and is dropped: %s (%r)", _reason(error), batch[0])
            self._settle(batch)
            return
        middle = len(batch) // 2
        self._commit(batch[:middle])
        self._commit(batch[middle:])

    def _say_problem(self, problem: str) -> None:
        if problem != self.counters.problem:
            if problem:
                held = len(self._waiting) + self._events_in_hand
                log.error("cannot write, holding %d events and trying again: %s", held, problem)
            else:
                log.info("writing again, %d events were held", len(self._waiting))
            self.counters.problem = problem

    def _beat(self, *, leaving: bool = False) -> None:
        self._beat_due = time.monotonic() + BEAT_SECONDS
        detail = self._detail()
        try:
            if self._listens:
                with self._database.writing() as connection:
                    coverage.beat(connection, self._name, now_ms(), detail)
            if self._speaker:
                if leaving:
                    self._speaker.leave(self._name)
                else:
                    self._speaker.renew(self._told_until_ms())
            keep_up(self._database, self._policy, now_ms())
        except SQLAlchemyError as error:
            self._say_problem(_reason(error))
        except Exception:
            log.exception("what is due from time to time failed; events go on")  # one bad row must not end the thread
        else:
            self._say_problem("")

    def _told_until_ms(self) -> int:
        """Until when all that was said is stored: whatever ends us, nothing before it is missing."""
        with self._arrived:
            if self._is_idle():
                self._stored_until_ms = now_ms()
        return self._stored_until_ms - coverage.ON_ITS_WAY_MS

    def _detail(self) -> str:
        """What a heartbeat tells, a JSON object."""
        own = {
            "stored": self.counters.stored,
            "batches": self.counters.batches,
            "retries": self.counters.retries,
            "dropped": dict(self.counters.dropped),
            "queued": len(self._waiting),
            "last_commit_ms": self.counters.last_commit_ms,
        }
        try:
            return json.dumps({**own, **self._describe()}, default=str)
        except Exception:
            log.exception("what the %s should tell of itself cannot be told", self._process)
            return json.dumps(own)


def _events_in(batch: Iterable[Item]) -> int:
    return sum(isinstance(item, (Event, Tracked)) for item in batch)


def _reason(error: Exception) -> str:
    return why_unusable(error) if isinstance(error, SQLAlchemyError) else repr(error)
