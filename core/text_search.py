"""Text that begins with or contains something, asked in each dialect's own way so that an index answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, column, func, or_, select, table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import NullType


class begins_with(ColumnElement[bool]):
    """``column`` begins with the parameter ``prefix``, capitals and all, answered from an index."""

    type: Any = NullType()
    inherit_cache = False

    def __init__(self, column: Any, prefix: BindParameter[str]) -> None:
        self.column = getattr(column, "expression", column)
        self.prefix = prefix


@compiles(begins_with)
def _begins_by_operator(element: begins_with, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, prefix = compiler.process(element.column, **kwargs), compiler.process(element.prefix, **kwargs)
    # Trigram indexes know LIKE only, in which the prefix may hold wildcards (but, so, no escapes); chr(37) is a
    # percent sign that no driver takes for the beginning of a parameter.
    return f"({column} LIKE {prefix} || chr(37) ESCAPE '' AND starts_with({column}, {prefix}))"


@compiles(begins_with, "sqlite")
def _begins_by_range(element: begins_with, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, prefix = compiler.process(element.column, **kwargs), compiler.process(element.prefix, **kwargs)
    # All text that begins with it comes before it and the last of all characters, which no name holds.
    return f"({column} >= {prefix} AND {column} < {prefix} || char(1114111))"


class holds(ColumnElement[bool]):
    """``column`` has the parameter ``pattern`` of ``searched`` somewhere in it, whatever its capitals."""

    type: Any = NullType()
    inherit_cache = False
    _traverse_internals: Any = (  # so that Select.params finds the parameter
        ("column", InternalTraversal.dp_clauseelement),
        ("pattern", InternalTraversal.dp_clauseelement),
    )

    def __init__(self, column: Any, pattern: BindParameter[str]) -> None:
        self.column = getattr(column, "expression", column)
        self.pattern = pattern


@compiles(holds)
def _holds_by_ilike(element: holds, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, pattern = compiler.process(element.column, **kwargs), compiler.process(element.pattern, **kwargs)
    return f"{column} ILIKE {pattern} ESCAPE '/'"


@compiles(holds, "sqlite")
def _holds_by_like(element: holds, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, pattern = compiler.process(element.column, **kwargs), compiler.process(element.pattern, **kwargs)
    # Its LIKE disregards capitals by itself; to make small letters of both, as SQLAlchemy's ilike does, costs thrice.
    return f"{column} LIKE {pattern} ESCAPE '/'"


class unindexed(ColumnElement[Any]):
    """``column`` where SQLite must not choose its index: without statistics it would, for a filter that fits many."""

    type: Any = NullType()
    inherit_cache = False

    def __init__(self, column: Any) -> None:
        self.column = getattr(column, "expression", column)


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return compiler.process(element.column, **kwargs)


@compiles(unindexed, "sqlite")
def _with_plus(element: unindexed, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"+{compiler.process(element.column, **kwargs)}"


def containing(dialect: str, rows: Any, columns: Sequence[Any], index: str) -> Select[Any]:
    """The ids of ``rows`` in which one of ``columns`` contains a text of three characters or more.

    To be given what ``searched`` answers. ``index`` is SQLite's table for full text, by trigrams; elsewhere trigram
    indexes on the columns answer.
    """
    if dialect == "sqlite":
        indexed = table(index, column("rowid"), column(index))
        return select(indexed.c.rowid.label("id")).where(indexed.c[index].op("MATCH")(bindparam("phrase")))
    return select(rows.c.id).where(or_(*(holds(name, bindparam("pattern")) for name in columns)))


def searched(text: str) -> dict[str, str]:
    """The parameters of ``containing`` (and of ``holds``): whatever ``text`` holds, it is just text."""
    quoted = text.replace('"', '""')
    escaped = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {"phrase": f'"{quoted}"', "pattern": f"%{escaped}%"}


def compares_alike(text: str) -> bool:
    """Whether ``holds`` finds ``text`` in SQLite as its index of parts does, which knows all alphabets with capitals.

    SQLite itself compares without regard to capitals in ASCII only.
    """
    return all(letter.isascii() or letter.lower() == letter == letter.upper() for letter in text)


class flagged(ColumnElement[bool]):
    """Whether the byte at ``column``, a row's number, of the parameter ``name`` is 1. Only SQLite is asked so.

    It takes 0.05 µs a row: a quarter of what it takes to look for the number among others.
    """

    type: Any = NullType()
    inherit_cache = False

    def __init__(self, column: Any, name: str) -> None:
        self.column = getattr(column, "expression", column)
        self.flags: BindParameter[Any] = bindparam(name)


@compiles(flagged, "sqlite")
def _flagged_by_part(element: flagged, compiler: SQLCompiler, **kwargs: Any) -> str:
    column, flags = compiler.process(element.column, **kwargs), compiler.process(element.flags, **kwargs)
    return f"substr({flags}, {column} + 1, 1) = x'01'"


def together(query: Select[Any]) -> Select[Any]:
    """What SQLite answers to ``query``, a column of whole numbers, in one row for ``numbers_in``.

    For each row the driver gives the interpreter away, and may get it back milliseconds later.
    """
    (numbers,) = query.subquery().c
    return select(func.group_concat(numbers))


def numbers_in(text: str | None) -> list[int]:
    """What a statement that is ``together`` found."""
    return cast("list[int]", json.loads(f"[{text or ''}]"))
