"""The library's records over REST: each of the six kinds made, listed, changed and deleted, and what is refused."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.web.conftest import Stage

KINDS = ("plans", "users", "content", "watch-history", "reviews", "payments")
REFERS_TO = {
    "users": ("plan_id",),
    "watch-history": ("user_id", "content_id"),
    "reviews": ("user_id", "content_id"),
    "payments": ("user_id",),
}
OF = {"plan_id": "plans", "user_id": "users", "content_id": "content"}
CHANGES = {
    "plans": {"price": 12.5},
    "users": {"name": "Anna"},
    "content": {"genre": "Comedy", "rating": 9.1},
    "watch-history": {"progress": 100},
    "reviews": {"rating": 3, "comment": "On second thought…\nno."},
    "payments": {"amount": 0, "method": "PayPal"},
}

JSON = {"Content-Type": "application/json"}

_numbers = itertools.count(1)


def body_of(kind: str) -> dict[str, Any]:
    """A record of the kind, without what it refers to."""
    number = next(_numbers)
    return {
        "plans": {"name": f"Plan {number}", "price": 9.99},
        "users": {"name": "Ann", "email": f"ann{number}@example.com"},
        "content": {"title": f"Title {number}", "genre": "Drama", "rating": 7.25, "release_date": "2019-05"},
        "watch-history": {"watched_on": "2024-08-03T20:15:00+02:00", "progress": 42.5},
        "reviews": {"rating": 8, "comment": "<b>good</b>", "reviewed_on": "2024-08-04"},
        "payments": {"amount": 9.99, "method": "Card", "payment_date": "2024-08-01"},
    }[kind]


def make(client: httpx.Client, kind: str, **more: Any) -> dict[str, Any]:
    """Makes a record, and what it refers to unless that is given."""
    body = body_of(kind) | more
    for field in REFERS_TO.get(kind, ()):
        if field not in body:
            body[field] = make(client, OF[field])["id"]
    answer = client.post(f"/api/{kind}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert said["success"] is False
    assert isinstance(said["details"], list)
    return said["error"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_record_is_made_opened_changed_replaced_and_deleted(client, kind):
    made = make(client, kind)
    address = f"/api/{kind}/{made['id']}"
    assert client.get(address).json() == made
    changed = client.patch(address, json=CHANGES[kind]).json()
    told = {"updated_at", "status"}
    assert {key: value for key, value in changed.items() if key not in told | CHANGES[kind].keys()} == {
        key: value for key, value in made.items() if key not in told | CHANGES[kind].keys()
    }
    assert {key: changed[key] for key in CHANGES[kind]} == CHANGES[kind]
    replaced = client.put(address, json=made)
    assert replaced.status_code == 200, "what was answered can be sent back"
    assert replaced.json() | {"updated_at": ""} == made | {"updated_at": ""}
    deleted = client.delete(address)
    assert (deleted.status_code, deleted.json()) == (200, {"success": True, "id": made["id"]})
    for again in (client.get(address), client.delete(address), client.patch(address, json={})):
        assert str(made["id"]) in refused(again, 404)


def test_the_address_of_a_new_record_is_told(client, kind):
    body = {**body_of(kind), **{field: make(client, OF[field])["id"] for field in REFERS_TO.get(kind, ())}}
    answer = client.post(f"/api/{kind}", json=body)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/{kind}/{answer.json()['id']}"


def test_a_list_is_paged_and_its_pages_hold_every_record_once(client, kind):
    made = [make(client, kind)["id"] for _ in range(3)]
    total = client.get(f"/api/{kind}", params={"limit": 1}).json()["pagination"]["total"]
    seen = []
    for page in itertools.count(1):
        answer = client.get(f"/api/{kind}", params={"page": page, "limit": 2}).json()
        assert answer["pagination"] | {"page": page, "limit": 2, "total": total} == answer["pagination"]
        assert answer["pagination"]["totalPages"] == -(-total // 2)
        seen += [record["id"] for record in answer["data"]]
        if len(answer["data"]) < 2:
            break
    assert len(seen) == len(set(seen)) == total
    assert set(made) <= set(seen)
    assert client.get(f"/api/{kind}", params={"page": 10_000}).json()["data"] == []


def test_every_sort_and_order_sorts(client, kind):
    for _ in range(3):
        make(client, kind)
    spec = client.get("/openapi.json").json()["paths"][f"/api/{kind}"]["get"]["parameters"]
    sorts = next(one for one in spec if one["name"] == "sort")["schema"]
    for sort in sorts.get("enum") or [sorts["const"]]:
        up = client.get(f"/api/{kind}", params={"sort": sort, "order": "asc", "limit": 200}).json()["data"]
        down = client.get(f"/api/{kind}", params={"sort": sort, "order": "desc", "limit": 200}).json()["data"]
        assert [one["id"] for one in down] == [one["id"] for one in up][::-1], sort
        values = [one[sort] for one in up if one[sort] is not None]
        if sort not in ("price", "amount"):  # which are sorted as stored, whatever the currency
            assert values == sorted(values, key=lambda value: value.lower() if sort == "email" else value), sort


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "password_hash"},
        {"sort": "id; DROP TABLE library_plans"},
        {"order": "sideways"},
        {"page": 0},
        {"page": "two"},
        {"limit": 201},
        {"limit": -1},
    ],
)
def test_a_question_that_is_not_on_the_list_is_refused(client, kind, asked):
    refused(client.get(f"/api/{kind}", params=asked), 422)


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"\xff\xfe"])
def test_a_body_that_is_no_json_is_refused(client, kind, body):
    refused(client.post(f"/api/{kind}", content=body, headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize("body", [[], "text", 1, None, [{}]])
def test_a_body_that_is_no_object_is_refused(client, kind, body):
    assert client.post(f"/api/{kind}", json=body).status_code in (400, 422)
    address = f"/api/{kind}/{make(client, kind)['id']}"
    assert client.patch(address, json=body).status_code in (400, 422)


def test_what_is_missing_is_named(client, kind):
    answer = client.post(f"/api/{kind}", json={})
    assert "is missing" in refused(answer, 422)
    assert {one["field"] for one in answer.json()["details"]} >= set(REFERS_TO.get(kind, ())) - {"plan_id"}


def test_a_field_that_does_not_exist_is_refused_and_nothing_is_stored(client, kind):
    before = client.get(f"/api/{kind}").json()["pagination"]["total"]
    answer = client.post(f"/api/{kind}", json=body_of(kind) | {"colour": "red"})
    assert "colour" in refused(answer, 422)
    assert client.get(f"/api/{kind}").json()["pagination"]["total"] == before


@pytest.mark.parametrize(
    ("kind_", "field", "value"),
    [
        *(("plans", "price", value) for value in (-1, "9.99", None, True, 1e12, 9.999, [])),
        *(("plans", "currency", value) for value in ("US", "dollar", 5, None, "USÐ")),
        *(("plans", "billing_months", value) for value in (0, 1.5, "12", 1_000)),
        *(("plans", "name", value) for value in ("", "   ", "x" * 81, None, 5, "two\nlines", "nul\0", "\ud800")),
        *(("users", "email", value) for value in ("", "ann", "a@b@c", "a b@example.com", None, "x" * 260 + "@e.com")),
        *(("users", "plan_id", value) for value in (0, -1, 1.5, "1", 2**60, True, 999_999)),
        *(("users", "password", value) for value in ("", 5, "x" * 257, "\udfff")),
        *(("users", "joined_at", value) for value in ("yesterday", "2024-13-01", 1, None, "0001-01-01", "2024-W05")),
        *(("users", "cancelled_at", value) for value in ("1999-01-01", "2199-01-01")),
        *(("content", "rating", value) for value in (-0.1, 10.01, "8", True)),
        *(("content", "release_date", value) for value in ("24", "2024-13", "2024-02-30", "0000", [])),
        *(("watch-history", "progress", value) for value in (-1, 100.5, "all", None)),
        *(("watch-history", "user_id", value) for value in (None, 999_999, "1")),
        *(("reviews", "rating", value) for value in (None, 11, -1)),
        *(("reviews", "content_id", value) for value in (999_999, 2**70)),
        *(("payments", "amount", value) for value in (-5, None, 0.001)),
        *(("payments", "payment_date", value) for value in ("2300-01-01", "now", "2024-08-01T25:00")),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client, kind_, field, value):
    made = make(client, kind_)
    answer = client.patch(f"/api/{kind_}/{made['id']}", content=json.dumps({field: value}), headers=JSON)
    error = refused(answer, 422)
    assert error.startswith(f"{field}: ")
    assert [one["field"] for one in answer.json()["details"]] == [field]
    assert client.get(f"/api/{kind_}/{made['id']}").json() == made


@pytest.mark.parametrize("number", [0, 2**63, 10**30])
def test_an_id_that_cannot_be_is_a_404(client, kind, number):
    refused(client.get(f"/api/{kind}/{number}"), 404)
    refused(client.delete(f"/api/{kind}/{number}"), 404)


def test_an_address_belongs_to_one_user_whatever_its_capitals(client):
    ann = make(client, "users", email="Ann.Ä@Example.com")
    assert ann["email"] == "Ann.Ä@Example.com", "as it was written"
    for email in ("ann.ä@example.com", "ANN.Ä@EXAMPLE.COM", " Ann.Ä@Example.com "):
        answer = client.post("/api/users", json={"name": "Other", "email": email})
        assert "e-mail" in refused(answer, 409)
        assert answer.json()["details"][0]["field"] == "email"
    other = make(client, "users")
    refused(client.patch(f"/api/users/{other['id']}", json={"email": "ann.ä@EXAMPLE.com"}), 409)
    assert client.patch(f"/api/users/{ann['id']}", json={"email": "ann.ä@example.com"}).status_code == 200


def test_plans_have_different_names(client):
    plan = make(client, "plans")
    refused(client.post("/api/plans", json={"name": plan["name"].upper(), "price": 1}), 409)


def test_a_password_is_stored_as_a_hash_and_never_told(client, stage: Stage):
    ann = make(client, "users", password="correct horse battery staple")
    assert ann["has_password"] is True
    assert "password" not in ann
    stored = password_of(stage, ann["id"])
    assert stored.startswith("$argon2id$")
    assert "correct horse" not in client.get(f"/api/users/{ann['id']}").text
    client.put(f"/api/users/{ann['id']}", json=ann)
    assert password_of(stage, ann["id"]) == stored, "nobody was told it, so nobody sends it back"
    client.patch(f"/api/users/{ann['id']}", json={"password": "another"})
    assert password_of(stage, ann["id"]) not in (stored, None)
    assert client.patch(f"/api/users/{ann['id']}", json={"password": None}).json()["has_password"] is False


def password_of(stage: Stage, user_id: int) -> str:
    with sqlite3.connect(stage.database.url.database) as connection:
        return connection.execute("SELECT password_hash FROM library_members WHERE id = ?", [user_id]).fetchone()[0]


def test_what_others_refer_to_cannot_be_deleted_and_the_reason_is_told(client):
    plan = make(client, "plans")
    ann, bob = (make(client, "users", plan_id=plan["id"]) for _ in range(2))
    title = make(client, "content")
    watches = [make(client, "watch-history", user_id=ann["id"], content_id=title["id"]) for _ in range(2)]
    review = make(client, "reviews", user_id=ann["id"], content_id=title["id"])
    answer = client.delete(f"/api/content/{title['id']}")
    assert refused(answer, 409) == (f"title {title['id']} cannot be deleted: 2 watches and 1 review refer to it")
    assert {one["field"]: one["count"] for one in answer.json()["details"]} == {"watch-history": 2, "reviews": 1}
    assert "2 users" in refused(client.delete(f"/api/plans/{plan['id']}"), 409)
    assert "2 watches and 1 review" in refused(client.delete(f"/api/users/{ann['id']}"), 409)
    for address in (
        *(f"/api/watch-history/{one['id']}" for one in watches),
        f"/api/reviews/{review['id']}",
        f"/api/content/{title['id']}",
        f"/api/users/{ann['id']}",
        f"/api/users/{bob['id']}",
        f"/api/plans/{plan['id']}",
    ):
        assert client.delete(address).status_code == 200, address


def test_a_payment_is_for_the_users_plan_unless_told(client):
    plan, other = make(client, "plans"), make(client, "plans")
    ann = make(client, "users", plan_id=plan["id"])
    paid = make(client, "payments", user_id=ann["id"])
    assert paid["plan_id"] == plan["id"]
    without = {key: value for key, value in paid.items() if key not in ("plan", "plan_id")}
    assert client.put(f"/api/payments/{paid['id']}", json=without).json()["plan_id"] == plan["id"]
    assert make(client, "payments", user_id=ann["id"], plan_id=other["id"])["plan"] == other["name"]
    assert make(client, "payments", user_id=ann["id"], plan_id=None)["plan"] is None


def test_money_keeps_to_its_currency(client):
    yen = make(client, "plans", currency="jpy", price=980)
    assert (yen["currency"], yen["price"]) == ("JPY", 980)
    assert "decimals" in refused(client.patch(f"/api/plans/{yen['id']}", json={"price": 9.5}), 422)
    dollars = client.patch(f"/api/plans/{yen['id']}", json={"currency": "USD"}).json()
    assert (dollars["currency"], dollars["price"]) == ("USD", 980)
    client.patch(f"/api/plans/{yen['id']}", json={"price": 9.99})
    assert "decimals" in refused(client.patch(f"/api/plans/{yen['id']}", json={"currency": "JPY"}), 422)
    assert make(client, "payments", amount=0.1 + 0.2)["amount"] == 0.3


def test_times_without_an_offset_are_of_the_zone_and_a_day_begins_at_midnight(client):
    watch = make(client, "watch-history", watched_on="2024-08-03")
    assert watch["watched_on"] == "2024-08-03T00:00:00.000+05:30"
    assert make(client, "watch-history", watched_on="2024-08-03 20:15")["watched_on"] == "2024-08-03T20:15:00.000+05:30"


@pytest.fixture
def crowd(client) -> Iterator[dict[str, Any]]:
    """Ann and Bob, two titles, and what they did with them."""
    plan, title, other = make(client, "plans"), make(client, "content", genre="SciFi"), make(client, "content")
    ann = make(client, "users", plan_id=plan["id"])
    bob = make(client, "users", joined_at="2024-01-01", cancelled_at="2024-09-01")
    for user in (ann, bob):
        for one, day in ((title, "2024-08-01"), (other, "2024-08-02"), (title, "2024-08-03")):
            make(client, "watch-history", user_id=user["id"], content_id=one["id"], watched_on=day)
    yield {"plan": plan, "title": title, "other": other, "ann": ann, "bob": bob}


def test_lists_are_filtered(client, crowd):
    def days(**asked: Any) -> list[str]:
        found = client.get("/api/watch-history", params=asked).json()
        assert found["pagination"]["total"] == len(found["data"])
        return [one["watched_on"][:10] for one in found["data"]]

    ann, title = crowd["ann"]["id"], crowd["title"]["id"]
    assert days(user_id=ann) == ["2024-08-03", "2024-08-02", "2024-08-01"]
    assert days(content_id=title) == ["2024-08-03", "2024-08-03", "2024-08-01", "2024-08-01"]
    assert days(content_id=title, user_id=ann, order="asc") == ["2024-08-01", "2024-08-03"]
    assert days(user_id=ann, since="2024-08-02", until="2024-08-03") == ["2024-08-02"]
    refused(client.get("/api/watch-history", params={"since": "whenever"}), 422)


def test_a_time_whose_plus_stands_as_it_is_in_the_address_is_taken_as_it_was_told(client):
    for asked in ("/api/payments", "/events"):
        for time in ("2024-08-02T10:00:00+01:00", "2024-08-02T10:00:00.250+01:00", "2024-08-02T09:00:00Z"):
            assert client.get(f"{asked}?since={time}").status_code == 200, f"{asked} {time}"
        for time in ("2024-08-02T10:00:00 1:00", "1722589200", "2024-08-02T25:00"):
            told = client.get(asked, params={"since": time})
            assert told.status_code == 422
            assert "2026-11-21T18:30:00+01:00" in told.json()["error"], told.text
    refused(client.get("/api/watch-history", params={"user_id": "ann"}), 422)


def test_users_are_filtered_by_state_and_plan_and_searched(client, crowd):
    def found(**asked: Any) -> set[int]:
        return {one["id"] for one in client.get("/api/users", params={"limit": 200} | asked).json()["data"]}

    ann, bob = crowd["ann"], crowd["bob"]
    assert (ann["status"], bob["status"]) == ("active", "cancelled")
    assert ann["id"] in found(status="active")
    assert bob["id"] in found(status="cancelled")
    assert ann["id"] not in found(status="cancelled")
    assert found(plan_id=crowd["plan"]["id"]) == {ann["id"]}
    for text in (ann["email"], ann["email"].upper(), ann["email"][2:9]):
        assert ann["id"] in found(search=text)
    assert found(search='"; DROP TABLE library_members; --') == set()
    assert found(search="%") == set()
    refused(client.get("/api/users", params={"status": "asleep"}), 422)


def test_payments_are_filtered_by_method_whatever_its_capitals(client, crowd):
    paid = {make(client, "payments", user_id=crowd["ann"]["id"], method=method)["id"] for method in ("Wire", "WIRE")}
    for method in ("Wire", "wire"):
        found = client.get("/api/payments", params={"method": method}).json()["data"]
        assert {one["id"] for one in found} == paid
    assert client.get("/api/payments", params={"method": "no such"}).json()["data"] == []


def test_titles_are_filtered_by_genre_whatever_its_capitals_and_searched_by_two_letters(client, crowd):
    found = client.get("/api/content", params={"genre": "scifi"}).json()["data"]
    assert crowd["title"]["id"] in {one["id"] for one in found}
    assert {one["genre"] for one in found} == {"SciFi"}
    assert client.get("/api/content", params={"genre": "no such"}).json()["data"] == []
    assert client.get("/api/content", params={"search": "ti"}).json()["pagination"]["total"] > 0
    watched = client.get(f"/api/content/{crowd['title']['id']}").json()
    assert watched["watch_count"] == 4


def test_reviews_are_averaged(client):
    title = make(client, "content")
    for rating in (10, 9, 4):
        make(client, "reviews", content_id=title["id"], rating=rating)
    found = client.get(f"/api/content/{title['id']}").json()
    assert (found["review_count"], found["review_average"]) == (3, 7.67)


def test_records_are_read_with_a_token_and_changed_by_who_may(locked_stage: Stage):
    with locked_stage.client() as stranger:
        for answer in (
            stranger.get("/api/users"),
            stranger.post("/api/users", json={}),
            stranger.delete("/api/users/1"),
        ):
            refused(answer, 401)
