"""The one way into the database: gathers events, commits them in groups, and forgets none before its commit."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from core.clock import now_ms
from core.db import Database, why_unusable
from core.events import Event, SourceStatus
from ingest import coverage
from ingest.batch import BatchResult, Memory, store

log = logging.getLogger(__name__)

BATCH_EVENTS = 500
BATCH_AGE_SECONDS = 0.1
QUEUE_EVENTS = 200_000  # some 100 MB: hours of a busy chat while the database is away
BEAT_SECONDS = 2.0
RETRY_FIRST_SECONDS, RETRY_CAP_SECONDS = 0.1, 5.0

Item = Event | SourceStatus


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

    ``process`` names it in heartbeats; ``describe`` adds what else they should tell.
    """

    def __init__(
        self,
        database: Database,
        *,
        process: str = "collector",
        session_timeout_seconds: int = 300,
        queue_events: int = QUEUE_EVENTS,
        describe: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.counters = WriterCounters()
        self._database = database
        self._process = process
        self._session_timeout_ms = session_timeout_seconds * 1000
        self._queue_events = queue_events
        self._describe = describe
        self._memory = Memory()
        self._waiting: deque[Item] = deque()
        lock = threading.RLock()
        self._arrived = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._busy = False
        self._closing = False
        self._give_up_at: float | None = None
        self._beat_due = 0.0
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> Writer:
        with self._database.writing() as connection:
            coverage.record_outage(connection, self._process, coverage.last_beat(connection, self._process))
        self._thread.start()
        return self

    def event(self, event: Event) -> None:
        """Takes an event; never blocks. When the queue is full the newcomer is dropped and counted."""
        with self._arrived:
            if len(self._waiting) >= self._queue_events:
                self.counters.dropped["queue_full"] += 1
                return
            self._waiting.append(event)
            self._arrived.notify()

    def status(self, status: SourceStatus) -> None:
        with self._arrived:
            self._waiting.append(status)
            self._arrived.notify()

    def flush(self, timeout_seconds: float = 30.0) -> bool:
        """Waits until everything taken so far is committed or dropped; says whether that came about."""
        with self._settled:
            return self._settled.wait_for(lambda: not self._waiting and not self._busy, timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> int:
        """Commits what is left and stops; answers how many events had to be given up (database away)."""
        with self._arrived:
            self._closing = True
            self._give_up_at = time.monotonic() + timeout_seconds
            self._arrived.notify()
        self._thread.join(timeout_seconds + 2.0)
        return sum(isinstance(item, Event) for item in self._waiting)

    @property
    def queued(self) -> int:
        return len(self._waiting)

    # The thread.

    def _run(self) -> None:
        while True:
            batch = self._gather()
            if batch:
                self._commit(batch)
            if time.monotonic() >= self._beat_due or (self._closing and not self._waiting):
                self._beat()
            with self._settled:
                self._busy = False
                self._settled.notify_all()
                if self._closing and (not self._waiting or self._past_deadline()):
                    return

    def _gather(self) -> list[Item]:
        """Up to BATCH_EVENTS items, at most BATCH_AGE_SECONDS after the first; empty when only a beat is due."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting or self._closing, max(0.0, self._beat_due - time.monotonic()))
            if not self._waiting:
                return []
            oldest = time.monotonic() + BATCH_AGE_SECONDS
            while len(self._waiting) < BATCH_EVENTS and not self._closing and (left := oldest - time.monotonic()) > 0:
                self._arrived.wait(left)
            self._busy = True
            return [self._waiting.popleft() for _ in range(min(BATCH_EVENTS, len(self._waiting)))]

    def _commit(self, batch: list[Item]) -> None:
        """Commits ``batch``, waiting as long as the database is away; what cannot be stored at all is dropped."""
        pause = RETRY_FIRST_SECONDS
        while True:
            try:
                self._transact(batch)
            except (OperationalError, InterfaceError) as error:
                self._memory = Memory()
                self._say_problem(why_unusable(error))
                if self._past_deadline():
                    self._hand_back(batch)
                    return
                self.counters.retries += 1
                time.sleep(pause)
                pause = min(pause * 2, RETRY_CAP_SECONDS if not self._closing else 0.5)
            except Exception as error:
                self._memory = Memory()
                self._isolate(batch, error)
                return
            else:
                self._say_problem("")
                return

    def _transact(self, batch: Sequence[Item]) -> None:
        started = time.perf_counter()
        statuses = [item for item in batch if isinstance(item, SourceStatus)]
        events = [item for item in batch if isinstance(item, Event)]
        result = BatchResult()
        with self._database.writing() as connection:
            if events:
                result = store(
                    connection, events, self._memory, now_ms=now_ms(), session_timeout_ms=self._session_timeout_ms
                )
            if statuses:
                coverage.record(connection, statuses, self._memory)
        self.counters.stored += result.stored
        self.counters.dropped.update(result.dropped)
        self.counters.batches += 1
        self.counters.last_commit_ms = round((time.perf_counter() - started) * 1000, 2)

    def _isolate(self, batch: list[Item], error: Exception) -> None:
        """Halves a batch that the database refuses until the one item at fault stands alone, and drops that."""
        if len(batch) == 1:
            self.counters.dropped["refused_by_database"] += 1
            reason = why_unusable(error) if isinstance(error, DBAPIError) else repr(error)
            log.error("an event cannot be stored and is dropped: %s (%r)", reason, batch[0])
            return
        middle = len(batch) // 2
        self._commit(batch[:middle])
        self._commit(batch[middle:])

    def _hand_back(self, batch: list[Item]) -> None:
        with self._arrived:
            self._waiting.extendleft(reversed(batch))

    def _past_deadline(self) -> bool:
        return self._give_up_at is not None and time.monotonic() >= self._give_up_at

    def _say_problem(self, problem: str) -> None:
        if problem != self.counters.problem:
            if problem:
                log.error("cannot write, holding %d events and trying again: %s", len(self._waiting), problem)
            else:
                log.info("writing again, %d events were held", len(self._waiting))
            self.counters.problem = problem

    def _beat(self) -> None:
        self._beat_due = time.monotonic() + BEAT_SECONDS
        counters = self.counters
        detail = {
            "stored": counters.stored,
            "batches": counters.batches,
            "retries": counters.retries,
            "dropped": dict(counters.dropped),
            "queued": len(self._waiting),
            "last_commit_ms": counters.last_commit_ms,
            **self._describe(),
        }
        try:
            with self._database.writing() as connection:
                coverage.beat(connection, self._process, now_ms(), json.dumps(detail))
        except DBAPIError as error:
            self._say_problem(why_unusable(error))
        else:
            self._say_problem("")
