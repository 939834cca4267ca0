"""Answers that are kept: never older than what is stored, nor than the second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import insert
from werkzeug.test import create_environ

from core.changes import Marks
from core.db import Database
from models import IgnoredName
from tests import databases
from tests.web.conftest import API_TOKEN, Stage
from web import kept
from web.credentials import Credentials
from web.kept import AGAIN, MOST, Kept, KeptResponses


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
    answers, make = Kept[bytes](db), Counting()
    assert [answers.answer("a", make) for _ in range(5)] == [b"1"] * 5
    assert answers.answer("b", make) == b"2"
    assert answers.answer("a", make) == b"1"
    clock[0] += 999
    assert answers.answer("a", make) == b"1"


def test_every_commit_makes_it_old_whoever_commits(db: Database, clock: list[int]) -> None:
    answers, make = Kept[bytes](db), Counting()
    elsewhere = Database(db.url.render_as_string(hide_password=False))
    for number in range(1, 20, 2):
        assert answers.answer("a", make) == str(number).encode()
        commit(elsewhere, str(number))
        assert answers.answer("a", make) == str(number + 1).encode()
        commit(db, str(number + 1))  # the same pool that answers are read with
    elsewhere.close()


def test_a_commit_while_it_is_made_makes_it_old(db: Database, clock: list[int]) -> None:
    answers, numbers = Kept[bytes](db), iter(range(100))
    busy = Counting(lambda: commit(db, str(next(numbers))))
    assert [answers.answer("a", busy) for _ in range(3)] == [b"1", b"2", b"3"]


def test_the_next_second_makes_it_old_and_so_does_a_clock_that_is_set_back(db: Database, clock: list[int]) -> None:
    answers, make = Kept[bytes](db), Counting()
    for step in (0, 1_000, 5_000, -2_000):
        clock[0] += step
        answers.answer("a", make)
    assert make.times == 4


def test_an_error_is_not_kept_and_memory_is_bounded(db: Database, clock: list[int]) -> None:
    answers = Kept[bytes](db)

    def fail() -> bytes:
        raise LookupError("unknown")

    for _ in range(2):
        with pytest.raises(LookupError):
            answers.answer("a", fail)
    for number in range(3 * MOST):
        answers.answer(number, lambda: b"")
        assert len(answers._answers) <= MOST


def test_without_a_mark_nothing_is_kept(db: Database, clock: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Marks, "current", lambda _self: None)
    answers, make = Kept[bytes](db), Counting()
    assert [answers.answer("a", make) for _ in range(3)] == [b"1", b"2", b"3"]


class Site:
    """A site behind KeptResponses: answers which of the requests that reached it this was."""

    def __init__(self, db: Database, status: str = "200 OK", again: Callable[[], bytes] | None = None) -> None:
        self.reached = 0
        self.again = again
        self.counted: list[tuple[str, int]] = []
        self.known = object()
        self._status = status
        rights = cast("Credentials", SimpleNamespace(current=lambda: self.known))
        self._door = KeptResponses(self._answer, db, rights, lambda *told: self.counted.append(told[:2]))

    def _answer(self, environ: Any, start_response: Any) -> list[bytes]:
        self.reached += 1
        if self.again:
            environ[AGAIN].append(self.again)
        start_response(self._status, [("X-Number", str(self.reached))])
        return [str(self.reached).encode()]

    def ask(self, path: str = "/api/stats", **headers: str) -> tuple[str, bytes]:
        """The answer's X-Number and its body, which must tell the same."""
        told: list[Any] = []
        environ = create_environ(path, method=headers.pop("method", "GET"), headers=headers)
        body = b"".join(self._door(environ, lambda status, headers: told.append((status, dict(headers)))))
        assert told[0][0] == self._status
        return told[0][1]["X-Number"], body


def test_who_asks_exactly_the_same_again_gets_the_same_response(db: Database, clock: list[int]) -> None:
    site = Site(db)
    assert [site.ask(Cookie="a=1") for _ in range(3)] == [("1", b"1")] * 3
    assert site.counted == [("live.stats", 200)] * 2  # the site itself counts what reaches it
    commit(db, "new")
    assert site.ask(Cookie="a=1") == ("2", b"2")
    clock[0] += 1_000
    assert site.ask(Cookie="a=1") == ("3", b"3")
    site.known = object()  # a token was revoked, an account changed
    assert site.ask(Cookie="a=1") == ("4", b"4")


