"""A database server that is away, at the start or in the middle: said in plain words, waited for, and nothing lost."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from core import turns
from core.clock import now_ms
from core.db import Database
from core.events import Kind, Person
from ingest import writer as writing
from ingest.group_commit import GroupCommit
from ingest.writer import Writer
from init_db import upgrade
from models import Channel, Event, Installation
from tests import support
from tests.processes import Program, wait_until
from tests.servers import PostgresServer, RedisServer
from tests.support import SAM, act, chat, only, rows
from tests.torture import faults
from tests.torture.report import Report

pytestmark = [pytest.mark.sqlite, pytest.mark.long]  # it has PostgreSQL of its own, to be stopped

SLOW = 60.0  # seconds in which even a busy machine gets something done
NOBODY_LISTENS = "postgresql://streampulse:hunter2@127.0.0.1:1/streampulse"


@pytest.fixture(scope="module")
def mortal(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL that tests may stop; it runs again when the next one begins."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def db(mortal: PostgresServer) -> Iterator[Database]:
    if not mortal.answers():
        mortal.start()
    made = Database(mortal.new_database())
    upgrade(made)
    yield made
    made.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "RETRY_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(writing, "RETRY_CAP_SECONDS", 0.1)


def address(of: Database) -> str:
    return of.url.render_as_string(hide_password=False)


def now_chat(text: str, **more: Any) -> Any:
    return chat(SAM, text, now_ms(), **more)


def texts(of: Database) -> list[str]:
    return [row["text"] for row in rows(of, Event)]


# At the start.


@pytest.mark.parametrize("name", ["app.py", "collector.py", "init_db.py"])
def test_a_server_that_does_not_come_is_waited_for_and_then_told_in_one_line(program: Program, name: str) -> None:
    ended = program.run(name, DATABASE_URL=NOBODY_LISTENS, DATABASE_WAIT="1", CHANNEL="lena", PORT="0")
    assert ended.returncode == 2
    waiting, refusal = ended.stderr.splitlines()
    assert "waiting up to 1 s for postgresql+psycopg://streampulse:***@127.0.0.1:1/streampulse" in waiting
    assert refusal.startswith(f"{name}: ")
    assert refusal.endswith("no database server answers at this address")
    assert "hunter2" not in ended.stderr


@pytest.mark.parametrize("name", ["app.py", "collector.py", "init_db.py"])
def test_ctrl_c_ends_the_waiting_without_a_traceback(program: Program, name: str) -> None:
    with program.starting(name, DATABASE_URL=NOBODY_LISTENS, DATABASE_WAIT="60", CHANNEL="lena", PORT="0") as waiting:
        waiting.wait_for_log("waiting up to 60 s", SLOW)
        assert waiting.stop(by=signal.SIGINT, timeout=SLOW) == 130
        assert "Traceback" not in waiting.log


def test_what_no_waiting_mends_is_told_at_once(program: Program, db: Database, mortal: PostgresServer) -> None:
    ended = program.run("init_db.py", DATABASE_URL=mortal.url("nowhere"))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert 'database "nowhere" does not exist' in ended.stderr
    assert "let-me-in" not in ended.stderr


def test_a_process_that_starts_before_its_database_goes_on_when_that_is_there(
    program: Program, db: Database, mortal: PostgresServer
) -> None:
    mortal.stop()
    with program.collector(address(db), "--demo") as collector:
        collector.wait_for_log("waiting up to 60 s", SLOW)
        mortal.start()
        collector.wait_for_log("collects into postgresql", SLOW)
        assert collector.stop(timeout=SLOW) == 0


# In the middle.


@pytest.mark.usefixtures("hasty")
def test_a_server_that_is_killed_while_events_are_written_costs_none_and_doubles_none(
    db: Database, mortal: PostgresServer
) -> None:
    writer = Writer(db).start()
    told, stop = itertools.count(), threading.Event()

    def tell() -> None:
        while not stop.wait(0.002):
            number = next(told)
            writer.event(now_chat(f"named {number}"))
            writer.event(now_chat(f"nameless {number}", source_id=None))  # nothing else would recognise it

    telling = threading.Thread(target=tell)
    telling.start()
    try:
        for _ in range(3):
            stored = writer.counters.stored
            wait_until(lambda: writer.counters.stored > stored + 20, "it writes", SLOW)  # noqa: B023
            mortal.kill()
            wait_until(lambda: writer.counters.problem, "it says that it cannot write", SLOW)
            mortal.start()
            wait_until(lambda: not writer.counters.problem, "it writes again", SLOW)
    finally:
        stop.set()
        telling.join()
    assert writer.flush(SLOW)
    assert writer.close() == 0
    count = next(told)
    expected = sorted(f"{kind} {number}" for kind in ("named", "nameless") for number in range(count))
    assert sorted(texts(db)) == expected
    assert only(db, Channel)["total_messages"] == 2 * count == writer.counters.stored
    assert not writer.counters.dropped


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not stored"])
def test_a_line_that_is_lost_during_a_commit_leaves_no_doubt(
    db: Database, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 3_600)  # the line is to be lost to the event
    writer = Writer(db).start()
    writer.event(now_chat("before"))
    assert writer.flush(SLOW)
    lose_line_once(db, stored, monkeypatch)
    writer.event(act(Kind.CHAT, SAM, now_ms(), text="once", source_id=None))
    assert writer.flush(SLOW)
    assert writer.close() == 0
    assert texts(db) == ["before", "once"]
    assert writer.counters.stored == only(db, Channel)["total_messages"] == 2
    assert writer.counters.retries >= 1


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not stored"])
def test_who_waits_for_a_commit_is_answered_once_even_when_the_line_is_lost(
    db: Database, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note(connection: Any, items: list[str]) -> list[int]:
        for item in items:  # a second time would be refused
            connection.execute(Installation.__table__.insert().values(key=item, value=""))
        return [len(item) for item in items]

    commits: GroupCommit[str, int] = GroupCommit(db, note, patience_seconds=SLOW)
    lose_line_once(db, stored, monkeypatch)
    assert commits.submit(["four", "seven 7"]) == [4, 7]
    assert {row["key"] for row in rows(db, Installation)} >= {"four", "seven 7"}


def lose_line_once(of: Database, stored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next commit is carried out, or not, and its answer never comes."""
    commit: Callable[[Any], None] = of.engine.dialect.do_commit
    lost = iter([True])

    def lose(line: Any) -> None:
        if not next(lost, False):
            commit(line)
            return
        if stored:
            commit(line)
        line.driver_connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(of.engine.dialect, "do_commit", lose)


