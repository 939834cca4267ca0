"""How the product itself is doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from analytics import coverage, scope
from analytics.coverage import Beat
from core.clock import SECOND_MS
from core.events import SourceState


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
    beats = coverage.collector_beats(connection)
    problems = [
        f"{source['platform']}/{source['name']}: {source['state']}{': ' if source['detail'] else ''}{source['detail']}"
        for source in sources
        if source["state"] in (SourceState.WAITING, SourceState.FAILED)
    ]
    collector = _together(beats, now_ms)
    problems[:0] = _troubles(beats, now_ms)
    if collector.get("queued", 0) > 10_000:
        problems.append(f"{collector['queued']} events wait to be written")
    heard = [channel.last_event_at_ms for channel in channels if channel.last_event_at_ms]
    age = round(max(0, now_ms - max(heard)) / 1000, 1) if heard else None
    return Condition(problems, sources, age, collector)


def is_anybody_collecting(connection: Connection, now_ms: int) -> bool:
    """Also yes where no collector has ever run: then none is missed."""
    beats = coverage.collector_beats(connection)
    return not beats or not all(beat.is_stale(now_ms) for beat in beats)


def _troubles(beats: Sequence[Beat], now_ms: int) -> list[str]:
    if not beats:
        return ["the collector has never run"]
    silent = [beat for beat in beats if beat.is_stale(now_ms)]
    if len(silent) == len(beats):
        if beats[0].at_ms > now_ms:
            ahead = (beats[0].at_ms - now_ms) // SECOND_MS
            return [
                f"the collector's last sign of life is {ahead} s ahead of the clock, which has jumped; it may be gone"
            ]
        return [f"the collector gave no sign of life for {(now_ms - beats[0].at_ms) // SECOND_MS} s"]
    return [
        f"one of {len(beats)} collectors gave no sign of life for {(now_ms - beat.at_ms) // SECOND_MS} s"
        for beat in silent
    ]


def _together(beats: Sequence[Beat], now_ms: int) -> dict[str, Any]:
    """What all collectors tell of themselves, as if they were one; where all are silent, what the last has told."""
    speaking = [beat for beat in beats if not beat.is_stale(now_ms)]
    told: dict[str, Any] = {"running": bool(speaking)}
    if beats:
        told |= {"processes": len(speaking), "heartbeat_age_seconds": round(max(0, now_ms - beats[0].at_ms) / 1000, 1)}
        for beat in speaking or beats[:1]:
            told |= _sum({name: told[name] for name in told.keys() & beat.detail.keys()}, beat.detail)
        told |= {name: value for name, value in beats[0].detail.items() if name == "last_commit_ms"}  # no sum
    return told


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Counters of the same name together, however deep they stand."""
    added = {**other, **one}
    for name in one.keys() & other.keys():
        mine, theirs = one[name], other[name]
        if isinstance(mine, dict) and isinstance(theirs, dict):
            added[name] = _sum(mine, theirs)
        elif isinstance(mine, int) and isinstance(theirs, int):
            added[name] = mine + theirs
    return added


def totals(connection: Connection) -> list[tuple[str, str, int]]:
    """``(platform, channel, messages)`` of every channel."""
    return [(channel.platform, channel.name, channel.total_messages) for channel in scope.channels(connection)]
