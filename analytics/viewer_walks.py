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
from analytics.viewer_plan import FINDING, GATHERING, PASSING, READING, SURPRISE
from analytics.viewer_queries import Filter, How
from analytics.viewer_question import Window
from core.statements import Prepared


@dataclass(frozen=True, slots=True)
class Means:
    """Statements that tell who fits: to read on a walk, to look among, to gather. None: that cannot be done."""

    filter: Filter
    read: How | None
    look: How | None
    gather: How


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


def page(ground: Ground, means: Means, window: Window) -> list[int]:
    """The ids of those who fit, in their order."""
    if window.limit == 0:
        return []
    walked = window.end * ground.passed // max(1, ground.fitting)
    how, cost = _cheapest_walk(ground, means, walked)
    if how is None or cost > GATHERING * ground.found:
        return _gathered(ground, means, window)
    if ground.sure:
        return _taken(ground, queries.walk(ground.dialect, means.filter, how, window.order), window)
    # They may all stand at the other end: the walk is given up in time.
    end = queries.nth(window.order)(ground.connection, nth=SURPRISE * walked + 1_000).first()
    if end is None:
        return _taken(ground, queries.walk(ground.dialect, means.filter, how, window.order), window)
    some = queries.walk(ground.dialect, means.filter, how, window.order, ends=True)
    ids = _taken(ground, some, window, end=end[0], end_id=end[1])
    return ids if len(ids) == window.limit else _however_they_stand(ground, means, window)


def _cheapest_walk(ground: Ground, means: Means, walked: int) -> tuple[How | None, float]:
    ways: Sequence[tuple[How | None, float]] = (
        (means.read, READING * walked),
        (means.look, FINDING * ground.found + PASSING * walked),
    )
    return min(((how, cost) for how, cost in ways if how is not None), key=lambda pair: pair[1], default=(None, 0.0))


def _however_they_stand(ground: Ground, means: Means, window: Window) -> list[int]:
    to_the_end = FINDING * ground.found + PASSING * ground.passed
    if means.look is None or GATHERING * ground.found <= to_the_end:
        return _gathered(ground, means, window)
    return _taken(ground, queries.walk(ground.dialect, means.filter, means.look, window.order), window)


def _gathered(ground: Ground, means: Means, window: Window) -> list[int]:
    return _taken(ground, queries.gather(ground.dialect, means.filter, means.gather, window.order), window)


def _taken(ground: Ground, query: Prepared, window: Window, **more: Any) -> list[int]:
    found = query(ground.connection, limit=window.limit, offset=window.offset, **ground.given, **more)
    ids = list(found.scalars())
    return ids[::-1] if window.turned else ids
