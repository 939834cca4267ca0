"""Both processes on one database, killed without a warning and started again at once, as systemd or PM2 would."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from tests.processes import Program, Running, WebProcess, wait_until
from tests.sources.twitch_server import TwitchServer
from tests.torture.crowd import CHANNEL, SALES_SECRET

PATIENCE_SECONDS = 60.0  # for being back; how long it took is told


@dataclass
class House:
    program: Program
    database_url: str
    twitch: TwitchServer
    settings: dict[str, str] = field(default_factory=dict)  # of the web process
    web: WebProcess | None = None
    collector: Running | None = None
    kills: dict[str, int] = field(default_factory=lambda: {"web": 0, "collector": 0})

    def __post_init__(self) -> None:
        self._client = httpx.Client(timeout=PATIENCE_SECONDS)

    def address(self) -> str:
        """Where the web process listens; "" while it does not."""
        return self.web.url if self.web else ""

    def start(self, *names: str) -> None:
        """Starts processes and returns at once."""
        if "web" in names:
            own = {"SALES_SECRET": SALES_SECRET, "TIMEZONE": "UTC"} | self.settings
            self.web = self.program.starting_web(self.database_url, **own)
        if "collector" in names:
            twitch = {"TWITCH_IRC_URL": self.twitch.irc_url, "TWITCH_VALIDATE_URL": self.twitch.validate_url}
            self.collector = self.program.collector(
                self.database_url, CHANNEL=CHANNEL, TIMEZONE="UTC", SESSION_TIMEOUT="60", **twitch
            )

    def kill(self, *names: str) -> None:
        for name in names:
            running: Running | None = getattr(self, name)
            assert running, name
            running.process.kill()
        for name in names:
            getattr(self, name).process.wait(PATIENCE_SECONDS)
            self.kills[name] += 1

    def stop(self) -> list[int]:
        """Lets both end in peace; answers their exit codes."""
        self._client.close()
        return [running.stop(timeout=PATIENCE_SECONDS) for running in (self.collector, self.web) if running]

    def tracebacks(self) -> list[str]:
        """The logs of those running last that hold one."""
        return [
            running.log[-2_000:] for running in (self.collector, self.web) if running and "Traceback" in running.log
        ]

    def end(self) -> None:
        """Ends whatever still runs."""
        for running in (self.collector, self.web):
            if running:
                running.kill()

    def wait_until_back(self, after_line: int) -> float:
        """Returns when health is ok and pages show a line that was said after ``after_line``; the time, in seconds."""
        started = time.monotonic()
        assert self.web
        self.web.wait_until_up()
        wait_until(lambda: self._is_well(after_line), "both are back", PATIENCE_SECONDS)
        return time.monotonic() - started

    def _is_well(self, after_line: int) -> bool:
        assert self.web
        with suppress(httpx.TransportError):
            health = self._client.get(f"{self.web.url}/health").json()
            connected = [source["state"] for source in health["sources"]] == ["connected"]
            if health["status"] == "ok" and connected:
                recent = self._client.get(f"{self.web.url}/api/stats").json()["recent"]
                return bool(recent) and int(recent[0]["message"].removeprefix("line ")) > after_line
        return False
