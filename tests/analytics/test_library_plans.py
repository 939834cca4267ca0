"""How SQLite finds the library's answers: by an index each, however many records there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from analytics import library, library_finance, library_recommendations, library_records, library_revenue
from analytics.library_records import Question
from core.db import Database
from rules.library_kinds import KINDS
from tests import library_histories as histories
from tests import support
from tests.library_histories import NOW, SETTING, ZONE

pytestmark = pytest.mark.sqlite  # its query plans

LARGE = (
    *("library_watches", "library_payments", "library_reviews", "library_members", "library_content"),
    "library_watch_months",
)
FILTERS = {
    "user_id": 1,
    "content_id": 1,
    "plan_id": 1,
    "method": "PayPal",  # of one spelling
    "genre": "comedy",
    "content_type": "Movie",
    "since": NOW - 1,
    "until": NOW,
    "status": "cancelled",
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = support.database(Path(tmp_path_factory.mktemp("library")))
    kinds = ("watch-history", "payments", "reviews", "users", "content")
    histories.apply(made, [("make", kind, number) for number in range(20) for kind in kinds])
    yield made
    made.close()


def listed(path: str, sort: str, **filters: Any) -> Callable[[Connection], Any]:
    return lambda connection: library_records.page(connection, Question(path, 1, 50, sort, True, "", filters), SETTING)


QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "plans": library.subscriptions,
    "top titles": lambda connection: library.top_content(connection, None, 10),
    "top titles of a genre": lambda connection: library.top_content(connection, "Comedy", 10),
    "popular in a month": lambda connection: library.popular_in(
        connection, library.month_meant(connection, "Aug") or 0
    ),
    "popular by month": lambda connection: library.popular_trend(connection, 24, 10),
    "revenue by day": lambda connection: library_revenue.by_month(connection, "USD"),
    "one user": lambda connection: library.user_stats(connection, 1, ZONE, 100),
    "recommendations": lambda connection: library_recommendations.recommendations(connection, 1, 10),
    "metrics": lambda connection: library_finance.metrics(connection, 24_298, "USD"),
    **{f"{kind.path} by {sort}": listed(kind.path, sort) for kind in KINDS for sort in kind.sorts},
    **{
        f"{kind.path} of a {one.name} by {sort}": listed(kind.path, sort, **{one.name: FILTERS[one.name]})
        for kind in KINDS
        for one in kind.filters
        for sort in one.sorts
    },
    **{
        f"{path} of a {one} and {other}": listed(path, sort, **{one: FILTERS[one], other: FILTERS[other]})
        for path, sort, one, other in (
            ("users", "joined_at", "plan_id", "status"),
            ("payments", "payment_date", "plan_id", "method"),
        )
    },
    "active users of a plan": listed("users", "joined_at", plan_id=1, status="active"),
    "watches of a user and title": listed("watch-history", "watched_on", user_id=1, content_id=1),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_found_by_looking_through_a_table_or_sorting_it(database: Database, question: str) -> None:
    statements: list[tuple[str, Any]] = []
    with database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: statements.append((args[2], args[3])))
        QUESTIONS[question](connection)
    assert statements
    with database.reading() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for step in (str(row[3]) for row in plan):
                # Down an index to its first rows is no look through a table; without an index or an end it is.
                ends = " USING " in step and "LIMIT" in statement
                bare = step.startswith("SCAN") and not ends and any(name in step for name in LARGE)
                assert not bare, f"{step}: {statement}"
                if "LIMIT" in statement and "library_plans.id" not in statement:  # there are few
                    assert "USE TEMP B-TREE FOR ORDER BY" not in step, f"{step}: {statement}"
