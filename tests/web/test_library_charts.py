"""What is told of the library over REST: the shapes that were promised, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from core.clock import iso_utc, now_ms
from tests.web.test_library import make, refused
from web import library_chart_schemas as shapes

LISTS = {
    "/api/subscriptions": shapes.Subscription,
    "/api/top-content": shapes.TopTitle,
    "/api/popular-content-over-time?month=Aug": shapes.PopularTitle,
    "/api/popular-content-trend": shapes.MonthTitle,
    "/api/watch-history-genre": shapes.WatchedGenre,
    "/api/revenue-trends": shapes.Revenue,
    "/api/revenue-trends?start_date=2024-07-30&end_date=2024-08-02": shapes.Revenue,
    "/api/payments-trend": shapes.WeekRevenue,
    "/api/payment-method-distribution": shapes.Method,
    "/api/library/retention": shapes.SignUps,
}


@pytest.fixture(scope="module")
def cast(stage) -> dict[str, Any]:
    """One user with a plan, who watched, reviewed and paid."""
    with stage.client() as client:
        plan = make(client, "plans", name="Charts", price=120, billing_months=12)
        user = make(client, "users", name="Chart <b>Ann</b>", plan_id=plan["id"], joined_at="2024-01-15")
        title = make(client, "content", genre="Documentary", rating=9.9)
        for day, progress in (("2024-08-03", 50), ("2024-08-04", 100), ("2023-08-01", 100)):
            make(client, "watch-history", user_id=user["id"], content_id=title["id"], watched_on=day, progress=progress)
        make(client, "reviews", user_id=user["id"], content_id=title["id"])
        for currency, amount in (("USD", 10), ("USD", 2.5), ("EUR", 7)):
            body = {"amount": amount, "currency": currency, "payment_date": "2024-08-01", "method": "Barter"}
            make(client, "payments", user_id=user["id"], **body)
        return {"plan": plan, "user": user, "title": title}


@pytest.mark.parametrize("address", LISTS)
def test_a_list_has_the_promised_shape(client, cast, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.json()
    TypeAdapter(list[LISTS[address]]).validate_python(answer.json(), strict=True, extra="forbid")


def test_plans_tell_their_users_and_what_they_pay_a_month(client, cast):
    found = {one["subscription"]: one for one in client.get("/api/subscriptions").json()}
    assert found["Charts"]["user_count"] == 1
    assert found["Charts"]["price"] == 120
    assert found["Charts"]["monthly_revenue"] == 10
    empty = make(client, "plans")
    found = {one["subscription"]: one for one in client.get("/api/subscriptions").json()}
    assert (found[empty["name"]]["user_count"], found[empty["name"]]["monthly_revenue"]) == (0, 0)


def test_top_titles_come_highest_first_and_by_genre(client, cast):
    every = client.get("/api/top-content", params={"limit": 100}).json()
    ratings = [one["rating"] for one in every]
    assert ratings == sorted(ratings, reverse=True)
    assert len(client.get("/api/top-content").json()) <= 10
    (best,) = client.get("/api/top-content?genre=DOCUMENTARY&limit=1").json()
    assert best["title"] == cast["title"]["title"]
    assert client.get("/api/top-content?genre=none-of-them").json() == []
    refused(client.get("/api/top-content?limit=0"), 422)


def test_the_titles_of_a_month_are_told_with_their_progress(client, cast):
    for month in ("Aug", "august", "2024-08"):
        found = client.get("/api/popular-content-over-time", params={"month": month}).json()
        mine = next(one for one in found if one["title"] == cast["title"]["title"])
        assert (mine["watch_count"], mine["total_progress"], mine["average_progress"]) == (2, 150, 75), month
        assert {one["month"] for one in found} == {"2024-08"}
    assert client.get("/api/popular-content-over-time?month=1999-01").json() == []


@pytest.mark.parametrize("query", ["", "?month=", "?month=Smarch", "?month=2024-13", "?month=13", "?month=%00"])
def test_a_month_that_is_none_is_refused(client, query):
    assert "month" in refused(client.get(f"/api/popular-content-over-time{query}"), 400)


def test_every_day_of_a_range_is_there_and_currencies_stand_beside_each_other(client, cast):
    address = "/api/revenue-trends?start_date=2024-07-30&end_date=2024-08-02"
    found = {one["date"]: one for one in client.get(address).json()}
    assert list(found) == ["2024-07-30", "2024-07-31", "2024-08-01", "2024-08-02"]
    assert found["2024-07-31"]["revenue"] == 0
    assert found["2024-08-01"]["revenue"] >= 12.5
    assert found["2024-08-01"]["other_currencies"]["EUR"] == 7
    euros = {one["date"]: one for one in client.get(f"{address}&currency=eur").json()}
    assert euros["2024-08-01"]["revenue"] == 7
    months = [one["month"] for one in client.get("/api/revenue-trends").json()]
    assert "2024-08" in months
    weeks = {one["week"]: one for one in client.get("/api/payments-trend").json()}
    assert weeks["2024-W31"]["starts_on"] == "2024-07-29"
    methods = {one["method"]: one for one in client.get("/api/payment-method-distribution").json()}
    assert methods["Barter"] == {"method": "Barter", "count": 3, "amounts": {"EUR": 7.0, "USD": 12.5}}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("start_date=yesterday", "start_date: must be a day like"),
        ("start_date=2024-02-30", "start_date: there is no such day"),
        ("start_date=2024-08-02&end_date=2024-08-01", "start_date: lies after end_date"),
        ("start_date=1000-01-01&end_date=2024-08-01", "start_date"),
        ("currency=dollars", "currency: must be three letters"),
    ],
)
def test_a_range_that_cannot_be_is_refused(client, query, said):
    answer = client.get(f"/api/revenue-trends?{query}")
    refused(answer, 422)
    assert said in answer.json()["error"]


def test_one_user_is_told_with_their_histories(client, cast):
    answer = client.get(f"/api/user-stats/{cast['user']['id']}")
    shapes.UserStats.model_validate(answer.json(), strict=True, extra="forbid")
    found = answer.json()
    assert (found["user_id"], found["name"], found["plan"]) == (cast["user"]["id"], "Chart <b>Ann</b>", "Charts")
    assert [one["watched_on"] for one in found["watch_history"]] == [
        "2024-08-04T00:00:00.000+05:30",
        "2024-08-03T00:00:00.000+05:30",
        "2023-08-01T00:00:00.000+05:30",
    ]
    assert {(one["amount"], one["method"], one["currency"]) for one in found["payment_history"]} == {
        (10, "Barter", "USD"),
        (2.5, "Barter", "USD"),
        (7, "Barter", "EUR"),
    }
    assert found["totals"]["paid"] == {"EUR": 7.0, "USD": 12.5}
    assert found["totals"]["watches"] == 3
    assert found["totals"]["average_progress"] == 83.33
    assert len(client.get(f"/api/user-stats/{cast['user']['id']}?limit=1").json()["watch_history"]) == 1


@pytest.mark.parametrize("question", ["user-stats", "recommendations"])
@pytest.mark.parametrize("user", ["999999", "0", f"{2**70}", "ann", "-1"])
def test_who_is_not_there_is_a_404(client, question, user):
    refused(client.get(f"/api/{question}/{user}"), 404)


def test_recommendations_are_told_with_reasons(client, cast):
    found = client.get(f"/api/recommendations/{cast['user']['id']}").json()
    TypeAdapter(list[shapes.Recommendation]).validate_python(found, strict=True, extra="forbid")
    assert cast["title"]["title"] not in {one["title"] for one in found}


def test_metrics_tell_of_plans_and_currencies(client, cast):
    answer = client.get("/api/library/metrics").json()
    shapes.Metrics.model_validate(answer, strict=True, extra="forbid")
    mine = next(one for one in answer["plans"] if one["plan"] == "Charts")
    assert (mine["members"], mine["mrr"]) == (1, 10)
    assert answer["totals"][0]["currency"] == answer["currency"] == "USD"
    refused(client.get("/api/library/retention?months=0"), 422)


def test_what_can_be_chosen_is_told(client, cast):
    answer = client.get("/api/library/choices").json()
    shapes.Choices.model_validate(answer, strict=True, extra="forbid")
    assert "Documentary" in {one["genre"] for one in answer["genres"]}
    assert "2024-08" in answer["months"]
    assert answer["content_types"] == sorted(set(answer["content_types"]))
    assert "Movie" in answer["content_types"]


def test_a_payment_is_revenue_at_once(client: httpx.Client, cast):
    before = client.get("/api/revenue").json()
    paid = make(client, "payments", user_id=cast["user"]["id"], amount=33, payment_date=iso_utc(now_ms()))
    assert earned(client) == earned_of(before) + 33
    client.patch(f"/api/payments/{paid['id']}", json={"amount": 3})
    assert earned(client) == earned_of(before) + 3
    client.delete(f"/api/payments/{paid['id']}")
    assert earned(client) == earned_of(before)


def earned(client: httpx.Client) -> float:
    return earned_of(client.get("/api/revenue").json())


def earned_of(answer: dict[str, Any]) -> float:
    return float(answer["today"])
