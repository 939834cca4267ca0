"""A source without a writer behind it, in a process of its own: what reading and understanding cost alone.

    python -m benchmarks.hearing twitch CHANNEL COUNT IRC_URL
    python -m benchmarks.hearing tiktok CHANNEL COUNT APP_URL WEBCAST_URL SIGN_URL

The first line it prints says that it reads; the second is JSON, once COUNT events have come: how many a second, from
the first to the last, and microseconds of processor time for each.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from core.events import Event, Kind, SourceState, SourceStatus
from sources.base import Source


class Counter:
    """A sink that only counts."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.done = asyncio.Event()
        self.began = self.ended = self.cpu_began = self.cpu_ended = 0.0

    def event(self, event: Event) -> None:
        if event.kind is Kind.LIVE_START:
            return  # nobody sent that
        if not self.began:
            self.began, self.cpu_began = time.perf_counter(), time.process_time()
        self._left -= 1
        if self._left == 0:
            self.ended, self.cpu_ended = time.perf_counter(), time.process_time()
            self.done.set()

    def status(self, status: SourceStatus) -> None:
        if status.state is SourceState.CONNECTED:
            print("reading", flush=True)


def _source(platform: str, channel: str, sink: Counter, addresses: list[str]) -> Source:
    if platform == "twitch":
        from sources.twitch import TwitchSource

        return TwitchSource([channel], sink, irc_url=addresses[0])
    from sources.tiktok import TikTokSource

    app_url, webcast_url, sign_url = addresses
    return TikTokSource([channel], sink, app_url=app_url, webcast_url=webcast_url, sign_url=sign_url)


async def hear(platform: str, channel: str, count: int, addresses: list[str]) -> None:
    sink = Counter(count)
    source = _source(platform, channel, sink, addresses)
    running = asyncio.create_task(source.run())
    await sink.done.wait()
    await source.stop()
    await running
    spent = sink.cpu_ended - sink.cpu_began
    print(json.dumps({"rate": count / (sink.ended - sink.began), "cost_us": spent / count * 1e6}), flush=True)


if __name__ == "__main__":
    asyncio.run(hear(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]))
