"""One fresh database for each order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.db import Database
from tests import support


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    fresh = support.database(tmp_path)
    yield fresh
    fresh.close()
