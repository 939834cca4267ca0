"""People: who an event's author is in the database, and their running totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.db import BulkStatement, Prepared, among, one_of
from core.events import Event, Kind
from models import Viewer
from rules.sessions import Attendance, attend

# (platform, platform user id) and (platform, login) → row id.
ViewerIds = dict[tuple[str, str], int]

LOGIN_LENGTH, NAME_LENGTH = 64, 128  # the columns'; PostgreSQL refuses more

DONE_TO_THEM = frozenset({Kind.DELETE, Kind.TIMEOUT})

ADDED = (
    "total_visits",
    "total_watchtime_ms",
    "total_comments",
    "total_bits",
    "total_coins_spent",
    "total_gifts_sent",
    "total_likes",
    "total_shares",
)
_KNOWN = Prepared(
    select(
        Viewer.platform_user_id,
        Viewer.id,
        Viewer.username,
        Viewer.display_name,
        Viewer.avatar_url,
        Viewer.first_seen_at_ms,
        Viewer.last_seen_at_ms,
        Viewer.total_visits,
    )
    .where(Viewer.platform == bindparam("platform"), among(Viewer.platform_user_id, "ids"))
    .with_for_update()
)
_IDENTITY = ("platform", "platform_user_id", "username", "display_name", "avatar_url", "first_seen_at_ms")
_INSERT = BulkStatement(lambda insert: insert(Viewer), (*_IDENTITY, "last_seen_at_ms", *ADDED))
_UPDATE = BulkStatement(
    lambda _insert: (
        update(Viewer)
        .where(Viewer.id == bindparam("id_"))
        .values(
            username=bindparam("login"),
            display_name=bindparam("name"),
            avatar_url=bindparam("avatar"),
            first_seen_at_ms=bindparam("first_seen"),
            last_seen_at_ms=bindparam("seen"),
            **{column: getattr(Viewer, column) + bindparam(f"add_{column}") for column in ADDED},
        )
    ),
    ("id_", "login", "name", "avatar", "first_seen", "seen", *(f"add_{column}" for column in ADDED)),
)


def record(connection: Connection, events: Sequence[Event], session_timeout_ms: int) -> ViewerIds:
    """Makes or updates the row of everybody in ``events``; answers where each of them is.

    Without a platform user id nobody is told from another for sure: what such people do belongs to nobody. Only whom
    a moderator deleted or timed out is looked for by login.
    """
    by_person: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    nameless: set[tuple[str, str]] = set()
    for event in events:
        if event.who and event.who.user_id:
            by_person[event.platform.value, event.who.user_id].append(event)
        elif event.who and event.who.login and event.kind in DONE_TO_THEM:
            nameless.add((event.platform.value, event.who.login))
    found: ViewerIds = {}
    for platform in sorted({platform for platform, _ in by_person}):
        people = {user_id: acts for (of, user_id), acts in by_person.items() if of == platform}
        _record_platform(connection, platform, people, found, session_timeout_ms)
    for platform in {platform for platform, _ in nameless}:
        logins = [login for of, login in nameless if of == platform]
        rows = connection.execute(
            select(Viewer.username, Viewer.id).where(
                Viewer.platform == platform, one_of(connection, Viewer.username, logins)
            )
        )
        found.update({(f"{platform}/login", login): row_id for login, row_id in rows})
    return found


def find(ids: ViewerIds, event: Event) -> int | None:
    if event.who is None:
        return None
    if event.who.user_id:
        return ids[event.platform.value, event.who.user_id]
    return ids.get((f"{event.platform.value}/login", event.who.login)) if event.kind in DONE_TO_THEM else None


def _record_platform(
    connection: Connection,
    platform: str,
    people: dict[str, list[Event]],
    found: ViewerIds,
    session_timeout_ms: int,
) -> None:
    # Two collectors on one PostgreSQL may know the same person; SQLite ignores FOR UPDATE, its writer is alone.
    rows = {row.platform_user_id: row for row in _KNOWN(connection, platform=platform, ids=list(people))}
    new, changed = {}, []
    for user_id, acts in people.items():
        row = rows.get(user_id)
        named = _named(acts, row)
        attendance = _attendance(acts, row, session_timeout_ms)
        first_seen = min(event.at_ms for event in acts)
        if row is not None:
            first_seen = min(first_seen, row.first_seen_at_ms)
        times = (first_seen, attendance.last_seen_at_ms or first_seen)
        added = (attendance.visits, attendance.watchtime_ms, *totals(acts).values())
        if row is None:
            new[user_id] = (platform, user_id, *named, *times, *added)
        else:
            found[platform, user_id] = row.id
            changed.append((row.id, *named, *times, *added))
    _UPDATE.run(connection, changed)
    if new:
        _INSERT.run(connection, list(new.values()))
        made = _KNOWN(connection, platform=platform, ids=list(new))
        found.update({(platform, row.platform_user_id): row.id for row in made})


def _named(acts: list[Event], row: Any) -> tuple[str, str, str]:
    """Login, display name and avatar as the newest sign of life tells them; what it leaves out stays as it was."""
    login, name, avatar = (row.username, row.display_name, row.avatar_url) if row else ("", "", "")
    newest = _known_since(row)
    for event in acts:
        who, passive = event.who, event.kind in DONE_TO_THEM
        # A late event tells an old name, and a moderator's order only a login.
        if who is None or (login and (passive or (newest is not None and event.at_ms < newest))):
            continue
        before, login = login, (who.login or login or who.user_id)[:LOGIN_LENGTH]
        name = who.name[:NAME_LENGTH] or (name if login == before else login)
        avatar = who.avatar or avatar
        if not passive:
            newest = event.at_ms
    return login, name, avatar


def _known_since(row: Any) -> int | None:
    """When the person gave their last sign of life; None: never, though they may have been timed out."""
    return row.last_seen_at_ms if row and row.total_visits else None


def _attendance(acts: list[Event], row: Any, session_timeout_ms: int) -> Attendance:
    signs_ms = [event.at_ms for event in acts if event.kind not in DONE_TO_THEM]
    return attend(_known_since(row), signs_ms, session_timeout_ms)


def totals(acts: Iterable[Event]) -> dict[str, int]:
    """What the events add to their author's totals."""
    added = dict.fromkeys(ADDED[2:], 0)
    for event in acts:
        if event.counts_as_message:
            added["total_comments"] += 1
            added["total_bits"] += event.amount
        elif event.kind is Kind.GIFT:
            added["total_coins_spent"] += event.amount
            added["total_gifts_sent"] += int(event.extra.get("quantity", 1))
        elif event.kind is Kind.LIKE:
            added["total_likes"] += event.amount
        elif event.kind is Kind.SHARE:
            added["total_shares"] += 1
    return added
