"""The collector as it is deployed, timed from the first thing it is sent to the last row it has committed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.spent import cpu_seconds
from core.db import Database
from init_db import upgrade
from tests.processes import Program, Running, wait_until

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How many of something a second, and the processor time for each, in µs."""

    rate: float
    cost_us: float


@dataclass(frozen=True, slots=True)
class Collected(Pace):
    """From the first event sent to the last one committed; the time is the collector's alone."""

    texts: list[str | None]  # of the events, in the order in which they were stored


@contextmanager
def paced(count: int) -> Iterator[Callable[[], Pace]]:
    """Times a block that handles ``count`` of something in this process; what it gives answers after the block."""
    found: list[Pace] = []
    started, cpu = time.perf_counter(), time.process_time()
    yield lambda: found[0]
    seconds, spent = time.perf_counter() - started, time.process_time() - cpu
    found.append(Pace(count / seconds, spent / count * 1e6))


class Collecting:
    """A collector on a new database in ``folder``, for as long as the block lasts; unless ``begin`` says later."""

    def __init__(self, folder: Path, *, begin: bool = True, **settings: str) -> None:
        self.file = folder / "collected.db"
        self.url = f"sqlite:///{self.file}"
        database = Database(self.url)
        upgrade(database)
        database.close()
        self.program = Program.copied_to(folder / "program")
        self.settings = settings
        self.running: Running
        self._at_once = begin
        self._begun = ExitStack()

    def __enter__(self) -> Collecting:
        if self._at_once:
            self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._begun.close()

    def begin(self) -> None:
        self.running = self._begun.enter_context(self.program.collector(self.url, **self.settings))
        self._begun.callback(self.running.stop)

    def wait_until_stored(self, count: int, timeout: float) -> None:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            wait_until(lambda: _newest(connection) >= count, f"{count} rows", timeout)

    def timed(self, send: Callable[[], None], count: int) -> Collected:
        """Calls ``send`` and waits until ``count`` events are stored."""
        pid = self.running.process.pid
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            already = _newest(connection)
            before, started = cpu_seconds(pid), time.perf_counter()
            send()
            wait_until(lambda: _newest(connection) >= already + count, f"{count} rows", PATIENCE_SECONDS)
            seconds, cpu = time.perf_counter() - started, cpu_seconds(pid) - before
            rows = connection.execute("SELECT text FROM events WHERE id > ? ORDER BY id", (already,))
            return Collected(count / seconds, cpu / count * 1e6, [text for (text,) in rows])


def _newest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])
