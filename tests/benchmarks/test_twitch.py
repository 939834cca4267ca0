"""The benchmark of Twitch lines, in small: what it sends arrives whole and in order, and it would notice otherwise."""

from __future__ import annotations

from pathlib import Path

from benchmarks import twitch
from benchmarks.spoken import lines, mishaps
from core.clock import now_ms


def test_every_line_it_sends_is_stored_in_its_order(tmp_path: Path) -> None:
    said = list(lines(twitch.WARM_UP + 300, end_ms=now_ms()))
    product = twitch._product(tmp_path, said)
    assert len(product.texts) == 300
    assert mishaps(product.texts, range(twitch.WARM_UP, len(said))) == (0, 0)
    assert product.rate > 0
    assert product.cost_us > 0


def test_what_is_lost_and_what_is_late_is_counted() -> None:
    assert mishaps(["a 5", "b 6", "c 7"], range(5, 8)) == (0, 0)
    assert mishaps(["a 5", "c 7", "b 6"], range(5, 8)) == (0, 1)
    assert mishaps(["a 5", None, "c 7"], range(5, 8)) == (1, 0)
