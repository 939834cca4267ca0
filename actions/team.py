"""Accounts and tokens by hand, from the command line: asks for passwords, does what is asked, and tells of it."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sqlalchemy import select

from actions import accounts, passwords, tokens
from core.clock import iso, now_ms
from core.config import Settings
from core.db import Database
from models import Account, ApiToken
from rules.accounts import LONGEST_PASSWORD, Role, Scope, Unfit, checked_name, checked_password

# Options that are a part of another.
PARTS = {"role": ("add_user", "set_role"), "scope": ("add_token",), "expires_days": ("add_token",)}
ONCE = "keep it safe: it is shown only now"


class NotDone(Exception):
    """It cannot be done; the message is one line that says why."""


def add_options(parser: ArgumentParser) -> None:
    team = parser.add_argument_group(
        "the team", "Passwords are asked for, or read from a pipe; without either one is made up and shown."
    )
    team.add_argument("--add-user", metavar="NAME", help="make an account")
    team.add_argument(
        "--role", choices=[str(one) for one in Role], help="of --add-user (read-only), or the new one with --set-role"
    )
    team.add_argument("--set-role", metavar="NAME", help="give an account the role of --role")
    team.add_argument("--set-password", metavar="NAME", help="give an account a new password, and end its sessions")
    team.add_argument("--remove-user", metavar="NAME", help="remove an account, and end its sessions")
    team.add_argument("--list-users", action="store_true", help="print the accounts and their roles")
    team.add_argument("--add-token", metavar="NAME", help="make an API token, and show it once")
    team.add_argument("--scope", nargs="+", choices=[str(one) for one in Scope], help="of --add-token: what it opens")
    team.add_argument("--expires-days", type=int, metavar="N", help="of --add-token: when it ends by itself (never)")
    team.add_argument("--revoke-token", metavar="PREFIX", help="revoke the token that begins so, as --list-tokens says")
    team.add_argument("--list-tokens", action="store_true", help="print the tokens' first letters, scopes and uses")


def run(arguments: Namespace, database: Database, settings: Settings) -> Iterator[str]:
    """Does what ``arguments`` ask for, and answers line by line what became of it. Raises NotDone."""
    try:
        yield from _run(arguments, database, settings)
    except Unfit as error:
        raise NotDone(f"--expires-days: {error.why}" if error.field == "days" else str(error)) from error
    except accounts.NoSuchAccount as error:
        raise NotDone(f"there is no account {error.args[0]!r}") from error
    except accounts.LastOwner as error:
        raise NotDone(str(error)) from error
    except tokens.NoSuchToken as error:
        raise NotDone(f"there is no token that begins with {error.args[0]!r}: see --list-tokens") from error


def _run(arguments: Namespace, database: Database, settings: Settings) -> Iterator[str]:
    has_env_owner = bool(settings.dashboard_password)
    if arguments.add_user:
        yield from _add_user(database, arguments.add_user, Role(arguments.role or Role.READ_ONLY), settings)
    if arguments.set_role:
        if not arguments.role:
            raise NotDone("--set-role: say which with --role")
        number = accounts.number_of(database, arguments.set_role)
        accounts.set_role(database, number, Role(arguments.role), has_env_owner=has_env_owner)
        yield f"{arguments.set_role} is {arguments.role} now"
    if arguments.set_password:
        yield from _set_password(database, arguments.set_password)
    if arguments.remove_user:
        number = accounts.number_of(database, arguments.remove_user)
        accounts.remove(database, number, has_env_owner=has_env_owner)
        yield f"{arguments.remove_user} is removed"
    if arguments.list_users:
        yield from _users(database, settings)
    if arguments.add_token:
        yield from _add_token(database, arguments)
    if arguments.revoke_token:
        gone = tokens.revoke_by_prefix(database, arguments.revoke_token)
        yield f"revoked {gone} token{'s' if gone > 1 else ''}"
    if arguments.list_tokens:
        yield from _tokens(database, settings.zone)


def _add_user(database: Database, name: str, role: Role, settings: Settings) -> Iterator[str]:
    name = checked_name(name)
    password, is_made_up = _password(name)
    hashed = passwords.hash_of(password)
    accounts.add(database, name, role, hashed, env_owner=settings.dashboard_username, now_ms=now_ms())
    yield f"{name} may log in, as {role}"
    if not settings.dashboard_password:
        yield "but not yet: without DASHBOARD_PASSWORD the dashboard is open to this machine, and to nobody else"
    if is_made_up:
        yield f"the password is {password}  ({ONCE})"


def _set_password(database: Database, name: str) -> Iterator[str]:
    number = accounts.number_of(database, name)
    password, is_made_up = _password(name)
    accounts.set_password(database, number, passwords.hash_of(password))
    yield f"{name} has a new password; all sessions have ended"
    if is_made_up:
        yield f"the password is {password}  ({ONCE})"


def _password(name: str) -> tuple[str, bool]:
    """A password for ``name``, and whether it was made up because nobody gave one. Raises Unfit and NotDone."""
    if not sys.stdin.isatty():
        given = sys.stdin.readline(LONGEST_PASSWORD + 2).rstrip("\r\n")
    else:
        given = getpass.getpass(f"Password for {name} (empty: one is made up): ")
        if given and getpass.getpass("Once more: ") != given:
            raise NotDone("these were two different passwords")
    return (checked_password(given, name), False) if given else (passwords.made_up(), True)


def _users(database: Database, settings: Settings) -> Iterator[str]:
    if settings.dashboard_password:
        yield f"{settings.dashboard_username}  {Role.OWNER}  (in .env)"
    with database.reading() as connection:
        for row in connection.execute(select(Account.name, Account.role).order_by(Account.name)):
            yield f"{row.name}  {row.role}"


def _add_token(database: Database, arguments: Namespace) -> Iterator[str]:
    if not arguments.scope:
        raise NotDone(f"--add-token: say with --scope what it opens: {', '.join(Scope)}")
    made = tokens.make(
        database,
        arguments.add_token,
        arguments.scope,
        made_by="init_db.py",
        now_ms=now_ms(),
        days=arguments.expires_days,
    )
    yield f"the token is {made.token}  ({ONCE})"


def _tokens(database: Database, zone: ZoneInfo) -> Iterator[str]:
    with database.reading() as connection:
        for row in connection.execute(select(ApiToken.__table__).order_by(ApiToken.id)):
            used = f"used {iso(row.last_used_at_ms, zone)}" if row.last_used_at_ms else "never used"
            ends = f", ends {iso(row.expires_at_ms, zone)}" if row.expires_at_ms else ""
            yield f"{row.prefix}…  {row.scopes}  {row.name}  ({used}{ends})"
