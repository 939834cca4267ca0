"""What a batch or a heartbeat costs follows what is in it: nothing it asks reads a large table from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, update

from core.db import Database
from core.events import Event, Kind, Person
from ingest import birthdays, news
from ingest.batch import Memory, store
from models import Viewer
from tests.support import (
    NOON,
    NOVA,
    OTTO,
    POLICY,
    act,
    chat,
    chatter,
    deletion,
    hours,
    minutes,
    seconds,
    settle,
    timeout,
    write,
)

pytestmark = pytest.mark.sqlite  # its query plans

SMALL = {"vip_tiers", "installation", "ignored_names", "opt_outs", "channels"}

Statement = tuple[str, Any]


@contextmanager
def recorded(db: Database) -> Iterator[list[Statement]]:
    """Every statement that reads or changes what is there, with the parameters of its first row."""
    seen: list[Statement] = []

    def note(_conn: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        if sql.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((sql, parameters[0] if many else parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def scans(connection: Connection, statement: Statement) -> list[str]:
    sql, parameters = statement
    plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    steps = [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]  # a list that is given
    return [step for step in steps if step.split()[1] not in SMALL]


def everything() -> list[Event]:
    said = chat(NOVA, "Kappa clutch", emotes=["Kappa"], amount=9)
    streak = {"gift_id": 5, "streak": "7:31", "diamonds": 1}
    return [
        said,
        chat(OTTO, at=NOON + 1),
        act(Kind.GIFT, NOVA, NOON + 2, quantity=1, **streak),
        act(Kind.GIFT, NOVA, NOON + 3, quantity=4, **streak),
        act(Kind.LIKE, OTTO, NOON + 4, amount=3),
        act(Kind.JOIN, OTTO, NOON + seconds(9)),
        chat(Person(OTTO.user_id, "otto_live", "Otto"), at=NOON + minutes(3)),
        deletion(said),
        timeout(OTTO, NOON + minutes(4)),
        act(Kind.CLEAR, at=NOON + minutes(4)),
        act(Kind.PART, NOVA, NOON + minutes(4)),
        act(Kind.LIVE_END, at=NOON + minutes(4)),
        chat(NOVA, at=NOON + hours(2)),
    ]


def test_no_statement_of_the_write_path_reads_a_large_table(db: Database) -> None:
    write(db, everything())
    with db.writing() as connection:
        connection.execute(update(Viewer).values(birthday="1999-11-21", birthday_mmdd=1121))
    with recorded(db) as statements:
        write(db, [chat(NOVA, at=NOON - 1), *everything()], now_ms=NOON + hours(2))
        settle(db, NOON + hours(9))
        write(db, [act(Kind.LIVE_END, at=NOON + hours(2)), chat(OTTO, at=NOON + hours(9))], now_ms=NOON + hours(9))
        with db.writing() as connection:
            assert len(birthdays.announce(connection, NOON, POLICY)) == 2
            news.forget_old(connection, NOON)
    assert len(statements) > 50
    with db.reading() as connection:
        found = {statement[0]: steps for statement in statements if (steps := scans(connection, statement))}
    assert found == {}


def test_nor_does_a_statement_for_many_rows(db: Database) -> None:
    people = [chatter(number) for number in range(40)]
    write(db, [chat(who, f"word{who.user_id}", NOON + number) for number, who in enumerate(people)])
    sent: list[str] = []
    with db.writing() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.set_trace_callback(sent.append)
        again = [chat(who, f"word{who.user_id}", NOON + 100 + number) for number, who in enumerate(people)]
        store(connection, again, Memory(), now_ms=NOON, policy=POLICY)
        driver.set_trace_callback(None)
        updates = [sql for sql in sent if sql.startswith("WITH given AS")]
        plans = {sql: [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")] for sql in updates}
    assert {sql.split(") UPDATE ")[1].split()[0] for sql in updates} == {"viewers", "current_sessions"}
    for steps in plans.values():
        assert [step for step in steps if step.startswith("SCAN") and "CONSTANT ROW" not in step] == ["SCAN given"]
