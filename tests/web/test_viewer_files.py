"""People to take away and to bring: CSV and JSON downloads opened back, and uploads of lists."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import httpx
import pytest

from core.events import Event, Kind, Person, Platform
from tests.web.conftest import Stage, event
from tests.web.test_viewers import OF_OLD, ROOT, get, gift, problem
from web.viewer_schemas import ImportReport, PersonExport

FORMULAS = ("=1+1", "+1", "-1", "@sum(a1)", "\tx", "＝1+1", '=HYPERLINK("http://evil.example")')


def opened(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    text = response.content.decode("utf-8")
    assert text.startswith("\ufeff"), "Excel takes it for something else"
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def named(number: int, name: str) -> Event:
    who = Person(f"id-formula-{number}", f"formula.{number}", name)
    return Event(Platform.TIKTOK, "files", Kind.CHAT, event("files").at_ms, f"formula-{number}", who, "hi")


def everybody(client: httpx.Client, filter: str) -> list[dict[str, Any]]:
    """The list, all its pages."""
    first = get(client, "", filter=filter, limit=200)
    pages = range(2, first["pagination"]["totalPages"] + 1)
    return first["data"] + [
        one for page in pages for one in get(client, "", filter=filter, limit=200, page=page)["data"]
    ]


def test_a_list_opened_back_holds_everybody_and_no_cell_runs(stage: Stage, client):
    stage.tell(*(named(number, name) for number, name in enumerate(FORMULAS)))
    stage.tell(event("files", by="liner"))
    notes = '=1+1\nsecond "line", with comma\nthird'
    assert client.patch(f"{ROOT}/liner", json={"notes": notes, "tags": ["-a", "b"]}).status_code == 200
    response = client.get(f"{ROOT}/export", params={"format": "csv"})
    assert re.fullmatch(r'attachment; filename="viewers-\d{4}-\d\d-\d\d\.csv"', response.headers["content-disposition"])
    rows = opened(response)
    assert list(rows[0])[:36] == OF_OLD
    by_name = {row["username"]: row for row in rows}
    assert by_name["liner"]["notes"] == f"'{notes}"
    assert by_name["liner"]["tags"] == "'-a; b"
    assert by_name["formula.0"]["display_name"] == "'=1+1"
    for row in rows:
        assert None not in row, "a row has more cells than the head"
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for cell in row.values())
    listed = get(client, "", limit=200)["pagination"]["total"]
    assert len(rows) == listed == len(client.get(f"{ROOT}/export").json())


def test_a_filter_chooses_who_is_exported(stage: Stage, client):
    stage.tell(event("files", by="favoured"))
    client.patch(f"{ROOT}/favoured", json={"is_favorite": True})
    for filter in ("favorites", "vip", "active"):
        exported = client.get(f"{ROOT}/export", params={"format": "json", "filter": filter})
        assert f"viewers-{filter}-" in exported.headers["content-disposition"]
        listed = everybody(client, filter)
        assert {one["id"] for one in exported.json()} == {one["id"] for one in listed}
        assert len(opened(client.get(f"{ROOT}/export", params={"format": "csv", "filter": filter}))) == len(listed)


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_list_is_sent_compressed_to_whoever_takes_it_so_and_is_the_same(stage: Stage, client, form):
    stage.chat("packed", "hello")
    address, question = f"{ROOT}/export", {"format": form}
    packed = client.get(address, params=question, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, params=question, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "mila" in packed.text  # and not the bytes as they came
    assert packed.text.count("\n") == plain.text.count("\n") > 1


def test_a_head_request_of_a_download_leaves_the_connection_usable(client):
    for path in ("/export", "/export?format=csv"):
        assert client.head(f"{ROOT}{path}").status_code == 200
        assert client.get("/health").status_code == 200


def test_one_person_s_export_holds_everything_of_them_over_many_pages(stage: Stage, client):
    stage.chat("whole", *(f"message {number}" for number in range(1_100)), by="whole.person")
    stage.tell(event("whole", by="whole.other", text="not theirs"), gift("whole", "whole.person", 3))
    answer = client.get(f"{ROOT}/twitch:whole.person/export")
    told = answer.json()
    assert PersonExport.model_validate(told, strict=True, extra="forbid")
    assert [row["text"] for row in told["events"]][::-1] == [f"message {number}" for number in range(1_100)]
    assert told["profile"]["total_comments"] == 1_100
    assert "not theirs" not in answer.text
    assert len(client.get(f"{ROOT}/tiktok:whole.person/export").json()["gifts"]) == 1


def test_the_name_of_a_file_is_safe_whatever_the_person_is_called(stage: Stage, client):
    stage.tell(event("files", by='a"b\\c;мила'))
    answer = client.get(f"{ROOT}/a%22b%5Cc%3Bмила/export")
    assert answer.status_code == 200
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+\.json"', answer.headers["content-disposition"])


LIST = "username,display name,notes,tags\nimported.one,One,hello,a;b\nimported.two,Two,,\n"


def test_a_list_is_tried_first_then_imported_once(client):
    tried = client.post(f"{ROOT}/import", params={"dry_run": "true"}, files={"file": ("list.csv", LIST, "text/csv")})
    assert ImportReport.model_validate(tried.json(), strict=True, extra="forbid")
    assert (tried.json()["new"], tried.json()["done"]) == (2, False)
    problem(client.get(f"{ROOT}/imported.one"), 404)
    done = client.post(f"{ROOT}/import", content=LIST.encode(), headers={"Content-Type": "text/csv; charset=utf-8"})
    assert (done.json()["new"], done.json()["done"]) == (2, True)
    assert get(client, "/imported.one")["tags"] == ["a", "b"]
    again = client.post(f"{ROOT}/import", files={"file": LIST.encode()}, data={"dry_run": "true"})
    assert (again.json()["new"], again.json()["unchanged"]) == (0, 2)


def test_columns_are_mapped_as_told(client):
    mapping = json.dumps({"who": "username", "said of them": "notes", "rest": None})
    text = "who,said of them,rest\nmapped.one,kind,x\n"
    form = {"mapping": mapping, "platform": "twitch"}
    answer = client.post(f"{ROOT}/import", files={"file": text.encode()}, data=form)
    assert answer.status_code == 200, answer.text
    assert get(client, "/twitch:mapped.one")["notes"] == "kind"


def test_a_list_with_a_bad_row_changes_nothing_and_names_it(client):
    text = "username,birthday\nbad.row.one,2000-01-01\nbad.row.two,yesterday\n"
    refused = problem(client.post(f"{ROOT}/import", files={"file": text.encode()}), 422)
    (wrong,) = refused["details"]
    assert (wrong["line"], wrong["column"]) == (3, "birthday")
    problem(client.get(f"{ROOT}/bad.row.one"), 404)
    tried = client.post(f"{ROOT}/import", files={"file": text.encode()}, params={"dry_run": "1"}).json()
    assert (tried["error_count"], tried["done"]) == (1, False)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {"Content-Type": "text/csv"}, 422),
        (b"username\nx", {"Content-Type": "application/json"}, 415),
        (b"username\nx", {}, 415),
        (b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}, 422),
        (b"\xff\xfe\x00", {"Content-Type": "text/csv"}, 422),
        (b"nothing known\nx", {"Content-Type": "text/csv"}, 422),
    ],
)
def test_what_is_no_list_is_refused(client, content, headers, status):
    problem(client.post(f"{ROOT}/import", content=content, headers=headers), status)


@pytest.mark.parametrize("mapping", ["{", "[]", '{"who": 5}', "[" * 3_000])
def test_a_mapping_that_is_none_is_refused(client, mapping):
    answer = client.post(f"{ROOT}/import", files={"file": b"who\nx"}, data={"mapping": mapping})
    problem(answer, 422)


def test_a_list_may_be_larger_than_other_bodies_but_not_endless(client):
    row = "larger.{:07},a name\n"
    large = "username,display name\n" + "".join(row.format(number) for number in range(60_000))
    assert len(large) > 1_000_000
    tried = client.post(f"{ROOT}/import", params={"dry_run": "true"}, files={"file": large.encode()})
    assert tried.status_code == 200, tried.text
    assert tried.json()["new"] == 60_000
    endless = client.post(f"{ROOT}/import", content=b"x" * 20_000_001, headers={"Content-Type": "text/csv"})
    problem(endless, 413)
