"""What people may ask for themselves: not to be recorded, to be recorded again, to be forgotten."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from actions import edits
from actions.edits import Edit
from actions.viewers import NoSuchViewer
from core.db import Database
from ingest import erasure, privacy
from ingest.census import Census
from ingest.policy import Policy
from ingest.viewers import PROVISIONAL
from models import Event as EventRow
from models import Installation, Mute, Viewer, ViewerEdit, ViewerName, ViewerNews, VipSource
from rules.erasure import ERASED, PENDING

# Everything that tells who somebody is or what was thought of them; the totals are not in it.
NOBODY: dict[str, Any] = {
    "display_name": "",
    "avatar_url": "",
    "named_at_ms": 0,
    "bio": "",
    "gender": "",
    "country": "",
    "language": "",
    "verified": False,
    "follower_count": None,
    "following_count": None,
    "tts_voice": "",
    "discord_username": "",
    "birthday": None,
    "birthday_mmdd": None,
    "birthday_greeted_on": None,
    "notes": "",
    "tags": "[]",
    "vip_tier_id": None,
    "vip_since_ms": None,
    "vip_source": VipSource.AUTOMATIC,
    "is_blocked": False,
    "favorite_since_ms": None,
    "is_moderator": False,
}


def erase(
    database: Database,
    viewer_id: int,
    *,
    remember: bool,
    now_ms: int,
    editor: str = "",
    policy: Policy | None = None,
) -> None:
    """Makes a person nobody. ``remember``: they asked not to be recorded again. Raises NoSuchViewer.

    Their row, events, gifts and sessions stay as nobody's, so that every total stays what it was; names, words, notes,
    edits and whatever else is theirs go, also where other people's events name them. What others wrote in their own
    messages stays. The person is gone with the first transaction; what they said follows in short ones, and an
    erasure that is interrupted is taken up again by ``finish``. SQLite overwrites what is deleted; backups, tapes and
    (until it is next moved into the file) the write-ahead log still have it.
    """
    with database.overwriting() as connection:
        row = _known(connection, viewer_id)
        names = _names(connection, row)
        if remember:
            privacy.remember(connection, _hashes(connection, row.platform, row.platform_user_id, names), now_ms)
        erasure.end_sessions(connection, viewer_id, policy or Policy(), now_ms)
        _make_nobody(connection, viewer_id, now_ms)
        for table in (ViewerName, ViewerEdit, ViewerNews, Mute):
            connection.execute(delete(table).where(table.viewer_id == viewer_id))
        edits.record(connection, [Edit(viewer_id, "erased", False, True)], editor=editor, now_ms=now_ms)
        called = [row.platform_user_id, *names]
        pending = json.dumps({"platform": row.platform, "called": called}, ensure_ascii=False)
        connection.execute(insert(Installation).values(key=f"{PENDING}{viewer_id}", value=pending))
    _finish(database, viewer_id, row.platform, called)


def finish(database: Database) -> int:
    """Takes up erasures that were interrupted; answers how many."""
    with database.reading() as connection:
        query = select(Installation.key, Installation.value).where(Installation.key.startswith(PENDING))
        rows = connection.execute(query).all()
    for row in rows:
        pending = json.loads(row.value)
        _finish(database, int(row.key.removeprefix(PENDING)), pending["platform"], pending["called"])
    return len(rows)


def opt_out(
    database: Database, platform: str, user_id: str, login: str, *, now_ms: int, policy: Policy | None = None
) -> bool:
    """Records nothing more of a person; what is known of them stays. Answers whether that is new."""
    with database.writing() as connection:
        hashes = _hashes(connection, platform, user_id, [login])
        if privacy.opted_out(connection, hashes) == set(hashes):
            return False
        privacy.remember(connection, hashes, now_ms)
        for viewer_id in _viewer_ids(connection, platform, user_id, login):
            erasure.end_sessions(connection, viewer_id, policy or Policy(), now_ms)
    return True


def opt_in(database: Database, platform: str, user_id: str, login: str) -> bool:
    """Records a person again; answers whether they had opted out."""
    with database.writing() as connection:
        as_imported = privacy.imported_hash(privacy.salt(connection), platform, login)
        return privacy.forget(connection, [*_hashes(connection, platform, user_id, [login]), as_imported])


def forget_me(
    database: Database, platform: str, user_id: str, login: str, *, now_ms: int, policy: Policy | None = None
) -> bool:
    """Erases the person of that platform id and records nothing more of them; answers whether they were known."""
    opt_out(database, platform, user_id, login, now_ms=now_ms, policy=policy)
    with database.reading() as connection:
        viewer_ids = _viewer_ids(connection, platform, user_id, login)
    for viewer_id in viewer_ids:
        try:
            erase(database, viewer_id, remember=True, now_ms=now_ms, editor="themselves", policy=policy)
        except NoSuchViewer:
            return False  # asked for twice at once
    return bool(viewer_ids)


def _known(connection: Connection, viewer_id: int) -> Any:
    columns = (Viewer.platform, Viewer.platform_user_id, Viewer.username)
    query = select(*columns).where(Viewer.id == viewer_id, Viewer.erased_at_ms.is_(None))
    row = connection.execute(query).first()
    if row is None:
        raise NoSuchViewer(viewer_id)
    return row


def _names(connection: Connection, row: Any) -> list[str]:
    """The person's login and those they had before."""
    former = select(ViewerName.username).join(Viewer, Viewer.id == ViewerName.viewer_id)
    theirs = (Viewer.platform == row.platform, Viewer.platform_user_id == row.platform_user_id)
    return list(dict.fromkeys([row.username, *connection.scalars(former.where(*theirs))]))


