"""What is true of this database as a whole: real or demo data, and whom it ignores."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection, delete, false, insert, not_, select, true

from actions import retention
from core.clock import zone_name
from core.db import Database, DatabaseUnusable, shown
from ingest.installation import note
from ingest.privacy import SALT
from models import (
    Account,
    ApiToken,
    Base,
    IgnoredName,
    Installation,
    LibraryTotal,
    OptOut,
    Preference,
    Sale,
    StoreEvent,
    VipTier,
)

CONTENT = "content"  # the key in `installation`
TRIED = "tried"  # as CONTENT; its value is nothing
ZONE = "zone"  # as CONTENT: by which hours and days were counted
REAL, DEMO = "real", "demo"
# What people chose, which no demo made: whom to ignore, who wants not to be recorded, the tiers, what else is set, and
# who may come in.
KEPT = tuple(table.__tablename__ for table in (IgnoredName, OptOut, VipTier, Preference, Account, ApiToken))


def content_of(connection: Connection) -> str | None:
    """``real``, ``demo``, or None while nothing has been recorded."""
    return connection.scalar(select(Installation.value).where(Installation.key == CONTENT))


def has_real_shop(connection: Connection) -> bool:
    """Whether a shop, or a till, has reported anything that was not made up."""
    if connection.scalar(select(Sale.entry_id).limit(1)) is not None:
        return True
    return connection.scalar(select(StoreEvent.id).where(StoreEvent.is_simulated == false()).limit(1)) is not None


def has_made_up(connection: Connection) -> bool:
    """Whether events of a shop were made up."""
    return connection.scalar(select(StoreEvent.id).where(StoreEvent.is_simulated == true()).limit(1)) is not None


def has_library(connection: Connection) -> bool:
    """Whether there are any plans, users or titles."""
    return connection.scalar(select(LibraryTotal.kind).where(LibraryTotal.records > 0).limit(1)) is not None


def try_to_write(database: Database, size: int = 0) -> None:
    """Writes and removes so many bytes that mean nothing, to find out whether that can be done.

    Raises what the database says.
    """
    values = [secrets.token_hex(size // 2), ""] if size else [""]  # by chance, so that nothing makes it smaller
    for value in values:
        with database.writing() as connection:
            note(connection, TRIED, value)


def claim(database: Database, content: str) -> None:
    """Marks what the database holds, so that real and simulated data never mix. Raises DatabaseUnusable."""
    with database.writing() as connection:
        claim_within(connection, database, content)


def claim_within(connection: Connection, database: Database, content: str) -> None:
    """The same in a transaction that does more."""
    found = content_of(connection)
    if found is None:
        connection.execute(insert(Installation).values(key=CONTENT, value=content))
    elif found != content:
        raise DatabaseUnusable(
            f"{shown(database.url)} holds demo data: run `python init_db.py --remove-demo`, or use another database"
            if found == DEMO
            else f"{shown(database.url)} holds real data: the demo needs a database of its own (DATABASE_URL)"
        )


def zone_that_moved(database: Database, zone: str) -> str | None:
    """By which zone hours and days were counted, where that is another than ``zone``; unknown, it is this from now on.

    Until a rebuild both are told beside each other, and what is taken back goes out of other hours than it went into.
    """
    with database.reading() as connection:
        known = connection.scalar(_ZONE)
    if known is None:
        with database.writing() as connection:
            count_in(connection, zone)
    return known if known is not None and zone_name(known) != zone_name(zone) else None


def count_in(connection: Connection, zone: str) -> None:
    """Notes that hours and days are counted by ``zone``: all of them that can be counted anew."""
    note(connection, ZONE, zone)


def remove_demo(database: Database) -> None:
    """Empties a database that holds demo data; what people decided for this installation stays.

    Raises DatabaseUnusable when it holds anything else.
    """
    with database.writing() as connection:
        if content_of(connection) != DEMO:
            mixed_in = "; events that were mixed into a real shop leave with all others (DELETE /events)"
            how = mixed_in if has_made_up(connection) else ""
            raise DatabaseUnusable(f"{shown(database.url)} holds no demo data: nothing was removed{how}")
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in KEPT:
                # Without the salt the list of those who opted out says nothing.
                salt = Installation.key == SALT if table.name == Installation.__tablename__ else false()
                connection.execute(delete(table).where(not_(salt)))
    if database.is_sqlite:
        retention.compact(database)


def login_of(name: str) -> str:
    """A login as people write it: ``" @Nova "`` is nova."""
    return name.strip().lstrip("@#").lower()


def ignore(database: Database, names: Sequence[str], *, ignored: bool) -> list[str]:
    """Adds logins to the ignore list, or takes them off it; answers those for which that changed anything."""
    logins = {login_of(name) for name in names} - {""}
    with database.writing() as connection:
        there = set(connection.scalars(select(IgnoredName.name).where(IgnoredName.name.in_(logins))))
        changed = sorted(logins - there if ignored else there)
        if changed and ignored:
            connection.execute(insert(IgnoredName), [{"name": login} for login in changed])
        elif changed:
            connection.execute(delete(IgnoredName).where(IgnoredName.name.in_(changed)))
    return changed


_ZONE = select(Installation.value).where(Installation.key == ZONE)
