"""Tapes: every normalised event as a line of NDJSON, recorded from the pipeline and played into it again."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from core.clock import MINUTE_MS, SECOND_MS, now_ms
from core.events import Event, Platform, SourceState, SourceStatus, event_from_json, event_to_json
from sources.base import Sink
from sources.pacer import Pacer, Sleep

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.5
BATCH = 2_000  # events written at once
QUEUE_LIMIT = 50_000  # events that wait for a slow disk before they are given up
CLOSE_SECONDS = 5.0

SLOWEST, FASTEST = 1, 1000
LONGEST_LINE = 1 << 20  # bytes
MOST_WARNINGS = 20
LAST_MS = 253_402_300_799_999  # the end of the year 9999
LARGEST = (1 << 63) - 1


class TapeRecorder:
    """A sink that passes everything on to ``sink`` and appends every event to the file ``path``.

    Writing happens in a thread of its own, within a second; what cannot be written is counted in ``failed`` and said
    once, and never keeps an event from ``sink``. Raises OSError when the file cannot be opened.
    """

    def __init__(self, path: Path, sink: Sink) -> None:
        self._path, self._sink = path, sink
        self._torn = _ends_within_a_line(path)
        self._file = path.open("ab", buffering=0)
        self._queue: queue.Queue[Event | None] = queue.Queue(QUEUE_LIMIT)
        self._lock = threading.Lock()
        self._closed = False
        self.written = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._write_all, name="tape", daemon=True)
        self._thread.start()

    def event(self, event: Event) -> None:
        self._sink.event(event)
        if self._closed:
            return
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._lose(1, "the disk is too slow")

    def status(self, status: SourceStatus) -> None:
        self._sink.status(status)

    def close(self) -> None:
        """Writes what is left and closes the file; afterwards events are only passed on. May be repeated."""
        if self._closed:
            return
        self._closed = True
        try:
            self._queue.put(None, timeout=CLOSE_SECONDS)
        except queue.Full:
            log.error("tape %s: gave up waiting for the disk", self._path)
            return
        self._thread.join(CLOSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _write_all(self) -> None:
        with self._file:
            for batch in self._batches():
                self._write(batch)

    def _batches(self) -> Iterator[list[Event]]:
        """What came within FLUSH_SECONDS, until the end."""
        while (event := self._queue.get()) is not None:
            batch, until = [event], time.monotonic() + FLUSH_SECONDS
            try:
                while len(batch) < BATCH and (next_one := self._queue.get(timeout=_left(until))) is not None:
                    batch.append(next_one)
            except queue.Empty:
                next_one = event
            yield batch
            if next_one is None:
                return

    def _write(self, batch: list[Event]) -> None:
        lines = b"".join(self._lines(batch))
        done = 0
        try:
            if self._torn and lines:
                self._file.write(b"\n")  # or the first line would be lost with the torn one before it
                self._torn = False
            while done < len(lines):
                done += self._file.write(lines[done:])
        except OSError as error:
            self._torn = self._torn or (done > 0 and lines[done - 1] != ord("\n"))
            self._lose(lines.count(b"\n", done), str(error))
        self.written += lines.count(b"\n", 0, done)

    def _lines(self, batch: list[Event]) -> Iterator[bytes]:
        for event in batch:
            try:
                yield event_to_json(event).encode(errors="replace") + b"\n"
            except (TypeError, ValueError) as error:
                self._lose(1, f"no JSON: {error}")

    def _lose(self, count: int, why: str) -> None:
        with self._lock:
            is_first, self.failed = not self.failed, self.failed + count
        if is_first:
            log.error("tape %s: events are missing on it from now on: %s", self._path, why)


class TapePlayer:
    """A source that plays the file ``path`` into ``sink`` at 1 to 1000 times its speed, then ends by itself.

    With ``rebase`` the first event happens now and all others in their distance to it divided by ``speed``, under new
    ids, so that every replay shows. Without, times and ids stay, and what is already stored is not stored again.
    Raises ValueError on another speed, OSError when the file cannot be read.
    """

    def __init__(
        self,
        path: Path,
        sink: Sink,
        *,
        speed: float,
        rebase: bool = True,
        clock_ms: Callable[[], int] = now_ms,
        sleep: Sleep | None = None,
    ) -> None:
        if not SLOWEST <= speed <= FASTEST:
            raise ValueError(f"speed must be from {SLOWEST} to {FASTEST}, got {speed}")
        path.open("rb").close()
        self._path, self._sink, self._speed, self._rebase = path, sink, speed, rebase
        self._pacer = Pacer(clock_ms, sleep)
        self._playing: dict[tuple[Platform, str], None] = {}
        self.played = 0
        self.bad_lines = 0

    @property
    def counters(self) -> dict[str, int]:
        return {"events": self.played, "bad_lines": self.bad_lines}

    async def run(self) -> None:
        try:
            with self._path.open("rb") as file:
                await self._play(file)
        finally:
            for platform, channel in self._playing:
                self._announce(platform, channel, SourceState.STOPPED)
        log.info("tape %s: played %d events, skipped %d bad lines", self._path, self.played, self.bad_lines)

    async def stop(self) -> None:
        self._pacer.stop()

    async def _play(self, file: BinaryIO) -> None:
        began_ms = first_ms = None
        for number, line in _numbered_lines(file):
            event = self._read(number, line)
            if event is None:
                await self._pacer.breathe()
                if self._pacer.is_stopped:
                    return
                continue
            if began_ms is None or first_ms is None:
                began_ms, first_ms = self._pacer.clock_ms(), event.at_ms
            due_ms = began_ms + (event.at_ms - first_ms) / self._speed
            self._warn_of_silence(due_ms)
            if not await self._pacer.reached(due_ms):
                return
            self._deliver(_rebased(event, int(due_ms), f"replay:{began_ms:x}:") if self._rebase else event)

    def _read(self, number: int, line: bytes) -> Event | None:
        """The event of a line; None where there is none: empty, or bad and counted."""
        if not line.strip():
            return None
        try:
            return event_of_line(line)
        except ValueError as error:
            self.bad_lines += 1
            if self.bad_lines <= MOST_WARNINGS:
                log.warning("tape %s, line %d is skipped: %s", self._path, number, str(error)[:200])
            return None

    def _deliver(self, event: Event) -> None:
        channel = event.platform, event.channel
        if channel not in self._playing:
            self._playing[channel] = None
            if self._rebase:  # what was long ago is listened to by nobody
                self._announce(*channel, SourceState.CONNECTED)
        self._sink.event(event)
        self.played += 1

    def _announce(self, platform: Platform, channel: str, state: SourceState) -> None:
        detail = f"replay of {self._path.name}"
        self._sink.status(SourceStatus(platform, channel, state, self._pacer.clock_ms(), detail))

    def _warn_of_silence(self, due_ms: float) -> None:
        wait_ms = due_ms - self._pacer.clock_ms()
        if wait_ms > MINUTE_MS:
            log.info("tape %s: nothing happens on it for the next %d s", self._path, wait_ms // SECOND_MS)


def event_of_line(line: bytes) -> Event:
    """The event that a line of a tape holds. Raises ValueError on anything that the pipeline could choke on."""
    try:
        event = event_from_json(line.decode())
    except (OverflowError, RecursionError) as error:
        raise ValueError(f"not an event: {error}") from error
    who = event.who
    names = (who.user_id, who.login, who.name, who.avatar) if who else ()
    if not all(isinstance(name, str) for name in (*names, "" if event.source_id is None else event.source_id)):
        raise ValueError("not an event: an id or a name is no text")
    if not isinstance(event.extra, Mapping):
        raise ValueError("not an event: extra is no object")
    if not (0 <= event.at_ms <= LAST_MS and 0 <= event.amount <= LARGEST and 0 <= event.marks <= LARGEST):
        raise ValueError("not an event: a number is out of range")
    if b"\\ud" in line.lower():
        event_to_json(event).encode()  # half a surrogate pair is no text: UnicodeEncodeError is a ValueError
    return event


def _rebased(event: Event, at_ms: int, prefix: str) -> Event:
    """``event`` as it happens at ``at_ms``; ids, and what points to them, are told apart by ``prefix``."""
    source_id = None if event.source_id is None else prefix + event.source_id
    target = event.extra.get("target")
    extra = event.extra if target is None else {**event.extra, "target": f"{prefix}{target}"}
    return replace(event, at_ms=at_ms, source_id=source_id, extra=extra)


def _numbered_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(number, line) without ever holding more than LONGEST_LINE; a longer one is cut, which makes it a bad line."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        yield number, line
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)


def _ends_within_a_line(path: Path) -> bool:
    """Whether an earlier recording broke off in the middle of a line."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())
