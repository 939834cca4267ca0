"""Calm mode, switched on and off: each account for itself."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from actions.preferences import keep
from core.clock import DAY_MS
from core.db import Database
from models import Stream
from rules.streams import SILENCE_MS

PREFIX = "calm:"  # of the keys in `preferences`, one for each account


def key_of(account_id: int) -> str:
    return f"{PREFIX}{account_id}"


def switch(database: Database, account_id: int, *, on: bool, now_ms: int) -> None:
    """On until the stream ends that runs now, or else the next one."""
    with database.writing() as connection:
        keep(connection, key_of(account_id), {"since_ms": _since(connection, now_ms)} if on else {})


def _since(connection: Connection, now_ms: int) -> int:
    """A moment that lies in the stream that runs, so that the stream is recognised even if it says nothing more."""
    running = Stream.last_at_ms >= now_ms - SILENCE_MS, Stream.ended_at_ms.is_(None)
    newest = connection.scalar(
        select(func.max(Stream.last_at_ms)).where(Stream.started_at_ms >= now_ms - 7 * DAY_MS, *running)
    )
    return min(now_ms, newest or now_ms)
