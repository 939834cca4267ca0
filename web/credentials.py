"""The accounts and tokens there are, remembered for a moment: each request asks who calls, and few of them change."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Flask, current_app
from gevent.lock import RLock
from sqlalchemy.exc import DBAPIError

from actions.accounts import ENDED, OWNER_SESSIONS
from analytics import accounts
from analytics.accounts import AccountInfo, TokenInfo
from core.clock import MINUTE_MS
from core.db import Database, why_unusable

log = logging.getLogger(__name__)

FRESH_SECONDS = 0.8  # so soon what another process has changed counts here


@dataclass(frozen=True, slots=True)
class Known:
    """Accounts by number, tokens by hash, ids of sessions that somebody has logged out of.

    ``owner_generation`` is part of what the sessions of .env's owner hold.
    """

    accounts: Mapping[int, AccountInfo] = field(default_factory=dict)
    tokens: Mapping[str, TokenInfo] = field(default_factory=dict)
    owner_generation: str = ""
    ended_sessions: frozenset[str] = frozenset()


class Credentials:
    """While the database cannot be read, what was known before still counts: nobody can change it then either."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = Known()
        self._due = 0.0
        self._turn = RLock()
        self._is_blind = False
        self._uses: dict[int, int] = {}
        self._logins: dict[int, int] = {}

    def current(self) -> Known:
        """Another object than before only where something has changed."""
        if time.monotonic() >= self._due:
            with self._turn:
                if time.monotonic() >= self._due:
                    self._read()
        return self._known

    def forget(self) -> None:
        """Something has changed: the next look reads it."""
        self._due = 0.0

    def used(self, token: TokenInfo, now_ms: int) -> None:
        """Notes a use to the minute, so that no request writes."""
        before = max(token.last_used_at_ms or 0, self._uses.get(token.id, 0))
        if now_ms - before >= MINUTE_MS:
            self._uses[token.id] = now_ms

    def logged_in(self, account_id: int, now_ms: int) -> None:
        self._logins[account_id] = now_ms

    def take_notes(self) -> tuple[dict[int, int], dict[int, int]]:
        """Uses of tokens and logins of accounts that wait to be written; they are then forgotten here."""
        notes = self._uses, self._logins
        self._uses, self._logins = {}, {}
        return notes

    def _read(self) -> None:
        self._due = time.monotonic() + FRESH_SECONDS  # first: who changes something meanwhile makes it due again
        try:
            with self._database.reading() as connection:
                known = Known(
                    {account.id: account for account in accounts.accounts(connection)},
                    {token.token_hash: token for token in accounts.tokens(connection)},
                    accounts.owner_generation(connection, OWNER_SESSIONS),
                    accounts.ended_sessions(connection, ENDED),
                )
        except DBAPIError as error:
            if not self._is_blind:
                log.error("accounts and tokens cannot be read: %s", why_unusable(error))
            self._is_blind = True
            return
        self._is_blind = False
        if known != self._known:
            self._known = known


def register(app: Flask, database: Database) -> Credentials:
    made = Credentials(database)
    app.extensions["credentials"] = made
    return made


def credentials() -> Credentials:
    """Those of the running application."""
    found: Credentials = current_app.extensions["credentials"]
    return found
