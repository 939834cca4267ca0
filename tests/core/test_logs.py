"""Logs: one line an event, whatever its text."""

from __future__ import annotations

import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.logs import LineFormatter, set_up_logs

HOSTILE = [
    'lena\n2026-11-21T12:00:00.000+00:00 level=info logger=collector msg="all is well',
    "a\r\nb",
    "page\x0cbreak \x0b \x1c \x1d \x1e",
    "next\x85line",
    "line\u2028separator",
    "paragraph\u2029separator",
    "\x1b[2J\x1b]0;title\x07 colours",
    "\x9b2J C1 control",
    "\u202eright to left",
    'quote " and \\ backslash',
    "half a \ud83d pair",
    "nul \x00 del \x7f",
]


def line(message: str, exc: BaseException | None = None) -> str:
    exc_info = (type(exc), exc, exc.__traceback__) if exc else None
    record = logging.LogRecord("sources.twitch", logging.WARNING, "", 0, "%s", (message,), exc_info)
    record.created = 1_795_262_400.25
    return LineFormatter().format(record)


def test_a_line_tells_when_how_bad_who_and_what() -> None:
    assert line("connection lost") == (
        '2026-11-21T12:00:00.250+00:00 level=warning logger=sources.twitch msg="connection lost"'
    )


def test_people_read_names_and_emoji_as_they_are() -> None:
    assert line("größe 🎉 привет").endswith('msg="größe 🎉 привет"')


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_one_printable_line(text: str) -> None:
    formatted = line(text)
    assert len(formatted.splitlines()) == 1
    assert formatted.isprintable()


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=80))
def test_any_text_stays_one_printable_line(text: str) -> None:
    formatted = line(text)
    assert formatted.isprintable()
    formatted.encode()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_traceback_cannot_pose_as_lines_of_its_own(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        first, *others = line("a tick failed", error).split("\n")
    assert first.endswith('msg="a tick failed"')
    assert all(other.startswith("  | ") and other.isprintable() for other in others)
    assert "Traceback" in others[0]


def test_logs_go_to_standard_error_at_the_chosen_level(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.root.level, logging.root.handlers[:]
    try:
        set_up_logs("WARNING")
        logging.getLogger("sources.twitch").info("not worth a line")
        logging.getLogger("sources.twitch").warning("worth a line")
        logging.getLogger("httpx").info("an address with a token")
    finally:
        logging.root.setLevel(before[0])
        logging.root.handlers[:] = before[1]
    written = capsys.readouterr()
    assert not written.out
    assert written.err.count("\n") == 1
    assert 'level=warning logger=sources.twitch msg="worth a line"' in written.err
    assert sys.stderr is not None
