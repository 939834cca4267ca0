"""Whom a search finds: a page of them in any order, at a bounded cost however common the text is.

Where few fit all of them are read. Otherwise they are so many that the first of them are met soon, on the cheapest way:
SQLite notes whom it has found, elsewhere each is read.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from analytics import viewer_search_noted, viewer_search_read
from analytics.viewer_names import named
from analytics.viewer_question import Page, Question


def page(connection: Connection, question: Question, given: dict[str, Any]) -> Page:
    """``given``: what filters ask for."""
    search = viewer_search_noted if connection.dialect.name == "sqlite" else viewer_search_read
    return search.page(connection, question, named(question.text, given))
