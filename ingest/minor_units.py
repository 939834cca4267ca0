"""Amounts that versions before the schema 0014 kept in hundredths, brought into their currency's own minor unit, once.

What was told more precisely than the currency is becomes the nearest whole unit, half of one the even one; the ledger
counts in millionths and holds what was told, as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, case, select, update

from core.clock import HOUR_MS
from core.money import minor_digits
from ingest import library_rebuild
from ingest.store_usual import Samples, purchases_in
from models import LibraryPayment, LibraryPlan, StoreEvent
from rules.funnel import Step

TAKEN_FOR_HUNDREDTHS = ("CLF", "DJF", "GNF", "KMF", "LYD", "RWF", "UYI", "UYW", "VUV", "XPF")
KEPT = (
    (StoreEvent, StoreEvent.amount_minor),
    (LibraryPlan, LibraryPlan.price_minor),
    (LibraryPayment, LibraryPayment.amount_minor),
)


def adopt(connection: Connection, zone: ZoneInfo) -> None:
    """Does so in the caller's transaction, with the sums; rows of other currencies are not touched."""
    _round_samples(connection)
    for table, amount in KEPT:
        of_these = table.currency.in_(TAKEN_FOR_HUNDREDTHS)
        connection.execute(update(table).where(of_these).values({amount: _in_minor_units(amount, table.currency)}))
    library_rebuild.recount_payments(connection, zone, TAKEN_FOR_HUNDREDTHS)


def _in_minor_units(hundredths: Any, currency: Any) -> ColumnElement[int]:
    whole, rest = hundredths // 100, hundredths % 100
    rounded = case(((rest > 50) | ((rest == 50) & (whole % 2 == 1)), whole + 1), else_=whole)
    return case(
        (currency.in_(_with_digits(0)), rounded),
        (currency.in_(_with_digits(3)), hundredths * 10),
        else_=hundredths * 100,
    )


def _with_digits(digits: int) -> list[str]:
    return [currency for currency in TAKEN_FOR_HUNDREDTHS if minor_digits(currency) == digits]


def _round_samples(connection: Connection) -> None:
    """What is usual of purchases is kept in whole units, as floats: what rounding changes is added to its hour."""
    samples = Samples()
    for currency, at_ms, hundredths in _uneven_purchases(connection):
        told, becomes = hundredths / 100, float(round(Decimal(hundredths) / 100))
        samples.add(purchases_in(currency), at_ms // HOUR_MS, 0, becomes - told, becomes * becomes - told * told)
    samples.write(connection)


def _uneven_purchases(connection: Connection) -> Iterable[Any]:
    return connection.execute(
        select(StoreEvent.currency, StoreEvent.at_ms, StoreEvent.amount_minor).where(
            StoreEvent.step == Step.PURCHASE.value,
            StoreEvent.currency.in_(_with_digits(0)),
            StoreEvent.amount_minor % 100 != 0,
            StoreEvent.is_bot.is_(False),
        )
    )
