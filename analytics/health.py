"""How the product itself is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from analytics import coverage, scope
from core.clock import SECOND_MS


@dataclass(frozen=True, slots=True)
class Condition:
    """What the database tells about the collector and its sources."""

    problems: list[str]
    sources: list[dict[str, Any]]
    last_event_age_seconds: float | None
    collector: dict[str, Any]  # running, heartbeat_age_seconds, and the writer's counters


def condition(connection: Connection, now_ms: int, zone: ZoneInfo) -> Condition:
    channels = scope.channels(connection)
    sources = coverage.sources(connection, channels, now_ms, zone)
    beat = coverage.collector_beat(connection)
    problems = [
        f"{source['platform']}/{source['name']}: {source['state']}{': ' if source['detail'] else ''}{source['detail']}"
        for source in sources
        if source["state"] in ("waiting", "failed")
    ]
    if beat is None:
        problems.insert(0, "the collector has never run")
    elif beat.is_stale(now_ms):
        problems.insert(0, f"the collector gave no sign of life for {(now_ms - beat.at_ms) // SECOND_MS} s")
    if beat and beat.detail.get("queued", 0) > 10_000:
        problems.append(f"{beat.detail['queued']} events wait to be written")
    heard = [channel.last_event_at_ms for channel in channels if channel.last_event_at_ms]
    collector: dict[str, Any] = {"running": bool(beat) and not beat.is_stale(now_ms)} if beat else {"running": False}
    if beat:
        collector |= {"heartbeat_age_seconds": round((now_ms - beat.at_ms) / 1000, 1), **beat.detail}
    age = round(max(0, now_ms - max(heard)) / 1000, 1) if heard else None
    return Condition(problems, sources, age, collector)


def totals(connection: Connection) -> list[tuple[str, str, int]]:
    """``(platform, channel, messages)`` of every channel."""
    return [(channel.platform, channel.name, channel.total_messages) for channel in scope.channels(connection)]
