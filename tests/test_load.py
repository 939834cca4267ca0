"""The trial under load, for a moment and with few: that it counts, and that nothing is lost then either."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tests.torture import load
from tests.torture.report import Report

ABOUT_TIME = ("99 of 100", "memory is bounded")  # those are for a machine that does nothing else


def test_a_small_crowd_a_small_chat_and_a_small_shop_lose_nothing(figure: Callable[[str], None]) -> None:
    parser = argparse.ArgumentParser()
    load.add_options(parser)
    report = Report("load", figure)
    load.run(parser.parse_args("--clients 20 --chat 60 --track 10 --seconds 3".split()), report)
    assert [line for line in report.broken if not line.startswith(ABOUT_TIME)] == []
