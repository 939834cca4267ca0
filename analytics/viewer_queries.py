"""The statements behind the list of people, each built once for every way to sort, filter and search.

``how`` a row is searched: "" not at all; "part" by an index of parts of names; "names" the same by reading them;
"beginning" by the first letters of the username, "each beginning" by reading them, and "beginning in order" along the
index of usernames; "among active": by looking for its id among those who are; "known" who was found already, and
"flagged" the same by a byte for each person (``viewer_found``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, column, func, or_, select, table, tuple_, union

from analytics.viewers import hidden, visible
from core.statements import Prepared, among
from core.text_search import begins_with, containing, flagged, holds, together, unindexed
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
        query = query.where(_until(order, "end"))
    return _paged(order.of(query))


@cache
def hidden_before(order: Order) -> Prepared:
    """How many who are on no list stand before (``start``, ``start_id``)."""
    here = unindexed(order.column)
    start: Any = bindparam("start")
    start_id: Any = bindparam("start_id")
    before = here > start if order.descending else here < start
    beside = _VIEWERS.c.id > start_id if order.descending else _VIEWERS.c.id < start_id
    return Prepared(
        select(func.count())
        .select_from(_VIEWERS)
        .where(_VIEWERS.c.id.in_(hidden()), or_(before, and_(here == start, beside)))
    )


def _until(order: Order, end: str) -> Any:
    """Whether a row comes not after the one that is sorted by the parameter ``end`` and has the id ``<end>_id``."""
    key, last = tuple_(order.column, _VIEWERS.c.id), tuple_(bindparam(end), bindparam(f"{end}_id"))
    return key >= last if order.descending else key <= last


@cache
def gather(dialect: str, filter: str, how: str, order: Order) -> Prepared:
    """The same by finding all who fit first, and then sorting them."""
    query = _fitting(dialect, filter, how, by_index=how not in ("part", "beginning"))
    return _paged(order.of(query, by_index=False))


@cache
def nth(order: Order) -> Prepared:
    """What the row ``nth`` after the first is sorted by, and its id; then of the rows that follow it."""
    return Prepared(_nth(order))


@cache
def nth_alike(order: Order) -> Prepared:
    """The same from ``start_id`` on of those only who are sorted by ``start``."""
    return Prepared(_nth(order).where(*_alike(order)))


@cache
def nth_beyond(order: Order) -> Prepared:
    """The same of those who come after all who are sorted by ``start``."""
    start: Any = bindparam("start")
    return Prepared(_nth(order).where(order.column < start if order.descending else order.column > start))


@cache
def alike(order: Order) -> Prepared:
    """How many are sorted by ``start`` from ``start_id`` on, but no more than ``most``."""
    some = select(_VIEWERS.c.id).where(*_alike(order)).limit(bindparam("most")).subquery()
    return Prepared(select(func.count()).select_from(some))


def _alike(order: Order) -> list[Any]:
    start_id: Any = bindparam("start_id")
    beside = _VIEWERS.c.id <= start_id if order.descending else _VIEWERS.c.id >= start_id
    return [order.column == bindparam("start"), beside]


def _nth(order: Order) -> Select[Any]:
    keys = order.of(select(order.column, _VIEWERS.c.id))
    return keys.limit(bindparam("limit", 1)).offset(bindparam("nth"))


@cache
def fitting(dialect: str, filter: str, how: str) -> Prepared:
    """The ids of all who fit, in no order, but no more than ``most``."""
    return Prepared(_fitting(dialect, filter, how, by_index=True).limit(bindparam("most")))


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
    """The ids of those whom a search finds, but no more than ``most``."""
    return Prepared(_matches(dialect, how).limit(bindparam("most")))


@cache
def known(filter: str, order: Order) -> Prepared:
    """Those of ``ids`` who fit, in their order."""
    return Prepared(order.of(_fitting("", filter, "known", by_index=False)))


@cache
def named(filter: str, order: Order) -> Prepared:
    """The same with their names."""
    return Prepared(order.of(_fitting("", filter, "known", by_index=False).add_columns(_VIEWERS.c.username)))


@cache
def matches_counted(dialect: str, how: str) -> Prepared:
    """How many names a search finds, but no more than ``most``; and the highest id among them.

    Of a "part" those with an id beyond ``after``.
    """
    found = _matches(dialect, how)
    if how == "part":
        found = found.where(found.selected_columns.id > bindparam("after"))
    some = found.limit(bindparam("most")).subquery()
    return Prepared(select(func.count().label("matches"), func.max(some.c.id).label("last")).select_from(some))


@cache
def shown_matches(dialect: str, how: str) -> Prepared:
    """The ids of those whom a search finds, without those who are on no list, but no more than ``most``."""
    found = _matches(dialect, how).subquery()
    return Prepared(select(found.c.id).where(found.c.id.not_in(hidden())).limit(bindparam("most")))


@cache
def fitting_matches(dialect: str, filter: str, how: str) -> Prepared:
    """The ids of those whom a search finds and who fit, each of them read, but no more than ``most``."""
    found = _matches(dialect, how).subquery()
    # Not the other way round: the index of parts would be asked for each of them.
    each = select(_VIEWERS.c.id).join(found, _VIEWERS.c.id == unindexed(found.c.id))
    return Prepared(each.where(*chosen(filter, by_index=False), visible()).limit(bindparam("most")))


@cache
def found(how: str) -> Prepared:
    """The ids of those whom a search finds, together, but no more than ``most``.

    Of a "part" the lowest ones beyond ``after``.
    """
    ids = _matches("sqlite", how)
    if how == "part":
        ids = ids.where(ids.selected_columns.id > bindparam("after"))
    return Prepared(together(ids.limit(bindparam("most"))))


@cache
def found_later(how: str) -> Prepared:
    """The same of those who came after the person ``after``; no more than ``most``."""
    if how == "part":
        return found(how)
    later = select(_VIEWERS.c.id).where(
        _VIEWERS.c.id > bindparam("after"), begins_with(unindexed(_VIEWERS.c.username), bindparam("prefix"))
    )
    return Prepared(together(later.limit(bindparam("most"))))


@cache
def found_among(how: str) -> Prepared:
    """Those of ``ids`` whom a search finds, together."""
    found = _matches("sqlite", how)
    return Prepared(together(found.where(among(found.selected_columns.id, "ids"))))


@cache
def flagged_fitting(filter: str) -> Prepared:
    """The ids of those who are flagged and fit, together, in no order, but no more than ``most``."""
    return Prepared(together(_fitting("sqlite", filter, "flagged", by_index=True).limit(bindparam("most"))))


@cache
def flagged_counted(filter: str) -> Prepared:
    """How many are flagged and let through by ``filter``, those on no list among them, but no more than ``most``."""
    flags = flagged(_VIEWERS.c.id, "flags")
    some = select(_VIEWERS.c.id).where(flags, *chosen(filter, by_index=True)).limit(bindparam("most")).subquery()
    return Prepared(select(func.count()).select_from(some))


HIDDEN_COUNTED = Prepared(select(func.count()).select_from(hidden().subquery()))
_CHANGES = table("viewer_search_changes", column("number"), column("viewer_id"))
NAMES_SEEN = Prepared(  # how often names have changed, and the highest id
    select(
        select(func.coalesce(func.max(_CHANGES.c.number), 0)).scalar_subquery().label("changes"),
        select(func.max(_VIEWERS.c.id)).scalar_subquery().label("last"),
    )
)
RENAMED = Prepared(
    select(_CHANGES.c.number, _CHANGES.c.viewer_id)
    .where(_CHANGES.c.number > bindparam("since"))
    .order_by(_CHANGES.c.number)
    .limit(bindparam("most"))
)
FORMERLY = Prepared(_FORMER)
BEGINNING = Prepared(select(_VIEWERS.c.id).where(begins_with(_VIEWERS.c.username, bindparam("prefix"))).limit(1))
HIDDEN = Prepared(hidden())
EVERYBODY = Prepared(select(func.sum(ViewerTotal.viewers)))
SEEN_SINCE = Prepared(select(func.sum(LastSeenDay.viewers)).where(LastSeenDay.day >= bindparam("day")))
IGNORED = Prepared(
    select(
        func.count().label("people"),
        func.sum(case((unindexed(Viewer.last_seen_at_ms) >= bindparam("since"), 1), else_=0)).label("active"),
    ).where(Viewer.username.in_(select(IgnoredName.name)), Viewer.erased_at_ms.is_(None))
)


def _fitting(dialect: str, filter: str, how: str, *, by_index: bool) -> Select[Any]:
    found = _found(dialect, how)
    filtered = [] if how == "among active" else chosen(filter, by_index=by_index)
    return select(_VIEWERS.c.id).where(*found, *filtered, visible())


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
    had_it = unindexed(_VIEWERS.c.id).in_(_FORMER)
    match how:
        case "names":
            return [or_(*(holds(name, bindparam("pattern")) for name in _NAMES), had_it)]
        case "each beginning":
            return [or_(begins_with(unindexed(_VIEWERS.c.username), bindparam("prefix")), had_it)]
        case "beginning in order":
            return [begins_with(_VIEWERS.c.username, bindparam("prefix"))]
        case "part" | "beginning":
            return [_VIEWERS.c.id.in_(union(_matches(dialect, how), _FORMER))]
        case "among active":
            active = _VIEWERS.alias("active")
            seen = select(active.c.id).where(active.c.last_seen_at_ms >= bindparam("since"))
            return [unindexed(_VIEWERS.c.id).in_(seen)]
        case "known":
            return [among(_VIEWERS.c.id, "ids")]
        case "flagged":
            return [flagged(_VIEWERS.c.id, "flags")]
    return []


def _matches(dialect: str, how: str) -> Select[Any]:
    """The ids of those whose names are found, erased and ignored ones among them."""
    if how == "part":
        return containing(dialect, _VIEWERS, _NAMES, "viewer_search")
    same = _VIEWERS.alias("same")
    return select(same.c.id).where(begins_with(same.c.username, bindparam("prefix")))
