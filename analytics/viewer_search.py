"""Whom a search finds: a page of them in any order, at a bounded cost however common the text is.

Where few fit all of them are read. Otherwise they are so many that the first of them are met soon, on the cheapest way.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_counts, viewer_found, viewer_search_by_name, viewer_walks
from analytics import viewer_queries as queries
from analytics.viewer_found import Found
from analytics.viewer_question import Page, Question, Window
from analytics.viewer_search_flagged import Flagged
from analytics.viewer_walks import FINDING, READING, Ground, Way
from core.statements import Prepared
from core.text_search import compares_alike, searched

FEW_MATCHES = 1_000  # are read at once: to look them up again would cost more
MOST_MATCHES = 1_000  # a search that finds more is not counted to its end, nor paged beyond
MOST_COUNTED = 30_000  # how many there are of more is estimated
SAMPLES, SAMPLED = 3, 500  # how often and how many are counted to estimate it
SHORTEST_PART = 3  # of a name that its index finds; what is shorter must be the beginning


def page(connection: Connection, question: Question, given: dict[str, Any]) -> Page:
    return _Search(connection, question, given).page()


@dataclass(frozen=True)
class _Search:
    connection: Connection
    question: Question
    filter_given: dict[str, Any]

    def page(self) -> Page:
        found = viewer_found.kept(self.connection, self.how, self.given, self._most_kept)
        if found is None and self.dialect == "sqlite" and not self._all_by_name:
            some = viewer_found.begun(self.connection, self.how, self.given)
            if len(some) <= FEW_MATCHES:
                return self._sorted(some)
            found = viewer_found.find(self.connection, self.how, self.given, self._most_kept, some)
        elif found is None and (self.question.filter != "all" or self._all_by_name):
            few = self._ids(queries.matches(self.dialect, self.how), FEW_MATCHES)
            if len(few) <= FEW_MATCHES:
                return self._sorted(few)
        if found is not None:
            return self._flagged(found.with_others(self.renamed))
        if self.question.filter != "all" and not self.question.is_of_marked and self.matches <= 2 * self._met:
            return self._gathered()
        fitting = self._ids(self._cheapest_list(), MOST_MATCHES)
        if len(fitting) <= MOST_MATCHES:
            return self._sorted(fitting)
        window = self.question.window_from_start(MOST_MATCHES)
        ids = self._by_name(window)
        return Page(
            viewer_walks.page(self._ground(), self._way, window) if ids is None else ids, MOST_MATCHES, exact=False
        )

    def _flagged(self, found: Found) -> Page:
        people = self.everybody if self.question.is_of_marked else self.people
        search = Flagged(self.connection, self.question, self.filter_given, found, people, self.everybody, MOST_MATCHES)
        return search.page(self._by_name)

    def _by_name(self, window: Window) -> list[int] | None:
        """The ids of the page where those who are called alike stand together in the index that is walked along."""
        if self._stand_together:
            walk = queries.walk(self.dialect, self.question.filter, "beginning in order", window.order)
            found = walk(self.connection, limit=window.limit, offset=window.offset, **self.given)
            return list(found.scalars())
        elsewhere = self._stand_apart and viewer_search_by_name.elsewhere(self.connection, self.given, MOST_MATCHES)
        if not isinstance(elsewhere, list):
            return None
        others = [*elsewhere, *self.renamed]
        return viewer_search_by_name.page(self.connection, self.question, self.given, others, window)

    def _ids(self, query: Prepared, most: int) -> list[int]:
        """One more than ``most`` says that there are more."""
        return list(query(self.connection, most=most + 1, **self.given).scalars())

    def _sorted(self, ids: list[int]) -> Page:
        """The page out of all whose names are found, and of those who had exactly this name."""
        known = queries.known(self.question.filter, self.question.order)
        fitting = list(known(self.connection, ids=ids + self.renamed, **self.given).scalars())
        offset = (self.question.page - 1) * self.question.limit
        return Page(fitting[offset : offset + self.question.limit], len(fitting))

    def _gathered(self) -> Page:
        """The same where to read all whose names are found costs no more than to count some and then to walk."""
        window = self.question.window_from_start(MOST_MATCHES)
        all_sorted = queries.gather(self.dialect, self.question.filter, self.how, window.order)
        ids = list(all_sorted(self.connection, limit=MOST_MATCHES + 1, offset=0, **self.given).scalars())
        found = ids[:MOST_MATCHES]
        return Page(found[window.offset : window.end], len(found), exact=len(ids) == len(found))

    @cached_property
    def dialect(self) -> str:
        return self.connection.dialect.name

    @cached_property
    def how(self) -> str:
        return "part" if len(self.question.text) >= SHORTEST_PART else "beginning"

    @cached_property
    def given(self) -> dict[str, Any]:
        text = self.question.text
        return self.filter_given | {"prefix": text.lower(), "name": text.lower()} | searched(text)

    @cached_property
    def renamed(self) -> list[int]:
        return list(queries.FORMERLY(self.connection, name=self.given["name"]).scalars())

    @cached_property
    def everybody(self) -> int:
        return max(1, viewer_counts.everybody(self.connection))

    @cached_property
    def people(self) -> int:
        """How many the filter lets through."""
        filter = self.question.filter
        return self.everybody if filter == "all" else viewer_counts.count(self.connection, filter, self.question.now_ms)

    @cached_property
    def matches(self) -> int:
        """How many names are found; of many it is estimated."""
        counted = queries.matches_counted(self.dialect, self.how)
        if self.how == "beginning":
            return max(1, int(counted(self.connection, most=MOST_COUNTED, **self.given).one().matches))
        found = 0.0
        for number in range(SAMPLES):
            after = self.everybody * number // SAMPLES
            some = counted(self.connection, most=SAMPLED, after=after, **self.given).one()
            if some.matches < SAMPLED:  # all there are beyond
                return max(1, round(found * number / SAMPLES) + int(some.matches))
            # How densely they stand is told by how far those reach.
            found += SAMPLED * (self.everybody / SAMPLES) / max(1, some.last - after)
        return max(1, round(found))

    @property
    def _met(self) -> int:
        """How many whose names are found are read until enough of them are let through."""
        return MOST_MATCHES * self.everybody // max(1, self.people)

    @property
    def _stand_together(self) -> bool:
        """Whether those who fit are next to each other in the index that is walked along."""
        return self.how == "beginning" and self.question.sort_by == "username" and not self.renamed

    @property
    def _all_by_name(self) -> bool:
        """Whether they are listed by name and need not all be found for it."""
        return self.question.filter == "all" and (self._stand_together or self._stand_apart)

    @property
    def _most_kept(self) -> int:
        return viewer_found.MOST if self._way.read else self.everybody

    @cached_property
    def _stand_apart(self) -> bool:
        """Whether it can be told who of those that are found stand elsewhere than most of them."""
        return viewer_search_by_name.may_stand_apart(self.connection, self.question, self.how)

    @property
    def _way(self) -> Way:
        if self.how == "beginning":
            return Way(self.question.filter, "each beginning", None, self.how)
        by_reading = self.dialect != "sqlite" or compares_alike(self.question.text)
        return Way(self.question.filter, "names" if by_reading else None, None, self.how)

    def _ground(self) -> Ground:
        fitting = max(MOST_MATCHES, self.matches * self.people // self.everybody)
        passed = self.people if self.question.is_of_marked else self.everybody
        return Ground(self.connection, passed, self.matches, fitting, self.given, sure=self.question.is_of_marked)

    def _cheapest_list(self) -> Prepared:
        """The statement for the ids of all who fit, but no more than ``most``."""
        filter, way = self.question.filter, self._way
        if filter == "all":
            return queries.shown_matches(self.dialect, self.how)
        if self.question.is_of_marked and self.how == "beginning":
            return queries.fitting(self.dialect, filter, "beginning in order")
        passed = min(self.people, MOST_MATCHES * self.everybody // self.matches)
        met = min(self.matches, self._met)
        ways = [((FINDING + READING) * met, queries.fitting_matches(self.dialect, filter, self.how))]
        if way.read:
            ways.append((READING * passed, queries.fitting(self.dialect, filter, way.read)))
        return min(ways, key=lambda pair: pair[0])[1]
