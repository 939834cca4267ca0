"""Databases of several sizes, made for one run: each served by the product, and open for plain SQL."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

from benchmarks.served import Served, served
from core.events import NOTHING


class Make(Protocol):
    def __call__(self, file: Path, number: int, *, now_ms: int) -> None:
        """Makes a database with ``number`` rows in ``file``."""


@contextmanager
def of_sizes(
    numbers: Sequence[int], make: Make, now_ms: int, settings: Mapping[str, str] = NOTHING
) -> Iterator[list[tuple[Served, sqlite3.Connection]]]:
    """The product and a connection that only reads, for each of ``numbers``."""
    with ExitStack() as open_now:
        folder = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        sizes = []
        for number in numbers:
            file = folder / f"{number}.db"
            make(file, number, now_ms=now_ms)
            plain = open_now.enter_context(closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)))
            sizes.append((open_now.enter_context(served(file, settings)), plain))
        yield sizes
