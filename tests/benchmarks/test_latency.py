"""The benchmark of the way from chat to browser, in small: every message it marks is seen by every client."""

from __future__ import annotations

from pathlib import Path

from benchmarks import latency


def test_each_marked_message_reaches_every_client(tmp_path: Path) -> None:
    with latency.both(tmp_path) as (server, port):
        taken_ms, missing = latency.measured(server, port, 20, 3, 4.0)
    assert missing == 0
    assert len(taken_ms) % 3 == 0
    assert len(taken_ms) > 0
    assert min(taken_ms) > 0
