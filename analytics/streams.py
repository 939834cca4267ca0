"""Streams, running and past: their totals, their graph, who and what filled them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, literal_column, select, union

from analytics import earnings, moments
from analytics.coverage import gap_json, gaps
from analytics.scope import ChannelInfo
from core.clock import MINUTE_MS, hh_mm, iso, minute_of
from core.statements import Prepared, among
from models import Channel, FreshTerms, MinuteRollup, Stream, StreamTerm, StreamViewer, Viewer
from rules.hype import BASELINE_STREAMS, PastStream, usual_rate
from rules.streams import is_running
from rules.terms import MOST_USED

LONGEST_GRAPH_MINUTES = 7 * 24 * 60  # a stream that never ends shows its last week

_STREAM = Stream.__table__


def newest(connection: Connection, channel_id: int, before_ms: int | None = None) -> Sequence[Any]:
    """A channel's newest streams (rows of ``streams``), one more than a baseline takes."""
    return _NEWEST(connection, channel=channel_id, before=before_ms or 2**62).all()


def usual_of(past: Sequence[Any]) -> tuple[float | None, int]:
    """Messages a minute over the last streams (newest first), and over how many."""
    chosen = [PastStream(row.messages, row.last_at_ms - row.started_at_ms) for row in past[:BASELINE_STREAMS]]
    return usual_rate(chosen), len(chosen)


def page(connection: Connection, channels: Sequence[ChannelInfo], number: int, limit: int) -> tuple[list[Any], int]:
    """One page of streams, newest first, each with its peaks; and how many there are in all."""
    here = Stream.channel_id.in_([channel.id for channel in channels])
    total = connection.execute(select(func.count()).select_from(Stream).where(here)).scalar_one()
    query = _with_peaks().where(here).order_by(Stream.started_at_ms.desc(), Stream.id.desc())
    return list(connection.execute(query.limit(limit).offset((number - 1) * limit))), total


def find(connection: Connection, stream_id: int) -> Any | None:
    return connection.execute(_with_peaks().where(Stream.id == stream_id)).first()


def _with_peaks() -> Any:
    of_stream = (
        MinuteRollup.channel_id == Stream.channel_id,
        MinuteRollup.minute >= Stream.started_at_ms // MINUTE_MS,
        MinuteRollup.minute <= Stream.last_at_ms // MINUTE_MS,
    )
    peak = select(func.max(MinuteRollup.messages)).where(*of_stream).correlate(Stream).scalar_subquery()
    crowd = select(func.max(MinuteRollup.viewers)).where(*of_stream).correlate(Stream).scalar_subquery()
    return select(
        _STREAM, Channel.platform, Channel.name.label("channel"), peak.label("peak"), crowd.label("crowd")
    ).join(Channel, Channel.id == Stream.channel_id)


def summaries(
    connection: Connection, rows: Sequence[Any], now_ms: int, zone: ZoneInfo, currency: str
) -> list[dict[str, Any]]:
    """Streams of ``page`` or ``find`` as JSON, with what they earned in ``currency`` and in others beside it."""
    amounts = earnings.by_stream(connection, [row.id for row in rows])
    return [
        {**_summary(row, now_ms, zone), "earned": earnings.earned([amounts.get(row.id, {})], currency)} for row in rows
    ]


def summary(connection: Connection, row: Any, now_ms: int, zone: ZoneInfo, currency: str) -> dict[str, Any]:
    return summaries(connection, [row], now_ms, zone, currency)[0]


def _summary(row: Any, now_ms: int, zone: ZoneInfo) -> dict[str, Any]:
    live = is_running(row.last_at_ms, row.ended_at_ms, now_ms)
    # An end told before the stream's first sign came in is no end before its beginning.
    ended_ms = max(row.started_at_ms, row.ended_at_ms or row.last_at_ms)
    return {
        "id": row.id,
        "platform": row.platform,
        "channel": row.channel,
        "started_at": iso(row.started_at_ms, zone),
        "ended_at": None if live else iso(ended_ms, zone),
        "duration_seconds": max(0, (now_ms if live else ended_ms) - row.started_at_ms) // 1000,
        "live": live,
        "messages": row.messages,
        "chatters": row.chatters,
        "peak_messages_per_minute": row.peak or 0,
        "peak_viewers": row.crowd,
        "bits": row.bits,
        "coins": row.coins,
        "gifts": row.gifts,
        "subs": row.subs,
    }


