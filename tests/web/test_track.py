"""POST /track against the running process: what is taken, what is refused, and that what is taken is on disk."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from core.config import ROOT
from core.db import Database
from tests.processes import Program
from tests.web.conftest import API_TOKEN, PASSWORD, TRACK_KEY, Stage, stage_of

SHOP = "https://shop.example"
KEY = {"X-Track-Key": TRACK_KEY}
VIEW = {"event_type": "page_view"}


@pytest.fixture(scope="module")
def shop(program: Program, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    settings = {
        "DASHBOARD_PASSWORD": PASSWORD,
        "API_TOKEN": API_TOKEN,
        "TRACK_KEY": TRACK_KEY,
        "TRACK_ORIGINS": f"{SHOP}, http://other.example",
    }
    with stage_of(program, new_database_url(), **settings) as stage:
        yield stage


@pytest.fixture(scope="module")
def own_shop(program: Program, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    """Without a password: this machine's own."""
    with stage_of(program, new_database_url(), TRACK_KEY=TRACK_KEY, TRACK_ORIGINS=SHOP) as stage:
        yield stage


@pytest.fixture
def client(shop: Stage) -> Iterator[httpx.Client]:
    with shop.client(headers=KEY) as client:
        yield client


def stored(shop: Stage, event_id: str | None = None) -> int:
    query = "SELECT count(*) FROM store_events" + (" WHERE event_id = :id" if event_id else "")
    with shop.database.reading() as connection:
        return int(connection.execute(text(query), {"id": event_id} if event_id else {}).scalar() or 0)


def test_an_event_is_answered_with_its_id_and_how_many_there_are(shop, client):
    answer = client.post("/track", json=VIEW | {"user_id": "ada", "data": {"path": "/"}})
    assert answer.status_code == 201
    told = answer.json()
    assert told.keys() == {"status", "event_id", "total_events"}
    assert told["status"] == "tracked"
    assert stored(shop, told["event_id"]) == 1
    assert told["total_events"] == stored(shop)


def test_a_repeated_event_is_answered_as_before_and_stored_once(shop, client):
    first, again = (client.post("/track", json=VIEW | {"event_id": "order-1"}) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert stored(shop, "order-1") == 1


def test_the_items_of_a_list_are_taken_or_refused_each_on_its_own(shop, client):
    before = stored(shop)
    items = [VIEW, {"event_type": "dance"}, 7, VIEW | {"event_id": "b-1"}, VIEW | {"event_id": "b-1"}]
    told = client.post("/track", json=items).json()
    assert (told["accepted"], told["refused"]) == (3, 2)
    assert [one["status"] for one in told["results"]] == ["tracked", "refused", "refused", "tracked", "tracked"]
    assert [one["index"] for one in told["results"]] == [0, 1, 2, 3, 4]
    assert told["results"][1]["field"] == "event_type"
    assert "page_view" in told["results"][1]["message"]
    assert stored(shop) == before + 2


@pytest.mark.parametrize("items", [[], [VIEW] * 1001, [{"event_type": "x"}, None]])
def test_a_list_that_is_empty_or_too_long_or_all_wrong_is_refused(shop, client, items):
    before = stored(shop)
    answer = client.post("/track", json=items)
    assert answer.status_code == 422
    assert answer.json()["success"] is False
    assert stored(shop) == before


def test_a_thousand_events_go_into_one_list(client):
    assert client.post("/track", json=[VIEW] * 1000).json()["accepted"] == 1000


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05+00:00"),
        (1767323045, "2026-01-02T03:04:05+00:00"),
        (1767323045000, "2026-01-02T03:04:05+00:00"),
    ],
)
def test_a_time_is_kept_as_it_is_meant(shop, client, timestamp, expected):
    event_id = client.post("/track", json=VIEW | {"timestamp": timestamp}).json()["event_id"]
    with shop.database.reading() as connection:
        at_ms = connection.execute(
            text("SELECT at_ms FROM store_events WHERE event_id = :id"), {"id": event_id}
        ).scalar()
    assert at_ms == datetime.fromisoformat(expected).timestamp() * 1000


def in_a_while() -> str:
    """More than may be ahead, from when it is called on: from when tests are collected it may have passed."""
    return (datetime.now(UTC) + timedelta(minutes=20)).isoformat()


