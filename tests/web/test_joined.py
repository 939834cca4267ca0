"""Our sheets and scripts, many in one answer: kept by browsers for good, and looked at anew by the server."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx
import pytest

from web import joined
from web.joined import STATIC, find


def named(page: str, kind: str) -> list[str]:
    return re.findall(rf'(?:src|href)="(/static/joined/[^"]+\.{kind}\?v=\w+)"', page)


@pytest.mark.parametrize("path", ["/", "/viewers", "/overlay", "/docs"])
def test_a_page_asks_for_two_sheets_and_one_script_and_may_keep_them(client: httpx.Client, path: str) -> None:
    page = client.get(path, headers={"Accept": "text/html"}).text
    assert (len(named(page, "css")), len(named(page, "js"))) == (2, 1)
    for address in [*named(page, "css"), *named(page, "js")]:
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        plain = client.get(address, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == answer.content


def test_what_a_script_imports_from_elsewhere_is_asked_for_by_the_page(client: httpx.Client) -> None:
    page = client.get("/").text
    beside = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    script = httpx.URL(named(page, "js")[0])
    imported = re.findall(r'^import \* as \w+ from "([^"]+)";$', client.get(script).text, re.MULTILINE)
    assert sorted(beside) == sorted(str(script.join(address)) for address in imported) != []


def test_a_version_that_is_not_this_one_is_answered_and_not_kept(client: httpx.Client) -> None:
    for address in ("/static/joined/live+calm.js", "/static/joined/live+calm.js?v=before"):
        answer = client.get(address)
        assert answer.headers["cache-control"] == "no-cache"
        again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name",
    [
        *("nothing.js", "base+nothing.css", "live.html", "live", ".js", "+.css", "base+.css", "..css", "Base.css"),
        *("pages%2Flive.js", "..%2F..%2Fapp.js", "live.js%00", "a" * 3000 + ".css", "+".join(["base"] * 30) + ".css"),
    ],
)
def test_what_is_no_sheet_and_no_script_is_not_found(client: httpx.Client, name: str) -> None:
    assert client.get(f"/static/joined/{name}").status_code == 404


def test_sheets_stand_in_the_order_in_which_they_are_named() -> None:
    plain = find("roles+palette.css").plain.decode()
    assert plain == "\n".join((STATIC / "css" / f"{name}.css").read_text() for name in ("roles", "palette"))


def test_a_file_that_changes_is_seen_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "STATIC", tmp_path)
    sheet = tmp_path / "css" / "changing.css"
    sheet.parent.mkdir()
    sheet.write_text("a { color: red }")
    first = find("changing.css")
    assert find("changing.css") is first
    sheet.write_text("a { color: blue }")
    os.utime(sheet, ns=(1, 1))
    assert find("changing.css").plain == b"a { color: blue }"
    assert find("changing.css").version != first.version
    sheet.unlink()
    with pytest.raises(LookupError):
        find("changing.css")


def test_no_more_is_kept_than_pages_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined, "MOST", 3)
    for name in ("base", "roles", "palette", "chat", "live"):
        find(f"{name}.css")
        assert len(joined._kept) <= 3


def test_the_font_that_pages_ask_for_first_is_the_one_their_sheet_names(client: httpx.Client) -> None:
    first = re.findall(r'<link rel="preload" href="/static/vendor/([^"]+)" as="font"', client.get("/").text)
    assert first == re.findall(r'vendor/(inter-latin\.woff2[^"]+)"', (STATIC / "css" / "base.css").read_text())
