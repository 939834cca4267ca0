"""Who asks to be forgotten is gone from every table, and every total stays what it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event as listen_to
from sqlalchemy import insert, inspect, select, update

from actions import privacy, viewers
from analytics import ledger
from core.events import Kind, Mark, Person, Platform
from ingest import erasure
from ingest.rebuild import RECOMPUTED, rebuild
from models import (
    Channel,
    CurrentSession,
    Event,
    EventStatus,
    Gift,
    Installation,
    LastSeenDay,
    Mute,
    OptOut,
    PastSession,
    Stream,
    Viewer,
    ViewerEdit,
    ViewerName,
    ViewerNews,
    ViewerTotal,
)
from tests.ingest import money
from tests.ingest.histories import LATEST, histories
from tests.ingest.tables import uses
from tests.support import (
    LENA,
    MILO,
    NOON,
    NOVA,
    OTTO,
    POLICY,
    UTC,
    act,
    chat,
    chatter,
    database,
    days,
    examples,
    fresh_database,
    minutes,
    named,
    only,
    rows,
    seconds,
    settle,
    timeout,
    write,
)

LATER = NOON + days(1)
ZELDA = Person(
    "777000777", "zeldazebra", "ZeldaZebra", "https://pictures.example/zz.png", {"bio": "zebra fan", "country": "NZ"}
)


@pytest.fixture
def db(tmp_path):
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


def id_of(db, person, platform="twitch"):
    with db.reading() as connection:
        theirs = (Viewer.platform == platform, Viewer.platform_user_id == person.user_id)
        return connection.scalar(select(Viewer.id).where(*theirs))


def erase(db, person=ZELDA, *, remember=False, now_ms=LATER, **more):
    privacy.erase(db, id_of(db, person), remember=remember, now_ms=now_ms, editor="lena", policy=POLICY, **more)


def everything(db) -> Iterator[tuple[str, str, Any]]:
    """Every value of every column of every table, those of the search index included."""
    with db.reading() as connection:
        names = inspect(connection).get_table_names()
        for name in names:
            for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').mappings():
                for column, value in row.items():
                    yield name, column, value


def found_in(db, *secrets):
    """Where any of ``secrets`` can still be read."""
    places = set()
    for name, column, value in everything(db):
        written = value if isinstance(value, bytes) else str(value).lower().encode()
        places.update((name, column, secret) for secret in secrets if secret.lower().encode() in written)
    return places


def totals(db):
    """All figures that events add up to."""
    tables = {table.__tablename__: rows(db, table) for table in RECOMPUTED}
    del tables["fresh_terms"]
    tables["stream_terms"] = uses(db)
    tables["streams"] = rows(db, Stream)
    tables["channels"] = rows(db, Channel)
    tables["viewers"] = [
        {name: row[name] for name in row if name.startswith("total_") or name.endswith("seen_at_ms")}
        for row in rows(db, Viewer)
    ]
    keys = {"channel_id", "minute", "viewer_id", "slot", "platform", "day"}
    for table in ("minute_rollups", "viewer_totals", "last_seen_days", "viewer_hours", "week_hours"):
        # Nothing but zeros: all of it was taken back.
        tables[table] = [row for row in tables[table] if any(row[name] for name in row.keys() - keys)]
    for gift in tables["gifts"]:
        del gift["id"], gift["streak_key"]  # numbered anew, and keyed by the row instead of the platform's id
    tables["gifts"].sort(key=repr)
    return tables


def history():
    """Somebody who left traces everywhere, among others."""
    renamed = Person(ZELDA.user_id, "zeldaold", "ZeldaOld")
    return [
        chat(MILO, "hello everybody", NOON - days(2)),
        chat(renamed, "first pineapple words", NOON - days(2), marks=int(Mark.FIRST | Mark.SUBSCRIBER)),
        chat(ZELDA, "my pineapple secretplan", NOON, emotes=["ZebraWave"], color="#123456", reply_to="milo"),
        chat(ZELDA, "zebra pineapple", NOON + seconds(10), amount=50),
        chat(MILO, "thanks for the pineapple", NOON + seconds(20), reply_to="zeldazebra", color="#00ff00"),
        act(Kind.SUBGIFT, OTTO, NOON + seconds(25), amount=1, recipient="zeldazebra", recipient_id="777000777"),
        act(Kind.SUBGIFT, OTTO, NOON + seconds(26), amount=1, recipient="zeldaold", plan="1000"),
        act(Kind.GIFT, ZELDA, NOON + seconds(30), amount=20, gift_id=5, name="Rose", quantity=20, diamonds=1),
        act(Kind.LIKE, ZELDA, NOON + seconds(40), amount=15),
        act(Kind.SHARE, ZELDA, NOON + seconds(41)),
        act(Kind.JOIN, Person("", "zeldazebra"), NOON + seconds(42)),
        act(Kind.DELETE, MILO, NOON + seconds(50), target="nothing"),
        chat(MILO, "see you", NOON + minutes(3)),
    ]


SECRETS = (
    "zelda",
    "777000777",
    "secretplan",
    "zebra",
    "zz.png",
    "#123456",
    "likes stripes",
    "zelda#1",
    "pineapple words",
)


def make_known(db):
    said = history()
    write(db, said[:2], now_ms=NOON)
    write(db, said[2:])
    viewers.update(
        db,
        id_of(db, ZELDA),
        {"notes": "likes stripes", "tags": ["zebra"], "birthday": "1990-05-05", "discord_username": "zelda#1"},
        editor="milo",
        now_ms=NOON + minutes(4),
    )
    viewers.set_vip(db, id_of(db, ZELDA), "Gold", editor="milo", now_ms=NOON + minutes(4))


def test_nothing_of_the_person_can_be_found_in_any_table(db):
    make_known(db)
    before = {secret for _, _, secret in found_in(db, *SECRETS)}
    assert before == set(SECRETS)
    erase(db)
    assert found_in(db, *SECRETS) == set()


@pytest.mark.sqlite
def test_nor_in_the_file_itself(tmp_path):
    """The words that were only theirs: names also stand in the search index, letter by letter."""
    db = database(tmp_path)
    make_known(db)
    erase(db)
    db.close()  # the last connection moves the write-ahead log into the file
    written = (tmp_path / "streampulse.db").read_bytes().lower()
    assert [secret for secret in SECRETS if secret.encode() in written] == []
    assert b"thanks for the pineapple" in written


def test_the_row_stays_as_nobody_s(db):
    make_known(db)
    viewer_id = id_of(db, ZELDA)
    erase(db)
    row = next(row for row in rows(db, Viewer) if row["id"] == viewer_id)
    assert row["username"] == row["platform_user_id"] == row["username"].lower()
    assert row["username"].startswith("erased:")
    assert row["erased_at_ms"] == LATER
    assert (row["total_comments"], row["total_coins_spent"], row["total_gifts_sent"]) == (3, 70, 20)
    assert (row["vip_tier_id"], row["vip_source"], row["birthday_mmdd"], row["tags"]) == (None, 0, None, "[]")
    with db.reading() as connection:
        found = named(connection, "zelda")
    assert found == []


def test_their_names_notes_edits_mutes_and_news_are_gone_and_who_erased_them_is_known(db):
    make_known(db)
    write(db, [timeout(ZELDA, NOON + minutes(5))])
    viewer_id = id_of(db, ZELDA)
    assert any(row["viewer_id"] == viewer_id for row in rows(db, Mute))
    erase(db)
    for table in (ViewerName, ViewerNews, Mute):
        assert [row for row in rows(db, table) if row["viewer_id"] == viewer_id] == [], table
    trail = [row for row in rows(db, ViewerEdit) if row["viewer_id"] == viewer_id]
    assert [(row["editor"], row["field"], row["at_ms"]) for row in trail] == [("lena", "erased", LATER)]


def test_every_total_stays_and_a_recount_finds_the_same(db):
    make_known(db)
    settle(db, LATER)
    before = totals(db)
    erase(db)
    after = totals(db)
    kept = {word for terms in after["stream_terms"].values() for word in terms}
    words = {word for terms in before["stream_terms"].values() for word in terms} - kept
    assert words >= {"secretplan", "ZebraWave", "zebra"}
    for name in before.keys() - {"stream_terms", "viewer_totals", "last_seen_days"}:
        assert after[name] == before[name], name
    with db.writing() as connection:
        rebuild(connection, POLICY, LATER)
    assert totals(db) == after


def test_what_they_gave_stays_in_the_ledger_as_nobody_s(db):
    write(db, [chat(ZELDA, "cheer100", amount=100), act(Kind.SUB, ZELDA, plan="1000"), chat(NOVA, amount=50)])
    before = money.held(db)
    erase(db)
    assert money.held(db) == before
    with db.reading() as connection:
        assert [line["user"] for line in ledger.recent(connection, 5, UTC)] == ["Nova", "", ""]


def test_words_that_others_said_too_are_still_counted(db):
    make_known(db)
    erase(db)
    assert [terms["pineapple"] for terms in uses(db).values() if terms["pineapple"]] == [1]  # Milo's


def test_one_person_less_is_counted_and_what_they_gave_stays_in_the_sums(db):
    make_known(db)
    settle(db, LATER)
    before = only(db, ViewerTotal)
    erase(db)
    after = only(db, ViewerTotal)
    assert after["viewers"] == before["viewers"] - 1
    assert (after["coins"], after["watchtime_ms"]) == (before["coins"], before["watchtime_ms"])
    assert sum(row["viewers"] for row in rows(db, LastSeenDay)) == after["viewers"]


def test_what_they_did_still_counts_and_is_shown_nowhere(db):
    make_known(db)
    viewer_id = id_of(db, ZELDA)
    erase(db)
    theirs = [row for row in rows(db, Event) if row["viewer_id"] == viewer_id]
    assert {row["status"] for row in theirs} == {EventStatus.CLEARED}
    assert {row["text"] for row in theirs} == {None}
    assert [json.loads(row["extra"]) for row in theirs if row["extra"]] == [
        {"gift_id": 5, "name": "Rose", "quantity": 20, "diamonds": 1}
    ]
    assert [gift["coins"] for gift in rows(db, Gift) if gift["viewer_id"] == viewer_id] == [20]


def test_others_messages_lose_the_name_and_nothing_else(db):
    make_known(db)
    erase(db)
    others = [
        row for row in rows(db, Event) if row["kind"] in (Kind.CHAT, Kind.SUBGIFT, Kind.JOIN) and not row["status"]
    ]
    assert [(row["text"], row["extra"] and json.loads(row["extra"])) for row in others] == [
        ("hello everybody", None),
        ("thanks for the pineapple", {"color": "#00ff00"}),
        (None, None),
        (None, {"plan": "1000"}),
        (None, None),
        ("see you", None),
    ]


def test_a_namesake_on_another_platform_is_somebody_else(db):
    make_known(db)
    write(db, [chat(MILO, "hey", NOON + minutes(4), platform=Platform.TIKTOK, reply_to="zeldazebra")])
    write(db, [chat(ZELDA, "also me", NOON + minutes(4), platform=Platform.TIKTOK)])
    erase(db)
    kept = [row["text"] for row in rows(db, Event) if "zeldazebra" in (row["extra"] or "")]
    assert kept == ["hey"]
    assert id_of(db, ZELDA, "tiktok") is not None


def test_an_open_session_ends_with_the_erasure(db):
    write(db, [chat(NOVA, at=NOON), chat(ZELDA, at=NOON)])
    erase(db, now_ms=NOON + minutes(2))
    sessions = {row["viewer_id"]: row for row in rows(db, CurrentSession)}
    assert sorted(row["left_at_ms"] is None for row in sessions.values()) == [False, True]
    tombstone = next(row for row in rows(db, Viewer) if row["erased_at_ms"])
    assert tombstone["total_watchtime_ms"] == minutes(2)
    settle(db, LATER)
    after = totals(db)
    with db.writing() as connection:
        rebuild(connection, POLICY, LATER)
    assert totals(db) == after


def test_who_comes_back_unremembered_is_somebody_new(db):
    make_known(db)
    erase(db)
    write(db, [chat(ZELDA, "hello again", LATER)])
    newcomer = next(row for row in rows(db, Viewer) if row["username"] == "zeldazebra")
    assert (newcomer["total_comments"], newcomer["first_seen_at_ms"]) == (1, LATER)


def test_who_is_remembered_is_not_recorded_again_and_known_by_hashes_only(db):
    make_known(db)
    erase(db, remember=True)
    late = [chat(ZELDA, "hello again", LATER), act(Kind.JOIN, Person("", "zeldazebra"), LATER)]
    assert write(db, late).dropped == {"opted_out": 2}
    assert len(rows(db, OptOut)) == 3  # the id and two names
    assert found_in(db, *SECRETS) == set()


def test_nobody_can_be_erased_twice(db):
    make_known(db)
    viewer_id = id_of(db, ZELDA)
    erase(db)
    with pytest.raises(viewers.NoSuchViewer):
        privacy.erase(db, viewer_id, remember=True, now_ms=LATER)
    with pytest.raises(viewers.NoSuchViewer):
        privacy.erase(db, viewer_id + 1_000, remember=True, now_ms=LATER)


def test_a_long_life_is_erased_in_steps(db, monkeypatch):
    monkeypatch.setattr(erasure, "STEP", 10)
    monkeypatch.setattr(erasure, "MENTIONS_STEP", 7)
    said = [chat(ZELDA, f"pineapple zebra{number % 3}", NOON + seconds(number // 2)) for number in range(57)]
    write(db, said)
    write(db, [chat(MILO, "yes", NOON + seconds(60 + number), reply_to="zeldazebra") for number in range(9)])
    settle(db, LATER)
    begun = []
    listen_to.listen(db.engine, "begin", lambda connection: begun.append(connection))
    erase(db)
    assert len(begun) > 57 // 10 + 66 // 7
    assert found_in(db, *SECRETS) == set()
    after = totals(db)
    with db.writing() as connection:
        rebuild(connection, POLICY, LATER)
    assert totals(db) == after


def test_an_erasure_comes_to_an_end_however_far_apart_the_numbers_of_events_are(db):
    """CockroachDB's hold the time: between two of them may lie more than all others together."""
    write(db, [chat(ZELDA, "pineapple"), answer := chat(MILO, "yes", reply_to="zeldazebra")])
    with db.writing() as connection:
        connection.execute(update(Event).where(Event.at_ms == answer.at_ms).values(id=Event.id + 10**17))
    erase(db)
    assert found_in(db, *SECRETS) == set()


