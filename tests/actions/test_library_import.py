"""Importing the library: everything or nothing, as often as one likes, whatever the files call their fields."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actions import installation, library_import
from actions.library_import import Refused, Report, import_folder
from actions.library_passwords import hashed
from core.config import ROOT
from core.db import Database, DatabaseUnusable
from ingest.library_figures import RECOMPUTED
from ingest.library_rebuild import rebuild
from models import LedgerTotal, LibraryContent, LibraryMember, LibraryPayment, LibraryPlan, LibraryReview, LibraryWatch
from rules.library_values import Setting
from tests import support
from tests.library_histories import NOW, ZONE
from tests.support import only, rows

LENIENT = Setting(ZONE, "EUR", lenient=True)
FILES: dict[str, Any] = {
    "subscriptions": [{"plan": "Basic", "price": "$8.99"}, {"plan": "Premium", "price": 17}],
    "users": [
        {
            "name": "Ann",
            "email": "Ann@Example.com",
            "password": "secret",
            "subscription_id": 2,
            "join_date": "2024-01-05",
        },
        {"name": "Bob", "email": "bob@example.com", "subscription": "basic", "Join Date": "2024-02-01T10:00:00Z"},
        {"name": "Eve", "email": "eve@example.com", "subscription_id": None, "age": 31},
    ],
    "content": [
        {"title": "Orbit", "genre": "Drama", "rating": 8.1, "content_type": "Movie", "release": 2019},
        {"title": 1917, "genre": "War", "imdb_rating": "7.5", "type": "Movie", "release_date": "2019-12-25T00:00:00Z"},
        {"title": "Orbit", "genre": "Drama", "rating": 8.1, "content_type": "Movie", "release": 2019},
    ],
    "watchhistory": [
        {"user_id": 1, "content_id": 1, "watched_on": "2024-08-01", "progress": "85%"},
        {"user_id": 1, "content_id": 1, "watched_on": "2024-08-01", "progress": "85%"},
        {"user_id": 2, "content_id": 3, "watch_date": "2024-08-02 20:15:00", "progress": 100},
    ],
    "reviews": [{"user_id": 1, "content_id": 2, "rating": 9, "text": "<i>Yes</i>\nindeed"}],
    "paymenthistory": [
        {"user_id": 1, "amount": 17.0, "method": "Card", "payment_date": "2024-08-01"},
        {"user_id": 1, "amount": 17.0, "method": "Card", "payment_date": "2024-08-01"},
        {"user_id": 3, "amount": "5.50", "payment_method": "PayPal", "payment_date": "2024-08-03", "currency": "usd"},
    ],
}
TABLES = (LibraryPlan, LibraryMember, LibraryContent, LibraryWatch, LibraryReview, LibraryPayment)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = support.database(tmp_path)
    yield made
    made.close()


def write(folder: Path, files: dict[str, Any] = FILES, **changed: Any) -> Path:
    for key, value in (files | changed).items():
        (folder / f"{key}.json").write_text(json.dumps({key: value}), encoding="utf-8")
    return folder


def run(database: Database, folder: Path) -> tuple[Report, list[str]]:
    problems: list[str] = []
    report = import_folder(database, folder, LENIENT, now_ms=NOW, problem=problems.append, progress=lambda _line: None)
    return report, problems


def contents(database: Database) -> dict[str, Any]:
    return {table.__tablename__: rows(database, table) for table in (*TABLES, *RECOMPUTED, LedgerTotal)}


def test_all_six_lists_are_stored_and_point_to_each_other(database, folder):
    report, problems = run(database, write(folder))
    assert problems == []
    assert {one.kind.path: (one.new, one.known) for one in report.stored} == {
        "plans": (2, 0),
        "users": (3, 0),
        "content": (3, 0),
        "watch-history": (3, 0),
        "reviews": (1, 0),
        "payments": (3, 0),
    }
    basic, premium = rows(database, LibraryPlan)
    assert (basic["name"], basic["price_minor"], basic["currency"], basic["user_count"]) == ("Basic", 899, "EUR", 1)
    ann, bob, eve = rows(database, LibraryMember)
    assert [one["plan_id"] for one in (ann, bob, eve)] == [premium["id"], basic["id"], None]
    assert ann["password_hash"].startswith("$argon2id$")
    assert bob["password_hash"] is None
    assert [one["title"] for one in rows(database, LibraryContent)] == ["Orbit", "1917", "Orbit"]
    assert [one["watch_count"] for one in rows(database, LibraryContent)] == [2, 0, 1]
    assert [one["progress"] for one in rows(database, LibraryWatch)] == [8_500, 8_500, 10_000]
    assert only(database, LibraryReview)["comment"] == "<i>Yes</i>\nindeed"
    paid = [(one["amount_minor"], one["currency"], one["plan_id"]) for one in rows(database, LibraryPayment)]
    assert paid == [(1_700, "EUR", premium["id"]), (1_700, "EUR", premium["id"]), (550, "USD", None)]
    assert report.ignored == {"users": ["age"]}


def test_what_is_counted_is_what_a_rebuild_counts_and_the_ledger_has_the_payments(database, folder):
    run(database, write(folder))
    counted = contents(database)
    with database.writing() as connection:
        rebuild(connection, ZONE)
    assert contents(database) == counted
    booked = {(row["currency"], row["source"]): row["amount_micros"] for row in rows(database, LedgerTotal)}
    assert booked[("EUR", "memberships")] == 34_000_000
    assert booked[("USD", "memberships")] == 5_500_000


def test_a_second_import_adds_only_what_is_new(database, folder):
    run(database, write(folder))
    before = contents(database)
    report, _ = run(database, folder)
    assert [one.new for one in report.stored] == [0] * 6
    assert contents(database) == before, "the hash of the password too"
    longer = FILES["watchhistory"] + [FILES["watchhistory"][2]]
    report, _ = run(database, write(folder, watchhistory=longer))
    assert [one.new for one in report.stored] == [0, 0, 0, 1, 0, 0]


def test_people_keep_what_they_changed_when_an_import_comes_again(database, folder):
    run(database, write(folder))
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE library_members SET name = 'Annabel' WHERE id = 1")
    run(database, folder)
    assert rows(database, LibraryMember)[0]["name"] == "Annabel"


def test_one_file_may_hold_all_lists_in_any_order_and_under_other_names(database, folder):
    combined = {
        "paymentHistory": FILES["paymenthistory"],
        "Watch_History": FILES["watchhistory"],
        **{key: FILES[key] for key in ("reviews", "content", "users", "subscriptions")},
    }
    (folder / "everything.json").write_text(json.dumps(combined, indent=2), encoding="utf-8-sig")
    report, problems = run(database, folder / "everything.json")
    assert problems == []
    assert sum(one.new for one in report.stored) == 15
    assert len(rows(database, LibraryWatch)) == 3


def test_a_file_that_is_a_list_itself_is_called_by_its_name(database, folder):
    for key, name in {"subscriptions": "Plans", "users": "users", "watchhistory": "watch-history"}.items():
        (folder / f"{name}.json").write_text(json.dumps(FILES[key]), encoding="utf-8")
    (folder / "content.json").write_text("\ufeff" + json.dumps(FILES["content"], indent=2), encoding="utf-8")
    report, problems = run(database, folder)
    assert problems == []
    assert [(one.kind.path, one.new) for one in report.stored] == [
        *(("plans", 2), ("users", 3), ("content", 3), ("watch-history", 3))
    ]


def test_lists_whose_rows_have_ids_of_their_own_are_pointed_to_by_these(database, folder):
    plans = [{"id": f"pl_{one['plan']}", **one} for one in FILES["subscriptions"]]
    users = [
        {"user_id": 12, "name": "Ann", "email": "ann@example.com", "plan_id": "pl_Premium"},
        {"user_id": 3, "name": "Bob", "email": "bob@example.com", "plan": "basic"},
        {"user_id": "1", "name": "Eve", "email": "eve@example.com"},
    ]
    content = [{"id": number, **one} for number, one in enumerate(FILES["content"], 1)]  # positions: nothing to look up
    watches = [{"id": 9, "user_id": user, "content_id": 2, "watched_on": "2024-08-01"} for user in (12, "3", 1.0)]
    lists = {"subscriptions": plans, "users": users, "content": content, "watchhistory": watches}
    report, problems = run(database, write(folder, lists))
    assert problems == []
    assert report.ignored == {}
    assert [one["member_id"] for one in rows(database, LibraryWatch)] == [1, 2, 3]
    assert [one["watch_count"] for one in rows(database, LibraryContent)] == [0, 3, 0]
    assert [one["plan_id"] for one in rows(database, LibraryMember)] == [2, 1, None]
    write(
        folder,
        lists,
        users=[{**users[0], "email": "none"}, *users[1:], {"user_id": 3, "name": "Twin", "email": "twin@example.com"}],
        watchhistory=[{"user_id": 2, "content_id": 2, "watched_on": "2024-08-01"}],
        reviews=[{"user_id": 12, "content_id": 4, "rating": 5}],
    )
    assert run(database, folder)[1] == [
        "users.json: users: row 1: email: must be an e-mail address such as ann@example.com",
        "users.json: users: row 4: id: is the same as in row 2",
        "watchhistory.json: watchhistory: row 1: user_id: 2 is the id of none of the 4 users of this import",
        "reviews.json: reviews: row 1: content_id: 4 is none of the 3 titles of this import",
    ]


@pytest.mark.parametrize(
    ("price", "minor"),
    [
        ("14,99 €", 1_499),
        ("€ 1.199,00", 119_900),
        ("1,199.00", 119_900),
        ("1,199", 119_900),
        ("9,9", 990),
        ("7 EUR", 700),
    ],
)
def test_amounts_are_read_with_a_decimal_point_or_comma(database, folder, price, minor):
    assert run(database, write(folder, {"plans": [{"name": "Basic", "price": price}]}))[1] == []
    assert only(database, LibraryPlan)["price_minor"] == minor


@pytest.mark.parametrize("price", ["14,9999", "1.199", "12.34,5", "1,19,9", "9,99 9"])
def test_an_amount_that_can_be_read_in_two_ways_or_none_is_told(database, folder, price):
    assert len(run(database, write(folder, {"plans": [{"name": "Basic", "price": price}]}))[1]) == 1


def test_an_amount_with_more_decimals_than_its_currency_has_is_told_with_the_currency(database, folder):
    plans = [{"name": code, "price": 9.999, "currency": code} for code in ("EUR", "jpy")]
    assert run(database, write(folder, {"plans": plans}))[1] == [
        "plans.json: plans: row 1: price: must have at most 2 decimals in EUR",
        "plans.json: plans: row 2: price: must have no decimals in JPY",
    ]


@pytest.mark.parametrize(
    ("cycle", "months"), [("Monthly", 1), ("half-yearly", 6), ("year", 12), ("quarterly", 3), ("3", 3), (12, 12)]
)
def test_how_long_a_price_is_for_may_be_told_in_words(database, folder, cycle, months):
    row = {"name": "Basic", "price": 9, "billing_cycle": cycle, "features": ["HD", "2 devices"]}
    assert run(database, write(folder, {"plans": [row]}))[1] == []
    plan = only(database, LibraryPlan)
    assert (plan["billing_months"], plan["description"]) == (months, "HD, 2 devices")


def test_a_cycle_that_nobody_knows_is_told(database, folder):
    _, problems = run(database, write(folder, {"plans": [{"name": "Basic", "price": 9, "interval": "lifetime"}]}))
    assert problems == [
        "plans.json: plans: row 1: billing_months: must be a number of months, or one of: "
        "monthly, quarterly, half-yearly, yearly"
    ]


@pytest.mark.parametrize("joined", [1_709_287_200, "1709287200", 1_709_287_200_000, 1_709_287_200.0])
def test_times_may_be_seconds_or_milliseconds_since_1970(database, folder, joined):
    user = {"name": "Ann", "email": "ann@example.com", "joined_at": joined}
    assert run(database, write(folder, {"users": [user]}))[1] == []
    assert only(database, LibraryMember)["joined_at_ms"] == 1_709_287_200_000


@pytest.mark.parametrize("joined", [20240301, 2024, True, "17092872001"])
def test_other_numbers_are_no_times(database, folder, joined):
    user = {"name": "Ann", "email": "ann@example.com", "joined_at": joined}
    assert "must be a day or time" in run(database, write(folder, {"users": [user]}))[1][0]
    write(folder, {"users": [user | {"joined_at": 7_258_118_400_000}]})  # the year 2200
    assert "must lie between 1970 and 2199" in run(database, folder)[1][0]


def test_every_bad_row_is_told_by_file_and_position_and_nothing_is_stored(database, folder):
    write(
        folder,
        users=[
            *FILES["users"],
            {"name": "Ann again", "email": "ANN@example.com"},
            {"name": "", "email": "nobody"},
            "Bob",
            {"name": "Early", "email": "e@e.com", "join_date": "2024-05-01", "cancelled_at": "2024-04-01"},
        ],
        watchhistory=[
            {"user_id": 8, "content_id": 0, "watched_on": "2024-08-01"},
            {"user_id": 1, "content_id": 4, "watched_on": "2024-08-01"},
            {"user_id": 1, "content_id": 1},
            {"user_id": 1, "content_id": 1, "watched_on": "08/01/2024", "progress": 101},
        ],
        paymenthistory=[{"user_id": 1, "amount": -1, "method": "Card", "payment_date": "2024-08-01"}],
    )
    before = contents(database)
    report, problems = run(database, folder)
    assert report.problem_count == len(problems) == 9
    assert [line.partition(": row ")[::2] for line in problems] == [
        ("users.json: users", "4: email: is the same as in row 1"),
        ("users.json: users", "5: name: is missing; email: must be an e-mail address such as ann@example.com"),
        ("users.json: users", "6: is no object"),
        ("users.json: users", "7: cancelled_at: lies before joined_at"),
        ("watchhistory.json: watchhistory", "1: content_id: must be the id of a record: a whole number from 1 on"),
        ("watchhistory.json: watchhistory", "2: content_id: 4 is none of the 3 titles of this import"),
        ("watchhistory.json: watchhistory", "3: watched_on: is missing"),
        (
            "watchhistory.json: watchhistory",
            "4: watched_on: must be a day or time such as 2026-11-21 or 2026-11-21T18:30:00+01:00; "
            "progress: must be a number from 0 to 100",
        ),
        ("paymenthistory.json: paymenthistory", "1: amount: must be a number from 0 to 1,000,000,000"),
    ]
    assert contents(database) == before
    with database.reading() as connection:
        assert installation.content_of(connection) is None


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("users.json", '"Ann"', "users.json: line 1: the file holds a list, or an object of lists"),
        ("users.json", "[] []", "users.json: line 1: something follows the end of the list"),
        ("export.json", "[]", 'export.json: "export" is no list of the library; there are: subscriptions'),
        ("users.json", '{"users": {"1": {}}}', 'users.json: line 1: "users" is not a list'),
        ("users.json", '{"users": [}', "users.json: line 1: this is no valid JSON"),
        ("films.json", '{"films": []}', 'films.json: "films" is no list of the library; there are: subscriptions'),
        ("people.json", '{"users": []}', "users stands in people.json and in users.json"),
    ],
)
def test_what_is_no_import_is_refused_in_clear_words(database, folder, name, text, message):
    write(folder)
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as caught:
        run(database, folder)
    assert message in str(caught.value)
    assert rows(database, LibraryPlan) == []


def test_a_folder_without_lists_is_refused(database, folder):
    with pytest.raises(Refused, match=r"^there is no \.json file in it$"):
        run(database, folder)
    with pytest.raises(Refused, match=r"^No such file or directory$"):
        run(database, folder / "nowhere")


def test_users_may_come_alone_and_what_points_to_nothing_is_told(database, folder):
    (folder / "u.json").write_text(json.dumps({"users": [{"name": "Ann", "email": "a@b.c"}]}), encoding="utf-8")
    assert run(database, folder)[0].stored[0].new == 1
    (folder / "w.json").write_text(json.dumps({"watchhistory": FILES["watchhistory"]}), encoding="utf-8")
    _, problems = run(database, folder)
    assert "content_id: 1 is none of the 0 titles of this import" in problems[0]


def test_an_interrupted_import_leaves_nothing(database, folder):
    def interrupted(line: str) -> None:
        if line.startswith("storing payments"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_folder(database, write(folder), LENIENT, now_ms=NOW, problem=print, progress=interrupted)
    assert rows(database, LibraryPlan) == []


def test_a_database_of_the_demo_takes_no_import(database, folder):
    installation.claim(database, installation.DEMO)
    with pytest.raises(DatabaseUnusable, match="holds demo data"):
        run(database, write(folder))


def test_hashes_that_a_file_brings_stay_what_they_are(database, folder):
    brought = hashed("secret")
    users = [{"name": "Ann", "email": "ann@example.com", "password": brought}]
    (folder / "users.json").write_text(json.dumps({"users": users}), encoding="utf-8")
    run(database, folder)
    assert only(database, LibraryMember)["password_hash"] == brought


LONG = """
import resource, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from actions.library_import import import_folder
from core.db import Database
from rules.library_values import Setting
database = Database(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = import_folder(
    database, Path(sys.argv[2]), Setting(ZoneInfo("UTC"), "USD", lenient=True),
    now_ms=1_732_622_400_000, problem=print, progress=lambda line: None,
)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, report.stored[-1].new)
"""


@pytest.mark.sqlite
def test_a_long_history_takes_no_more_memory_than_a_short_one(tmp_path, folder):
    """Each row of it would be half a kilobyte as objects: twenty thousand more would be ten megabytes."""
    grown = {}
    for length in (3_000, 25_000):
        (tmp_path / str(length)).mkdir()
        made = support.database(tmp_path / str(length))
        made.close()
        history = [
            {
                "user_id": 1 + n % 3,
                "content_id": 1 + n % 2,
                "watch_date": f"2024-{1 + n % 12:02d}-11",
                "progress": n % 101,
            }
            for n in range(length)
        ]
        (folder / "watchhistory.json").write_text(json.dumps({"watchhistory": history}), encoding="utf-8")
        for key in ("subscriptions", "users", "content"):
            users = [{key: value for key, value in user.items() if key != "password"} for user in FILES["users"]]
            listed = users if key == "users" else FILES[key]
            (folder / f"{key}.json").write_text(json.dumps({key: listed}), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-c", LONG, made.url.render_as_string(), str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
            check=True,
        )
        kilobytes, stored = map(int, ended.stdout.split())
        assert stored == length
        grown[length] = kilobytes
    assert grown[25_000] - grown[3_000] < 7_000, grown


def test_rows_that_come_several_times_are_told_apart_from_those_that_only_seem_to():
    repeats = library_import._Repeats(1)  # so small that nearly all keys share a place
    keys = [(number % 500,) for number in range(2_000)]
    for key in keys:
        repeats.note(key)
    times = [repeats.time(key) for key in keys]
    assert times == [1 + number // 500 for number in range(2_000)]
