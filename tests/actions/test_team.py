"""Accounts and tokens from the command line."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import init_db
from actions import accounts, passwords
from core.db import Database
from models import Account, ApiToken
from tests.support import NOON, database, rows

Command = Callable[..., tuple[int, str, str]]
PASS_PHRASE = "every day is a good day"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


@pytest.fixture
def command(db: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("DATABASE_URL", db.url.render_as_string(hide_password=False))

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        """(exit code, what it said, what it complained of); ``typed`` comes through a pipe."""
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = init_db.main(arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_an_account_gets_the_password_that_comes_through_a_pipe(db: Database, command: Command):
    code, said, _ = command("--add-user", "Mila", "--role", "moderator", typed=f"{PASS_PHRASE}\n")
    assert code == 0
    assert "mila may log in, as moderator" in said
    assert PASS_PHRASE not in said
    (row,) = rows(db, Account)
    assert (row["name"], row["role"]) == ("mila", "moderator")
    assert passwords.fits(row["password_hash"], PASS_PHRASE)


def test_without_one_a_password_is_made_up_and_shown_once(db: Database, command: Command):
    _, said, _ = command("--add-user", "rita")
    (password,) = re.findall(r"the password is (\S+)", said)
    (row,) = rows(db, Account)
    assert row["role"] == "read-only", "the least that an account may be"
    assert passwords.fits(row["password_hash"], password)
    assert password not in command("--list-users")[1]


def test_on_a_terminal_a_password_is_asked_for_twice(db: Database, command: Command, monkeypatch: pytest.MonkeyPatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def answers(*words: str) -> None:
        given = iter(words)
        monkeypatch.setattr("getpass.getpass", lambda _prompt: next(given))

    monkeypatch.setattr("io.StringIO", Terminal)
    answers(PASS_PHRASE, "something else")
    assert command("--add-user", "mila") == (
        2,
        "",
        "init_db.py: these were two different passwords\n",
    )
    answers(PASS_PHRASE, PASS_PHRASE)
    assert command("--add-user", "mila")[0] == 0
    assert passwords.fits(rows(db, Account)[0]["password_hash"], PASS_PHRASE)


def test_a_new_password_ends_all_sessions(db: Database, command: Command):
    command("--add-user", "mila", typed=PASS_PHRASE)
    before = rows(db, Account)[0]
    assert command("--set-password", "MILA", typed="another pass phrase")[0] == 0
    after = rows(db, Account)[0]
    assert passwords.fits(after["password_hash"], "another pass phrase")
    assert after["session_key"] != before["session_key"]


def test_roles_are_changed_and_accounts_removed(db: Database, command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DASHBOARD_PASSWORD", "the owner's")
    command("--add-user", "mila", "--role", "owner")
    assert command("--set-role", "mila", "--role", "read-only")[0] == 0
    assert "admin  owner  (in .env)\nmila  read-only\n" in command("--list-users")[1]
    assert command("--remove-user", "mila")[0] == 0
    assert rows(db, Account) == []


@pytest.mark.parametrize(
    ("arguments", "typed", "why"),
    [
        (("--add-user", "a b"), "", "name: "),
        (("--add-user", "admin"), "", "the owner of .env"),
        (("--add-user", "mila"), "short", "at least 10"),
        (("--add-user", "ben"), "", "already"),
        (("--set-role", "ben"), "", "--role"),
        (("--set-role", "ben", "--role", "moderator"), "", "last owner"),
        (("--remove-user", "ben"), "", "last owner"),
        (("--remove-user", "nobody"), "", "'nobody'"),
        (("--set-password", "nobody"), "", "'nobody'"),
        (("--add-token", "x"), "", "--scope"),
        (("--add-token", "", "--scope", "read"), "", ""),
        (("--add-token", "x", "--scope", "read", "--expires-days", "0"), "", "days"),
        (("--revoke-token", "sp_nothing"), "", "--list-tokens"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_changes_nothing(
    db: Database, command: Command, arguments: tuple[str, ...], typed: str, why: str
):
    accounts.add(db, "ben", accounts.Role.OWNER, "no hash", env_owner="admin", now_ms=NOON)
    before = rows(db, Account), rows(db, ApiToken)
    code, _, complaint = command(*arguments, typed=typed)
    assert (rows(db, Account), rows(db, ApiToken)) == before
    if why:
        assert code == 2
        assert complaint.count("\n") == 1
        assert why in complaint


def test_a_token_is_shown_once_listed_and_revoked(db: Database, command: Command):
    _, said, _ = command("--add-token", "night bot", "--scope", "write", "read", "--expires-days", "30")
    (token,) = re.findall(r"the token is (\S+)", said)
    listed = command("--list-tokens")[1]
    assert f"{token[:9]}…  read write  night bot  (never used, ends " in listed
    assert token not in listed + str(rows(db, ApiToken))
    assert command("--revoke-token", token[:9])[0] == 0
    assert rows(db, ApiToken) == []