def test_an_interrupted_erasure_is_taken_up_again(db, monkeypatch):
    monkeypatch.setattr(erasure, "STEP", 2)
    make_known(db)
    clean, calls = erasure.clean_events, []

    def breaks(*given):
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return clean(*given)

    monkeypatch.setattr(erasure, "clean_events", breaks)
    with pytest.raises(KeyboardInterrupt):
        erase(db)
    assert id_of(db, ZELDA) is None
    assert found_in(db, "zebra") != set()
    assert privacy.finish(db) == 1
    assert found_in(db, *SECRETS) == set()
    assert privacy.finish(db) == 0
    settle(db, LATER)
    after = totals(db)
    with db.writing() as connection:
        rebuild(connection, POLICY, LATER)
    assert totals(db) == after


def test_who_opts_out_is_kept_as_known_and_recorded_no_more(db):
    make_known(db)
    settle(db, LATER)
    before = [rows(db, table) for table in (Viewer, Event, Gift)]
    assert privacy.opt_out(db, "twitch", ZELDA.user_id, ZELDA.login, now_ms=LATER, policy=POLICY)
    assert not privacy.opt_out(db, "twitch", ZELDA.user_id, ZELDA.login, now_ms=LATER, policy=POLICY)
    assert write(db, [chat(ZELDA, "unheard", LATER)]).dropped == {"opted_out": 1}
    assert [rows(db, table) for table in (Viewer, Event, Gift)] == before
    assert privacy.opt_in(db, "twitch", ZELDA.user_id, ZELDA.login)
    assert not privacy.opt_in(db, "twitch", ZELDA.user_id, ZELDA.login)
    assert write(db, [chat(ZELDA, "heard", LATER)]).stored == 1


