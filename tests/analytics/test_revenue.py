"""What was earned, told by day, source, hour and stream; currencies beside each other and never added."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from analytics import revenue as answers
from core.clock import DAY_MS
from core.db import Database
from core.events import Kind
from ingest import ledger
from ingest.ledger import Entry
from models import EntryKind
from tests.support import CURRENCY, NOON, NOVA, OTTO, UTC, act, chat, days, hours, minutes, write


def told(db: Database, now_ms: int = NOON, currency: str = CURRENCY, zone: ZoneInfo = UTC) -> dict[str, Any]:
    with db.reading() as connection:
        return answers.revenue(connection, answers.Question(currency, now_ms, zone))


def earn(
    db: Database, *amounts: tuple[int, float], currency: str = CURRENCY, source: str = "shop", **more: Any
) -> None:
    """(when, how much) of each."""
    entries = [
        Entry(source, at_ms, currency, round(amount * 1_000_000), f"test/{source}/{at_ms}/{amount}", **more)
        for at_ms, amount in amounts
    ]
    with db.writing() as connection:
        ledger.book(connection, entries, UTC, NOON)


def test_an_empty_ledger_tells_thirty_days_of_nothing(db):
    found = told(db)
    assert (found["today"], found["yesterday"], found["month"], found["currency"]) == (0, 0, 0, "USD")
    assert len(found["last_30_days"]) == 30
    assert found["last_30_days"][-1] == {"date": "2026-11-21", "revenue": 0.0, "sales": 0}
    assert (found["by_source"], found["best_day"], found["best_hours"], found["by_stream"]) == ([], None, [], [])
    assert found["projected_month"]["basis"] == "nothing"
    assert found["other_currencies"] == []


def test_every_day_is_there_with_what_it_brought(db):
    earn(db, (NOON, 3), (NOON - days(1), 5), (NOON - days(29), 7), (NOON - days(30), 11), (NOON - hours(13), 1))
    found = told(db)
    assert (found["today"], found["yesterday"]) == (3, 6)
    assert [day["revenue"] for day in found["last_30_days"]] == [7, *[0] * 27, 6, 3]
    assert found["last_30_days"][-2]["sales"] == 2
    assert found["month"] == 9
    assert found["best_day"] == {"date": "2026-10-22", "revenue": 11.0}


def test_the_month_is_held_against_the_same_days_of_the_one_before_where_all_of_them_are_known(db):
    earn(db, (NOON, 8), (NOON - days(31) - 1, 5), (NOON - days(30), 100), (NOON - days(40), 1))
    assert told(db)["month_before"] is None  # nothing is known of 1 October
    earn(db, (NOON - days(51), 2))
    assert told(db)["month_before"] == {"from": "2026-10-01", "to": "2026-10-21", "revenue": 8.0}
    assert told(db, NOON + days(10 + 30 + 30))["month_before"] == {
        "from": "2026-12-01",
        "to": "2026-12-30",
        "revenue": 0.0,
    }
    assert told(db, NOON + days(9))["month_before"] == {"from": "2026-10-01", "to": "2026-10-30", "revenue": 108.0}


def test_of_the_last_day_of_the_month_before_no_more_is_told_than_is_over_of_today(db):
    berlin = ZoneInfo("Europe/Berlin")  # an hour nearer to UTC in November than on 21 October
    then, now = NOON - days(31) - hours(1), NOON
    earn(db, (NOON - days(51), 1), (then - hours(1), 2), (then, 20), (then + hours(1), 500))
    assert told(db, now, zone=berlin)["month_before"]["revenue"] == 3.0
    # A quarter of what the hour brought.
    assert told(db, now + minutes(15), zone=berlin)["month_before"]["revenue"] == 8.0
    assert told(db, now + hours(1), zone=berlin)["month_before"]["revenue"] == 23.0


def test_sources_are_told_with_the_largest_first_and_their_part_of_the_whole(db):
    earn(db, (NOON, 60), (NOON - 1, 15))
    earn(db, (NOON, 25), source="merch")
    earn(db, (NOON, -5), source="merch", kind=EntryKind.REFUND)
    assert told(db)["by_source"] == [
        {"source": "shop", "revenue": 75.0, "sales": 2, "percent": 78.9},
        {"source": "merch", "revenue": 20.0, "sales": 1, "percent": 21.1},
    ]


def test_other_currencies_stand_beside_the_main_one_and_are_never_added(db):
    earn(db, (NOON, 10))
    earn(db, (NOON, 1_000), currency="JPY", source="till")
    found = told(db)
    assert (found["today"], found["month"]) == (10, 10)
    (yen,) = found["other_currencies"]
    assert (yen["currency"], yen["today"], yen["last_30_days"]) == ("JPY", 1_000, 1_000)
    assert [one["source"] for one in yen["by_source"]] == ["till"]
    assert told(db, currency="JPY")["today"] == 1_000


def test_streams_are_told_with_what_each_earned(db):
    write(db, [act(Kind.GIFT, NOVA, NOON - hours(30), amount=400), act(Kind.SUB, OTTO, NOON - hours(30), plan="2000")])
    write(db, [chat(NOVA, amount=150)])
    now, before = told(db)["by_stream"]
    assert (now["live"], now["earned"]["amount"], now["earned"]["bits"]) == (True, 1.5, 1.5)
    assert (before["live"], before["earned"]["amount"]) == (False, 7.0)
    assert (before["earned"]["gifts"], before["earned"]["subs"]) == (2.0, 5.0)


def test_the_best_hours_are_those_of_the_clock_in_the_zone_that_is_set(db):
    earn(db, (NOON, 10), (NOON - days(1), 10), (NOON - hours(4), 15), (NOON - hours(6), 1), (NOON - days(31), 99))
    found = told(db)
    assert [hour["hour"] for hour in found["best_hours"]] == [12, 8, 6]
    assert [one["hour"] for one in found["by_hour"]] == list(range(24))
    assert found["by_hour"][12] == {"hour": 12, "revenue": 20.0, "sales": 2}


def test_hours_bring_what_their_thirty_days_brought(db):
    begins = NOON - days(29) - hours(12)  # midnight, thirty days ago with today
    earn(db, (NOON, 1), (begins, 2), (begins - 1, 4), (NOON - days(30), 8))
    found = told(db)
    assert sum(day["revenue"] for day in found["last_30_days"]) == 3.0
    assert [(one["hour"], one["revenue"]) for one in found["by_hour"] if one["sales"]] == [(0, 2.0), (12, 1.0)]


def test_half_cents_are_added_before_they_are_rounded(db):
    write(db, [act(Kind.GIFT, NOVA, NOON + number, amount=1) for number in range(3)])
    assert told(db, NOON + 10)["today"] == 0.02  # 1.5 cents; each for itself would be nothing


def test_the_newest_entries_are_told_with_who_gave_what(db):
    write(db, [act(Kind.GIFT, NOVA, amount=50, quantity=5, name="<b>Rose</b>")])
    earn(db, (NOON, -4), kind=EntryKind.REFUND, label="Hoodie")
    refund, gift = told(db)["recent"]
    assert (refund["kind"], refund["amount"], refund["label"], refund["user"]) == ("refund", -4.0, "Hoodie", "")
    assert (gift["kind"], gift["user"], gift["quantity"], gift["label"]) == ("earned", "Nova", 5, "<b>Rose</b>")


def test_a_month_that_went_steadily_is_projected_from_its_weekdays(db):
    earn(db, *((NOON - days(back), 10) for back in range(1, 57)))
    found = told(db, NOON - hours(12))["projected_month"]
    assert found == {
        "month": "2026-11",
        "amount": 300.0,
        "low": 300.0,
        "high": 300.0,
        "basis": "weekdays",
        "days_known": 56,
    }


def test_a_day_of_25_hours_is_not_over_after_24(db):
    last_half_hour = 1_792_967_400_000  # 2026-10-25T23:30:00+01:00; the clocks went back in the night before
    earn(db, *((last_half_hour - days(back), 10) for back in range(1, 57)))
    found = told(db, last_half_hour, zone=ZoneInfo("Europe/Berlin"))["projected_month"]
    # 24 days before, half an hour of today and the six days after it.
    assert found["amount"] == 300.2


@pytest.mark.sqlite
def test_no_question_reads_more_as_the_history_grows(db):
    """Sums are read by an index, in as many rows as the answer has; the entries themselves only for the newest few."""
    earn(db, *((NOON - days(back), 1) for back in range(400)))
    plans: list[str] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            raw = cursor.connection.cursor()
            plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(db.engine, "before_cursor_execute", explain)
    told(db)
    event.remove(db.engine, "before_cursor_execute", explain)
    scans = [plan for plan in plans if plan.startswith("SCAN") and "json_each" not in plan and "VIRTUAL" not in plan]
    # In order of their numbers and with a limit; a handful of currencies.
    assert set(scans) <= {"SCAN ledger_entries", "SCAN ledger_totals", "SCAN streams USING INDEX ix_streams_started"}
    assert not [plan for plan in plans if "TEMP B-TREE" in plan]


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns"])
def test_today_begins_at_midnight_of_the_zone(db, zone):
    there = ZoneInfo(zone)
    entry = Entry("shop", NOON, CURRENCY, 1_000_000, "test/1")
    with db.writing() as connection:
        ledger.book(connection, [entry], there, NOON)
    found = told(db, NOON, zone=there)
    assert (found["today"], found["by_hour"][{"Asia/Kolkata": 17, "America/St_Johns": 8}[zone]]["sales"]) == (1.0, 1)
    assert told(db, NOON + DAY_MS, zone=there)["yesterday"] == 1.0
    assert told(db, NOON + minutes(1), zone=there)["today"] == 1.0
