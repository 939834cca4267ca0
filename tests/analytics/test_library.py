"""Answers about the library, held against counting its records one by one; and which index each of them reads."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from analytics import library, library_finance, library_revenue
from core.clock import month_number
from core.db import Database
from rules.library_months import NoMonth, months_named, week_label
from rules.library_values import Moment
from tests import library_histories as histories
from tests import support
from tests.library_histories import NOW, SETTING, ZONE, Reference, money

MONTH = month_number(NOW, ZONE)


@settings(max_examples=20)
@given(histories.orders)
def test_every_answer_is_what_the_records_say(orders):
    with support.fresh_database() as database:
        histories.apply(database, orders)
        told = Reference(database)
        with database.reading() as connection:
            check_plans(library.subscriptions(connection), told)
            check_months(library_revenue.by_month(connection, "USD"), told)
            check_weeks(library_revenue.by_week(connection, "EUR"), told)
            check_days(library_revenue.by_day(connection, "USD", date(2023, 1, 1), date(2023, 3, 1)), told)
            check_popular(connection, told)
            counted = {one["genre"].lower(): one["watch_count"] for one in library.watched_genres(connection)}
            assert counted == dict(told.genres())
            check_methods(library_revenue.by_method(connection), told)
            check_retention(library_finance.retention(connection, MONTH, 24, None), told)
            check_metrics(library_finance.metrics(connection, MONTH, "USD"), told)
            for user in told.users:
                check_user(library.user_stats(connection, user["id"], ZONE, 5), user, told)


def check_plans(found: list[dict[str, Any]], told: Reference) -> None:
    assert {one["plan_id"]: one["user_count"] for one in found} == told.subscriptions()
    for one in found:
        exact = one["user_count"] * one["price"] / one["billing_months"]
        assert one["monthly_revenue"] == pytest.approx(exact, abs=0.5 if one["currency"] == "JPY" else 0.005)


def check_months(found: list[dict[str, Any]], told: Reference) -> None:
    expected = told.revenue(lambda day: day.isoformat()[:7])
    assert {one["month"] for one in found} >= expected.keys()
    months = [one["month"] for one in found]
    assert months == sorted(set(months))
    if found:
        assert (months[0], months[-1]) == (min(expected), max(expected))
    check_series(found, "month", "revenue", "USD", expected)


def check_weeks(found: list[dict[str, Any]], told: Reference) -> None:
    expected = told.revenue(lambda day: week_label(day.toordinal()))
    assert {one["week"] for one in found} >= expected.keys()
    starts = [date.fromisoformat(one["starts_on"]) for one in found]
    assert all(day.weekday() == 0 for day in starts)
    assert all(later - earlier == timedelta(days=7) for earlier, later in pairwise(starts))
    check_series(found, "week", "total_revenue", "EUR", expected)


def check_days(found: list[dict[str, Any]], told: Reference) -> None:
    assert [one["date"] for one in found] == [(date(2023, 1, 1) + timedelta(days=n)).isoformat() for n in range(60)]
    check_series(found, "date", "revenue", "USD", told.revenue(lambda day: day.isoformat()))


def check_series(found: list[dict[str, Any]], key: str, name: str, currency: str, expected: dict[str, Any]) -> None:
    for one in found:
        paid = expected.get(one[key], {})
        assert one[name] == money(paid.get(currency, 0), currency)
        others = {other: money(minor, other) for other, minor in paid.items() if other != currency}
        assert one["other_currencies"] == others


def check_popular(connection: Any, told: Reference) -> None:
    watched = told.watched()
    assert library.months(connection) == sorted(watched, reverse=True)
    for month, titles in watched.items():
        number = 12 * int(month[:4]) + int(month[5:]) - 1
        found = library.popular_in(connection, number)
        assert {one["content_id"]: one["watch_count"] for one in found} == dict(titles), "there are at most ten"
        assert [one["watch_count"] for one in found] == sorted(titles.values(), reverse=True)
        for one in found:
            progress = [
                row["progress"]
                for row in told.watches
                if row["content_id"] == one["content_id"] and told.month(row["watched_at_ms"]) == month
            ]
            assert one["total_progress"] == sum(progress) / 100
            assert one["average_progress"] == round(sum(progress) / len(progress) / 100, 2)
    trend = library.popular_trend(connection, 120, 50)
    assert {(one["month"], one["content_id"]): one["watch_count"] for one in trend} == {
        (month, title): count for month, titles in watched.items() for title, count in titles.items()
    }


def check_methods(found: list[dict[str, Any]], told: Reference) -> None:
    assert sum(one["count"] for one in found) == len(told.payments)
    for one in found:
        theirs = [row for row in told.payments if row["method"].lower() == one["method"].lower()]
        spellings = Counter(row["method"] for row in theirs)
        assert spellings[one["method"]] == max(spellings.values())
        assert one["count"] == len(theirs)
        for currency, amount in one["amounts"].items():
            assert amount == money(sum(r["amount_minor"] for r in theirs if r["currency"] == currency), currency)


def first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def check_retention(found: list[dict[str, Any]], told: Reference) -> None:
    for one in found:
        joined = 12 * int(one["month"][:4]) + int(one["month"][5:]) - 1
        cohort = [user for user in told.users if told.month(user["joined_at_ms"]) == one["month"]]
        assert one["members"] == len(cohort)
        expected = [
            round(100 * sum(user in cohort for user in told.members_at(first_of(end + 1))) / len(cohort), 1)
            for end in range(joined, MONTH)
            if cohort
        ]
        assert one["retained"] == expected


def check_metrics(found: dict[str, Any], told: Reference) -> None:
    assert (found["from"], found["to"]) == ("2023-11", "2024-10")
    for plan in found["plans"]:
        window = range(MONTH - 12, MONTH)
        starts = [told.members_at(first_of(month), plan["plan_id"]) for month in window]
        ends = [told.members_at(first_of(month + 1), plan["plan_id"]) for month in window]
        lost = sum(user not in end for start, end in zip(starts, ends, strict=True) for user in start)
        assert plan["left"] == lost
        at_start = sum(map(len, starts))
        churn = lost / at_start if at_start else None
        assert plan["churn_percent"] == (None if churn is None else round(100 * churn, 2))
        paid = sum(
            row["amount_minor"]
            for row in told.payments
            if row["plan_id"] == plan["plan_id"]
            and row["currency"] == plan["currency"]
            and first_of(window[0]) <= told.day(row["paid_at_ms"]) < first_of(MONTH)
        )
        assert plan["paid"] == money(paid, plan["currency"])
        members = told.subscriptions()[plan["plan_id"]]
        assert plan["members"] == members
        if members and lost:
            assert plan["arpu"] == pytest.approx(plan["mrr"] / members, abs=0.5 if plan["currency"] == "JPY" else 0.01)
            assert plan["lifetime_value"] == pytest.approx(plan["mrr"] / members / churn, rel=0.01, abs=1)
        else:
            assert plan["lifetime_value"] is None
    for total in found["totals"]:
        theirs = [plan for plan in found["plans"] if plan["currency"] == total["currency"]]
        assert total["members"] == sum(plan["members"] for plan in theirs)
        assert total["mrr"] == pytest.approx(sum(plan["mrr"] for plan in theirs))


def check_user(found: dict[str, Any], user: dict[str, Any], told: Reference) -> None:
    watches = [row for row in told.watches if row["member_id"] == user["id"]]
    payments = [row for row in told.payments if row["member_id"] == user["id"]]
    assert len(found["watch_history"]) == min(5, len(watches))
    assert found["totals"]["watches"] == len(watches)
    assert found["totals"]["titles"] == len({row["content_id"] for row in watches})
    assert found["totals"]["payments"] == len(payments)
    newest = sorted((row["watched_at_ms"] for row in watches), reverse=True)[:5]
    shown = [one["watched_on"] for one in found["watch_history"]]
    assert [Moment().clean(one, SETTING, {}) for one in shown] == newest


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Aug", "2024-08"),
        ("august", "2024-08"),
        ("SEPT", "2023-09"),
        ("sep", "2023-09"),
        ("2024-08", "2024-08"),
        ("1999-12", "1999-12"),
        (" May ", "2024-05"),
    ],
)
def test_a_month_is_named_in_words_or_written_out(text, month):
    newest, oldest = 12 * 2024 + 7, 12 * 2020
    first = next(iter(months_named(text, newest, oldest)))
    assert f"{first // 12}-{first % 12 + 1:02d}" == month


@pytest.mark.parametrize(
    "text", ["", "Augustus", "13", "8", "2024-13", "2024-00", "2024-8", "2024-08-01", "0000-01", "٢٠٢٤-٠٨"]
)
def test_what_names_no_month_is_refused(text):
    with pytest.raises(NoMonth):
        months_named(text, 12 * 2024, 12 * 2020)


@pytest.fixture
def database(tmp_path: Path) -> Any:
    made = support.database(tmp_path)
    yield made
    made.close()


def test_a_month_without_a_year_is_the_newest_that_has_data(database: Database):
    histories.apply(database, [])
    for day in ("2021-08-05", "2022-08-31T23:00:00+00:00", "2023-02-01"):
        histories.watch(database, day)
    with database.reading() as connection:
        assert library.month_meant(connection, "Aug") == 12 * 2021 + 7, "in the zone the other was in September"
        assert library.month_meant(connection, "September") == 12 * 2022 + 8
        assert library.month_meant(connection, "Feb") == 12 * 2023 + 1
        assert library.month_meant(connection, "May") is None
        assert library.popular_in(connection, 12 * 2021 + 7)[0]["watch_count"] == 1


def test_before_anything_is_recorded_every_answer_is_empty(database: Database):
    with database.reading() as connection:
        assert library.subscriptions(connection) == []
        assert library_revenue.by_month(connection, "USD") == []
        assert library_revenue.by_week(connection, "USD") == []
        assert library.month_meant(connection, "Aug") is None
        assert library_finance.metrics(connection, MONTH, "USD")["totals"][0]["mrr"] == 0
        assert library_finance.retention(connection, MONTH, 12, None)[0]["members"] == 0
        with pytest.raises(library.NoSuchUser):
            library.user_stats(connection, 1, ZONE, 10)
