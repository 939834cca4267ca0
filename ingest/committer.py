"""One batch, one transaction: events, the shop's, how sources stand, and what was missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.clock import now_ms
from core.db import CommitUnknown, Database
from core.events import Event, SourceStatus
from core.tracked import Tracked
from ingest import coverage
from ingest.batch import BatchResult, Memory, store
from ingest.policy import Policy
from ingest.speaker import Speaker
from ingest.store import record as record_tracked

Item = Event | SourceStatus | Tracked | coverage.Missed


class Committer:
    """For the writer's thread. A batch that failed is to be tried again before any other: it may be stored already."""

    def __init__(self, database: Database, policy: Policy, speaker: Speaker | None, *, listens: bool) -> None:
        self._database = database
        self._policy = policy
        self._speaker = speaker
        self._listens = listens
        self._memory = Memory()
        self._doubt: tuple[CommitUnknown, BatchResult] | None = None  # how the last try may have ended all the same

    def commit(self, batch: Sequence[Item], told_until_ms: int) -> BatchResult:
        """Stores all of ``batch``, or raises what the database raised. ``told_until_ms``: see ``Speaker.renew``."""
        try:
            if self._doubt:
                unknown, result = self._doubt
                was_committed = self._database.was_committed(unknown)
                self._doubt = None
                if was_committed:
                    return result
            return self._write(batch, told_until_ms)
        except Exception:
            self._memory = Memory()  # of rows that may not be there
            raise

    def _write(self, batch: Sequence[Item], told_until_ms: int) -> BatchResult:
        statuses = [item for item in batch if isinstance(item, SourceStatus)]
        events = [item for item in batch if isinstance(item, Event)]
        tracked = [item for item in batch if isinstance(item, Tracked)]
        missed = [item for item in batch if isinstance(item, coverage.Missed)]
        result = BatchResult()
        taken = len(events)
        if self._speaker:
            events, statuses = self._speaker.ours(events, statuses, told_until_ms)
            missed = [one for one in missed if self._speaker.speaks_for(*one.where)]
        try:
            with self._database.writing(traced=True) as connection:
                if events:
                    result = store(connection, events, self._memory, now_ms=now_ms(), policy=self._policy)
                if tracked:
                    found = record_tracked(connection, tracked, now_ms(), self._policy)
                    result.stored += sum(one.is_new for one in found)
                if not self._listens:
                    statuses = coverage.of_unknown(connection, statuses, self._memory)
                if statuses:
                    coverage.record(connection, statuses, self._memory)
                if missed:
                    coverage.record_missed(connection, missed, self._memory)
                result.dropped += Counter(told_by_another_collector=taken - len(events))
        except CommitUnknown as error:
            self._doubt = (error, result)
            raise
        return result
