"""One collector of several: what it stores of what it hears, and what it leaves to whoever speaks for the channel."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.clock import now_ms
from core.db import Database
from core.events import Event, Platform, SourceStatus
from ingest import coverage
from ingest.batch import Memory, channels
from ingest.leases import Leases, Where

log = logging.getLogger(__name__)

TRUSTED_SECONDS = 4.0  # two beats: leases that were not renewed for so long are looked at before anything is stored


class Speaker:
    """For the writer's thread, with the leases of its process."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._told: dict[Where, SourceStatus] = {}  # how each source stands, whoever speaks for its channel

    def ours(
        self, events: Sequence[Event], statuses: Sequence[SourceStatus], stored_until_ms: int
    ) -> tuple[list[Event], list[SourceStatus]]:
        """What we are to store: all that bears an id, and of the channels that we speak for the rest as well."""
        self._told.update({(status.platform, status.channel): status for status in statuses})
        # The database was away, or we were; and a machine that slept may not know for how long. What is said of a
        # source remains, so it is looked before each word.
        outdated = self._leases.are_older_than(TRUSTED_SECONDS)
        if statuses or outdated:
            self.renew(stored_until_ms, counts=outdated)
        return (
            [one for one in events if one.source_id is not None or self.speaks_for(one.platform, one.channel)],
            [one for one in statuses if self.speaks_for(one.platform, one.channel)],
        )

    def speaks_for(self, platform: Platform, channel: str) -> bool:
        return self._leases.speaks_for(platform, channel)

    def begin(self) -> None:
        """At start, when an earlier process may have ended without a word."""
        self.renew(now_ms())
        with self._database.writing() as connection:
            coverage.forget_gone(connection, now_ms())

    def renew(self, stored_until_ms: int, *, counts: bool = True) -> None:
        """Keeps what we speak for, and takes over what nobody speaks for any more.

        ``stored_until_ms``: what was said until then is stored; the rest is missed if we end without a word.
        ``counts``: as in ``Leases.renew``.
        """
        memory = Memory()
        with self._database.writing() as connection:
            ids = channels(connection, set(self._leases.channels), memory)
            renewal = self._leases.renew(connection, ids, stored_until_ms, counts=counts)
            coverage.take_over(connection, renewal.taken, self._told, memory)
        for taken in renewal.taken:
            log.info("speaking for %s/%s", *taken.where)
        for where in self._leases.held - renewal.held:
            log.info("another collector speaks for %s/%s", *where)
        self._leases.settle(renewal)

    def leave(self, process: str) -> None:
        """Leaves everything to the others, so that they need not wait to find out."""
        with self._database.writing() as connection:
            ids = channels(connection, set(self._leases.channels), Memory())
            renewal = self._leases.release(connection, ids, now_ms())
            coverage.forget(connection, process, coverage.COLLECTOR)
        self._leases.settle(renewal)
