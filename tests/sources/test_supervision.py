"""Sources side by side: what breaks begins anew, what ends may end, and what is told to stop does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from sources import supervision
from sources.base import Backoff
from sources.supervision import run_all


class Radio:
    """A source that breaks ``breaks`` times, and then plays until it is told to stop, or ``ends`` by itself."""

    def __init__(self, *, breaks: int = 0, ends: bool = False, is_deaf: bool = False) -> None:
        self.counters: Mapping[str, int] = {}
        self.runs = 0
        self.was_cancelled = False
        self._breaks, self._is_deaf = breaks, is_deaf
        self._end = asyncio.Event()
        if ends:
            self._end.set()

    async def run(self) -> None:
        self.runs += 1
        if self.runs <= self._breaks:
            raise RuntimeError("a valve blew")
        try:
            await self._end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise

    async def stop(self) -> None:
        if not self._is_deaf:
            self._end.set()


def play(*radios: Radio, stop_after_seconds: float | None = None) -> None:
    async def scene() -> None:
        stopping = asyncio.Event()
        if stop_after_seconds is not None:
            asyncio.get_running_loop().call_later(stop_after_seconds, stopping.set)
        await run_all(radios, stopping)

    asyncio.run(asyncio.wait_for(scene(), 30))


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "STOP_SECONDS", 0.05)


def test_a_source_that_breaks_is_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Backoff, "next_seconds", lambda _self: 0.0)
    radio = Radio(breaks=3, ends=True)
    play(radio)
    assert radio.runs == 4
    assert [record.getMessage() for record in caplog.records] == ["Radio broke; starting it again in 0 s"] * 3


def test_who_waits_to_start_again_is_stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backoff, "next_seconds", lambda _self: 3_600.0)
    radio = Radio(breaks=1)
    play(radio, stop_after_seconds=0.01)
    assert (radio.runs, radio.was_cancelled) == (1, False)


def test_one_that_ends_leaves_the_others_playing_until_they_are_told_to_stop() -> None:
    short, long, deaf = Radio(ends=True), Radio(), Radio(is_deaf=True)
    play(short, long, deaf, stop_after_seconds=0.01)
    assert [radio.runs for radio in (short, long, deaf)] == [1, 1, 1]
    assert [radio.was_cancelled for radio in (short, long, deaf)] == [False, False, True]
