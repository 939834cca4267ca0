"""One batch of events, one transaction: raw rows, totals, streams and rollups together, each event counted once."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, select

from core.changes import changes_of
from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from core.events import Event, Platform, as_event_key, event_key
from core.statements import BulkStatement, Prepared
from ingest import (
    attendance,
    earnings,
    gifts,
    heatmap,
    moderation,
    news,
    privacy,
    retention,
    rollups,
    viewer_totals,
    viewers,
    vip,
)
from ingest.placed import Placed
from ingest.plausible import why_impossible, without_nul
from ingest.policy import Policy
from ingest.sessions import KnownSessions
from ingest.streams import StreamBook
from ingest.sums import GIVING, Sums, counts
from models import Channel, IgnoredName
from models import Event as EventRow


@dataclass(slots=True)
class BatchResult:
    stored: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # by reason


@dataclass(slots=True)
class Memory:
    """What a writer knows from one batch to the next; thrown away whenever a transaction fails.

    People, their sessions, figures and who is ignored are trusted only as long as nobody has written since: see
    ``recall``.
    """

    channel_ids: dict[tuple[Platform, str], int] = field(default_factory=dict)
    streams: StreamBook = field(default_factory=StreamBook)
    people: viewers.KnownPeople = field(default_factory=lambda: viewers.KnownPeople(dict))
    sessions: KnownSessions = field(default_factory=dict)
    figures: rollups.Known = field(default_factory=rollups.Known)
    ignored: frozenset[str] | None = None  # logins; None: not read yet
    left_at: tuple[object, ...] | None = None  # how the database was when the last batch was written

    def recall(self, connection: Connection) -> None:
        """Forgets what anybody else may have changed, be it another part of this process."""
        if self.left_at is None or self.left_at != changes_of(connection):
            self.people.clear()
            self.sessions.clear()
            self.figures.clear()
            self.ignored = None

    def leave(self, connection: Connection) -> None:
        self.left_at = changes_of(connection)


def store(
    connection: Connection, events: Sequence[Event], memory: Memory, *, now_ms: int, policy: Policy
) -> BatchResult:
    """Writes what of ``events`` is new. The caller's transaction makes all of it happen or nothing."""
    result = BatchResult()
    memory.recall(connection)
    wanted = _admitted(connection, events, now_ms, memory, result)
    wanted, opted_out = privacy.without_opted_out(connection, wanted)
    result.dropped += Counter(opted_out=opted_out)
    if not wanted:
        return result
    channel_of = channels(connection, {(event.platform, event.channel) for event in wanted}, memory)
    fresh = _without_known(connection, wanted, channel_of, result)
    if not fresh:
        return result

    people = viewers.record(connection, [event for event, _, _ in fresh], now_ms, memory.people)
    placed = []
    for event, channel_id, key in fresh:
        stream_id = memory.streams.place(connection, channel_id, event)
        placed.append(Placed(event, channel_id, key, stream_id, people.find(event)))
    memory.streams.save(connection)

    placed = gifts.record(connection, placed)
    _INSERT_EVENTS.run(connection, [_row(item) for item in placed])
    news.tell(connection, people.told)
    sums = Sums(placed, policy.zone)
    viewer_totals.add(connection, sums, people.named_at_ms)
    rollups.add(connection, sums, memory.figures)
    heatmap.add(connection, sums, policy)
    earnings.book(connection, placed, policy, now_ms)
    if moderation.apply(connection, placed, policy, now_ms):
        memory.figures.clear()  # something was taken out of them
    attendance.record(
        connection, placed, policy, now_ms, known=memory.sessions
    )  # who is promoted by it has what was taken back no more
    _reward(connection, placed, policy, now_ms)
    rollups.touch_channels(connection, placed)
    memory.leave(connection)
    result.stored = len(placed)
    return result


def _reward(connection: Connection, placed: Sequence[Placed], policy: Policy, now_ms: int) -> None:
    """Who gave something may have reached a tier by it, and dashboards see the new totals."""
    gave = [
        item
        for item in placed
        if item.viewer_id is not None and item.event.amount and item.event.kind in GIVING and counts(item.event)
    ]
    if not gave:
        return
    latest = {item.viewer_id: item.event.at_ms for item in gave if item.viewer_id is not None}
    told: list[news.News] = [
        (at_ms, viewer_id, "updated", {}) for viewer_id, at_ms in latest.items() if news.is_fresh(at_ms, now_ms)
    ]
    promoted = vip.promote(connection, list(latest), max(latest.values()), policy)
    told.extend(one for one in promoted if news.is_fresh(one[0], now_ms))
    news.tell(connection, told)


