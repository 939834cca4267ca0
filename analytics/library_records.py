"""The library's records as they are listed: one page of them, from an index, however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, literal_column, or_, select

from analytics import library_search
from core.clock import iso
from core.db import Database
from core.text_search import containing, holds, searched, unindexed
from models import Base, LibraryGenre, LibraryMethod, LibraryTotal
from rules.library_fields import Filter, Kind
from rules.library_kinds import BY_PATH, CONTENT, KINDS, PAYMENTS
from rules.library_values import HIGHEST_ID, STATES, Reference, Setting, Unfit, name_key
from rules.profiles import Invalid

__all__ = [
    "HIGHEST_ID",
    "KINDS",
    "STATES",
    "Kind",
    "Page",
    "Question",
    "Reference",
    "Setting",
    "filters_of",
    "page",
    "page_from",
    "record",
]

MOST_MATCHES = 10_000  # records that a filter lets through are not counted beyond, nor paged
SHORTEST_PART = 3  # of a name that an index of its parts finds


@dataclass(frozen=True, slots=True)
class Question:
    """``sort`` is one of the kind's sorts; ``filters``: by name, what columns are compared with."""

    path: str
    page: int
    limit: int
    sort: str
    descending: bool
    search: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return BY_PATH[self.path]

    @property
    def text(self) -> str:
        return self.search.replace("\0", "").strip()

    @property
    def by_parts(self) -> bool:
        """Whether an index of parts of names finds the text."""
        return len(self.text) >= SHORTEST_PART and self.path != "plans"

    @property
    def asked(self) -> list[Filter]:
        return [one for one in self.kind.filters if self.filters.get(one.name) is not None]

    def finds(self, one: Filter) -> bool:
        """Whether the index that answers finds by this filter too, rather than reading all that it finds otherwise."""
        first = next((other.name for other in self.asked if other.how in ("is", "state")), one.name)
        return one.how in ("since", "before") or one.name == first or one.beside == first

    @property
    def may_read_much(self) -> bool:
        """Whether no single index answers."""
        by_index = all(self.sort in one.sorts and self.finds(one) for one in self.asked)
        return bool(self.text) or not by_index or self.page * self.limit > MOST_MATCHES


@dataclass(frozen=True, slots=True)
class Page:
    """The records on it. Not ``exact``: there are more than ``total``."""

    records: list[dict[str, Any]]
    total: int
    exact: bool = True


def filters_of(kind: Kind, given: Mapping[str, Any], setting: Setting) -> dict[str, Any]:
    """What is compared with for each filter that was given. Raises Invalid."""
    found, wrong = {}, []
    for one in kind.filters:
        value = given.get(one.name)
        try:
            if value is not None:
                found[one.name] = one.value.clean(value, setting, {}) if one.value else value
        except Unfit as error:
            wrong.append({"field": one.name, "message": str(error)})
    if wrong:
        raise Invalid(wrong)
    return found


def page_from(database: Database, question: Question, setting: Setting) -> Page:
    with database.reading() as connection:
        return page(connection, question, setting)


def page(connection: Connection, question: Question, setting: Setting) -> Page:
    kind, table = question.kind, _table(question.kind)
    where = _conditions(connection, question, table)
    total, exact = _count(connection, question, table, where)
    offset = (question.page - 1) * question.limit
    limit = max(0, min(question.limit, total - offset))
    if limit == 0:
        return Page([], total, exact)
    turned = exact and offset > total // 2  # from the nearer end
    if turned:
        offset = total - offset - limit
    column = table.c[kind.sorts[question.sort]]
    down = question.descending != turned
    order = [column.desc(), table.c.id.desc()] if down else [column, table.c.id]
    ids = None
    if question.by_parts and not question.asked:
        wanted: Any = {"offset": offset, "limit": limit, "found": total}
        ids = library_search.on_a_walk(connection, table, kind.searched, question.text, order, **wanted)
    if ids is None:
        # The page is found in the index alone; only its own records are then read.
        chosen = select(table.c.id).where(*where).order_by(*order).limit(limit).offset(offset)
        ids = list(connection.execute(chosen).scalars())
    return Page(_records(connection, kind, ids[::-1] if turned else ids, setting), total, exact)


def record(connection: Connection, path: str, record_id: int, setting: Setting) -> dict[str, Any] | None:
    """One record as JSON, or None."""
    return next(iter(_records(connection, BY_PATH[path], [record_id], setting)), None)


