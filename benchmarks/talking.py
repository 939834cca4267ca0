"""Somebody who writes to a Twitch chat at a steady rate, and marks some messages with the time they were written at."""

from __future__ import annotations

import random
import threading
import time

from benchmarks.spoken import CHANNEL
from tests.sources.twitch_server import TwitchServer, new_id, privmsg

PEOPLE = 2_000
TICK_SECONDS = 0.01
MARKS_A_SECOND = 20
MARK = "written-at="  # a Unix time with a space behind it follows
_TEXT, _ID, _SENT = "{text}", "{id}", "{sent}"
_WORDS = "the a nice game what is this song hello everybody great play let us go who won that was close".split()


class Talking:
    """Writes ``rate`` messages a second for as long as its block lasts; ``marks`` are the times of those marked."""

    def __init__(self, server: TwitchServer, rate: float, *, seed: int = 5) -> None:
        self.marks: list[float] = []
        self.written = 0
        self._server, self._rate = server, rate
        self._chance = random.Random(seed)
        self._known: dict[str, str] = {}  # a line of each person's, to be filled in: that is quicker than a new one
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def __enter__(self) -> Talking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _talk(self) -> None:
        began, marked = time.monotonic(), -1.0
        while not self._enough.wait(max(TICK_SECONDS, 1 / self._rate) * 0.9):
            passed = time.monotonic() - began
            due = int(passed * self._rate) - self.written
            lines = [self._line() for _ in range(due)]
            if due and passed - marked >= 1 / MARKS_A_SECOND:
                marked = passed
                lines[-1] = self._marked_line()
            self._server.send(*lines)
            self.written += due

    def _line(self, text: str = "") -> str:
        login = f"user{int(PEOPLE * self._chance.random() ** 2)}"
        if login not in self._known:
            self._known[login] = privmsg(CHANNEL, _TEXT, login, id=_ID, tmi_sent_ts=_SENT)
        told = text or " ".join(self._chance.choices(_WORDS, k=6))
        sent = str(time.time_ns() // 1_000_000)
        return self._known[login].replace(_ID, new_id()).replace(_SENT, sent).replace(_TEXT, told)

    def _marked_line(self) -> str:
        self.marks.append(time.time())
        return self._line(f"{MARK}{self.marks[-1]:.6f} here")
