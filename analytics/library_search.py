"""A search of the library for what many records hold: the first of them are met on a walk along what sorts them.

To gather all of them and sort them would read each. A walk reads a record on the way, whether it fits or not, and is
given up where those who fit stand farther away than if they were spread evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, literal, or_, select, tuple_

from core.text_search import compares_alike, holds, searched
from models import LibraryTotal

SURPRISE = 2  # a walk may be so much longer than if those who fit were spread evenly
AT_LEAST = 1_000  # records that it may pass in any case


def on_a_walk(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    text: str,
    order: Sequence[Any],
    *,
    offset: int,
    limit: int,
    found: int,
) -> list[int] | None:
    """The ids of the records from ``offset`` on whose ``names`` hold ``text``. None: they are better gathered.

    ``order``: by a column that has an index, then by ``id``, both up or both down. ``found``: how many hold it.
    """
    if connection.dialect.name != "sqlite" or not compares_alike(text):
        return None  # a server knows how common it is
    records = connection.scalar(select(LibraryTotal.records).where(LibraryTotal.kind == table.name)) or 0
    walked = SURPRISE * (offset + limit) * records // max(1, found)
    if walked > found:
        return None
    keys = [getattr(one, "element", one) for one in order]
    end = connection.execute(select(*keys).order_by(*order).limit(1).offset(walked + AT_LEAST)).first()
    fits = select(table.c.id).where(
        or_(*(holds(table.c[name], bindparam("pattern", searched(text)["pattern"])) for name in names))
    )
    if end is not None:
        last = tuple_(*(literal(value) for value in end))
        fits = fits.where(tuple_(*keys) >= last if keys[0] is not order[0] else tuple_(*keys) <= last)
    ids = list(connection.execute(fits.order_by(*order).limit(limit).offset(offset)).scalars())
    return ids if len(ids) == limit or end is None else None
