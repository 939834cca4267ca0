"""The list of people: one page of it, sorted, filtered and searched, from an index however many there are.

A page is either *walked* along the index of what it is sorted by, or those who fit are *gathered* and then sorted:
whatever reads fewer rows. Walking needs many who fit, gathering few.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from analytics.viewer_queries import SORTS, Order
from analytics.viewers import LONGEST_NAME
from core.clock import DAY_MS
from core.db import Database
from core.statements import Prepared, searched

__all__ = ["FILTERS", "SORTS", "Page", "Question", "active_since_ms", "count", "page", "page_from"]

FILTERS = ("all", "vip", "active", "favorites")
ACTIVE_DAYS = 30
FEW_MATCHES = 1_000  # are read at once: to look them up again would cost more
MOST_MATCHES = 10_000  # a search that finds more is not counted to its end, nor paged beyond
SHORTEST_PART = 3  # of a name that its index finds; what is shorter must be the beginning


@dataclass(frozen=True, slots=True)
class Question:
    """``sort_by`` is a key of SORTS, ``filter`` one of FILTERS."""

    now_ms: int
    page: int = 1
    limit: int = 50
    sort_by: str = "total_coins_spent"
    descending: bool = True
    search: str = ""
    filter: str = "all"

    @property
    def order(self) -> Order:
        return Order(self.sort_by, self.descending)

    @property
    def text(self) -> str:
        """What is looked for. No name is longer, and none holds NUL."""
        return self.search.replace("\0", "").strip().removeprefix("@")[: 2 * LONGEST_NAME]

    @property
    def may_read_much(self) -> bool:
        """Whether no index alone answers: among a million people that takes up to a second."""
        active = self.filter == "active" and self.sort_by != "last_seen_at"
        return bool(self.text) or (active and self.page > 1) or self.page * self.limit > MOST_MATCHES


@dataclass(frozen=True, slots=True)
class Page:
    """The people on it. Not ``exact``: there are more than ``total``."""

    ids: list[int]
    total: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Window:
    """Which of those who fit, counted from the nearer end; ``turned``: that is the end of the list."""

    offset: int
    limit: int
    order: Order
    turned: bool = False


@dataclass(frozen=True, slots=True)
class _Search:
    """Where and how to look for people. ``fitting``: how many fit, at least. ``given``: the statements' parameters.

    ``how`` rows are searched that a walk comes by, and ``gathered_how`` those to gather are found.
    """

    connection: Connection
    filter: str
    fitting: int
    given: dict[str, Any]
    how: str = ""
    gathered_how: str = ""

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def walk(self, window: _Window) -> list[int]:
        return self._take(queries.walk(self.dialect, self.filter, self.how, window.order), window)

    def gather(self, window: _Window) -> list[int]:
        return self._take(queries.gather(self.dialect, self.filter, self.gathered_how, window.order), window)

    def walk_or_gather(self, window: _Window, gathered: int) -> list[int]:
        """Those who fit are spread over everybody. ``gathered``: how many rows gathering them would read."""
        everybody = queries.EVERYBODY(self.connection).scalar() or 0
        walked = (window.offset + window.limit) * everybody // max(1, self.fitting)
        if walked >= gathered:
            return self.gather(window)
        # They may all stand at the other end: the walk is given up in time.
        end = queries.nth(window.order)(self.connection, nth=4 * walked + 1_000).first()
        if end is None:
            return self.walk(window)
        some = queries.walk(self.dialect, self.filter, self.how, window.order, ends=True)
        ids = self._take(some, window, end=end[0], end_id=end[1])
        return ids if len(ids) == window.limit else self.gather(window)

    def _take(self, query: Prepared, window: _Window, **more: Any) -> list[int]:
        found = query(self.connection, limit=window.limit, offset=window.offset, **self.given, **more)
        ids = list(found.scalars())
        return ids[::-1] if window.turned else ids


def active_since_ms(now_ms: int) -> int:
    """Who was seen since is active. It is the beginning of a day (UTC), so that they can be counted by days."""
    return (now_ms // DAY_MS - ACTIVE_DAYS) * DAY_MS


def page_from(database: Database, question: Question) -> Page:
    with database.reading() as connection:
        return page(connection, question)


def page(connection: Connection, question: Question) -> Page:
    given = {"since": active_since_ms(question.now_ms)}
    if question.text:
        return _found(connection, question, given)
    total = count(connection, question.filter, question.now_ms)
    window = _window(question, total)
    if window.limit == 0:
        return Page([], total)
    search = _Search(connection, question.filter, total, given)
    if question.filter == "active" and question.sort_by != "last_seen_at":
        return Page(search.walk_or_gather(window, gathered=total), total)
    return Page(search.walk(window), total)


def count(connection: Connection, filter: str, now_ms: int) -> int:
    """How many people a filter lets through, without those who are on no list."""
    if filter in ("vip", "favorites"):
        marked = queries.marked(filter)(connection).one()
        return int(marked.people - marked.unseen)
    since_ms = active_since_ms(now_ms)
    ignored = queries.IGNORED(connection, since=since_ms).one()
    if filter == "active":
        seen = queries.SEEN_SINCE(connection, day=since_ms // DAY_MS).scalar() or 0
        return max(0, int(seen) - int(ignored.active or 0))
    return max(0, int(queries.EVERYBODY(connection).scalar() or 0) - int(ignored.people))


def _window(question: Question, total: int) -> _Window:
    offset = (question.page - 1) * question.limit
    limit = max(0, min(question.limit, total - offset))
    if limit and offset > total // 2:
        return _Window(total - offset - limit, limit, question.order.turned(), turned=True)
    return _Window(offset, limit, question.order)


def _found(connection: Connection, question: Question, given: dict[str, Any]) -> Page:
    text, dialect = question.text, connection.dialect.name
    given = given | {"prefix": text.lower(), "name": text.lower()} | searched(text)
    how = "part" if len(text) >= SHORTEST_PART else "beginning"
    few = list(queries.matches(dialect, how)(connection, most=FEW_MATCHES + 1, **given).scalars())
    if len(few) <= FEW_MATCHES:
        return _cut(
            question, list(queries.known(question.filter, question.order)(connection, ids=few, **given).scalars())
        )
    matches = queries.matches_counted(dialect, how)(connection, most=MOST_MATCHES + 1, **given).scalar_one()
    if matches > MOST_MATCHES:
        return _found_many(connection, question, given, how)
    # All at once: to count them reads the same rows as to sort them.
    sorted_ids = queries.gather(dialect, question.filter, how, question.order)
    return _cut(question, list(sorted_ids(connection, limit=2**62, offset=0, **given).scalars()))


def _cut(question: Question, fitting: list[int]) -> Page:
    """The page out of all who fit."""
    offset = (question.page - 1) * question.limit
    return Page(fitting[offset : offset + question.limit], len(fitting))


def _compares_in_sqlite(text: str) -> bool:
    """SQLite compares without regard to capitals in ASCII only; the index knows all alphabets that have them."""
    return all(letter.isascii() or letter.lower() == letter == letter.upper() for letter in text)


def _found_many(connection: Connection, question: Question, given: dict[str, Any], how: str) -> Page:
    """A search that finds so many that sorting them all would take long."""
    dialect = connection.dialect.name
    if dialect == "sqlite" and question.filter == "active":
        return _found_among_active(connection, question, given, f"among {how}")
    by_reading = dialect != "sqlite" or _compares_in_sqlite(question.text)
    test = "each beginning" if how == "beginning" else "names" if by_reading else how
    total = MOST_MATCHES + 1
    if question.filter != "all":
        total = queries.counted(dialect, question.filter, test)(connection, most=total, **given).scalar_one()
    exact, total = total <= MOST_MATCHES, min(total, MOST_MATCHES)
    offset = (question.page - 1) * question.limit
    window = _Window(offset, max(0, min(question.limit, total - offset)), question.order)
    if window.limit == 0:
        return Page([], total, exact)
    search = _Search(connection, question.filter, total, given, test, how)
    if question.filter in ("vip", "favorites"):  # whose index holds nobody else
        return Page(search.walk(window), total, exact)
    return Page(search.walk_or_gather(window, gathered=10 * total), total, exact)


def _found_among_active(connection: Connection, question: Question, given: dict[str, Any], how: str) -> Page:
    """Those who are active are told by the index of their last sign of life alone: no row of theirs is read for it."""
    counted = queries.counted("sqlite", "active", how)(connection, most=MOST_MATCHES + 1, **given).scalar_one()
    total = min(counted, MOST_MATCHES)
    offset = (question.page - 1) * question.limit
    window = _Window(offset, max(0, min(question.limit, total - offset)), question.order)
    search = _Search(connection, "active", counted, given, how, how)
    active = count(connection, "active", question.now_ms)
    ids = search.walk_or_gather(window, gathered=active) if window.limit else []
    return Page(ids, total, counted <= MOST_MATCHES)
