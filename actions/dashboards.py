"""How many dashboards a web process serves: where there are several, each tells the others through the database."""

from __future__ import annotations

from sqlalchemy import delete

from core.clock import DAY_MS
from core.db import Database
from ingest.coverage import beat
from models import Heartbeat

WEB = "web:"  # how the heartbeats of web processes begin


def tell(database: Database, process: str, dashboards: int, *, now_ms: int) -> None:
    """Leaves the number as the process's heartbeat; those that are long gone are forgotten."""
    with database.writing() as connection:
        beat(connection, f"{WEB}{process}", now_ms, str(dashboards))
        gone = (Heartbeat.process.startswith(WEB), Heartbeat.at_ms < now_ms - DAY_MS)
        connection.execute(delete(Heartbeat).where(*gone))
