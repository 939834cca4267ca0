"""Accounts and tokens in both databases: names are given once, and somebody who may make owners is always left."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actions import accounts, tokens
from actions.accounts import LastOwner, NoSuchAccount
from analytics import accounts as known
from core.clock import DAY_MS
from core.db import Database
from init_db import upgrade
from rules.accounts import Role, Unfit
from tests import support
from tests.support import NOON


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        fresh = support.database(tmp_path)
    else:
        fresh = Database(request.getfixturevalue("postgres").new_database())
        upgrade(fresh)
    yield fresh
    fresh.close()


def add(db: Database, name: str, role: Role = Role.OWNER) -> int:
    return accounts.add(db, name, role, "a hash", env_owner="admin", now_ms=NOON)


def roles(db: Database) -> dict[str, str]:
    with db.reading() as connection:
        return {account.name: account.role for account in known.accounts(connection)}


def test_a_name_is_given_once(db: Database):
    add(db, "Mila")
    with pytest.raises(Unfit, match="already"):
        add(db, "mila")
    with pytest.raises(Unfit, match=r"\.env"):
        add(db, "Admin")
    assert roles(db) == {"mila": "owner"}


def test_two_owners_who_demote_each_other_at_once_do_not_both_succeed(db: Database):
    ids = [add(db, "mila"), add(db, "ben")]

    def demote(account_id: int) -> bool:
        try:
            accounts.set_role(db, account_id, Role.READ_ONLY, has_env_owner=False)
        except LastOwner:
            return False
        return True

    with ThreadPoolExecutor(2) as at_once:
        assert sorted(at_once.map(demote, ids)) == [False, True]
    assert sorted(roles(db).values()) == ["owner", "read-only"]


def test_the_last_owner_stays_unless_env_has_one(db: Database):
    mila = add(db, "mila")
    with pytest.raises(LastOwner):
        accounts.remove(db, mila, has_env_owner=False)
    accounts.remove(db, mila, has_env_owner=True)
    with pytest.raises(NoSuchAccount):
        accounts.remove(db, mila, has_env_owner=True)


def test_a_login_is_found_by_a_name_as_it_is_written_and_never_by_what_is_none(db: Database):
    mila = add(db, "mila")
    with db.reading() as connection:
        found = known.login(connection, " MILA")
        assert found is not None
        assert (found.id, found.name) == (mila, "mila")
        for name in ("", "mil", "mila\u0000", "mila' OR 1=1", "\ud800"):
            assert known.login(connection, name) is None


def test_all_sessions_of_the_owner_of_env_end_by_a_new_generation(db: Database):
    def generation() -> str:
        with db.reading() as connection:
            return known.owner_generation(connection, accounts.OWNER_SESSIONS)

    assert generation() == ""
    accounts.end_sessions(db, None)
    first = generation()
    accounts.end_sessions(db, None)
    assert len({"", first, generation()}) == 3


def test_a_token_is_kept_as_a_hash_and_ends_when_it_was_said_to(db: Database):
    made = tokens.make(db, "bot", ["write"], made_by="admin", now_ms=NOON, days=1)
    tokens.note_uses(db, {made.id: NOON + 5})
    with db.reading() as connection:
        (found,) = known.tokens(connection)
    assert found.token_hash == tokens.hash_of(made.token)
    assert found.last_used_at_ms == NOON + 5
    assert not found.has_expired(NOON + DAY_MS - 1)
    assert found.has_expired(NOON + DAY_MS)
    assert made.token not in repr(made) + repr(found)
    tokens.revoke(db, made.id)
    with pytest.raises(tokens.NoSuchToken):
        tokens.revoke(db, made.id)
