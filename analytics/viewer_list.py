"""The list of people: one page of it, sorted, filtered and searched, from an index however many there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from analytics import viewer_places, viewer_search, viewer_walks
from analytics import viewer_queries as queries
from analytics.viewer_counts import active_since_ms, count, everybody
from analytics.viewer_queries import FILTERS, SORTS, Filter, How
from analytics.viewer_question import Page, Question, Window
from analytics.viewer_walks import Ground, Means
from core.db import Database

__all__ = ["FILTERS", "SORTS", "Filter", "Page", "Question", "active_since_ms", "count", "page", "page_from"]

FAR = 1_000  # people before a page, from which on the index is counted off before it is looked who is on no list

_ACTIVE = Means("active", read=How.ANYBODY, look=How.AMONG_ACTIVE, gather=How.ANYBODY)


def page_from(database: Database, question: Question) -> Page:
    with database.reading() as connection:
        return page(connection, question)


def page(connection: Connection, question: Question) -> Page:
    given = {"since": active_since_ms(question.now_ms)}
    if question.text:
        return viewer_search.page(connection, question, given)
    total = count(connection, question.filter, question.now_ms)
    window = question.window(total)
    if window.limit == 0:
        return Page([], total)
    if question.filter == "active" and question.sort_by != "last_seen_at":
        ground = Ground(connection, everybody(connection), total, total, given)
        return Page(viewer_walks.page(ground, _ACTIVE, window), total)
    return Page(_walked(connection, question, window, given), total)


def _walked(connection: Connection, question: Question, window: Window, given: dict[str, Any]) -> list[int]:
    """Along an index that holds hardly anybody who does not fit."""
    if question.filter == "all" and window.offset > FAR:
        ids = _far(connection, window, question.now_ms)
    else:
        walk = queries.walk(connection.dialect.name, question.filter, How.ANYBODY, window.order)
        ids = list(walk(connection, limit=window.limit, offset=window.offset, **given).scalars())
    return ids[::-1] if window.turned else ids


def _far(connection: Connection, window: Window, now_ms: int) -> list[int]:
    """Everybody before is counted off without a look at who they are; then as many follow as were on no list."""
    hidden = set(queries.HIDDEN(connection).scalars())
    some = viewer_places.rows(connection, window.order, window.offset, window.limit + len(hidden), now_ms)
    if not some:
        return []
    start, start_id = some[0]
    before = queries.hidden_before(window.order)(connection, start=start, start_id=start_id).scalar_one()
    shown = [id_ for _, id_ in some if id_ not in hidden]
    return shown[before : before + window.limit]
