"""The live numbers: what they cost as the history grows, beside a count over the raw messages."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path

from sqlalchemy import text

from analytics import live, moments, scope
from benchmarks.events import mixed_events
from benchmarks.report import durations_ms, heading, percentile, row
from core.clock import now_ms
from core.config import load_settings
from core.db import Database
from ingest.batch import Memory, store
from ingest.policy import Policy
from init_db import upgrade

SMALL, LARGE = 10_000, 200_000
ASKED = 200

# How the minutes are counted where nobody keeps rollups; the table has no index that helps.
RAW_COUNT = text(
    "SELECT at_ms / 60000, count(*) FROM events WHERE +kind = 1 AND +at_ms > :since GROUP BY 1 ORDER BY 1 DESC LIMIT 15"
)


def main() -> None:
    heading(f"GET /api/stats without HTTP: {ASKED} answers each")
    with tempfile.TemporaryDirectory() as name:
        small = _measure(Path(name) / "small.db", SMALL)
        large = _measure(Path(name) / "large.db", LARGE)
    for events, (stats, raw) in ((SMALL, small), (LARGE, large)):
        _row(f"p50 at {events:,} events, beside a raw count", stats[0], raw)
    _row(f"p50 at {LARGE:,} events, beside {SMALL:,}", large[0][0], small[0][0])
    _row(f"p99 at {LARGE:,} events, beside its p50", large[0][1], large[0][0])


def _row(figure: str, product_ms: float, baseline_ms: float) -> None:
    row(f"{figure} (ms)", f"{product_ms:.2f}", f"{baseline_ms:.2f}", product_ms / baseline_ms)


def _measure(file: Path, count: int) -> tuple[tuple[float, float], float]:
    """(p50, p99) of the live numbers and p50 of the raw count, in milliseconds."""
    database, memory, settings = Database(f"sqlite:///{file}"), Memory(), load_settings()
    upgrade(database)
    now = now_ms()
    events = mixed_events(count, end_ms=now)
    with database.writing() as connection:
        while batch := list(islice(events, 2_000)):
            store(connection, batch, memory, now_ms=now, policy=Policy())
    memo = moments.Memo()

    def ask() -> None:
        with database.reading() as connection:
            question = live.Question(scope.channels(connection), 15, now, settings.zone, settings.currency)
            live.stats(connection, question, memo)

    def count_raw() -> None:
        with database.reading() as connection:
            connection.execute(RAW_COUNT, {"since": now - 15 * 60_000}).all()

    ask()
    stats = durations_ms(ask, ASKED)
    raw = durations_ms(count_raw, 20)
    database.close()
    return (percentile(stats, 0.5), percentile(stats, 0.99)), percentile(raw, 0.5)


if __name__ == "__main__":
    main()
