"""Snapshots: how many had reached what in a range as it ended, so that a range can be compared with the one before.

They are taken before anything later is written: then the counts are what they were at that moment. What is reported
late is not in them, and a rebuild leaves them alone: nobody can tell any more what stood there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from core.clock import MINUTE_MS
from core.statements import BulkStatement, Prepared
from models import StoreReach, StoreSnapshot
from rules.reach import COMPARED, Measure, spans_since


def catch_up(connection: Connection, now_ms: int) -> None:
    """Takes the snapshots that are due: nothing has been written since they were."""
    minute = now_ms // MINUTE_MS
    latest = _LATEST(connection).one()
    for (window, every), last in zip(COMPARED.items(), latest, strict=True):
        due = minute // every * every
        oldest = due - window - every  # what is older is compared with no more
        if last is None:
            # Before the first event there is nothing; its zeros say so.
            _INSERT.run(connection, [(window, due, Measure.ANY.value, 0)])
            continue
        first = max(last + every, oldest)
        for at in range(first, due + 1, every):
            _take(connection, window, at)
        if first <= due:
            connection.execute(
                delete(StoreSnapshot).where(StoreSnapshot.window_minutes == window, StoreSnapshot.minute < oldest)
            )


def reached_since(connection: Connection, since_ms: int | None) -> dict[Measure, int]:
    """How many people have reached each measure at ``since_ms`` (None: ever) or later."""
    reached = dict.fromkeys(Measure, 0)
    for span, first, end in spans_since(since_ms):
        for measure, people in _SUMS(connection, span=span.value, first=first, end=end):
            reached[Measure(measure)] += people
    return reached


def _take(connection: Connection, window: int, minute: int) -> None:
    reached = reached_since(connection, (minute - window) * MINUTE_MS)
    _INSERT.run(connection, [(window, minute, measure.value, people) for measure, people in reached.items()])


def _upsert(insert: Callable[[Any], Any]) -> Any:
    return insert(StoreSnapshot).on_conflict_do_nothing()


# All in one question, because it is asked with everything that is written.
_LATEST = Prepared(
    select(
        *(
            select(func.max(StoreSnapshot.minute)).where(StoreSnapshot.window_minutes == window).scalar_subquery()
            for window in COMPARED
        )
    )
)
_SUMS = Prepared(
    select(StoreReach.measure, func.sum(StoreReach.users))
    .where(
        StoreReach.span == bindparam("span"),
        StoreReach.bucket >= bindparam("first"),
        StoreReach.bucket < bindparam("end"),
    )
    .group_by(StoreReach.measure)
)
_INSERT = BulkStatement(_upsert, ("window_minutes", "minute", "measure", "users"))
