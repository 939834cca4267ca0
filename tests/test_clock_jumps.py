"""The clock of the machine jumps while both processes run: an hour ahead, an hour back, and over a change to winter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from core.clock import HOUR_MS
from core.db import Database
from ingest.policy import Policy
from init_db import upgrade
from models import CurrentSession, Event, PastSession, StoreEvent
from tests.processes import Program, wait_until
from tests.servers import NoServer, moved_clock
from tests.sources.twitch_server import TwitchServer
from tests.support import rows, settle
from tests.torture.books import damage, everything_told, recompute

pytestmark = pytest.mark.sqlite

SLOW = 60.0
KEY = "k" * 32
ZONE = "Europe/Berlin"
WINTER = datetime(2027, 10, 31, 1, tzinfo=UTC)  # when 02:59 in Berlin is followed by 02:00


class Wall:
    """The clock of the processes that it is given to: the real one, and so many seconds more."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ahead = 0.0
        self.jump_to(0)

    def jump_to(self, ahead: float) -> None:
        self.ahead = ahead
        self._file.write_text(f"{ahead:+.3f}s\n")

    def now(self) -> float:
        return time.time() + self.ahead

    def settings(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(moved_clock()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # so that it is as with a clock that somebody sets
            "DONT_FAKE_MONOTONIC": "1",
        }


class House:
    """Both processes by the clock on their wall, and a chat whose platform has a clock of its own."""

    def __init__(self, url: str, web: str, twitch: TwitchServer, wall: Wall) -> None:
        self.database, self.twitch, self.wall = Database(url), twitch, wall
        self.client = httpx.Client(base_url=web, headers={"X-Track-Key": KEY}, timeout=SLOW)
        self.told: list[str] = []

    def tell(self, what: str, at: float) -> None:
        """Says it in chat, dated by the platform, and reports it from the shop; returns when both are stored."""
        self.twitch.say("lena", what, tmi_sent_ts=str(round(at * 1000)))
        answer = self.client.post("/track", json={"event_type": "page_view", "event_id": what, "user_id": "u"})
        assert answer.status_code == 201, answer.text
        self.told.append(what)
        wait_until(lambda: what in self.said(), f"{what} is stored", SLOW)

    def said(self) -> list[str]:
        return [row["text"] for row in rows(self.database, Event)]

    def health(self) -> dict[str, Any]:
        told: dict[str, Any] = self.client.get("/health").json()
        return told

    def assert_all_is_there_once(self) -> None:
        assert (
            sorted(self.said())
            == sorted(row["event_id"] for row in rows(self.database, StoreEvent))
            == sorted(self.told)
        )
        for session in rows(self.database, CurrentSession) + rows(self.database, PastSession):
            assert session["watched_ms"] >= 0
        assert damage(self.database) == []


@pytest.fixture
def house(deployed: Program, tmp_path: Path) -> Iterator[House]:
    url = f"sqlite:///{tmp_path / 'streampulse.db'}"
    made = Database(url)
    upgrade(made)
    made.close()
    wall = Wall(tmp_path / "clock")
    try:
        settings = wall.settings() | {"TIMEZONE": ZONE}
    except NoServer as error:
        pytest.skip(str(error))
    with TwitchServer() as twitch:
        own = {"CHANNEL": "lena", "TWITCH_IRC_URL": twitch.irc_url, "TWITCH_VALIDATE_URL": twitch.validate_url}
        # What moves the clock is loaded with a process.
        with (
            deployed.collector(url, **own, **settings) as collector,
            deployed.web(url, TRACK_KEY=KEY, **settings) as web,
        ):
            collector.wait_for_log("Reading Twitch channel lena", SLOW)
            house = House(url, web.url, twitch, wall)
            yield house
            wait_until(lambda: house.health()["status"] == "ok", "all is well in the end", SLOW)
            house.client.close()
            assert collector.stop(timeout=SLOW) == web.stop(timeout=SLOW) == 0
            assert "Traceback" not in collector.log + web.log
            house.assert_all_is_there_once()
            house.database.close()


@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_and_the_way_back_cost_nothing(house: House, hours: int) -> None:
    house.tell("before", time.time())
    house.wall.jump_to(3_600 * hours)
    wait_until(lambda: abs(read_clock(house) - house.wall.now()) < 60, "the processes see it", SLOW)
    house.tell("by the platform's clock", time.time())
    house.tell("by ours", house.wall.now())
    wait_until(lambda: house.health()["status"] == "ok", "nobody is taken for dead", SLOW)
    house.wall.jump_to(0)
    house.tell("after", time.time())


def read_clock(house: House) -> float:
    """What time it is to the web process."""
    return datetime.fromisoformat(house.client.get("/api/stats").json()["updated_at"]).timestamp()


def test_the_hour_that_comes_twice_in_autumn_is_counted_twice(house: House) -> None:
    house.wall.jump_to(WINTER.timestamp() - time.time() - 1.5)
    first = house.wall.now()
    house.tell("in summer", first)
    wait_until(lambda: house.wall.now() > WINTER.timestamp(), "the hour is over", SLOW)
    house.tell("in winter", house.wall.now())
    wait_until(lambda: house.health()["status"] == "ok", "nobody is taken for dead", SLOW)
    told = house.client.get("/api/stats").json()
    shown = dict.fromkeys(told["times"])
    assert {"02:59", "02:00"} <= shown.keys()
    assert sum(told["counts"]) == 2
    by_minute = [(label, count) for label, count in zip(told["times"], told["counts"], strict=True) if count]
    assert by_minute in ([("02:59", 1), ("02:00", 1)], [("02:00", 2)])  # the second where the machine was slow
    at_ms = round(house.wall.now() * 1000) + HOUR_MS
    policy = Policy(zone=ZoneInfo(ZONE))
    settle(house.database, at_ms, policy)
    before = everything_told(house.database)
    recompute(house.database, at_ms, policy)
    assert everything_told(house.database) == before
