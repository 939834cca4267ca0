"""Several processes: two collectors of one channel and two web processes on one PostgreSQL, with Redis between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.clock import now_ms
from core.db import Database
from core.events import Kind
from ingest import attendance
from ingest.policy import Policy
from ingest.rebuild import rebuild
from ingest.writer import Writer
from init_db import upgrade
from models import ChannelLease, CoverageGap, SourceCondition
from models import Event as EventRow
from tests.ingest.tables import tables
from tests.processes import Program, Running, WebProcess, wait_until
from tests.servers import NoServer, PostgresServer, RedisServer
from tests.sources.twitch_server import TwitchServer
from tests.support import rows
from tests.web.conftest import API_TOKEN, PASSWORD, Stage
from tests.web.sockets import Listener, listening

pytestmark = pytest.mark.long

BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


def test_each_page_hears_everything_once_without_redis_as_well(program, new_database_url):
    url = new_database_url()
    database = Database(url)
    writer = Writer(database).start()
    try:
        with (
            program.web(url) as first,
            program.web(url) as second,
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


@dataclass
class House:
    """Everything there can be several of."""

    program: Program
    database: Database
    redis: RedisServer
    twitch: TwitchServer
    webs: list[WebProcess]
    collectors: list[Running]

    def collector(self) -> Running:
        """Another collector of Lena's channel."""
        started = self.program.collector(
            self.database.url.render_as_string(hide_password=False),
            CHANNEL="lena",
            TIMEZONE="UTC",
            TWITCH_IRC_URL=self.twitch.irc_url,
            TWITCH_VALIDATE_URL=self.twitch.validate_url,
        )
        self.collectors.append(started)
        return started

    def health(self, web: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.webs[web].url}/health", timeout=20).json()
        return answer

    def log_in(self, web: int, password: str = "wrong") -> httpx.Response:
        form = {"username": "admin", "password": password}
        return httpx.post(f"{self.webs[web].url}/login", data=form, timeout=20)

    def stored(self) -> list[str]:
        with self.database.reading() as connection:
            said = select(EventRow.text).where(EventRow.kind == Kind.CHAT.value).order_by(EventRow.id)
            return [text or "" for text in connection.scalars(said)]


@pytest.fixture(scope="module")
def house(program: Program, postgres: PostgresServer) -> Iterator[House]:
    url = postgres.new_database()
    database = Database(url)
    upgrade(database)
    try:
        redis = RedisServer()
    except NoServer as error:
        pytest.skip(str(error))
    settings = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN, "TIMEZONE": "UTC"}
    with redis, TwitchServer() as twitch:
        house = House(program, database, redis, twitch, [], [])
        try:
            house.collector()
            house.collector()
            with (
                program.web(url, REDIS_URL=redis.url, **settings) as one,
                program.web(url, REDIS_URL=redis.url, **settings) as other,
            ):
                house.webs += [one, other]
                for collector in house.collectors:
                    collector.wait_for_log("Reading Twitch channel lena")
                ready = now_ms()  # who dies before it has told that it listens as the other does leaves a gap
                wait_until(lambda: rows(database, ChannelLease)[0]["renewed_at_ms"] >= ready, "a sign of life", 30)
                yield house
        finally:
            for collector in house.collectors:
                collector.kill()
            database.close()


@pytest.fixture
def here(house: House) -> Iterator[Listener]:
    with listening(house.webs[0].url, headers=BEARER) as page:
        yield page


@pytest.fixture
def there(house: House) -> Iterator[Listener]:
    with listening(house.webs[1].url, headers=BEARER) as page:
        yield page


def test_every_event_counts_once_and_reaches_every_page_once_though_a_collector_dies(
    house: House, here: Listener, there: Listener
):
    speaker = next(one for one in house.collectors if "speaking for twitch/lena" in one.log)
    said = [f"message {number}" for number in range(120)]
    for number, text in enumerate(said):
        house.twitch.say("lena", text, f"viewer{number % 7}", bits="100" if number % 40 == 3 else "")
        if number == 40:
            wait_until(lambda: said[20] in house.stored(), "some of it is stored", 20)
            speaker.kill()  # in the middle, and of the two the one that speaks
    for page in (here, there):
        page.wait_until(lambda: said[-1] in page.texts(), 20)  # noqa: B023
        assert page.texts() == said
        page.wait_for("stats", lambda push: push["total_messages"] == len(said), 20)
        page.wait_for("connection_update", lambda push: push["dashboards"] == 2, 20)
        assert [one.payload["amount"] for one in page.heard if one.event == "revenue_update"] == [1.0, 1.0, 1.0]
        arrivals = Counter(one.payload["username"] for one in page.heard if one.event == "viewer:new")
        assert arrivals == {f"viewer{number}": 1 for number in range(7)}
    assert house.stored() == said


