"""Logs: one line an event, ``key=value`` for machines, on standard error."""

from __future__ import annotations

import json
import logging
import sys

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
