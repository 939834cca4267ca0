"""What a search looks for in people's names, and the page of those who are known to fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_queries as queries
from analytics.viewer_plan import MOST_MATCHES
from analytics.viewer_queries import How
from analytics.viewer_question import Page, Question
from core.text_search import searched

SHORTEST_PART = 3  # of a name that its index finds; what is shorter must be the beginning


@dataclass(frozen=True)
class Names:
    """``how`` is PART or BEGINNING; ``given`` is what statements are told, of filters as well."""

    how: How
    given: dict[str, Any]

    @property
    def key(self) -> tuple[How, str]:
        return self.how, self.given["phrase"]

    def formerly(self, connection: Connection) -> list[int]:
        """The ids of those who had exactly this name."""
        return list(queries.FORMERLY(connection, name=self.given["name"]).scalars())


def named(text: str, given: dict[str, Any]) -> Names:
    """Names that hold ``text``; ``given``: what filters ask for."""
    how = How.PART if len(text) >= SHORTEST_PART else How.BEGINNING
    return Names(how, given | {"prefix": text.lower(), "name": text.lower()} | searched(text))


def sorted_page(connection: Connection, question: Question, names: Names, ids: Sequence[int]) -> Page:
    """The page out of ``ids``, which are read and sorted: of all of them who fit."""
    known = queries.known(question.filter, question.order)
    fitting = list(known(connection, ids=list(ids), **names.given).scalars())
    total = min(len(fitting), MOST_MATCHES)
    window = question.window_from_start(total)
    return Page(fitting[window.offset : window.end], total, exact=len(fitting) == total)
