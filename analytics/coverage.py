"""When nobody listened: the gaps in a time, and how the sources stand now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, or_, select

from analytics.scope import ChannelInfo
from core.clock import MINUTE_MS, SECOND_MS, iso
from core.events import COVERED, SourceState
from core.statements import Prepared, among
from models import ChannelLease, CoverageGap, Heartbeat, SourceCondition

SILENT_COLLECTOR_MS = 10 * SECOND_MS  # without a heartbeat for so long the collector is taken to be down
MOST_AHEAD_MS = MINUTE_MS  # of one machine's clock before another's
SHORTEST_GAP_MS = 6 * SECOND_MS  # a reconnect within five, and the second before it, is not worth a hatch


@dataclass(frozen=True, slots=True)
class Beat:
    at_ms: int
    detail: dict[str, Any]

    def is_stale(self, now_ms: int) -> bool:
        return is_silent(self.at_ms, now_ms)


@dataclass(frozen=True, slots=True)
class Gap:
    channel_id: int
    started_at_ms: int
    ended_at_ms: int | None
    reason: str

    def overlap_ms(self, start_ms: int, end_ms: int) -> int:
        return max(0, min(self.ended_at_ms or end_ms, end_ms) - max(self.started_at_ms, start_ms))


def is_silent(last_sign_ms: int, now_ms: int) -> bool:
    """Also where the sign is dated ahead of any clock that is only a little off: one has jumped since it was given."""
    return now_ms - last_sign_ms > SILENT_COLLECTOR_MS or last_sign_ms - now_ms > MOST_AHEAD_MS


def collector_beats(connection: Connection) -> list[Beat]:
    """The last sign of life of every collector, the newest first."""
    return [Beat(row.at_ms, json.loads(row.detail)) for row in _BEATS(connection)]


def gaps(connection: Connection, channel_ids: Sequence[int], start_ms: int, end_ms: int, now_ms: int) -> list[Gap]:
    """The gaps that touch the time from ``start_ms`` to ``end_ms``; a dead collector makes one, too.

    Oldest first, and those that began together in the order of channels, whatever the database's own is.
    """
    found = [Gap(*row) for row in _GAPS(connection, channels=list(channel_ids), start=start_ms, end=end_ms)]
    for row in _CONDITIONS(connection):
        covered = row.channel_id in channel_ids and row.state in COVERED
        if covered and row.sign_ms is not None and is_silent(row.sign_ms, now_ms) and row.sign_ms <= end_ms:
            found.append(Gap(row.channel_id, row.sign_ms, None, "the collector is down"))
    wide = [gap for gap in found if gap.overlap_ms(gap.started_at_ms, now_ms) >= SHORTEST_GAP_MS]
    return sorted(wide, key=lambda gap: (gap.started_at_ms, gap.channel_id))


def gap_json(gap: Gap, channel: ChannelInfo, first_minute: int, minutes: int, zone: ZoneInfo) -> dict[str, Any]:
    """A gap with its place on a graph of ``minutes`` minutes: ``from`` and ``to`` in minutes from the first."""
    start_ms = first_minute * MINUTE_MS

    def place(at_ms: int) -> float:
        return round(min(max((at_ms - start_ms) / MINUTE_MS, 0.0), float(minutes)), 2)

    return {
        "from": place(gap.started_at_ms),
        "to": float(minutes) if gap.ended_at_ms is None else place(gap.ended_at_ms),
        "started_at": iso(gap.started_at_ms, zone),
        "ended_at": None if gap.ended_at_ms is None else iso(gap.ended_at_ms, zone),
        "reason": gap.reason,
        "platform": channel.platform,
        "channel": channel.name,
    }


def sources(
    connection: Connection, channels: Sequence[ChannelInfo], now_ms: int, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """How each channel's source stands: platform, name, state, detail, since, retry_at, last_event_at."""
    conditions = {row.channel_id: row for row in _CONDITIONS(connection)}
    answer = []
    for channel in channels:
        row = conditions.get(channel.id)
        if row is None:
            continue
        state, detail, since_ms, retry_at_ms = row.state, row.detail, row.since_ms, row.retry_at_ms
        if state != SourceState.STOPPED and (row.sign_ms is None or is_silent(row.sign_ms, now_ms)):
            since_ms = since_ms if row.sign_ms is None else row.sign_ms
            state, detail, retry_at_ms = SourceState.STOPPED.value, "the collector is not running", None
        answer.append(
            {
                "platform": channel.platform,
                "name": channel.name,
                "state": state,
                "detail": detail,
                "since": iso(since_ms, zone),
                "retry_at": iso(retry_at_ms, zone) if retry_at_ms else None,
                "last_event_at": iso(channel.last_event_at_ms, zone) if channel.last_event_at_ms else None,
            }
        )
    return answer


_BEATS = Prepared(
    select(Heartbeat.at_ms, Heartbeat.detail)
    .where(Heartbeat.process.startswith("collector"))
    .order_by(Heartbeat.at_ms.desc())
)
_GAPS = Prepared(
    select(CoverageGap.channel_id, CoverageGap.started_at_ms, CoverageGap.ended_at_ms, CoverageGap.reason).where(
        among(CoverageGap.channel_id, "channels"),
        or_(CoverageGap.ended_at_ms.is_(None), CoverageGap.ended_at_ms >= bindparam("start")),
        CoverageGap.started_at_ms <= bindparam("end"),
    )
)
# Of each channel that collector is asked for a sign of life that speaks for it; where there are no leases (the demo,
# a tape) the newest of all.
_CONDITIONS = Prepared(
    select(
        SourceCondition.__table__,
        func.coalesce(
            ChannelLease.renewed_at_ms,
            select(func.max(Heartbeat.at_ms)).where(Heartbeat.process.startswith("collector")).scalar_subquery(),
        ).label("sign_ms"),
    ).outerjoin(ChannelLease, ChannelLease.channel_id == SourceCondition.channel_id)
)