def test_after_a_commit_only_the_body_is_made_again(db: Database, clock: list[int]) -> None:
    again = Counting()
    site = Site(db, again=again)
    assert site.ask(Cookie="a=1") == ("1", b"1")
    for number in range(1, 4):
        commit(db, str(number))
        assert [site.ask(Cookie="a=1") for _ in range(2)] == [("1", str(number).encode())] * 2
    assert site.counted == [("live.stats", 200)] * 6
    commit(db, "and another's")
    assert site.ask(Cookie="a=2") == ("2", b"2")  # who they are has to be looked at


@pytest.mark.parametrize("what", ["second", "rights"])
def test_it_is_not_made_again_for_who_may_have_lost_the_right(db: Database, clock: list[int], what: str) -> None:
    site = Site(db, again=Counting())
    site.ask()
    commit(db, "new")
    if what == "second":
        clock[0] += 1_000
    else:
        site.known = object()
    assert site.ask() == ("2", b"2")


def test_what_cannot_be_made_again_is_asked_of_the_site(db: Database, clock: list[int]) -> None:
    def fail() -> bytes:
        raise LookupError("no such channel any more")

    site = Site(db, again=fail)
    site.ask()
    commit(db, "new")
    assert site.ask() == ("2", b"2")


def test_nobody_gets_what_somebody_else_was_answered(db: Database, clock: list[int]) -> None:
    site = Site(db)
    for _ in range(2):
        site.ask()
        site.ask(Cookie="a=1")
        site.ask(Cookie="a=2")
        site.ask(Authorization="Bearer a")
        site.ask("/api/stats?token=a")
        site.ask("/api/stats?minutes=5")
        site.ask(**{"X-Forwarded-For": "203.0.113.1"})
        site.ask(Host="elsewhere.example")
    assert site.reached == 8


def test_refusals_and_other_requests_are_answered_anew_each_time(db: Database, clock: list[int]) -> None:
    refusing, site = Site(db, "401 UNAUTHORIZED"), Site(db)
    assert [refusing.ask()[1] for _ in range(3)] == [b"1", b"2", b"3"]
    assert [site.ask("/api/revenue")[1] for _ in range(2)] == [b"1", b"2"]
    assert [site.ask(method="POST")[1] for _ in range(2)] == [b"3", b"4"]


def test_a_token_that_opened_the_numbers_opens_them_no_more_once_it_is_revoked(locked_stage: Stage) -> None:
    with locked_stage.client() as client:
        owner = {"Authorization": f"Bearer {API_TOKEN}"}
        made = client.post("/api/tokens", json={"name": "kept", "scopes": ["read"]}, headers=owner).json()
        guest = {"Authorization": f"Bearer {made['token']}"}
        for _ in range(5):
            assert client.get("/api/stats", headers=guest).status_code == 200
            assert client.get("/api/stats").status_code == 401
        gone = client.delete(f"/api/tokens/{made['record']['id']}", headers=owner)
        assert gone.status_code in (200, 204)
        assert client.get("/api/stats", headers=guest).status_code == 401
        assert client.get("/api/stats", headers=owner).status_code == 200


def test_what_was_committed_before_the_question_is_in_the_answer(stage: Stage) -> None:
    with stage.client() as client:
        for number in range(1, 40):
            stage.chat("fresh", f"message {number}", by="mila")
            for _ in range(3):
                told = client.get("/api/stats", params={"channel": "fresh"}).json()
                assert told["total_messages"] == number
                assert told["recent"][0]["message"] == f"message {number}"


@pytest.mark.parametrize("encoding", ["gzip", "identity", "br"])
def test_a_body_made_again_is_packed_and_measured_like_the_first(stage: Stage, encoding: str) -> None:
    with stage.client(headers={"Accept-Encoding": encoding}) as client:
        for number in range(1, 30):
            stage.chat("packed", f"message {number}", by="mila")
            answer = client.get("/api/stats?minutes=60")
            assert answer.headers.get("Content-Encoding") == ("gzip" if encoding == "gzip" else None)
            assert answer.headers.get_list("Content-Length") == [str(answer.num_bytes_downloaded)]
            assert answer.json()["recent"][0]["message"] == f"message {number}"
