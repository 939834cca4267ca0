"""Orders about API tokens: made (and told once), revoked, and noted as used."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from core.clock import DAY_MS
from core.db import Database
from models import ApiToken
from rules.accounts import LONGEST_DAYS, LONGEST_LABEL, Unfit, checked_label, checked_scopes

MOST_TOKENS = 200
MARK = "sp_"  # what ours begin with, so that people and scanners for secrets know them
SHOWN = len(MARK) + 6


class NoSuchToken(LookupError):
    """There is none of that number or beginning."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """``token`` is known now and never again."""

    id: int
    token: str

    def __repr__(self) -> str:
        return f"NewToken({self.id})"


def make(
    database: Database, name: str, scopes: Iterable[str], *, made_by: str, now_ms: int, days: int | None = None
) -> NewToken:
    """A token that ends by itself after ``days``, or (None) never. Raises Unfit."""
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Unfit("days", f"from 1 to {LONGEST_DAYS:,}, or none at all")
    token = MARK + secrets.token_urlsafe(32)
    row = {
        "name": checked_label(name),
        "prefix": token[:SHOWN],
        "token_hash": hash_of(token),
        "scopes": " ".join(checked_scopes(scopes)),
        "made_by": made_by[:LONGEST_LABEL],
        "made_at_ms": now_ms,
        "expires_at_ms": None if days is None else now_ms + days * DAY_MS,
    }
    with database.writing() as connection:
        if connection.scalar(select(func.count()).select_from(ApiToken)) >= MOST_TOKENS:  # type: ignore[operator]
            raise Unfit("name", f"there are {MOST_TOKENS} tokens already: revoke some first")
        made = connection.execute(insert(ApiToken).values(row).returning(ApiToken.id)).scalar_one()
    return NewToken(made, token)


def revoke(database: Database, token_id: int) -> None:
    """Raises NoSuchToken."""
    with database.writing() as connection:
        if not connection.execute(delete(ApiToken).where(ApiToken.id == token_id)).rowcount:
            raise NoSuchToken(token_id)


def revoke_by_prefix(database: Database, prefix: str) -> int:
    """Answers how many: the first letters are all that is known of a token. Raises NoSuchToken."""
    with database.writing() as connection:
        gone = connection.execute(delete(ApiToken).where(ApiToken.prefix == prefix)).rowcount
    if not gone:
        raise NoSuchToken(prefix)
    return gone


def note_uses(database: Database, uses: Mapping[int, int]) -> None:
    """When each token (by number) was last used, UTC milliseconds."""
    with database.writing() as connection:
        for token_id, at_ms in uses.items():
            connection.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at_ms=at_ms))


def hash_of(token: str) -> str:
    """Enough for what is random and long: nobody guesses it, so nothing slower is needed."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