DEEP: dict[str, Any] = {}
for _ in range(30):
    DEEP = {"in": DEEP}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_type": "visit"}, "event_type"),
        ({"event_type": ["page_view"]}, "event_type"),
        ({"event_type": None}, "event_type"),
        ({"data": "text"}, "data"),
        ({"data": [1]}, "data"),
        ({"data": DEEP}, "data"),
        ({"data": {"text": "x" * 20_000}}, "data"),
        ({"data": {"amount": -1}}, "data.amount"),
        ({"data": {"amount": "12"}}, "data.amount"),
        ({"data": {"amount": True}}, "data.amount"),
        ({"data": {"amount": 10**400}}, "data.amount"),
        ({"data": {"amount": 1, "currency": "euros"}}, "data.currency"),
        ({"data": {"price": {}}}, "data.price"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "x" * 129}, "user_id"),
        ({"user_id": ["a"]}, "user_id"),
        ({"user_id": "a\u0000b"}, "user_id"),
        ({"event_id": "x" * 65}, "event_id"),
        ({"event_id": {}}, "event_id"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-01-02"}, "timestamp"),
        ({"timestamp": in_a_while}, "timestamp"),
        ({"timestamp": "1999-01-02T03:04:05Z"}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"timestamp": -5}, "timestamp"),
        ({"timestamp": 10**300}, "timestamp"),
        ({"timestamp": {}}, "timestamp"),
    ],
)
def test_what_does_not_fit_is_told_and_not_stored(shop, client, change, field):
    before = stored(shop)
    change = {name: value() if callable(value) else value for name, value in change.items()}
    answer = client.post("/track", json=VIEW | change)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == field
    assert stored(shop) == before


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"event_type": "page_view", "data": {"amount": NaN}}', "application/json", 400),
        (b'{"event_type": "page_view", "data": {"amount": Infinity}}', "application/json", 400),
        (b'{"event_type": "page_view", "data": {"amount": 1e999}}', "application/json", 422),
        (b'{"event_type": "page_view", "user_id": "\xff\xfe"}', "application/json", 400),
        (b'{"event_type": "page_view", "user_id": "\\ud800"}', "application/json", 422),
        (b'{"event_type": "page_view", "data": {"a": "\\ud800"}}', "application/json", 422),
        (b'{"event_type": "page_view", "data": {"amount": ' + b"9" * 5000 + b"}}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'"page_view"', "application/json", 422),
        (b"null", "application/json", 422),
        (b"x" * 10_000_000, "application/json", 413),
        (json.dumps(VIEW).encode(), "application/xml", 415),
        (json.dumps(VIEW).encode(), "multipart/form-data; boundary=x", 415),
    ],
)
def test_what_is_no_event_at_all_is_refused_and_not_stored(shop, client, body, kind, status):
    before = stored(shop)
    answer = client.post("/track", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert answer.json()["error"]
    assert stored(shop) == before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-Track-Key": "wrong"}, 401),
        ({"X-Track-Key": TRACK_KEY[:-1]}, 401),
        ({"X-Track-Key": "ü".encode()}, 401),
        ({"Origin": SHOP}, 403),
        ({"Origin": SHOP, "X-Track-Key": "wrong"}, 401),
        ({"Origin": "https://evil.example", "X-Track-Key": TRACK_KEY}, 403),
        ({"Origin": "null", "X-Track-Key": TRACK_KEY}, 403),
    ],
)
def test_nobody_reports_without_the_key_or_from_a_foreign_page(shop, headers, status):
    before = stored(shop)
    with shop.client() as stranger:
        answer = stranger.post("/track", json=VIEW, headers=headers)
    assert answer.status_code == status
    assert stored(shop) == before


def test_the_owner_is_told_of_pages_that_are_refused_for_where_they_are(own_shop):
    strange = ["https://www.shop.example", "https://<b>shop.example", *(f"https://{at}.example" for at in range(4))]
    with own_shop.client() as page:
        assert "Refused lately" not in page.get("/store").text
        page.post("/track", json=VIEW, headers={"Origin": "https://evil.example", "X-Track-Key": "wrong"})
        for origin in [*strange, strange[1]]:
            answer = page.post("/track", params={"key": TRACK_KEY}, json=VIEW, headers={"Origin": origin})
            assert answer.status_code == 403
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin", "the console tells the status"
        told = page.get("/store").text
    lately = told.partition("Refused lately:")[2].partition("</p>")[0]
    shown = re.findall(r"<code>(https.*?)</code>", lately)
    assert shown == ["https://&lt;b&gt;shop.example", *(f"https://{at}.example" for at in (3, 2, 1, 0))], (
        "the last five"
    )
    assert f"<code>{SHOP}</code>" in told, "and from where pages may report"
    assert [own_shop.web.log.count(f"a page of {origin} ") for origin in strange] == [1] * len(strange)


