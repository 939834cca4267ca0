"""Histories of the library for properties: orders as people give them, and what the records then say."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from actions import library
from core.db import Database
from core.money import minor_digits
from models import (
    LibraryContent,
    LibraryMember,
    LibraryPayment,
    LibraryPlan,
    LibraryReview,
    LibraryWatch,
)
from rules.library_values import Setting
from tests.support import rows

ZONE = ZoneInfo("Asia/Kolkata")
SETTING = Setting(ZONE, "USD")
NOW = 1_732_622_400_000  # 2024-11-26T12:00:00Z
GENRES, METHODS, CURRENCIES = ("Drama", "drama", "Comedy"), ("Card", "card", "PayPal"), ("USD", "EUR", "JPY")
TABLES = {
    "plans": LibraryPlan,
    "users": LibraryMember,
    "content": LibraryContent,
    "watch-history": LibraryWatch,
    "reviews": LibraryReview,
    "payments": LibraryPayment,
}

WHAT = ["make", "make", "make", "change", "delete"]
OFTEN = ["watch-history", "payments"]
# (what, kind, a number from which all else follows)
orders = st.lists(
    st.tuples(
        st.sampled_from(["make", "make", "make", "change", "delete"]),
        st.sampled_from(
            ["plans", "users", "content", "watch-history", "watch-history", "reviews", "payments", "payments"]
        ),
        st.integers(0, 10**6),
    ),
    max_size=30,
)
BEGINNING = [("make", kind, number) for number in (1, 2) for kind in ("plans", "users", "content")]


def apply(database: Database, given: list[tuple[str, str, int]]) -> None:
    """Gives the orders; those that must be refused are."""
    for number, (what, kind, choice) in enumerate([*BEGINNING, *given]):
        rng = random.Random(choice)
        ids = [row["id"] for row in rows(database, TABLES[kind])]
        if what == "make":
            library.create(database, kind, _body(database, kind, rng, number), SETTING, now_ms=NOW)
        elif ids and what == "change":
            body = _body(database, kind, rng, number)
            some = {name: body[name] for name in rng.sample(sorted(body), rng.randint(1, len(body)))}
            try:
                library.change(database, kind, rng.choice(ids), some, SETTING, now_ms=NOW)
            except library.Invalid as error:
                assert "cancelled_at" in str(error) or "decimals" in str(error)
        elif ids:
            try:
                library.remove(database, kind, rng.choice(ids), SETTING, now_ms=NOW)
            except library.InUse:
                assert kind in ("plans", "users", "content")


def _body(database: Database, kind: str, rng: random.Random, number: int) -> dict[str, Any]:
    def one_of(other: str) -> int | None:
        ids = [row["id"] for row in rows(database, TABLES[other])]
        return rng.choice(ids) if ids else None

    day = (date(2022, 12, 30) + timedelta(days=rng.randint(0, 690))).isoformat()
    moment = f"{day}T{rng.choice(['00:00', '23:59', '18:29', '18:31'])}:00{rng.choice(['', '+00:00', '-05:00'])}"
    currency = rng.choice(CURRENCIES)
    money = rng.randint(0, 3_000) if currency == "JPY" else rng.randint(0, 3_000) / 100
    if kind == "plans":
        return {
            "name": f"Plan {number}",
            "price": money,
            "currency": currency,
            "billing_months": rng.choice([1, 3, 12]),
        }
    if kind == "users":
        ended = (date(2024, 11, 20) + timedelta(days=rng.randint(-300, 4))).isoformat() if rng.random() < 0.4 else None
        made = {"name": "Ann", "email": f"ann{number}@example.com", "joined_at": moment, "cancelled_at": ended}
        return made | {
            "joined_at": min(moment, f"{ended or moment}"[:10]),
            "plan_id": rng.choice([None, one_of("plans")]),
        }
    if kind == "content":
        rating = rng.choice([None, 5.5, 9, 9.25])
        return {"title": f"Title {rng.randint(1, 9)}", "genre": rng.choice(GENRES), "rating": rating}
    if (user := one_of("users")) is None or (title := one_of("content")) is None:
        return _body_with_parents(database, kind, rng, number)
    if kind == "watch-history":
        return {"user_id": user, "content_id": title, "watched_on": moment, "progress": rng.randint(0, 10_000) / 100}
    if kind == "reviews":
        return {"user_id": user, "content_id": title, "rating": rng.randint(0, 100) / 10, "reviewed_on": moment}
    made = {
        "user_id": user,
        "amount": money,
        "currency": currency,
        "method": rng.choice(METHODS),
        "payment_date": moment,
    }
    return made | ({"plan_id": one_of("plans")} if rng.random() < 0.5 else {})


def _body_with_parents(database: Database, kind: str, rng: random.Random, number: int) -> dict[str, Any]:
    """Where everybody or everything was deleted: somebody, and something, to refer to."""
    for other in ("users", "content"):
        library.create(
            database, other, _body(database, other, rng, 1_000 + 2 * number + len(other)), SETTING, now_ms=NOW
        )
    return _body(database, kind, rng, number)


class Reference:
    """Everything counted from the records, one after the other."""

    def __init__(self, database: Database) -> None:
        (self.plans, self.users, self.titles, self.watches, self.reviews, self.payments) = (
            rows(database, table) for table in TABLES.values()
        )
        self.title = {row["id"]: row for row in self.titles}

    def day(self, at_ms: int) -> date:
        return datetime.fromtimestamp(at_ms / 1000, ZONE).date()

    def month(self, at_ms: int) -> str:
        return self.day(at_ms).isoformat()[:7]

    def subscriptions(self) -> dict[int, int]:
        return {
            plan["id"]: sum(user["plan_id"] == plan["id"] and user["cancelled_at_ms"] is None for user in self.users)
            for plan in self.plans
        }

    def revenue(self, label: Any) -> dict[str, Counter[str]]:
        """By ``label(day)`` and currency."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in self.payments:
            found[label(self.day(row["paid_at_ms"]))][row["currency"]] += row["amount_minor"]
        return found

    def watched(self) -> dict[str, Counter[int]]:
        found: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for row in self.watches:
            found[self.month(row["watched_at_ms"])][row["content_id"]] += 1
        return found

    def genres(self) -> Counter[str]:
        """Watches of each genre, in small letters."""
        return Counter(self.title[row["content_id"]]["genre"].lower() for row in self.watches)

    def members_at(self, first_day: date, plan_id: int | None = None) -> list[dict[str, Any]]:
        """Who was a member in the month before ``first_day`` and had not left in it."""
        return [
            user
            for user in self.users
            if self.day(user["joined_at_ms"]) < first_day
            and (user["cancelled_at_ms"] is None or self.day(user["cancelled_at_ms"]) >= first_day)
            and (plan_id is None or user["plan_id"] == plan_id)
        ]


def money(minor: int, currency: str) -> float:
    return round(minor / 10 ** minor_digits(currency), 3)


def watch(database: Database, day: str) -> None:
    body = {"user_id": 1, "content_id": 1, "watched_on": day}
    library.create(database, "watch-history", body, SETTING, now_ms=NOW)


def apply_change(database: Database, kind: str, record_id: int, changes: dict[str, Any]) -> None:
    library.change(database, kind, record_id, changes, SETTING, now_ms=NOW)
