"""What a question costs follows the size of its answer: no hot query reads a large table from end to end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from analytics import commands, feed, health, live, moments, scope, streams
from core.db import Database
from core.events import Event, Kind
from ingest.batch import Memory, store
from tests.support import (
    CURRENCY,
    NOON,
    NOVA,
    POLICY,
    SAM,
    UTC,
    act,
    chat,
    chatter,
    deletion,
    fresh_database,
    hours,
    minutes,
    seconds,
    timeout,
)

pytestmark = pytest.mark.sqlite  # its query plans

LARGE = {"events", "viewers", "minute_rollups", "stream_viewers", "stream_terms"}
ROWS = 4_000

Statement = tuple[str, Any]


def scans(connection: Connection, statement: Statement) -> list[str]:
    """The steps of a statement's plan that read a large table, or one of its indexes, from end to end."""
    sql, parameters = statement
    plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
    # Writing to "streams" also looks for rows that point to it, but only when a broken key is to be reported.
    steps = [step for step in plan if step.startswith("SCAN")] if not sql.startswith("INSERT") else []
    return [step for step in steps if step.split()[1] in LARGE | _aliases(sql)]


def _aliases(sql: str) -> set[str]:
    """Other names that a statement gives to large tables."""
    return {alias for table, alias in re.findall(r"\b(\w+) AS (\w+)", sql) if table in LARGE}


@contextmanager
def recorded(db: Database) -> Iterator[list[Statement]]:
    """Every SELECT, UPDATE and DELETE that is executed, with the parameters of its first row."""
    seen: list[Statement] = []

    def note(_conn: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        if sql.startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
            seen.append((sql, parameters[0] if many else parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def history() -> list[Event]:
    """Some thousand events of many people, over many streams in two channels, the last of them running."""
    events = []
    for number in range(ROWS):
        at = NOON - hours(2) * (number // 200) - seconds(10) * (number % 200)
        channel = "lena" if number % 3 else "northwind"
        who = chatter(number % 700)
        events.append(chat(who, f"word{number % 90} clutch Kappa", at, channel=channel, emotes=["Kappa"]))
        if number % 40 == 0:
            events.append(act(Kind.GIFT, who, at, channel=channel, amount=10))
            events.append(timeout(who, at, channel=channel))
    events += [chat(chatter(number), "clutch", NOON - minutes(2) + number) for number in range(60)]
    return events


@pytest.fixture(scope="module")
def db() -> Iterator[Database]:
    """Never analysed: the plans must be good without statistics, as they are on every fresh installation."""
    with fresh_database() as large:
        memory, events = Memory(), history()
        for start in range(0, len(events), 500):
            put(large, events[start : start + 500], memory)
        with large.reading() as connection:
            assert connection.scalar(text("SELECT count(*) FROM events")) > ROWS
            assert connection.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")) == 0
        yield large


def put(db: Database, events: list[Event], memory: Memory) -> None:
    with db.writing() as connection:
        store(connection, events, memory, now_ms=NOON, policy=POLICY)


def newest(connection: Connection) -> Any:
    return streams.page(connection, scope.channels(connection), 1, 1)[0][0]


def ids(connection: Connection) -> list[int]:
    return [channel.id for channel in scope.channels(connection)]


def stats(connection: Connection, span: int = 15, channel: str | None = None) -> Any:
    question = live.Question(scope.channels(connection, None, channel), span, NOON, UTC, CURRENCY)
    return live.stats(connection, question, moments.Memo())


QUESTIONS: dict[str, Callable[[Connection], Any]] = {
    "live.stats": stats,
    "live.stats of a day": lambda connection: stats(connection, 1440),
    "live.stats of one channel": lambda connection: stats(connection, channel="lena"),
    "feed.recent": lambda connection: feed.recent(connection, ids(connection), 60),
    "feed.after": lambda connection: feed.after(connection, feed.newest_id(connection) - 50),
    "feed.removed_ids": lambda connection: feed.removed_ids(
        connection, feed.after(connection, feed.newest_id(connection) - 900).removing
    ),
    "feed.of_stream": lambda connection: feed.of_stream(connection, newest(connection), 50, None),
    "feed.of_stream, next page": lambda connection: feed.of_stream(
        connection, newest(connection), 50, feed.of_stream(connection, newest(connection), 50, None)[-1].id
    ),
    "feed.active_users": lambda connection: feed.active_users(connection, ids(connection), NOON),
    "streams.page": lambda connection: streams.page(connection, scope.channels(connection), 1, 20)[0],
    "streams.find": lambda connection: streams.find(connection, 1),
    "streams.graph": lambda connection: streams.graph(connection, newest(connection), NOON, UTC, moments.Memo()),
    "streams.top_chatters": lambda connection: streams.top_chatters(connection, [1, 2, 3]),
    "streams.top_terms": lambda connection: streams.top_terms(connection, [1, 2, 3], emote=False),
    "streams.active_chatters": lambda connection: streams.active_chatters(
        connection, [newest(connection).id], NOON - minutes(10)
    ),
    "commands.pulse": lambda connection: commands.answer(connection, chat(NOVA), "pulse", NOON),
    "commands.viewer": lambda connection: commands.answer(connection, chat(chatter(1)), "viewer", NOON),
    "health.condition": lambda connection: health.condition(connection, NOON, UTC),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_no_question_reads_a_large_table_from_end_to_end(db: Database, ask: Callable[[Connection], Any]) -> None:
    with recorded(db) as asked, db.reading() as connection:
        answer = ask(connection)
        assert answer, "a question without an answer proves nothing"
        statements = list(asked)
    assert statements
    with db.reading() as connection:
        found = {sql: steps for sql, parameters in statements if (steps := scans(connection, (sql, parameters)))}
    assert found == {}


def test_who_writes_now_is_counted_without_looking_up_any_of_them(db: Database) -> None:
    with recorded(db) as asked, db.reading() as connection:
        assert streams.active_chatters(connection, [newest(connection).id], NOON - minutes(10)) > 10
        sql, parameters = asked[-1]
    with db.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
    assert [row[3] for row in plan if "COVERING INDEX ix_stream_viewers_writing" in row[3]]


def test_what_was_taken_from_view_is_found_without_looking_at_what_was_not(db: Database) -> None:
    order = SimpleNamespace(channel_id=1, kind=Kind.DELETE, at_ms=NOON, viewer_id=1, extra='{"target": "unheard of"}')
    with recorded(db) as asked, db.reading() as connection:
        feed.removed_ids(connection, [order])
        theirs, others = [
            [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)]
            for sql, parameters in list(asked)
        ]
    assert theirs[0].endswith("INDEX ix_events_viewer_at (viewer_id=? AND at_ms>?)")
    assert others[0].endswith("INDEX ix_events_removed (channel_id=? AND at_ms>?)")


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda connection: streams.top_terms(connection, [1], emote=False), "ix_stream_terms_level"),
        (lambda connection: streams.top_chatters(connection, [1]), "ix_stream_viewers_level"),
    ],
)
def test_the_best_of_a_stream_are_read_level_by_level(
    db: Database, ask: Callable[[Connection], Any], index: str
) -> None:
    with recorded(db) as asked, db.reading() as connection:
        assert len(ask(connection)) == 10
        sql, parameters = asked[-1]
    with db.reading() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()]
    assert [step for step in plan if index in step]
    sorted_how = [step for step in plan if "TEMP B-TREE" in step]
    assert sorted_how == ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]  # and not all of them


