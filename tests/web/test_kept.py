"""Answers that are kept: never older than what is stored, nor than the second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.db import Database
from core.turns import Marks
from models import IgnoredName
from tests import databases
from tests.web.conftest import Stage
from web import kept
from web.kept import MOST, Kept


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = databases.database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [1_000_000]
    monkeypatch.setattr(kept, "now_ms", lambda: now[0])
    return now


class Counting:
    """Answers how often it was asked, and does something while it answers."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.times = 0
        self._meanwhile = meanwhile

    def __call__(self) -> bytes:
        self.times += 1
        self._meanwhile()
        return str(self.times).encode()


def commit(db: Database, value: str) -> None:
    with db.writing() as connection:
        connection.execute(insert(IgnoredName).values(name=f"bot{value}"))


def test_a_question_is_answered_once_while_nothing_changes(db: Database, clock: list[int]) -> None:
    answers, make = Kept(db), Counting()
    assert [answers.body("a", make) for _ in range(5)] == [b"1"] * 5
    assert answers.body("b", make) == b"2"
    assert answers.body("a", make) == b"1"
    clock[0] += 999
    assert answers.body("a", make) == b"1"


def test_every_commit_makes_it_old_whoever_commits(db: Database, clock: list[int]) -> None:
    answers, make = Kept(db), Counting()
    elsewhere = Database(db.url.render_as_string(hide_password=False))
    for number in range(1, 20, 2):
        assert answers.body("a", make) == str(number).encode()
        commit(elsewhere, str(number))
        assert answers.body("a", make) == str(number + 1).encode()
        commit(db, str(number + 1))  # the same pool that answers are read with
    elsewhere.close()


def test_a_commit_while_it_is_made_makes_it_old(db: Database, clock: list[int]) -> None:
    answers, numbers = Kept(db), iter(range(100))
    busy = Counting(lambda: commit(db, str(next(numbers))))
    assert [answers.body("a", busy) for _ in range(3)] == [b"1", b"2", b"3"]


def test_the_next_second_makes_it_old_and_so_does_a_clock_that_is_set_back(db: Database, clock: list[int]) -> None:
    answers, make = Kept(db), Counting()
    for step in (0, 1_000, 5_000, -2_000):
        clock[0] += step
        answers.body("a", make)
    assert make.times == 4


def test_an_error_is_not_kept_and_memory_is_bounded(db: Database, clock: list[int]) -> None:
    answers = Kept(db)

    def fail() -> bytes:
        raise LookupError("unknown")

    for _ in range(2):
        with pytest.raises(LookupError):
            answers.body("a", fail)
    for number in range(3 * MOST):
        answers.body(number, lambda: b"")
        assert len(answers._bodies) <= MOST


def test_without_a_mark_nothing_is_kept(db: Database, clock: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Marks, "current", lambda _self: None)
    answers, make = Kept(db), Counting()
    assert [answers.body("a", make) for _ in range(3)] == [b"1", b"2", b"3"]


def test_what_was_committed_before_the_question_is_in_the_answer(stage: Stage) -> None:
    with stage.client() as client:
        for number in range(1, 40):
            stage.chat("fresh", f"message {number}", by="mila")
            for _ in range(3):
                told = client.get("/api/stats", params={"channel": "fresh"}).json()
                assert told["total_messages"] == number
                assert told["recent"][0]["message"] == f"message {number}"
