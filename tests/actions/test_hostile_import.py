"""``init_db.py --import`` with files that are meant to do harm: a line that says where, or all of it; never a part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import init_db
from core.config import Settings, load_settings
from core.db import Database
from models import LibraryReview
from tests import support
from tests.actions.test_library_import import FILES, contents, write
from tests.databases import address
from tests.hostile import BYTES, EVERYTHING
from tests.support import rows

USER = '{"name": "Ann", "email": "ann@example.com"}'
# What is no list of records, however it is read.
FILES_OF_NOTHING: dict[str, bytes] = {
    **{f"bytes: {name}": b'{"users": [{"name": "' + sent + b'", "email": 7}]}' for name, sent in BYTES.items()},
    **{f"bytes alone: {name}": sent for name, sent in BYTES.items()},
    "empty": b"",
    "cut off": f'{{"users": [{USER}'.encode(),
    "cut off in a text": b'{"users": [{"name": "Ann',
    "without an end": f'{{"users": [{USER}, {USER}, '.encode(),
    "twice": f'{{"users": [{USER}]}}{{"users": [{USER}]}}'.encode(),
    "the same list twice": f'{{"users": [{USER}], "users": [{USER}]}}'.encode(),
    "deep lists": b'{"users": [' + b"[" * 100_000,
    "deep objects": b'{"users": [' + b'{"a":' * 100_000,
    "deep and closed": b'{"users": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    "a long number": b'{"users": [' + b"9" * 100_000 + b"]}",
    "no number": b'{"users": [{"name": NaN, "email": Infinity}]}',
    "a comment": b'{"users": [] /* none */}',
    "prototype": b'{"__proto__": [{"isAdmin": true}]}',
    "markup": b'{"<script>window.pwned=1</script>": []}',
    "yaml": b"users:\n  - !!python/object/apply:os.system ['true']\n",
    "pickle": b"cos\nsystem\n(S'true'\ntR.",
    "sqlite": b"SQLite format 3\0" + bytes(500),
}
VALUES: tuple[Any, ...] = (
    *EVERYTHING.values(),
    *(
        None,
        True,
        False,
        [],
        {},
        [[]],
        {"$ne": 1},
        {"__class__": "x"},
        -1,
        0,
        1e308,
        -0.0,
        10**30,
        2**63,
        1.5,
        "1e999",
        "",
    ),
)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """What ``init_db.main`` works on, out of reach of the developer's own settings."""

    def settings() -> Settings:
        return load_settings(tmp_path / "no.env")

    made = support.database(tmp_path)
    monkeypatch.setenv("DATABASE_URL", address(made))
    monkeypatch.setattr(init_db, "load_settings", settings)
    yield made
    made.close()


def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and what was said; every error that is no sentence leaves as an exception."""
    code = init_db.main(["--import", str(folder)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_files_that_are_no_lists_are_refused_with_their_name_and_place(
    database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {key: value for key, value in FILES.items() if key != "users"})
    before = contents(database)
    for name, content in FILES_OF_NOTHING.items():
        (folder / "users.json").write_bytes(content)
        code, words = told(folder, capsys)
        assert code == 2, (name, words)
        assert "users.json" in words, (name, words)
        assert max(map(len, words.splitlines())) < 1_000, name
        assert words.isprintable() or "\n" in words, name
        assert contents(database) == before, name


def test_what_cannot_be_imported_is_named_once(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists, alone = tmp_path / "lists", tmp_path / "alone.json"
    for named, made, words in (
        (lists, lambda: None, f"{lists}: No such file or directory"),
        (lists, lists.mkdir, f"{lists}: there is no .json file in it"),
        (alone, lambda: alone.write_text("{"), f"{alone}: line 1: "),
        (lists, lambda: (lists / "users.json").write_text("{"), f"{lists}: users.json: line 1: "),
    ):
        made()
        code, line = told(named, capsys)
        assert code == 2
        assert line.startswith(f"init_db.py: {words}"), line
        assert line.count(named.name) == 1


def test_each_field_with_each_hostile_value_is_taken_whole_or_told_by_row(
    database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list with all of them at once: the last row is sound, and must not be imported alone."""
    before = contents(database)
    for key, sound in FILES.items():
        bad = [row | {field: value} for row in sound[:1] for field in row for value in VALUES]
        write(folder, FILES, **{key: [*bad, *sound]})
        code, words = told(folder, capsys)
        assert code == 2, (key, words[-500:])
        assert "nothing was imported" in words, key
        assert f"{key}.json: {key}: row " in words, (key, words[:500])
        assert contents(database) == before, key


def test_texts_that_fit_are_kept_as_they_are(
    database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [text for text in EVERYTHING.values() if text.isprintable() and len(text) < 2_000]
    write(folder, FILES, reviews=[FILES["reviews"][0] | {"text": text} for text in texts])
    code, words = told(folder, capsys)
    assert code == 0, words
    assert {row["comment"] for row in rows(database, LibraryReview)} == {text.strip() for text in texts}


def test_what_stands_in_a_files_place_is_told(
    database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "loop.json").symlink_to(folder / "loop.json")
    assert told(folder, capsys)[0] == 2
    (folder / "loop.json").unlink()
    (folder / "folder.json").mkdir()
    code, words = told(folder, capsys)
    assert (code, "folder.json" in words) == (2, True), words
