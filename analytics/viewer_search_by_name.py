"""A search sorted by name, where most whom it finds are called alike: their names begin with what is looked for.

They stand together in the index of names, and perhaps at its far end: a walk would pass everybody else before it met
one. So those who stand elsewhere are found first. Where they are few, they come before and after the many.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from sqlalchemy import Connection

from analytics import viewer_found
from analytics import viewer_queries as queries
from analytics.viewer_question import Question, Window

LETTERS = 3  # of a name whose spellings are looked for


def may_stand_apart(connection: Connection, question: Question, how: str) -> bool:
    """Whether SQLite's index of parts of names can tell who stands elsewhere.

    It takes big letters for small ones and the index of names does not: no name may begin with what is looked for in
    other letters. None does where platforms tell names as they should.
    """
    asked = how == "part" and question.sort_by == "username" and question.filter in ("all", "active")
    if not asked or connection.dialect.name != "sqlite" or not question.text.isascii():
        return False
    small = question.text[:LETTERS].lower()
    spellings = {"".join(letters) for letters in product(*((letter, letter.upper()) for letter in small))}
    return all(queries.BEGINNING(connection, prefix=one).first() is None for one in spellings - {small})


def elsewhere(connection: Connection, given: dict[str, Any], most: int) -> list[int] | None:
    """The ids of those whom the search finds though their name does not begin so; None: more than ``most``."""
    phrase = f"{given['phrase']} NOT username : ^{given['phrase']}"
    found = viewer_found.find(connection, "part", given | {"phrase": phrase})
    return list(found.ids()) if found and found.number <= most else None


def page(
    connection: Connection, question: Question, given: dict[str, Any], others: list[int], window: Window
) -> list[int]:
    """The ids of the page; ``others``: who may stand elsewhere."""
    if window.limit == 0:
        return []
    named = queries.named(question.filter, window.order)(connection, ids=others, **given).all()
    before = [id_ for id_, name in named if name < given["prefix"]]
    after = [id_ for id_, name in named if name > given["prefix"] and not name.startswith(given["prefix"])]
    if question.descending:
        before, after = after, before
    together = queries.walk("sqlite", question.filter, "beginning in order", window.order)
    found = together(connection, limit=max(0, window.end - len(before)), offset=0, **given)
    return [*before, *found.scalars(), *after][window.offset : window.end]
