"""Streams: which one an event belongs to, begun and prolonged as activity comes in."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, select, update

from core.events import Event
from models import Stream
from rules.streams import SILENCE_MS, StreamSpan, belongs, extend, is_activity

_SPAN = (Stream.id, Stream.started_at_ms, Stream.last_at_ms, Stream.ended_at_ms)
_SAVE = (
    update(Stream)
    .where(Stream.id == bindparam("id_"))
    .values(started_at_ms=bindparam("started"), last_at_ms=bindparam("last"), ended_at_ms=bindparam("ended"))
)


@dataclass(slots=True)
class StreamBook:
    """The newest stream of each channel, and which spans have moved since the last ``save``."""

    newest: dict[int, StreamSpan | None] = field(default_factory=dict)
    moved: dict[int, StreamSpan] = field(default_factory=dict)

    def place(self, connection: Connection, channel_id: int, event: Event) -> int | None:
        """The id of the stream ``event`` belongs to, begun now if its activity begins one; None outside all."""
        if channel_id not in self.newest:
            self.newest[channel_id] = self._last_of(connection, channel_id)
        span = self.newest[channel_id]
        if span is None or not belongs(span, event):
            span = self._earlier(connection, channel_id, event) if span and event.at_ms < span.started_at_ms else None
            if span is None:
                if not is_activity(event):
                    return None
                span = self._begin(connection, channel_id, event)
        if extend(span, event):
            self.moved[span.id] = span
        return span.id

    def save(self, connection: Connection) -> None:
        """Writes the spans that have moved."""
        if self.moved:
            rows = [
                {"id_": s.id, "started": s.started_at_ms, "last": s.last_at_ms, "ended": s.ended_at_ms}
                for s in self.moved.values()
            ]
            connection.execute(_SAVE, rows)
            self.moved.clear()

    def _begin(self, connection: Connection, channel_id: int, event: Event) -> StreamSpan:
        values = {"channel_id": channel_id, "started_at_ms": event.at_ms, "last_at_ms": event.at_ms}
        stream_id = connection.execute(insert(Stream).values(values).returning(Stream.id)).scalar_one()
        span = StreamSpan(stream_id, event.at_ms, event.at_ms)
        newest = self.newest[channel_id]
        if newest is None or event.at_ms >= newest.started_at_ms:
            self.newest[channel_id] = span
        return span

    def _earlier(self, connection: Connection, channel_id: int, event: Event) -> StreamSpan | None:
        """An older stream that a late event belongs to."""
        rows = connection.execute(
            select(*_SPAN)
            .where(Stream.channel_id == channel_id, Stream.started_at_ms <= event.at_ms + SILENCE_MS)
            .order_by(Stream.started_at_ms.desc())
            .limit(2)
        )
        spans = (self.moved.get(row.id) or StreamSpan(*row) for row in rows)
        return next((span for span in spans if belongs(span, event)), None)

    @staticmethod
    def _last_of(connection: Connection, channel_id: int) -> StreamSpan | None:
        where = select(*_SPAN).where(Stream.channel_id == channel_id).order_by(Stream.started_at_ms.desc()).limit(1)
        row = connection.execute(where).first()
        return StreamSpan(*row) if row else None
