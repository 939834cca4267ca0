"""People: who an event's author is in the database, what they are called, and their running totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from core.events import Event, Kind, picture_address
from core.statements import BulkStatement, Prepared, among, one_of
from ingest.census import Census
from ingest.news import News, is_fresh
from ingest.sums import Sums, Tally
from models import Viewer, ViewerName

_FormerName = tuple[str, str, int]  # login, name, until when

LOGIN_LENGTH, NAME_LENGTH = 64, 128  # the columns'; PostgreSQL refuses more
PROVISIONAL = "name:"  # begins the id of somebody imported by name, until the platform tells the real one

DONE_TO_THEM = frozenset({Kind.DELETE, Kind.TIMEOUT})

# What the events of a batch add up to. Visits and watchtime come from sessions: see `ingest.attendance`.
TOTALS = (
    "total_comments",
    "total_bits",
    "total_coins_spent",
    "total_gifts_sent",
    "total_likes",
    "total_shares",
)
_ABOUT: Mapping[str, int] = {"bio": 1_000, "language": 32, "country": 64, "gender": 32}  # texts, with their most
_COUNTS = ("follower_count", "following_count")
_NOT_NAMED: Mapping[int, int] = {}
_WROTE, _NAMED = ("total_comments",), "named_at_ms"
_at_ms = attrgetter("at_ms")
_IDENTITY = ("username", "display_name", "avatar_url", *_ABOUT, "verified", *_COUNTS)


@dataclass(slots=True)
class Known:
    """A person as their row tells them. When they were last seen is not among it: others move that all the time."""

    platform_user_id: str
    id: int
    username: str
    display_name: str
    avatar_url: str
    bio: str
    language: str
    country: str
    gender: str
    verified: bool
    follower_count: int | None
    following_count: int | None
    named_at_ms: int
    first_seen_at_ms: int


KnownPeople = defaultdict[str, dict[str, Known]]  # by platform and the platform's id
MOST_KNOWN = 10_000  # on each platform, some 5 MB


@dataclass(slots=True)
class _Acts:
    """One person in a batch: their row, and what they did."""

    row: Known
    events: list[Event]


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


def add_totals(connection: Connection, sums: Sums, named_at_ms: Mapping[int, int] = _NOT_NAMED) -> None:
    """Adds what the batch's events are worth to their authors, and to everybody's together.

    ``named_at_ms``: when people's names were last told, by row id.
    """
    people = sums.by_person()
    # An index costs wherever its column is named, even with nothing added: so name only what changes.
    shapes: defaultdict[tuple[str, ...], list[tuple[int, ...]]] = defaultdict(list)
    for viewer_id, one in people.items():
        named = named_at_ms.get(viewer_id)
        if one.messages == one.events and not one.bits:  # nearly everybody
            shape: tuple[str, ...] = _WROTE
            added: tuple[int, ...] = (one.messages,)
        else:
            values = _totals(one)
            shape = tuple(compress(TOTALS, values))
            added = tuple(filter(None, values))
        if named is not None:
            shapes[_NAMED, *shape].append((viewer_id, named, *added))
        elif shape:
            shapes[shape].append((viewer_id, *added))
    shapes[_NAMED,].extend(one for one in named_at_ms.items() if one[0] not in people)
    for shape, rows in shapes.items():
        rows.sort()  # neighbours share their pages
        _adding(shape).run(connection, rows)
    census = Census()
    for platform, coins in sums.given.items():
        census.add(platform, coins=coins)
    census.write(connection)


def _totals(of: Tally) -> tuple[int, ...]:
    """In the order of TOTALS."""
    return (of.messages, of.bits, of.worth, of.gifts + of.subgifts, of.likes, of.shares)


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
    rows = [_Acts(known[user_id], acts) for user_id, acts in people.items() if user_id in known]
    found.ids[platform].update({one.row.platform_user_id: one.row.id for one in rows})
    for other in _rename(connection, rows, found, now_ms):
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
    former: dict[str, list[_FormerName]] = {}
    for user_id, acts in new.items():
        identity, named_at_ms, before = _named(None, acts)
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


def _rename(connection: Connection, people: Sequence[_Acts], found: People, now_ms: int) -> list[Known]:
    """Brings names, what is told about people and when they were first seen up to date; answers whose names changed."""
    changed: list[tuple[Any, ...]] = []
    earlier: dict[int, int] = {}
    outdated: list[Known] = []
    former: list[tuple[int, str, str, int]] = []
    for person in people:
        row, events = person.row, person.events
        first_ms = events[0].at_ms if len(events) == 1 else min(map(_at_ms, events))
        if first_ms < row.first_seen_at_ms:
            earlier[row.id] = row.first_seen_at_ms = first_ms
        named_at_ms = _as_known(row, events)
        if named_at_ms is None:
            identity, named_at_ms, names = _named(row, events)
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


def _as_known(row: Known, events: Sequence[Event]) -> int | None:
    """When the person's names were last told, if the events tell nothing that their row does not: nearly all of them.

    None: they do.
    """
    login, name, avatar, about = row.username, row.display_name, row.avatar_url, None
    latest_ms = 0
    for event in events:
        who = event.who
        if who is None or who.login != login:
            return None
        if (who.name and who.name != name) or (who.avatar and who.avatar != avatar):
            return None
        if who.about and who.about is not about:
            about = who.about
            if any(getattr(row, key) != value for key, value in _about(about)):
                return None
        if event.at_ms > latest_ms and event.kind not in DONE_TO_THEM:
            latest_ms = event.at_ms
    return latest_ms


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


def _named(row: Any, acts: Iterable[Event]) -> tuple[dict[str, Any], int, list[_FormerName]]:
    """Identity as the newest sign of life tells it, when that was, and the names that went out of use on the way.

    What an event leaves out stays as it was.
    """
    former: list[_FormerName] = []
    identity: dict[str, Any] = {name: getattr(row, name) for name in _IDENTITY} if row else dict(_NOBODY)
    identity["verified"] = bool(identity["verified"])
    newest = row.named_at_ms if row else 0
    for event in acts:
        who, passive = event.who, event.kind in DONE_TO_THEM
        login = identity["username"]
        # A late event tells an old name, and a moderator's order only a login.
        if who is None or (login and (passive or event.at_ms < newest)):
            continue
        before = (login, identity["display_name"])
        identity["username"] = (who.login or login or who.user_id)[:LOGIN_LENGTH]
        kept = identity["display_name"] if login == identity["username"] else identity["username"]
        identity["display_name"] = who.name[:NAME_LENGTH] or kept
        identity["avatar_url"] = picture_address(who.avatar) or identity["avatar_url"]
        if who.about and isinstance(who.about, Mapping):
            identity.update(_about(who.about))
        if login and before != (identity["username"], identity["display_name"]):
            former.append((*before, event.at_ms))
        if not passive:
            newest = event.at_ms
    return identity, newest, former


def _about(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a platform shows of a person, as far as it is of the right kind."""
    for name, most in _ABOUT.items():
        if isinstance(value := told.get(name), str):
            yield name, value[:most]
    if isinstance(verified := told.get("verified"), bool):
        yield "verified", verified
    for name in _COUNTS:
        if type(count := told.get(name)) is int and 0 <= count < 2**63:  # True is an int as well
            yield name, count


