"""The page of the library over HTTP on a kept connection, with ten times as many records and beside plain SQL."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.asked import Case, heading, row
from benchmarks.served import Served
from benchmarks.sizes import of_sizes
from core.clock import DAY_MS
from core.db import Database
from ingest.library_rebuild import rebuild
from init_db import upgrade

SMALL, LARGE = 100_000, 1_000_000
ASKED, DAYS = 60, 1_000
UTC = ZoneInfo("UTC")
# Of a hundred records. What nothing tells of are four plans.
MEMBERS, TITLES, WATCHES, REVIEWS, PAYMENTS = 10, 2, 50, 8, 30
GENRES = ("Action", "Comedy", "Crime", "Documentary", "Drama", "Family", "Horror", "Romance", "Sci-Fi", "Thriller")
METHODS = ("card", "paypal", "bank transfer", "gift card")
INSERTS = {
    "library_plans": "id, name, name_key, price_minor, currency, billing_months",
    "library_members": "id, name, email, email_key, plan_id, joined_at_ms, cancelled_at_ms",
    "library_content": "id, title, genre, content_type, rating, released",
    "library_watches": "member_id, content_id, watched_at_ms, progress",
    "library_reviews": "member_id, content_id, rating, comment, reviewed_at_ms",
    "library_payments": "member_id, plan_id, amount_minor, currency, method, paid_at_ms",
}

MONTH = "strftime('%Y-%m', {} / 1000, 'unixepoch')"
WATCHED_IN, PAID_IN = MONTH.format("watched_at_ms"), MONTH.format("paid_at_ms")
NEWEST = "SELECT * FROM library_{} ORDER BY {} DESC LIMIT 50"
# The same as far as the obvious program asks it, by one statement each.
CHARTS: dict[str, str] = {
    "/api/subscriptions": """SELECT p.name, count(m.id) FROM library_plans p LEFT JOIN library_members m
        ON m.plan_id = p.id AND m.cancelled_at_ms IS NULL GROUP BY p.id""",
    "/api/top-content": "SELECT title, genre, rating FROM library_content ORDER BY rating DESC LIMIT 10",
    "/api/top-content?genre=drama": """SELECT title, genre, rating FROM library_content WHERE lower(genre) = 'drama'
        ORDER BY rating DESC LIMIT 10""",
    "/api/popular-content-over-time?month=Aug": f"""SELECT content_id, count(*), sum(progress) FROM library_watches
        WHERE {WATCHED_IN} LIKE '%-08' GROUP BY 1 ORDER BY 2 DESC LIMIT 10""",
    "/api/popular-content-trend": f"""SELECT {WATCHED_IN}, content_id, count(*) FROM library_watches
        GROUP BY 1, 2 ORDER BY 1, 3 DESC""",
    "/api/watch-history-genre": """SELECT genre, count(*) FROM library_watches w JOIN library_content c
        ON c.id = w.content_id GROUP BY 1""",
    "/api/revenue-trends": f"SELECT {PAID_IN}, sum(amount_minor) FROM library_payments GROUP BY 1",
    "/api/revenue-trends?start_date=2020-01-01": """SELECT paid_at_ms / 86400000, sum(amount_minor)
        FROM library_payments GROUP BY 1""",
    "/api/payments-trend": "SELECT paid_at_ms / 604800000, sum(amount_minor) FROM library_payments GROUP BY 1",
    "/api/payment-method-distribution": "SELECT method, count(*) FROM library_payments GROUP BY 1",
    "/api/library/metrics": f"""SELECT plan_id, {PAID_IN}, sum(amount_minor), count(DISTINCT member_id)
        FROM library_payments GROUP BY 1, 2""",
    "/api/library/retention": f"""SELECT {MONTH.format("joined_at_ms")}, {MONTH.format("cancelled_at_ms")}, count(*)
        FROM library_members GROUP BY 1, 2""",
    "/api/library/choices": f"SELECT DISTINCT {WATCHED_IN} FROM library_watches",
}
LISTS: dict[str, str] = {
    "/api/plans": "SELECT * FROM library_plans ORDER BY name",
    "/api/users": NEWEST.format("members", "joined_at_ms"),
    "/api/users?status=active": """SELECT * FROM library_members WHERE cancelled_at_ms IS NULL
        ORDER BY joined_at_ms DESC LIMIT 50""",
    "/api/users?plan_id=2&status=cancelled": """SELECT * FROM library_members WHERE plan_id = 2
        AND cancelled_at_ms IS NOT NULL ORDER BY joined_at_ms DESC LIMIT 50""",
    "/api/users?search=member+1": "SELECT * FROM library_members WHERE name LIKE '%member 1%' LIMIT 50",
    "/api/users?search=member+4711": "SELECT * FROM library_members WHERE name LIKE '%member 4711%' LIMIT 50",
    "/api/content": "SELECT * FROM library_content ORDER BY title LIMIT 50",
    "/api/content?genre=drama&sort=watch_count": """SELECT * FROM library_content WHERE lower(genre) = 'drama'
        ORDER BY watch_count DESC LIMIT 50""",
    "/api/content?search=title+1": "SELECT * FROM library_content WHERE title LIKE '%title 1%' LIMIT 50",
    "/api/watch-history": NEWEST.format("watches", "watched_at_ms"),
    "/api/watch-history?page=100": """SELECT * FROM library_watches ORDER BY watched_at_ms DESC
        LIMIT 50 OFFSET 4950""",
    "/api/reviews": NEWEST.format("reviews", "reviewed_at_ms"),
    "/api/reviews?sort=rating": NEWEST.format("reviews", "rating"),
    "/api/payments": NEWEST.format("payments", "paid_at_ms"),
    "/api/payments?method=paypal": """SELECT * FROM library_payments WHERE method = 'paypal'
        ORDER BY paid_at_ms DESC LIMIT 50""",
    "/api/payments?method=paypal&plan_id=2": """SELECT * FROM library_payments WHERE method = 'paypal'
        AND plan_id = 2 ORDER BY paid_at_ms DESC LIMIT 50""",
}
OF_ONE: dict[str, str] = {
    "/api/user-stats/{}": """SELECT * FROM library_watches w JOIN library_content c ON c.id = w.content_id
        WHERE member_id = {}""",
    "/api/recommendations/{}": """SELECT other.content_id, count(*) FROM library_watches mine
        JOIN library_watches same ON same.content_id = mine.content_id
        JOIN library_watches other ON other.member_id = same.member_id
        WHERE mine.member_id = {} GROUP BY 1 ORDER BY 2 DESC LIMIT 10""",
    "/api/users/{}": "SELECT * FROM library_members WHERE id = {}",
}


class Numbers(NamedTuple):
    """How many records there are of each kind."""

    members: int
    titles: int
    watches: int
    reviews: int
    payments: int

    @classmethod
    def of(cls, number: int) -> Numbers:
        return cls(*(max(2, number * share // 100) for share in (MEMBERS, TITLES, WATCHES, REVIEWS, PAYMENTS)))


def main(small: int = SMALL, large: int = LARGE, asked: int = ASKED) -> None:
    title = f"The library over HTTP: {asked} answers each at {small:,} and at {large:,} records, in turn, ms"
    heading(title, "obvious SQL over the records of the same file and its indexes, without HTTP.")
    now_ms = int(time.time() * 1000)
    numbers = (small, large)
    with of_sizes("library", numbers, make, now_ms, {"TIMEZONE": "UTC"}) as sizes:
        cases = [_cases(*size, Numbers.of(number).members) for size, number in zip(sizes, numbers, strict=True)]
        for at_small, at_large in zip(*cases, strict=True):
            row(at_small, at_large, asked, asked_plainly=1)


def make(file: Path, number: int, *, now_ms: int) -> None:
    """So many records in ``file``, and all that is counted of them as it is when they are made one by one."""
    database = Database(f"sqlite:///{file.absolute()}")
    upgrade(database)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table, rows in _records(Numbers.of(number), now_ms).items():
            columns = f"{INSERTS[table]}, created_at_ms, updated_at_ms"
            places = ", ".join("?" * len(columns.split(",")))
            connection.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({places})", ((*row, now_ms, now_ms) for row in rows)
            )
        connection.commit()
    with database.writing() as writing:
        rebuild(writing, UTC)
    database.close()


def _records(of: Numbers, now_ms: int) -> dict[str, Iterator[tuple[object, ...]]]:
    """Rows of each table. What was newly released is watched more often, as everywhere."""
    rng = random.Random(of.watches)

    def moment(at: int, number: int) -> int:
        return int(now_ms - (number - at) * DAYS * DAY_MS / number)

    def member() -> int:
        return rng.randint(1, of.members)

    def title() -> int:
        return 1 + int(of.titles * rng.random() ** 3)

    prices = (499, 999, 1499, 9900)
    return {
        "library_plans": (
            (plan, f"Plan {plan}", f"plan {plan}", price, "USD", 12 if plan == 4 else 1)
            for plan, price in enumerate(prices, 1)
        ),
        "library_members": (
            (
                *(at, f"Member {at}", f"m{at}@example.com", f"m{at}@example.com", rng.randint(1, 4)),
                *((joined := moment(at, of.members)), rng.randint(joined, now_ms) if rng.random() < 0.3 else None),
            )
            for at in range(1, of.members + 1)
        ),
        "library_content": (
            (at, f"Title {at}", rng.choice(GENRES), "Movie" if at % 3 else "Series", rng.randint(100, 1000), "2024")
            for at in range(1, of.titles + 1)
        ),
        "library_watches": (
            (member(), title(), moment(at, of.watches), rng.randint(0, 10_000)) for at in range(of.watches)
        ),
        "library_reviews": (
            (member(), title(), rng.randint(100, 1000), "", moment(at, of.reviews)) for at in range(of.reviews)
        ),
        "library_payments": (
            (
                *(member(), (plan := rng.randint(1, 4)), prices[plan - 1]),
                *("EUR" if at % 10 == 0 else "USD", rng.choice(METHODS), moment(at, of.payments)),
            )
            for at in range(of.payments)
        ),
    }


def _cases(product: Served, plain: sqlite3.Connection, members: int) -> Iterator[Case]:
    for target, query in {**CHARTS, **LISTS}.items():
        yield Case(target, _asking(product, target), _plainly(plain, query))
    for target, query in OF_ONE.items():
        somebody = random.Random(members)

        def ask(target: str = target, somebody: random.Random = somebody) -> bytes:
            return product.get(target.format(somebody.randint(1, members)))

        yield Case(target.format("<id>"), ask, _plainly(plain, query.format(members // 2)))


def _asking(product: Served, target: str) -> Callable[[], object]:
    path, _, query = target.partition("?")
    given = dict(part.split("=") for part in query.replace("+", " ").split("&")) if query else {}
    return lambda: product.get(path, **given)


def _plainly(plain: sqlite3.Connection, query: str) -> Callable[[], object]:
    return lambda: plain.execute(query).fetchall()


if __name__ == "__main__":
    main()
