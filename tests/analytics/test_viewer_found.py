"""Whom searches found of late: never out of date, whoever comes, goes or is called otherwise; and within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, event, select, update

from actions import privacy
from analytics import viewer_found, viewer_list
from analytics.viewer_list import Question
from core.db import Database
from core.events import Person
from models import Viewer
from tests.analytics.people import bounds, edit, everybody, history, record, slow_list
from tests.support import NOON, chat, days, examples, fresh_database, write

pytestmark = pytest.mark.sqlite  # nobody else keeps them

NAMES = ("nova", "supernova", "novak", "otto", "anna_nova", "мила", "no")
TEXTS = ("nova", "no", "ova", "мила", "n")


BY_AND_BY = {
    "AT_ONCE": 2,
    "EACH_TIME": 2,
    "SAMPLE": 1,
    "STEP": 4,
    "TOGETHER": 3,
    "NOTING": 1e9,
}  # reading names is always cheaper


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds(monkeypatch, FEW_MATCHES=1, MOST_MATCHES=12)


@pytest.fixture
def asked(db: Database) -> Iterator[list[str]]:
    """Statements that look for names."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, sql: str, *_: Any) -> None:
        if "MATCH" in sql or "group_concat" in sql:
            seen.append(sql)

    event.listen(db.engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine, "before_cursor_execute", note)


def page(db: Database, text: str, **more: Any) -> viewer_list.Page:
    with db.reading() as connection:
        return viewer_list.page(connection, Question(NOON, search=text, **more))


def person(number: int, name: str) -> Person:
    return Person(f"p{number}", f"{name}{number}", name.title())


steps = st.lists(
    st.one_of(
        st.tuples(st.just("comes"), st.integers(0, 30), st.sampled_from(NAMES)),
        st.tuples(st.just("is called"), st.integers(0, 11), st.sampled_from(NAMES)),
        st.tuples(st.just("shows"), st.integers(0, 11), st.sampled_from(NAMES)),
        st.tuples(st.just("erased"), st.integers(0, 11), st.just("")),
        st.tuples(st.just("removed"), st.just(0), st.just("")),
        st.tuples(st.just("asked"), st.integers(0, 3), st.sampled_from(TEXTS)),
    ),
    min_size=4,
    max_size=12,
)


@pytest.mark.parametrize("noted", [{}, BY_AND_BY], ids=["at once", "by and by"])
@examples(15)
@given(steps=steps)
def test_whoever_comes_goes_or_is_called_otherwise_a_search_finds_who_fits_now(noted, steps):
    with fresh_database() as db, pytest.MonkeyPatch.context() as patch:
        bounds(patch, **noted)
        write(db, [chat(person(number, NAMES[number % 7]), at=NOON - days(50)) for number in range(12)])
        for text in TEXTS:
            page(db, text)
        for at, (what, number, name) in enumerate(steps):
            happens(db, what, number, name, NOON - 10_000 + at)
            people = everybody(db)
            for text in TEXTS:
                for filter in ("all", "active"):
                    for sort_by in ("username", "total_comments"):
                        asked = {"sort_by": sort_by, "descending": True, "filter": filter}
                        whole = slow_list(people, **asked, search=text)
                        found = page(db, text, limit=12, **asked)
                        assert (found.ids, found.total) == (whole[:12], min(12, len(whole)))


@pytest.mark.parametrize("most", [20, 5])
def test_who_is_called_otherwise_is_looked_at_alone_unless_they_are_many(db, asked, monkeypatch, most):
    monkeypatch.setattr(viewer_found, "MOST_RENAMED", most)
    write(db, [chat(person(number, "nova"), at=NOON - 9_000) for number in range(20)])
    page(db, "nova")
    asked.clear()
    write(db, [chat(Person(f"p{number}", f"otto{number}", "Otto"), at=NOON) for number in range(6)])
    assert page(db, "nova", limit=12, sort_by="first_seen_at", descending=True).ids == list(range(20, 8, -1))
    assert ("json_each" in asked[0]) is (most == 20)


def test_changes_that_are_kept_no_more_are_no_loss(db):
    write(db, [chat(person(number, "nova"), at=NOON - 9_000) for number in range(20)])
    page(db, "nova")
    with db.writing() as connection:
        for number in range(1_100):
            shown = {"display_name": f"Otto {number}", "username": f"otto{number}"}
            connection.execute(update(Viewer).where(Viewer.id == 1).values(shown))
        connection.execute(update(Viewer).where(Viewer.id == 2).values(shown))
        assert connection.exec_driver_sql("SELECT count(*) FROM viewer_search_changes").scalar() == 1_000
    assert {1, 2}.isdisjoint(page(db, "nova", limit=12, sort_by="first_seen_at", descending=False).ids)


def test_when_nobody_is_called_so_any_more_nobody_is_found(db):
    write(db, [chat(person(number, "nova"), at=NOON - 9_000) for number in range(20)])
    assert page(db, "nova").total == 12
    write(db, [chat(Person(f"p{number}", f"otto{number}", "Otto"), at=NOON) for number in range(20)])
    for filter in viewer_list.FILTERS:
        assert page(db, "nova", filter=filter, sort_by="total_visits") == viewer_list.Page([], 0)


