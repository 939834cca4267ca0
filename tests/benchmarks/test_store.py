"""The benchmarks of the shop, in small: what they measure is consistent, and they run to their end."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks import store, track
from core.db import Database
from models import StoreEvent, StoreEventKey, StoreReach, StoreTotal, StoreUser
from rules.reach import Measure, Span
from tests.support import NOON

pytestmark = pytest.mark.long


def test_a_made_shops_figures_are_those_of_its_events(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    store.make(file, 3_000, now_ms=NOON)
    database = Database(f"sqlite:///{file}")
    with database.reading() as connection:
        counted = connection.scalar(select(func.count()).select_from(StoreEvent))
        known = connection.scalar(select(func.count()).select_from(StoreEventKey))
        total = connection.scalar(select(func.sum(StoreTotal.events)))
        active = connection.scalar(select(func.count()).where(StoreUser.last_at_ms > 0))
        ever = (StoreReach.span == Span.EVER.value, StoreReach.measure == Measure.ANY.value)
        reached = connection.scalar(select(StoreReach.users).where(*ever))
    database.close()
    assert counted == known == total == 3_000
    assert active == reached
    assert active > 100


def test_both_run_to_their_end(capsys: pytest.CaptureFixture[str]) -> None:
    store.main(small=300, large=600, asked=2)
    track.main(stored=400, rounds=1, seconds=0.3)
    told = capsys.readouterr().out
    assert told.count("| /") == len(store.QUESTIONS) * len(store.RANGES)
    assert told.count("| 0 |") == told.count("| 400 |") == len(track.CONNECTIONS)
