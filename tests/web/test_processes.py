"""Several web processes on one database, with Redis between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakeredis import TcpFakeServer

from core.db import Database
from ingest.writer import Writer
from tests.web.conftest import Stage
from tests.web.sockets import listening


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A server on loopback that speaks Redis' protocol."""
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"redis://127.0.0.1:{server.server_address[1]}/0"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_each_page_hears_everything_once_whichever_process_it_is_connected_to(program, new_database_url, redis_url):
    url = new_database_url()
    database = Database(url)
    writer = Writer(database).start()
    try:
        with (
            program.web(url, REDIS_URL=redis_url) as first,
            program.web(url, REDIS_URL=redis_url) as second,
            listening(first.url) as here,
            listening(second.url) as there,
        ):
            stage = Stage(first, database, writer)
            said = [f"message {number}" for number in range(5)]
            for text in said:
                stage.chat("lena", text)
            stage.chat("lena", "last")
            for page in (here, there):
                page.wait_until(lambda: "last" in page.texts())  # noqa: B023
                page.wait_for("stats", lambda push: push["total_messages"] == 6)
                assert page.texts() == [*said, "last"]
    finally:
        writer.close()
        database.close()


def test_redis_without_its_client_is_said_at_the_start(program, new_database_url, tmp_path: Path):
    (tmp_path / "redis.py").write_text("raise ImportError('as if it were not installed')")
    settings = {"DATABASE_URL": new_database_url(), "REDIS_URL": "redis://127.0.0.1:1/0", "PYTHONPATH": str(tmp_path)}
    ended = program.run("app.py", PORT="0", **settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "app.py: REDIS_URL: its client is not installed: run `pip install redis`\n"