def test_to_opt_out_ends_the_visit(db):
    write(db, [chat(ZELDA, at=NOON)])
    privacy.opt_out(db, "twitch", ZELDA.user_id, ZELDA.login, now_ms=NOON + minutes(1), policy=POLICY)
    assert only(db, CurrentSession)["left_at_ms"] == NOON + minutes(1)


def test_who_asks_to_be_forgotten_is_erased_and_remembered_known_or_not(db):
    make_known(db)
    assert privacy.forget_me(db, "twitch", ZELDA.user_id, ZELDA.login, now_ms=LATER, policy=POLICY)
    assert not privacy.forget_me(db, "twitch", "5", "stranger", now_ms=LATER, policy=POLICY)
    assert found_in(db, *SECRETS, "stranger") == set()
    dropped = write(db, [chat(ZELDA, at=LATER), chat(Person("5", "stranger"), at=LATER)]).dropped
    assert dropped == {"opted_out": 2}


def imported_by_name(db):
    values = {"platform": "twitch", "platform_user_id": "name:zeldazebra", "username": "zeldazebra"}
    values |= {"display_name": "ZeldaZebra", "first_seen_at_ms": NOON, "last_seen_at_ms": NOON, "notes": "allergic"}
    with db.writing() as connection:
        return connection.execute(insert(Viewer).values(values).returning(Viewer.id)).scalar_one()


