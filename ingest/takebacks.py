"""A message taken back is the same fact counted backwards, in the same transaction."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from core.clock import minute_of
from core.events import Kind, Mark
from core.statements import BulkStatement, Prepared, among, one_of
from ingest import earnings, heatmap, retention, terms
from ingest.census import Census
from ingest.levels import level_of
from ingest.policy import Policy
from ingest.sums import COUNTED, terms_of
from models import Channel, EventStatus, MinuteRollup, Stream, StreamViewer, Viewer
from models import Event as EventRow

NOT_SHARED = EventRow.marks.op("&")(int(Mark.SHARED)) == 0


def take_back(connection: Connection, row_ids: Sequence[int], policy: Policy, now_ms: int) -> None:
    """Marks messages (rows of ``events``) as deleted and takes them out of every figure; each only once."""
    rows = connection.execute(
        select(
            EventRow.id,
            EventRow.channel_id,
            EventRow.stream_id,
            EventRow.viewer_id,
            EventRow.kind,
            EventRow.at_ms,
            EventRow.source_key,
            EventRow.amount,
            EventRow.marks,
            EventRow.text,
            EventRow.extra,
        ).where(one_of(connection, EventRow.id, row_ids), EventRow.status != EventStatus.DELETED)
    ).all()
    if not rows:
        return
    connection.execute(
        update(EventRow)
        .where(one_of(connection, EventRow.id, [row.id for row in rows]))
        .values(status=EventStatus.DELETED)
    )
    counted = [row for row in rows if not row.marks & Mark.SHARED]
    _count_backwards(connection, counted, policy)
    earnings.take_out(connection, counted, policy, now_ms)


def _count_backwards(connection: Connection, rows: Sequence[Any], policy: Policy) -> None:
    minutes: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    people: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    streams: defaultdict[int, Counter[str]] = defaultdict(Counter)
    viewers: defaultdict[int, Counter[str]] = defaultdict(Counter)
    channels: Counter[int] = Counter()
    bits: Counter[int] = Counter()
    spoken: Counter[tuple[int, bool, str]] = Counter()
    for row in rows:
        taken = {"messages": 1, "bits": row.amount, "coins": row.amount}
        newcomer = int(bool(row.marks & Mark.FIRST))
        minutes[row.channel_id, minute_of(row.at_ms)].update(taken, newcomers=newcomer)
        channels[row.channel_id] += 1
        if row.viewer_id is not None:
            viewers[row.viewer_id].update(total_comments=1, total_bits=row.amount, total_coins_spent=row.amount)
            bits[row.channel_id] += row.amount
        if row.stream_id is None:
            continue
        streams[row.stream_id].update(taken)
        if row.viewer_id is not None:
            people[row.stream_id, row.viewer_id].update(taken)
        emotes = json.loads(row.extra).get("emotes", ()) if row.extra else ()
        for emote, term in terms_of(row.text or "", emotes):
            spoken[row.stream_id, emote, term] += 1
    _FROM_MINUTES.run(connection, [(*key, *_values(taken, _OF_MINUTE)) for key, taken in minutes.items()])
    _count_back_people(connection, people)
    _FROM_VIEWERS.run(connection, [(key, *_values(taken, _OF_VIEWER)) for key, taken in viewers.items()])
    _FROM_CHANNELS.run(connection, list(channels.items()))
    heatmap.take_back(connection, rows, policy)
    _less_coins(connection, bits)
    terms.take_back(connection, spoken)
    _FROM_STREAMS.run(connection, [(key, *_values(taken, _OF_STREAM)) for key, taken in streams.items()])
    for stream_id in streams:
        still = select(func.count()).where(StreamViewer.stream_id == stream_id, StreamViewer.level > 0)
        connection.execute(update(Stream).where(Stream.id == stream_id).values(chatters=still.scalar_subquery()))


def _less_coins(connection: Connection, bits: Counter[int]) -> None:
    """Takes the bits of taken back cheers, by channel, out of everybody's coins."""
    census = Census()
    where = one_of(connection, Channel.id, list(bits))
    for channel_id, platform in connection.execute(select(Channel.id, Channel.platform).where(where)).all():
        census.add(platform, coins=-bits[channel_id])
    census.write(connection)


