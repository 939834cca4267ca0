"""POST /api/sales against the running process: who may report, what is taken, and that it counts once."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from core.config import ROOT
from core.db import Database
from models import LedgerEntry, LedgerTotal, Sale
from tests.processes import Program
from tests.web.conftest import API_TOKEN, SALES_SECRET, Stage

DOCUMENT = (ROOT / "docs" / "money.md").read_text(encoding="utf-8")


def signed(body: bytes, *, secret: str = SALES_SECRET, at: float | str | None = None, **more: str) -> dict[str, str]:
    now = str(int(time.time())) if at is None else str(at)
    digest = hmac.new(secret.encode(), now.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Timestamp": now, "X-Signature": f"sha256={digest}"} | more


@pytest.fixture
def client(locked_stage: Stage) -> Iterator[httpx.Client]:
    with locked_stage.client() as client:
        yield client


def report(client: httpx.Client, item: Any, **how: Any) -> httpx.Response:
    body = item if isinstance(item, bytes) else json.dumps(item).encode()
    return client.post("/api/sales", content=body, headers=signed(body, **how))


def stored(stage: Stage) -> tuple[int, int]:
    """How many sales are known and how many entries the ledger has."""
    with stage.database.reading() as connection:
        sales, entries = (
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (Sale, LedgerEntry)
        )
    return sales, entries


def total(database: Database, currency: str) -> int:
    with database.reading() as connection:
        where = (LedgerTotal.currency == currency, LedgerTotal.source == "")
        return int(connection.scalar(select(LedgerTotal.amount_micros).where(*where)) or 0)


def test_a_signed_sale_is_booked_and_known_when_it_comes_again(locked_stage, client):
    item = {"id": "till-1", "amount": 12.5, "currency": "sek", "source": "till", "at": "2026-11-20T18:30:00+01:00"}
    first, again = report(client, item), report(client, item)
    assert (first.status_code, again.status_code) == (201, 200)
    told = {"success": True, "status": "booked", "id": "till-1", "amount": 12.5, "currency": "SEK", "source": "till"}
    assert first.json() == told | {"at": "2026-11-20T23:00:00.000+05:30", "differs": False}
    assert again.json() == first.json() | {"status": "known"}
    assert total(locked_stage.database, "SEK") == 12_500_000


def test_the_very_request_sent_again_counts_once(locked_stage, client):
    body = b'{"id": "till-2", "amount": 3, "currency": "NOK"}'
    headers = signed(body)
    codes = [client.post("/api/sales", content=body, headers=headers).status_code for _ in range(3)]
    assert codes == [201, 200, 200]
    assert total(locked_stage.database, "NOK") == 3_000_000


def test_the_same_id_of_another_sale_is_known_and_answered_with_what_stands(locked_stage, client):
    first = report(client, {"id": "till-3", "amount": 3, "currency": "DKK", "source": "till"})
    assert (first.status_code, first.json()["differs"]) == (201, False)
    again = report(client, {"id": "till-3", "amount": 30, "currency": "SEK", "source": "merch"})
    assert again.status_code == 200
    assert again.json() == first.json() | {"status": "known", "differs": True}
    assert total(locked_stage.database, "DKK") == 3_000_000


def test_a_source_is_the_same_in_whatever_capitals(client):
    first = report(client, {"id": "kofi-1", "amount": 3, "source": "Ko-fi"})
    assert (first.status_code, first.json()["source"]) == (201, "ko-fi")
    assert report(client, {"id": "kofi-1", "amount": 3, "source": "ko-fi"}).json()["differs"] is False


def test_a_refund_is_of_what_was_sold_unless_it_says_so_itself(locked_stage, client):
    assert report(client, {"id": "till-9", "amount": 20, "label": "Hoodie"}).status_code == 201
    back = {"id": "till-9-back", "amount": -5, "refund_of": "till-9"}
    assert report(client, back).status_code == 201
    assert report(client, back).json()["status"] == "known"
    assert report(client, back | {"id": "till-9-fee", "label": "Postage"}).status_code == 201
    with locked_stage.database.reading() as connection:
        told = select(Sale.sale_id, LedgerEntry.label).join(Sale, Sale.entry_id == LedgerEntry.id)
        labels = {row.sale_id: row.label for row in connection.execute(told.where(Sale.sale_id.like("till-9%")))}
    assert labels == {"till-9": "Hoodie", "till-9-back": "Hoodie", "till-9-fee": "Postage"}


def test_a_refund_is_negative_and_belongs_to_its_sale(locked_stage, client):
    assert report(client, {"id": "till-4", "amount": "20.00", "currency": "CHF"}).status_code == 201
    back = {"id": "till-4-back", "amount": -5, "currency": "CHF", "refund_of": "till-4"}
    assert report(client, back).status_code == 201
    assert report(client, back | {"id": "till-4-more", "amount": -16}).status_code == 422
    assert report(client, back | {"id": "till-4-none", "refund_of": "till-5"}).status_code == 422
    assert total(locked_stage.database, "CHF") == 15_000_000


BODY = b'{"id": "never", "amount": 1}'
UNSIGNED: dict[str, Callable[[], dict[str, str]]] = {
    "no headers at all": dict,
    "another secret": lambda: signed(BODY, secret="guessed"),
    "another body": lambda: signed(BODY + b" "),
    "no signature": lambda: {"X-Timestamp": signed(BODY)["X-Timestamp"]},
    "no timestamp": lambda: {"X-Signature": signed(BODY)["X-Signature"]},
    "another time than was signed": lambda: signed(BODY) | {"X-Timestamp": str(int(time.time()) - 1)},
    "too late": lambda: signed(BODY, at=int(time.time()) - 310),
    "too early": lambda: signed(BODY, at=int(time.time()) + 310),
    "a time that is none": lambda: signed(BODY, at="soon"),
    "a fraction of a second": lambda: signed(BODY, at=time.time()),
    "digits of another alphabet": lambda: signed(BODY) | {"X-Timestamp": "1\u00b2"},
    "only half a signature": lambda: signed(BODY) | {"X-Signature": signed(BODY)["X-Signature"][:40]},
    "another method": lambda: signed(BODY) | {"X-Signature": signed(BODY)["X-Signature"].replace("sha256", "sha1")},
    "the owner's token instead": lambda: {"Authorization": f"Bearer {API_TOKEN}"},
}


@pytest.mark.parametrize("how", UNSIGNED)
def test_who_does_not_sign_is_refused_and_nothing_is_stored(locked_stage, client, how):
    before = stored(locked_stage)
    headers = {name: value.encode("latin-1") for name, value in UNSIGNED[how]().items()}
    answer = client.post("/api/sales", content=BODY, headers={"Content-Type": "application/json"} | headers)  # type: ignore[operator]
    assert answer.status_code == 401, answer.text
    assert answer.json()["success"] is False
    assert SALES_SECRET not in answer.text
    assert stored(locked_stage) == before


def test_a_clock_that_is_off_by_less_than_the_window_is_forgiven(client):
    assert report(client, {"id": "slow-clock", "amount": 1}, at=int(time.time()) - 280).status_code == 201
    assert report(client, {"id": "fast-clock", "amount": 1}, at=int(time.time()) + 280).status_code == 201


def test_without_a_secret_no_sale_is_taken_and_the_reason_is_said(stage):
    with stage.client() as client:
        answer = report(client, {"id": "a", "amount": 1}, secret="")
    assert answer.status_code == 403
    assert "SALES_SECRET" in answer.json()["error"]


REFUSED: dict[str, tuple[bytes, int]] = {
    "no JSON": (b"amount=1", 400),
    "half a JSON": (b'{"id": "x", "amount": ', 400),
    "no UTF-8": (b'{"id": "\xff", "amount": 1}', 400),
    "NaN": (b'{"id": "x", "amount": NaN}', 400),
    "Infinity": (b'{"id": "x", "amount": -Infinity}', 400),
    "too deep": (b"[" * 30_000, 400),
    "a list": (b'[{"id": "x", "amount": 1}]', 422),
    "nothing": (b"null", 422),
    "no id": (b'{"amount": 1}', 422),
    "no amount": (b'{"id": "x"}', 422),
    "an empty id": (b'{"id": " ", "amount": 1}', 422),
    "a long id": (json.dumps({"id": "x" * 129, "amount": 1}).encode(), 422),
    "an id of control characters": (b'{"id": "x\\u0000", "amount": 1}', 422),
    "half a surrogate": (b'{"id": "x\\ud800", "amount": 1}', 422),
    "zero": (b'{"id": "x", "amount": 0}', 422),
    "minus zero": (b'{"id": "x", "amount": -0.0}', 422),
    "yes": (b'{"id": "x", "amount": true}', 422),
    "words": (b'{"id": "x", "amount": "twelve"}', 422),
    "too much": (b'{"id": "x", "amount": 1000000001}', 422),
    "far too much": (b'{"id": "x", "amount": 1e400}', 422),
    "beyond all exponents": (b'{"id": "x", "amount": 1e99999999999999999999}', 400),
    "too little": (b'{"id": "x", "amount": 1e-400}', 422),
    "three decimals of a dollar": (b'{"id": "x", "amount": 1.005, "currency": "USD"}', 422),
    "a decimal of a yen": (b'{"id": "x", "amount": "100.5", "currency": "JPY"}', 422),
    "very many decimals": (b'{"id": "x", "amount": 1.0000000000000000000000000000000001}', 422),
    "no currency": (b'{"id": "x", "amount": 1, "currency": "dollars"}', 422),
    "a source with spaces": (b'{"id": "x", "amount": 1, "source": "my merch"}', 422),
    "an empty source": (b'{"id": "x", "amount": 1, "source": ""}', 422),
    "the future": (b'{"id": "x", "amount": 1, "at": "2099-01-01T00:00:00Z"}', 422),
    "the past": (b'{"id": "x", "amount": 1, "at": 1}', 422),
    "no time": (b'{"id": "x", "amount": 1, "at": "yesterday"}', 422),
    "data that is no object": (b'{"id": "x", "amount": 1, "data": [1]}', 422),
    "much data": (json.dumps({"id": "x", "amount": 1, "data": {"a": "x" * 17_000}}).encode(), 422),
    "a misspelt field": (b'{"id": "x", "amount": 1, "curency": "EUR"}', 422),
    "a positive refund": (b'{"id": "x", "amount": 1, "refund_of": "till-1"}', 422),
    "huge": (b'{"id": "x", "amount": 1, "data": {"a": "' + b"x" * 70_000 + b'"}}', 413),
    "far too huge": (b" " * 1_500_000, 413),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_a_sale_is_refused_in_words_and_nothing_is_stored(locked_stage, client, what):
    body, status = REFUSED[what]
    before = stored(locked_stage)
    answer = report(client, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert stored(locked_stage) == before


def test_a_body_of_another_type_is_refused(client):
    body = b'{"id": "x", "amount": 1}'
    headers = signed(body) | {"Content-Type": "text/html"}
    assert client.post("/api/sales", content=body, headers=headers).status_code == 415


@pytest.mark.parametrize(
    ("amount", "currency", "micros"),
    [("0.10", "BGN", 100_000), ("1.500", "HUF", 1_500_000), ("5e2", "ISK", 500_000_000), ("0.125", "TND", 125_000)],
)
def test_an_amount_is_taken_exactly_as_it_is_written(locked_stage, client, amount, currency, micros):
    body = f'{{"id": "exact-{currency}", "amount": {amount}, "currency": "{currency}"}}'.encode()
    assert report(client, body).status_code == 201
    assert total(locked_stage.database, currency) == micros


def test_many_at_once_are_each_booked_once(locked_stage):
    bodies = [{"id": f"crowd-{number % 20}", "amount": 1, "currency": "PLN"} for number in range(60)]
    with locked_stage.client() as client, ThreadPoolExecutor(12) as crowd:
        codes = list(crowd.map(lambda body: report(client, body).status_code, bodies))
    assert sorted(codes) == [200] * 40 + [201] * 20
    assert total(locked_stage.database, "PLN") == 20_000_000


def test_what_was_answered_survives_a_kill(program: Program, new_database_url):
    url, taken = new_database_url(), []
    with program.web(url, SALES_SECRET=SALES_SECRET) as web:

        def sell() -> None:
            with httpx.Client(base_url=web.url, timeout=10) as client:
                for number in range(10_000):
                    try:
                        answer = report(client, {"id": f"sale-{number}", "amount": 1})
                    except httpx.HTTPError:
                        return
                    assert answer.status_code == 201
                    taken.append(f"sale-{number}")

        seller = threading.Thread(target=sell)
        seller.start()
        while len(taken) < 30:
            time.sleep(0.01)
        web.process.send_signal(signal.SIGKILL)
        seller.join()
    database = Database(url)
    with database.reading() as connection:
        kept = set(connection.scalars(select(Sale.sale_id)))
    assert set(taken) <= kept
    assert total(database, "USD") == len(kept) * 1_000_000
    database.close()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl, with which the document signs, is not installed")
def test_the_documents_examples_sell_and_give_back(locked_stage, tmp_path):
    (shell,) = re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    (python,) = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    (tmp_path / ".env").write_text(f'SALES_SECRET="{SALES_SECRET}"\n', encoding="utf-8")
    exported = re.search(r"^set -a.*$", shell, re.MULTILINE)
    assert exported
    before = total(locked_stage.database, "EUR")
    in_a_file = tmp_path / "refund.py"
    in_a_file.write_text(python.replace("http://127.0.0.1:5000", locked_stage.web.url), encoding="utf-8")
    sold = shell.replace("http://127.0.0.1:5000", locked_stage.web.url)
    for script in (sold, f"{exported[0]}\n{sys.executable} {in_a_file}"):
        ended = subprocess.run(
            ["bash", "-ec", script],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "booked" in ended.stdout, ended
    assert total(locked_stage.database, "EUR") == before
