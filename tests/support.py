"""The state every test starts from: a fixed cast, events as sources make them, and a migrated database of one's own."""

from __future__ import annotations

import itertools
import socket
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Table, select

from analytics import live, moments, scope
from core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from core.db import Database
from core.events import NOTHING, Event, Kind, Person, Platform
from core.statements import Prepared
from core.text_search import containing, searched
from ingest import attendance
from ingest.batch import BatchResult, Memory, store
from ingest.policy import Policy
from models import Viewer
from tests.databases import database, kind

NOON = 1_795_262_400_000  # 2026-11-21T12:00:00Z
SESSION_TIMEOUT_MS = 300 * SECOND_MS
UTC = ZoneInfo("UTC")
POLICY = Policy(session_timeout_ms=SESSION_TIMEOUT_MS)
CURRENCY = POLICY.rates.currency

# A slow moment of the machine is no failing example.
settings.register_profile("streampulse", deadline=None)
# On a server an example takes several times as long, and differs only in the database.
settings.register_profile("server", deadline=None, max_examples=8)
settings.load_profile("streampulse" if kind() == "sqlite" else "server")


def examples(count: int) -> settings:
    """So many examples of a property that takes its database from here, and fewer on a server."""
    slow = [HealthCheck.too_slow]
    return settings(max_examples=count if kind() == "sqlite" else min(count, 8), suppress_health_check=slow)


def some(cases: Iterable[str]) -> list[str]:
    """All of them, and every third on a server, where each takes several times as long and asks the same."""
    return [*cases][:: 1 if kind() == "sqlite" else 3]


# The cast. Lena owns the channel of that name, Milo moderates it, Nova and Otto are regulars, Sam nobody knows.
LENA = Person("100", "lena", "Lena")
MILO = Person("200", "milo", "Milo")
NOVA = Person("300", "nova", "Nova")
OTTO = Person("400", "otto", "Otto")
SAM = Person("900", "sam", "Sam")

_numbers = itertools.count(1)


def minutes(count: float) -> int:
    """``count`` minutes in milliseconds."""
    return round(count * MINUTE_MS)


def seconds(count: float) -> int:
    return round(count * SECOND_MS)


def hours(count: float) -> int:
    return round(count * HOUR_MS)


def days(count: float) -> int:
    return round(count * DAY_MS)


def act(
    kind: Kind,
    who: Person | None = None,
    at: int = NOON,
    *,
    channel: str = "lena",
    platform: Platform = Platform.TWITCH,
    source_id: str | None = "",
    text: str = "",
    amount: int = 0,
    marks: int = 0,
    **extra: Any,
) -> Event:
    """One event at ``at``, UTC milliseconds. ``source_id``: one of its own, or as given; None where none is told."""
    if source_id == "":
        source_id = f"id-{next(_numbers)}"
    return Event(platform, channel, kind, at, source_id, who, text, amount, int(marks), extra or NOTHING)


def chat(who: Person | None, text: str = "hello", at: int = NOON, **more: Any) -> Event:
    return act(Kind.CHAT, who, at, text=text, **more)


def deletion(of: Event, at: int | None = None, *, by_login: bool = True, **more: Any) -> Event:
    """A moderator deletes one message; Twitch tells its author by login only."""
    who = Person("", of.who.login) if of.who and by_login else None
    at = of.at_ms + 5 * SECOND_MS if at is None else at
    more = {"channel": of.channel, "platform": of.platform, "source_id": f"del:{of.source_id}"} | more
    return act(Kind.DELETE, who, at, target=of.source_id, **more)


def timeout(who: Person, at: int = NOON, seconds: int = 600, **more: Any) -> Event:
    """A moderator times a person out; 0 seconds are a ban."""
    return act(Kind.TIMEOUT, Person(who.user_id, who.login), at, amount=seconds, **more)


def chatter(number: int) -> Person:
    """One of as many people as a test needs."""
    return Person(f"c{number}", f"chatter{number}", f"Chatter{number}")


@contextmanager
def fresh_database() -> Iterator[Database]:
    """The same where there is no ``tmp_path``: one for each example of a property."""
    with tempfile.TemporaryDirectory(prefix="streampulse-") as folder:
        fresh = database(Path(folder))
        try:
            yield fresh
        finally:
            fresh.close()


def write(
    into: Database,
    events: Sequence[Event],
    *,
    memory: Memory | None = None,
    now_ms: int | None = None,
    policy: Policy = POLICY,
) -> BatchResult:
    """Stores ``events`` as one batch, as the writer does it."""
    now_ms = max([NOON, *(event.at_ms for event in events)]) if now_ms is None else now_ms
    with into.writing() as connection:
        return store(connection, events, memory or Memory(), now_ms=now_ms, policy=policy)


def settle(of: Database, now_ms: int, policy: Policy = POLICY) -> None:
    """Lets time pass: every open session is counted until ``now_ms``, or ended."""
    with of.writing() as connection:
        attendance.heartbeat_all(connection, policy, now_ms)


def rows(of: Database, table: Any) -> list[dict[str, Any]]:
    """All rows of a table of ``models``, in the order of its key."""
    columns: Table = table.__table__
    with of.reading() as connection:
        found = connection.execute(select(columns).order_by(*columns.primary_key.columns))
        return [dict(row._mapping) for row in found]


def named(connection: Connection, text: str) -> list[int]:
    """The ids of all rows of people that the search index knows by a part of a name, erased ones among them."""
    table = Viewer.__table__
    query = containing(connection.dialect.name, table, (table.c.username, table.c.display_name), "viewer_search")
    return list(Prepared(query)(connection, **searched(text)).scalars())


def only(of: Database, table: Any) -> dict[str, Any]:
    """The one row of a table."""
    (row,) = rows(of, table)
    return row


def stats(
    of: Database,
    now_ms: int = NOON,
    *,
    minutes: int = 15,
    channel: str | None = None,
    platform: str | None = None,
    zone: ZoneInfo = UTC,
    memo: moments.Memo | None = None,
) -> dict[str, Any]:
    """The live numbers at ``now_ms``, as GET /api/stats tells them."""
    with of.reading() as connection:
        question = live.Question(
            scope.channels(connection, platform, channel), minutes, now_ms, zone, POLICY.rates.currency
        )
        return live.stats(connection, question, memo or moments.Memo())


def no_name_servers(*_: object, **__: object) -> None:
    """In place of ``socket.getaddrinfo``: as on a machine without any network."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