def minute_counts(connection: Connection, channel_id: int, first: int, last: int) -> list[int]:
    """Messages in each minute from ``first`` to ``last``, both in; silent minutes are 0."""
    counts = [0] * (last - first + 1)
    for minute, messages in _MINUTES(connection, channel=channel_id, first=first, last=last):
        counts[minute - first] = messages
    return counts


def graph(connection: Connection, row: Any, now_ms: int, zone: ZoneInfo, memo: moments.Memo) -> dict[str, Any]:
    """Everything about one stream: its minutes, gaps, moments, people and words."""
    live = is_running(row.last_at_ms, row.ended_at_ms, now_ms)
    last = minute_of(now_ms if live else row.last_at_ms)
    first = max(minute_of(row.started_at_ms), last - LONGEST_GRAPH_MINUTES + 1)
    counts = minute_counts(connection, row.channel_id, first, last)
    usual, _ = usual_of(newest(connection, row.channel_id, row.started_at_ms))
    channel = ChannelInfo(row.channel_id, row.platform, row.channel, 0, None)
    holes = gaps(connection, [row.channel_id], first * MINUTE_MS, (last + 1) * MINUTE_MS, now_ms)
    return {
        "starts_at": iso(first * MINUTE_MS, zone),
        "times": [hh_mm(minute, zone) for minute in range(first, last + 1)],
        "counts": counts,
        "gaps": [gap_json(gap, channel, first, len(counts), zone) for gap in holes],
        "usual": None if usual is None else round(usual, 1),
        "moments": moments.of_stream(connection, row, first, counts, usual, zone, memo),
        "top_chatters": top_chatters(connection, [row.id]),
        "top_emotes": top_terms(connection, [row.id], emote=True),
        "top_words": top_terms(connection, [row.id], emote=False),
    }


HIDDEN = 10  # how many of the first may be people who are not shown, and leave no hole


def top_chatters(connection: Connection, stream_ids: Sequence[int], limit: int = 10) -> list[dict[str, Any]]:
    """Who wrote most in these streams: user, login, platform, messages."""
    messages: Counter[tuple[str, str, str]] = Counter()
    for row in _best(connection, stream_ids, limit):
        messages[row.username, row.platform, row.display_name] += row.messages
    ranked = sorted(messages.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        {"user": name, "login": login, "platform": platform, "messages": count}
        for (login, platform, name), count in ranked[:limit]
    ]


def _best(connection: Connection, stream_ids: Sequence[int], limit: int) -> list[Any]:
    """The first of each stream who are shown, a few more where it may matter: each is a look at somebody's row."""
    found = [_TOP_CHATTERS(connection, stream=stream_id, limit=limit).all() for stream_id in stream_ids]
    shown = [[row for row in rows if _is_shown(row)] for rows in found]
    hides = any(len(rows) == limit > len(left) for rows, left in zip(found, shown, strict=True))
    platforms = [rows[0].platform for rows in shown if rows]
    if hides or len(set(platforms)) < len(platforms):  # in two streams of a platform the same people write
        found = [_TOP_CHATTERS(connection, stream=stream_id, limit=limit + HIDDEN).all() for stream_id in stream_ids]
        shown = [[row for row in rows if _is_shown(row)] for rows in found]
    return [row for rows in shown for row in rows]


def _is_shown(row: Any) -> bool:
    return not row.is_blocked and row.erased_at_ms is None


def top_terms(
    connection: Connection, stream_ids: Sequence[int], *, emote: bool, limit: int = 10
) -> list[dict[str, Any]]:
    """The words or emotes that were used in most messages: term, count."""
    uses: dict[str, int] = {}
    for stream_id in stream_ids:
        for term, count in _most_used(connection, stream_id, emote=emote):
            uses[term] = uses.get(term, 0) + count
    ranked = sorted(uses.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"term": term, "count": count} for term, count in ranked[:limit]]


