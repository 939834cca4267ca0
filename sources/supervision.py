"""Runs sources side by side: one that breaks is started again, and in the end all are stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from sources.base import Backoff, Source

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0  # for the goodbye of all, and again for what they do after it


async def run_all(sources: Sequence[Source], stopping: asyncio.Event) -> None:
    """Returns when all have ended by themselves, or are stopped because ``stopping`` was set."""
    running = asyncio.gather(*(_supervise(source, stopping) for source in sources), return_exceptions=True)
    running.add_done_callback(lambda _: stopping.set())
    await stopping.wait()
    await asyncio.wait([asyncio.create_task(source.stop()) for source in sources], timeout=STOP_SECONDS)
    with suppress(TimeoutError):
        await asyncio.wait_for(running, STOP_SECONDS)  # cancels what goes on even then


async def _supervise(source: Source, stopping: asyncio.Event) -> None:
    """Runs a source until it ends or all stop."""
    backoff = Backoff(cap_seconds=60)
    while not stopping.is_set():
        try:
            await source.run()
            return
        except Exception:
            pause = backoff.next_seconds()
            log.exception("%s broke; starting it again in %.0f s", type(source).__name__, pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
