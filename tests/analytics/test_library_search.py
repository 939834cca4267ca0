"""A search of the library against reading every name, whichever way it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from actions import library
from analytics import library_records, library_search
from analytics.library_records import Question
from core.clock import DAY_MS, iso
from core.db import Database
from models import LibraryMember
from tests.library_histories import NOW, SETTING, ZONE
from tests.support import fresh_database, rows

PEOPLE = 120
COLUMNS = {"joined_at": "joined_at_ms", "name": "name", "email": "email_key"}


@pytest.fixture(scope="module")
def members() -> Iterator[tuple[Database, list[dict[str, Any]]]]:
    """Half of them are called Ann, the last ten who joined Zoë Far, and one writes himself in capitals."""
    with fresh_database() as db:
        for number in range(PEOPLE):
            name = f"Ann {number * 37 % 100}" if number % 2 else f"Otto {number}"
            name = "ANNA B" if number == 60 else "Zoë Far" if number >= PEOPLE - 10 else name
            joined = iso(NOW - (PEOPLE - number) * DAY_MS, ZONE)
            told = {"name": name, "email": f"m{number * 71 % PEOPLE}@example.com", "joined_at": joined}
            library.create(db, "users", told, SETTING, now_ms=NOW)
        yield db, rows(db, LibraryMember)


@pytest.mark.parametrize("passing", [0, 30, 10_000])
@pytest.mark.parametrize("most", [20, 10_000])
@pytest.mark.parametrize("text", ["ann", "ANN", "far", "Zoë", "ZOË", "example", "an", "m7@", "nobody", "%"])
def test_every_page_of_a_search_is_what_reading_every_name_finds(members, monkeypatch, text, most, passing):
    db, people = members
    monkeypatch.setattr(library_records, "MOST_MATCHES", most)
    monkeypatch.setattr(library_search, "AT_LEAST", passing)
    found = [one for one in people if text.lower() in f"{one['name']}\n{one['email']}".lower()]
    for sort, column in COLUMNS.items():
        for descending in (True, False):
            whole = sorted(found, key=lambda one: (one[column], one["id"]), reverse=descending)
            assert listed(db, sort, descending, text) == [one["id"] for one in whole][:most]


def listed(db: Database, sort: str, descending: bool, text: str) -> list[int]:
    ids: list[int] = []
    with db.reading() as connection:
        while True:
            asked = Question("users", len(ids) // 7 + 1, 7, sort, descending, text)
            page = library_records.page(connection, asked, SETTING)
            ids += [one["id"] for one in page.records]
            if len(page.records) < 7:
                return ids
