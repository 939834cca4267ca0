"""What a ledger must hold, added up from plain lists by somebody who has all the time; and histories of money."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from core.db import Database
from core.events import Kind, Platform
from core.tracked import Tracked
from models import LedgerDay, LedgerHour, LedgerStream, LedgerTotal, Stream
from rules.funnel import Step
from rules.sales import Reported, checked
from tests.ingest.histories import LATEST
from tests.ingest.reference import Reference
from tests.ingest.shop import times
from tests.support import NOON, rows

COIN, BIT = Decimal("0.005"), Decimal("0.01")
SUBS = {"1000": Decimal("2.5"), "2000": Decimal(5), "3000": Decimal("12.5"), "Prime": Decimal("2.25")}
TIKTOK_SUB = Decimal("2.5")
DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}


@dataclass
class Sums:
    """Amounts and numbers of sales, by the keys of the tables; what is nothing at all is left out."""

    days: dict[Any, Any] = field(default_factory=lambda: defaultdict(lambda: (Decimal(0), 0)))
    hours: dict[Any, Any] = field(default_factory=lambda: defaultdict(lambda: (Decimal(0), 0)))
    streams: dict[Any, Any] = field(default_factory=lambda: defaultdict(lambda: (Decimal(0), 0)))
    totals: dict[Any, Any] = field(default_factory=lambda: defaultdict(lambda: (Decimal(0), 0)))

    def add(
        self,
        at_ms: int,
        zone: ZoneInfo,
        currency: str,
        source: str,
        amount: Decimal,
        stream: int | None = None,
        sales: int = 1,
    ) -> None:
        local = datetime.fromtimestamp(at_ms / 1000, zone)
        began = at_ms // 60_000 - local.minute
        places: list[tuple[dict[Any, Any], Any]] = [(self.hours, (currency, began))]
        for name in (source, ""):
            places += [(self.days, (currency, local.date(), name)), (self.totals, (currency, name))]
            if stream is not None:
                places.append((self.streams, (stream, currency, name)))
        for table, key in places:
            before = table[key]
            table[key] = (before[0] + amount, before[1] + sales)

    def plain(self) -> dict[str, Any]:
        return {
            name: {key: value for key, value in getattr(self, name).items() if value[0] or value[1]}
            for name in ("days", "hours", "streams", "totals")
        }


def of_events(sums: Sums, told: Reference, zone: ZoneInfo) -> None:
    """Adds what gifts, bits and subs of a history earned."""
    for item in told.stored:
        event = item.event
        stream = told.streams.index(item.stream) if item.stream else None
        if not item.counts:
            continue
        source, amount, sales = "", Decimal(0), 1
        if event.kind is Kind.CHAT:
            source, amount = "bits", item.amount * BIT
        elif event.kind is Kind.GIFT:
            source, amount = "gifts", item.amount * COIN
            grew = "streak" in event.extra and item.quantity != event.extra["quantity"]
            sales = 0 if grew else 1  # of a streak only its beginning is one
        elif event.kind in (Kind.SUB, Kind.RESUB, Kind.SUBGIFT):
            source = "gift_subs" if event.kind is Kind.SUBGIFT else "subs"
            plan = SUBS[event.extra.get("plan", "1000")]
            amount = TIKTOK_SUB if event.platform is Platform.TIKTOK else plan
        if amount:
            sums.add(event.at_ms, zone, "USD", source, amount, stream, sales)


def of_shop(sums: Sums, arrived: Iterable[Tracked], zone: ZoneInfo) -> None:
    """Adds what purchases earned: the first of each id, without bots."""
    known: dict[str, Tracked] = {}
    for event in arrived:
        known.setdefault(event.event_id, event)
    for event in known.values():
        if event.step == Step.PURCHASE and event.amount_minor and not event.is_bot:
            assert event.currency
            amount = Decimal(event.amount_minor).scaleb(-DIGITS[event.currency])
            sums.add(event.at_ms, zone, event.currency, "shop", amount)


def of_sales(sums: Sums, reported: Iterable[Reported], zone: ZoneInfo) -> Counter[str]:
    """Adds what was sold and given back, by the rules; answers how often which rule spoke."""
    known: dict[str, Reported] = {}
    left: dict[str, int] = {}
    became: Counter[str] = Counter()
    for sale in reported:
        if sale.sale_id in known:
            same = known[sale.sale_id].fingerprint == sale.fingerprint
            became["known" if same else "different"] += 1
            continue
        if sale.refund_of is not None:
            if sale.refund_of not in left:
                became["no_such_sale"] += 1
                continue
            if known[sale.refund_of].currency != sale.currency:
                became["other_currency"] += 1
                continue
            if left[sale.refund_of] + sale.amount_micros < 0:
                became["too_much"] += 1
                continue
            left[sale.refund_of] += sale.amount_micros
        known[sale.sale_id] = sale
        if sale.amount_micros > 0:
            left[sale.sale_id] = sale.amount_micros
        became["booked"] += 1
        amount = Decimal(sale.amount_micros) / 10**6
        sums.add(sale.at_ms, zone, sale.currency, sale.source, amount, sales=int(amount > 0))
    return became


def held(db: Database) -> dict[str, Any]:
    """What the tables hold, in the shape of ``Sums.plain``."""
    number = {row["id"]: place for place, row in enumerate(rows(db, Stream))}

    def told(row: dict[str, Any]) -> tuple[Decimal, int]:
        return Decimal(row["amount_micros"]) / 10**6, row["sales"]

    found = {
        "days": {
            (row["currency"], date.fromordinal(row["day"]), row["source"]): told(row) for row in rows(db, LedgerDay)
        },
        "hours": {(row["currency"], row["hour"]): told(row) for row in rows(db, LedgerHour)},
        "streams": {
            (number[row["stream_id"]], row["currency"], row["source"]): told(row) for row in rows(db, LedgerStream)
        },
        "totals": {(row["currency"], row["source"]): told(row) for row in rows(db, LedgerTotal)},
    }
    return {name: {key: value for key, value in table.items() if value[0] or value[1]} for name, table in found.items()}


def purchases() -> st.SearchStrategy[list[Tracked]]:
    one = st.builds(
        Tracked,
        event_id=st.integers(0, 12).map(lambda number: f"order-{number}"),
        step=st.sampled_from([Step.PURCHASE, Step.PURCHASE, Step.PAGE_VIEW, Step.ADD_TO_CART]).map(int),
        at_ms=times(),
        user_id=st.sampled_from(["ada", "ben", None]),
        amount_minor=st.integers(0, 10**6),
        currency=st.sampled_from(list(DIGITS)),
        is_bot=st.sampled_from([False, False, True]),
    )
    return st.lists(one, max_size=12)


def sales() -> st.SearchStrategy[list[Reported]]:
    """Sales and refunds of few ids, so that they meet."""

    def item(number: int, minor: int, currency: str, of: int | None, at_ms: int) -> Reported:
        amount = Decimal(minor).scaleb(-DIGITS[currency])
        told = {"id": f"s-{number}", "amount": -amount if of is not None else amount, "currency": currency}
        told |= {"source": ("merch", "shop", "till")[number % 3], "at": at_ms}
        if of is not None:
            told["refund_of"] = f"s-{of}"
        return checked(told, now_ms=NOON, currency="USD")

    one = st.builds(
        item,
        st.integers(0, 9),
        st.sampled_from([1, 250, 999, 1_000, 4_990]),
        st.sampled_from(["USD", "USD", "EUR", "JPY"]),
        st.sampled_from([None, None, 0, 1, 2]),
        times(),
    )
    return st.lists(one, max_size=12)


def in_turns(*parts: Sequence[Any]) -> Iterable[Any]:
    """One of each, one after the other."""
    for number in range(max(map(len, parts), default=0)):
        for part in parts:
            if number < len(part):
                yield part[number]


__all__ = ["LATEST", "Sums", "held", "in_turns", "of_events", "of_sales", "of_shop", "purchases", "sales"]
