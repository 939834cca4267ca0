"""What has to be done as time passes: heartbeats, birthdays, what is over or old."""

from __future__ import annotations

from core.db import Database
from ingest import attendance, birthdays, news, store_anomalies, visitors
from ingest.policy import Policy

STEPS = 4  # transactions at once; what is left is due a moment later, and the events in between are not kept waiting


def keep_up(database: Database, policy: Policy, now_ms: int) -> None:
    """Does what is due, in short transactions of its own."""
    for _ in range(STEPS):
        with database.writing() as connection:
            if attendance.heartbeat(connection, policy, now_ms) < attendance.STEP:
                break
    with database.writing() as connection:
        news.tell(connection, birthdays.announce(connection, now_ms, policy))
        news.tell(connection, birthdays.greet_present(connection, now_ms, policy))
        news.forget_old(connection, now_ms)
        store_anomalies.resolve_past(connection, now_ms)
        visitors.forget_past(connection, policy.zone, now_ms)
