"""Settings and logs are read from the environment: each test gets one with nothing in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.config import Settings, load_settings
from core.db import Database
from tests import support

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """``load(PORT="80")``: the settings under these variables; ``env_file=`` gives the text of a .env."""
    for name in list(os.environ):
        if name.lower() in Settings.model_fields:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setattr("tzlocal.unix._cache_tz_name", None)  # another test may have asked already

    def load_with(env_file: str | bytes = "", **variables: str) -> Settings:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        path = tmp_path / ".env"
        path.write_bytes(env_file if isinstance(env_file, bytes) else env_file.encode())
        return load_settings(path)

    return load_with


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    fresh = support.database(tmp_path)
    yield fresh
    fresh.close()
