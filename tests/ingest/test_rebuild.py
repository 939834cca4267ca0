"""The rebuild: every total recomputed from the raw events, as it should have been all along."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from core.db import Database
from core.events import Event, Kind, Person, Platform
from ingest import rebuild as rebuilding
from ingest.rebuild import rebuild
from models import Channel, FreshTerms, MinuteRollup, Stream, StreamViewer, Viewer
from tests.ingest.tables import tables
from tests.support import LENA, NOON, NOVA, OTTO, POLICY, SAM, act, chat, deletion, minutes, timeout, write


def events() -> list[Event]:
    said = chat(NOVA, "clutch", NOON + minutes(1), amount=5)
    return [
        chat(NOVA, "clutch Kappa", emotes=["Kappa"]),
        said,
        act(Kind.GIFT, OTTO, NOON + minutes(2), amount=50, quantity=5),
        act(Kind.GIFT, OTTO, NOON + minutes(2), amount=3, platform=Platform.TIKTOK),
        act(Kind.VIEWERS, at=NOON + minutes(3), amount=12),
        act(Kind.LIKE, LENA, NOON + minutes(3), amount=12),
        act(Kind.JOIN, Person("", "nova"), NOON + minutes(30)),
        chat(NOVA, "late", NOON - minutes(20)),
        timeout(SAM, NOON + minutes(3)),
        deletion(said),
        act(Kind.CLEAR, at=NOON + minutes(4)),
        chat(NOVA, "wow", NOON + minutes(40)),
    ]


def run(db: Database) -> int:
    with db.writing() as connection:
        return rebuild(connection, POLICY, NOON)


@pytest.mark.parametrize("chunk", [1, 3, 5_000])
def test_a_rebuild_of_what_is_right_changes_nothing(db: Database, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "CHUNK", chunk)
    write(db, events())
    before = tables(db)
    assert run(db) == len(events())
    assert tables(db) == before


def test_a_rebuild_puts_right_what_is_wrong_or_gone(db: Database) -> None:
    write(db, events())
    before = tables(db)
    with db.writing() as connection:
        connection.execute(update(MinuteRollup).values(messages=99, viewers=None))
        connection.execute(update(Channel).values(total_messages=-5))
        connection.execute(update(Stream).values(messages=1, chatters=1, coins=1))
        connection.execute(update(Viewer).values(total_comments=7, total_visits=0, last_seen_at_ms=1))
        connection.execute(delete(StreamViewer))
        connection.execute(delete(FreshTerms))
    assert tables(db) != before
    run(db)
    assert tables(db) == before


def test_who_was_only_ever_timed_out_keeps_the_day_they_were_first_heard_of(db: Database) -> None:
    write(db, [timeout(SAM, NOON + 5)])
    write(db, [timeout(SAM, NOON)])
    before = tables(db)["viewers"]["twitch", SAM.user_id]
    assert before[2:5] == (NOON, NOON, 0)
    run(db)
    assert tables(db)["viewers"]["twitch", SAM.user_id] == before


def test_a_rebuild_of_nothing_reads_nothing(db: Database) -> None:
    assert run(db) == 0


def test_a_rebuild_tells_how_far_it_is(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "CHUNK", 5)
    write(db, events())
    told: list[int] = []
    with db.writing() as connection:
        rebuild(connection, POLICY, NOON, told.append)
    assert told == [5, 10, 12]
