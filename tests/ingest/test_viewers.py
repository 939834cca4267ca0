"""People: one row each, whatever they are called, with totals and visits."""

from __future__ import annotations

from core.db import Database
from core.events import Kind, Mark, Person, Platform
from models import Event as EventRow
from models import Viewer
from tests.support import LENA, NOON, NOVA, SAM, act, chat, minutes, only, rows, timeout, write


def test_a_rename_keeps_the_person(db: Database) -> None:
    write(db, [chat(NOVA, at=NOON)])
    write(db, [chat(Person(NOVA.user_id, "nova_live", "Nova Live", "https://example.com/nova.png"), at=NOON + 1)])
    viewer = only(db, Viewer)
    assert (viewer["username"], viewer["display_name"]) == ("nova_live", "Nova Live")
    assert viewer["avatar_url"] == "https://example.com/nova.png"
    assert viewer["total_comments"] == 2


def test_a_late_message_under_an_old_name_renames_nobody_back(db: Database) -> None:
    write(db, [chat(Person(NOVA.user_id, "nova_live", "Nova Live"), at=NOON)])
    write(db, [chat(NOVA, at=NOON - minutes(1))])
    viewer = only(db, Viewer)
    assert (viewer["username"], viewer["first_seen_at_ms"]) == ("nova_live", NOON - minutes(1))
    assert viewer["last_seen_at_ms"] == NOON


def test_what_an_event_leaves_out_stays_as_it_was(db: Database) -> None:
    write(db, [chat(Person("1", "nova", "Nova", "https://example.com/nova.png"))])
    write(db, [act(Kind.LIKE, Person("1", "", ""), NOON + 1, amount=3)])
    viewer = only(db, Viewer)
    assert (viewer["username"], viewer["display_name"]) == ("nova", "Nova")
    assert viewer["avatar_url"] == "https://example.com/nova.png"


def test_who_has_neither_login_nor_name_goes_by_their_id(db: Database) -> None:
    write(db, [act(Kind.LIKE, Person("4711", ""), amount=1)])
    assert (only(db, Viewer)["username"], only(db, Viewer)["display_name"]) == ("4711", "4711")


def test_the_same_id_on_two_platforms_is_two_people(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, platform=Platform.TIKTOK)])
    assert [row["platform"] for row in rows(db, Viewer)] == ["tiktok", "twitch"]


def test_names_longer_than_their_columns_are_cut(db: Database) -> None:
    write(db, [chat(Person("1", "l" * 500, "n" * 500))])
    assert (len(only(db, Viewer)["username"]), len(only(db, Viewer)["display_name"])) == (64, 128)


def test_totals_add_up_by_kind(db: Database) -> None:
    write(
        db,
        [
            chat(NOVA, amount=100),
            chat(NOVA, amount=50, marks=Mark.SHARED),
            act(Kind.GIFT, NOVA, amount=30, quantity=3),
            act(Kind.GIFT, NOVA, amount=5),
            act(Kind.SUBGIFT, NOVA, amount=1),
            act(Kind.LIKE, NOVA, amount=15),
            act(Kind.SHARE, NOVA),
            act(Kind.FOLLOW, NOVA),
        ],
    )
    viewer = only(db, Viewer)
    assert {name: value for name, value in viewer.items() if name.startswith("total_")} == {
        "total_visits": 1,
        "total_watchtime_ms": 0,
        "total_comments": 1,
        "total_bits": 100,
        "total_coins_spent": 135,
        "total_gifts_sent": 5,
        "total_likes": 15,
        "total_shares": 1,
    }


def test_joins_that_tell_only_a_login_make_nobody_and_count_for_nobody(db: Database) -> None:
    write(db, [chat(NOVA), act(Kind.JOIN, Person("", "nova"), NOON + minutes(20)), act(Kind.JOIN, Person("", "ghost"))])
    assert only(db, Viewer)["total_visits"] == 1
    assert [row["viewer_id"] for row in rows(db, EventRow)] == [1, None, None]
    assert [row["extra"] for row in rows(db, EventRow)] == [None, '{"login":"nova"}', '{"login":"ghost"}']


def test_being_timed_out_is_no_visit_and_renames_nobody(db: Database) -> None:
    write(db, [chat(NOVA), timeout(Person(NOVA.user_id, "n0va"), NOON + minutes(20))])
    viewer = only(db, Viewer)
    assert (viewer["total_visits"], viewer["last_seen_at_ms"], viewer["username"]) == (1, NOON, "nova")


def test_everybody_in_a_batch_finds_their_own_row(db: Database) -> None:
    write(db, [chat(NOVA, "one"), chat(SAM, "two")])
    write(db, [chat(LENA, "three"), chat(SAM, "four"), chat(None, "five")])
    names = {row["id"]: row["username"] for row in rows(db, Viewer)}
    said = {row["text"]: names.get(row["viewer_id"]) for row in rows(db, EventRow)}
    assert said == {"one": "nova", "two": "sam", "three": "lena", "four": "sam", "five": None}
