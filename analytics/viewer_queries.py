"""The statements behind the list of people, each built once for every way to sort, filter and search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, get_args

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

Filter = Literal["all", "vip", "active", "favorites"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
MARKED: tuple[Filter, ...] = ("vip", "favorites")  # filters with indexes that hold nobody else

_VIEWERS = Viewer.__table__
_NAMES = (_VIEWERS.c.username, _VIEWERS.c.display_name)
_FORMER = select(ViewerName.viewer_id).where(ViewerName.username == bindparam("name"))


class How(Enum):
    """How a statement tells whom a search finds."""

    ANYBODY = "nothing is looked for"
    PART = "by the index of parts of names"
    PART_READ = "by reading each name"
    BEGINNING = "by the first letters of the username, from the index of usernames"
    BEGINNING_READ = "by reading the first letters of each"
    BEGINNING_IN_ORDER = "the same, along the index of usernames"
    AMONG_ACTIVE = "by looking for each among those who are active; nothing is looked for in names"
    KNOWN = "by the ids of those who were found already"
    FLAGGED = "the same by a byte for each person (``viewer_found``)"

    @property
    def read(self) -> How:
        """The same by reading names one by one."""
        return {How.PART: How.PART_READ, How.BEGINNING: How.BEGINNING_READ}[self]


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
def walk(dialect: str, filter: Filter, how: How, order: Order, *, ends: bool = False) -> Prepared:
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
def gather(dialect: str, filter: Filter, how: How, order: Order) -> Prepared:
    """The same by finding all who fit first, and then sorting them."""
    query = _fitting(dialect, filter, how, by_index=how not in (How.PART, How.BEGINNING))
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
def fitting(dialect: str, filter: Filter, how: How) -> Prepared:
    """The ids of all who fit, in no order, but no more than ``most``."""
    return Prepared(_fitting(dialect, filter, how, by_index=True).limit(bindparam("most")))


@cache
def marked(filter: Filter) -> Prepared:
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
def matches(dialect: str, how: How) -> Prepared:
    """The ids of those whom a search finds, but no more than ``most``."""
    return Prepared(_matches(dialect, how).limit(bindparam("most")))


@cache
def known(filter: Filter, order: Order) -> Prepared:
    """Those of ``ids`` who fit, in their order."""
    return Prepared(order.of(_fitting("", filter, How.KNOWN, by_index=False)))


@cache
def named(filter: Filter, order: Order) -> Prepared:
    """The same with their names."""
    return Prepared(order.of(_fitting("", filter, How.KNOWN, by_index=False).add_columns(_VIEWERS.c.username)))


@cache
def matches_counted(dialect: str, how: How) -> Prepared:
    """How many names a search finds, but no more than ``most``; and the highest id among them.

    Of a PART those with an id beyond ``after``.
    """
    found = _matches(dialect, how)
    if how is How.PART:
        found = found.where(found.selected_columns.id > bindparam("after"))
    some = found.limit(bindparam("most")).subquery()
    return Prepared(select(func.count().label("matches"), func.max(some.c.id).label("last")).select_from(some))


@cache
def shown_matches(dialect: str, how: How) -> Prepared:
    """The ids of those whom a search finds, without those who are on no list, but no more than ``most``."""
    found = _matches(dialect, how).subquery()
    return Prepared(select(found.c.id).where(found.c.id.not_in(hidden())).limit(bindparam("most")))


@cache
def fitting_matches(dialect: str, filter: Filter, how: How) -> Prepared:
    """The ids of those whom a search finds and who fit, each of them read, but no more than ``most``."""
    found = _matches(dialect, how).subquery()
    # Not the other way round: the index of parts would be asked for each of them.
    each = select(_VIEWERS.c.id).join(found, _VIEWERS.c.id == unindexed(found.c.id))
    return Prepared(each.where(*chosen(filter, by_index=False), visible()).limit(bindparam("most")))


@cache
def found_next(how: How) -> Prepared:
    """The ids of those whom a search finds, together: the lowest ones beyond ``after``, but no more than ``most``."""
    return Prepared(together(_found_beyond(how).limit(bindparam("most"))))


@cache
def found_rest(how: How) -> Prepared:
    """The same of all beyond ``after``: to look for a limit costs a tenth."""
    return Prepared(together(_found_beyond(how)))


def _found_beyond(how: How) -> Select[Any]:
    # Who is new is read: the index of usernames would tell everybody who is called so.
    ids = _matches("sqlite", how) if how is How.PART else select(_VIEWERS.c.id).where(_read(how))
    return ids.where(ids.selected_columns.id > bindparam("after"))


_SAME = _VIEWERS.alias("same")
FOUND_BY_NAME = Prepared(  # the same of a BEGINNING, but no more than ``most``, after the first ``passed`` by name
    together(
        select(_SAME.c.id)
        .where(begins_with(_SAME.c.username, bindparam("prefix")), _SAME.c.id <= bindparam("upto"))
        .order_by(_SAME.c.username, _SAME.c.id)
        .limit(bindparam("most"))
        .offset(bindparam("passed"))
    )
)


@cache
def found_among(how: How) -> Prepared:
    """Those of ``ids`` whom a search finds, together."""
    found = _matches("sqlite", how)
    return Prepared(together(found.where(among(found.selected_columns.id, "ids"))))


@cache
def noted_walk(filter: Filter, how: How, order: Order) -> Prepared:
    """The ids of those who were found and fit among the first ``passed`` people (-1: all) of an index, in its order.

    ``flags`` tell of everybody up to the id ``seen``; beyond it names are read, as ``how`` says: PART, BEGINNING, or
    FLAGGED where there is nobody beyond.
    """
    # SQLite walks a subquery with a limit row by row, in its order, and only as far as rows are asked for, if nothing
    # is joined to it. So people are read in subqueries of one value, which it asks in the order in which they stand.
    marked = chosen(filter, by_index=True) if filter in MARKED else []
    along = order.of(select(_VIEWERS.c.id).where(*marked)).limit(bindparam("passed")).subquery("along")
    here = _VIEWERS.c.id == along.c.id
    shown: Any = along.c.id.not_in(hidden())
    read = None
    if how is not How.FLAGGED:
        read = select(_read(how)).where(here).scalar_subquery()
        shown = select(shown).correlate(along).scalar_subquery()
    fits = [_noted(along.c.id, read), shown]
    if filter == "active":
        fits.append(select(*chosen(filter, by_index=False)).where(here).scalar_subquery())
    return _paged(select(along.c.id).where(*fits))


@cache
def noted_counted(filter: Filter, how: How) -> Prepared:
    """How many were found and are let through, those on no list among them, but no more than ``most``.

    ``how`` as in ``noted_walk``; FLAGGED elsewhere: only of those up to ``seen``.
    """
    noted = _noted(_VIEWERS.c.id, None if how is How.FLAGGED else _read(how))
    some = select(_VIEWERS.c.id).where(noted, *chosen(filter, by_index=True)).limit(bindparam("most")).subquery()
    return Prepared(select(func.count()).select_from(some))


@cache
def noted_fitting(filter: Filter) -> Prepared:
    """The ids of all who are flagged and fit, together, in no order."""
    noted = flagged(_VIEWERS.c.id, "flags")
    return Prepared(together(select(_VIEWERS.c.id).where(noted, *chosen(filter, by_index=True), visible())))


def _noted(id_: Any, read: Any) -> Any:
    """Who was found is flagged; of those beyond the id ``seen`` names are ``read``, which nobody has looked at."""
    is_flagged = flagged(id_, "flags")
    return is_flagged if read is None else or_(is_flagged, and_(id_ > bindparam("seen"), read))


def _read(how: How) -> Any:
    """Whether a row is called so: of a PART or a BEGINNING, by its names."""
    if how is How.PART:
        return or_(*(holds(name, bindparam("pattern")) for name in _NAMES))
    return begins_with(unindexed(_VIEWERS.c.username), bindparam("prefix"))


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
CALLED_SO = Prepared(  # how many of ``ids`` begin so
    select(func.count()).select_from(_VIEWERS).where(among(_VIEWERS.c.id, "ids"), _read(How.BEGINNING))
)
_BEGINNING = select(_VIEWERS.c.id).where(begins_with(_VIEWERS.c.username, bindparam("prefix")))
BEGINNING = Prepared(_BEGINNING.limit(1).offset(bindparam("passed", 0)))
HIDDEN = Prepared(hidden())
EVERYBODY = Prepared(select(func.sum(ViewerTotal.viewers)))
BY_PLATFORM = Prepared(select(ViewerTotal.platform, ViewerTotal.viewers))
SEEN_SINCE = Prepared(select(func.sum(LastSeenDay.viewers)).where(LastSeenDay.day >= bindparam("day")))
_IS_IGNORED = (Viewer.username.in_(select(IgnoredName.name)), Viewer.erased_at_ms.is_(None))
IGNORED = Prepared(
    select(
        func.count().label("people"),
        func.sum(case((unindexed(Viewer.last_seen_at_ms) >= bindparam("since"), 1), else_=0)).label("active"),
    ).where(*_IS_IGNORED)
)
IGNORED_BY_PLATFORM = Prepared(
    select(Viewer.platform, func.count().label("people")).where(*_IS_IGNORED).group_by(Viewer.platform)
)


def _fitting(dialect: str, filter: Filter, how: How, *, by_index: bool) -> Select[Any]:
    found = _found(dialect, how)
    filtered = [] if how is How.AMONG_ACTIVE else chosen(filter, by_index=by_index)
    return select(_VIEWERS.c.id).where(*found, *filtered, visible())


def _paged(query: Select[Any]) -> Prepared:
    return Prepared(query.limit(bindparam("limit")).offset(bindparam("offset")))


def chosen(filter: Filter, *, by_index: bool) -> list[Any]:
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


def _found(dialect: str, how: How) -> list[Any]:
    """What a search asks of a row."""
    had_it = unindexed(_VIEWERS.c.id).in_(_FORMER)
    match how:
        case How.PART_READ:
            return [or_(_read(How.PART), had_it)]
        case How.BEGINNING_READ:
            return [or_(_read(How.BEGINNING), had_it)]
        case How.BEGINNING_IN_ORDER:
            return [begins_with(_VIEWERS.c.username, bindparam("prefix"))]
        case How.PART | How.BEGINNING:
            return [_VIEWERS.c.id.in_(union(_matches(dialect, how), _FORMER))]
        case How.AMONG_ACTIVE:
            active = _VIEWERS.alias("active")
            seen = select(active.c.id).where(active.c.last_seen_at_ms >= bindparam("since"))
            return [unindexed(_VIEWERS.c.id).in_(seen)]
        case How.KNOWN:
            return [among(_VIEWERS.c.id, "ids")]
    return []


def _matches(dialect: str, how: How) -> Select[Any]:
    """The ids of those whose names are found, erased and ignored ones among them."""
    if how is How.PART:
        return containing(dialect, _VIEWERS, _NAMES, "viewer_search")
    same = _VIEWERS.alias("same")
    return select(same.c.id).where(begins_with(same.c.username, bindparam("prefix")))
