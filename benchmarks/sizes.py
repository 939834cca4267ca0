"""Databases of several sizes: each served by the product, and open for plain SQL.

They are made for one run, unless BENCH_FOLDER names a folder in which they stay for the runs of a day.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

from benchmarks.served import Served, served
from core.events import NOTHING
from models import SCHEMA_REVISION

KEPT_SECONDS = 86_400  # later, too little of it is recent


class Make(Protocol):
    def __call__(self, file: Path, number: int, *, now_ms: int) -> None:
        """Makes a database with ``number`` rows in ``file``."""


@contextmanager
def of_sizes(
    name: str, numbers: Sequence[int], make: Make, now_ms: int, settings: Mapping[str, str] = NOTHING
) -> Iterator[list[tuple[Served, sqlite3.Connection]]]:
    """The product and a connection that only reads, for each of ``numbers``."""
    with ExitStack() as open_now:
        sizes = []
        for file in files(open_now, name, numbers, make, now_ms):
            plain = open_now.enter_context(closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)))
            sizes.append((open_now.enter_context(served(file, settings)), plain))
        yield sizes


def files(open_now: ExitStack, name: str, numbers: Sequence[int], make: Make, now_ms: int) -> list[Path]:
    """A database for each of ``numbers``: made now, or found in BENCH_FOLDER under ``name``."""
    kept = os.environ.get("BENCH_FOLDER")
    folder = Path(kept or open_now.enter_context(tempfile.TemporaryDirectory()))
    return [_file(folder / f"{name}-{number}-{SCHEMA_REVISION}.db", number, make, now_ms) for number in numbers]


def _file(file: Path, number: int, make: Make, now_ms: int) -> Path:
    if not file.exists() or time.time() - file.stat().st_mtime > KEPT_SECONDS:
        unfinished = file.with_suffix(".unfinished")
        for leftover in (unfinished, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)
        make(unfinished, number, now_ms=now_ms)
        unfinished.replace(file)
    return file
