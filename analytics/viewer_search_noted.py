"""Searches on SQLite: who is found is noted, and a walk along an index looks at one byte for each person it comes by.

The first question about a common text does not wait until everybody is found: names are read on the walk as long as
that is cheaper, and each further question finds some more. Sorted by name, most whom a search finds may be called
alike: their names begin with what is looked for. They stand together in the index of names, and perhaps at its far end:
so those who stand elsewhere are found first. Where they are few, they come before and after the many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_counts, viewer_found
from analytics import viewer_queries as queries
from analytics.viewer_found import Found
from analytics.viewer_names import Names, sorted_page
from analytics.viewer_plan import FEW_MATCHES, LOOKING, MOST_MATCHES, READING, SURPRISE, Search, Way
from analytics.viewer_queries import How
from analytics.viewer_question import Page, Question, Window
from core.text_search import compares_alike, numbers_in

AT_ONCE = 20_000  # are found in one go
EACH_TIME = 10_000  # more are found with each further question
MANY_MS = 60_000  # for so long they are not counted anew
LETTERS = 3  # of a name whose spellings are looked for


def page(connection: Connection, question: Question, names: Names) -> Page:
    found = viewer_found.kept(connection, names)
    if found is not None:
        return _Search(connection, question, names, found, again=True).page()
    new = viewer_found.look(connection, names, FEW_MATCHES, AT_ONCE)
    if isinstance(new, Found):
        return _Search(connection, question, names, new).page()
    return sorted_page(connection, question, names, new + names.formerly(connection))


@dataclass(frozen=True)
class _Search:
    """``again``: it was asked before."""

    connection: Connection
    question: Question
    names: Names
    found: Found
    again: bool = False

    def page(self) -> Page:
        few = self._all_few()
        if few is not None:
            return self._sorted(few)
        window = self.question.window_from_start(MOST_MATCHES)
        ids = self._by_name(window) if self.question.sort_by == "username" else None
        return Page(self._walked(window) if ids is None else ids, MOST_MATCHES, exact=False)

    def _sorted(self, ids: list[int]) -> Page:
        return sorted_page(self.connection, self.question, self.names, ids + self._renamed)

    def _all_few(self) -> list[int] | None:
        """Everybody who fits, and perhaps some who do not; None: more than can be paged fit."""
        filter, now_ms = self.question.filter, self.question.now_ms
        if now_ms < self.found.many_until_ms.get(filter, 0) <= now_ms + MANY_MS:
            return None
        if filter == "active" and self._known.is_sooner_read_than_counted(MOST_MATCHES):
            return self._everybody_found()
        if self._many_fit():
            self.found.many_until_ms[filter] = now_ms + MANY_MS
            return None
        if filter == "all":
            return self._everybody_found()
        self._find()
        fitting = queries.noted_fitting(filter)
        return numbers_in(fitting(self.connection, **self._noted()).scalar())

    def _many_fit(self) -> bool:
        """Whether more fit than can be paged; False: everybody may have to be found to say so."""
        filter = self.question.filter
        enough = MOST_MATCHES + 1 + queries.HIDDEN_COUNTED(self.connection).scalar_one()
        if filter == "all":
            self._find(enough)
            return self.found.number >= enough
        if self.question.is_of_marked and self._can_read:  # they are few, and their index holds their names
            return self._are_let_through(enough, self._how)
        for number in (max(enough, AT_ONCE), None):
            self._find(number)
            if self._are_let_through(enough, How.FLAGGED):
                return True
            if self.found.is_whole:
                break
        return False

    def _are_let_through(self, enough: int, how: How) -> bool:
        """Whether so many are; ``how`` FLAGGED: of those who are noted."""
        counted = queries.noted_counted(self.question.filter, how)
        return counted(self.connection, most=enough, **self._noted()).scalar_one() >= enough

    def _walked(self, window: Window) -> list[int]:
        """The ids of the page, met along the index of what the list is sorted by, unless it is cheaper to sort all."""
        if window.limit == 0:
            return []
        way = self._known.cheapest(window.end)
        if way is Way.SORTED:
            return self._sorted(self._everybody_found()).ids
        if way is Way.NOTED:
            self._find()
        elif self.again:
            self._find(self.found.number + EACH_TIME)
        ids = self._met(window, SURPRISE * self._known.met(window.end) + 1_000)
        if len(ids) == window.limit:
            return ids
        # They stand at the other end.
        found = self._everybody_found()
        if READING * len(found) < LOOKING * self._everybody:
            return self._sorted(found).ids
        return self._met(window, passed=-1)

    def _met(self, window: Window, passed: int) -> list[int]:
        walk = queries.noted_walk(self.question.filter, self._how, window.order)
        given = {**self._noted(), "limit": window.limit, "offset": window.offset, "passed": passed}
        return list(walk(self.connection, **given).scalars())

    def _by_name(self, window: Window) -> list[int] | None:
        """The ids of the page where those who are called alike stand together; None: they do not."""
        if window.limit == 0:
            return []
        if self.names.how is How.BEGINNING:
            return None if self._renamed else self._called_alike(window)
        if self.question.is_of_marked or not self._begin_so():
            return None
        elsewhere = self._elsewhere()
        return None if elsewhere is None else self._among_others([*elsewhere, *self._renamed], window)

    def _begin_so(self) -> bool:
        """Whether many names begin with what is looked for, and none in other letters.

        The index of parts takes big letters for small ones and the index of names does not. No name has big ones where
        platforms tell names as they should.
        """
        text, prefix = self.question.text, self.names.given["prefix"]
        if not text.isascii() or not self._begins(prefix, MOST_MATCHES):
            return False
        small = prefix[:LETTERS]
        spellings = {"".join(letters) for letters in product(*((letter, letter.upper()) for letter in small))}
        return not any(self._begins(one, 0) for one in spellings - {small})

    def _begins(self, prefix: str, passed: int) -> bool:
        """Whether more than ``passed`` names begin so."""
        return queries.BEGINNING(self.connection, prefix=prefix, passed=passed).first() is not None

    def _elsewhere(self) -> list[int] | None:
        """The ids of those whom the search finds though their name does not begin so; None: they are too many."""
        phrase = self.names.given["phrase"]
        names = replace(self.names, given=self.names.given | {"phrase": f"{phrase} NOT username : ^{phrase}"})
        found = viewer_found.kept(self.connection, names) or viewer_found.begin(self.connection, names)
        viewer_found.find(self.connection, names, found, MOST_MATCHES + 1)
        return list(found.ids()) if found.number <= MOST_MATCHES else None

    def _among_others(self, others: list[int], window: Window) -> list[int]:
        """Those who are called alike, with ``others`` before and after them."""
        named = queries.named(self.question.filter, window.order)
        prefix = self.names.given["prefix"]
        before: list[int] = []
        after: list[int] = []
        for id_, name in named(self.connection, ids=others, **self.names.given).all():
            if not name.startswith(prefix):
                (before if (name < prefix) is not self.question.descending else after).append(id_)
        alike = self._called_alike(replace(window, offset=0, limit=max(0, window.end - len(before))))
        return [*before, *alike, *after][window.offset : window.end]

    def _called_alike(self, window: Window) -> list[int]:
        walk = queries.walk("sqlite", self.question.filter, How.BEGINNING_IN_ORDER, window.order)
        return list(walk(self.connection, limit=window.limit, offset=window.offset, **self.names.given).scalars())

    def _find(self, number: int | None = None) -> None:
        viewer_found.find(self.connection, self.names, self.found, number)

    def _everybody_found(self) -> list[int]:
        self._find()
        return list(self.found.ids())

    def _noted(self) -> dict[str, Any]:
        """What a statement is told of who was found."""
        found = self.found.with_others(self._renamed)
        return {**self.names.given, "flags": found.flags, "seen": found.seen}

    @property
    def _known(self) -> Search:
        found, everybody = self.found, self._everybody
        return Search(
            everybody=everybody,
            people=self._active if self.question.filter == "active" else everybody,
            matches=found.matches,
            noted=found.number,
            unseen=1 - found.seen / max(1, found.last),
            can_read=self._can_read,
        )

    @property
    def _how(self) -> How:
        """How a statement tells who is found: only by what is noted, once everybody has been looked at."""
        return How.FLAGGED if self.found.is_whole else self.names.how

    @property
    def _can_read(self) -> bool:
        return self.names.how is How.BEGINNING or compares_alike(self.question.text)

    @cached_property
    def _renamed(self) -> list[int]:
        return self.names.formerly(self.connection)

    @cached_property
    def _everybody(self) -> int:
        return max(1, viewer_counts.everybody(self.connection))

    @cached_property
    def _active(self) -> int:
        return viewer_counts.count(self.connection, "active", self.question.now_ms)
