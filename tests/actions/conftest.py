"""One fresh database for each order, and the program that gives orders by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import init_db
from core.config import load_settings
from core.db import Database
from tests import support
from tests.databases import address, empty_url

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    fresh = support.database(tmp_path)
    yield fresh
    fresh.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "streampulse.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """For lists that are to be imported."""
    made = tmp_path / "lists"
    made.mkdir()
    return made


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the program looks: the database of ``db``, or one without any table where a test takes none."""
    if "db" in request.fixturenames:
        return address(request.getfixturevalue("db"))
    return empty_url(tmp_path, "streampulse.db")


@pytest.fixture
def run(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``run("--backup", file)``: the exit code of the program on the database at ``url``, and what it says."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setattr(init_db, "load_settings", lambda: load_settings(tmp_path / "no.env"))

    def program(*arguments: str | Path) -> tuple[int, str, str]:
        code = init_db.main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return program