def _hashes(connection: Connection, platform: str, user_id: str, names: Iterable[str]) -> list[str]:
    salt = privacy.salt(connection)
    logins = [privacy.login_hash(salt, platform, name) for name in names if name]
    return [privacy.person_hash(salt, platform, user_id), *logins]


def _viewer_ids(connection: Connection, platform: str, user_id: str, login: str) -> list[int]:
    """The person's row, and the one that was imported by their name and has not been found to be theirs yet."""
    theirs = Viewer.platform_user_id.in_([user_id, f"{PROVISIONAL}{login.lower()}"])
    query = select(Viewer.id).where(Viewer.platform == platform, theirs, Viewer.erased_at_ms.is_(None))
    return list(connection.scalars(query))


def _make_nobody(connection: Connection, viewer_id: int, now_ms: int) -> None:
    # Read only now: to end their sessions may have moved when they were last seen.
    row = connection.execute(select(Viewer.platform, Viewer.last_seen_at_ms).where(Viewer.id == viewer_id)).one()
    name = f"{ERASED}{secrets.token_hex(8)}"
    values = NOBODY | {"platform_user_id": name, "username": name, "erased_at_ms": now_ms, "updated_at_ms": now_ms}
    connection.execute(update(Viewer).where(Viewer.id == viewer_id).values(values))
    census = Census()
    census.add(row.platform, viewers=-1)
    census.seen(row.last_seen_at_ms, None)
    census.write(connection)


def _finish(database: Database, viewer_id: int, platform: str, called: list[str]) -> None:
    cursor: erasure.Cursor | None = erasure.Cursor()
    while cursor is not None:
        with database.overwriting() as connection:
            cursor = erasure.clean_events(connection, viewer_id, cursor)
    _clean_mentions(database, platform, called)
    with database.overwriting() as connection:
        connection.execute(delete(Installation).where(Installation.key == f"{PENDING}{viewer_id}"))


def _clean_mentions(database: Database, platform: str, called: list[str]) -> None:
    """Other people's events that name the person: no index knows them, so all are read, but few are written."""
    with database.reading() as connection:
        newest_id = connection.scalar(select(func.max(EventRow.id))) or 0
    after_id = 0
    while after_id < newest_id:
        with database.reading() as connection:
            last_id = erasure.end_of_step(connection, after_id)
            if last_id is None:
                return  # the newest have been deleted meanwhile
            found = erasure.mentions(connection, platform, called, after_id, last_id)
        if found:
            with database.overwriting() as connection:
                erasure.clean_mentions(connection, found)
        after_id = last_id
