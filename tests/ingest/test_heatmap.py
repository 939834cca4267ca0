"""Hours of the week: in the streamer's own time, through changes of the clock, and taken back with what is deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.db import Database
from core.events import Kind, Mark
from models import ViewerHour, WeekHour
from tests.support import NOON, NOVA, POLICY, act, chat, deletion, hours, only, rows, timeout, write


def at(text: str) -> int:
    """UTC, ISO 8601."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


SUNDAY, MONDAY, SATURDAY = 0, 24, 6 * 24


@pytest.mark.parametrize(
    ("zone", "when", "slot"),
    [
        ("UTC", "2026-11-22T00:00", SUNDAY),
        ("UTC", "2026-11-21T23:59:59.999", SATURDAY + 23),
        ("Europe/Berlin", "2026-11-22T23:00", MONDAY),
        ("Europe/Berlin", "2026-11-22T22:59:59.999", SUNDAY + 23),
        # The clock goes back from three to two: that hour comes twice.
        ("Europe/Berlin", "2026-10-25T00:30", SUNDAY + 2),
        ("Europe/Berlin", "2026-10-25T01:30", SUNDAY + 2),
        ("Europe/Berlin", "2026-10-25T02:30", SUNDAY + 3),
        # And forward from two to three: that hour is left out.
        ("Europe/Berlin", "2026-03-29T00:59", SUNDAY + 1),
        ("Europe/Berlin", "2026-03-29T01:00", SUNDAY + 3),
        ("Asia/Kolkata", "2026-11-21T18:29", SATURDAY + 23),
        ("Asia/Kolkata", "2026-11-21T18:30", SUNDAY),
        ("Asia/Kathmandu", "2026-11-21T18:14", SATURDAY + 23),
        ("Asia/Kathmandu", "2026-11-21T18:15", SUNDAY),
        # Half an hour of summer time.
        ("Australia/Lord_Howe", "2026-04-04T14:59", SUNDAY + 1),
        ("Australia/Lord_Howe", "2026-04-04T15:00", SUNDAY + 1),
        ("Australia/Lord_Howe", "2026-04-04T15:30", SUNDAY + 2),
    ],
)
def test_an_hour_is_told_in_the_streamers_zone(db: Database, zone: str, when: str, slot: int) -> None:
    write(db, [chat(NOVA, at=at(when))], policy=replace(POLICY, zone=ZoneInfo(zone)))
    assert only(db, ViewerHour)["slot"] == only(db, WeekHour)["slot"] == slot


def test_what_people_do_is_counted_and_that_they_come_and_go_is_not(db: Database) -> None:
    write(
        db,
        [
            chat(NOVA, amount=100),
            act(Kind.GIFT, NOVA, amount=30, quantity=3),
            act(Kind.LIKE, NOVA, amount=15),
            act(Kind.SHARE, NOVA),
            act(Kind.JOIN, NOVA),
            act(Kind.PART, NOVA),
            chat(NOVA, marks=Mark.SHARED, amount=900),
            timeout(NOVA, NOON - 1),
            act(Kind.VIEWERS, amount=40),
            chat(None, amount=5),
        ],
    )
    assert (only(db, ViewerHour)["events"], only(db, ViewerHour)["coins"]) == (4, 130)
    assert (only(db, WeekHour)["events"], only(db, WeekHour)["coins"]) == (5, 135)


def test_the_same_hour_of_another_week_is_the_same_hour(db: Database) -> None:
    write(db, [chat(NOVA), chat(NOVA, at=NOON - hours(7 * 24)), chat(NOVA, at=NOON - hours(6 * 24))])
    assert [row["events"] for row in rows(db, ViewerHour)] == [1, 2]


def test_what_is_deleted_is_taken_back_from_its_own_hour(db: Database) -> None:
    said = chat(NOVA, amount=50)
    write(db, [said, chat(NOVA, at=NOON + hours(1))])
    write(db, [deletion(said, NOON + hours(2))])
    assert [(row["events"], row["coins"]) for row in rows(db, ViewerHour)] == [(0, 0), (1, 0)]
    assert [(row["events"], row["coins"]) for row in rows(db, WeekHour)] == [(0, 0), (1, 0)]


def test_nothing_is_kept_where_that_is_switched_off(db: Database) -> None:
    write(db, [chat(NOVA)], policy=replace(POLICY, heatmap=False))
    assert rows(db, ViewerHour) == rows(db, WeekHour) == []
