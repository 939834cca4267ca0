"""The demo's library: the same for the same seed, believable, and stored like everything else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from actions import demo_history, demo_library, installation
from actions import library as orders
from analytics import library_finance, library_recommendations
from core.clock import DAY_MS, iso_utc, month_number
from core.config import Settings
from core.db import DatabaseUnusable
from demo.library import library
from ingest.library_figures import RECOMPUTED
from models import LedgerEntry, LibraryMember, LibraryPayment, LibraryWatch
from rules.library_values import Setting
from tests import support
from tests.support import NOON, UTC, rows

SETTING = Setting(UTC, "USD")


def test_the_same_seed_makes_the_same_library_and_another_another():
    made = library(7, now_ms=NOON, currency="USD")
    assert made == library(7, now_ms=NOON, currency="USD")
    assert made.users != library(8, now_ms=NOON, currency="USD").users


def test_it_is_of_the_promised_size_and_has_life_up_to_now():
    made = library(7, now_ms=NOON, currency="USD")
    assert (len(made.plans), len(made.users), len(made.content)) == (4, 100, 100)
    assert len({one["email"] for one in made.users}) == 100
    assert len({one["title"] for one in made.content}) == 100
    for records, field in (
        (made.watches, "watched_on"),
        (made.payments, "payment_date"),
        (made.reviews, "reviewed_on"),
    ):
        assert iso_utc(NOON - 4 * DAY_MS) < records[-1][field] < iso_utc(NOON), field
        assert records[0][field] < iso_utc(NOON - 300 * DAY_MS), field
    months = Counter(one["watched_on"][:7] for one in made.watches)
    assert len(months) >= 13
    assert 5 < sum("cancelled_at" in one for one in made.users) < 50


def test_prices_are_whole_where_the_currency_has_no_cents():
    made = library(7, now_ms=NOON, currency="JPY")
    assert all(one["price"] == int(one["price"]) for one in made.plans)


def test_it_is_stored_like_every_record_and_goes_with_the_demo(tmp_path: Path):
    database = support.database(tmp_path)
    installation.claim(database, installation.DEMO)
    made = library(7, now_ms=NOON, currency="USD")
    with database.writing() as connection:
        stored = demo_library.store(connection, made, SETTING, now_ms=NOON)
    assert stored == sum(map(len, made.by_path().values()))
    assert len(rows(database, LibraryWatch)) == len(made.watches)
    assert sum(row["amount_minor"] > 0 for row in rows(database, LibraryPayment)) == len(rows(database, LedgerEntry))
    with database.reading() as connection:
        metrics = library_finance.metrics(connection, month_number(NOON, UTC), "USD")
        assert metrics["totals"][0]["mrr"] > 200
        assert metrics["totals"][0]["lifetime_value"] > 0
        found = library_recommendations.recommendations(connection, 1, 10)
        assert {one["basis"] for one in found} == {"watched_together"}
    installation.remove_demo(database)
    for table in (*RECOMPUTED, LibraryMember, LibraryWatch, LedgerEntry):
        assert rows(database, table) == []
    database.close()


def test_a_demo_never_mixes_with_a_real_library(tmp_path: Path):
    database = support.database(tmp_path)
    orders.create(database, "plans", {"name": "Real", "price": 5}, SETTING, now_ms=NOON)
    with pytest.raises(DatabaseUnusable, match="holds a real library"):
        demo_history.fill(database, Settings(), days=1, seed=7, progress=lambda _: None)
    database.close()
