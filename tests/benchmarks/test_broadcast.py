"""The benchmark of pushes, in small: every push it measures has reached everybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import broadcast, stalled
from core.config import ROOT

pytestmark = pytest.mark.long


def test_each_push_reaches_every_client(tmp_path: Path) -> None:
    taken = broadcast._measured(broadcast._product_server(tmp_path), ROOT, 20, 4.0)
    assert taken.missing == 0
    assert 0 < taken.p50 <= taken.p99
    assert taken.memory > 0


def test_who_does_not_read_is_measured_beside_who_does(capsys: pytest.CaptureFixture[str]) -> None:
    stalled.main(listening=10, stalled=(0, 1), seconds=3.0)
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith(("| 0 |", "| 2 |"))]
    assert len(rows) == 2
    assert all(row[3] == "0" for row in rows), "every push has reached all ten"
