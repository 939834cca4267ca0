"""Both processes at work, with a chat, shops and a till that talk to them all the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.db import Database
from tests.processes import START_SECONDS, Program
from tests.sources.twitch_server import TwitchServer
from tests.torture.books import Books
from tests.torture.crowd import CHANNEL, Crowd
from tests.torture.house import House
from tests.torture.report import Report


@contextmanager
def talking_to(program: Program, database: Database, report: Report, **settings: str) -> Iterator[tuple[House, Crowd]]:
    """Both processes, and all who talk to them; everything is looked at when the block ends.

    ``settings``: of the web process.
    """
    url = database.url.render_as_string(hide_password=False)
    with TwitchServer() as twitch:
        house = House(program, url, twitch, settings)
        crowd = Crowd(twitch, house.address)
        try:
            house.start("collector", "web")
            twitch.wait_until(lambda: twitch.has(CHANNEL), START_SECONDS)
            with crowd.talking():
                house.wait_until_back(-1)
                yield house, crowd
            report.figure("requests sent again", crowd.retries)
            report.promise("nothing is refused but for a while", crowd.refused)
            report.promise("both end in peace when asked to", [code for code in house.stop() if code])
            report.promise("no traceback in a log", house.tracebacks())
        finally:
            house.end()
    Books(database, crowd).audit(report)
