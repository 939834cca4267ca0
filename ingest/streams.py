"""Streams: which one an event belongs to, begun and prolonged as activity comes in."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, select, update

from core.events import Event
from core.statements import BulkStatement, Prepared
from models import Stream
from rules.streams import SILENCE_MS, StreamSpan, belongs, extend, goes_on, is_activity, reach

_SPANS = (
    select(Stream.id, Stream.started_at_ms, Stream.last_at_ms, Stream.ended_at_ms)
    .where(Stream.channel_id == bindparam("channel"))
    .order_by(Stream.started_at_ms.desc(), Stream.id.desc())
)
_ALL, _NEWEST = Prepared(_SPANS), Prepared(_SPANS.limit(1))
_SAVE = BulkStatement(
    lambda _insert: (
        update(Stream)
        .where(Stream.id == bindparam("id_"))
        .values(started_at_ms=bindparam("started"), last_at_ms=bindparam("last"), ended_at_ms=bindparam("ended"))
    ),
    ("id_", "started", "last", "ended"),
)


@dataclass(slots=True)
class StreamBook:
    """The streams of each channel, newest first, and which of them have moved since the last ``save``.

    All of them are kept: a channel has few, and a late event may belong to any. Other writers may move them between two
    batches: the newest is looked at anew in each, the others when an event looks back.
    """

    spans: dict[int, list[StreamSpan]] = field(default_factory=dict)
    reach_ms: dict[int, int] = field(default_factory=dict)  # after it no event belongs to any known stream
    moved: dict[int, StreamSpan] = field(default_factory=dict)
    checked: set[int] = field(default_factory=set)  # in this batch
    read: set[int] = field(default_factory=set)  # all of them, in this batch

    def place(self, connection: Connection, channel_id: int, event: Event) -> int | None:
        """The id of the stream ``event`` belongs to, begun now if its activity begins one; None outside all."""
        if channel_id not in self.checked:
            self._catch_up(connection, channel_id)
        spans = self.spans[channel_id]
        if spans and goes_on(spans[0], event):  # nearly every event
            return self._prolong(channel_id, spans[0], event)
        span = self._find(connection, channel_id, event)
        if span is None:
            if not is_activity(event):
                return None
            span = self._begin(connection, channel_id, event)
        started_at_ms = span.started_at_ms
        if extend(span, event):
            self.moved[span.id] = span
            self.reach_ms[channel_id] = max(self.reach_ms[channel_id], reach(span))
            if span.started_at_ms != started_at_ms:
                self.spans[channel_id].sort(key=_newest_first)
        return span.id

    def _prolong(self, channel_id: int, span: StreamSpan, event: Event) -> int:
        if event.at_ms > span.last_at_ms:
            span.last_at_ms = event.at_ms
            self.moved[span.id] = span
            self.reach_ms[channel_id] = max(self.reach_ms[channel_id], event.at_ms + SILENCE_MS)
        return span.id

    def save(self, connection: Connection) -> None:
        """Writes the spans that have moved. What follows is another batch: others may have written in between."""
        if self.moved:
            rows = [(span.id, span.started_at_ms, span.last_at_ms, span.ended_at_ms) for span in self.moved.values()]
            _SAVE.run(connection, rows)
            self.moved.clear()
        self.checked.clear()
        self.read.clear()

    def _find(self, connection: Connection, channel_id: int, event: Event) -> StreamSpan | None:
        if event.at_ms > self.reach_ms[channel_id]:
            return None
        if channel_id not in self.read and not belongs(self.spans[channel_id][0], event):
            self._read(connection, channel_id)
        return next((span for span in self.spans[channel_id] if belongs(span, event)), None)

    def _catch_up(self, connection: Connection, channel_id: int) -> None:
        """Reads a channel's streams, unless the newest shows that nobody else has written of them."""
        known = self.spans.get(channel_id)
        newest = [StreamSpan(*row) for row in _NEWEST(connection, channel=channel_id)]
        if known is None or newest != known[:1]:
            self._read(connection, channel_id)
        self.checked.add(channel_id)

    def _read(self, connection: Connection, channel_id: int) -> None:
        moved = {span.id: span for span in self.spans.get(channel_id, ()) if span.id in self.moved}
        found = [StreamSpan(*row) for row in _ALL(connection, channel=channel_id)]
        self._keep(channel_id, sorted((moved.get(span.id, span) for span in found), key=_newest_first))
        self.read.add(channel_id)

    def _keep(self, channel_id: int, spans: list[StreamSpan]) -> None:
        self.spans[channel_id] = spans
        self.reach_ms[channel_id] = max(map(reach, spans), default=0)

    def _begin(self, connection: Connection, channel_id: int, event: Event) -> StreamSpan:
        values = {"channel_id": channel_id, "started_at_ms": event.at_ms, "last_at_ms": event.at_ms}
        stream_id = connection.execute(insert(Stream).values(values).returning(Stream.id)).scalar_one()
        span = StreamSpan(stream_id, event.at_ms, event.at_ms)
        self._keep(channel_id, sorted([span, *self.spans[channel_id]], key=_newest_first))
        return span


def _newest_first(span: StreamSpan) -> tuple[int, int]:
    return -span.started_at_ms, -span.id