@pytest.mark.usefixtures("hasty")
def test_a_transaction_whose_number_went_to_another_after_a_crash_is_not_taken_for_committed(
    db: Database, mortal: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BEAT_SECONDS", 3_600)  # the line is to be lost to the event
    writer = Writer(db).start()
    writer.event(now_chat("before"))
    assert writer.flush(SLOW)
    commit: Callable[[Any], None] = db.engine.dialect.do_commit
    lost: list[int] = []

    def crash(line: Any) -> None:
        if not lost:
            lost.append(line.driver_connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()[0])
            mortal.kill()
            mortal.start()
            while mortal.execute("SELECT pg_current_xact_id()::text::bigint")[0][0] < lost[0]:  # type: ignore[operator]
                pass
        commit(line)

    monkeypatch.setattr(db.engine.dialect, "do_commit", crash)
    writer.event(act(Kind.CHAT, SAM, now_ms(), text="once", source_id=None))
    assert writer.flush(SLOW)
    assert writer.close() == 0
    assert texts(db) == ["before", "once"]
    assert not writer.counters.dropped


def test_marks_of_connections_that_are_long_gone_are_removed(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.writing(traced=True):
        pass
    db.close()
    with db.writing(traced=True) as connection:
        turns.forget_marks(connection)
    assert len(marks(db)) == 2
    monkeypatch.setattr(turns, "_KEPT_MARKS", 0)
    with db.writing() as connection:
        connection.execute(Installation.__table__.insert().values(key="content", value="real"))
        turns.forget_marks(connection)
    assert marks(db) == []
    assert only(db, Installation)["value"] == "real"


def marks(of: Database) -> list[str]:
    return [row["value"] for row in rows(of, Installation) if row["key"].startswith("turn ")]


def test_pages_and_health_say_so_and_all_goes_on_by_itself(
    program: Program, db: Database, mortal: PostgresServer
) -> None:
    with (
        program.collector(address(db), "--demo", "--speed", "20") as collector,
        program.web(address(db)) as web,
        httpx.Client(base_url=web.url, timeout=SLOW) as client,
    ):
        wait_until(lambda: stored_by(client), "the collector writes", SLOW)
        mortal.kill()
        down = client.get("/health")
        assert (down.status_code, down.json()["status"]) == (503, "down")
        assert down.json()["problems"][0].startswith("database: ")
        assert "let-me-in" not in down.text
        assert client.get("/api/stats").status_code == 503
        collector.wait_for_log("cannot write, holding", SLOW)
        mortal.start()
        wait_until(lambda: client.get("/health").json()["status"] == "ok", "all is well again", SLOW)
        collector.wait_for_log("writing again", SLOW)
        before = stored_by(client)
        wait_until(lambda: stored_by(client) > before, "the collector writes on", SLOW)
        assert collector.stop(timeout=SLOW) == 0
        assert "Traceback" not in web.log + collector.log


def test_what_shops_and_tills_were_answered_is_there_once_after_restarts_in_mid_write(
    program: Program, db: Database, mortal: PostgresServer, figure: Callable[[str], None]
) -> None:
    report = Report("restarts of PostgreSQL", figure)
    faults.restarts(program, db, mortal, 2, report)
    assert report.broken == []


def test_what_shops_and_tills_were_answered_is_there_once_though_redis_is_killed(
    program: Program, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    report = Report("Redis", figure)
    with RedisServer() as redis, closing(support.database(tmp_path)) as database:
        faults.without_redis(program, database, redis, 2, report)
    assert report.broken == []


def stored_by(client: httpx.Client) -> int:
    """How many events the collector says to have stored."""
    return int(client.get("/health").json().get("collector", {}).get("stored", 0))


def test_a_name_with_a_nul_is_stored_without_it(db: Database) -> None:
    writer = Writer(db).start()
    writer.event(chat(Person("1\x00", "a\0b", "A\0B"), "c\0d", now_ms(), color="#\0"))
    assert writer.flush(SLOW)
    assert writer.close() == 0
    assert not writer.counters.dropped
    assert texts(db) == ["cd"]
