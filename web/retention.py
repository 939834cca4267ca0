"""Keeps ``RETENTION_DAYS`` while the web process runs: raw events that are too old go, a little at a time."""

from __future__ import annotations

import logging
import time

import gevent
from flask import Flask
from sqlalchemy.exc import DBAPIError

from actions import retention
from core.clock import iso_utc, now_ms
from core.db import why_unusable
from core.logs import Trouble
from web.orders import Orders
from web.services import Services

log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
SHORTEST_PAUSE_SECONDS = 0.02
RESTS = 4  # a step's time, in which everybody else writes, before the next step


class Retention:
    """Here and not in the collector, because this process always runs, also where there is only a shop.

    Several web processes share the work: none waits for rows that another is deleting.
    """

    def __init__(self, at: Services, orders: Orders) -> None:
        self._at = at
        self._orders = orders
        self._begun_ms = self._done_ms = self._deleted = 0
        self._warned = False
        self._trouble = Trouble(log, "old events cannot be deleted now")

    def follow(self) -> None:
        """Runs for ever, unless everything is kept."""
        if not self._at.settings.retention_days:
            return
        while True:
            pause = LOOK_SECONDS
            try:
                self._warn_where_the_file_cannot_shrink()
                began = time.monotonic()
                if self.look(now_ms()):
                    pause = max(SHORTEST_PAUSE_SECONDS, RESTS * (time.monotonic() - began))
                self._trouble.is_now("")
            except DBAPIError as error:
                self._trouble.is_now(why_unusable(error))
            except Exception:
                log.exception("old events could not be deleted; trying again in a minute")
            gevent.sleep(pause)

    def look(self, now: int) -> bool:
        """One step of what is due at ``now``, UTC milliseconds; says whether there is more."""
        before_ms = retention.horizon_ms(now, self._at.settings.retention_days)
        if before_ms <= self._done_ms:
            return False
        if before_ms > self._begun_ms:
            self._orders.run(retention.begin, before_ms=before_ms)
            self._begun_ms = before_ms
        if deleted := self._orders.run(retention.forget):
            self._deleted += deleted
            return True
        if self._orders.run(retention.give_back):
            return True
        if self._deleted:
            log.info("%d raw events from before %s were deleted (RETENTION_DAYS)", self._deleted, iso_utc(before_ms))
        self._done_ms, self._deleted = before_ms, 0
        return False

    def _warn_where_the_file_cannot_shrink(self) -> None:
        if not self._warned and not self._orders.run(retention.shrinks):
            log.warning("the database file cannot shrink: stop all, and run `python init_db.py --compact` once")
        self._warned = True


def register(app: Flask, at: Services) -> Retention:
    keeping = Retention(at, app.extensions["orders"])
    app.extensions["retention"] = keeping
    return keeping
