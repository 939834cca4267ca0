"""The statements behind the list of people, each built once for every way to sort, filter and search.

``how`` a row is searched: "" not at all; "part" by an index of parts of names; "names" the same by reading them;
"beginning" by the first letters of the username, and "each beginning" by reading them; "among part" and "among
beginning": by looking for its id among those that the index finds; "known" who was found already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, case, func, or_, select, tuple_, union, union_all

from analytics.viewers import hidden, visible
from core.statements import Prepared, among, begins_with, containing, unindexed
from models import IgnoredName, LastSeenDay, Viewer, ViewerName, ViewerTotal

SORTS = {
    "total_coins_spent": "total_coins_spent",
    "total_watchtime_seconds": "total_watchtime_ms",
    "total_visits": "total_visits",
    "total_gifts_sent": "total_gifts_sent",
    "total_comments": "total_comments",
    "total_likes": "total_likes",
    "total_shares": "total_shares",
    "last_seen_at": "last_seen_at_ms",
    "first_seen_at": "first_seen_at_ms",
    "username": "username",
}

_VIEWERS = Viewer.__table__
_NAMES = (_VIEWERS.c.username, _VIEWERS.c.display_name)
_FORMER = select(ViewerName.viewer_id).where(ViewerName.username == bindparam("name"))


@dataclass(frozen=True, slots=True)
class Order:
    """``sort_by`` is a key of SORTS."""

    sort_by: str
    descending: bool

    def turned(self) -> Order:
        return Order(self.sort_by, not self.descending)

    @property
    def column(self) -> Any:
        return _VIEWERS.c[SORTS[self.sort_by]]

    def of(self, query: Select[Any], *, by_index: bool = True) -> Select[Any]:
        """Not ``by_index``: those who fit are few, and to walk along the index would read everybody."""
        keys = (self.column if by_index else unindexed(self.column), _VIEWERS.c.id)
        return query.order_by(*(key.desc() if self.descending else key.asc() for key in keys))


@cache
def walk(dialect: str, filter: str, how: str, order: Order, ends: bool = False) -> Prepared:
    """Ids in the order of its index, passing over those who do not fit. ``ends``: not beyond (``end``, ``end_id``)."""
    query = _fitting(dialect, filter, how, by_index=filter != "active" or order.sort_by == "last_seen_at")
    if ends:
        key, end = tuple_(order.column, _VIEWERS.c.id), tuple_(bindparam("end"), bindparam("end_id"))
        query = query.where(key >= end if order.descending else key <= end)
    return _paged(order.of(query))


@cache
def gather(dialect: str, filter: str, how: str, order: Order) -> Prepared:
    """The same by finding all who fit first, and then sorting them."""
    query = _fitting(dialect, filter, how, by_index=how not in ("part", "beginning"))
    return _paged(order.of(query, by_index=False))


@cache
def nth(order: Order) -> Prepared:
    """What the row ``nth`` after the first is sorted by, and its id."""
    return Prepared(order.of(select(order.column, _VIEWERS.c.id)).limit(1).offset(bindparam("nth")))


@cache
def counted(dialect: str, filter: str, how: str) -> Prepared:
    """How many fit, but no more than ``most``."""
    some = _fitting(dialect, filter, how, by_index=how not in ("part", "beginning")).limit(bindparam("most")).subquery()
    return Prepared(select(func.count()).select_from(some))


@cache
def marked(filter: str) -> Prepared:
    """How many are VIPs or favorites, from their index alone, and how many of them are on no list."""
    those = chosen(filter, by_index=True)
    unseen = [*chosen(filter, by_index=False), _VIEWERS.c.id.in_(hidden())]
    return Prepared(
        select(
            select(func.count()).select_from(_VIEWERS).where(*those).scalar_subquery().label("people"),
            select(func.count()).select_from(_VIEWERS).where(*unseen).scalar_subquery().label("unseen"),
        )
    )


@cache
def matches(dialect: str, how: str) -> Prepared:
    """The ids of those whom a search finds, but no more than ``most``, and of those who had the name."""
    some = _matches(dialect, how).limit(bindparam("most")).subquery()
    return Prepared(union_all(select(some.c.id), _FORMER))


@cache
def known(filter: str, order: Order) -> Prepared:
    """Those of ``ids`` who fit, in their order."""
    return Prepared(order.of(_fitting("", filter, "known", by_index=False)))


@cache
def matches_counted(dialect: str, how: str) -> Prepared:
    """How many names a search finds, but no more than ``most``."""
    return Prepared(select(func.count()).select_from(_matches(dialect, how).limit(bindparam("most")).subquery()))


EVERYBODY = Prepared(select(func.sum(ViewerTotal.viewers)))
SEEN_SINCE = Prepared(select(func.sum(LastSeenDay.viewers)).where(LastSeenDay.day >= bindparam("day")))
IGNORED = Prepared(
    select(
        func.count().label("people"),
        func.sum(case((unindexed(Viewer.last_seen_at_ms) >= bindparam("since"), 1), else_=0)).label("active"),
    ).where(Viewer.username.in_(select(IgnoredName.name)), Viewer.erased_at_ms.is_(None))
)


def _fitting(dialect: str, filter: str, how: str, *, by_index: bool) -> Select[Any]:
    return select(_VIEWERS.c.id).where(*chosen(filter, by_index=by_index), *_found(dialect, how), visible())


def _paged(query: Select[Any]) -> Prepared:
    return Prepared(query.limit(bindparam("limit")).offset(bindparam("offset")))


def chosen(filter: str, *, by_index: bool) -> list[Any]:
    """What a filter asks of a row; not ``by_index``: where it must not be looked up by that."""
    column: Callable[[Any], Any] = (lambda of: of) if by_index else unindexed
    match filter:
        case "vip":
            return [column(_VIEWERS.c.vip_tier_id).is_not(None)]
        case "favorites":
            return [column(_VIEWERS.c.favorite_since_ms).is_not(None)]
        case "active":
            return [column(_VIEWERS.c.last_seen_at_ms) >= bindparam("since")]
    return []


def _found(dialect: str, how: str) -> list[Any]:
    """What a search asks of a row."""
    match how:
        case "names":
            return [or_(*(name.ilike(bindparam("pattern"), escape="/") for name in _NAMES))]
        case "each beginning":
            return [begins_with(unindexed(_VIEWERS.c.username), bindparam("prefix"))]
        case "part" | "beginning":
            return [_VIEWERS.c.id.in_(union(_matches(dialect, how), _FORMER))]
        case "among part" | "among beginning":
            return [unindexed(_VIEWERS.c.id).in_(_matches(dialect, how.removeprefix("among ")))]
        case "known":
            return [among(_VIEWERS.c.id, "ids")]
    return []


def _matches(dialect: str, how: str) -> Select[Any]:
    """The ids of those whose names are found, erased and ignored ones among them."""
    if how == "part":
        return containing(dialect, _VIEWERS, _NAMES, "viewer_search")
    same = _VIEWERS.alias("same")
    return select(same.c.id).where(begins_with(same.c.username, bindparam("prefix")))
