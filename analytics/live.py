"""What is happening now: everything the live page and GET /api/stats tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from analytics import coverage, earnings, feed, moments, streams
from analytics.scope import ChannelInfo
from core.clock import MINUTE_MS, hh_mm, iso, minute_of
from core.statements import Prepared
from models import Installation, MinuteRollup
from rules.hype import change_percent, hype, messages_per_minute
from rules.streams import is_running

RECENT_MESSAGES = 5
ACTIVE_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the live numbers. ``now_ms`` is handed in: nothing here looks at a clock."""

    channels: Sequence[ChannelInfo]
    minutes: int
    now_ms: int
    zone: ZoneInfo
    currency: str


@dataclass(frozen=True, slots=True)
class Now:
    """A channel's running stream (None: none runs) and what is usual for the channel."""

    stream: Any | None
    usual: float | None
    past_streams: int


def stats(connection: Connection, question: Question, memo: moments.Memo) -> dict[str, Any]:
    """The live numbers, with the keys of GET /api/stats."""
    ids = [channel.id for channel in question.channels]
    now = {channel_id: _now(connection, channel_id, question.now_ms) for channel_id in ids}
    running = [state.stream for state in now.values() if state.stream is not None]
    stream_ids = [row.id for row in running]
    rows = _minutes(connection, ids, question)
    holes = _gaps(connection, running, question)
    glance = feed.recent(connection, ids, feed.GLANCE)
    active = feed.active_users(connection, ids, question.now_ms, glance=glance)
    return {
        **_graph(rows, holes, question),
        **_pace(rows, now, question),
        **_audience(rows, question),
        **_earnings(connection, running, question),
        "total_messages": sum(channel.total_messages for channel in question.channels),
        "active_chatters": _active_chatters(connection, running, question),
        "recent": [
            {"user": shown["user"], "message": shown["text"]}
            for row in feed.newest_chat(connection, ids, RECENT_MESSAGES, glance)
            if (shown := feed.item(row, question.zone))
        ],
        "active_users": [row.display_name for row in active],
        "ticker": [ticker_item(row, question.zone) for row in active],
        "stream": _stream(running, holes, question),
        "moments": _moments(connection, now, question, memo),
        "top_chatters": streams.top_chatters(connection, stream_ids),
        "top_emotes": streams.top_terms(connection, stream_ids, emote=True),
        "top_words": streams.top_terms(connection, stream_ids, emote=False),
        "channels": coverage.sources(connection, question.channels, question.now_ms, question.zone),
        "simulated": is_simulated(connection),
        "zone": question.zone.key,
        "updated_at": iso(question.now_ms, question.zone),
    }


