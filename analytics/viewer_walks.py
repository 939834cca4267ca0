"""The cheapest way to a page of the list of people.

Those who fit are either met on a *walk* along the index of what the list is sorted by, or *gathered* and then sorted.
A walk tells who fits by reading each person it comes by, or by looking for them *among* those who were found before:
then it reads nobody. Who fits often is met soon, who fits seldom is gathered soon; in between, looking is cheapest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from analytics.viewer_question import Window
from core.statements import Prepared

# Microseconds of SQLite's, measured with a million people: only how they compare matters.
READING = 1.8  # a person on the way
PASSING = 0.21  # a person on the way who is looked for among others
FINDING = 0.17  # one who fits, to look for
GATHERING = 2.0  # one who fits, to sort
SURPRISE = 4  # a walk may be so much longer than if those who fit were spread evenly


@dataclass(frozen=True, slots=True)
class Way:
    """Statements that tell who fits: to read on a walk, to look among, to gather. None: that cannot be done.

    ``how`` of ``viewer_queries``, and its ``filter``.
    """

    filter: str
    read: str | None
    look: str | None
    gather: str


@dataclass(frozen=True, slots=True)
class Ground:
    """Where people are looked for: ``passed`` people have an entry in the index that is walked along.

    ``found`` are in the list that the walk looks among or that is gathered, and ``fitting`` are on the way. ``sure``:
    the index is so small that all of it may be walked.
    """

    connection: Connection
    passed: int
    found: int
    fitting: int
    given: dict[str, Any] = field(default_factory=dict)
    sure: bool = False

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name


def page(ground: Ground, way: Way, window: Window) -> list[int]:
    """The ids of those who fit, in their order."""
    if window.limit == 0:
        return []
    walked = window.end * ground.passed // max(1, ground.fitting)
    how, cost = _cheapest_walk(ground, way, walked)
    if how is None or cost > GATHERING * ground.found:
        return _gathered(ground, way, window)
    if ground.sure:
        return _taken(ground, queries.walk(ground.dialect, way.filter, how, window.order), window)
    # They may all stand at the other end: the walk is given up in time.
    end = queries.nth(window.order)(ground.connection, nth=SURPRISE * walked + 1_000).first()
    if end is None:
        return _taken(ground, queries.walk(ground.dialect, way.filter, how, window.order), window)
    some = queries.walk(ground.dialect, way.filter, how, window.order, ends=True)
    ids = _taken(ground, some, window, end=end[0], end_id=end[1])
    return ids if len(ids) == window.limit else _however_they_stand(ground, way, window)


def _cheapest_walk(ground: Ground, way: Way, walked: int) -> tuple[str | None, float]:
    ways: Sequence[tuple[str | None, float]] = (
        (way.read, READING * walked),
        (way.look, FINDING * ground.found + PASSING * walked),
    )
    return min(((how, cost) for how, cost in ways if how is not None), key=lambda pair: pair[1], default=(None, 0.0))


def _however_they_stand(ground: Ground, way: Way, window: Window) -> list[int]:
    to_the_end = FINDING * ground.found + PASSING * ground.passed
    if way.look is None or GATHERING * ground.found <= to_the_end:
        return _gathered(ground, way, window)
    return _taken(ground, queries.walk(ground.dialect, way.filter, way.look, window.order), window)


def _gathered(ground: Ground, way: Way, window: Window) -> list[int]:
    return _taken(ground, queries.gather(ground.dialect, way.filter, way.gather, window.order), window)


def _taken(ground: Ground, query: Prepared, window: Window, **more: Any) -> list[int]:
    found = query(ground.connection, limit=window.limit, offset=window.offset, **ground.given, **more)
    ids = list(found.scalars())
    return ids[::-1] if window.turned else ids
