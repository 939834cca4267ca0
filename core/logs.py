"""Logs: one line an event, ``key=value`` for machines, on standard error."""

from __future__ import annotations

import json
import logging
import sys
import time

from core.clock import iso_utc


class LineFormatter(logging.Formatter):
    """``2026-11-21T20:14:00.250+00:00 level=warning logger=sources.twitch msg="connection lost"``."""

    def format(self, record: logging.LogRecord) -> str:
        at = iso_utc(int(record.created * 1000))
        line = f"{at} level={record.levelname.lower()} logger={record.name} msg={_quoted(record.getMessage())}"
        if record.exc_info:
            # People read tracebacks as they are; the margin keeps what came from outside from posing as a line.
            margin = (f"  | {_printable(text)}" for text in self.formatException(record.exc_info).splitlines())
            line = "\n".join((line, *margin))
        return line


class Trouble:
    """Says what goes wrong when it begins, when it becomes something else and when it is over; not each time it is met.

    What comes and goes is said once in SAME_SECONDS at most.
    """

    SAME_SECONDS = 60.0

    def __init__(self, log: logging.Logger, begins: str, ends: str = "") -> None:
        """``begins`` goes before what is wrong; ``ends``: all of the line that says that it is over."""
        self._log, self._begins, self._ends = log, begins, ends
        self._now = ""
        self._said: dict[str, float] = {}

    def is_now(self, problem: str) -> None:
        """``problem``: one line, "" while all is well."""
        before, self._now = self._now, problem
        if problem == before:
            return
        if not problem:
            if self._ends:
                self._log.info(self._ends)
            return
        now = time.monotonic()
        self._said = {line: at for line, at in self._said.items() if now - at < self.SAME_SECONDS}
        if problem not in self._said:
            self._said[problem] = now
            self._log.error("%s: %s", self._begins, problem)


def _quoted(message: str) -> str:
    """In quotes and on one line, whatever it holds."""
    return _printable(json.dumps(message, ensure_ascii=False))


def _printable(text: str) -> str:
    """Escapes what would break the line, steer the terminal, or turn its text around."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def set_up_logs(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "engineio", "socketio", "geventwebsocket", "twitchio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
