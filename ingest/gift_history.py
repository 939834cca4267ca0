"""Records the subs that were given away before the gifts of people held them, once, from the events that are kept."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.events import Kind
from ingest import gifts
from ingest.rebuild import placed_of
from models import Channel, EventStatus
from models import Event as EventRow


def record_subs(connection: Connection) -> None:
    """Does so in the caller's transaction; by the index of kinds, so that other events cost nothing."""
    for channel in connection.execute(select(Channel.id, Channel.platform, Channel.name)).all():
        given = select(EventRow.__table__).where(
            EventRow.channel_id == channel.id,
            EventRow.kind == Kind.SUBGIFT.value,
            EventRow.status != EventStatus.DELETED,
        )
        rows = connection.execute(given.order_by(EventRow.id)).all()
        gifts.record(connection, [placed_of(row, channel) for row in rows])
