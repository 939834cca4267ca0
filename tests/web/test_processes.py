"""Several web processes on one database, with Redis between them."""

from __future__ import annotations

from core.db import Database
from ingest.writer import Writer
from tests.web.conftest import Stage, event
from tests.web.sockets import listening


def test_each_page_hears_everything_once_whichever_process_it_is_connected_to(program, new_database_url, redis):
    url = new_database_url()
    database = Database(url)
    writer = Writer(database).start()
    try:
        with (
            program.web(url, REDIS_URL=redis.url) as first,
            program.web(url, REDIS_URL=redis.url) as second,
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
                page.wait_for("connection_update", lambda push: push["dashboards"] == 2)
            stage.tell(event("lena", amount=250, text="cheer250"))
            for page in (here, there):
                page.wait_for("revenue_update")
                assert [one.payload["amount"] for one in page.heard if one.event == "revenue_update"] == [2.5]
    finally:
        writer.close()
        database.close()