def test_a_page_of_the_shop_reports_as_a_beacon_does_and_may_read_the_answer(shop):
    with shop.client() as page:
        headers = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain;charset=UTF-8"}
        body = json.dumps(VIEW)
        answer = page.post("/track", params={"key": TRACK_KEY}, content=body, headers=headers)
        assert answer.status_code == 201
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert "Origin" in answer.headers["vary"]
        wrong = page.post("/track", params={"key": TRACK_KEY}, content="{", headers=headers)
        assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (400, SHOP)


@pytest.mark.parametrize(
    ("items", "headers"),
    [
        (VIEW | {"event_id": "both-1"}, KEY),
        ([VIEW | {"event_id": "both-2"}], KEY),
        ([VIEW | {"event_id": "both-3"}, {"event_type": "dance"}, 7], KEY),
        (VIEW | {"event_id": "both-4", "data": {"amount": 3}}, KEY | {"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}),
        (VIEW | {"event_id": "both-5"}, KEY | {"Origin": "https://evil.example"}),
        (VIEW | {"event_id": "both-6"}, {"X-Track-Key": "wrong", "Origin": SHOP}),
        ({"event_type": "dance"}, KEY | {"Origin": SHOP}),
        ([], KEY),
    ],
)
def test_the_short_way_and_the_long_answer_alike(shop, items, headers):
    _answers_alike(shop, items, headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        (KEY, 201),
        ({"Origin": SHOP, **KEY}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"X-Track-Key": "wrong"}, 401),
        ({"Origin": SHOP}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Forwarded-For": "10.0.0.7"}, 403),
        ({"X-Forwarded-For": "10.0.0.7", **KEY}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", **KEY}, 403),
    ],
)
def test_without_a_password_both_ways_take_what_this_machine_reports(own_shop, headers, status):
    assert _answers_alike(own_shop, VIEW | {"event_id": f"own-{headers}"[:64]}, headers) == status


def _answers_alike(shop: Stage, items: Any, headers: dict[str, str]) -> int:
    """The status of both ways.

    What tells its length may take the short way; what comes in pieces of unknown number takes the long one.
    """
    body = json.dumps(items).encode()
    headers = headers | {"Content-Type": "application/json"}
    with shop.client(headers=headers) as page:
        short = page.post("/track", content=body)
        long = page.post("/track", content=iter([body[:3], body[3:]]))
    assert "content-length" in short.request.headers
    assert "content-length" not in long.request.headers
    assert (short.status_code, short.content) == (long.status_code, long.content)
    told = [
        {name: value for name, value in one.headers.items() if name not in ("date", "vary")} for one in (short, long)
    ]
    assert told[0] == told[1]
    assert "Origin" in short.headers["vary"]
    return short.status_code


def test_both_ways_are_counted_as_one_endpoint(shop, client):
    def taken() -> float:
        with shop.client(headers={"Authorization": f"Bearer {API_TOKEN}"}) as owner:
            scraped = owner.get("/metrics").text
        found = re.search(r'requests_total\{endpoint="track.take",status="201"\} (\S+)', scraped)
        return float(found[1]) if found else 0.0

    before = taken()
    client.post("/track", json=VIEW)
    client.post("/track", content=iter([json.dumps(VIEW).encode()]), headers={"Content-Type": "application/json"})
    assert taken() == before + 2


@pytest.mark.parametrize(
    ("origin", "may"), [(SHOP, True), ("http://other.example", True), ("https://evil.example", False)]
)
def test_browsers_ask_first_and_only_pages_of_the_shop_may(shop, origin, may):
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-track-key"}
    with shop.client() as page:
        answer = page.options("/track", headers=asks)
    assert answer.status_code == 204
    assert answer.headers.get("access-control-allow-origin") == (origin if may else None)
    assert ("POST" in answer.headers.get("access-control-allow-methods", "")) is may


def test_bots_are_marked_and_not_counted(shop, client):
    total = client.post("/track", json=VIEW).json()["total_events"]
    told = client.post("/track", json=VIEW | {"user_id": "crawler"}, headers={"User-Agent": "Googlebot/2.1"}).json()
    assert told["total_events"] == total
    with shop.database.reading() as connection:
        query = text("SELECT is_bot FROM store_events WHERE event_id = :id")
        assert connection.execute(query, {"id": told["event_id"]}).scalar() == 1


def test_the_snippet_may_be_included_anywhere_and_is_kept_for_an_hour(shop):
    with shop.client() as page:
        answer = page.get("/static/js/track.js")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["cache-control"] == "public, max-age=3600"
        assert len(answer.content) < 2048
        assert "cookie" not in answer.text.replace("No cookie", "")
        assert page.get("/static/css/base.css").headers["cross-origin-resource-policy"] == "same-origin"


def test_many_clients_share_few_commits_and_an_id_is_stored_once(shop):
    """Each client reports events of its own, and all of them the same one."""
    clients, each = 32, 8
    start = threading.Barrier(clients)

    def report(number: int) -> list[int]:
        with shop.client(headers=KEY) as own:
            start.wait(20)
            return [
                own.post("/track", json=VIEW | {"event_id": f"own-{number}-{at}" if at % 2 else "shared"}).status_code
                for at in range(each)
            ]

    before, version = stored(shop), commits(shop)
    with ThreadPoolExecutor(clients) as pool:
        statuses = [status for found in pool.map(report, range(clients)) for status in found]
    assert statuses == [201] * clients * each
    assert stored(shop) == before + clients * each // 2 + 1
    assert commits(shop) - version < clients * each / 2


def commits(shop: Stage) -> int:
    """How often events came together: each commit stamps its own with one moment."""
    with shop.database.reading() as connection:
        return int(connection.execute(text("SELECT count(DISTINCT received_at_ms) FROM store_events")).scalar() or 0)


DOCUMENT = (ROOT / "docs" / "shop.md").read_text(encoding="utf-8")


def test_the_documents_examples_report_as_they_are_written(shop, tmp_path):
    """Only the address is another, which the documents cannot know."""
    told = DOCUMENT.replace("http://127.0.0.1:5000", shop.web.url)
    (tmp_path / ".env").write_text(f"TRACK_KEY={TRACK_KEY}\n", encoding="utf-8")
    [exported] = re.findall(r"^set -a.*$", told, re.MULTILINE)
    [example] = re.findall(r"^```python\n(.*?)^```", told, re.MULTILINE | re.DOTALL)
    [curl] = re.findall(r"^curl .*/track .*$", told, re.MULTILINE)
    in_a_file = tmp_path / "report.py"
    in_a_file.write_text(example, encoding="utf-8")
    for command in (f"{sys.executable} {in_a_file}", f"{curl} --fail"):
        ended = subprocess.run(
            ["bash", "-c", f"{exported}\n{command}"],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        assert ended.returncode == 0, ended.stderr
        assert "tracked" in ended.stdout
    assert stored(shop, "order-4711") == stored(shop, "order-4712") == 1


def test_while_the_database_is_locked_nothing_is_lost_and_others_are_answered(shop):
    lock = sqlite3.connect(str(shop.database.url.database), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    answers: list[httpx.Response] = []

    def report() -> None:
        with shop.client(headers=KEY) as own:
            answers.append(own.post("/track", json=VIEW | {"event_id": "while-locked"}))

    try:
        waiting = threading.Thread(target=report)
        waiting.start()
        with shop.client() as other:
            for _ in range(5):
                began = time.monotonic()
                assert other.get("/health").status_code == 200
                assert time.monotonic() - began < 2
        waiting.join(20)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert answers[0].status_code == 503
    assert int(answers[0].headers["retry-after"]) > 0
    assert stored(shop, "while-locked") == 0
    report()
    assert answers[1].status_code == 201
    assert stored(shop, "while-locked") == 1


def test_what_fails_within_is_told_in_the_log_and_answered_alike_on_both_ways(program, new_database_url):
    broken = "from actions import track\ntrack.Tracker._record = lambda *_: 1 / 0"
    settings = {"DASHBOARD_PASSWORD": PASSWORD, "TRACK_KEY": TRACK_KEY}
    with program.web(new_database_url(), changed=broken, **settings) as web:
        bodies = json.dumps(VIEW).encode(), iter([json.dumps(VIEW).encode()])
        headers = KEY | {"Content-Type": "application/json"}
        short, long = (httpx.post(f"{web.url}/track", content=body, headers=headers) for body in bodies)
        assert web.log.count("ZeroDivisionError") >= 2
    assert short.status_code == long.status_code == 500
    assert short.json() == long.json()


def test_what_was_answered_outlives_a_process_that_is_killed(program, new_database_url):
    url = new_database_url()
    with program.web(url, TRACK_KEY=TRACK_KEY) as web:
        told = httpx.post(f"{web.url}/track", json=VIEW | {"event_id": "last-words"}, headers=KEY)
        web.process.send_signal(signal.SIGKILL)
        assert told.status_code == 201
    database = Database(url)
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM store_events")).scalar() == 1
    database.close()