def test_who_was_imported_by_name_stays_forgotten_when_the_platform_tells_their_id(db):
    privacy.erase(db, imported_by_name(db), remember=True, now_ms=LATER)
    assert write(db, [chat(ZELDA, at=LATER)]).dropped == {"opted_out": 1}


def test_who_was_imported_by_name_and_erased_can_be_recorded_again_if_they_ask_for_it(db):
    privacy.erase(db, imported_by_name(db), remember=True, now_ms=LATER)
    assert write(db, [chat(ZELDA, at=LATER)]).dropped == {"opted_out": 1}
    assert privacy.opt_in(db, "twitch", ZELDA.user_id, ZELDA.login)
    assert write(db, [chat(ZELDA, at=LATER)]).stored == 1


def test_who_was_imported_by_name_is_forgotten_when_they_ask_for_it_with_the_first_they_say(db):
    imported_by_name(db)
    assert privacy.forget_me(db, "twitch", ZELDA.user_id, ZELDA.login, now_ms=LATER, policy=POLICY)
    assert found_in(db, ZELDA.login, "allergic") == set()
    assert privacy.opt_in(db, "twitch", ZELDA.user_id, ZELDA.login)
    assert rows(db, OptOut) == []


thorough = examples(15)


@thorough
@given(histories(), st.sampled_from([NOVA, OTTO, LENA]), st.booleans())
def test_whatever_happened_a_recount_after_an_erasure_finds_the_same(events, whom, settled):
    with fresh_database() as db:
        write(db, events, now_ms=LATEST)
        if settled:
            settle(db, LATEST)
        if id_of(db, whom) is None:
            return
        erase(db, whom, now_ms=LATEST)
        settle(db, LATEST)
        after = totals(db)
        with db.writing() as connection:
            rebuild(connection, POLICY, LATEST)
        recounted = totals(db)
        for name, found in after.items():
            assert recounted[name] == found, name


def test_people_around_somebody_erased_are_untouched(db):
    crowd = [chat(chatter(number), "hi", NOON + number) for number in range(20)]
    write(db, [*crowd, chat(ZELDA, "hi", NOON)])
    settle(db, LATER)
    before = [row for row in rows(db, Viewer) if row["username"] != "zeldazebra"]
    erase(db)
    assert [row for row in rows(db, Viewer) if not row["erased_at_ms"]] == before
    assert rows(db, PastSession) == []
    assert not [row for row in rows(db, Installation) if row["key"].startswith("erasing:")]


@pytest.mark.sqlite
def test_the_connections_delete_plainly_again_afterwards(db):
    make_known(db)
    erase(db)
    with db.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 0
