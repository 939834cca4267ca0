"""The servers that other tests rely on come up, forget what they should and keep what they should."""

from __future__ import annotations

from sqlalchemy import text

from core.db import Database
from tests.servers import PostgresServer, RedisServer


def test_what_was_committed_outlives_the_end_of_postgresql(postgres: PostgresServer) -> None:
    with PostgresServer() as mortal:
        database = Database(mortal.new_database())
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE kept (number integer)"))
            connection.execute(text("INSERT INTO kept VALUES (7)"))
        mortal.kill()
        assert not mortal.answers()
        mortal.start()
        database.engine.dispose()
        with database.reading() as connection:
            assert connection.scalar(text("SELECT number FROM kept")) == 7
        database.close()
    assert not mortal.folder.exists()
    assert postgres.answers(), "another server is not touched"


def test_a_database_is_a_copy_of_the_template_it_is_made_from(postgres: PostgresServer) -> None:
    template = postgres.new_database().rpartition("/")[2]
    postgres.execute("CREATE TABLE copied (number integer)", template)
    copy = postgres.new_database(template).rpartition("/")[2]
    assert postgres.execute("SELECT count(*) FROM copied", copy) == [(0,)]


def test_redis_comes_back_on_its_port_with_nothing_in_it(redis: RedisServer) -> None:
    with RedisServer() as mortal:
        port = mortal.port
        mortal.kill()
        assert not mortal.answers()
        mortal.start()
        assert mortal.port == port
        assert mortal.answers()
    assert redis.answers(), "another server is not touched"
