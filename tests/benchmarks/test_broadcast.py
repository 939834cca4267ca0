"""The benchmark of pushes, in small: every push it measures has reached everybody."""

from __future__ import annotations

from pathlib import Path

from benchmarks import broadcast
from core.config import ROOT


def test_each_push_reaches_every_client(tmp_path: Path) -> None:
    taken = broadcast._measured(broadcast._product_server(tmp_path), ROOT, 20, 4.0)
    assert taken.missing == 0
    assert 0 < taken.p50 <= taken.p99
    assert taken.memory > 0
