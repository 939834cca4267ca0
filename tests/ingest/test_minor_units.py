"""Amounts that an earlier version kept in hundredths: brought into their currency's own unit, with their sums."""

from __future__ import annotations

from typing import Any

import pytest

from actions import library
from core import money
from core.db import Database
from ingest import minor_units, store, store_rebuild
from ingest.library_rebuild import rebuild
from ingest.minor_units import TAKEN_FOR_HUNDREDTHS
from models import LedgerEntry, LibraryMethod, LibraryPayment, LibraryPlan, LibraryRevenueDay, StoreEvent
from rules.library_values import Setting
from rules.tracking import checked
from tests.ingest.shop import tables as shop_tables
from tests.ingest.test_library import figures
from tests.library_histories import ZONE
from tests.support import NOON, POLICY, days, hours, rows

SETTING = Setting(ZONE, "USD")
# What was told, and what is kept of it in the currency's minor unit: half a franc becomes the even one.
TOLD = [
    *(("XPF", 1_500, 1_500), ("XPF", 1_500.5, 1_500), ("XPF", 1_501.5, 1_502), ("XPF", 2.25, 2), ("KMF", 0.75, 1)),
    *(("LYD", 19.25, 19_250), ("CLF", 1.5, 15_000), ("USD", 1_500.5, 150_050), ("JPY", 1_500, 1_500)),
]


@pytest.fixture
def earlier(db: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """As a version has left it that knew fewer currencies."""
    with monkeypatch.context() as then:
        for currency in TAKEN_FOR_HUNDREDTHS:
            then.delitem(money.UNUSUAL_MINOR_DIGITS, currency)
        pay(db)
        buy(db)
    return db


def pay(to: Database) -> None:
    library.create(to, "users", {"name": "Ann", "email": "ann@example.com"}, SETTING, now_ms=NOON)
    for number, (currency, amount, _) in enumerate(TOLD):
        plan = {"name": f"Plan {number}", "price": amount, "currency": currency}
        library.create(to, "plans", plan, SETTING, now_ms=NOON)
        paid = {"user_id": 1, "plan_id": number + 1, "amount": amount, "currency": currency, "method": "Card"}
        moment = f"2024-06-1{number % 3}T18:{29 + number % 2}:00+00:00"  # on both sides of midnight in ZONE
        library.create(to, "payments", paid | {"payment_date": moment}, SETTING, now_ms=NOON)


def buy(to: Database) -> None:
    bought = [
        checked(
            {"event_type": "purchase", "user_id": "ada", "data": {"amount": amount, "currency": currency}},
            now_ms=NOON - hours(1) * (number % 2),
            currency="USD",
            event_id=f"order-{number}",
        )
        for number, (currency, amount, _) in enumerate(TOLD)
    ]
    looked = {"event_type": "add_to_cart", "data": {"amount": 7.5, "currency": "XPF"}}
    bought.append(checked(looked, now_ms=NOON, currency="USD", event_id="cart-1"))
    with to.writing() as connection:
        store.record(connection, bought, NOON, POLICY)


def adopt(into: Database) -> None:
    with into.writing() as connection:
        minor_units.adopt(connection, ZONE)


def test_what_was_kept_in_hundredths_is_kept_in_the_minor_unit_of_its_currency(earlier: Database) -> None:
    others = [row for row in rows(earlier, LibraryPayment) if row["currency"] in ("USD", "JPY")]
    booked = rows(earlier, LedgerEntry)
    adopt(earlier)
    kept = [minor for _, _, minor in TOLD]
    assert [row["amount_minor"] for row in rows(earlier, LibraryPayment)] == kept
    assert [row["price_minor"] for row in rows(earlier, LibraryPlan)] == kept
    assert [row["amount_minor"] for row in rows(earlier, StoreEvent)] == [*kept, 8]
    assert [row for row in rows(earlier, LibraryPayment) if row["currency"] in ("USD", "JPY")] == others
    assert rows(earlier, LedgerEntry) == booked, "the ledger counts in millionths of what was told"


def test_sums_are_those_of_a_rebuild(earlier: Database) -> None:
    adopt(earlier)
    summed = figures(earlier), without_order(shop_tables(earlier))
    francs = [row["amount_minor"] for row in rows(earlier, LibraryRevenueDay) if row["currency"] == "XPF"]
    assert sum(francs) == 1_500 + 1_500 + 1_502 + 2
    assert {row["amount_minor"] for row in rows(earlier, LibraryMethod) if row["currency"] == "LYD"} == {19_250}
    with earlier.writing() as connection:
        rebuild(connection, ZONE)
        store_rebuild.rebuild(connection, NOON + days(1))
    assert (figures(earlier), without_order(shop_tables(earlier))) == summed


def without_order(told: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(found) for name, found in told.items()}


def test_a_payment_of_half_a_franc_leaves_nothing_in_the_ledger_when_it_is_deleted(earlier: Database) -> None:
    adopt(earlier)
    library.remove(earlier, "payments", 2, SETTING, now_ms=NOON)
    taken = [row["amount_micros"] for row in rows(earlier, LedgerEntry) if row["corrects_id"] is not None]
    assert taken == [-1_500_500_000]
