"""Twitch lines through the real collector, from a chat server on loopback to the committed row."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.collected import Collected, Collecting, Pace, paced
from benchmarks.ingest import batches_of_product
from benchmarks.report import heading, row
from benchmarks.spoken import CHANNEL, lines, mishaps
from core.clock import now_ms
from core.config import ROOT
from core.db import Database
from core.events import Event
from init_db import upgrade
from sources.irc import LineBuffer, parse_line
from sources.twitch_events import events_of
from sources.twitch_people import KnownPeople
from tests.sources.twitch_server import TwitchServer

LINES = 60_000
WARM_UP = 2_000
PATIENCE_SECONDS = 60.0


def main(count: int = LINES) -> None:
    said = list(lines(count + WARM_UP, end_ms=now_ms()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        product = _product(folder, said)
        source = _source_alone(said)
        events, understood = _understood(said)
        written = _written(folder / "written.db", events)
    lost, late = mishaps(product.texts, range(WARM_UP, len(said)))
    heading(f"Twitch: {count:,} lines through the collector, one a frame, from a server on loopback to the row")
    for what, alone in (
        ("parsing and mapping alone", understood),
        ("the source without a writer", source),
        ("the write stage alone", written),
    ):
        row(f"lines a second, beside {what}", f"{product.rate:,.0f}", f"{alone.rate:,.0f}", product.rate / alone.rate)
        ratio = product.cost_us / alone.cost_us
        row(f"µs of processor time a line, beside {what}", f"{product.cost_us:.1f}", f"{alone.cost_us:.1f}", ratio)
    print(f"\n{lost} lines lost, {late} stored behind a later one.", flush=True)


def _product(folder: Path, said: Sequence[str]) -> Collected:
    with TwitchServer() as server, Collecting(folder, CHANNEL=CHANNEL, TWITCH_IRC_URL=server.irc_url) as collecting:
        server.wait_until(lambda: server.has(CHANNEL), PATIENCE_SECONDS)
        collecting.running.wait_for_log("Reading Twitch channel")
        collecting.timed(lambda: server.send(*said[:WARM_UP]), WARM_UP)
        return collecting.timed(lambda: server.send(*said[WARM_UP:]), len(said) - WARM_UP)


def _source_alone(said: Sequence[str]) -> Pace:
    with TwitchServer() as server:
        command = [sys.executable, "-m", "benchmarks.hearing", "twitch", CHANNEL, str(len(said)), server.irc_url]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as hearing:
            assert hearing.stdout
            hearing.stdout.readline()
            server.send(*said)
            told = json.loads(hearing.stdout.readline())
        return Pace(told["rate"], told["cost_us"])


def _understood(said: Sequence[str]) -> tuple[list[Event], Pace]:
    """The events of all lines, and how fast lines become events without a network."""
    buffer, people, found, now = LineBuffer(), KnownPeople(), [], now_ms()
    with paced(len(said)) as pace:
        for piece in said:
            for raw in buffer.feed(piece + "\r\n"):
                line = parse_line(raw)
                assert line
                found += [people.recognise(event) for event in events_of(line, now) or ()]
    return found, pace()


def _written(file: Path, events: Sequence[Event]) -> Pace:
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    database.close()
    batches_of_product(file, events[:WARM_UP])
    with paced(len(events) - WARM_UP) as pace:
        batches_of_product(file, events[WARM_UP:])
    return pace()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
