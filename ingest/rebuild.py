"""Recomputes every total and rollup from the raw events: proof that the running ones are right, and their repair."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from core.clock import DAY_MS, minute_of
from core.events import NOTHING, Event, Kind, Person, Platform
from core.statements import BulkStatement
from ingest import attendance, gifts, heatmap, retention, rollups, viewer_totals, vip
from ingest.placed import Placed
from ingest.policy import UTC, Policy
from ingest.sums import Sums
from models import (
    Channel,
    CurrentSession,
    EventStatus,
    FreshTerms,
    Gift,
    LastSeenDay,
    MinuteRollup,
    PastSession,
    Stream,
    StreamAttendance,
    StreamTerm,
    StreamViewer,
    Viewer,
    ViewerBaseline,
    ViewerHour,
    ViewerTotal,
    VipSource,
    WeekHour,
)
from models import Event as EventRow
from rules.tiers import tier_for

CHUNK = 5_000
RECOMPUTED: tuple[Any, ...] = (
    *(MinuteRollup, StreamViewer, StreamTerm, FreshTerms, StreamAttendance, WeekHour),
    *(Gift, CurrentSession, PastSession, ViewerHour, ViewerTotal, LastSeenDay),
)
# The columns of ``viewer_baselines`` and the totals they begin.
BASELINE = {
    "visits": "total_visits",
    "watchtime_ms": "total_watchtime_ms",
    "comments": "total_comments",
    "coins": "total_coins_spent",
    "gifts": "total_gifts_sent",
    "likes": "total_likes",
    "shares": "total_shares",
}


def rebuild(
    connection: Connection, policy: Policy, now_ms: int, progress: Callable[[int], None] = lambda _events: None
) -> int:
    """Recomputes all totals in the caller's transaction; answers how many events were read.

    Where ``RETENTION_DAYS`` has deleted events, only what is whole since then: see ``rebuild_since``.
    """
    if since_ms := retention.kept_since_ms(connection):
        return rebuild_since(connection, since_ms, progress)
    _reset(connection)
    plainly = replace(policy, auto_vip=False, birthday_reminder=False)  # nothing of it happens now
    read, known = 0, rollups.Known()
    for chunk in _chunks(connection):
        counted = _counted(chunk)
        sums = Sums(counted, policy.zone)
        rollups.add(connection, sums, known)
        viewer_totals.add(connection, sums)
        heatmap.add(connection, sums, policy)
        gifts.record(connection, counted)
        attendance.record(connection, chunk, plainly, now_ms, tells=False)
        read += len(chunk)
        progress(read)
    attendance.heartbeat_all(connection, plainly, now_ms, tells=False)
    _count_everybody(connection)
    _rank(connection, policy, now_ms)
    return read


def rebuild_since(connection: Connection, since_ms: int, progress: Callable[[int], None]) -> int:
    """Recomputes the minutes and the streams that begin after ``since_ms``, before which events are deleted.

    All else holds something of what was before (earlier streams; totals, sessions and hours of people) and stays as it
    is: it was right when its events went, and has been kept up since.
    """
    earlier = set(connection.scalars(select(Stream.id).where(Stream.started_at_ms < since_ms)))
    _reset_since(connection, since_ms)
    read, known = 0, rollups.Known()
    for chunk in _chunks(connection):
        whole = [item for item in _counted(chunk) if item.event.at_ms >= since_ms]
        counted = [replace(item, stream_id=None) if item.stream_id in earlier else item for item in whole]
        rollups.add(connection, Sums(counted, UTC), known)
        read += len(chunk)
        progress(read)
    _count_everybody(connection)
    return read


def _reset_since(connection: Connection, since_ms: int) -> None:
    minutes = MinuteRollup.minute >= minute_of(since_ms)
    connection.execute(delete(MinuteRollup).where(minutes))
    later = Stream.started_at_ms >= since_ms
    for table in (StreamViewer, StreamTerm, FreshTerms):
        connection.execute(delete(table).where(table.stream_id.in_(select(Stream.id).where(later))))
    connection.execute(update(Stream).where(later).values(dict.fromkeys(rollups.STREAM_COUNTERS, 0)))
    kept = select(func.coalesce(func.sum(MinuteRollup.messages), 0)).where(MinuteRollup.channel_id == Channel.id)
    connection.execute(update(Channel).values(total_messages=kept.scalar_subquery()))


def _counted(chunk: Sequence[Placed]) -> list[Placed]:
    return [item for item in chunk if item.status != EventStatus.DELETED]


def _reset(connection: Connection) -> None:
    for table in RECOMPUTED:
        connection.execute(delete(table))
    connection.execute(update(Stream).values(dict.fromkeys(rollups.STREAM_COUNTERS, 0)))
    connection.execute(update(Channel).values(total_messages=0))
    zeros = dict.fromkeys((*viewer_totals.TOTALS, "total_visits", "total_watchtime_ms"), 0)
    imported = Viewer.id.in_(select(ViewerBaseline.viewer_id))
    known = update(Viewer).where(~imported).values(zeros | {"last_seen_at_ms": Viewer.first_seen_at_ms})
    connection.execute(known)
    # Their totals begin with what the import told; when it says they were last seen, no event tells again.
    told = {
        total: select(getattr(ViewerBaseline, column)).where(ViewerBaseline.viewer_id == Viewer.id).scalar_subquery()
        for column, total in BASELINE.items()
    }
    connection.execute(update(Viewer).where(imported).values(zeros | told))


def _count_everybody(connection: Connection) -> None:
    """Takes the census anew."""
    connection.execute(delete(ViewerTotal))
    connection.execute(delete(LastSeenDay))
    alive = Viewer.erased_at_ms.is_(None)
    sums = select(
        Viewer.platform,
        func.count(case((alive, 1))),
        func.sum(Viewer.total_coins_spent),
        func.sum(Viewer.total_watchtime_ms),
    ).group_by(Viewer.platform)
    for platform, people, coins, watchtime_ms in connection.execute(sums).all():
        values = {"platform": platform, "viewers": people, "coins": int(coins), "watchtime_ms": int(watchtime_ms)}
        connection.execute(insert(ViewerTotal).values(values))
    day = Viewer.last_seen_at_ms // DAY_MS
    days = select(day, func.count()).where(alive).group_by(day)
    connection.execute(insert(LastSeenDay).from_select(["day", "viewers"], days))


def _rank(connection: Connection, policy: Policy, now_ms: int) -> None:
    """Gives everybody the tier their totals reach, except where people decided."""
    if not policy.auto_vip:
        return
    known = vip.tiers(connection)
    after = 0
    while rows := connection.execute(_AUTOMATIC.where(Viewer.id > after)).all():
        after = rows[-1].id
        changed = []
        for row in rows:
            tier = tier_for(row.total_coins_spent, row.total_watchtime_ms // 1000, row.total_visits, known)
            if (tier.id if tier else None) != row.vip_tier_id:
                changed.append((row.id, tier.id if tier else None, (row.vip_since_ms or now_ms) if tier else None))
        _SET_TIER.run(connection, changed)


def _chunks(connection: Connection) -> Iterator[list[Placed]]:
    channels = {row.id: row for row in connection.execute(select(Channel.id, Channel.platform, Channel.name))}
    after = 0
    while True:
        query = select(EventRow.__table__).where(EventRow.id > after).order_by(EventRow.id).limit(CHUNK)
        rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1].id
        yield [placed_of(row, channels[row.channel_id]) for row in rows]


def placed_of(row: Any, channel: Any) -> Placed:
    event = Event(
        Platform(channel.platform),
        channel.name,
        Kind(row.kind),
        row.at_ms,
        who=Person(str(row.viewer_id), "") if row.viewer_id else None,
        text=row.text or "",
        amount=row.amount,
        marks=row.marks,
        extra=json.loads(row.extra) if row.extra else NOTHING,
    )
    return Placed(event, row.channel_id, row.source_key, row.stream_id, row.viewer_id, row.status)


_AUTOMATIC = (
    select(
        Viewer.id,
        Viewer.total_coins_spent,
        Viewer.total_watchtime_ms,
        Viewer.total_visits,
        Viewer.vip_tier_id,
        Viewer.vip_since_ms,
    )
    .where(Viewer.vip_source == VipSource.AUTOMATIC, Viewer.erased_at_ms.is_(None))
    .order_by(Viewer.id)
    .limit(CHUNK)
)
_SET_TIER = BulkStatement(
    lambda _insert: (
        update(Viewer)
        .where(Viewer.id == bindparam("id_"))
        .values(vip_tier_id=bindparam("tier"), vip_since_ms=bindparam("since"))
    ),
    ("id_", "tier", "since"),
)
