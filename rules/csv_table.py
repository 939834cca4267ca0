"""A CSV file as people have it: whatever its encoding, separator and line ends, as rows with their line numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

SEPARATORS = (",", ";", "\t")
# By this first line a program tells Excel, and Excel other programs, what separates the cells.
_SEPARATOR_TOLD = re.compile(r"\"?sep=([,;\t])\"?(?=[,;\t]*[\r\n])", re.IGNORECASE)
# What makes a spreadsheet take a cell for a formula; whoever wrote the file may have put an apostrophe before it.
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class UnreadableTable(ValueError):
    """The file is no table that can be read; the message says why and, as far as it is known, where."""


@dataclass(frozen=True, slots=True)
class Table:
    header: list[str]
    separator: str
    text: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row that is not empty, with the number of the line it begins on. Raises UnreadableTable."""
        lines = _filled_lines(self.text, self.separator)
        next(lines)
        for number, cells in lines:
            yield number, [plain(cell) for cell in cells]


def read(content: bytes | str) -> Table:
    """The table in ``content``. Raises UnreadableTable."""
    text = (decode(content) if isinstance(content, bytes) else content).removeprefix("\ufeff")
    if not text.strip():
        raise UnreadableTable("the file is empty")
    told = _SEPARATOR_TOLD.match(text)
    if told:
        text = text[told.end() :].lstrip(",;\t")  # its line stays, so that all others keep their numbers
    # Otherwise the first line tells: whatever separates most of its cells.
    headers = {separator: _header(text, separator) for separator in (told[1] if told else SEPARATORS)}
    if not any(headers.values()):
        raise UnreadableTable("the file is empty")
    separator = max(headers, key=lambda one: len(headers[one]))
    return Table([plain(cell).strip() for cell in headers[separator]], separator, text)


def decode(content: bytes) -> str:
    """UTF-8 or UTF-16, with or without the former's mark. Raises UnreadableTable."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise UnreadableTable("the file says that it is UTF-16 and is not; save it as CSV UTF-8") from None
    if b"\0" in content[:4_096]:
        raise UnreadableTable("this is no text in UTF-8 (a spreadsheet file?); save it as CSV UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableTable(f"line {line} is not UTF-8; save the file as CSV UTF-8") from None


def plain(cell: str) -> str:
    """The cell without the apostrophe that kept a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell


def _header(text: str, separator: str) -> list[str]:
    try:
        return next(_filled_lines(text, separator), (0, []))[1]
    except UnreadableTable:
        return []


def _filled_lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with anything in it."""
    return ((number, cells) for number, cells in _lines(text, separator) if any(cells))


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableTable(f"line {number} cannot be read: {error}") from None
