"""Turns on a real PostgreSQL: one writes at a time, rows appear in the order of their numbers, others hear of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import DBAPIError, OperationalError

from core import changes, turns
from core.changes import ChangeSignal
from core.db import Database, is_locked, is_outage
from init_db import upgrade
from models import Installation, StoreEvent
from tests.processes import wait_until
from tests.servers import PostgresServer
from tests.support import NOON

WAIT = 20.0  # seconds after which a thread of a test is taken for stuck


@pytest.fixture(scope="module")
def pg(postgres: PostgresServer) -> Iterator[Database]:
    database = Database(postgres.new_database())
    upgrade(database)
    yield database
    database.close()


def note(database: Database, key: str) -> None:
    with database.writing() as connection:
        connection.execute(insert(Installation).values(key=key, value=""))


def test_rows_appear_in_the_order_of_their_numbers_however_many_write(pg: Database) -> None:
    seen: list[int] = []
    done = threading.Event()

    def write(name: str) -> None:
        for number in range(30):
            with pg.writing() as connection:
                for part in range(number % 4 + 1):
                    row = {"event_id": f"{name}-{number}-{part}", "step": 1, "at_ms": NOON, "received_at_ms": NOON}
                    connection.execute(insert(StoreEvent).values(row))

    def look() -> None:
        with pg.reading() as connection:
            after = select(StoreEvent.id).where(StoreEvent.id > max(seen, default=0)).order_by(StoreEvent.id)
            seen.extend(connection.scalars(after))

    def follow() -> None:
        while not done.is_set():
            look()

    threads = [threading.Thread(target=write, args=(f"writer{number}",)) for number in range(4)]
    follower = threading.Thread(target=follow)
    for thread in (follower, *threads):
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    done.set()
    follower.join(WAIT)
    look()
    with pg.reading() as connection:
        assert seen == list(connection.scalars(select(StoreEvent.id).order_by(StoreEvent.id)))
    assert len(seen) == 4 * sum(number % 4 + 1 for number in range(30))


def test_whose_turn_does_not_come_is_told_that_the_database_is_locked(
    pg: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_TAKE", turns._TAKE.replace("'{wait_ms}'", "'50'"))
    with pg.writing(), pytest.raises(OperationalError) as caught, pg.writing():
        pass
    assert is_locked(caught.value)
    assert is_outage(caught.value), "so it is tried again"
    note(pg, "after")


def test_a_program_that_hangs_in_its_turn_loses_it(pg: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(turns, "_TAKE", turns._TAKE.replace(f"'{turns.SILENCE_MS}'", "'50'"))
        hanging = pg.engine.connect().execution_options(streampulse_writes=True)
        hanging.begin()
        hanging.execute(insert(Installation).values(key="half", value=""))
    note(pg, "another")  # waits for the other's end
    with pytest.raises(DBAPIError) as caught:
        hanging.execute(select(1))
    assert is_outage(caught.value), "so it is tried again"
    hanging.close()
    with pg.reading() as connection:
        assert connection.scalar(select(Installation.key).where(Installation.key == "half")) is None


def test_a_turn_leaves_no_settings_behind(pg: Database) -> None:
    with pg.reading() as connection:
        before = connection.exec_driver_sql("SHOW lock_timeout").scalar()
    note(pg, "any")
    with pg.reading() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == before


def test_of_several_who_upgrade_at_once_one_does_it_and_the_others_find_it_done(postgres: PostgresServer) -> None:
    databases = [Database(postgres.new_database())]
    databases += [Database(databases[0].url.render_as_string(hide_password=False)) for _ in range(2)]
    threads = [threading.Thread(target=upgrade, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    for database in databases:
        upgrade(database)
        note(database, f"{id(database)}")
        database.close()


# What others hear.


@pytest.fixture
def signal(pg: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChangeSignal]:
    monkeypatch.setattr(changes, "LOOK_ANYWAY_SECONDS", WAIT)
    signal = ChangeSignal(pg)
    assert signal.changed(), "the first look: what came before is in no notice"
    yield signal
    signal.close()


def test_a_commit_by_another_connection_is_noticed_once(pg: Database, signal: ChangeSignal) -> None:
    assert not signal.changed()
    note(pg, "new")
    wait_until(signal.changed, "the notice has come")
    assert not signal.changed()


def test_what_is_rolled_back_is_no_news(pg: Database, signal: ChangeSignal) -> None:
    with pytest.raises(RuntimeError), pg.writing():
        raise RuntimeError
    note(pg, "behind it")
    wait_until(signal.changed, "the notice has come")
    assert not signal.changed()


def test_who_loses_the_line_looks_and_listens_again(pg: Database, signal: ChangeSignal) -> None:
    with pg.reading() as connection:
        listening = "query = 'LISTEN streampulse' AND datname = current_database()"
        connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {listening}")
    wait_until(signal.changed, "the loss is noticed")
    assert signal.changed(), "the first look of the new line"
    assert not signal.changed()
    note(pg, "again")
    wait_until(signal.changed, "the notice has come")


def test_without_any_notice_there_is_a_look_now_and_then(pg: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LOOK_ANYWAY_SECONDS", 0.05)
    signal = ChangeSignal(pg)
    assert signal.changed()
    wait_until(signal.changed, "the look is due")
    signal.close()


def test_nobody_is_handed_a_connection_that_listens(signal: ChangeSignal) -> None:
    connection = signal._connection
    assert connection is not None
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    signal.close()
    assert driver.closed


def test_looking_asks_nothing(pg: Database, signal: ChangeSignal) -> None:
    asked: list[str] = []
    event.listen(pg.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert not any(signal.changed() for _ in range(100))
    assert asked == []
