"""Who asked not to be recorded: known by hashes only, and left out of what is written."""

from __future__ import annotations

import pytest
from sqlalchemy import event as listen_to

from core.events import Kind, Person, Platform
from ingest import privacy
from models import OptOut
from tests.support import MILO, NOVA, OTTO, SAM, act, chat, database, rows


@pytest.fixture
def db(tmp_path):
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


def opt_out(db, person, platform="twitch"):
    with db.writing() as connection:
        salt = privacy.salt(connection)
        hashes = [
            privacy.person_hash(salt, platform, person.user_id),
            privacy.login_hash(salt, platform, person.login),
        ]
        privacy.remember(connection, hashes, 1)


def kept(db, events):
    with db.writing() as connection:
        return privacy.without_opted_out(connection, events)


def test_the_salt_is_made_once_and_is_each_database_s_own(db, tmp_path):
    other = database(tmp_path, "other.db")
    with db.writing() as connection, other.writing() as elsewhere:
        first = privacy.salt(connection)
        assert privacy.salt(connection) == first
        assert len(first) == 64
        assert privacy.salt(elsewhere) != first
    other.close()


def test_a_hash_tells_platforms_ids_and_logins_apart(db):
    hashes = {
        privacy.person_hash("s", "twitch", "300"),
        privacy.person_hash("s", "tiktok", "300"),
        privacy.person_hash("t", "twitch", "300"),
        privacy.person_hash("s", "twitch", "30"),
        privacy.login_hash("s", "twitch", "300"),
    }
    assert len(hashes) == 5
    assert privacy.login_hash("s", "twitch", "Nova") == privacy.login_hash("s", "twitch", "nova")


def test_the_person_s_events_are_dropped_and_counted_and_nobody_else_s(db):
    opt_out(db, NOVA)
    events = [chat(NOVA), chat(MILO), act(Kind.LIKE, NOVA, amount=3), chat(NOVA, platform=Platform.TIKTOK)]
    assert kept(db, events) == ([events[1], events[3]], 2)


def test_a_login_counts_only_where_no_id_is_told(db):
    opt_out(db, NOVA)
    joined = act(Kind.JOIN, Person("", "Nova"))
    heiress = chat(Person("301", "nova", "Nova"))  # the name was free and somebody else took it
    renamed = chat(Person("300", "nova2", "Nova2"))
    assert kept(db, [joined, heiress, renamed]) == ([heiress], 2)


def test_what_others_do_names_them_no_more(db):
    opt_out(db, NOVA)
    answer = chat(MILO, "@nova hi", reply_to="nova", color="#fff")
    gift = act(Kind.SUBGIFT, OTTO, amount=1, recipient="Nova")
    untouched = act(Kind.SUBGIFT, OTTO, amount=1, recipient="sam")
    found, dropped = kept(db, [answer, gift, untouched])
    assert dropped == 0
    assert [dict(event.extra) for event in found] == [{"color": "#fff"}, {}, {"recipient": "sam"}]
    assert found[0].text == "@nova hi"


def test_nor_by_a_name_that_they_took_since(db):
    opt_out(db, NOVA)
    renamed = chat(Person("300", "supernova", "SuperNova"))
    early, late = (chat(MILO, "hi", reply_to="supernova") for _ in range(2))
    found, dropped = kept(db, [early, renamed])
    assert (dropped, [dict(event.extra) for event in found]) == (1, [{}])
    joined = act(Kind.JOIN, Person("", "supernova"))
    found, dropped = kept(db, [late, joined])
    assert (dropped, [dict(event.extra) for event in found]) == (1, [{}])


def test_nothing_of_them_can_be_read_from_the_list(db):
    opt_out(db, NOVA)
    listed = repr(rows(db, OptOut)).lower()
    assert "nova" not in listed
    assert "'300'" not in listed


def test_who_is_taken_off_the_list_is_recorded_again(db):
    opt_out(db, NOVA)
    opt_out(db, SAM)
    with db.writing() as connection:
        salt = privacy.salt(connection)
        theirs = [privacy.person_hash(salt, "twitch", "300"), privacy.login_hash(salt, "twitch", "nova")]
        assert privacy.forget(connection, theirs)
        assert not privacy.forget(connection, theirs)
    events = [chat(NOVA), chat(SAM)]
    assert kept(db, events) == ([events[0]], 1)


@pytest.mark.sqlite
def test_while_nobody_opted_out_it_costs_one_question(db):
    asked = []
    listen_to.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    events = [chat(NOVA), chat(MILO)]
    assert kept(db, events) == (events, 0)
    assert len([sql for sql in asked if sql.lstrip().startswith("SELECT")]) == 1
