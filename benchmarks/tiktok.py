"""TikTok LIVE through the real collector, from a server on loopback to the committed row, beside the bare library."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.collected import Collected, Collecting, Pace, paced
from benchmarks.events import mixed_events
from benchmarks.report import heading, row
from benchmarks.spoken import CHANNEL, mishaps
from core.clock import now_ms
from core.config import ROOT
from core.events import Event, Kind
from sources.tiktok_library import warm_up
from tests.sources.tiktok_server import Message, TikTokServer, comment, gift, like, proto, user

MESSAGES = 12_000
WARM_UP = 500
A_RESPONSE = 10  # messages, as TikTok sends several at once
DECODED_ALONE = 1_000
PATIENCE_SECONDS = 60.0


def main(count: int = MESSAGES) -> None:
    said = messages(count + WARM_UP)
    with tempfile.TemporaryDirectory() as name:
        product = collected(Path(name), said)
    source, decoded = _source_alone(said), _decoded(said[:DECODED_ALONE])
    comments = [number for number, one in enumerate(said) if one.method == "WebcastChatMessage" and number >= WARM_UP]
    lost, late = mishaps(product.texts, comments)
    heading(f"TikTok: {count:,} messages through the collector, {A_RESPONSE} a response, from a server on loopback")
    for what, pace in (("collector", product), ("source without a writer", source)):
        ratio = pace.rate / decoded.rate
        row(
            f"messages a second, {what}, beside the library's decode",
            f"{pace.rate:,.0f}",
            f"{decoded.rate:,.0f}",
            ratio,
        )
        cost = pace.cost_us / decoded.cost_us
        row(f"µs of processor time a message, {what}", f"{pace.cost_us:.0f}", f"{decoded.cost_us:.0f}", cost)
    print(f"\n{lost} of {len(comments):,} comments lost, {late} stored behind a later one.", flush=True)


def messages(count: int) -> list[Message]:
    """``mixed_events`` as TikTok tells them; comments end with their number among all."""
    return [_message(event, number) for number, event in enumerate(mixed_events(count, end_ms=now_ms()))]


def _message(event: Event, number: int) -> Message:
    assert event.who
    who = user(event.who.login, id=int(event.who.user_id) + 1)
    if event.kind is Kind.LIKE:
        return like(event.amount, user=who)
    if event.kind is Kind.GIFT:
        return gift(event.amount, user=who, kind=2)
    return comment(f"{event.text} {number}", user=who)


def collected(folder: Path, said: Sequence[Message]) -> Collected:
    with TikTokServer() as server:
        server.go_live(CHANNEL)
        addresses = {"APP": server.app_url, "WEBCAST": server.webcast_url, "SIGN": server.sign_url}
        settings = {f"TIKTOK_{name}_URL": url for name, url in addresses.items()}
        with Collecting(folder, TIKTOK_CHANNEL=CHANNEL, **settings) as collecting:
            server.wait_until(lambda: server.has(CHANNEL), PATIENCE_SECONDS)
            collecting.wait_until_stored(1, PATIENCE_SECONDS)  # the beginning of the stream
            collecting.timed(lambda: _send(server, said[:WARM_UP]), WARM_UP)
            return collecting.timed(lambda: _send(server, said[WARM_UP:]), len(said) - WARM_UP)


def _send(server: TikTokServer, said: Sequence[Message]) -> None:
    for start in range(0, len(said), A_RESPONSE):
        server.send(CHANNEL, *said[start : start + A_RESPONSE], remember=False)


def _source_alone(said: Sequence[Message]) -> Pace:
    with TikTokServer() as server:
        server.go_live(CHANNEL)
        urls = [server.app_url, server.webcast_url, server.sign_url]
        command = [sys.executable, "-m", "benchmarks.hearing", "tiktok", CHANNEL, str(len(said)), *urls]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as hearing:
            assert hearing.stdout
            hearing.stdout.readline()
            server.wait_until(lambda: server.has(CHANNEL), PATIENCE_SECONDS)
            _send(server, said)
            told = json.loads(hearing.stdout.readline())
        return Pace(told["rate"], told["cost_us"])


def _decoded(said: Sequence[Message]) -> Pace:
    """The same messages by the library alone, without a network, its envelopes or what they mean."""
    classes = {one.method: getattr(proto(), one.method) for one in said}
    for schema in classes.values():
        warm_up(schema)
    with paced(len(said)) as pace:
        for one in said:
            classes[one.method].parse(one.payload)
    return pace()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