_NOBODY: Mapping[str, Any] = dict.fromkeys(("username", "display_name", "avatar_url", *_ABOUT), "") | {
    "verified": False,
    **dict.fromkeys(_COUNTS),
}
_KNOWN = Prepared(
    select(
        Viewer.platform_user_id,
        Viewer.id,
        *(getattr(Viewer, name) for name in _IDENTITY),
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
        *_IDENTITY,
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
_CHANGE = _setting(**{name: f"new_{name}" for name in _IDENTITY}, updated_at_ms="now")
_EARLIER = _setting(first_seen_at_ms="first", last_seen_at_ms="last")
_ADDING: dict[tuple[str, ...], BulkStatement] = {}


def _adding(shape: tuple[str, ...]) -> BulkStatement:
    """Adds to these totals of a person, and sets what is no total."""
    if shape not in _ADDING:
        changes: dict[str, Any] = {
            name: getattr(Viewer, name) + bindparam(f"add_{name}") if name in TOTALS else bindparam(f"add_{name}")
            for name in shape
        }
        _ADDING[shape] = BulkStatement(
            lambda _insert: update(Viewer).where(Viewer.id == bindparam("id_")).values(changes),
            ("id_", *(f"add_{name}" for name in shape)),
            each_once=True,
        )
    return _ADDING[shape]
