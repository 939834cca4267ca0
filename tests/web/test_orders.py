"""Orders and long questions run beside the server: nobody waits for them, and their errors come back."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest
from sqlalchemy import delete, insert
from sqlalchemy.exc import OperationalError

from actions import installation
from analytics import viewer_list
from analytics.viewer_list import Question
from core.clock import MINUTE_MS, now_ms
from core.config import Settings
from core.db import Database
from models import SCHEMA_REVISION, Heartbeat, Installation
from tests.support import NOON, NOVA, OTTO, chat, database, rows, write
from web.chores import Chores
from web.credentials import Credentials
from web.orders import Orders
from web.services import Services


@pytest.fixture
def db(tmp_path: Path):
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


def slow_names(of: Database, seconds: float) -> int:
    time.sleep(seconds)
    return viewer_list.page_from(of, Question(NOON, search="no")).total


@pytest.mark.sqlite  # other databases' drivers let the server go on by themselves, as gevent has patched it
def test_others_go_on_while_a_long_question_is_answered(db: Database) -> None:
    write(db, [chat(NOVA), chat(OTTO)])
    long_questions, turns = Orders(db), 0

    def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            gevent.sleep(0.01)

    going_on = gevent.spawn(others)
    try:
        assert long_questions.run(slow_names, 0.3) == 1
    finally:
        going_on.kill()
    assert turns > 3


def test_what_goes_wrong_beside_the_server_is_raised_in_it(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        Orders(db).run(lambda _database: 1 // 0)


class Full(sqlite3.OperationalError):
    sqlite_errorname = "SQLITE_FULL"


def write_on_a_full_disk(_database: Database) -> None:
    raise OperationalError("INSERT", {}, Full("database or disk is full"))


def test_what_hinders_an_order_is_told_until_enough_could_be_written(db: Database) -> None:
    orders = Orders(db)
    with pytest.raises(OperationalError):
        orders.run(write_on_a_full_disk)
    assert (orders.problem, orders.is_hopeful) == ("the disk is full", False)
    orders.run(slow_names, 0)  # which writes nothing
    assert (orders.problem, orders.is_hopeful) == ("the disk is full", True)
    with pytest.raises(ZeroDivisionError):
        orders.run(lambda _database: 1 // 0)
    with pytest.raises(OperationalError):
        orders.prove(write_on_a_full_disk)
    assert (orders.problem, orders.is_hopeful) == ("the disk is full", False)
    orders.prove(installation.try_to_write, 1_000_000)
    assert (orders.problem, orders.is_hopeful) == ("", False)
    assert {row["key"]: row["value"] for row in rows(db, Installation)}[installation.TRIED] == ""


def test_when_the_collector_falls_silent_much_is_written_once_to_find_out_whether_the_disk_is_why(db: Database) -> None:
    tried: list[int] = []

    class Recorded(Orders):
        def prove(self, action: Callable[..., object], *arguments: Any) -> None:
            tried.append(arguments[0])
            super().prove(action, *arguments)

    at = Services(Settings(_env_file=None), db, SCHEMA_REVISION)  # type: ignore[call-arg]
    chores, clock = Chores(at, Recorded(db), Credentials(db)), itertools.count(100, 10)
    beat = insert(Heartbeat).values(process="collector", detail="{}")
    for fallen_silent in (False, True, False, True):
        with db.writing() as connection:
            connection.execute(delete(Heartbeat))
            connection.execute(beat.values(at_ms=now_ms() - MINUTE_MS * fallen_silent))
        for _look in range(2):
            chores.look(next(clock))
    assert tried == [1_000_000, 0, 1_000_000, 0]


@pytest.mark.parametrize(
    ("asked", "long"),
    [
        ({}, False),
        ({"page": 3}, False),
        ({"filter": "active"}, False),
        ({"filter": "active", "page": 9, "sort_by": "last_seen_at"}, False),
        ({"filter": "vip", "page": 2}, False),
        ({"search": "  "}, False),
        ({"search": "nova"}, True),
        ({"filter": "active", "page": 2}, True),
        ({"page": 1_000, "limit": 200}, True),
    ],
)
def test_only_what_no_index_answers_alone_is_asked_beside_the_server(asked, long) -> None:
    assert Question(NOON, **asked).may_read_much is long
