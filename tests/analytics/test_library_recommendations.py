"""Recommendations: what those who watched the same have watched, with the reason; never what was seen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions import library as orders
from analytics.library import NoSuchUser
from analytics.library_recommendations import recommendations
from core.clock import DAY_MS, iso_utc
from core.db import Database
from tests import support
from tests.library_histories import NOW, SETTING

CAST = ("ann", "bob", "eve", "new")


class Library:
    """Users and titles by name."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ids: dict[str, int] = {}
        self._at = NOW - 300 * DAY_MS

    def make(self, kind: str, **body: Any) -> int:
        return orders.create(self.database, kind, body, SETTING, now_ms=NOW)

    def titles(self, genre: str, *names: str) -> None:
        for name in names:
            self.ids[name] = self.make("content", title=name, genre=genre)

    def users(self, *names: str) -> None:
        for name in names:
            self.ids[name] = self.make("users", name=name, email=f"{name}@example.com")

    def watched(self, who: str, *names: str, progress: float = 100) -> None:
        for name in names:
            self._at += 60_000
            who_what = {"user_id": self.ids[who], "content_id": self.ids[name]}
            self.make("watch-history", **who_what, watched_on=iso_utc(self._at), progress=progress)

    def rated(self, who: str, name: str, rating: float) -> None:
        self.make("reviews", user_id=self.ids[who], content_id=self.ids[name], rating=rating)

    def told(self, who: str, limit: int = 10) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return recommendations(connection, self.ids[who], limit)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    database = support.database(tmp_path)
    made = Library(database)
    made.titles("Space", "Orbit", "Comet", "Nebula", "Eclipse")
    made.titles("Cooking", "Soup", "Bread", "Salad")
    made.users(*CAST, *(f"astronaut{n}" for n in range(4)), *(f"cook{n}" for n in range(6)))
    for n in range(4):
        made.watched(f"astronaut{n}", "Orbit", "Comet", "Nebula")
    for n in range(6):
        made.watched(f"cook{n}", "Soup", "Bread")
    yield made
    database.close()


def test_titles_are_told_that_people_with_the_same_taste_watched_and_why(library):
    library.watched("ann", "Orbit")
    first, second, *_ = library.told("ann")
    assert {first["title"], second["title"]} == {"Comet", "Nebula"}
    assert first["reason"] == "because you watched Orbit"
    assert (first["because"], first["basis"]) == ("Orbit", "watched_together")
    assert first["score"] > 0


def test_nothing_is_told_that_was_watched_or_reviewed(library):
    library.watched("ann", "Orbit", "Comet")
    library.rated("ann", "Nebula", 9)
    assert not {"Orbit", "Comet", "Nebula"} & {one["title"] for one in library.told("ann", 50)}


def test_a_title_that_was_given_up_or_disliked_leads_to_nothing(library):
    library.watched("ann", "Orbit")
    library.watched("ann", "Soup", progress=5)
    assert "Bread" not in [one["title"] for one in library.told("ann") if one["basis"] == "watched_together"]
    library.watched("bob", "Orbit", "Soup")
    library.rated("bob", "Orbit", 9)
    library.rated("bob", "Soup", 1)
    found = library.told("bob")
    assert found[0]["because"] == "Orbit"
    assert "Bread" not in [one["title"] for one in found if one["basis"] == "watched_together"]


def test_who_watched_nothing_is_told_what_is_popular(library):
    found = library.told("new")
    assert [one["title"] for one in found][:2] == ["Bread", "Soup"], "the most watched"
    assert {one["reason"] for one in found} == {"popular with everybody"}
    assert len(found) == 7, "everything there is"
    assert len(library.told("new", 3)) == 3


def test_who_reviewed_only_gets_more_of_what_they_liked_first(library):
    library.titles("Space", "Quasar")
    library.rated("eve", "Eclipse", 9)  # which nobody watched
    found = library.told("eve")
    assert found[0]["reason"] == "popular in Space"
    spacey = [one["basis"] for one in found]
    assert spacey == sorted(spacey, key=["watched_together", "popular_in_genre", "popular"].index)
    assert len({one["title"] for one in found}) == len(found), "each once"


def test_a_title_everybody_watches_says_less_than_a_rare_one(library):
    library.watched("ann", "Orbit")
    for n in range(3):
        library.watched(f"astronaut{n}", "Soup", "Eclipse")  # as often together, but cooks watch soup anyway
    order = [one["title"] for one in library.told("ann")]
    assert order.index("Eclipse") < order.index("Soup")


def test_nobody_gets_recommendations_who_is_not_there(library):
    library.ids["nobody"] = 999
    with pytest.raises(NoSuchUser):
        library.told("nobody")


@pytest.mark.sqlite
def test_the_same_question_is_answered_alike_and_titles_are_unseen_whatever_happened(library):
    rng = random.Random(5)
    for _ in range(60):
        library.watched(rng.choice(CAST), rng.choice(["Orbit", "Comet", "Nebula", "Eclipse", "Soup", "Bread", "Salad"]))
    for who in CAST:
        found = library.told(who, 50)
        assert found == library.told(who, 50)
        with library.database.reading() as connection:
            seen = set(
                connection.exec_driver_sql(
                    "SELECT content_id FROM library_watches WHERE member_id = ?", (library.ids[who],)
                ).scalars()
            )
        assert not seen & {one["content_id"] for one in found}
        assert len(found) == 7 - len(seen)
