"""Orders about accounts: who may log in, as what, and when all their sessions end."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping

from sqlalchemy import Connection, delete, func, select, update

from actions import calm
from actions.preferences import keep
from core.db import Database
from core.statements import insert_for
from models import Account, Preference
from rules.accounts import Role, Unfit, checked_name

MOST_ACCOUNTS = 100
ENDED = "ended_session:"  # begins keys in `preferences`: sessions that somebody has logged out of
OWNER_SESSIONS = "owner_sessions"  # the key in `preferences`: what ends the sessions of .env's owner


class NoSuchAccount(LookupError):
    """There is none of that number or name."""


class LastOwner(Exception):
    """Nobody would be left who may make another owner."""


def add(database: Database, name: str, role: Role, password_hash: str, *, env_owner: str, now_ms: int) -> int:
    """Answers the new account's number. ``env_owner``: the name that ``.env`` gives its owner. Raises Unfit."""
    name = checked_name(name)
    if name == env_owner.strip().lower():
        raise Unfit("name", "this is the owner of .env")
    row = {"name": name, "role": role.value, "password_hash": password_hash, "session_key": _new_key()}
    with database.writing() as connection:
        if connection.scalar(select(func.count()).select_from(Account)) >= MOST_ACCOUNTS:  # type: ignore[operator]
            raise Unfit("name", f"there are {MOST_ACCOUNTS} accounts already")
        statement = insert_for(connection)(Account).values(row | {"made_at_ms": now_ms})
        made = connection.scalar(statement.on_conflict_do_nothing(index_elements=["name"]).returning(Account.id))
        if made is None:
            raise Unfit("name", f"there is already an account {name!r}")
        return int(made)


def set_role(database: Database, account_id: int, role: Role, *, has_env_owner: bool) -> None:
    """Raises NoSuchAccount and LastOwner."""
    with database.writing() as connection:
        if role is not Role.OWNER:
            _keep_an_owner(connection, account_id, has_env_owner=has_env_owner)
        _change(connection, account_id, role=role.value)


def set_password(database: Database, account_id: int, password_hash: str) -> str:
    """Ends all sessions that the old one opened; answers the key of new ones. Raises NoSuchAccount."""
    key = _new_key()
    with database.writing() as connection:
        _change(connection, account_id, password_hash=password_hash, session_key=key)
    return key


def end_sessions(database: Database, account_id: int | None) -> None:
    """Of an account, or (None) of the owner of ``.env``. Raises NoSuchAccount."""
    with database.writing() as connection:
        if account_id is not None:
            _change(connection, account_id, session_key=_new_key())
            return
        keep(connection, OWNER_SESSIONS, {"generation": _new_key()})


def end_session(database: Database, session_id: str, *, until_ms: int, now_ms: int) -> None:
    """Of one browser. Its cookie is worth nothing from now on; it would be forgotten by itself at ``until_ms``."""
    with database.writing() as connection:
        keep(connection, ENDED + session_id, {"until_ms": until_ms})
        rows = connection.execute(select(Preference.key, Preference.value).where(Preference.key.startswith(ENDED)))
        old = [row.key for row in rows if json.loads(row.value)["until_ms"] < now_ms]
        connection.execute(delete(Preference).where(Preference.key.in_(old)))


def remove(database: Database, account_id: int, *, has_env_owner: bool) -> None:
    """Raises NoSuchAccount and LastOwner."""
    with database.writing() as connection:
        _keep_an_owner(connection, account_id, has_env_owner=has_env_owner)
        if not connection.execute(delete(Account).where(Account.id == account_id)).rowcount:
            raise NoSuchAccount(account_id)
        keep(connection, calm.key_of(account_id), {})  # the next account of this number is somebody else


def number_of(database: Database, name: str) -> int:
    """Raises NoSuchAccount."""
    with database.reading() as connection:
        found = connection.scalar(select(Account.id).where(Account.name == name.strip().lower()))
    if found is None:
        raise NoSuchAccount(name)
    return found


def note_logins(database: Database, logins: Mapping[int, int]) -> None:
    """When each account (by number) last logged in, UTC milliseconds."""
    with database.writing() as connection:
        for account_id, at_ms in logins.items():
            connection.execute(update(Account).where(Account.id == account_id).values(last_login_at_ms=at_ms))


def _keep_an_owner(connection: Connection, account_id: int, *, has_env_owner: bool) -> None:
    # Locked, so that two owners cannot take the role from each other at once.
    owners = select(Account.id).where(Account.role == Role.OWNER.value).with_for_update()
    if not has_env_owner and list(connection.scalars(owners)) == [account_id]:
        raise LastOwner("this is the last owner: make another one first")


def _change(connection: Connection, account_id: int, **values: str) -> None:
    if not connection.execute(update(Account).where(Account.id == account_id).values(values)).rowcount:
        raise NoSuchAccount(account_id)


def _new_key() -> str:
    return secrets.token_hex(16)
