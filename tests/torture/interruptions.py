"""Kills upgrades of databases of every earlier version in the middle, and repeats them."""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from core.db import Database
from init_db import upgrade
from models import SCHEMA_REVISION
from tests import old_versions
from tests.old_versions import REVISIONS, Content
from tests.servers import PostgresServer
from tests.torture import moments
from tests.torture.books import damage
from tests.torture.mortal import Mortal
from tests.torture.report import Report

EMPTY = ""  # in place of a revision: a database without any table
OLDER = [EMPTY, *(revision for revision in REVISIONS if revision < SCHEMA_REVISION)]
LONGEST_SECONDS = 0.4  # after which a moment that is not counted in statements may come
CLOCKS = {"booked_at_ms", "created_at_ms", "updated_at_ms"}  # when it was done, and not what

# A step is a statement, or a commit.
_UPGRADING = """
from sqlalchemy import event
import init_db
from core.db import Database

def work(step, url):
    database = Database(url)
    event.listen(database.engine, "before_cursor_execute", step)
    event.listen(database.engine, "commit", step)
    init_db.upgrade(database)
"""


def upgrader() -> Mortal:
    """Upgrades the database of an address."""
    return Mortal(_UPGRADING)


@dataclass(frozen=True)
class Old:
    """A database of an earlier version; ``copy`` makes another like it and answers its address."""

    revision: str
    copy: Callable[[], str]


@contextmanager
def old_file(revision: str, folder: Path) -> Iterator[Old]:
    """On SQLite. Each copy takes the place of the one before."""
    first, second = folder / "old.db", folder / "copy.db"
    for file in folder.glob("old.db*"):
        file.unlink()
    url = f"sqlite:///{first}"
    with closing(Database(url)) as made:
        if revision != EMPTY:
            old_versions.write(revision, made)

    def copy() -> str:
        for file in folder.glob("copy.db*"):
            file.unlink()
        if first.exists():
            shutil.copyfile(first, second)
        return f"sqlite:///{second}"

    yield Old(revision, copy)


@contextmanager
def old_on_server(revision: str, server: PostgresServer) -> Iterator[Old]:
    url = server.new_database()
    if revision != EMPTY:
        with closing(Database(url)) as made:
            old_versions.write(revision, made)
    yield Old(revision, lambda: server.new_database(make_url(url).database or ""))


def interrupt(old: Old, upgraded: Mortal, times: int, chance: random.Random) -> tuple[int, list[str]]:
    """Kills the upgrade of ``times`` copies; answers how many died in the middle, and what was wrong afterwards."""
    url = old.copy()
    before = _content(url)
    count = upgraded(url)
    assert count, f"{old.revision}: it cannot be upgraded at all"
    after = _content(url)
    killed, wrong = 0, []
    for number in range(times):
        url = old.copy()
        # The last step is the commit.
        if number % 4 == 3:
            ended = upgraded(url, seconds=chance.uniform(0, LONGEST_SECONDS))
        else:
            ended = upgraded(url, steps=count - 1 if not number else chance.randrange(count))
        killed += ended is None
        left = _content(url)
        if left not in (before, after):
            wrong.append(f"{old.revision or 'an empty one'} was left as neither the old nor the new")
        with closing(Database(url)) as database:
            upgrade(database)
            wrong += damage(database)
        if _content(url) != after:
            wrong.append(f"{old.revision or 'an empty one'} came out otherwise the second time")
    return killed, wrong


def _content(url: str) -> Content:
    """All that is in it but when that was done."""
    with closing(Database(url)) as database:
        found = old_versions.dump(database)
    for table in found.values():
        places = [place for place, name in enumerate(table["columns"]) if name not in CLOCKS]
        table["rows"] = [[row[place] for place in places] for row in table["rows"]]
    return found


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--moments", type=int, default=40, metavar="N", help="for each version (40)")
    moments.add_options(parser)


def run(options: argparse.Namespace, report: Report) -> None:
    seed = moments.seed_of(options, report)
    with tempfile.TemporaryDirectory(prefix="streampulse-torture-") as folder:
        if options.postgresql:
            with PostgresServer() as server:
                _try_all(lambda revision: old_on_server(revision, server), options.moments, seed, report)
        else:
            _try_all(lambda revision: old_file(revision, Path(folder)), options.moments, seed, report)


def _try_all(made: Callable[[str], object], times: int, seed: int, report: Report) -> None:
    chance, all_killed, all_wrong = random.Random(seed), 0, []
    with upgrader() as upgraded:
        for revision in OLDER:
            with made(revision) as old:  # type: ignore[attr-defined]
                killed, wrong = interrupt(old, upgraded, times, chance)
            report.figure(f"upgrades from {revision or 'nothing'}", f"{times} begun, {killed} killed in the middle")
            all_killed += killed
            all_wrong += wrong
    report.figure("killed in all", all_killed)
    report.promise("an upgrade that is killed can be repeated, and nothing of the data is lost", all_wrong)