def test_the_other_speaks_on_and_nothing_is_shown_as_missed(house: House):
    survivor = next(one for one in house.collectors if one.process.poll() is None)
    survivor.wait_for_log("speaking for twitch/lena")
    wait_until(lambda: [row["state"] for row in rows(house.database, SourceCondition)] == ["connected"], "it reads on")
    assert rows(house.database, CoverageGap) == []


def test_a_collector_that_comes_back_counts_nothing_anew_and_leaves_the_other_its_place(house: House, here: Listener):
    house.collector().wait_for_log("Reading Twitch channel lena")
    house.twitch.say("lena", "once more", "viewer1")
    here.wait_until(lambda: "once more" in here.texts(), 20)
    assert "speaking for" not in house.collectors[-1].log
    assert rows(house.database, CoverageGap) == []


def test_totals_of_all_of_them_are_what_the_events_add_up_to(house: House):
    for collector in house.collectors:
        if collector.process.poll() is None:
            assert collector.stop() == 0
    assert house.stored().count("once more") == 1
    at_ms = now_ms()
    with house.database.writing() as connection:
        attendance.heartbeat_all(connection, Policy(), at_ms)
    before = tables(house.database)
    with house.database.writing() as connection:
        rebuild(connection, Policy(), at_ms)
    assert tables(house.database) == before
    house.collector().wait_for_log("Reading Twitch channel lena")


def test_who_goes_over_to_the_other_process_misses_nothing_and_hears_nothing_twice(
    house: House, here: Listener, there: Listener
):
    house.twitch.say("lena", "before", "viewer2")
    for page in (here, there):  # until both have told of it: what the other had still to tell would be a push
        page.wait_until(lambda: "before" in page.texts(), 20)  # noqa: B023
    cursor = max(one.payload["cursor"] for one in here.heard if one.event == "chat")
    with listening(house.webs[1].url, {"after": cursor - 1}, headers=BEARER) as page:
        house.twitch.say("lena", "after", "viewer2")
        page.wait_until(lambda: "after" in page.texts(), 20)
        assert page.texts() == ["after"], "what came before is in the answer"


def test_attempts_to_log_in_are_counted_for_all_processes_together(house: House):
    left = [int(house.log_in(web).headers["X-RateLimit-Remaining"]) for web in (0, 1, 0)]
    assert left == [9, 8, 7]
    answer = house.log_in(0, PASSWORD)
    assert answer.status_code == 302
    cookies = {"streampulse": answer.cookies["streampulse"]}
    assert httpx.get(f"{house.webs[1].url}/api/stats", cookies=cookies).status_code == 200


def test_without_redis_pages_go_on_and_health_says_so_until_it_is_back(house: House, here: Listener, there: Listener):
    assert house.health()["status"] == "ok", house.health()
    house.redis.kill()
    house.twitch.say("lena", "without redis", "viewer3")
    for page in (here, there):
        page.wait_until(lambda: "without redis" in page.texts(), 20)  # noqa: B023
    wait_until(lambda: any("Redis" in problem for problem in house.health()["problems"]), "it is said", 20)
    assert house.log_in(1, PASSWORD).status_code == 302, "attempts are counted in memory"
    with listening(house.webs[0].url, headers=BEARER) as late:
        house.twitch.say("lena", "still", "viewer3")
        late.wait_until(lambda: "still" in late.texts(), 20)
    house.redis.start()
    wait_until(lambda: house.health()["status"] == "ok", "all is well again", 20)
    house.twitch.say("lena", "with redis again", "viewer3")
    with listening(house.webs[1].url, headers=BEARER):
        for page in (here, there):  # which were open all the time
            page.wait_until(lambda: "with redis again" in page.texts(), 20)  # noqa: B023
            page.wait_for("connection_update", lambda push: push["dashboards"] == 3, 20)
            assert len(page.texts()) == len(set(page.texts())), "nothing comes twice"
    for web in house.webs:
        assert "Traceback" not in web.log, web.log[-4_000:]
