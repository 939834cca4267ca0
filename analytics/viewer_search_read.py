"""Searches where nobody notes who was found: on PostgreSQL, whose trigram indexes answer on both names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from analytics import viewer_counts, viewer_walks
from analytics import viewer_queries as queries
from analytics.viewer_names import Names, sorted_page
from analytics.viewer_plan import FEW_MATCHES, FINDING, MOST_MATCHES, READING
from analytics.viewer_queries import How
from analytics.viewer_question import Page, Question
from analytics.viewer_walks import Ground, Means
from core.statements import Prepared

MOST_COUNTED = 30_000  # how many there are of more is estimated
SAMPLES, SAMPLED = 3, 500  # how often and how many are counted to estimate it


def page(connection: Connection, question: Question, names: Names) -> Page:
    return _Search(connection, question, names).page()


@dataclass(frozen=True)
class _Search:
    connection: Connection
    question: Question
    names: Names

    def page(self) -> Page:
        filter = self.question.filter
        if filter != "all":
            few = self._ids(queries.matches(self._dialect, self.names.how), FEW_MATCHES)
            if len(few) <= FEW_MATCHES:
                return self._sorted(few)
            if not self.question.is_of_marked and self._matches <= 2 * self._met:
                return self._gathered()
        fitting = self._ids(self._cheapest_list(), MOST_MATCHES)
        if len(fitting) <= MOST_MATCHES:
            return self._sorted(fitting)
        return Page(self._walked(), MOST_MATCHES, exact=False)

    def _ids(self, query: Prepared, most: int) -> list[int]:
        """One more than ``most`` says that there are more."""
        return list(query(self.connection, most=most + 1, **self.names.given).scalars())

    def _sorted(self, ids: list[int]) -> Page:
        return sorted_page(self.connection, self.question, self.names, ids + self._renamed)

    def _gathered(self) -> Page:
        """The same where to read all whose names are found costs no more than to count some and then to walk."""
        window = self.question.window_from_start(MOST_MATCHES)
        all_sorted = queries.gather(self._dialect, self.question.filter, self.names.how, window.order)
        ids = list(all_sorted(self.connection, limit=MOST_MATCHES + 1, offset=0, **self.names.given).scalars())
        found = ids[:MOST_MATCHES]
        return Page(found[window.offset : window.end], len(found), exact=len(ids) == len(found))

    def _walked(self) -> list[int]:
        question, how = self.question, self.names.how
        window = question.window_from_start(MOST_MATCHES)
        if how is How.BEGINNING and question.sort_by == "username" and not self._renamed:  # they stand together
            walk = queries.walk(self._dialect, question.filter, How.BEGINNING_IN_ORDER, window.order)
            given = {**self.names.given, "limit": window.limit, "offset": window.offset}
            return list(walk(self.connection, **given).scalars())
        fitting = max(MOST_MATCHES, self._matches * self._people // self._everybody)
        passed = self._people if question.is_of_marked else self._everybody
        ground = Ground(self.connection, passed, self._matches, fitting, self.names.given, sure=question.is_of_marked)
        return viewer_walks.page(ground, Means(question.filter, how.read, None, how), window)

    def _cheapest_list(self) -> Prepared:
        """The statement for the ids of all who fit, but no more than ``most``."""
        filter, how = self.question.filter, self.names.how
        if filter == "all":
            return queries.shown_matches(self._dialect, how)
        if self.question.is_of_marked and how is How.BEGINNING:
            return queries.fitting(self._dialect, filter, How.BEGINNING_IN_ORDER)
        reading = READING * min(self._people, MOST_MATCHES * self._everybody // self._matches)
        if reading < (FINDING + READING) * min(self._matches, self._met):
            return queries.fitting(self._dialect, filter, how.read)
        return queries.fitting_matches(self._dialect, filter, how)

    @property
    def _dialect(self) -> str:
        return self.connection.dialect.name

    @property
    def _met(self) -> int:
        """How many whose names are found are read until enough of them are let through."""
        return MOST_MATCHES * self._everybody // max(1, self._people)

    @cached_property
    def _renamed(self) -> list[int]:
        return self.names.formerly(self.connection)

    @cached_property
    def _everybody(self) -> int:
        return max(1, viewer_counts.everybody(self.connection))

    @cached_property
    def _people(self) -> int:
        """How many the filter lets through."""
        filter = self.question.filter
        return (
            self._everybody if filter == "all" else viewer_counts.count(self.connection, filter, self.question.now_ms)
        )

    @cached_property
    def _matches(self) -> int:
        """How many names are found; of many it is estimated."""
        counted = queries.matches_counted(self._dialect, self.names.how)
        if self.names.how is How.BEGINNING:
            return max(1, int(counted(self.connection, most=MOST_COUNTED, **self.names.given).one().matches))
        found = 0.0
        for number in range(SAMPLES):
            after = self._everybody * number // SAMPLES
            some = counted(self.connection, most=SAMPLED, after=after, **self.names.given).one()
            if some.matches < SAMPLED:  # all there are beyond
                return max(1, round(found * number / SAMPLES) + int(some.matches))
            # How densely they stand is told by how far those reach.
            found += SAMPLED * (self._everybody / SAMPLES) / max(1, some.last - after)
        return max(1, round(found))
