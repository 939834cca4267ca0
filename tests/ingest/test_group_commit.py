"""Group commit: who waits together is committed together, and what is wrong with one is nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, select

from core import db as core_db
from core.db import Database
from core.tracked import Tracked
from ingest.group_commit import MOST, GroupCommit, NotDurable
from ingest.store import Taken, record
from models import StoreEvent
from rules.funnel import Step
from tests.databases import address, locked
from tests.ingest.shop import tracked
from tests.support import NOON

AT_ONCE = 20


def recording(connection: Connection, events: list[Tracked]) -> list[Taken]:
    return record(connection, events, NOON)


def together(count: int, act: Callable[[int], Any]) -> list[Any]:
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait(10)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def stored(db: Database) -> list[str]:
    with db.reading() as connection:
        return list(connection.execute(select(StoreEvent.event_id)).scalars())


def test_the_same_event_from_twenty_at_once_is_stored_once(db: Database) -> None:
    commits: GroupCommit[Tracked, Taken] = GroupCommit(db, recording)
    event = tracked("order-1", Step.PURCHASE, NOON)
    answers = together(AT_ONCE, lambda _: commits.submit([event])[0])
    assert {answer.event_id for answer in answers} == {"order-1"}
    assert sum(answer.is_new for answer in answers) == 1
    assert stored(db) == ["order-1"]


def test_the_same_event_through_two_processes_at_once_is_stored_once(db: Database) -> None:
    other = Database(db.url.render_as_string(hide_password=False))
    doors = [GroupCommit(db, recording), GroupCommit(other, recording)]
    event = tracked("order-1", Step.PURCHASE, NOON)
    answers = together(AT_ONCE, lambda number: doors[number % 2].submit([event])[0])
    other.close()
    assert sum(answer.is_new for answer in answers) == 1
    assert stored(db) == ["order-1"]


def test_who_comes_while_a_commit_runs_shares_the_next(db: Database) -> None:
    """Each gets the answers to its own items, in their order."""
    running, go_on = threading.Event(), threading.Event()
    groups: list[int] = []

    def work(_connection: Connection, items: list[int]) -> list[str]:
        groups.append(len(items))
        if not running.is_set():
            running.set()
            assert go_on.wait(10)
        return [f"answer {item}" for item in items]

    commits: GroupCommit[int, str] = GroupCommit(db, work)
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        first = pool.submit(commits.submit, [0])
        assert running.wait(10)
        others = [pool.submit(commits.submit, [number, -number]) for number in range(1, AT_ONCE + 1)]
        while len(commits._queue) < AT_ONCE:
            assert not any(other.done() for other in others)
        go_on.set()
        assert first.result(10) == ["answer 0"]
        for number, other in enumerate(others, 1):
            assert other.result(10) == [f"answer {number}", f"answer {-number}"]
    assert groups == [1, 2 * AT_ONCE]
    assert commits.commits == 2


def test_a_group_is_no_larger_than_it_may_be_but_what_one_brings_stays_together(db: Database) -> None:
    sizes: list[int] = []

    def work(_connection: Connection, items: list[int]) -> list[int]:
        sizes.append(len(items))
        return items

    commits: GroupCommit[int, int] = GroupCommit(db, work)
    many = list(range(2 * MOST))
    assert commits.submit(many) == many
    assert sizes == [2 * MOST]
    together(8, lambda _: commits.submit(list(range(MOST // 2))))
    assert max(sizes[1:]) <= MOST


def test_what_is_wrong_with_one_callers_items_fails_that_caller_alone(db: Database) -> None:
    running, go_on = threading.Event(), threading.Event()

    def work(connection: Connection, items: Sequence[Tracked]) -> list[Taken]:
        if not running.is_set():
            running.set()
            assert go_on.wait(10)
        if any(item.event_id == "bad" for item in items):
            raise ValueError("this one")
        return record(connection, items, NOON)

    commits: GroupCommit[Tracked, Taken] = GroupCommit(db, work)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(commits.submit, [tracked("first", Step.PAGE_VIEW, NOON)])
        assert running.wait(10)
        others = {
            name: pool.submit(commits.submit, [tracked(name, Step.PAGE_VIEW, NOON)]) for name in ("a", "bad", "b")
        }
        while len(commits._queue) < 3:
            assert not first.done()
        go_on.set()
        with pytest.raises(ValueError, match="this one"):
            others["bad"].result(10)
        assert others["a"].result(10)[0].is_new
        assert others["b"].result(10)[0].is_new
    assert sorted(stored(db)) == ["a", "b", "first"]


def test_who_is_ended_while_they_commit_for_others_leaves_nobody_waiting(db: Database) -> None:
    """As a server that stops ends a request. What became of its items nobody can tell; the others go on."""
    running, go_on = threading.Event(), threading.Event()

    def work(_connection: Connection, items: list[int]) -> list[int]:
        if not running.is_set():
            running.set()
            assert go_on.wait(10)
            raise SystemExit
        return items

    commits: GroupCommit[int, int] = GroupCommit(db, work)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(commits.submit, [0])
        assert running.wait(10)
        others = [pool.submit(commits.submit, [number]) for number in (1, 2)]
        while len(commits._queue) < 2:
            assert not first.done()
        go_on.set()
        with pytest.raises(SystemExit):
            first.result(10)
        assert [other.result(10) for other in others] == [[1], [2]]
    assert commits.submit([3]) == [3]


def test_a_database_that_stays_locked_is_told_and_nothing_is_stored(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_db, "BUSY_TIMEOUT_MS", 10)
    impatient = Database(address(db))
    commits: GroupCommit[Tracked, Taken] = GroupCommit(impatient, recording, patience_seconds=0.2)
    event = tracked("order-1", Step.PURCHASE, NOON)
    with locked(db), pytest.raises(NotDurable, match="locked"):
        commits.submit([event])
    assert stored(db) == []
    assert commits.submit([event])[0].is_new
    impatient.close()
    assert stored(db) == ["order-1"]
