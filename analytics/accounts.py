"""Who may come in: the accounts and tokens there are, for those who manage them and for the door itself."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from core.statements import Prepared
from models import Account, ApiToken, Preference
from rules.accounts import Unfit, checked_name


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """``session_key``: what a session of theirs must hold."""

    id: int
    name: str
    role: str
    session_key: str
    made_at_ms: int
    last_login_at_ms: int | None

    def __repr__(self) -> str:
        return f"AccountInfo({self.name}, {self.role})"


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """``token_hash``: all that is known of the token itself."""

    id: int
    name: str
    prefix: str
    token_hash: str
    scopes: tuple[str, ...]
    made_by: str
    made_at_ms: int
    expires_at_ms: int | None
    last_used_at_ms: int | None

    def __repr__(self) -> str:
        return f"TokenInfo({self.prefix}…)"

    def has_expired(self, now_ms: int) -> bool:
        return self.expires_at_ms is not None and self.expires_at_ms <= now_ms


@dataclass(frozen=True, slots=True)
class Login:
    """What a login is held against."""

    id: int
    name: str
    password_hash: str
    session_key: str


def accounts(connection: Connection) -> list[AccountInfo]:
    """In the order of their names."""
    return [AccountInfo(*row) for row in _ACCOUNTS(connection)]


def tokens(connection: Connection) -> list[TokenInfo]:
    """The newest first."""
    return [
        TokenInfo(
            row.id,
            row.name,
            row.prefix,
            row.token_hash,
            tuple(row.scopes.split()),
            row.made_by,
            row.made_at_ms,
            row.expires_at_ms,
            row.last_used_at_ms,
        )
        for row in _TOKENS(connection)
    ]


def login(connection: Connection, name: str) -> Login | None:
    """``name`` as somebody writes it into a form."""
    try:
        row = _LOGIN(connection, name=checked_name(name)).first()
    except Unfit:
        return None  # nobody can be called so
    return None if row is None else Login(*row)


def ended_sessions(connection: Connection, prefix: str) -> frozenset[str]:
    """The ids of those that somebody has logged out of, stored under keys that begin with ``prefix``."""
    return frozenset(key.removeprefix(prefix) for key in _KEYS(connection, prefix=prefix).scalars())


def owner_generation(connection: Connection, key: str) -> str:
    """What the sessions of .env's owner hold, stored under ``key``; "" before they were first ended by hand."""
    value = _PREFERENCE(connection, key=key).scalar()
    return str(json.loads(value)["generation"]) if value else ""


_ACCOUNTS = Prepared(
    select(
        Account.id, Account.name, Account.role, Account.session_key, Account.made_at_ms, Account.last_login_at_ms
    ).order_by(Account.name)
)
_TOKENS = Prepared(
    select(
        ApiToken.id,
        ApiToken.name,
        ApiToken.prefix,
        ApiToken.token_hash,
        ApiToken.scopes,
        ApiToken.made_by,
        ApiToken.made_at_ms,
        ApiToken.expires_at_ms,
        ApiToken.last_used_at_ms,
    ).order_by(ApiToken.id.desc())
)
_LOGIN = Prepared(
    select(Account.id, Account.name, Account.password_hash, Account.session_key).where(
        Account.name == bindparam("name")
    )
)
_KEYS = Prepared(select(Preference.key).where(Preference.key.startswith(bindparam("prefix"))))
_PREFERENCE = Prepared(select(Preference.value).where(Preference.key == bindparam("key")))
