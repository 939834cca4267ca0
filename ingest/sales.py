"""Sales that other systems report: each id once, refunds beside the sale they belong to, all in the ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from core.statements import Prepared, among
from ingest import ledger
from ingest.ledger import Entry
from ingest.policy import Policy
from models import EntryKind, LedgerEntry, Sale
from rules.sales import Reported


class Became(Enum):
    """What became of a sale that was reported."""

    BOOKED = "booked"
    KNOWN = "known"  # told before, in the same words
    DIFFERENT = "different"  # this id was told before, of something else, and that stands
    NO_SUCH_SALE = "no_such_sale"  # what it refunds is not known
    OTHER_CURRENCY = "other_currency"  # than the sale it refunds
    TOO_MUCH = "too_much"  # more would be given back than came in


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a sale, and what the ledger has of its id: nothing where it was refused."""

    became: Became
    at_ms: int = 0
    amount_micros: int = 0
    currency: str = ""
    source: str = ""

    @classmethod
    def standing(cls, became: Became, booked: Any) -> Taken:
        return cls(became, booked.at_ms, booked.amount_micros, booked.currency, booked.source)


def record(connection: Connection, sales: Sequence[Reported], policy: Policy, now_ms: int) -> list[Taken]:
    """Books what of ``sales`` is new; answers one thing each, in their order."""
    known = {row.sale_id: row for row in _KNOWN(connection, ids=[sale.sale_id for sale in sales])}
    taken: list[Taken] = []
    booked: dict[str, Reported] = {}
    for sale in sales:
        before = known.get(sale.sale_id) or booked.get(sale.sale_id)
        if before is not None:
            same = before.fingerprint == sale.fingerprint
            taken.append(Taken.standing(Became.KNOWN if same else Became.DIFFERENT, before))
        elif (fault := _fault(connection, sale)) is not None:
            taken.append(Taken(fault))
        else:
            _book(connection, sale, policy, now_ms)
            booked[sale.sale_id] = sale
            taken.append(Taken.standing(Became.BOOKED, sale))
    return taken


def _fault(connection: Connection, sale: Reported) -> Became | None:
    """Why a refund cannot be: there must be a sale, and something of it left."""
    if sale.refund_of is None:
        return None
    found = _REFUNDED(connection, id=sale.refund_of).first()
    if found is None or found.amount_micros < 0:
        return Became.NO_SUCH_SALE
    if found.currency != sale.currency:
        return Became.OTHER_CURRENCY
    given_back = _GIVEN_BACK(connection, id=sale.refund_of).scalar() or 0
    return Became.TOO_MUCH if found.amount_micros + given_back + sale.amount_micros < 0 else None


def _label(connection: Connection, sale: Reported) -> str:
    """What was sold: a refund that does not say gives back what its sale was of."""
    if sale.label or sale.refund_of is None:
        return sale.label
    of: str = _REFUNDED(connection, id=sale.refund_of).one().label
    return of


def _book(connection: Connection, sale: Reported, policy: Policy, now_ms: int) -> None:
    entry = Entry(
        source=sale.source,
        at_ms=sale.at_ms,
        currency=sale.currency,
        amount_micros=sale.amount_micros,
        cause=f"sale/{sale.sale_id}",
        kind=EntryKind.REFUND if sale.amount_micros < 0 else EntryKind.EARNED,
        label=_label(connection, sale),
    )
    row = {
        "sale_id": sale.sale_id,
        "entry_id": ledger.book_one(connection, entry, policy.zone, now_ms),
        "fingerprint": sale.fingerprint,
        "refund_of": sale.refund_of,
        "detail": json.dumps(dict(sale.data), ensure_ascii=False, separators=(",", ":")) if sale.data else None,
    }
    connection.execute(insert(Sale).values(row))


_BOOKED = (LedgerEntry.at_ms, LedgerEntry.amount_micros, LedgerEntry.currency, LedgerEntry.source, LedgerEntry.label)
_WITH_ENTRY = select(Sale.sale_id, Sale.fingerprint, *_BOOKED)
_JOINED = _WITH_ENTRY.join(LedgerEntry, LedgerEntry.id == Sale.entry_id)
_KNOWN = Prepared(_JOINED.where(among(Sale.sale_id, "ids")))
_REFUNDED = Prepared(_JOINED.where(Sale.sale_id == bindparam("id")))
_GIVEN_BACK = Prepared(
    select(func.sum(LedgerEntry.amount_micros))
    .join(Sale, Sale.entry_id == LedgerEntry.id)
    .where(Sale.refund_of == bindparam("id"))
)
