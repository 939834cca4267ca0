"""Both processes killed at random moments while they work: nothing acknowledged is lost, nothing counts twice.

``bin/torture crashes`` does the same for longer, and holds them to five seconds until all is well again.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import support
from tests.processes import Program
from tests.torture import crashes
from tests.torture.report import Report

pytestmark = pytest.mark.long

ROUNDS, SECONDS = 8, 90.0  # a machine that is too slow for all of them tells how many it had


@pytest.mark.timeout(400)
def test_nothing_is_lost_or_counted_twice_whenever_the_processes_are_killed(
    program: Program, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    seed = random.randrange(10**6)
    database = support.database(tmp_path)
    report = Report("crashes", figure)
    report.figure("seed", seed)
    crashes.rounds(program, database, ROUNDS, seed, report, SECONDS)
    database.close()
    assert report.broken == []
