"""Whom searches found of late: on SQLite, a byte for each person, which is 1 for those whose names hold the text.

To find them costs 0.2 µs each, to look at a byte 0.05: so who is found once is kept. When the same text is looked for
again, new people are added and those who are called otherwise looked at anew: what is kept is never out of date. Each
connection keeps its own, as long as it is open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from core.text_search import numbers_in

MOST = 300_000  # more are not kept: among so many the first are met soon by reading
KEPT_BYTES = 16_000_000
STEP = 30_000  # found in one go
MOST_RENAMED = 500  # are looked at anew, at 40 µs each; to find all of many takes no longer
MOST_ASKED = 1_000  # texts
_KEY = "viewers found"  # in a connection's own dictionary


@dataclass(slots=True)
class Found:
    """``flags`` by id, ``number`` of them are 1; nobody beyond the id ``last`` has been looked at.

    ``many_until_ms``: how long it is taken for granted that more than can be paged are let through, by filter.
    ``changes``: of names, that have been taken in.
    """

    flags: bytearray = field(default_factory=bytearray)
    number: int = 0
    last: int = 0
    many_until_ms: dict[str, int] = field(default_factory=dict)
    changes: int = 0

    def add(self, ids: Sequence[int]) -> None:
        """Those with ``ids``, none of whom was found before."""
        for id_ in ids:
            self.flags[id_] = 1
        self.number += len(ids)

    def set(self, id_: int, is_found: bool) -> None:
        """What somebody is called has changed."""
        if bool(self.flags[id_]) != is_found:
            self.flags[id_] = is_found
            self.number += 1 if is_found else -1
            self.many_until_ms.clear()

    def with_others(self, ids: list[int]) -> Found:
        """The same with others, who may be among them."""
        new = [id_ for id_ in set(ids) if not self.flags[id_]]
        if not new:
            return self
        more = Found(self.flags.copy(), self.number, self.last, self.many_until_ms)
        more.add(new)
        return more

    def ids(self) -> Iterator[int]:
        id_ = self.flags.find(1)
        while id_ >= 0:
            yield id_
            id_ = self.flags.find(1, id_ + 1)


class _Kept:
    """What one connection has found, by how and what; None: too many."""

    def __init__(self) -> None:
        self.found: OrderedDict[tuple[str, str], Found | None] = OrderedDict()

    def keep(self, key: tuple[str, str], found: Found | None) -> None:
        self.found[key] = found
        self.found.move_to_end(key)
        most = max(2, KEPT_BYTES // (len(found.flags) + 1)) if found else MOST_ASKED
        while len(self.found) > min(most, MOST_ASKED):
            self.found.popitem(last=False)


def kept(connection: Connection, how: str, given: Mapping[str, Any], most: int = MOST) -> Found | None:
    """Whom this search finds, brought up to date; None: it was not asked of late, or there are too many."""
    memory: _Kept | None = connection.info.get(_KEY)
    return find(connection, how, given, most) if memory and (how, given["phrase"]) in memory.found else None


def begun(connection: Connection, how: str, given: Mapping[str, Any]) -> list[int]:
    """The ids of those whom a search on SQLite finds first, STEP of them: fewer are all."""
    return numbers_in(queries.found(how)(connection, **given, after=0, most=STEP).scalar())


def find(
    connection: Connection, how: str, given: Mapping[str, Any], most: int = MOST, begun: Sequence[int] = ()
) -> Found | None:
    """Whom a search finds; None: more than ``most``, or this database does not tell when names change.

    ``begun``: those who are known already.
    """
    if connection.dialect.name != "sqlite":
        return None
    memory: _Kept = connection.info.setdefault(_KEY, _Kept())
    names = queries.NAMES_SEEN(connection).one()
    key = (how, given["phrase"])
    found = memory.found.pop(key, Found(changes=names.changes))
    if found is not None and found.changes != names.changes and not _took_in(connection, how, given, found):
        found = Found(changes=names.changes)
    if found is not None and found.last < (last := names.last or 0):
        found.flags = found.flags.ljust(last + 1, b"\0")
        if not found.last and begun and (how == "part" or len(begun) < STEP):
            found.add(begun)
            found.last = last if len(begun) < STEP else max(begun)
        found = _up_to_date(connection, how, given, found, last, most)
    memory.keep(key, found)
    return found


def _took_in(connection: Connection, how: str, given: Mapping[str, Any], found: Found) -> bool:
    """Looks at those who are called otherwise since; False: they are not all told any more, or too many."""
    renamed = queries.RENAMED(connection, since=found.changes, most=MOST_RENAMED + 1).all()
    ids = {one.viewer_id for one in renamed}
    if not 0 < len(renamed) <= MOST_RENAMED or renamed[0].number != found.changes + 1 or None in ids:
        return False
    seen = [id_ for id_ in ids if id_ <= found.last]
    fitting = set(numbers_in(queries.found_among(how)(connection, **given, ids=seen).scalar()))
    for id_ in seen:
        found.set(id_, id_ in fitting)
    found.changes = renamed[-1].number
    return True


def _up_to_date(
    connection: Connection, how: str, given: Mapping[str, Any], found: Found, last: int, most: int
) -> Found | None:
    """With those up to ``last``, the highest id there is."""
    query = queries.found_later(how) if found.last else queries.found(how)
    step = STEP if how == "part" else most + 1
    while found.last < last:
        ids = numbers_in(query(connection, **given, after=found.last, most=step).scalar())
        found.add(ids)
        if found.number > most:
            return None
        found.last = last if len(ids) < step else max(ids)
    return found
