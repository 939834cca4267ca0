"""The library on a real PostgreSQL: the same records, figures, lists, answers and imports."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from actions import library as orders
from analytics import library, library_finance, library_recommendations, library_records, library_revenue
from analytics.library_records import Question
from core.db import Database
from ingest.library_rebuild import rebuild
from init_db import upgrade
from rules.library_kinds import KINDS
from tests import library_histories as histories
from tests.actions.test_library_import import run, write
from tests.analytics import test_library as answers
from tests.ingest.test_library import booked, figures, paid
from tests.library_histories import NOW, SETTING, TABLES, Reference
from tests.servers import PostgresServer
from tests.support import rows

pytestmark = pytest.mark.sqlite  # it has PostgreSQL of its own


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    made = Database(postgres.new_database())
    upgrade(made)
    yield made
    made.close()


def test_figures_and_answers_are_what_the_records_say(database: Database) -> None:
    rng = random.Random(11)
    kinds = [*TABLES, *histories.OFTEN]
    given = [(rng.choice(histories.WHAT), rng.choice(kinds), rng.randrange(10**6)) for _ in range(60)]
    histories.apply(database, given)
    kept = figures(database)
    with database.writing() as connection:
        rebuild(connection, histories.ZONE)
    totals = {row["kind"]: row["records"] for row in kept.pop("library_totals") if row["records"]}
    counted = figures(database)
    assert totals == {row["kind"]: row["records"] for row in counted.pop("library_totals")}
    assert {name: sorted(map(str, kept[name])) for name in kept} == {
        name: sorted(map(str, counted[name])) for name in counted
    }
    assert booked(database) == paid(database)
    told = Reference(database)
    with database.reading() as connection:
        answers.check_plans(library.subscriptions(connection), told)
        answers.check_months(library_revenue.by_month(connection, "USD"), told)
        answers.check_weeks(library_revenue.by_week(connection, "EUR"), told)
        answers.check_popular(connection, told)
        answers.check_methods(library_revenue.by_method(connection), told)
        answers.check_retention(library_finance.retention(connection, answers.MONTH, 24, None), told)
        answers.check_metrics(library_finance.metrics(connection, answers.MONTH, "USD"), told)
        for user in told.users:
            answers.check_user(library.user_stats(connection, user["id"], histories.ZONE, 5), user, told)
            library_recommendations.recommendations(connection, user["id"], 10)


def test_every_list_is_sorted_filtered_and_searched(database: Database, tmp_path: Path) -> None:
    run(database, write(tmp_path))
    with database.reading() as connection:
        for kind in KINDS:
            for sort in kind.sorts:
                up, down = (
                    library_records.page(connection, Question(kind.path, 1, 50, sort, descending), SETTING)
                    for descending in (False, True)
                )
                assert [one["id"] for one in up.records] == [one["id"] for one in down.records][::-1]
                assert up.total == len(up.records) > 0
        for path, search, found in (
            ("users", "ANN", 1),
            ("users", "an", 1),
            ("content", "rbi", 2),
            ("plans", "prem", 1),
        ):
            kind = library_records.BY_PATH[path]
            sort = next(iter(kind.sorts))
            page = library_records.page(connection, Question(path, 1, 50, sort, False, search), SETTING)
            assert page.total == found, search
        asked = {"user_id": 1, "content_id": 1, "since": 0, "until": NOW}
        watches = Question("watch-history", 1, 50, "watched_on", True, "", asked)
        assert library_records.page(connection, watches, SETTING).total == 2
        active = Question("users", 1, 50, "name", True, "", {"status": "active"})
        assert library_records.page(connection, active, SETTING).total == 3


def test_an_import_comes_twice_and_adds_nothing(database: Database, tmp_path: Path) -> None:
    report, problems = run(database, write(tmp_path))
    assert problems == []
    assert sum(one.new for one in report.stored) == 15
    before = {kind: rows(database, table) for kind, table in TABLES.items()}
    report, _ = run(database, tmp_path)
    assert sum(one.new for one in report.stored) == 0
    assert {kind: rows(database, table) for kind, table in TABLES.items()} == before


def test_what_is_unique_and_what_is_referred_to_is_held(database: Database, tmp_path: Path) -> None:
    run(database, write(tmp_path))
    with pytest.raises(orders.Taken):
        orders.create(database, "users", {"name": "A", "email": "ANN@example.COM"}, SETTING, now_ms=NOW)
    with pytest.raises(orders.InUse, match="2 payments"):
        orders.remove(database, "users", 1, SETTING, now_ms=NOW)
    assert orders.create(database, "plans", {"name": "Third", "price": 3}, SETTING, now_ms=NOW) > 2
