"""The page of viewers: every question it asks, over HTTP on a kept connection, at 10,000 and at a million people."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain, cycle
from pathlib import Path

from benchmarks import million_viewers
from benchmarks.asked import Case, heading, row
from benchmarks.plain_viewers import FILTERS, Plain
from benchmarks.served import Served, served
from demo.names import SECOND_PARTS
from models import SORTED_BY

SMALL, LARGE = 10_000, million_viewers.PEOPLE
ASKED, ASKED_PLAINLY = 40, 3
PAGE = 50
API = "/api/viewer-profiles"
SORTS = tuple(
    column.replace("watchtime_ms", "watchtime_seconds").replace("seen_at_ms", "seen_at") for column in SORTED_BY
)
BOARDS = {"coins": "total_coins_spent", "watchtime": "total_watchtime_ms", "likes": "total_likes"}


def main() -> None:
    files = million_viewers.cached(SMALL), million_viewers.cached(LARGE)
    title = f"The page of viewers over HTTP: {ASKED} answers each at {SMALL:,} and at {LARGE:,} people, in turn, ms"
    heading(title, "the same question asked of an unindexed copy by obvious SQL, without HTTP.")
    with ExitStack() as open_now:
        folder = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        sizes = []
        for people, file in zip((SMALL, LARGE), files, strict=True):
            plain = Plain(folder / f"{people}.db", file)
            open_now.callback(plain.close)
            sizes.append(_cases(open_now.enter_context(served(file)), plain, file, people))
        for small, large in zip(*sizes, strict=True):
            row(small, large, ASKED, ASKED_PLAINLY)


def _cases(product: Served, plain: Plain, file: Path, people: int) -> Iterator[Case]:
    for chosen in FILTERS:
        for sort in SORTS:
            yield _listed(product, plain, f"list {chosen} by {sort}", sort, chosen)
    pages = people // PAGE
    for name, page in (("last", pages), ("100th", 100)):
        yield _listed(product, plain, f"page: {name}", "total_coins_spent", page=page)
    yield _anywhere(product, plain, pages)
    with closing(sqlite3.connect(file)) as connection:
        names = [name for (name,) in connection.execute("SELECT username FROM viewers WHERE id % 97 = 0 LIMIT 500")]
    random.Random(1).shuffle(names)
    yield from _searches(product, plain, names)
    yield from _others(product, plain, names)


def _listed(
    product: Served, plain: Plain, name: str, sort: str, chosen: str = "all", search: str = "", page: int = 1
) -> Case:
    def ask() -> bytes:
        return product.get(API, sortBy=sort, filter=chosen, search=search, page=page, limit=PAGE)

    return Case(name, ask, lambda: plain.page(sort, chosen, search, (page - 1) * PAGE, PAGE))


def _anywhere(product: Served, plain: Plain, pages: int) -> Case:
    """Far from both ends, each time elsewhere; first once on either side, which prepares statements and reads pages."""
    sides = [pages // 4, pages * 3 // 4]
    numbers = chain(sides, cycle(random.Random(2).sample(range(*sides), ASKED)))

    def ask() -> bytes:
        return product.get(API, sortBy="total_coins_spent", page=next(numbers), limit=PAGE)

    ask()
    return Case(
        "page: far from the ends", ask, lambda: plain.page("total_coins_spent", "all", "", pages // 2 * PAGE, PAGE)
    )


def _new(product: Served, plain: Plain, name: str, texts: Sequence[str]) -> Case:
    """What nobody has looked for before, each time something else."""
    unasked = cycle(texts)

    def ask() -> bytes:
        return product.get(API, sortBy="total_coins_spent", search=next(unasked), limit=PAGE)

    return Case(f"search: new {name}", ask, lambda: plain.page("total_coins_spent", "all", texts[0], 0, PAGE))


def _common_parts(names: list[str]) -> list[str]:
    """Three letters in a row that many have."""
    parts = Counter(name[start : start + 3] for name in names for start in range(len(name) - 2))
    return [part for part, _ in parts.most_common(ASKED + 1)]


def _searches(product: Served, plain: Plain, names: list[str]) -> Iterator[Case]:
    for name, search in (
        ("search: one person", names[0]),
        ("search: some hundred (ghost.)", "ghost."),
        ("search: one in seven (user)", "user"),
        ("search: other alphabet (さくら)", "さくら"),
        ("search: beginning (fr)", "fr"),
        ("search: nobody", "nobody is called that"),
    ):
        yield _listed(product, plain, name, "total_coins_spent", search=search)
    yield _listed(product, plain, "search: user, by name", "username", search="user")
    yield _listed(product, plain, "search: user among VIPs", "total_coins_spent", "vip", "user")
    yield _listed(product, plain, "search: user among the active", "total_visits", "active", "user")
    yield _listed(product, plain, "search: user, last page", "total_coins_spent", search="user", page=20)
    yield _listed(product, plain, "search: f among the active", "total_visits", "active", "f")
    yield _new(product, plain, "words (1 in 200)", random.Random(3).sample(SECOND_PARTS, ASKED + 1))
    yield _new(product, plain, "parts of three letters (1 in 30 to 200)", _common_parts(names))
    yield _new(product, plain, "letters", "abcdefghijklmnopqrstuvwxyz0123456789_一さм")


def _others(product: Served, plain: Plain, names: list[str]) -> Iterator[Case]:
    for board, column in BOARDS.items():
        yield _board(product, plain, board, column)
    yield Case(
        "leaderboard of the stream", lambda: product.get(f"{API}/leaderboard", scope="stream"), plain.stream_leaders
    )
    yield Case("summary", lambda: product.get(f"{API}/stats/summary"), plain.summary)
    yield Case("heatmap of everybody", lambda: product.get(f"{API}/heatmap/global"), plain.week)
    yield Case("birthdays of a week", lambda: product.get(f"{API}/birthdays/upcoming"), plain.birthdays)
    yield Case("who is here", lambda: product.get(f"{API}/sessions/active"), plain.present)
    yield Case("HTTP alone: the list of voices", lambda: product.get(f"{API}/tts/voices"), None)
    asked, plainly = cycle(names), cycle(names)
    yield Case("profile", lambda: product.get(f"{API}/{next(asked)}"), lambda: plain.profile(next(plainly)))


def _board(product: Served, plain: Plain, board: str, column: str) -> Case:
    return Case(
        f"leaderboard by {board}", lambda: product.get(f"{API}/leaderboard", type=board), lambda: plain.leaders(column)
    )


if __name__ == "__main__":
    main()