def _values(taken: Counter[str], names: Sequence[str]) -> Iterator[int]:
    return (taken[name] for name in names)


def _count_back_people(connection: Connection, people: dict[tuple[int, int], Counter[str]]) -> None:
    """Takes back what people said in a stream; who has nothing left there was not active in it."""
    gone, changed = [], []
    for (stream_id, viewer_id), taken in people.items():
        left = _LAST_SIGN(connection, stream=stream_id, viewer=viewer_id, kinds=_COUNTED).scalar()
        if left is None:
            left = _last_forgotten_sign(connection, stream_id)
        if left is None:
            gone.append((stream_id, viewer_id))
        else:
            said = _SAID(connection, stream=stream_id, viewer=viewer_id).scalar() or 0
            level = level_of(said - taken["messages"])
            changed.append((stream_id, viewer_id, *_values(taken, _OF_PERSON), left, level, minute_of(left)))
    _FORGET_PEOPLE.run(connection, gone)
    _FROM_PEOPLE.run(connection, changed)


def _last_forgotten_sign(connection: Connection, stream_id: int) -> int | None:
    """When people of a stream may last have been active of whom no event is left; None where all events are kept."""
    since_ms = retention.kept_since_ms(connection)
    started_ms = connection.scalar(select(Stream.started_at_ms).where(Stream.id == stream_id))
    return since_ms - 1 if started_ms is not None and started_ms < since_ms else None


def _less(table: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(table, name) - bindparam(f"less_{name}") for name in names}


def _subtraction(table: Any, keys: Sequence[str], names: Sequence[str], **more: Any) -> BulkStatement:
    """For rows of (keys, what to subtract from each of ``names``, values for ``more``)."""
    where = [getattr(table, key) == bindparam(f"key_{key}") for key in keys]
    return BulkStatement(
        lambda _insert: update(table).where(*where).values(**_less(table, names), **more),
        (*(f"key_{key}" for key in keys), *(f"less_{name}" for name in names), *more),
    )


_COUNTED = [kind.value for kind in COUNTED]
_OF_MINUTE, _OF_STREAM = ("messages", "bits", "newcomers"), ("messages", "bits")
_OF_PERSON = ("messages", "bits", "coins")
_OF_VIEWER = ("total_comments", "total_bits", "total_coins_spent")
_FROM_MINUTES = _subtraction(MinuteRollup, ("channel_id", "minute"), _OF_MINUTE)
_FROM_PEOPLE = _subtraction(
    StreamViewer,
    ("stream_id", "viewer_id"),
    _OF_PERSON,
    **{name: bindparam(name) for name in ("last_at_ms", "level", "last_minute")},
)
_FROM_STREAMS = _subtraction(Stream, ("id",), _OF_STREAM)
_FROM_VIEWERS = _subtraction(Viewer, ("id",), _OF_VIEWER)
_FROM_CHANNELS = _subtraction(Channel, ("id",), ("total_messages",))
_FORGET_PEOPLE = BulkStatement(
    lambda _insert: delete(StreamViewer).where(
        StreamViewer.stream_id == bindparam("stream"), StreamViewer.viewer_id == bindparam("viewer")
    ),
    ("stream", "viewer"),
)

_SAID = Prepared(
    select(StreamViewer.messages).where(
        StreamViewer.stream_id == bindparam("stream"), StreamViewer.viewer_id == bindparam("viewer")
    )
)
_LAST_SIGN = Prepared(
    select(EventRow.at_ms)
    .where(
        EventRow.viewer_id == bindparam("viewer"),
        EventRow.at_ms >= select(Stream.started_at_ms).where(Stream.id == bindparam("stream")).scalar_subquery(),
        EventRow.stream_id == bindparam("stream"),
        EventRow.status != EventStatus.DELETED,
        EventRow.status != EventStatus.SILENT,
        among(EventRow.kind, "kinds"),
        or_(EventRow.kind != Kind.CHAT.value, NOT_SHARED),
    )
    .order_by(EventRow.at_ms.desc())
    .limit(1)
)
