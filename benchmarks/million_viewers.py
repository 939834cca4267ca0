"""Makes a database with a million viewers, quickly: rows straight into the tables, sums over them, indexes last.

``python -m benchmarks.million_viewers [--people N] [--seed N] [FILE]``

Everybody has a session; every fifth was recorded from their first day on, so their sessions, gifts and hours of the
week are there row by row. What the others did before is their baseline, as after an import.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.crowd import HERE_MS, individuals
from benchmarks.crowd_rows import CHANNELS, Rows
from core.clock import DAY_MS, now_ms
from core.db import Database
from ingest.levels import level_of
from init_db import upgrade
from models import SCHEMA_REVISION

PEOPLE = 1_000_000
AT_ONCE = 20_000  # people written in one go
KEEPS_FOR_DAYS = 7  # after that too few of its people are still "active in the last 30 days"
FAST = ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -200000", "temp_store = MEMORY")

# What is a sum of other rows, in the order in which it can be taken.
SUMS = (
    """INSERT INTO viewer_totals (platform, viewers, coins, watchtime_ms)
       SELECT platform, count(*), sum(total_coins_spent), sum(total_watchtime_ms) FROM viewers GROUP BY platform""",
    f"""INSERT INTO last_seen_days (day, viewers)
        SELECT last_seen_at_ms / {DAY_MS}, count(*) FROM viewers GROUP BY 1""",
    """INSERT INTO stream_attendance (stream_id, viewer_id, visits, watched_ms)
       SELECT stream_id, viewer_id, 1, watched_ms FROM current_sessions WHERE stream_id IS NOT NULL""",
    """INSERT INTO stream_viewers (stream_id, viewer_id, messages, bits, coins, gifts, likes, shares, last_at_ms,
                                   level, last_minute)
       SELECT stream_id, viewer_id, sum(kind = 1), sum((kind = 1) * amount), sum(amount),
              sum((kind = 11) * coalesce(json_extract(extra, '$.quantity'), 0)), 0, 0, max(at_ms),
              level_of(sum(kind = 1)), max(at_ms) / 60000
       FROM events WHERE stream_id IS NOT NULL AND viewer_id IS NOT NULL GROUP BY stream_id, viewer_id""",
    """UPDATE streams SET
       messages = (SELECT total(messages) FROM stream_viewers WHERE stream_id = id),
       chatters = (SELECT count(*) FROM stream_viewers WHERE stream_id = id AND messages > 0),
       bits = (SELECT total(bits) FROM stream_viewers WHERE stream_id = id),
       gifts = (SELECT total(gifts) FROM stream_viewers WHERE stream_id = id),
       coins = (SELECT total(coins - bits) FROM stream_viewers WHERE stream_id = id)""",
    """UPDATE channels SET
       total_messages = (SELECT count(*) FROM events WHERE channel_id = channels.id AND kind = 1),
       last_event_at_ms = (SELECT max(at_ms) FROM events WHERE channel_id = channels.id)""",
    "INSERT INTO viewer_search(viewer_search) VALUES ('rebuild')",
)


def cached(people: int = PEOPLE, seed: int = 1) -> Path:
    """The file with so many people, made now unless a fresh one is there."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streampulse"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"viewers-{people}-{seed}-{SCHEMA_REVISION}.db"
    if not file.exists() or time.time() - file.stat().st_mtime > KEEPS_FOR_DAYS * 86_400:
        print(f"making {file} …", flush=True)
        make(file, people, seed=seed, now_ms=now_ms())
    return file


def make(file: Path, people: int, *, seed: int, now_ms: int) -> None:
    """Writes a database of its own to ``file``. Half of one is never left under that name."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    for leftover in (unfinished, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        leftover.unlink(missing_ok=True)
    database = Database(f"sqlite:///{unfinished.absolute()}")
    upgrade(database)
    database.close()
    with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
        for pragma in FAST:
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("level_of", 1, level_of)
        later = list(_take_away_what_slows(connection))
        connection.execute("BEGIN")
        _fill(connection, people, seed, now_ms)
        for statement in (*SUMS, *later):
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    unfinished.replace(file)


def _take_away_what_slows(connection: sqlite3.Connection) -> Iterator[str]:
    """Drops indexes and triggers; answers the statements that make them again."""
    query = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
    for kind, name, statement in connection.execute(query).fetchall():
        connection.execute(f"DROP {kind} {name}")
        yield statement


def _fill(connection: sqlite3.Connection, people: int, seed: int, now_ms: int) -> None:
    connection.execute("INSERT INTO installation (key, value) VALUES ('content', 'demo')")
    for number, (platform, name) in enumerate(CHANNELS, 1):
        connection.execute("INSERT INTO channels (id, platform, name) VALUES (?, ?, ?)", (number, platform, name))
        connection.execute(
            "INSERT INTO streams (id, channel_id, started_at_ms, last_at_ms) VALUES (?, ?, ?, ?)",
            (number, number, now_ms - HERE_MS, now_ms),
        )
    rows = Rows(dict(connection.execute("SELECT name, id FROM vip_tiers").fetchall()), now_ms)
    for individual in individuals(people, seed=seed, now_ms=now_ms):
        rows.add(individual)
        if individual.number % AT_ONCE == 0:
            rows.write(connection)
    rows.write(connection)
    rows.write_week(connection)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.million_viewers", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to (a cache folder)")
    parser.add_argument("--people", type=int, default=PEOPLE, metavar="N", help=f"how many ({PEOPLE:,})")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same one makes the same people (1)")
    arguments = parser.parse_args()
    started = time.perf_counter()
    if arguments.file:
        make(arguments.file, arguments.people, seed=arguments.seed, now_ms=now_ms())
    file = arguments.file or cached(arguments.people, arguments.seed)
    print(f"{file}: {file.stat().st_size / 1e6:,.0f} MB, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
