"""People: one row each, whatever they are called, with totals and visits."""

from __future__ import annotations

from typing import Any

import pytest

from core.db import Database
from core.events import Kind, Mark, Person, Platform
from ingest.viewers import PROVISIONAL
from models import Event as EventRow
from models import Viewer, ViewerName, ViewerTotal
from tests.support import LENA, NOON, NOVA, OTTO, SAM, act, chat, hours, minutes, only, rows, timeout, write


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


# --- names they had, and what the platform tells of them ---


def former(db: Database) -> list[tuple[str, str, int]]:
    return [(row["username"], row["display_name"], row["until_ms"] - NOON) for row in rows(db, ViewerName)]


@pytest.mark.parametrize("batches", [1, 2, 3, 4])
def test_every_name_somebody_had_is_kept_with_its_end(db: Database, batches: int) -> None:
    names = [("nova", "Nova"), ("nova", "NOVA"), ("stella", "Stella"), ("nova", "Nova")]
    events = [chat(Person("300", login, name), at=NOON + at) for at, (login, name) in enumerate(names)]
    for part in range(batches):
        write(db, events[part * 4 // batches : (part + 1) * 4 // batches])
    assert former(db) == [("nova", "Nova", 1), ("nova", "NOVA", 2), ("stella", "Stella", 3)]


def test_a_late_event_under_an_old_name_is_no_change_of_name(db: Database) -> None:
    write(db, [chat(Person(NOVA.user_id, "nova_live", "Nova Live"), at=NOON)])
    write(db, [chat(NOVA, at=NOON - minutes(1))])
    assert former(db) == []


def told(**about: Any) -> Person:
    return Person("300", "nova", "Nova", about=about)


ABOUT = ("bio", "language", "country", "gender", "verified", "follower_count", "following_count")


def test_what_the_platform_tells_of_somebody_is_kept_until_it_tells_otherwise(db: Database) -> None:
    first = {"bio": "hi", "language": "en", "country": "DE", "gender": "f"}
    first |= {"verified": True, "follower_count": 5, "following_count": 0}
    write(db, [chat(told(**first))])
    assert {name: only(db, Viewer)[name] for name in ABOUT} == first
    write(db, [chat(NOVA, at=NOON + 1)])
    write(db, [chat(told(bio="late", follower_count=1), at=NOON - 1)])
    assert {name: only(db, Viewer)[name] for name in ABOUT} == first
    write(db, [chat(told(bio="", verified=False, follower_count=9), at=NOON + 2)])
    assert {name: only(db, Viewer)[name] for name in ABOUT} == first | {
        "bio": "",
        "verified": False,
        "follower_count": 9,
    }


@pytest.mark.parametrize(
    "about",
    [
        {"bio": None, "verified": None, "follower_count": None},
        {"bio": 5, "verified": 1, "follower_count": True, "following_count": False},
        {"verified": "yes", "follower_count": "12", "following_count": 3.5},
        {"follower_count": -1, "following_count": 2**63, "gender": ["x"]},
        {"birthday": "1999-12-31", "notes": "mine", "is_moderator": True},
    ],
)
def test_what_is_told_in_the_wrong_form_changes_nothing(db: Database, about: dict[str, Any]) -> None:
    write(db, [chat(told(bio="hi", verified=True, follower_count=5, following_count=7))])
    before = only(db, Viewer)
    write(db, [chat(told(**about), at=NOON + 1)])
    after = only(db, Viewer)
    kept = set(before) - {"named_at_ms", "updated_at_ms", "total_comments"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


@pytest.mark.parametrize("about", ["bio", ["bio"], 5])
def test_what_is_told_in_no_form_at_all_changes_nothing(db: Database, about: Any) -> None:
    write(db, [chat(told(bio="hi")), chat(Person("300", "nova", "Nova", about=about), at=NOON + 1)])
    assert (only(db, Viewer)["bio"], only(db, Viewer)["total_comments"]) == ("hi", 2)


def test_texts_longer_than_their_place_are_cut(db: Database) -> None:
    write(db, [chat(told(bio="b" * 5_000, language="l" * 99, country="c" * 99, gender="g" * 99))])
    assert [len(only(db, Viewer)[name]) for name in ABOUT[:4]] == [1_000, 32, 64, 32]


def test_who_was_imported_by_name_is_known_by_their_id_once_that_is_told(db: Database) -> None:
    write(db, [chat(Person(f"{PROVISIONAL}nova", "nova", "Nova"), at=NOON - hours(1)), chat(OTTO)])
    for at in (0, 1):
        write(db, [chat(NOVA, at=NOON + at), chat(NOVA, at=NOON + at, platform=Platform.TIKTOK)])
    people = {(row["platform"], row["platform_user_id"]): row["total_comments"] for row in rows(db, Viewer)}
    assert people == {("twitch", NOVA.user_id): 3, ("twitch", OTTO.user_id): 1, ("tiktok", NOVA.user_id): 2}
    assert {row["platform"]: row["viewers"] for row in rows(db, ViewerTotal)} == {"twitch": 2, "tiktok": 1}
    assert [event["viewer_id"] for event in rows(db, EventRow)].count(1) == 3


def test_two_people_of_one_name_do_not_both_become_who_was_imported(db: Database) -> None:
    write(db, [chat(Person(f"{PROVISIONAL}nova", "nova", "Nova"), at=NOON - hours(1))])
    write(db, [chat(NOVA), chat(Person("301", "nova", "Nova II"), at=NOON + 1)])
    assert sorted(row["platform_user_id"] for row in rows(db, Viewer)) == ["300", "301"]
    assert sum(row["total_comments"] for row in rows(db, Viewer)) == 3
