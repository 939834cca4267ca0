"""Tapes: what is recorded comes back the same, on time, and neither broken lines nor a full disk stop anything."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pytest

from core.clock import SECOND_MS
from core.events import Event, Kind, Mark, Person, Platform, SourceState, SourceStatus, event_from_json, event_to_json
from demo.world import World
from sources import tape
from sources.tape import TapePlayer, TapeRecorder, event_of_line

THEN_MS, NOW_MS = 1_700_000_000_000, 1_795_293_000_000
EVA = Person("1", "eva_m", "Eva 🌹", "https://example.org/eva.png")
MAX = Person("2", "max")


@dataclass
class Sink:
    events: list[Event] = field(default_factory=list)
    statuses: list[SourceStatus] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.append(event)

    def status(self, status: SourceStatus) -> None:
        self.statuses.append(status)


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now_ms: float = NOW_MS
        self.naps = 0

    def __call__(self) -> int:
        return int(self.now_ms)

    async def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.now_ms += max(1.0, seconds * SECOND_MS)
        await asyncio.sleep(0)


def chat(number: int, after_ms: int = 0, **changes: object) -> Event:
    event = Event(Platform.TWITCH, "lena_plays", Kind.CHAT, THEN_MS + after_ms, f"m{number}", EVA, f"line {number}")
    return replace(event, **changes)  # type: ignore[arg-type]


def write(path: Path, events: Iterable[Event]) -> Path:
    path.write_text("".join(event_to_json(event) + "\n" for event in events), encoding="utf-8")
    return path


def play(path: Path, *, speed: float = 1, rebase: bool = True, clock: Clock | None = None) -> tuple[Sink, TapePlayer]:
    clock, sink = clock or Clock(), Sink()
    player = TapePlayer(path, sink, speed=speed, rebase=rebase, clock_ms=clock, sleep=clock.sleep)
    asyncio.run(asyncio.wait_for(player.run(), 20))
    assert player.played == len(sink.events)
    return sink, player


# --- recording


def test_a_tape_gives_back_exactly_what_was_recorded(tmp_path: Path) -> None:
    events = list(islice(World().live(NOW_MS), 3000))
    events += [
        chat(1, text='tab\t newline\n quote" slash\\ line\u2028separator 🌹 ‮rtl'),
        chat(2, source_id=None, who=None, extra={"emotes": ["Kappa"], "deep": {"list": [1, None, True]}}),
        chat(3, marks=int(Mark.FIRST | Mark.ACTION), amount=2**40),
    ]
    with TapeRecorder(tmp_path / "tape.ndjson", Sink()) as recorder:
        for event in events:
            recorder.event(event)
    assert (recorder.written, recorder.failed) == (len(events), 0)
    sink, player = play(tmp_path / "tape.ndjson", speed=1000, rebase=False)
    assert sink.events == events
    assert player.bad_lines == 0


def test_the_recorder_passes_everything_on_at_once(tmp_path: Path) -> None:
    sink = Sink()
    status = SourceStatus(Platform.TWITCH, "lena_plays", SourceState.CONNECTED, NOW_MS)
    with TapeRecorder(tmp_path / "tape.ndjson", sink) as recorder:
        recorder.event(chat(1))
        recorder.status(status)
        assert sink.events == [chat(1)]
        assert sink.statuses == [status]


def test_lines_reach_the_disk_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "tape.ndjson"
    with TapeRecorder(path, Sink()) as recorder:
        recorder.event(chat(1))
        deadline = time.monotonic() + 5
        while not path.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert time.monotonic() - deadline + 5 < 1.5
        assert event_from_json(path.read_text()) == chat(1)


def test_recording_again_appends(tmp_path: Path) -> None:
    for number in (1, 2):
        with TapeRecorder(tmp_path / "tape.ndjson", Sink()) as recorder:
            recorder.event(chat(number))
    assert play(tmp_path / "tape.ndjson", rebase=False)[0].events == [chat(1), chat(2)]


def test_a_line_torn_by_a_crash_costs_that_line_only(tmp_path: Path) -> None:
    path = write(tmp_path / "tape.ndjson", [chat(1)])
    with path.open("a") as file:
        file.write('{"platform":"twitch","chan')
    with TapeRecorder(path, Sink()) as recorder:
        recorder.event(chat(2))
    sink, player = play(path, rebase=False)
    assert sink.events == [chat(1), chat(2)]
    assert player.bad_lines == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_said_once_counted_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sink = Sink()
    with caplog.at_level(logging.ERROR), TapeRecorder(Path("/dev/full"), sink) as recorder:
        for number in range(3 * tape.BATCH):
            recorder.event(chat(number))
    assert len(sink.events) == 3 * tape.BATCH
    assert (recorder.written, recorder.failed) == (0, 3 * tape.BATCH)
    assert len(caplog.records) == 1
    assert "/dev/full" in caplog.text


class AlmostFullDisk:
    """Takes half of the first write, refuses the second, and then has room again."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("ab", buffering=0)
        self.calls = 0

    def write(self, content: bytes) -> int:
        self.calls += 1
        if self.calls == 1:
            return self.file.write(content[: len(content) // 2])
        if self.calls == 2:
            raise OSError(28, "No space left on device")
        return self.file.write(content)


def test_a_disk_that_fills_up_within_a_line_costs_no_later_line(tmp_path: Path) -> None:
    path = tmp_path / "tape.ndjson"
    recorder = TapeRecorder(path, Sink())
    recorder.close()
    disk = AlmostFullDisk(path)
    recorder._file = disk  # type: ignore[assignment]
    recorder._write([chat(1), chat(2), chat(3)])
    recorder._write([chat(4)])
    disk.file.close()
    assert (recorder.written, recorder.failed) == (2, 2)
    sink, player = play(path, rebase=False)
    assert sink.events == [chat(1), chat(4)]
    assert player.bad_lines == 1


def test_an_event_that_is_no_json_is_counted_and_the_others_stay(tmp_path: Path) -> None:
    with TapeRecorder(tmp_path / "tape.ndjson", Sink()) as recorder:
        for event in (chat(1), chat(2, extra={"what": object()}), chat(3)):
            recorder.event(event)
    assert (recorder.written, recorder.failed) == (2, 1)
    assert play(tmp_path / "tape.ndjson", rebase=False)[0].events == [chat(1), chat(3)]


def test_a_disk_too_slow_is_counted_and_does_not_hold_up_the_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tape, "QUEUE_LIMIT", 10)
    monkeypatch.setattr(TapeRecorder, "_write_all", lambda self: None)  # a disk that never answers
    sink = Sink()
    recorder = TapeRecorder(tmp_path / "tape.ndjson", sink)
    for number in range(25):
        recorder.event(chat(number))
    assert len(sink.events) == 25
    assert recorder.failed == 15
    recorder._file.close()


def test_after_closing_events_are_only_passed_on(tmp_path: Path) -> None:
    sink = Sink()
    recorder = TapeRecorder(tmp_path / "tape.ndjson", sink)
    recorder.close()
    recorder.close()
    recorder.event(chat(1))
    assert sink.events == [chat(1)]
    assert (tmp_path / "tape.ndjson").read_bytes() == b""


def test_a_place_that_cannot_be_written_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        TapeRecorder(tmp_path / "no such folder" / "tape.ndjson", Sink())
    with pytest.raises(OSError):
        TapeRecorder(tmp_path, Sink())


# --- playing


@pytest.mark.parametrize("speed", [0, 0.5, 1000.1, -3, float("nan"), float("inf")])
def test_a_speed_outside_1_to_1000_is_refused(tmp_path: Path, speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        TapePlayer(write(tmp_path / "tape.ndjson", []), Sink(), speed=speed)


def test_a_file_that_cannot_be_read_is_refused_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TapePlayer(tmp_path / "missing.ndjson", Sink(), speed=1)
    with pytest.raises(OSError):
        TapePlayer(tmp_path, Sink(), speed=1)


@pytest.mark.parametrize("speed", [1, 10, 1000])
def test_a_replay_happens_now_and_keeps_distances_divided_by_the_speed(tmp_path: Path, speed: int) -> None:
    offsets = [0, 100, 100, 5_000, 60_000, 3_600_000]
    path = write(tmp_path / "tape.ndjson", [chat(n, after) for n, after in enumerate(offsets)])
    clock = Clock()
    sink, _ = play(path, speed=speed, clock=clock)
    assert [event.at_ms - NOW_MS for event in sink.events] == [after // speed for after in offsets]
    assert clock.now_ms - NOW_MS == pytest.approx(3_600_000 / speed, abs=5)


def test_a_replay_is_delivered_when_it_says_it_happens(tmp_path: Path) -> None:
    path = write(tmp_path / "tape.ndjson", [chat(n, n * 700) for n in range(200)])
    clock, delays = Clock(), []

    class Watch(Sink):
        def event(self, event: Event) -> None:
            delays.append(clock() - event.at_ms)

    player = TapePlayer(path, Watch(), speed=7, clock_ms=clock, sleep=clock.sleep)
    asyncio.run(asyncio.wait_for(player.run(), 20))
    assert 0 <= min(delays) <= max(delays) <= 2


def test_events_recorded_out_of_order_keep_their_place_and_distance(tmp_path: Path) -> None:
    path = write(tmp_path / "tape.ndjson", [chat(1, 1000), chat(2, 3000), chat(3, 2500), chat(4, 4000)])
    sink, _ = play(path, speed=2)
    assert [event.text for event in sink.events] == ["line 1", "line 2", "line 3", "line 4"]
    assert [event.at_ms - NOW_MS for event in sink.events] == [0, 1000, 750, 1500]


def test_two_replays_have_different_ids_and_deletions_still_meet_their_message(tmp_path: Path) -> None:
    said = chat(1)
    gone = Event(Platform.TWITCH, "lena_plays", Kind.DELETE, THEN_MS + 1, "d1", EVA, extra={"target": "m1", "x": 1})
    path = write(tmp_path / "tape.ndjson", [said, gone, chat(2, source_id=None)])
    clock = Clock()
    first, _ = play(path, clock=clock)
    clock.now_ms += 1
    second, _ = play(path, clock=clock)
    for sink in (first, second):
        assert sink.events[1].extra == {"target": sink.events[0].source_id, "x": 1}
        assert sink.events[2].source_id is None
    assert first.events[0].source_id != second.events[0].source_id
    assert {sink.events[0].source_id for sink in (first, second)}.isdisjoint({"m1"})


def test_without_rebasing_times_and_ids_stay(tmp_path: Path) -> None:
    gone = Event(Platform.TWITCH, "lena_plays", Kind.DELETE, THEN_MS + 1, "d1", EVA, extra={"target": "m1"})
    path = write(tmp_path / "tape.ndjson", [chat(1), gone])
    once, again = play(path, rebase=False)[0], play(path, rebase=False)[0]
    assert once.events == again.events == [chat(1), gone]


def test_each_channel_connects_with_its_first_event_and_stops_at_the_end(tmp_path: Path) -> None:
    gift = Event(Platform.TIKTOK, "lena", Kind.GIFT, THEN_MS + 50, "g1", MAX, amount=5)
    sink, _ = play(write(tmp_path / "tape.ndjson", [chat(1), gift, chat(2, 90)]))
    states = [(status.platform, status.channel, status.state) for status in sink.statuses]
    assert states == [
        (Platform.TWITCH, "lena_plays", SourceState.CONNECTED),
        (Platform.TIKTOK, "lena", SourceState.CONNECTED),
        (Platform.TWITCH, "lena_plays", SourceState.STOPPED),
        (Platform.TIKTOK, "lena", SourceState.STOPPED),
    ]
    assert sink.statuses[0].detail == "replay of tape.ndjson"


def test_an_import_says_of_no_channel_that_it_is_listened_to(tmp_path: Path) -> None:
    sink, _ = play(write(tmp_path / "tape.ndjson", [chat(1), chat(2, 90)]), rebase=False)
    assert [status.state for status in sink.statuses] == [SourceState.STOPPED]


def test_an_empty_tape_ends_at_once(tmp_path: Path) -> None:
    sink, player = play(write(tmp_path / "tape.ndjson", []))
    assert not sink.events
    assert not sink.statuses
    assert player.bad_lines == 0


def broken(**changes: object) -> bytes:
    return json.dumps(json.loads(event_to_json(chat(9))) | changes).encode()


BROKEN_LINES = [
    b"hello",
    b"{",
    b"[]",
    b"42",
    b"null",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"platform":"twitch"}',
    broken(platform="myspace"),
    broken(kind="explosion"),
    broken(at_ms="soon"),
    broken(at_ms=float("inf")),
    broken(at_ms=-1),
    broken(at_ms=10**17),
    broken(amount=-5),
    broken(amount=10**30),
    broken(marks=-1),
    broken(who="eva"),
    broken(who={"user_id": 7, "login": "eva"}),
    broken(who={"login": "eva"}),
    broken(source_id=7),
    broken(source_id=0),
    broken(source_id={}),
    broken(extra="x"),
    broken(extra=["x"]),
    broken(text="half a pair \ud83d"),
]


@pytest.mark.parametrize("line", BROKEN_LINES, ids=range(len(BROKEN_LINES)))
def test_a_broken_line_is_no_event(line: bytes) -> None:
    with pytest.raises(ValueError):
        event_of_line(line)


def test_emoji_written_as_escapes_are_no_broken_line() -> None:
    assert event_of_line(json.dumps(json.loads(event_to_json(chat(1, text="🌹")))).encode()).text == "🌹"


def test_broken_lines_are_skipped_counted_and_named_by_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = [event_to_json(chat(number)).encode() for number in (1, 2)]
    path = tmp_path / "tape.ndjson"
    path.write_bytes(b"\n".join([good[0], b"", b"rubbish", b"   ", broken(kind="x"), good[1]]))
    with caplog.at_level(logging.WARNING):
        sink, player = play(path, rebase=False)
    assert [event.text for event in sink.events] == ["line 1", "line 2"]
    assert player.bad_lines == 2
    assert [f"line {number}" in record.message for record, number in zip(caplog.records, (3, 5), strict=True)] == [
        True,
        True,
    ]


def test_a_file_that_is_no_tape_does_not_flood_the_log_or_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"x" * (3 * tape.LONGEST_LINE) + b"\n" + b"rubbish\n" * 5000 + event_to_json(chat(1)).encode())
    with path.open("rb") as file:
        assert max(len(line) for _, line in tape._numbered_lines(file)) <= tape.LONGEST_LINE
    clock = Clock()
    with caplog.at_level(logging.WARNING):
        sink, player = play(path, clock=clock)
    assert len(sink.events) == 1
    assert player.bad_lines == 5001
    assert len(caplog.records) == tape.MOST_WARNINGS
    assert clock.naps >= 20, "reading nothing but rubbish must let others run"


def test_a_replay_that_falls_behind_lets_others_run(tmp_path: Path) -> None:
    path = write(tmp_path / "tape.ndjson", [chat(n) for n in range(5000)])
    clock = Clock()
    sink, _ = play(path, speed=1000, clock=clock)
    assert len(sink.events) == 5000
    assert clock.naps >= 20


def test_stop_ends_a_replay_at_once(tmp_path: Path) -> None:
    """With the real clock: the second event is an hour away."""
    path = write(tmp_path / "tape.ndjson", [chat(1), chat(2, 3_600_000)])

    async def scene() -> Sink:
        sink = Sink()
        player = TapePlayer(path, sink, speed=1)
        running = asyncio.create_task(player.run())
        while not sink.events:
            await asyncio.sleep(0)
        await player.stop()
        await asyncio.wait_for(running, 2)
        return sink

    sink = asyncio.run(asyncio.wait_for(scene(), 20))
    assert len(sink.events) == 1
    assert sink.statuses[-1].state is SourceState.STOPPED


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "tape.ndjson", [])
    path.chmod(0)
    with pytest.raises(PermissionError):
        TapePlayer(path, Sink(), speed=1)
