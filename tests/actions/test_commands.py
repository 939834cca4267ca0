"""What people may order in chat for themselves."""

from __future__ import annotations

import pytest

from actions import commands
from core.events import Person, Platform
from models import OptOut, Viewer
from tests.support import NOON, NOVA, OTTO, POLICY, chat, database, minutes, rows, settle, write

LATER = NOON + minutes(30)


@pytest.fixture
def db(tmp_path):
    fresh = database(tmp_path)
    write(fresh, [chat(NOVA), chat(OTTO)])
    settle(fresh, LATER)
    yield fresh
    fresh.close()


def order(db, command, who=NOVA, **more):
    event = chat(who, f"!{command}", LATER, **more)
    return commands.carry_out(db, event, command, now_ms=LATER, policy=POLICY)


def recorded(db, who):
    return write(db, [chat(who, at=LATER)]).stored == 1


def names(db):
    return {row["display_name"] for row in rows(db, Viewer)}


def test_optout_keeps_what_is_known_and_records_no_more(db):
    told = order(db, "optout")
    assert told == (
        "Nova, from now on nothing more of you is recorded. !forgetme erases what there is, !optin undoes this."
    )
    assert not recorded(db, NOVA)
    assert recorded(db, OTTO)
    assert names(db) == {"Nova", "Otto"}
    assert "already" in order(db, "optout")


def test_forgetme_erases_and_records_no_more(db):
    assert order(db, "forgetme") == (
        "Nova, what was recorded of you is erased, and from now on nothing is recorded. !optin undoes the latter."
    )
    assert not recorded(db, NOVA)
    assert names(db) == {"", "Otto"}
    assert "nothing to erase" in order(db, "forgetme")


def test_who_was_never_recorded_may_ask_all_the_same(db):
    stranger = Person("77", "stranger", "Stranger")
    assert "nothing to erase" in order(db, "forgetme", stranger)
    assert not recorded(db, stranger)


def test_who_opted_out_can_still_be_forgotten(db):
    order(db, "optout")
    assert "is erased" in order(db, "forgetme")
    assert names(db) == {"", "Otto"}


@pytest.mark.parametrize("before", ["optout", "forgetme"])
def test_optin_undoes_both(db, before):
    order(db, before)
    assert order(db, "optin") == "Nova, you are recorded again from now on."
    assert rows(db, OptOut) == []
    assert recorded(db, NOVA)
    assert order(db, "optin") == "Nova, you had not opted out."


def test_an_order_is_for_one_s_own_account_on_that_platform(db):
    write(db, [chat(NOVA, platform=Platform.TIKTOK)])
    order(db, "forgetme")
    assert names(db) == {"", "Otto", "Nova"}
    assert write(db, [chat(NOVA, at=LATER, platform=Platform.TIKTOK)]).stored == 1


def test_the_prefix_is_the_bot_s(db):
    event = chat(NOVA, "?optout", LATER)
    told = commands.carry_out(db, event, "optout", now_ms=LATER, policy=POLICY, prefix="?")
    assert "?forgetme" in (told or "")


@pytest.mark.parametrize("command", ["pulse", "", "optouts", "OPTOUT", "erase"])
def test_other_commands_are_not_ours(db, command):
    assert order(db, command) is None
    assert rows(db, OptOut) == []


@pytest.mark.parametrize("who", [None, Person("", "nova", "Nova")])
def test_who_cannot_be_told_from_others_orders_nothing(db, who):
    assert order(db, "forgetme", who) is None
    assert "Nova" in names(db)
