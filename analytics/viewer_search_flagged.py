"""A page of those whom a search has found: a walk along an index that looks at one byte for each person it comes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_places
from analytics import viewer_queries as queries
from analytics.viewer_found import Found
from analytics.viewer_question import Page, Question, Window
from analytics.viewer_walks import READING, SURPRISE
from core.text_search import numbers_in

LOOKING = 0.06  # at a byte, in microseconds of SQLite's, as in ``viewer_walks``
MANY_MS = 60_000  # for so long they are not counted anew


@dataclass(frozen=True)
class Flagged:
    """``people``: how many the filter lets through of ``everybody``; ``most`` are counted and paged.

    Of VIPs and favourites nobody needs to know how many there are.
    """

    connection: Connection
    question: Question
    given: dict[str, Any]
    found: Found
    people: int
    everybody: int
    most: int

    def page(self, by_name: Callable[[Window], list[int] | None]) -> Page:
        """``by_name``: tells the ids where that is quicker, else None."""
        few = self._all_few()
        if few is not None:
            return self._sorted(few)
        window = self.question.window_from_start(self.most)
        ids = by_name(window)
        return Page(self._walked(window) if ids is None else ids, self.most, exact=False)

    def _all_few(self) -> list[int] | None:
        """Everybody who fits, and perhaps some who do not; None: more than ``most`` fit."""
        filter, number = self.question.filter, self.found.number
        now_ms, many_until_ms = self.question.now_ms, self.found.many_until_ms
        if now_ms < many_until_ms.get(filter, 0) <= now_ms + MANY_MS:
            return None
        if filter == "active":
            met = min(self.people, self.most * self.everybody // max(1, number))
            if READING * number < LOOKING * met:
                return list(self.found.ids())
        enough = self.most + 1 + queries.HIDDEN_COUNTED(self.connection).scalar_one()
        if filter != "all":
            number = queries.flagged_counted(filter)(self.connection, most=enough, **self._flags).scalar_one()
        if number >= enough:
            many_until_ms[filter] = now_ms + MANY_MS
            return None
        if filter == "all":
            return list(self.found.ids())
        some = queries.flagged_fitting(filter)
        return numbers_in(some(self.connection, most=self.most + 1, **self._flags).scalar())

    def _sorted(self, ids: list[int]) -> Page:
        known = queries.known(self.question.filter, self.question.order)
        fitting = list(known(self.connection, ids=ids, **self.given).scalars())
        window = self.question.window_from_start(min(len(fitting), self.most))
        return Page(fitting[window.offset : window.end], min(len(fitting), self.most), len(fitting) <= self.most)

    def _walked(self, window: Window) -> list[int]:
        if window.limit == 0:
            return []
        whole = {"limit": window.limit, "offset": window.offset, **self._flags}
        if not self.question.is_of_marked:
            met = window.end * self.everybody**2 // max(1, self.found.number * self.people)
            end = viewer_places.beyond(self.connection, window.order, SURPRISE * met + 1_000, self.question.now_ms)
            if end is not None:
                near = queries.walk("sqlite", self.question.filter, "flagged", window.order, ends=True)
                ids = list(near(self.connection, end=end[0], end_id=end[1], **whole).scalars())
                if len(ids) == window.limit:
                    return ids
                if READING * self.found.number < LOOKING * self.everybody:
                    return self._sorted(list(self.found.ids())).ids
        walk = queries.walk("sqlite", self.question.filter, "flagged", window.order)
        return list(walk(self.connection, **whole).scalars())

    @property
    def _flags(self) -> dict[str, Any]:
        return {**self.given, "flags": self.found.flags}
