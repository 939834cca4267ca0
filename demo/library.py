"""The demo's membership site: who joined which plan, what they watched, thought of it and paid, up to this moment.

Records point to others by position, beginning with 1, as the lists of an import do.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS, iso_utc
from demo.library_titles import titles
from demo.names import FIRST_PARTS, SECOND_PARTS
from demo.shop_products import amount_in

USERS, TITLES = 100, 100
MONTHS = 14  # since it opened
MONTH_MS = 30 * DAY_MS
# Name, price in a currency with cents, for how many months, and how popular it is.
PLANS = (("Lurker", 0, 1, 2), ("Regular", 4.99, 1, 9), ("Harbor Crew", 9.99, 1, 6), ("Harbor Crew, a Year", 99, 12, 3))
METHODS, SHARES = ("Card", "PayPal", "Bank transfer", "Gift card"), (56, 28, 11, 5)
LEAVES = 0.035  # of those who pay, in a month
COMMENTS = {
    "good": ("Watched it twice.", "The goose alone is worth it.", "Cosy, funny, too short.", "More of this, please!"),
    "fair": ("Nice in the background.", "Good, but the middle drags.", "Chat was the best part."),
    "poor": ("Not for me.", "The sound is very quiet.", "I fell asleep. Twice."),
}

Record = dict[str, Any]


@dataclass(slots=True)
class Library:
    """All records by the path of their kind, as their calls take them."""

    plans: list[Record] = field(default_factory=list)
    users: list[Record] = field(default_factory=list)
    content: list[Record] = field(default_factory=list)
    watches: list[Record] = field(default_factory=list)
    reviews: list[Record] = field(default_factory=list)
    payments: list[Record] = field(default_factory=list)

    def by_path(self) -> dict[str, list[Record]]:
        return {
            "plans": self.plans,
            "users": self.users,
            "content": self.content,
            "watch-history": self.watches,
            "reviews": self.reviews,
            "payments": self.payments,
        }


@dataclass(frozen=True, slots=True)
class _Member:
    position: int
    plan: int  # position
    joined_ms: int
    left_ms: int
    favourites: Sequence[str]
    eagerness: float


def library(seed: int, *, now_ms: int, currency: str) -> Library:
    """Everything follows from ``seed`` and the day."""
    rng = random.Random(f"library:{seed}")
    opened_ms = now_ms - MONTHS * MONTH_MS
    made = Library()
    for name, price, months, _ in PLANS:
        made.plans.append({"name": name, "price": amount_in(price, currency), "billing_months": months})
    genres = _add_titles(made, rng, now_ms)
    for position in range(1, USERS + 1):
        member = _join(made, rng, position, opened_ms, now_ms, genres)
        _pay(made, rng, member, currency)
        _watch(made, rng, member)
    for records, when in ((made.watches, "watched_on"), (made.reviews, "reviewed_on"), (made.payments, "payment_date")):
        records.sort(key=lambda record, when=when: str(record[when]))  # type: ignore[misc]
    return made


def _add_titles(made: Library, rng: random.Random, now_ms: int) -> list[str]:
    """Answers the genres; titles were released over three years, the newest last week."""
    found = list(titles())[:TITLES]
    for title in found:
        released_ms = now_ms - 7 * DAY_MS - int(rng.random() ** 1.5 * 3 * 365 * DAY_MS)
        made.content.append(
            {
                "title": title.name,
                "genre": title.genre,
                "content_type": title.content_type,
                "rating": round(rng.triangular(4.6, 9.8, 7.9), 1),
                "release_date": datetime.fromtimestamp(released_ms / 1000, UTC).date().isoformat(),
                "duration_minutes": max(8, round(title.minutes * rng.uniform(0.7, 1.3))),
            }
        )
    return list(dict.fromkeys(title.genre for title in found))


def _join(
    made: Library, rng: random.Random, position: int, opened_ms: int, now_ms: int, genres: Sequence[str]
) -> _Member:
    """More join as time goes by; who pays may leave again after a month."""
    first, second = rng.choice(FIRST_PARTS[:100]), rng.choice(SECOND_PARTS)
    name = f"{first.title()} {second.title()}"
    joined_ms = opened_ms + int((rng.random() ** 0.75) * (now_ms - opened_ms - 2 * DAY_MS))
    plan = rng.choices(range(1, len(PLANS) + 1), [share for *_, share in PLANS])[0]
    left_ms = joined_ms + MONTH_MS
    while plan > 1 and left_ms < now_ms and rng.random() > LEAVES:
        left_ms += MONTH_MS
    stays = left_ms >= now_ms or plan == 1
    made.users.append(
        {
            "name": name,
            "email": f"{first}.{second}{position}@example.com",
            "plan_id": plan,
            "joined_at": iso_utc(joined_ms),
            **({} if stays else {"cancelled_at": iso_utc(left_ms)}),
        }
    )
    return _Member(
        position, plan, joined_ms, now_ms if stays else left_ms, rng.sample(genres, 2), rng.uniform(0.3, 1.7)
    )


def _pay(made: Library, rng: random.Random, member: _Member, currency: str) -> None:
    _, price, months, _ = PLANS[member.plan - 1]
    method = rng.choices(METHODS, SHARES)[0]
    due_ms = member.joined_ms + 5 * MINUTE_MS
    while price and due_ms < member.left_ms:
        made.payments.append(
            {
                "user_id": member.position,
                "amount": amount_in(price, currency),
                "method": method,
                "payment_date": iso_utc(due_ms),
            }
        )
        due_ms += months * MONTH_MS


def _watch(made: Library, rng: random.Random, member: _Member) -> None:
    """Evenings, mostly in two genres; some is given up, and some of it reviewed."""
    weights = [5.0 if title["genre"] in member.favourites else 0.6 for title in made.content]
    positions = range(1, len(made.content) + 1)
    reviewed: set[int] = set()
    at_ms = member.joined_ms + HOUR_MS
    while True:
        at_ms += int(rng.expovariate(member.eagerness) * 4 * DAY_MS)
        evening_ms = at_ms // DAY_MS * DAY_MS + 17 * HOUR_MS + int(rng.gauss(150, 70)) * MINUTE_MS
        if evening_ms >= member.left_ms:
            return
        if evening_ms <= member.joined_ms:
            continue
        title = rng.choices(positions, weights)[0]
        progress = round(rng.uniform(2, 40) if rng.random() < 0.18 else min(100, rng.triangular(45, 130, 100)), 1)
        record = {"user_id": member.position, "content_id": title}
        made.watches.append({**record, "watched_on": iso_utc(evening_ms), "progress": progress})
        if title not in reviewed and rng.random() < 0.22:
            reviewed.add(title)
            written_ms = min(evening_ms + 3 * HOUR_MS, member.left_ms)
            made.reviews.append({**record, **_review(made, rng, title, progress), "reviewed_on": iso_utc(written_ms)})


def _review(made: Library, rng: random.Random, title: int, progress: float) -> Record:
    """About what the title is worth, and less of what was given up."""
    rating = made.content[title - 1]["rating"] + rng.gauss(0, 1) - (2.5 if progress < 40 else 0)
    rating = max(1, min(10, round(rating)))
    mood = "good" if rating >= 8 else "fair" if rating >= 6 else "poor"
    return {"rating": rating, "comment": rng.choice(COMMENTS[mood]) if rng.random() < 0.6 else ""}
