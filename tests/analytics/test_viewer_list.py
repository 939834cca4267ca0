"""The list of people: each page against a slow list of everybody, whatever it is sorted, filtered and searched by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from actions import privacy
from analytics import viewer_list, viewer_places, viewer_search_read, viewer_stats
from analytics.viewer_list import FILTERS, SORTS, Question
from core.db import Database
from core.events import Person
from models import IgnoredName
from tests.analytics.people import bounds, edit, everybody, history, person, record, slow_list
from tests.support import NOON, UTC, chat, days, examples, fresh_database, some, write

PEOPLE = 240


@pytest.fixture(scope="module")
def crowd() -> Iterator[tuple[Database, list[dict[str, Any]]]]:
    """With two erased people and two whom the ignore list names since they were recorded."""
    with fresh_database() as db:
        record(db, history(PEOPLE))
        edit(db, everybody(db))
        victims = sorted(everybody(db), key=lambda one: one["id"])
        for one in victims[3:5]:
            privacy.erase(db, one["id"], remember=False, now_ms=NOON)
        with db.writing() as connection:
            names = [{"name": one["username"]} for one in victims[9:11]] + [{"name": "nightbot"}]
            connection.execute(insert(IgnoredName), names)
        yield db, everybody(db)


def page(db: Database, **asked: Any) -> viewer_list.Page:
    with db.reading() as connection:
        return viewer_list.page(connection, Question(NOON, **asked))


def all_pages(db: Database, limit: int, **asked: Any) -> list[int]:
    first = page(db, limit=limit, **asked)
    pages = range(2, -(-first.total // limit) + 1)
    return first.ids + [id_ for number in pages for id_ in page(db, limit=limit, page=number, **asked).ids]


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("sort_by", some(SORTS))
def test_pages_in_a_row_are_the_whole_list(crowd, sort_by, filter):
    db, people = crowd
    for descending in (True, False):
        asked = {"sort_by": sort_by, "descending": descending, "filter": filter}
        whole = slow_list(people, **asked)
        assert whole, "a list of nobody proves nothing"
        assert all_pages(db, 17, **asked) == whole
        assert page(db, **asked).total == len(whole)


def test_the_summary_counts_on_each_platform_whom_the_list_names(crowd):
    db, people = crowd
    listed = set(slow_list(people, sort_by="username", descending=False, filter="all"))
    with db.reading() as connection:
        told = viewer_stats.summary(connection, NOON, UTC)
    assert told["platforms"] == Counter(one["platform"] for one in people if one["id"] in listed)
    assert told["totalViewers"] == len(listed)


@examples(60)
@given(
    search=st.one_of(
        st.sampled_from(
            ["n", "no", "nova", "NOVA1", "@otto", "the 1", "th", "_z", "50%", "%", "__", "Мила", "ил", "Ö"]
        ),
        st.sampled_from(
            ['"', "'", '"nova" OR "otto"', "nova*", "a AND b", "NEAR(", "\\", "li.na", "{}", " nova ", "-x"]
        ),
        st.text(max_size=6),
    ),
    sort_by=st.sampled_from(sorted(SORTS)),
    descending=st.booleans(),
    filter=st.sampled_from(FILTERS),
    limit=st.integers(1, 40),
)
def test_a_search_finds_whom_reading_every_name_finds(crowd, search, sort_by, descending, filter, limit):
    db, people = crowd
    asked = {"sort_by": sort_by, "descending": descending, "filter": filter, "search": search}
    text = search.replace("\0", "").strip().removeprefix("@")
    # Letters whose small form is longer than they are have no place in names: platforms know none.
    if len(text.lower()) != len(text) or text != text.strip():
        return
    whole = slow_list(people, **asked | {"search": text})
    assert all_pages(db, limit, **asked) == whole
    assert page(db, **asked).exact


@pytest.mark.parametrize("search", some(["nova", "the", "no", "мила", "o", "さくら"]))
@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("sort_by", ["total_coins_spent", "username", "first_seen_at"])
def test_a_search_that_finds_too_many_is_right_as_far_as_it_is_paged(crowd, monkeypatch, search, filter, sort_by):
    db, people = crowd
    bounds(monkeypatch, FEW_MATCHES=3, MOST_MATCHES=12)
    for descending in (True, False):
        asked = {"sort_by": sort_by, "descending": descending, "filter": filter, "search": search}
        whole = slow_list(people, **asked)
        found = page(db, limit=5, **asked)
        assert found.total == min(len(whole), 12)
        assert found.exact is (len(whole) <= 12)
        assert all_pages(db, 5, **asked) == whole[:12]
        assert page(db, limit=5, page=4, **asked).ids == []


@pytest.mark.parametrize("search", ["nova", "the", "no", "мила", "2", "li.na1"])
@pytest.mark.parametrize("filter", FILTERS)
def test_a_search_that_finds_more_than_a_few_is_paged_as_one_that_finds_few(crowd, monkeypatch, search, filter):
    db, people = crowd
    bounds(monkeypatch, FEW_MATCHES=3)
    asked = {"sort_by": "total_visits", "descending": True, "filter": filter, "search": search}
    assert all_pages(db, 4, **asked) == slow_list(people, **asked)


def test_pages_beyond_the_end_are_empty_and_know_the_total(crowd):
    db, people = crowd
    for number in (6, 10_000, 10_000_000):
        assert page(db, limit=50, page=number) == viewer_list.Page([], len(people))


def test_a_former_name_written_in_full_finds_its_owner(db):
    write(db, [chat(person(1), at=NOON - 5_000), chat(person(2), at=NOON - 5_000)])
    renamed = person(1).__class__("p1", "meteor", "Meteor")
    write(db, [chat(renamed, at=NOON)])
    (owner,) = page(db, search="meteor").ids
    assert page(db, search="OTTO1").ids == [owner]
    assert page(db, search="otto").ids == []


@pytest.mark.parametrize("big_letters", [False, True])
@pytest.mark.parametrize("filter", ["all", "active"])
def test_by_name_those_who_are_called_alike_stand_among_the_others_whom_a_search_finds(
    db, monkeypatch, filter, big_letters
):
    bounds(monkeypatch, FEW_MATCHES=3, MOST_MATCHES=12)
    monkeypatch.setattr(viewer_search_read._Search, "_met", 0)  # too many to read them all
    called = {f"nova{number:02}": f"Nova {number}" for number in range(20)} | {"nova": "Once Nova"}
    called |= {"anna_nova": "Anna", "zoe.nova": "Zoë", "beta": "Supernova", "zz9": "NOVA", "otto": "Otto"}
    if big_letters:
        called |= {"NoVa_b": "Big", "NOVA": "Bigger"}
    people = [Person(f"p{number}", *names) for number, names in enumerate(called.items())]
    write(db, [chat(one, at=NOON - 5_000 - days(40) * (one.login < "nova07")) for one in people])
    write(db, [chat(Person("p20", "aaron", "Aaron"), at=NOON - 4_000)])
    since = viewer_list.active_since_ms(NOON)
    found = sorted(
        (one["username"].encode(), one["id"])
        for one in everybody(db)
        if "nova" in f"{one['username']}/{one['display_name']}".lower() or one["username"] == "aaron"
        if filter == "all" or one["raw"]["last_seen_at_ms"] >= since
    )
    for descending in (True, False):
        asked = {"sort_by": "username", "descending": descending, "filter": filter, "search": "nova"}
        whole = [id_ for _, id_ in (found[::-1] if descending else found)]
        assert all_pages(db, 5, **asked) == whole[:12]
        assert page(db, limit=12, **asked).ids == whole[:12]


def test_nobody_is_on_the_list_of_an_empty_database(db):
    for filter in FILTERS:
        assert page(db, filter=filter) == viewer_list.Page([], 0)
        assert page(db, filter=filter, search="nova") == viewer_list.Page([], 0)


@pytest.mark.parametrize("slower", [0, 3, PEOPLE])
@pytest.mark.parametrize("sort_by", ["total_coins_spent", "username", "total_shares"])
def test_a_page_far_from_both_ends_passes_over_who_is_on_no_list(crowd, monkeypatch, sort_by, slower):
    db, people = crowd
    monkeypatch.setattr(viewer_list, "FAR", 0)
    monkeypatch.setattr(viewer_places, "SLOWER", slower)
    monkeypatch.setattr(viewer_places, "STEP", 9)
    with db.reading() as connection:
        connection.info.clear()
    for descending in (True, False):
        asked = {"sort_by": sort_by, "descending": descending, "filter": "all"}
        assert all_pages(db, 7, **asked) == slow_list(people, **asked)


def test_who_pages_on_far_from_both_ends_meets_everybody_once_whoever_overtakes(db, monkeypatch):
    monkeypatch.setattr(viewer_list, "FAR", 0)
    write(db, [chat(person(number), at=NOON - 90_000 + number) for number in range(60)])
    asked = {"sort_by": "total_comments", "limit": 10}
    before = [page(db, page=number, **asked).ids for number in (1, 2, 3)]
    write(db, [chat(person(number), at=NOON - 1_000) for number in (2, 5)])  # from behind the third page to the first
    assert page(db, page=3, **asked).ids == before[2]
    met = [id_ for ids in before for id_ in ids]
    assert len(set(met)) == 30
    later = Question(NOON + viewer_places.KEPT_MS, page=3, **asked)
    with db.reading() as connection:
        assert (
            viewer_list.page(connection, later).ids
            == slow_list(everybody(db), sort_by="total_comments", descending=True, filter="all")[20:30]
        )


@pytest.mark.parametrize("cheap", ["READING", "FINDING", "GATHERING", "NOTING", "LOOKING"])
@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("search", ["nova", "no", "мила", ""])
def test_every_way_to_a_page_leads_to_the_same_people(crowd, monkeypatch, search, filter, cheap):
    db, people = crowd
    bounds(monkeypatch, FEW_MATCHES=3, MOST_MATCHES=12)
    bounds(monkeypatch, **{cheap: 0.0})
    for sort_by in ("total_visits", "username"):
        asked = {"sort_by": sort_by, "descending": True, "filter": filter, "search": search}
        whole = slow_list(people, **asked)
        assert all_pages(db, 5, **asked) == (whole[:12] if search else whole)
