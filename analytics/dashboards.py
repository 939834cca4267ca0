"""How many dashboards other web processes serve, as they tell it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from core.clock import SECOND_MS
from core.statements import Prepared
from models import Heartbeat

TOLD_EVERY_SECONDS = 20
GONE_MS = 3 * TOLD_EVERY_SECONDS * SECOND_MS


def elsewhere(connection: Connection, process: str, now_ms: int) -> int:
    """Of all processes but ``process`` that have given a sign of life within a minute."""
    rows = _WEB(connection, since=now_ms - GONE_MS)
    return sum(int(row.detail) for row in rows if row.process != f"web:{process}")


_WEB = Prepared(
    select(Heartbeat.process, Heartbeat.detail).where(
        Heartbeat.process.startswith("web:"), Heartbeat.at_ms >= bindparam("since")
    )
)
