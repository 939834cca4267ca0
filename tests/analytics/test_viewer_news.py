"""The outbox of people's news: each row once and in order, however transactions overtake one another."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from analytics import viewer_news, viewers
from analytics.viewer_news import Outbox
from core.db import Database
from ingest import news
from models import Viewer, ViewerNews
from tests.support import NOON, NOVA, OTTO, SAM, UTC, chat, rows, write

SIX_MINUTES = 360.0


@pytest.fixture
def ids(db: Database) -> dict[str, int]:
    """The cast, whose own news are passed already."""
    write(db, [chat(NOVA), chat(OTTO), chat(SAM)])
    return {row["username"]: row["id"] for row in rows(db, Viewer)}


def tell(db: Database, *told: tuple[int, str], detail: dict[str, Any] | None = None) -> None:
    with db.writing() as connection:
        news.tell(connection, [(NOON, who, kind, detail or {}) for who, kind in told])


def add(db: Database, id_: int, who: int, kind: str) -> None:
    """A row with a number of its own: of a transaction that took longer than those after it."""
    with db.writing() as connection:
        connection.execute(
            ViewerNews.__table__.insert().values(id=id_, at_ms=NOON, viewer_id=who, kind=kind, detail="{}")
        )


def look(db: Database, outbox: Outbox, now: float, limit: int = 100) -> list[str]:
    """What is new, as a follower takes it."""
    with db.reading() as connection:
        found = outbox.unread(connection, limit)
    outbox.passed(found, now)
    return [one.kind for one in found]


@pytest.mark.parametrize("overlap", [0.0, 5.0])
def test_the_first_look_passes_what_was_there_and_every_other_takes_what_is_new(db, ids, overlap):
    outbox = Outbox(overlap)
    assert look(db, outbox, 0) == []
    tell(db, (ids["nova"], "new"), (ids["otto"], "online"))
    assert look(db, outbox, 1) == ["new", "online"]
    assert look(db, outbox, 2) == []
    tell(db, (ids["nova"], "offline"))
    assert look(db, outbox, 3) == ["offline"]
    assert look(db, outbox, SIX_MINUTES) == []


@pytest.mark.parametrize("overlap", [0.0, 5.0])
def test_many_are_taken_in_parts_and_none_twice(db, ids, overlap):
    outbox = Outbox(overlap)
    look(db, outbox, 0)
    kinds = [f"kind{number}" for number in range(25)]
    tell(db, *((ids["nova"], kind) for kind in kinds))
    taken = [look(db, outbox, 1 + number, limit=10) for number in range(4)]
    assert [len(part) for part in taken] == [10, 10, 5, 0]
    assert [kind for part in taken for kind in part] == kinds


def test_a_row_that_appears_behind_a_later_one_is_not_lost(db, ids):
    """PostgreSQL gives numbers out before transactions end."""
    outbox = Outbox(5.0)
    look(db, outbox, 0)
    add(db, 1_003, ids["nova"], "third")
    assert look(db, outbox, 1) == ["third"]
    add(db, 1_001, ids["nova"], "first")
    add(db, 1_002, ids["nova"], "second")
    assert look(db, outbox, 2) == ["first", "second"]
    assert look(db, outbox, 3) == []


def test_what_was_passed_long_ago_is_not_remembered_one_by_one(db, ids):
    outbox = Outbox(5.0)
    look(db, outbox, 0)
    tell(db, *((ids["nova"], "updated") for _ in range(50)))
    look(db, outbox, 1)
    assert look(db, outbox, 100) == []
    assert outbox._passed == {}


def test_what_is_skipped_is_never_told(db, ids):
    outbox = Outbox(0.0)
    look(db, outbox, 0)
    tell(db, (ids["nova"], "new"))
    with db.reading() as connection:
        outbox.skip(connection)
    assert look(db, outbox, 1) == []


def test_the_outbox_may_be_pruned_while_it_is_followed(db, ids):
    outbox = Outbox(0.0)
    look(db, outbox, 0)
    tell(db, (ids["nova"], "new"), (ids["nova"], "online"))
    look(db, outbox, 1)
    with db.writing() as connection:
        news.forget_old(connection, NOON + 3_600_000)
    tell(db, (ids["otto"], "new"))
    assert look(db, outbox, 2) == ["new"]


def test_a_stream_is_shown_only_promotions_and_birthdays_of_those_who_may_be_shown(db, ids):
    outbox = Outbox(0.0)
    look(db, outbox, 0)
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
