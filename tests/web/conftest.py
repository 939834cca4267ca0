"""The web process as it is deployed, with a database that the tests write to through the real writer."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx
import pytest

from actions import installation
from core.clock import now_ms
from core.db import Database
from core.events import Event, Kind, Person, Platform, SourceState, SourceStatus
from ingest.policy import Policy
from ingest.writer import Writer
from init_db import upgrade
from tests.processes import Program, WebProcess
from tests.web.routes import Answers, Route, read_answers

PASSWORD, API_TOKEN, OVERLAY_TOKEN = "the owner's pass phrase", "tok-api-5f2c", "tok-overlay-91ab"
TRACK_KEY = "tok-track-73d0"
ZONE = "Asia/Kolkata"  # its offset is not of whole hours
SALES_SECRET = "what the till and the dashboard share"

# Some hundred people log in, and what a hash costs slows guessing alone. Whoever has a stage of their own pays it.
QUICK_HASHES = "from actions import passwords; passwords._hasher = passwords.PasswordHasher(1, 8 * 1024, 1)"

_numbers = itertools.count(1)


def event(channel: str, kind: Kind = Kind.CHAT, *, by: str = "mila", at_ms: int | None = None, **more: Any) -> Event:
    """Something that happened in ``channel``, now unless ``at_ms`` says otherwise."""
    who = Person(user_id=f"id-{by}", login=by, name=by.title())
    at = now_ms() if at_ms is None else at_ms
    return Event(Platform.TWITCH, channel, kind, at, source_id=f"message-{next(_numbers)}", who=who, **more)


@dataclass(slots=True)
class Stage:
    """A running web process, its database, and the writer that plays the collector."""

    web: WebProcess
    database: Database
    writer: Writer

    def tell(self, *events: Event) -> list[Event]:
        """Stores events and returns when they are committed."""
        for one in events:
            self.writer.event(one)
        assert self.writer.flush(10)
        return list(events)

    def chat(self, channel: str, *texts: str, by: str = "mila", at_ms: int | None = None) -> list[Event]:
        return self.tell(*(event(channel, by=by, at_ms=at_ms, text=text) for text in texts))

    def source(self, channel: str, state: SourceState = SourceState.CONNECTED, detail: str = "") -> None:
        self.writer.status(SourceStatus(Platform.TWITCH, channel, state, now_ms(), detail))
        assert self.writer.flush(10)

    def client(self, **options: Any) -> httpx.Client:
        """A client of its own, with its own cookies."""
        return httpx.Client(base_url=self.web.url, timeout=20, **options)


class Alone(NamedTuple):
    """A web process whose database nobody writes to but the test."""

    client: httpx.Client
    database: Database
    web: WebProcess


@pytest.fixture(scope="session")
def answers(program: Program) -> Answers:
    """What the program answers, over HTTP and on a socket."""
    return read_answers(program)


@pytest.fixture(scope="session")
def routes(answers: Answers) -> list[Route]:
    return answers.routes


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with its schema, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "empty.db"
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    return file


@pytest.fixture(scope="session")
def new_database_url(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    def copy() -> str:
        folder = tmp_path_factory.mktemp("database")
        shutil.copy(migrated, folder / "streampulse.db")
        return f"sqlite:///{folder / 'streampulse.db'}"

    return copy


@contextmanager
def stage_of(program: Program, url: str, **settings: str) -> Iterator[Stage]:
    """A web process on an empty database, in a zone that is not the system's."""
    database = Database(url)
    installation.claim(database, installation.REAL)
    writer = Writer(database, policy=Policy(zone=ZoneInfo(ZONE))).start()
    try:
        with program.web(url, TIMEZONE=ZONE, **settings) as web:
            yield Stage(web, database, writer)
    finally:
        writer.close()
        database.close()


@pytest.fixture(scope="session")
def stage(program: Program, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    """Without a password. All tests share it, so each uses channels of its own."""
    with stage_of(program, new_database_url()) as stage:
        yield stage


@pytest.fixture(scope="session")
def locked_stage(program: Program, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    """With a password and both tokens; behind the proxy on this machine, if the tests say so."""
    settings = {"DASHBOARD_PASSWORD": PASSWORD, "API_TOKEN": API_TOKEN}
    settings |= {"OVERLAY_TOKEN": OVERLAY_TOKEN, "TRACK_KEY": TRACK_KEY, "SALES_SECRET": SALES_SECRET}
    with stage_of(program, new_database_url(), changed=QUICK_HASHES, **settings) as stage:
        stage.chat("lena", "hello")
        stage.source("lena")
        yield stage


@pytest.fixture(scope="module")
def alone(program: Program, new_database_url: Callable[[], str]) -> Iterator[Alone]:
    url = new_database_url()
    database = Database(url)
    with program.web(url) as web, httpx.Client(base_url=web.url, timeout=20) as client:
        yield Alone(client, database, web)
    database.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[httpx.Client]:
    with stage.client() as client:
        yield client
