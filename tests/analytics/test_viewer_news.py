"""The outbox of people's news: each row once and in order, from the first look on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from analytics import viewer_news, viewers
from analytics.viewer_news import Outbox
from core.db import Database
from ingest import news
from models import Viewer
from tests.support import NOON, NOVA, OTTO, SAM, UTC, chat, rows, write


@pytest.fixture
def ids(db: Database) -> dict[str, int]:
    """The cast, whose own news are passed already."""
    write(db, [chat(NOVA), chat(OTTO), chat(SAM)])
    return {row["username"]: row["id"] for row in rows(db, Viewer)}


def tell(db: Database, *told: tuple[int, str], detail: dict[str, Any] | None = None) -> None:
    with db.writing() as connection:
        news.tell(connection, [(NOON, who, kind, detail or {}) for who, kind in told])


def look(db: Database, outbox: Outbox, limit: int = 100) -> list[str]:
    """What is new, as a follower takes it."""
    with db.reading() as connection:
        found = outbox.unread(connection, limit)
    outbox.passed(found)
    return [one.kind for one in found]


def test_the_first_look_passes_what_was_there_and_every_other_takes_what_is_new(db, ids):
    outbox = Outbox()
    assert look(db, outbox) == []
    tell(db, (ids["nova"], "new"), (ids["otto"], "online"))
    assert look(db, outbox) == ["new", "online"]
    assert look(db, outbox) == []
    tell(db, (ids["nova"], "offline"))
    assert look(db, outbox) == ["offline"]
    assert look(db, outbox) == []


def test_many_are_taken_in_parts_and_none_twice(db, ids):
    outbox = Outbox()
    look(db, outbox)
    kinds = [f"kind{number}" for number in range(25)]
    tell(db, *((ids["nova"], kind) for kind in kinds))
    taken = [look(db, outbox, limit=10) for _ in range(4)]
    assert [len(part) for part in taken] == [10, 10, 5, 0]
    assert [kind for part in taken for kind in part] == kinds


def test_what_is_skipped_is_never_told(db, ids):
    outbox = Outbox()
    look(db, outbox)
    tell(db, (ids["nova"], "new"))
    with db.reading() as connection:
        outbox.skip(connection)
    assert look(db, outbox) == []


def test_the_outbox_may_be_pruned_while_it_is_followed(db, ids):
    outbox = Outbox()
    look(db, outbox)
    tell(db, (ids["nova"], "new"), (ids["nova"], "online"))
    look(db, outbox)
    with db.writing() as connection:
        news.forget_old(connection, NOON + 3_600_000)
    tell(db, (ids["otto"], "new"))
    assert look(db, outbox) == ["new"]


def test_a_stream_is_shown_only_promotions_and_birthdays_of_those_who_may_be_shown(db, ids):
    outbox = Outbox()
    look(db, outbox)
    with db.writing() as connection:
        connection.execute(update(Viewer).where(Viewer.username == "otto").values(is_blocked=True))
        connection.execute(update(Viewer).where(Viewer.username == "nova").values(notes="secret", vip_tier_id=2))
    detail = {"tier": "Silver", "previous": "Bronze"}
    for who in ("nova", "otto"):
        tell(db, (ids[who], "vip-promoted"), (ids[who], "vip-set"), (ids[who], "updated"), detail=detail)
    with db.reading() as connection:
        found = outbox.unread(connection, 100)
        profiles = viewers.profiles_by_id(connection, list(ids.values()), UTC, NOON)
        shown = viewer_news.for_streams(connection, found, profiles)
    public = {"username": "nova", "display_name": "Nova", "platform": "twitch", "tier": "Silver", "color": "#C0C0C0"}
    assert shown == [("vip-promoted", public)]
