"""An event on its way into the tables: what it is, and the rows it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event
from models import EventStatus


@dataclass(slots=True)  # a frozen one takes four times as long to make
class Placed:
    """An event that is new to the database, with the rows it belongs to."""

    event: Event
    channel_id: int
    source_key: int | None  # ``event_key``; 64 bits where an earlier version has stored it
    stream_id: int | None
    viewer_id: int | None
    status: int = EventStatus.SHOWN
