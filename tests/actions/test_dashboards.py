"""Web processes tell each other how many dashboards they serve, and who is gone counts no more."""

from __future__ import annotations

from actions import dashboards
from analytics.dashboards import elsewhere
from ingest.coverage import beat
from models import Heartbeat
from tests.support import NOON, days, rows, seconds


def others(db, process, now_ms=NOON):
    with db.reading() as connection:
        return elsewhere(connection, process, now_ms)


def test_each_process_counts_the_dashboards_of_the_others(db):
    dashboards.tell(db, "one", 3, now_ms=NOON)
    dashboards.tell(db, "two", 2, now_ms=NOON)
    dashboards.tell(db, "two", 4, now_ms=NOON)
    with db.writing() as connection:
        beat(connection, "collector", NOON, "{}")
    assert [others(db, name) for name in ("one", "two", "three")] == [4, 3, 7]


def test_a_process_that_is_silent_for_a_minute_is_gone(db):
    dashboards.tell(db, "one", 3, now_ms=NOON)
    assert [others(db, "two", NOON + seconds(after)) for after in (60, 61)] == [3, 0]
    dashboards.tell(db, "two", 1, now_ms=NOON + days(2))
    assert [row["process"] for row in rows(db, Heartbeat)] == ["web:two"]
