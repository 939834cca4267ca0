"""The hostile corpus through every door of the API: taken or refused where it is sent, harmless where it comes out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rules.csv_table import FORMULA, plain
from tests.actions.test_webhooks import Receiver
from tests.hostile import AVATARS, EVERYTHING, TEXTS, WORDS
from tests.hostile_house import CHANNEL, VIEWERS, House
from tests.processes import Program, wait_until
from tests.web.conftest import SALES_SECRET, event, stage_of
from tests.web.sockets import listening

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 level=[a-z]+ logger=[\w.]+ msg=\".*\"|  \| .*")


@pytest.fixture(scope="module")
def house(program: Program, new_database_url: Any) -> Iterator[House]:
    with (
        stage_of(program, new_database_url(), SALES_SECRET=SALES_SECRET) as stage,
        House(stage, EVERYTHING, one_in=4) as house,
    ):
        house.fill()
        yield house


def test_every_text_is_taken_or_refused_and_none_is_a_mistake_of_ours(house: House) -> None:
    assert house.faults == []
    assert house.answers > 800
    printed = {*TEXTS} - {"nul", "controls", "terminal", "log line", "line separators"}
    for place in ("notes", "track, cleaned"):
        assert len(house.taken[place] & printed) > len(printed) * 0.8, place
    for place in ("content", "reviews", "sales", "goals", "tiers", "tokens"):
        assert house.taken[place], place


def test_addresses_hold_no_text_that_breaks_an_answer(house: House) -> None:
    for address in house.addresses():
        house.ask("GET", address, headers={"Accept": "text/html"})
    assert house.faults == []


def test_what_was_said_is_answered_as_it_was_said(house: House) -> None:
    said = {text[:2_000].replace("\0", "") for text in TEXTS.values()}
    told = _all_chat(house)
    assert said - {one["text"] for one in told} == set()
    profile = house.client.get(f"{VIEWERS}/tiktok:fan0").json()
    assert profile["display_name"] == next(iter(TEXTS.values()))[:60]


def test_no_address_of_a_picture_is_kept_that_a_browser_would_run(house: House) -> None:
    pictures = [one["profile_picture_url"] for one in _people(house)]
    assert {text for text in pictures if text and not text.startswith(("https://", "http://"))} == set()
    assert len(pictures) > len(AVATARS)


def test_no_cell_of_an_export_is_a_formula_and_every_other_is_whole(house: House) -> None:
    answer = house.client.get(f"{VIEWERS}/export", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len(rows) > 2 * len(TEXTS)
    assert [cell for row in rows for cell in row.values() if cell.startswith(FORMULA)] == []
    assert all(None not in row and None not in row.values() for row in rows)
    names = {plain(row["display_name"]) for row in rows}
    assert {text for text in WORDS.values() if text[:60] not in names} == set()
    people = json.loads(house.client.get(f"{VIEWERS}/export", params={"format": "json"}).content)
    assert len(people["data"] if isinstance(people, dict) else people) == len(rows)
    for number in range(5):
        json.loads(house.client.get(f"{VIEWERS}/tiktok:fan{number}/export").content)


def test_sockets_take_the_same_texts(house: House) -> None:
    with listening(house.stage.web.url, {"channel": CHANNEL}) as page:
        for number, _, text in house.some("sockets"):
            if not text.isprintable() or len(text) > 10_000:
                continue
            update = {"username": f"tiktok:fan{number}", "updates": {"notes": text, text: text}}
            assert page.client.call("viewer-profiles:update", update, timeout=10)["success"] is False
            for event in ("viewer-profiles:get", "live:subscribe", "store:subscribe"):
                answer = page.client.call(event, {"channel": text, "range": text, "username": text}, timeout=10)
                assert isinstance(answer, dict), event
    assert "Traceback" not in house.stage.web.log


@pytest.mark.parametrize("kind", ["generic", "discord"])
def test_a_webhook_calls_nobody_and_runs_nothing(house: House, kind: str) -> None:
    receiver = Receiver()
    try:
        order = {"url": receiver.url, "kind": kind, "cooldown_minutes": 0}
        assert house.ask("PUT", "/api/settings/webhook", order).is_success
        for amount, who in ((90_000, "@everyone <@&1> [x](https://strangers.example)"), (95_000, "=1+1 `x` **b**")):
            data = {"amount": amount + (kind == "discord"), "currency": "USD"}
            house.ask("POST", "/track", {"event_type": "purchase", "user_id": f"{who} {kind}", "data": data})
        wait_until(lambda: receiver.taken, "a message of the webhook", 30)
        for taken in receiver.taken:
            assert taken.json
            if kind == "discord":
                assert taken.json["allowed_mentions"] == {"parse": []}
                assert not re.search(
                    r"(?<!\\)@everyone|(?<!\\)<@|(?<!\\)\]\(",
                    json.dumps(taken.json["embeds"], ensure_ascii=False).replace("\\\\", "\\"),
                )
    finally:
        house.ask("DELETE", "/api/settings/webhook")
        receiver.close()


def test_metrics_can_be_read_whatever_a_channel_is_called(house: House) -> None:
    names = {text[:60] for name, text in TEXTS.items() if name != "nul"}
    house.stage.tell(*(event(name, text="hello") for name in names))
    families = {one.name: one for one in text_string_to_metric_families(house.client.get("/metrics").text)}
    told = {sample.labels["channel"] for sample in families["streampulse_messages"].samples}
    assert names - told == set()


def test_every_line_of_the_log_is_one_of_ours(house: House, figure: Any) -> None:
    written = house.stage.web.log
    strange = [
        line
        for line in re.split(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", written)
        if line and not LINE.fullmatch(line)
    ]
    assert strange[:5] == []
    assert "Traceback" not in written
    assert all(sign.isprintable() or sign == "\n" for sign in written)
    figure(
        f"{house.answers:,} requests with one of {len(EVERYTHING)} hostile texts: {len(house.faults)} mistakes of ours"
    )
    figure(f"{len(written.splitlines()):,} lines of the log meanwhile: {len(strange)} forged")


def _all_chat(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for stream in house.client.get("/api/streams", params={"channel": CHANNEL}).json()["data"]:
        before: dict[str, str] = {}
        for _ in range(50):
            page = house.client.get(f"/api/streams/{stream['id']}/chat", params={"limit": 200, **before}).json()
            found += page["items"]
            if page["next"] is None:
                break
            before = {"before": page["next"]}
    return found


def _people(house: House) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(1, 50):
        page = house.client.get(VIEWERS, params={"page": number, "limit": 200}).json()
        found += page["data"]
        if number >= page["pagination"]["totalPages"]:
            break
    return found