def happens(db: Database, what: str, number: int, name: str, at: int) -> None:
    match what:
        case "comes":
            write(db, [chat(person(100 + number, name), at=at)])
        case "is called":
            write(db, [chat(Person(f"p{number}", f"{name}_{number}", name), at=at)])
        case "shows":
            found = next((one for one in everybody(db) if one["platform_user_id"] == f"p{number}"), None)
            if found:
                write(db, [chat(Person(f"p{number}", found["username"], f"the {name}"), at=at)])
        case "erased":
            found = next((one for one in everybody(db) if one["platform_user_id"] == f"p{number}"), None)
            if found:
                privacy.erase(db, found["id"], remember=False, now_ms=at)
        case "removed":
            with db.writing() as connection:  # as the demo's people are; the number is given anew
                remove_last(connection)
        case "asked":
            page(db, name, filter=("all", "vip", "active", "favorites")[number])


def remove_last(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    last = connection.scalar(select(Viewer.id).order_by(Viewer.id.desc()).limit(1))
    for table in reversed(Viewer.metadata.sorted_tables):
        if "viewer_id" in table.c:
            connection.execute(delete(table).where(table.c.viewer_id == last))
    connection.execute(delete(Viewer).where(Viewer.id == last))


def test_names_are_looked_for_once_and_then_only_among_new_people(db, asked):
    write(db, [chat(person(number, "nova"), at=NOON - 9_000) for number in range(20)])
    page(db, "nova")
    assert asked
    asked.clear()
    for sort_by in ("total_visits", "total_likes"):
        for number in (1, 2, 3):
            page(db, "nova", sort_by=sort_by, page=number, limit=4)
    assert asked == []
    write(db, [chat(person(99, "nova"), at=NOON)])
    assert page(db, "nova", sort_by="first_seen_at", limit=1).ids == [21]
    assert len(asked) == 1


def test_that_more_fit_than_can_be_paged_is_counted_once_a_minute(db):
    write(db, [chat(person(number, "nova"), at=NOON - 9_000) for number in range(20)])
    page(db, "nova", filter="active")
    with db.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.id > 12).values(last_seen_at_ms=NOON - days(60)))
    assert (page(db, "nova", filter="active").total, page(db, "nova", filter="active").exact) == (12, False)
    with db.reading() as connection:
        later = viewer_list.page(connection, Question(NOON + 60_000, search="nova", filter="active"))
    assert (later.total, later.exact) == (12, True)
    assert sorted(later.ids) == list(range(1, 13))


def test_nobody_is_left_out_where_hardly_more_fit_than_can_be_paged_and_others_were_erased(db):
    write(db, [chat(person(number, "nova"), at=NOON - 9_000 - days(60) * (number > 13)) for number in range(20)])
    write(db, [chat(person(90 + number, "otto"), at=NOON - 9_000) for number in range(3)])
    for erased in (21, 22, 23):
        privacy.erase(db, erased, remember=False, now_ms=NOON)
    newest = page(db, "nova", filter="active", limit=12, sort_by="first_seen_at")
    assert (newest.ids, newest.total, newest.exact) == (list(range(14, 2, -1)), 12, False)


def test_how_much_is_kept_has_a_bound_and_who_asked_last_is_kept(db, monkeypatch):
    write(db, [chat(person(number, "nova"), at=NOON - 9_000) for number in range(20)])
    monkeypatch.setattr(viewer_found, "KEPT_BYTES", 3 * 22)
    with db.reading() as connection:
        for text in ("nova1", "nova", "ova", "nov", "nova"):
            viewer_list.page(connection, Question(NOON, search=text))
        kept = list(connection.info[viewer_found._KEY])
    assert [text for _, text in kept] == ['"ova"', '"nov"', '"nova"']


@pytest.mark.parametrize("text", ["nova", "no", "мила", "の", "さくら", "th"])
def test_those_who_are_found_by_and_by_are_the_same_people(monkeypatch, text):
    bounds(monkeypatch, **BY_AND_BY)
    with fresh_database() as db:
        record(db, history(120))
        edit(db, everybody(db))
        people = everybody(db)
        for sort_by in ("username", "total_visits"):
            for filter in viewer_list.FILTERS:
                asked = {"sort_by": sort_by, "descending": False, "filter": filter}
                whole = slow_list(people, **asked, search=text)
                for number in (1, 1, 2, 3):
                    found = page(db, text, limit=5, page=number, **asked)
                    assert (found.ids, found.exact) == (whole[:12][5 * number - 5 : 5 * number], len(whole) <= 12)


@pytest.mark.parametrize("text", ["nova", "no"])
def test_a_common_text_is_answered_before_everybody_is_found_and_each_question_finds_more(db, monkeypatch, text):
    bounds(monkeypatch, **BY_AND_BY | {"EACH_TIME": 10})
    write(db, [chat(person(number, "nova"), at=NOON - 9_000 + number) for number in range(60)])
    numbers = []
    for _ in range(6):
        assert page(db, text, limit=12, sort_by="first_seen_at").ids == list(range(60, 48, -1))
        with db.reading() as connection:
            (found,) = connection.info[viewer_found._KEY].values()
        numbers.append((found.number, found.is_whole))
    assert numbers == [(13, False), (23, False), (33, False), (43, False), (53, False), (60, True)]
