"""People: who an event's author is in the database; their row is made, and told what they are called now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from core.events import Event
from core.statements import BulkStatement, Prepared, among, one_of
from ingest.census import Census
from ingest.identity import DONE_TO_THEM, IDENTITY, FormerName, Known, as_known, named
from ingest.news import News, is_fresh
from models import Viewer, ViewerName

PROVISIONAL = "name:"  # begins the id of somebody imported by name, until the platform tells the real one
KnownPeople = defaultdict[str, dict[str, Known]]  # by platform and the platform's id
MOST_KNOWN = 10_000  # on each platform, some 5 MB
_at_ms = attrgetter("at_ms")


@dataclass(slots=True)
class People:
    """Where everybody of a batch is in the database, and what is left to be written and told of them."""

    ids: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))  # by platform, and its id
    by_login: dict[tuple[str, str], int] = field(default_factory=dict)
    named_at_ms: dict[int, int] = field(default_factory=dict)  # goes with the totals: one change of a row, not two
    told: list[News] = field(default_factory=list)

    def find(self, event: Event) -> int | None:
        """The row id of the event's author; None: nobody's."""
        who = event.who
        if who is None:
            return None
        if who.user_id:
            return self.ids[event.platform][who.user_id]
        return self.by_login.get((event.platform, who.login)) if event.kind in DONE_TO_THEM else None


def record(connection: Connection, events: Sequence[Event], now_ms: int, known: KnownPeople) -> People:
    """Makes the row of everybody in ``events`` or brings their names up to date; answers where each of them is.

    Who is ``known`` is not looked up; it is kept up to date and has to be emptied when others may have written.
    Without a platform user id nobody is told from another for sure: what such people do belongs to nobody. Only whom
    a moderator deleted or timed out is looked for by login.
    """
    by_person: defaultdict[str, defaultdict[str, list[Event]]] = defaultdict(lambda: defaultdict(list))
    nameless: defaultdict[str, set[str]] = defaultdict(set)
    for event in events:
        who = event.who
        if who is None:
            continue
        if who.user_id:
            by_person[event.platform][who.user_id].append(event)
        elif who.login and event.kind in DONE_TO_THEM:
            nameless[event.platform].add(who.login)
    found = People()
    for platform, acts in sorted(by_person.items()):
        _record_platform(connection, str(platform), acts, found, now_ms, known[platform])
    for platform, logins in nameless.items():
        rows = connection.execute(
            select(Viewer.username, Viewer.id).where(
                Viewer.platform == platform, one_of(connection, Viewer.username, logins)
            )
        )
        found.by_login.update({(platform, login): row_id for login, row_id in rows})
    return found


def _record_platform(
    connection: Connection,
    platform: str,
    people: Mapping[str, list[Event]],
    found: People,
    now_ms: int,
    known: dict[str, Known],
) -> None:
    if len(known) > MOST_KNOWN:
        known.clear()
    if unread := [user_id for user_id in people if user_id not in known]:
        known.update(_read(connection, platform, unread))
    new = {user_id: people[user_id] for user_id in unread if user_id not in known}
    if new:
        known.update(_adopted(connection, platform, new))
        new = {user_id: acts for user_id, acts in new.items() if user_id not in known}
    there = [(row, acts) for user_id, acts in people.items() if (row := known.get(user_id))]
    ids = found.ids[platform]
    for row, _ in there:
        ids[row.platform_user_id] = row.id
    for other in _rename(connection, there, found, now_ms):
        del known[other.platform_user_id]
    if new:
        known.update(_make(connection, platform, new, found, now_ms))


def _read(connection: Connection, platform: str, ids: Sequence[str]) -> dict[str, Known]:
    return {row[0]: Known(*row) for row in _KNOWN(connection, platform=platform, ids=list(ids)).all()}


def _adopted(connection: Connection, platform: str, unknown: dict[str, list[Event]]) -> dict[str, Known]:
    """Those of ``unknown`` who were imported by name: from now on they are told by their id."""
    by_name = {PROVISIONAL + acts[0].who.login: user_id for user_id, acts in unknown.items() if acts[0].who}
    if not by_name:
        return {}
    named = _read(connection, platform, list(by_name))
    adopted = {by_name[name]: replace(row, platform_user_id=by_name[name]) for name, row in named.items()}
    _ADOPT.run(connection, [(row.id, user_id) for user_id, row in adopted.items()])
    return adopted


def _make(
    connection: Connection, platform: str, new: dict[str, list[Event]], found: People, now_ms: int
) -> dict[str, Known]:
    census, made = Census(), []
    former: dict[str, list[FormerName]] = {}
    for user_id, acts in new.items():
        identity, named_at_ms, before = named(None, acts)
        former[user_id] = before
        first_ms = min(event.at_ms for event in acts)
        made.append((platform, user_id, *identity.values(), named_at_ms, first_ms, first_ms, now_ms, now_ms))
        census.seen(None, first_ms)
    census.add(platform, viewers=len(made))
    _INSERT.run(connection, made)
    census.write(connection)
    rows = _read(connection, platform, list(new))
    found.ids[platform].update({user_id: row.id for user_id, row in rows.items()})
    _FORMER.run(connection, [(row.id, *name) for user_id, row in rows.items() for name in former[user_id]])
    found.told.extend(
        (row.first_seen_at_ms, row.id, "new", {}) for row in rows.values() if is_fresh(row.first_seen_at_ms, now_ms)
    )
    return rows


def _rename(
    connection: Connection, people: Sequence[tuple[Known, list[Event]]], found: People, now_ms: int
) -> list[Known]:
    """Brings names, what is told about people and when they were first seen up to date; answers whose names changed."""
    changed: list[tuple[Any, ...]] = []
    earlier: dict[int, int] = {}
    outdated: list[Known] = []
    former: list[tuple[int, str, str, int]] = []
    for row, events in people:
        first_ms = events[0].at_ms if len(events) == 1 else min(map(_at_ms, events))
        if first_ms < row.first_seen_at_ms:
            earlier[row.id] = row.first_seen_at_ms = first_ms
        named_at_ms = as_known(row, events)
        if named_at_ms is None:
            identity, named_at_ms, names = named(row, events)
            if any(value != getattr(row, name) for name, value in identity.items()):
                changed.append((row.id, *identity.values(), now_ms))
                outdated.append(row)
            former.extend((row.id, *name) for name in names)
            if names and is_fresh(named_at_ms, now_ms):
                found.told.append((named_at_ms, row.id, "updated", {"fields": ["username", "display_name"]}))
        if named_at_ms > row.named_at_ms:
            found.named_at_ms[row.id] = row.named_at_ms = named_at_ms
    _CHANGE.run(connection, changed)
    _FORMER.run(connection, former)
    _see_earlier(connection, earlier)
    return outdated


def _see_earlier(connection: Connection, earlier: Mapping[int, int]) -> None:
    """Late news: these people (row ids) were there before we thought, since then."""
    census, rows = Census(), list[tuple[int, int, int]]()
    for row in _LAST_SEEN(connection, ids=sorted(earlier)) if earlier else ():
        first_ms = last_ms = earlier[row.id]
        if row.total_visits:
            last_ms = row.last_seen_at_ms
        else:  # they were only talked about, so this is when they were last heard of as well
            census.seen(row.last_seen_at_ms, first_ms)
        rows.append((row.id, first_ms, last_ms))
    _EARLIER.run(connection, rows)
    census.write(connection)


_KNOWN = Prepared(
    select(
        Viewer.platform_user_id,
        Viewer.id,
        *(getattr(Viewer, name) for name in IDENTITY),
        Viewer.named_at_ms,
        Viewer.first_seen_at_ms,
    ).where(Viewer.platform == bindparam("platform"), among(Viewer.platform_user_id, "ids"))
)
_LAST_SEEN = Prepared(select(Viewer.id, Viewer.last_seen_at_ms, Viewer.total_visits).where(among(Viewer.id, "ids")))
_INSERT = BulkStatement(
    lambda insert: insert(Viewer),
    (
        "platform",
        "platform_user_id",
        *IDENTITY,
        "named_at_ms",
        "first_seen_at_ms",
        "last_seen_at_ms",
        "created_at_ms",
        "updated_at_ms",
    ),
)
_FORMER = BulkStatement(lambda _insert: insert(ViewerName), ("viewer_id", "username", "display_name", "until_ms"))


def _setting(**values: str) -> BulkStatement:
    """Sets columns of a person to parameters of these names."""
    changes: dict[str, Any] = {column: bindparam(name) for column, name in values.items()}
    return BulkStatement(
        lambda _insert: update(Viewer).where(Viewer.id == bindparam("id_")).values(changes), ("id_", *values.values())
    )


_ADOPT = _setting(platform_user_id="user_id")
_CHANGE = _setting(**{name: f"new_{name}" for name in IDENTITY}, updated_at_ms="now")
_EARLIER = _setting(first_seen_at_ms="first", last_seen_at_ms="last")
