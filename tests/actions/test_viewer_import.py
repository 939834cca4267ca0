"""Lists of viewers from elsewhere: all of it or nothing, and twice is the same as once."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, insert, select

from actions import privacy, viewer_import, viewer_matching, viewers
from analytics import viewer_export
from core.events import Kind, Person, Platform
from ingest.rebuild import rebuild
from models import (
    Event,
    IgnoredName,
    Installation,
    LastSeenDay,
    Viewer,
    ViewerBaseline,
    ViewerEdit,
    ViewerName,
    ViewerNews,
    ViewerTotal,
    VipSource,
)
from rules.birthdays import EARLIEST_YEAR
from rules.profiles import Invalid
from tests.support import (
    MILO,
    NOON,
    NOVA,
    POLICY,
    UTC,
    act,
    chat,
    database,
    days,
    examples,
    fresh_database,
    named,
    rows,
    settle,
    write,
)

LATER = NOON + days(2)
TABLES = (Viewer, ViewerBaseline, ViewerEdit, ViewerNews, ViewerTotal, LastSeenDay, Installation)


@pytest.fixture
def db(tmp_path):
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


def run(db, content, **more):
    given_ = {"editor": "lena", "now_ms": LATER, "policy": POLICY} | more
    return viewer_import.run(db, content, **given_)


def everything(db):
    return {table.__tablename__: rows(db, table) for table in TABLES}


def person(db, username):
    (found,) = [row for row in rows(db, Viewer) if row["username"] == username]
    return found


def counts(report):
    return (report.new, report.changed, report.unchanged)


def refused(db, content, **more):
    before = everything(db)
    with pytest.raises(Invalid) as caught:
        run(db, content, **more)
    assert everything(db) == before
    return caught.value.details[0]


def errors(db, content, **more):
    before = everything(db)
    report = run(db, content, **more)
    assert not report.done
    assert everything(db) == before
    return [(error["line"], error["column"], error["message"]) for error in report.errors]


def test_a_list_becomes_people(db):
    report = run(
        db,
        "Username,Display Name,Birthday,Notes,Tags,Discord,Favourite,Tier,Country,"
        "First seen,Coins,Hours watched,Visits\n"
        '@ZeldaZebra,Zelda,1990-05-05,"likes tea,\nand cats","Regular; cats,regular",zelda,yes,gold,NZ,2024-03-01,'
        "12000,1.5,40\n"
        "milo,,,,,,,,,,,,\n",
        platform="twitch",
    )
    assert counts(report) == (2, 0, 0)
    assert report.done
    zelda = person(db, "zeldazebra")
    assert zelda["platform"] == "twitch"
    assert zelda["platform_user_id"] == "name:zeldazebra"
    assert (zelda["display_name"], zelda["birthday_mmdd"], zelda["country"]) == ("Zelda", 505, "NZ")
    assert (zelda["notes"], json.loads(zelda["tags"])) == ("likes tea,\nand cats", ["Regular", "cats"])
    assert (zelda["discord_username"], zelda["favorite_since_ms"]) == ("zelda", LATER)
    assert (zelda["vip_source"], zelda["vip_since_ms"]) == (VipSource.SET, LATER)
    assert zelda["first_seen_at_ms"] == zelda["last_seen_at_ms"] == 1_709_251_200_000
    assert (zelda["total_coins_spent"], zelda["total_watchtime_ms"], zelda["total_visits"]) == (12_000, 5_400_000, 40)
    milo = person(db, "milo")
    assert (milo["display_name"], milo["first_seen_at_ms"], milo["vip_tier_id"]) == ("milo", LATER, None)
    assert rows(db, ViewerTotal) == [
        {"platform": "twitch", "viewers": 2, "coins": 12_000, "watchtime_ms": 5_400_000},
    ]
    assert sum(row["viewers"] for row in rows(db, LastSeenDay)) == 2


def test_the_search_index_and_a_recount_know_them(db):
    run(db, "username,coins,visits,first_seen_at\nzelda,500,3,2024-03-01\n")
    before = everything(db)
    with db.writing() as connection:
        rebuild(connection, POLICY, LATER)
        found = named(connection, "zelda")
    assert everything(db) == before
    assert len(found) == 1


def test_twice_is_the_same_as_once(db):
    content = "username,notes,coins,watchtime_seconds,is_favorite,vip_tier\nzelda,tea,500,60,yes,Gold\nmilo,,7,,,\n"
    run(db, content)
    before = everything(db)
    report = run(db, content, now_ms=LATER + 1)
    assert counts(report) == (0, 0, 2)
    assert everything(db) == before


def test_other_totals_move_everything_by_the_difference(db):
    run(db, "username,coins,watchtime_seconds,comments\nzelda,500,60,9\n")
    write(db, [act(Kind.GIFT, Person("77", "zelda", "Zelda"), NOON, platform=Platform.TIKTOK, amount=20)])
    report = run(db, "username,coins,watchtime_seconds\nzelda,450,90\n")
    assert counts(report) == (0, 1, 0)
    zelda = person(db, "zelda")
    assert (zelda["total_coins_spent"], zelda["total_watchtime_ms"], zelda["total_comments"]) == (470, 90_000, 9)
    total = rows(db, ViewerTotal)[0]
    assert (total["coins"], total["watchtime_ms"]) == (470, 90_000)
    settle(db, LATER)
    before = {table.__tablename__: rows(db, table) for table in (Viewer, ViewerTotal)}
    with db.writing() as connection:
        rebuild(connection, POLICY, LATER)
    assert {table.__tablename__: rows(db, table) for table in (Viewer, ViewerTotal)} == before


def test_whom_the_platform_names_later_is_the_person_imported_by_name(db):
    run(db, "username,notes\nZelda,tea\n")
    write(db, [chat(Person("77", "zelda", "Zelda Z"), platform=Platform.TIKTOK)])
    zelda = person(db, "zelda")
    assert (zelda["platform_user_id"], zelda["display_name"], zelda["notes"]) == ("77", "Zelda Z", "tea")
    assert rows(db, ViewerTotal)[0]["viewers"] == 1


def test_rows_are_matched_by_id_and_else_by_name(db):
    write(db, [chat(NOVA), chat(MILO)])
    report = run(
        db,
        "platform_user_id,username,notes\n300,oldname,by id\n,milo,by name\n301,nova,a namesake\n",
        platform="twitch",
    )
    assert counts(report) == (1, 2, 0)
    found = {row["platform_user_id"]: (row["username"], row["notes"]) for row in rows(db, Viewer)}
    assert found == {"300": ("nova", "by id"), "200": ("milo", "by name"), "301": ("nova", "a namesake")}


def test_somebody_imported_by_name_gets_their_id_from_a_later_list(db):
    run(db, "username,notes\nzelda,tea\n")
    run(db, "username,platform_user_id\nzelda,77\n")
    assert (person(db, "zelda")["platform_user_id"], person(db, "zelda")["notes"]) == ("77", "tea")


def test_names_the_platform_told_are_not_overwritten(db):
    write(db, [chat(NOVA)])
    report = run(db, "platform_user_id,username,display_name\n300,other,Other\n", platform="twitch")
    assert counts(report) == (0, 0, 1)
    assert (person(db, "nova")["display_name"], rows(db, ViewerName)) == ("Nova", [])


def test_a_column_may_name_the_platform(db):
    run(db, "platform,username\nTwitch,zelda\ntiktok,zelda\n")
    assert {row["platform"] for row in rows(db, Viewer)} == {"twitch", "tiktok"}


def test_columns_may_be_given(db):
    report = run(db, "Wer;Was;Wann\nzelda;tea;never\n", mapping={"Wer": "username", "Was": "notes", "Wann": None})
    assert report.columns == {"Wer": "username", "Was": "notes", "Wann": None}
    assert person(db, "zelda")["notes"] == "tea"


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"Who": "username", "What": "notes", "Missing": "tags"}, "no column"),
        ({"Who": "username", "What": "password"}, "platform_user_id"),
        ({"Who": "username", "What": "username"}, "the same"),
        ({"What": "notes"}, "username"),
        ({}, "username"),
    ],
)
def test_a_wrong_mapping_is_refused(db, mapping, said):
    assert said in refused(db, "Who,What\nzelda,tea\n", mapping=mapping)["message"]


def test_an_empty_cell_changes_nothing(db):
    run(db, "username,notes,tags,birthday,coins,is_blocked\nzelda,tea,cats,1990-05-05,5,yes\n")
    before = everything(db)
    assert counts(run(db, "username,notes,tags,birthday,coins,is_blocked\nzelda,,, ,,\n")) == (0, 0, 1)
    assert counts(run(db, "username,notes,tags,birthday,coins,is_blocked\nzelda\n")) == (0, 0, 1)
    assert everything(db) == before


def test_every_wrong_cell_is_told_and_then_nothing_is_done(db):
    content = (
        "username,birthday,is_blocked,coins,notes,tier,first seen,platform\n"
        "good,1990-05-05,no,5,fine,Gold,2024-01-01,twitch\n"
        "bad one,soon,maybe,-5,x,Gold,yesterday,myspace\n"
        "\n"
        ",,,,,,,\n"
        'other,,,,"two\nlines",Diamond,,\n'
        "long,,,1e9,,,2999-01-01,,extra\n"
        "last,1990-02-30,,,,,1066-01-01,\n"
        ",,,,orphan,,,\n"
    )
    found = errors(db, content)
    assert [(line, column) for line, column, _ in found] == [
        (3, "username"),
        (3, "birthday"),
        (3, "is_blocked"),
        (3, "coins"),
        (3, "first seen"),
        (3, "platform"),
        (6, "tier"),
        (8, ""),
        (9, "birthday"),
        (9, "first seen"),
        (10, "username"),
    ]
    assert "Bronze" in found[6][2]


def test_the_same_person_twice_in_a_list_is_a_fault(db):
    write(db, [chat(NOVA)])
    found = errors(db, "username,platform_user_id\nzelda,\nZelda,\nnova,\n,300\nx,9\ny,9\n", platform="twitch")
    assert [(line, message) for line, _, message in found] == [
        (3, "is the person of line 2 again"),
        (5, "is the person of line 4 again"),
        (7, "is the person of line 6 again"),
    ]


def test_an_id_nobody_has_needs_a_name(db):
    assert errors(db, "platform_user_id,notes\n555,who?\n")[0][:2] == (2, "username")


def test_ids_that_a_spreadsheet_has_rounded_are_refused(db):
    assert "rounded" in errors(db, "username,user id\nzelda,7.12345E+18\n")[0][2]


def test_a_dry_run_says_what_would_be_and_changes_nothing(db):
    write(db, [chat(NOVA), chat(MILO)])
    before = everything(db)
    content = "username,notes\nzelda,tea\nnova,coffee\nmilo,\n"
    foreseen = run(db, content, platform="twitch", dry_run=True)
    assert everything(db) == before
    assert (counts(foreseen), foreseen.done, foreseen.dry_run) == ((1, 1, 1), False, True)
    assert counts(run(db, content, platform="twitch")) == (1, 1, 1)


def test_who_is_ignored_or_opted_out_is_left_out_and_named(db):
    with db.writing() as connection:
        connection.execute(insert(IgnoredName).values(name="nightbot"))
    privacy.opt_out(db, "tiktok", "77", "zelda", now_ms=NOON)
    content = "username,user id\nNightbot,\nzelda,\nrenamed,77\nmilo,\n"
    report = run(db, content)
    assert [(one["line"], one["username"]) for one in report.skipped] == [(2, "nightbot"), (3, "zelda"), (4, "renamed")]
    assert counts(report) == (1, 0, 0)
    assert [row["username"] for row in rows(db, Viewer)] == ["milo"]


def test_who_was_erased_and_remembered_does_not_come_back_from_a_list(db):
    run(db, "username\nzelda\n")
    privacy.erase(db, person(db, "zelda")["id"], remember=True, now_ms=LATER)
    assert run(db, "username\nzelda\n").new == 0
    assert run(db, "username,user id\nzelda,77\n").new == 0  # a later list tells their id as well


def test_changes_leave_a_trail_and_people_a_note_of_where_they_came_from(db):
    write(db, [chat(NOVA)], now_ms=LATER)
    run(db, "username,notes,coins,tier\nnova,tea,5,Gold\nzelda,cats,,\n", platform="twitch")
    trail = [(row["field"], json.loads(row["before"]), json.loads(row["after"])) for row in rows(db, ViewerEdit)]
    zeros = {"visits": 0, "watchtime_ms": 0, "comments": 0, "coins": 0, "gifts": 0, "likes": 0, "shares": 0}
    assert sorted(trail, key=lambda one: one[0]) == [
        ("baseline", zeros, zeros | {"coins": 5}),
        ("imported", None, {"username": "zelda", "notes": "cats"}),
        ("notes", "", "tea"),
        ("vip_tier", {"tier": None, "by": "automatic"}, {"tier": "Gold", "by": "set"}),
    ]
    assert [(row["kind"], json.loads(row["detail"])) for row in rows(db, ViewerNews)] == [
        ("updated", {"fields": ["notes", "vip_tier", "baseline"]})
    ]


def test_totals_win_tiers_by_themselves(db):
    run(db, "username,coins,watch hours,visits\nzelda,5000,20,25\nmilo,5000,20,24\n")
    found = {row["username"]: (row["vip_tier_id"], row["vip_source"]) for row in rows(db, Viewer)}
    assert found == {"zelda": (2, VipSource.AUTOMATIC), "milo": (1, VipSource.AUTOMATIC)}


def test_who_was_here_earlier_than_known_was_here_earlier(db):
    write(db, [chat(NOVA)])
    run(db, "username,first_seen_at\nnova,2020-01-01T00:00:00+01:00\n", platform="twitch")
    assert person(db, "nova")["first_seen_at_ms"] == 1_577_833_200_000
    assert person(db, "nova")["last_seen_at_ms"] == NOON
    assert counts(run(db, "username,first_seen_at\nnova,2021-01-01\n", platform="twitch")) == (0, 0, 1)


def test_a_first_import_makes_the_database_a_real_one(db):
    run(db, "username\nzelda\n", dry_run=True)
    assert rows(db, Installation) == []
    run(db, "username\nzelda\n")
    assert {"key": "content", "value": "real"} in rows(db, Installation)


@pytest.mark.parametrize(
    "content",
    [
        "username;notes\nzelda;tea, or coffee\n",
        "username\tnotes\nzelda\ttea, or coffee\n",
        'username,notes\r\nzelda,"tea, or coffee"\r\n',
        "\ufeffusername;notes\rzelda;tea, or coffee",
        "username;notes\nzelda;tea, or coffee\n".encode("utf-16"),
        "\ufeffusername;notes\nzelda;tea, or coffee\n".encode(),
        "\ufeffsep=;\r\nusername;notes\r\nzelda;tea, or coffee\r\n",
        '"sep=\t"\nusername\tnotes\nzelda\ttea, or coffee\n',
        "\n;;\nusername;notes\n;\nzelda;tea, or coffee\n",
    ],
)
def test_separators_line_ends_and_encodings_are_found_out(db, content):
    run(db, content)
    assert person(db, "zelda")["notes"] == "tea, or coffee"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        ("username\nzoë\n".encode("latin-1"), "line 2 is not UTF-8"),
        ("username\nz\n".encode("utf-16-le"), "UTF-8"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b'username,notes\nzelda,"open\n', "line 2"),
        (b'username,notes\nzelda,"a"b"\n', "line 2"),
        (b"PK\x03\x04\x00\x00", "UTF-8"),
        (b"what,ever,\n1,2,\n", "username (or platform_user_id); the first row names: what, ever"),
        (b"sep=;\r\n", "empty"),
        (b"username,hours,watchtime_seconds\n", "username"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(db, content, said):
    if content.startswith(b"username,hours"):
        content, said = b"username,watchhours,watchtime_seconds\n", "hours"
    assert said in refused(db, content)["message"]


def test_lines_keep_their_numbers_below_one_that_tells_the_separator(db):
    report = run(db, "sep=;\nusername;coins\nzelda;many\n")
    assert [(one["line"], one["column"]) for one in report.errors] == [(3, "coins")]


@pytest.mark.parametrize(
    ("column", "cell", "total"),
    [
        *(("coins", "1,234,567", 1_234_567), ("coins", "1\u202f234", 1_234), ("coins", "1'234", 1_234)),
        *(("coins", "1.234", None), ("coins", "12,34", None), ("coins", "1,2345", None)),
        *(("watch hours", "12,5", 45_000_000), ("watch hours", "1 000", 3_600_000_000), ("watch hours", "1,234", None)),
    ],
)
def test_numbers_are_read_as_spreadsheets_show_them_where_that_can_mean_one_thing_only(db, column, cell, total):
    report = run(db, f"username;{column}\nzelda;{cell}\n")
    assert bool(report.errors) == (total is None)
    if total is not None:
        assert person(db, "zelda")["total_coins_spent" if column == "coins" else "total_watchtime_ms"] == total


def test_too_many_rows_are_refused(db, monkeypatch):
    monkeypatch.setattr(viewer_import.viewer_lists, "MOST_ROWS", 3)
    run(db, "username\na\nb\nc\n", dry_run=True)
    assert "3 rows" in refused(db, "username\na\nb\nc\nd\n")["message"]


def test_formulas_are_plain_text_and_the_mark_against_them_goes(db):
    run(db, "username,notes,discord\nzelda,'=1+1,@zelda\nmilo,=2+2,'quoted\n")
    assert [(row["notes"], row["discord_username"]) for row in rows(db, Viewer)] == [
        ("=1+1", "@zelda"),
        ("=2+2", "'quoted"),
    ]


def test_a_file_is_imported_and_told_in_lines(db, tmp_path):
    file = tmp_path / "list.csv"
    file.write_text("username,notes,mood,,\nzelda,tea,good,,\n")
    given_ = {"now_ms": LATER, "policy": POLICY}
    told = list(viewer_import.lines_of(viewer_import.import_file(db, file, dry_run=True, **given_)))
    assert told == [
        "columns left out: mood",
        "1 row: this would be 1 new, 0 changed, 0 unchanged; nothing was changed",
    ]
    told = list(viewer_import.lines_of(viewer_import.import_file(db, file, platform="twitch", **given_)))
    assert told[-1] == "1 row imported: 1 new, 0 changed, 0 unchanged"
    file.write_text("username,birthday\nzelda,soon\n")
    told = list(viewer_import.lines_of(viewer_import.import_file(db, file, **given_)))
    assert told == [
        "line 2, column 'birthday': must be a date like 1999-12-31, or null",
        "nothing was imported: 1 cell of 1 row is wrong",
    ]


def test_a_long_list_is_taken_by_steps_and_not_line_by_line(db, monkeypatch):
    monkeypatch.setattr(viewer_import, "STEP", 500)
    monkeypatch.setattr(viewer_matching, "STEP", 500)
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    lines = "".join(f"person{number},some notes,{number},tag{number % 7}\n" for number in range(3_000))
    assert counts(run(db, "username,notes,coins,tags\n" + lines)) == (3_000, 0, 0)
    assert len(asked) < 100


def export(db):
    with db.reading() as connection:
        profiles, after = viewer_export.step(connection, "all", 0, UTC, LATER)
        assert after is None or not viewer_export.step(connection, "all", after, UTC, LATER)[0]
    return viewer_export.csv_head() + viewer_export.csv_lines(profiles)


def test_our_own_export_of_this_database_changes_nothing(db):
    write(db, [chat(NOVA, amount=50), act(Kind.GIFT, MILO, amount=2_000), chat(MILO, platform=Platform.TIKTOK)])
    run(db, "username,notes,coins,tags\nzelda,=1+1,500,a; b\nnova,,9,\n", platform="twitch")
    settle(db, LATER)
    viewers.set_vip(db, person(db, "nova")["id"], "Gold", editor="lena", now_ms=LATER)
    before = everything(db)
    report = run(db, export(db).encode())
    assert (counts(report), report.errors) == ((0, 0, 4), [])
    assert everything(db) == before
    with db.reading() as connection:
        assert connection.scalar(select(Event.id).limit(1)) is not None


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12)
notes = st.text(st.sampled_from("ab=+-@'\"\n,;\t ＝é😀"), max_size=12).filter(lambda text: not text.startswith("'"))
tags = st.lists(
    words.map(lambda text: " ".join(text.replace(",", "").replace(";", "").split())).filter(bool), max_size=3
)
peoples = st.lists(
    st.fixed_dictionaries(
        {"notes": notes, "tags": tags, "discord_username": words.filter(lambda text: not text.strip().startswith("'"))},
        optional={
            "birthday": st.dates(date(EARLIEST_YEAR, 1, 1), viewers.day_of(NOON)).map(str),
            "is_favorite": st.booleans(),
            "is_blocked": st.booleans(),
            "is_moderator": st.booleans(),
            "tts_voice": st.sampled_from(["", "de_001"]),
        },
    ),
    min_size=1,
    max_size=4,
)
KEPT = ("notes", "tags", "birthday", "is_blocked", "is_moderator", "tts_voice", "discord_username", "total_coins_spent")
KEPT += ("total_visits", "total_comments", "platform_user_id", "username", "display_name", "first_seen_at_ms")


@examples(20)
@given(peoples)
def test_our_own_export_in_another_database_gives_the_same_people(people):
    with fresh_database() as here, fresh_database() as there:
        write(here, [chat(Person(f"p{number}", f"user{number}", f"=User {number}")) for number in range(len(people))])
        settle(here, LATER)
        for row, changes in zip(rows(here, Viewer), people, strict=True):
            viewers.update(here, row["id"], changes, editor="lena", now_ms=LATER)
        content = export(here)
        report = run(there, content)
        assert (report.errors, report.new) == ([], len(people))
        kept = [[{name: row[name] for name in KEPT} for row in rows(db, Viewer)] for db in (here, there)]
        for row in kept[0]:
            # Cells of nothing but spaces are empty.
            row["notes"] = row["notes"] if row["notes"].strip() else ""
        assert kept[0] == kept[1]
        assert counts(run(there, content)) == (0, 0, len(people))
        assert counts(run(here, content)) == (0, 0, len(people))
