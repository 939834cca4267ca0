"""What is counted of the library's records is what a rebuild counts, whatever was made, changed and deleted."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from core.db import Database
from core.money import MICROS
from ingest import ledger
from ingest.library_figures import RECOMPUTED
from ingest.library_rebuild import rebuild
from models import LedgerDay, LedgerEntry, LedgerTotal, LibraryContent, LibraryPayment, LibraryPlan
from tests import library_histories as histories
from tests.support import examples, fresh_database, rows


def figures(database: Database) -> dict[str, Any]:
    return {table.__tablename__: rows(database, table) for table in (*RECOMPUTED, LibraryPlan, LibraryContent)}


@examples(15)
@given(histories.orders)
def test_figures_are_kept_as_a_rebuild_counts_them_and_the_ledger_has_every_payment(orders):
    with fresh_database() as database:
        histories.apply(database, orders)
        kept = figures(database)
        with database.writing() as connection:
            rebuild(connection, histories.ZONE)
        counted = figures(database)
        totals = {row["kind"]: row["records"] for row in kept.pop("library_totals") if row["records"]}
        assert totals == {row["kind"]: row["records"] for row in counted.pop("library_totals")}
        assert kept == counted
        assert booked(database) == paid(database)
        days = rows(database, LedgerDay)
        with database.writing() as connection:
            ledger.rebuild(connection, histories.ZONE)
        assert [row for row in days if row["amount_micros"] or row["sales"]] == [
            row for row in rows(database, LedgerDay) if row["amount_micros"] or row["sales"]
        ]


def booked(database: Database) -> dict[str, float]:
    assert {row["source"] for row in rows(database, LedgerEntry)} <= {"memberships"}
    found = rows(database, LedgerTotal)
    return {
        row["currency"]: row["amount_micros"] / MICROS
        for row in found
        if row["source"] == "memberships" and row["amount_micros"]
    }


def paid(database: Database) -> dict[str, float]:
    found: dict[str, int] = {}
    for row in rows(database, LibraryPayment):
        found[row["currency"]] = found.get(row["currency"], 0) + row["amount_minor"]
    return {currency: histories.money(minor, currency) for currency, minor in found.items() if minor}


def test_an_edited_payment_leaves_its_correction_in_the_ledger():
    with fresh_database() as database:
        histories.apply(database, [("make", "payments", 5)])
        (entry,) = rows(database, LedgerEntry)
        histories.apply_change(database, "payments", 1, {"amount": 1})
        first, correction, again = rows(database, LedgerEntry)
        assert first == entry
        assert correction["corrects_id"] == entry["id"]
        assert correction["amount_micros"] == -entry["amount_micros"]
        assert again["amount_micros"] == MICROS
        histories.apply_change(database, "payments", 1, {"method": "Cash"})
        assert len(rows(database, LedgerEntry)) == 3, "how it was paid does not change what was earned"
