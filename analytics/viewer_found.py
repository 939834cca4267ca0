"""Whom searches found of late: on SQLite, a byte for each person, which is 1 for those whose names hold the text.

To find and note them costs 0.3 µs each, to look at a byte 0.06: so who is found once is kept. Not all need be found
at once: up to which person everybody has been looked at is kept as well. When the same text is looked for again, new
people are added and those who are called otherwise looked at anew: what is kept is never out of date. Each connection
keeps its own, as long as it is open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from analytics.viewer_names import Names
from analytics.viewer_queries import How
from core.text_search import numbers_in

SAMPLE = 100  # who are found tell how many there may be
LOOKED_AT, TOGETHER = 1_000, 50  # people who tell it of first letters: so many next to each other in many places
KEPT_BYTES = 16_000_000
STEP = 30_000  # found in one go
MOST_RENAMED = 500  # are looked at anew, at 40 µs each; to find all of many takes no longer
MOST_ASKED = 1_000  # texts
_KEY = "viewers found"  # in a connection's own dictionary


@dataclass(slots=True)
class Found:
    """``flags`` by id, ``number`` of them are 1; of those up to the id ``seen`` everybody has been looked at.

    ``last``: the highest id there is, and ``begun_at``: when it was begun. ``changes``: of names, that were taken in.
    ``expected``: so many will be found, where ``seen`` does not tell. ``many_until_ms``: how long it is taken for
    granted that more than can be paged are let through, by filter.
    """

    changes: int
    begun_at: int
    last: int = 0
    flags: bytearray = field(default_factory=bytearray)
    number: int = 0
    seen: int = 0
    expected: int = 0
    many_until_ms: dict[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return self.seen >= self.last

    @property
    def matches(self) -> int:
        """How many there are; of many it is estimated."""
        if self.is_whole:
            return self.number
        return max(self.number, self.number * self.last // self.seen if self.seen else self.expected)

    def grow(self, last: int) -> None:
        """``last`` is the highest id now."""
        self.last = last
        self.flags = self.flags.ljust(last + 1, b"\0")

    def flag(self, ids: Sequence[int]) -> None:
        flags = self.flags
        for id_ in ids:
            flags[id_] = 1

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
        more = replace(self, flags=self.flags.copy(), number=self.number + len(new))
        more.flag(new)
        return more

    def ids(self) -> Iterator[int]:
        id_ = self.flags.find(1)
        while id_ >= 0:
            yield id_
            id_ = self.flags.find(1, id_ + 1)


def kept(connection: Connection, names: Names) -> Found | None:
    """Whom this search found, brought up to date; None: it was not asked of late, or too much has changed."""
    memory = _kept(connection)
    found = memory.pop(names.key, None)
    if found is None:
        return None
    now = queries.NAMES_SEEN(connection).one()
    if now.changes != found.changes and not _took_in(connection, names, found):
        return None
    was_whole = found.is_whole
    found.grow(now.last)
    if was_whole:
        find(connection, names, found)
    _keep(memory, names, found)
    return found


def look(connection: Connection, names: Names, few: int, many: int) -> Found | list[int]:
    """The ids of all whom a search finds, if they are ``few``; else it is begun to keep them.

    All have been found then as well, unless there seem to be more than ``many``.
    """
    found = _nobody(connection)
    ids = _next(connection, names, found, SAMPLE if names.how is How.PART else few + 1)
    if not found.is_whole:
        found.expected = found.matches if found.seen else _estimated(connection, names, found.last)
        if found.expected <= many:
            ids += _next(connection, names, found)
    if found.is_whole and len(ids) <= few:
        return ids
    found.grow(found.last)
    found.flag(ids)
    _keep(_kept(connection), names, found)
    return found


def begin(connection: Connection, names: Names) -> Found:
    """To be kept; nobody has been looked at."""
    found = _nobody(connection)
    found.grow(found.last)
    _keep(_kept(connection), names, found)
    return found


def find(connection: Connection, names: Names, found: Found, number: int | None = None) -> None:
    """Goes on until so many are found; None: until everybody has been looked at."""
    while not found.is_whole and (number is None or found.number < number):
        found.flag(_next(connection, names, found, STEP if number is None else min(STEP, number - found.number)))


def _nobody(connection: Connection) -> Found:
    now = queries.NAMES_SEEN(connection).one()
    return Found(now.changes, begun_at=now.last or 0, last=now.last or 0)


def _next(connection: Connection, names: Names, found: Found, most: int | None = None) -> list[int]:
    """The ids of those who are found next, who are to be flagged; None: of all others."""
    if _goes_by_name(names, found):
        told = {"upto": found.begun_at, "passed": found.number, "most": -1 if most is None else most}
        ids = numbers_in(queries.FOUND_BY_NAME(connection, **names.given, **told).scalar())
        if most is None or len(ids) < most:
            found.seen = found.begun_at
    elif most is None:
        ids = numbers_in(queries.found_rest(names.how)(connection, **names.given, after=found.seen).scalar())
        found.seen = found.last
    else:
        some = queries.found_next(names.how)
        ids = numbers_in(some(connection, **names.given, after=found.seen, most=most).scalar())
        found.seen = found.last if len(ids) < most else max(ids)
    found.number += len(ids)
    return ids


def _estimated(connection: Connection, names: Names, last: int) -> int:
    """How many may be called so from the beginning."""
    step = max(TOGETHER, last * TOGETHER // LOOKED_AT)
    ids = [id_ for start in range(1, last + 1, step) for id_ in range(start, start + TOGETHER)]
    return int(queries.CALLED_SO(connection, **names.given, ids=ids).scalar_one()) * last // max(1, len(ids))


def _goes_by_name(names: Names, found: Found) -> bool:
    """Whether people are found by name and not by id: those who are called so from the beginning, at first."""
    return names.how is How.BEGINNING and not found.seen


def _took_in(connection: Connection, names: Names, found: Found) -> bool:
    """Looks at those who are called otherwise since; False: they are not all told any more, or too many."""
    renamed = queries.RENAMED(connection, since=found.changes, most=MOST_RENAMED + 1).all()
    ids = {one.viewer_id for one in renamed}
    if not 0 < len(renamed) <= MOST_RENAMED or renamed[0].number != found.changes + 1 or None in ids:
        return False
    if _goes_by_name(names, found):
        return False
    seen = [id_ for id_ in ids if id_ <= found.seen]
    fitting = set(numbers_in(queries.found_among(names.how)(connection, **names.given, ids=seen).scalar()))
    for id_ in seen:
        found.set(id_, id_ in fitting)
    found.changes = renamed[-1].number
    return True


_Kept = OrderedDict[tuple[How, str], Found]  # by what was looked for; who asked last comes last


def _kept(connection: Connection) -> _Kept:
    memory: _Kept = connection.info.setdefault(_KEY, OrderedDict())
    return memory


def _keep(memory: _Kept, names: Names, found: Found) -> None:
    memory[names.key] = found
    most = max(2, KEPT_BYTES // (len(found.flags) + 1))
    while len(memory) > min(most, MOST_ASKED):
        memory.popitem(last=False)
