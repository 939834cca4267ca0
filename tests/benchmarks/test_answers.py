"""The benchmark of the live numbers, in small: a longer history is the same events again, and tells the same of now."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.long_history import STORED, make
from core.clock import now_ms

TOTALS = """SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM events WHERE kind = 1),
    (SELECT sum(messages) FROM minute_rollups), (SELECT sum(messages) FROM streams),
    (SELECT count(*) FROM streams WHERE ended_at_ms IS NULL), (SELECT sum(total_messages) FROM channels)"""
LAST = "SELECT minute, messages FROM minute_rollups WHERE channel_id = 1 ORDER BY minute DESC LIMIT 3"


def test_a_longer_history_is_whole_and_ends_the_same(tmp_path: Path) -> None:
    now = now_ms()
    make(tmp_path / "once.db", STORED, now_ms=now)
    make(tmp_path / "thrice.db", 3 * STORED, now_ms=now)
    with (
        closing(sqlite3.connect(tmp_path / "once.db")) as once,
        closing(sqlite3.connect(tmp_path / "thrice.db")) as thrice,
    ):
        events, chat, counted, of_streams, running, of_channels = thrice.execute(TOTALS).fetchone()
        assert events == 3 * STORED
        assert chat == counted == of_streams == of_channels

        def last(connection: sqlite3.Connection) -> Any:
            return connection.execute(LAST).fetchall()

        assert running == once.execute(TOTALS).fetchone()[4]
        assert last(thrice) == last(once)
