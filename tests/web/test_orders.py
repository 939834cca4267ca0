"""Orders and long questions run beside the server: nobody waits for them, and their errors come back."""

from __future__ import annotations

import time
from pathlib import Path

import gevent
import pytest

from analytics import viewer_list
from analytics.viewer_list import Question
from core.db import Database
from tests.support import NOON, NOVA, OTTO, chat, database, write
from web.orders import Orders


@pytest.fixture
def db(tmp_path: Path):
    fresh = database(tmp_path)
    yield fresh
    fresh.close()


def slow_names(of: Database, seconds: float) -> int:
    time.sleep(seconds)
    return viewer_list.page_from(of, Question(NOON, search="no")).total


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
