"""Visitors are counted once a day and once an hour, and nothing that stays tells who they were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.visitors import visitors
from core.clock import HOUR_MS, MINUTE_MS
from core.db import Database
from core.tracked import Tracked
from ingest import visitors as counting
from ingest.policy import Policy
from ingest.store import record
from models import VisitorDay, VisitorHour, VisitorSalt, VisitorSeen
from rules.funnel import Step
from tests.databases import unsafe
from tests.ingest.histories import ZONES
from tests.ingest.shop import emptied, split
from tests.support import NOON, UTC, database, days, examples, hours, minutes, rows, seconds

thorough = examples(40)
_numbers = iter(range(10**9))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = unsafe(database(tmp_path_factory.mktemp("visitors")))
    yield made
    made.close()


def view(at_ms: int = NOON, user: str | None = None, of: str = "", step: Step = Step.PAGE_VIEW, **more: Any) -> Tracked:
    return Tracked(f"v-{next(_numbers)}", int(step), at_ms, user, visitor=of, **more)


def come(db: Database, *views: Tracked, now_ms: int | None = None, zone: ZoneInfo = UTC) -> None:
    now_ms = max(view.at_ms for view in views) if now_ms is None else now_ms
    with db.writing() as connection:
        record(connection, views, now_ms, Policy(zone=zone))


def told(db: Database, now_ms: int = NOON, zone: ZoneInfo = UTC) -> dict[str, Any]:
    with db.reading() as connection:
        return visitors(connection, now_ms, zone)


def test_a_visitor_is_a_distinct_person_of_a_day_known_by_id_or_else_by_address_and_browser(db):
    come(
        db,
        view(user="ada"),
        view(user="ada", of="elsewhere"),
        view(of="10.0.0.1\0Firefox"),
        view(of="10.0.0.1\0Safari"),
    )
    come(db, view(of="10.0.0.1\0Firefox"))
    assert told(db)["today"] == 3


def test_bots_and_whatever_is_no_page_view_are_no_visitors(db):
    come(db, view(of="a", is_bot=True), view(user="ada", step=Step.PURCHASE), view())
    found = told(db)
    assert (found["today"], found["online_now"], found["counted_since"]) == (0, 0, None)


def test_every_day_and_hour_is_there_also_where_nobody_came(db):
    come(db, view(NOON - days(3), "ada"))
    come(db, view(user="ada"), view(user="ben"))
    found = told(db)
    assert [day["visitors"] for day in found["last_30_days"]] == [0] * 26 + [1, 0, 0, 2]
    assert found["last_30_days"][-1] == {"date": "2026-11-21", "visitors": 2}
    assert [hour["visitors"] for hour in found["last_24_hours"]] == [0] * 23 + [2]
    assert found["last_24_hours"][0]["hour"] == "2026-11-20T13:00:00.000+00:00"
    assert found["counted_since"] == "2026-11-18"


def test_somebody_is_online_for_five_minutes_after_their_last_view(db):
    come(db, view(user="ada"), view(NOON + minutes(2), "ben"))
    assert [told(db, NOON + minutes(after))["online_now"] for after in (2, 5, 6, 8)] == [2, 2, 1, 0]


def test_at_local_midnight_the_salt_and_everybody_seen_are_thrown_away(db):
    zone = ZoneInfo("Asia/Kolkata")
    midnight = NOON + hours(6) + minutes(30)
    come(db, view(midnight - 1, "ada"), zone=zone)
    (before,) = rows(db, VisitorSalt)
    come(db, view(midnight, "ada"), zone=zone)
    (after,) = rows(db, VisitorSalt)
    assert before["salt"] != after["salt"]
    assert [row["visitors"] for row in rows(db, VisitorDay)] == [1, 1]
    assert len(rows(db, VisitorSeen)) == 1


def test_they_are_thrown_away_also_where_nobody_comes_any_more(db):
    come(db, view(user="ada"))
    for now_ms, kept in ((NOON + hours(11), 1), (NOON + hours(12), 0)):
        with db.writing() as connection:
            counting.forget_past(connection, UTC, now_ms)
        assert (len(rows(db, VisitorSalt)), len(rows(db, VisitorSeen))) == (kept, kept)
    assert [row["visitors"] for row in rows(db, VisitorDay)] == [1]


def test_two_processes_whose_clocks_differ_go_over_to_the_next_day_together(db):
    midnight = NOON + hours(12)
    come(db, view(midnight + seconds(1), "ada"), now_ms=midnight + seconds(1))
    come(db, view(midnight + seconds(1), "ada"), now_ms=midnight - seconds(1))
    assert told(db, midnight + seconds(2))["today"] == 1
    assert len(rows(db, VisitorSalt)) == 1


def test_after_a_move_to_a_zone_in_the_west_everybody_is_still_counted_once(db):
    come(db, view(user="ada"), zone=ZoneInfo("Pacific/Auckland"))  # where it is tomorrow
    west = ZoneInfo("America/Los_Angeles")
    come(db, view(NOON + 1, "ada"), view(NOON + 1, "ben"), zone=west)
    found = told(db, NOON + 1, west)
    assert (found["last_24_hours"][-1]["visitors"], found["online_now"]) == (2, 2)
    assert [row["visitors"] for row in rows(db, VisitorDay)] == [2]


def test_a_clock_that_was_wrong_by_days_is_believed_no_longer_than_it_lasts(db):
    come(db, view(NOON + days(40), "ada"), now_ms=NOON + days(40))
    come(db, view(user="ada"))
    assert told(db)["today"] == 1


def test_what_is_reported_of_a_day_that_is_over_counts_no_visitors(db):
    come(db, view(NOON - days(1), "ada"), now_ms=NOON)
    assert told(db)["last_30_days"][-2]["visitors"] == 0


def test_neither_address_nor_browser_is_stored_anywhere(db, tmp_path):
    come(db, view(of="203.0.113.7\0Mozilla/5.0 (Rare)"))
    assert told(db)["today"] == 1
    db.close()
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert b"203.0.113.7" not in content
        assert b"Mozilla" not in content


people = st.sampled_from([("ada", ""), ("ben", ""), (None, "one"), (None, "two"), (None, "")])
arrivals = st.lists(st.tuples(people, st.integers(0, 30), st.sampled_from([0, 0, -1, 59_999, -HOUR_MS])), max_size=25)


@thorough
@given(arrivals, st.lists(st.integers(1, 5), max_size=6), st.sampled_from(ZONES))
def test_days_and_hours_hold_as_many_as_there_were_whatever_the_batches(shared, arrivals, sizes, zone_name):
    emptied(shared)
    zone, at_ms, views = ZoneInfo(zone_name), NOON - days(28) - hours(2), []  # into the night in which clocks go back
    for (user, of), step, jitter in arrivals:
        at_ms += step * 20 * MINUTE_MS
        views.append(view(at_ms + jitter, user, of))
    expected_days, expected_hours = defaultdict(set), defaultdict(set)
    now_ms, counted = 0, date.min
    for batch in split(views, sizes):
        now_ms = max([now_ms, *(one.at_ms for one in batch)])
        come(shared, *batch, now_ms=now_ms, zone=zone)
        today = local(now_ms, zone).date()
        if any(one.user_id or one.visitor for one in batch):
            counted = today  # who was seen on the day before is forgotten with it, also where nobody came today
        for one in batch:
            who, at = one.user_id or one.visitor, local(one.at_ms, zone)
            if who and at.date() == today:
                expected_days[today].add(who)
                expected_hours[one.at_ms // MINUTE_MS - at.minute].add((today, who))
    assert found(shared, VisitorDay, "day") == {day.toordinal(): len(who) for day, who in expected_days.items()}
    assert found(shared, VisitorHour, "hour") == {start: len(who) for start, who in expected_hours.items()}
    seen: Sequence[Any] = rows(shared, VisitorSeen)
    assert len(seen) == len(expected_days.get(counted, ()))


def local(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, zone)


def found(db: Database, table: Any, key: str) -> dict[int, int]:
    return {row[key]: row["visitors"] for row in rows(db, table)}