def _most_used(connection: Connection, stream_id: int, *, emote: bool) -> Sequence[tuple[str, int]]:
    """The first of one stream: as the last batch told them, where the table does not hold all of it yet."""
    if (told := _TOLD_TERMS(connection, stream=stream_id, emote=emote).scalar()) is not None:
        return list(json.loads(told).items())
    return [(row.term, row.uses) for row in _TOP_TERMS(connection, stream=stream_id, emote=emote)]


def active_chatters(connection: Connection, stream_ids: Sequence[int], since_ms: int) -> int:
    """How many distinct people who write in these streams have given a sign of life since then."""
    since = {"since": since_ms, "minute": minute_of(since_ms)}
    if len(stream_ids) == 1:
        return int(_ACTIVE(connection, stream=stream_ids[0], **since).scalar_one())
    return int(_ACTIVE_IN_SEVERAL(connection, streams=list(stream_ids), **since).scalar_one())


_NEWEST = Prepared(
    select(_STREAM)
    .where(Stream.channel_id == bindparam("channel"), Stream.started_at_ms < bindparam("before"))
    .order_by(Stream.started_at_ms.desc())
    .limit(BASELINE_STREAMS + 1)
)
_MINUTES = Prepared(
    select(MinuteRollup.minute, MinuteRollup.messages).where(
        MinuteRollup.channel_id == bindparam("channel"),
        MinuteRollup.minute.between(bindparam("first"), bindparam("last")),
    )
)
_BEST = (
    select(StreamViewer.viewer_id, StreamViewer.messages)
    .where(StreamViewer.stream_id == bindparam("stream"), StreamViewer.level > 0)
    .order_by(StreamViewer.level.desc(), StreamViewer.messages.desc(), StreamViewer.viewer_id.desc())
    .limit(bindparam("limit"))
    .subquery()
)
_TOP_CHATTERS = Prepared(
    select(
        Viewer.display_name,
        Viewer.username,
        Viewer.platform,
        Viewer.is_blocked,
        Viewer.erased_at_ms,
        _BEST.c.messages,
    ).join(_BEST, _BEST.c.viewer_id == Viewer.id)
)
_TOLD_TERMS = Prepared(
    select(FreshTerms.most_used)
    .where(FreshTerms.stream_id == bindparam("stream"), FreshTerms.emote == bindparam("emote"))
    .order_by(FreshTerms.number.desc())
    .limit(1)
)
_TOP_TERMS = Prepared(
    select(StreamTerm.term, StreamTerm.uses)
    .where(StreamTerm.stream_id == bindparam("stream"), StreamTerm.emote == bindparam("emote"), StreamTerm.level > 0)
    .order_by(StreamTerm.level.desc(), StreamTerm.uses.desc(), StreamTerm.term)
    .limit(MOST_USED)
)
# Literally as in the index of those who write, which holds the minute of their last sign only.
_WRITES = StreamViewer.level > literal_column("0")
_LATER = StreamViewer.last_minute > bindparam("minute")
_THAT_MINUTE = (StreamViewer.last_minute == bindparam("minute"), StreamViewer.last_at_ms >= bindparam("since"))
_IN_STREAM = (StreamViewer.stream_id == bindparam("stream"), _WRITES)
_IN_STREAMS = (among(StreamViewer.stream_id, "streams"), _WRITES)
_ACTIVE = Prepared(
    select(
        select(func.count()).where(*_IN_STREAM, _LATER).scalar_subquery()
        + select(func.count()).where(*_IN_STREAM, *_THAT_MINUTE).scalar_subquery()
    )
)
_ACTIVE_IN_SEVERAL = Prepared(
    select(func.count()).select_from(
        union(
            select(StreamViewer.viewer_id).where(*_IN_STREAMS, _LATER),
            select(StreamViewer.viewer_id).where(*_IN_STREAMS, *_THAT_MINUTE),
        ).subquery()
    )
)
