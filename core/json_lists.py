"""Lists in JSON files, read item by item: a file of any length takes the memory of a few of its items."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

CHUNK_BYTES = 1 << 18
LONGEST_NUMBER = 400  # characters
LONGEST_VALUE = 10_000_000  # characters
_AFTER_VALUE = (",", "]", "}", ":", " ", "\t", "\r", "\n")
_SPACE = re.compile(r"[ \t\r\n]*")


class Damaged(Exception):
    """The file is not what it should be; the message names the line."""


@dataclass(frozen=True, slots=True)
class ListIn:
    """A list of a file: ``key`` names it there, ``offset`` is where its items begin, in bytes."""

    file: Path
    key: str
    offset: int
    count: int


def lists_in(file: Path, chunk_bytes: int = CHUNK_BYTES) -> list[ListIn]:
    """All lists of the object that the file holds, each looked through once. Raises Damaged and OSError.

    A file that is a list itself, as most programs write them, is called by the file's name.
    """
    found: list[ListIn] = []
    with file.open("rb") as stream:
        text = _Window(stream, chunk_bytes=chunk_bytes)
        if text.took("["):
            found.append(ListIn(file, file.stem, text.offset, sum(1 for _ in _items(text))))
            if text.next_sign():
                text.fail("something follows the end of the list")
            return found
        text.take("{", 'the file holds a list, or an object of lists such as {"users": [...]}')
        more = not text.took("}")
        while more:
            key = text.value()
            if not isinstance(key, str):
                text.fail("a list's name is expected here")
            text.take(":", "a colon is expected here")
            text.take("[", f"{json.dumps(key)} is not a list")
            offset = text.offset
            found.append(ListIn(file, key, offset, sum(1 for _ in _items(text))))
            more = text.took(",")
            if not more:
                text.take("}", "a comma or the end of the object is expected here")
        if text.next_sign():
            text.fail("something follows the end of the object")
    return found


def items(of: ListIn, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Any]:
    """The items of a list, in their order. Raises Damaged and OSError."""
    with of.file.open("rb") as stream:
        stream.seek(of.offset)
        yield from _items(_Window(stream, of.offset, chunk_bytes))


def _items(text: _Window) -> Iterator[Any]:
    """The items up to the list's end, which is taken as well."""
    if text.took("]"):
        return
    while True:
        yield text.value()
        if not text.took(","):
            text.take("]", "a comma or the end of the list is expected here")
            return


class _Window:
    """A part of a file's text, which moves forward and grows as far as one value needs."""

    def __init__(self, stream: BinaryIO, offset: int = 0, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._stream = stream
        self._chunk_bytes = chunk_bytes
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text, self._at, self._ended = "", 0, False
        self._before, self._lines = offset, 0  # bytes and lines before the window
        if offset == 0:
            self._more()
            if self._text.startswith("\ufeff"):
                self._at = 1

    @property
    def offset(self) -> int:
        """Where the window stands in the file, in bytes."""
        return self._before + len(self._text[: self._at].encode())

    def next_sign(self) -> str:
        """The next character that is no space, "" at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._more()

    def took(self, sign: str) -> bool:
        """Steps over ``sign`` if it is next."""
        if self.next_sign() != sign:
            return False
        self._at += 1
        return True

    def take(self, sign: str, otherwise: str) -> None:
        if not self.took(sign):
            self.fail(otherwise)

    def value(self) -> Any:
        """Steps over the value that is next, and answers it."""
        if not self.next_sign():
            self.fail("the file ends too early")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                # "1" may be the beginning of "1.5".
                if self._ended or self._text[end : end + 1] in _AFTER_VALUE or len(self._text) > end + LONGEST_NUMBER:
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                if self._ended or len(self._text) - self._at > LONGEST_VALUE:
                    self._at = min(error.pos, len(self._text))
                    self.fail("this is no valid JSON")
            except (RecursionError, ValueError) as error:
                self.fail("this is nested too deeply" if isinstance(error, RecursionError) else str(error))
            self._more()

    def fail(self, message: str) -> NoReturn:
        line = 1 + self._lines + self._text.count("\n", 0, self._at)
        raise Damaged(f"line {line:,}: {message}")

    def _more(self) -> None:
        """Forgets what lies behind and reads on, more at a time the longer the value is."""
        passed = self._text[: self._at]
        self._before += len(passed.encode())
        self._lines += passed.count("\n")
        self._text, self._at = self._text[self._at :], 0
        chunk = self._stream.read(max(self._chunk_bytes, len(self._text)))
        self._ended = not chunk
        try:
            self._text += self._decode(chunk, self._ended)
        except UnicodeDecodeError:
            self.fail("from about here on this is not UTF-8")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
