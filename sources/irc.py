"""PURE: IRCv3 lines as Twitch sends them: from the pieces of a stream to lines, from a line to its parts."""

from __future__ import annotations

import re
from typing import NamedTuple

# A line of Twitch's is at most 8,191 bytes of tags and some 2,000 of text; beyond this it is not a chat line.
MAX_LINE = 16_384

_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)
_MEANING = {":": ";", "s": " ", "r": "\r", "n": "\n"}


class Line(NamedTuple):
    """One message of the protocol. ``tags`` are unescaped; the last of ``params`` may hold spaces."""

    tags: dict[str, str]
    prefix: str
    command: str
    params: list[str]

    @property
    def nick(self) -> str:
        """The login of the person who caused it, lower case; "" when the server itself speaks."""
        nick, bang, _ = self.prefix.partition("!")
        return nick.lower() if bang else ""

    @property
    def channel(self) -> str:
        """The channel it is about, without ``#`` and lower case; "" when it is about none."""
        first = self.params[0] if self.params else ""
        return first[1:].lower() if first.startswith("#") else ""


def parse_line(raw: str) -> Line | None:
    """The parts of a line without its ``\\r\\n``; None when it is no IRC. Never raises.

    NUL is illegal in IRC and in PostgreSQL's text, so it is dropped wherever it stands.
    """
    rest = raw.replace("\0", "") if "\0" in raw else raw
    tags: dict[str, str] = {}
    if rest[:1] == "@":
        block, _, rest = rest.partition(" ")
        tags = _parse_tags(block[1:])
        rest = rest.lstrip(" ")
    prefix = ""
    if rest[:1] == ":":
        prefix, _, rest = rest.partition(" ")
        prefix, rest = prefix[1:], rest.lstrip(" ")
    # The first " :" begins the last parameter: whatever a viewer typed lies behind it and stays text.
    middle, colon, trailing = rest.partition(" :")
    params = middle.split(" ")
    command = params.pop(0)
    if not (command.isascii() and command.isalnum()):
        return None
    if "" in params:
        params = [param for param in params if param]
    if colon:
        params.append(trailing)
    return Line(tags, prefix, command, params)


def _parse_tags(block: str) -> dict[str, str]:
    """``a=1;b=x\\sy`` → ``{"a": "1", "b": "x y"}``; a tag without ``=`` has the value ""."""
    try:
        tags = dict([item.split("=", 1) for item in block.split(";")])
    except ValueError:
        pairs = (item.partition("=") for item in block.split(";") if item)
        tags = {key: value for key, _, value in pairs}
    if "\\" in block:
        for key, value in tags.items():
            if "\\" in value:
                tags[key] = _ESCAPED.sub(_unescape, value)
    return tags


def _unescape(match: re.Match[str]) -> str:
    """IRCv3: an unknown escape is the character itself, a backslash at the very end is nothing."""
    return _MEANING.get(match[1], match[1])


class LineBuffer:
    """Cuts lines out of a stream that arrives in any pieces.

    Only ``\\r\\n`` ends a line, never another sign that Unicode takes for a line break: those may be typed.
    ``overlong`` counts lines that were thrown away because they were longer than ``limit``.
    """

    def __init__(self, limit: int = MAX_LINE) -> None:
        self.limit = limit
        self.overlong = 0
        self._rest = ""
        self._skipping = False

    def feed(self, piece: str) -> list[str]:
        """The lines that this piece completes, in order, without empty ones."""
        lines = (self._rest + piece).split("\r\n")
        self._rest = lines.pop()
        if self._skipping and lines:
            del lines[0]
            self._skipping = False
        if len(self._rest) > self.limit:
            self._overflow()
        return [line for line in lines if line and not self._is_overlong(line)]

    def _overflow(self) -> None:
        """Forgets a line that never ends, but not the half of a line end it may stop with."""
        if not self._skipping:
            self.overlong += 1
            self._skipping = True
        self._rest = "\r" if self._rest.endswith("\r") else ""

    def _is_overlong(self, line: str) -> bool:
        if len(line) <= self.limit:
            return False
        self.overlong += 1
        return True
