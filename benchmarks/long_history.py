"""A database of chat with as many events as one likes: what the product stored, and copies of it before that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

from benchmarks.events import SPACING_MS, mixed_events
from core.clock import MINUTE_MS
from core.db import Database
from ingest.batch import Memory, store
from ingest.policy import Policy
from init_db import upgrade

STORED = 10_000  # by the product; a longer history repeats them, so what is told of the last stream stays the same
PAUSE_MINUTES = 60  # between two streams

# Copies of what the product stored, ``:minutes`` earlier and with streams numbered ``:streams`` higher.
COPIES = (
    """INSERT INTO streams (id, channel_id, started_at_ms, last_at_ms, ended_at_ms, messages, chatters, gifts, coins)
       SELECT id + :streams, channel_id, started_at_ms - :minutes * 60000, last_at_ms - :minutes * 60000,
              last_at_ms - :minutes * 60000, messages, chatters, gifts, coins FROM streams WHERE ended_at_ms IS NULL""",
    """INSERT INTO minute_rollups (channel_id, minute, messages, newcomers, gifts, coins, likes)
       SELECT channel_id, minute - :minutes, messages, newcomers, gifts, coins, likes
       FROM minute_rollups WHERE minute >= :first_minute""",
    """INSERT INTO events (channel_id, kind, at_ms, source_key, viewer_id, stream_id, amount, marks, text, extra)
       SELECT channel_id, kind, at_ms - :minutes * 60000, source_key, viewer_id, stream_id + :streams, amount, marks,
              text, extra FROM events WHERE id <= :last_event""",
)


def make(file: Path, count: int, *, now_ms: int) -> None:
    """``count`` events in ``file``, the last of them now: STORED, or a multiple of it."""
    database, memory = Database(f"sqlite:///{file.absolute()}"), Memory()
    upgrade(database)
    with database.writing() as connection:
        events = mixed_events(STORED, end_ms=now_ms)
        while batch := list(islice(events, 2_000)):
            store(connection, batch, memory, now_ms=now_ms, policy=Policy())
    database.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        _repeat(connection, count // STORED)
        connection.commit()


def _repeat(connection: sqlite3.Connection, times: int) -> None:
    streams, began_ms = connection.execute("SELECT max(id), min(started_at_ms) FROM streams").fetchone()
    (last_event,) = connection.execute("SELECT max(id) FROM events").fetchone()
    given = {"last_event": last_event, "first_minute": began_ms // MINUTE_MS}
    for copy in range(1, times):
        earlier = copy * (STORED * SPACING_MS // MINUTE_MS + 1 + PAUSE_MINUTES)
        for statement in COPIES:
            connection.execute(statement, given | {"minutes": earlier, "streams": copy * streams})
    connection.execute("UPDATE channels SET total_messages = total_messages * ?", (times,))