def _records(connection: Connection, kind: Kind, ids: list[int], setting: Setting) -> list[dict[str, Any]]:
    table = _table(kind)
    rows = {row.id: row for row in connection.execute(_with_labels(kind).where(table.c.id.in_(ids)))}
    return [_told(kind, rows[one], setting) for one in ids if one in rows]


@cache
def _with_labels(kind: Kind) -> Select[Any]:
    table = _table(kind)
    columns: list[Any] = list(table.c)
    joined: Any = table
    for label in kind.labels:
        other = Base.metadata.tables[label.table].alias(f"of_{label.name}")
        joined = joined.outerjoin(other, other.c.id == table.c[label.reference])
        columns.append(other.c[label.column].label(f"label_{label.name}"))
    return select(*columns).select_from(joined)


def _told(kind: Kind, row: Any, setting: Setting) -> dict[str, Any]:
    told: dict[str, Any] = {"id": row.id}
    for given in kind.fields:
        if not given.value.hidden:
            told[given.name] = given.value.tell(row._mapping[given.column], setting, row)
    for label in kind.labels:
        told[label.name] = row._mapping[f"label_{label.name}"]
    for figure in kind.figures:
        told[figure.name] = figure.value.tell(row._mapping[figure.column], setting, row)
    return told | {
        "created_at": iso(row.created_at_ms, setting.zone),
        "updated_at": iso(row.updated_at_ms, setting.zone),
    }


def _conditions(connection: Connection, question: Question, table: Table) -> list[ColumnElement[bool]]:
    found = [
        _condition(connection, table, one, question.filters[one.name], question.finds(one)) for one in question.asked
    ]
    if question.text:
        found.append(_search(connection, table, question))
    return found


def _condition(connection: Connection, table: Table, one: Filter, value: Any, by_index: bool) -> ColumnElement[bool]:
    column = table.c[one.column]
    if one.how == "since":
        return column >= value
    if one.how == "before":
        return column < value
    if one.how == "state":
        return column.isnot(None) if value == STATES[1] else column.is_(None)
    if one.column == "genre" and table.name == CONTENT.table:
        return column.in_(genres_called(connection, value))
    if one.column == "method" and table.name == PAYMENTS.table:
        return _is_one_of(column if by_index else unindexed(column), methods_called(connection, value))
    return column == value if by_index else unindexed(column) == value


def genres_called(connection: Connection, name: str) -> list[str]:
    """All spellings of a genre that differ in capitals only."""
    key = name_key(name.strip())
    return [genre for genre in connection.execute(select(LibraryGenre.genre)).scalars() if name_key(genre) == key]


def methods_called(connection: Connection, name: str) -> list[str]:
    """All spellings of a method of payment that differ in capitals only."""
    key = name_key(name.strip())
    return [
        method
        for method in connection.execute(select(LibraryMethod.method).distinct()).scalars()
        if name_key(method) == key
    ]


def _is_one_of(column: Any, values: list[str]) -> ColumnElement[bool]:
    """One value, as there nearly always is, lets an index give the rows in their order."""
    return column == values[0] if len(values) == 1 else column.in_(values)


def _search(connection: Connection, table: Table, question: Question) -> ColumnElement[bool]:
    if question.by_parts:
        return table.c.id.in_(_parts(connection, table, question))
    pattern: Any = bindparam("pattern", searched(question.text)["pattern"])
    return or_(*(holds(table.c[name], pattern) for name in question.kind.searched))


def _parts(connection: Connection, table: Table, question: Question) -> Select[Any]:
    columns = [table.c[name] for name in question.kind.searched]
    parts = containing(connection.dialect.name, table, columns, f"{table.name}_search")
    return parts.params(searched(question.text))


def _count(
    connection: Connection, question: Question, table: Table, where: list[ColumnElement[bool]]
) -> tuple[int, bool]:
    if not where:
        kept = select(LibraryTotal.records).where(LibraryTotal.kind == table.name)
        return connection.scalar(kept) or 0, True
    if question.by_parts and not question.asked:  # the index alone tells
        every = _parts(connection, table, question)
    else:
        every = select(literal_column("1")).select_from(table).where(*where)
    some = every.limit(MOST_MATCHES + 1).subquery()
    found = connection.scalar(select(func.count()).select_from(some)) or 0
    return min(found, MOST_MATCHES), found <= MOST_MATCHES


def _table(kind: Kind) -> Table:
    return Base.metadata.tables[kind.table]