def test_the_live_numbers_explain_a_moment_so_that_its_queries_are_checked_too(db: Database) -> None:
    with db.reading() as connection:
        assert stats(connection)["moments"]


def test_no_step_of_storing_a_batch_reads_a_large_table_from_end_to_end(db: Database) -> None:
    memory = Memory()
    put(db, [chat(NOVA, at=NOON - 5)], memory)
    said = chat(SAM, "nonsense", NOON - 4, amount=5, emotes=["Kappa"])
    late = chat(SAM, "late", NOON - hours(9))
    with recorded(db) as done:
        put(db, [said, late, act(Kind.GIFT, SAM, NOON - 4, amount=5)], memory)
        put(db, [deletion(said, NOON - 3), deletion(said, NOON - 3, by_login=False, source_id="x")], memory)
        put(db, [timeout(NOVA, NOON - 2), act(Kind.CLEAR, at=NOON - 2), chat(NOVA, at=NOON - 1)], memory)
    with db.reading() as connection:
        found = {sql: steps for sql, parameters in done if (steps := scans(connection, (sql, parameters)))}
    assert found == {}
    assert len(done) > 20


def test_the_check_itself_sees_a_scan(db: Database) -> None:
    with db.reading() as connection:
        assert scans(connection, ("SELECT * FROM events WHERE text = ?", ("x",)))
        assert scans(connection, ("SELECT count(*) FROM viewers AS v", ()))
        assert not scans(connection, ("SELECT * FROM events WHERE id = ?", (1,)))