def ticker_item(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    shown = feed.item(row, zone)
    return {
        key: shown[key]
        for key in ("user", "login", "platform", "channel", "kind", "text", "amount", "marks", "at", "extra")
    }


def is_simulated(connection: Connection) -> bool:
    return _CONTENT(connection).scalar() == "demo"


def _now(connection: Connection, channel_id: int, now_ms: int) -> Now:
    newest = streams.newest(connection, channel_id)
    current = newest[0] if newest and is_running(newest[0].last_at_ms, newest[0].ended_at_ms, now_ms) else None
    usual, count = streams.usual_of(newest[1:] if current else newest)
    return Now(current, usual, count if usual is not None else 0)


def _minutes(connection: Connection, ids: Sequence[int], question: Question) -> list[Any]:
    """The rollups of the graph's minutes and of those that the pace and the audience look at."""
    last = minute_of(question.now_ms)
    first = last - max(question.minutes, ACTIVE_MINUTES + 2) + 1
    return [row for channel_id in ids for row in _ROLLUPS(connection, channel=channel_id, first=first, last=last)]


def _gaps(connection: Connection, running: Sequence[Any], question: Question) -> list[coverage.Gap]:
    """Those of the graph's minutes and of the running streams."""
    last = minute_of(question.now_ms)
    start_ms = min([(last - question.minutes + 1) * MINUTE_MS, *(row.started_at_ms for row in running)])
    ids = [channel.id for channel in question.channels]
    return coverage.gaps(connection, ids, start_ms, (last + 1) * MINUTE_MS, question.now_ms)


def _graph(rows: Sequence[Any], holes: Sequence[coverage.Gap], question: Question) -> dict[str, Any]:
    last = minute_of(question.now_ms)
    first = last - question.minutes + 1
    counts = [0] * question.minutes
    for row in rows:
        if row.minute >= first:
            counts[row.minute - first] += row.messages
    by_id = {channel.id: channel for channel in question.channels}
    seen = [gap for gap in holes if gap.ended_at_ms is None or gap.ended_at_ms >= first * MINUTE_MS]
    return {
        "times": [hh_mm(minute, question.zone) for minute in range(first, last + 1)],
        "counts": counts,
        "starts_at": iso(first * MINUTE_MS, question.zone),
        "gaps": [coverage.gap_json(gap, by_id[gap.channel_id], first, question.minutes, question.zone) for gap in seen],
    }


def _pace(rows: Sequence[Any], now: dict[int, Now], question: Question) -> dict[str, Any]:
    """Messages a minute, and how that is against what is usual for the channels that are live."""
    minute = minute_of(question.now_ms)
    current = sum(row.messages for row in rows if row.minute == minute)
    previous = sum(row.messages for row in rows if row.minute == minute - 1)
    rate = messages_per_minute(previous, current, question.now_ms - minute * MINUTE_MS)
    usual, past_streams, source = _usual(now)
    return {
        "messages_per_minute": rate,
        "messages_change_percent": change_percent(rate, usual),
        "hype": hype(rate, usual),
        "hype_basis": {"usual": usual, "streams": past_streams, "source": source},
        "usual": usual,
        "new_chatters": sum(row.newcomers for row in rows if row.minute > minute - ACTIVE_MINUTES),
    }


def _usual(now: dict[int, Now]) -> tuple[float | None, int, str]:
    live = [state for state in now.values() if state.stream is not None] or list(now.values())
    known = [state for state in live if state.usual is not None]
    if known:
        return (
            round(sum(state.usual or 0 for state in known), 1),
            max(state.past_streams for state in known),
            "past_streams",
        )
    own = [streams.usual_of([state.stream])[0] for state in live if state.stream is not None]
    if any(rate is not None for rate in own):
        return round(sum(rate or 0 for rate in own), 1), 0, "this_stream"
    return None, 0, "none"


def _audience(rows: Sequence[Any], question: Question) -> dict[str, Any]:
    """Viewers now and against ten minutes ago, where the platform tells them."""
    earliest = minute_of(question.now_ms) - ACTIVE_MINUTES
    told: dict[int, list[Any]] = {}
    for row in sorted(rows, key=lambda row: row.minute):
        if row.viewers is not None and row.minute >= earliest:
            told.setdefault(row.channel_id, []).append(row)
    if not told:
        return {"viewers": None, "viewers_change_percent": None}
    viewers = sum(of_channel[-1].viewers for of_channel in told.values())
    before = sum(of_channel[0].viewers for of_channel in told.values())
    return {"viewers": viewers, "viewers_change_percent": change_percent(viewers, before)}


def _active_chatters(connection: Connection, running: Sequence[Any], question: Question) -> int:
    """Nobody is on two platforms, so each is counted for itself."""
    platforms = {channel.id: channel.platform for channel in question.channels}
    by_platform: defaultdict[str, list[int]] = defaultdict(list)
    for row in running:
        by_platform[platforms[row.channel_id]].append(row.id)
    since_ms = question.now_ms - ACTIVE_MINUTES * MINUTE_MS
    return sum(streams.active_chatters(connection, ids, since_ms) for ids in by_platform.values())


def _earnings(connection: Connection, running: Sequence[Any], question: Question) -> dict[str, Any]:
    amounts = earnings.by_stream(connection, [row.id for row in running])
    return {
        "gifts": {"count": sum(row.gifts for row in running), "coins": sum(row.coins for row in running)},
        "subs": sum(row.subs for row in running),
        "bits": sum(row.bits for row in running),
        "earned": earnings.earned(amounts.values(), question.currency),
    }


def _stream(running: Sequence[Any], holes: Sequence[coverage.Gap], question: Question) -> dict[str, Any] | None:
    """The running stream; of several, the one that began first."""
    if not running:
        return None
    row = min(running, key=lambda row: row.started_at_ms)
    channel = next(channel for channel in question.channels if channel.id == row.channel_id)
    duration_ms = max(1, question.now_ms - row.started_at_ms)
    mine = [gap for gap in holes if gap.channel_id == row.channel_id]
    missed_ms = sum(gap.overlap_ms(row.started_at_ms, question.now_ms) for gap in mine)
    return {
        "id": row.id,
        "platform": channel.platform,
        "channel": channel.name,
        "started_at": iso(row.started_at_ms, question.zone),
        "duration_seconds": duration_ms // 1000,
        "live": True,
        "coverage_percent": round(100 * max(0.0, 1 - missed_ms / duration_ms), 2),
    }


def _moments(
    connection: Connection, now: dict[int, Now], question: Question, memo: moments.Memo
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    last = minute_of(question.now_ms)
    for channel_id, state in now.items():
        if state.stream is None:
            continue
        first = max(minute_of(state.stream.started_at_ms), last - streams.LONGEST_GRAPH_MINUTES + 1)
        counts = streams.minute_counts(connection, channel_id, first, last)
        found.extend(moments.of_stream(connection, state.stream, first, counts, state.usual, question.zone, memo))
    # By when it was, not by how that is written: an hour comes twice in one night of the year.
    return sorted(found, key=lambda moment: datetime.fromisoformat(moment["at"]), reverse=True)


_ROLLUPS = Prepared(
    select(MinuteRollup.__table__).where(
        MinuteRollup.channel_id == bindparam("channel"),
        MinuteRollup.minute.between(bindparam("first"), bindparam("last")),
    )
)
_CONTENT = Prepared(select(Installation.value).where(Installation.key == "content"))