def channels(
    connection: Connection, wanted: set[tuple[Platform, str]], memory: Memory
) -> dict[tuple[Platform, str], int]:
    """The row id of every wanted channel; new ones are made."""
    known = memory.channel_ids
    for platform, name in sorted(wanted - known.keys()):
        where = (Channel.platform == platform.value, Channel.name == name)
        found = connection.execute(select(Channel.id).where(*where)).scalar()
        if found is None:
            values = {"platform": platform.value, "name": name}
            found = connection.execute(insert(Channel).values(values).returning(Channel.id)).scalar_one()
        known[platform, name] = found
    return known


def _admitted(
    connection: Connection, events: Sequence[Event], now_ms: int, memory: Memory, result: BatchResult
) -> list[Event]:
    """Without what cannot be true, and what somebody did who is ignored; in one pass, and without any NUL.

    Nor what is from before raw events are kept: whether it is known already can no longer be told.
    """
    latest_ms, since_ms = now_ms + DAY_MS, retention.kept_since_ms(connection)
    if memory.ignored is None:
        memory.ignored = frozenset(_IGNORED(connection).scalars())
    kept, ignored = [], memory.ignored
    for told in events:
        reason = why_impossible(told, latest_ms)
        if not reason:
            event = without_nul(told)
            if event.at_ms < since_ms:
                reason = "older_than_kept"
            elif event.who and event.who.login in ignored:
                reason = "ignored_person"
            else:
                kept.append(event)
                continue
        result.dropped[reason] += 1
    return kept


def _without_known(
    connection: Connection, events: list[Event], channel_of: dict[tuple[Platform, str], int], result: BatchResult
) -> list[tuple[Event, int, int | None]]:
    """The events that are neither in the database nor earlier in this batch, each with its channel and its key."""
    keyed = []
    by_kind: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        channel_id, key = channel_of[event.platform, event.channel], event_key(event.source_id)
        keyed.append((event, channel_id, key))
        if key is not None:
            by_kind[channel_id, event.kind].append((event.at_ms, key))
    known: set[tuple[int, int, int, int]] = set()
    repeated = False
    for (channel_id, kind), identities in by_kind.items():
        repeated = repeated or len(set(identities)) < len(identities)
        for start, end in _clusters([at_ms for at_ms, _ in identities]):
            rows = _KNOWN(connection, channel=channel_id, kind=int(kind), start=start, end=end).all()
            known.update((channel_id, kind, at_ms, as_event_key(key)) for at_ms, key in rows if key is not None)
    if not known and not repeated:  # nearly always
        return keyed
    fresh = []
    for event, channel_id, key in keyed:
        if key is not None:
            identity = (channel_id, int(event.kind), event.at_ms, key)
            if identity in known:
                result.dropped["already_known"] += 1
                continue
            known.add(identity)
        fresh.append((event, channel_id, key))
    return fresh


def _clusters(times_ms: list[int]) -> list[tuple[int, int]]:
    """The times as few (first, last) ranges without long holes, so that one stray time does not mean a long scan."""
    times_ms.sort()
    clusters: list[tuple[int, int]] = []
    start = last = times_ms[0]
    for at in times_ms:
        if at - last > 5 * MINUTE_MS or at - start > HOUR_MS:
            clusters.append((start, last))
            start = at
        last = at
    clusters.append((start, last))
    return clusters


def _row(item: Placed) -> tuple[object, ...]:
    event = item.event
    extra = event.extra
    if item.viewer_id is None and event.who and event.who.login:
        extra = {**extra, "login": event.who.login}
    return (
        item.channel_id,
        int(event.kind),
        event.at_ms,
        item.source_key,
        item.viewer_id,
        item.stream_id,
        item.status,
        event.amount,
        int(event.marks),
        event.text or None,
        _to_json(dict(extra)) if extra else None,
    )


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_IGNORED = Prepared(select(IgnoredName.name))
_KNOWN = Prepared(
    select(EventRow.at_ms, EventRow.source_key).where(
        EventRow.channel_id == bindparam("channel"),
        EventRow.kind == bindparam("kind"),
        EventRow.at_ms.between(bindparam("start"), bindparam("end")),
    )
)
_INSERT_EVENTS = BulkStatement(
    lambda insert: insert(EventRow),
    (
        "channel_id",
        "kind",
        "at_ms",
        "source_key",
        "viewer_id",
        "stream_id",
        "status",
        "amount",
        "marks",
        "text",
        "extra",
    ),
)
