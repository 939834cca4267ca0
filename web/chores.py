"""What the web process does as time passes: sends the webhook's messages, settles what is over, notes who came."""

from __future__ import annotations

import logging
import time

import gevent
from flask import Flask
from sqlalchemy.exc import DBAPIError

from actions import accounts, installation, store, tokens, webhooks
from actions.webhooks import Delivery, Outcome
from analytics import health
from core.clock import now_ms
from core.db import why_unusable
from core.logs import Trouble
from web.credentials import Credentials
from web.orders import Orders
from web.services import Services

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
UPKEEP_SECONDS = 60.0
TRY_SECONDS = 5.0  # between two tries whether the database takes anything again
ENOUGH_BYTES = 1_000_000  # that it has to take then: a full disk often has room for a page or two
SEND_SECONDS = 15.0  # all in all: who answers a byte at a time keeps nobody


class Chores:
    """Several web processes may do the same: what is sent is claimed first, the rest may be done twice."""

    def __init__(self, at: Services, orders: Orders, credentials: Credentials) -> None:
        self._at = at
        self._orders = orders
        self._credentials = credentials
        self._sender = webhooks.Sender()
        self._upkeep_due = self._try_due = 0.0
        self._was_in_doubt = False
        self._trouble = Trouble(log, "database", "the database takes orders again")

    def follow(self) -> None:
        """Runs for ever."""
        while True:
            try:
                self.look(time.monotonic())
                self._trouble.is_now(self._orders.problem)  # tried again now and then only
            except DBAPIError as error:
                self._trouble.is_now(why_unusable(error))
            except Exception:
                log.exception("a chore failed")
                gevent.sleep(10)
            gevent.sleep(LOOK_SECONDS)

    def look(self, now: float) -> None:
        """Does what is due. ``now``: seconds of a steady clock."""
        self._try_to_write(now)
        if now >= self._upkeep_due:
            self._upkeep_due = now + UPKEEP_SECONDS
            self._orders.run(store.resolve_past, now_ms=now_ms())
            self._orders.run(webhooks.forget_old, now_ms=now_ms())
        self._note_who_came()
        with self._at.database.reading() as connection:
            is_due = webhooks.is_due(connection, now_ms())
        if is_due:
            for delivery in self._orders.run(webhooks.claim, now_ms=now_ms()):
                self.deliver(delivery)

    def _try_to_write(self, now: float) -> None:
        """Finds out whether the database can be written, for /health: when an order or the collector seems to fail."""
        if now < self._try_due and not self._orders.is_hopeful:
            return
        self._try_due = now + TRY_SECONDS
        with self._at.database.reading() as connection:
            in_doubt = self._orders.problem or not health.is_anybody_collecting(connection, now_ms())
        # Much the first time as well: on a full disk SQLite's log may still have room for little.
        much = in_doubt and (self._orders.problem or not self._was_in_doubt)
        self._was_in_doubt = bool(in_doubt)
        if in_doubt:
            self._orders.prove(installation.try_to_write, ENOUGH_BYTES if much else 0)

    def _note_who_came(self) -> None:
        uses, logins = self._credentials.take_notes()
        if uses:
            self._orders.run(tokens.note_uses, uses)
        if logins:
            self._orders.run(accounts.note_logins, logins)

    def deliver(self, delivery: Delivery) -> str:
        """Sends one message and notes the outcome; answers what went wrong, "" where nothing did."""
        outcome = Outcome(f"no whole answer within {SEND_SECONDS:.0f} seconds")
        with gevent.Timeout(SEND_SECONDS, False):
            outcome = self._sender.send(delivery, self._at.settings.zone, now_ms())
        self._orders.run(webhooks.settle, delivery, outcome, now_ms=now_ms())
        return outcome.problem


def register(app: Flask, at: Services) -> Chores:
    chores = Chores(at, app.extensions["orders"], app.extensions["credentials"])
    app.extensions["chores"] = chores
    return chores
