"""Rows as SQLite's driver tells them: tuples whose columns have names, and as much of a Result as questions use.

SQLAlchemy's own cost more than most answers: to read one value by its name takes it half a microsecond.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

_FIRST = itemgetter(0)


def row_maker(names: Sequence[str]) -> Callable[[tuple[Any, ...]], Any]:
    """Makes rows whose values have these names, from tuples."""
    make: Any = namedtuple  # its names are not known before
    named = make("Row", names, rename=True)
    members = {"__slots__": (), "_mapping": property(lambda row: dict(zip(names, row, strict=True)))}
    return partial(tuple.__new__, type("Row", (named,), members))


class Rows:
    """All rows of an answer. What SQLAlchemy's Result calls alike does the same."""

    __slots__ = ("_make", "_rows")

    def __init__(self, make: Callable[[tuple[Any, ...]], Any], rows: Sequence[tuple[Any, ...]]) -> None:
        self._make = make
        self._rows = rows

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, self._rows)

    def all(self) -> list[Any]:
        return list(map(self._make, self._rows))

    def first(self) -> Any:
        return self._make(self._rows[0]) if self._rows else None

    def one(self) -> Any:
        """Raises ValueError where there is none, or another."""
        (row,) = self._rows
        return self._make(row)

    def tuples(self) -> Rows:
        return self

    def scalars(self) -> Rows:
        return Rows(_FIRST, self._rows)

    def scalar(self) -> Any:
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        (row,) = self._rows
        return row[0]
