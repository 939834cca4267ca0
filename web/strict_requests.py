"""Requests that two programs may read differently are refused: behind a proxy they would smuggle a second one in.

gevent reads what it is sent as kindly as it can: names with spaces, folded lines, two lengths, bare line feeds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

LARGEST_HEAD = 65_536  # bytes of all header fields together
_FIELDS = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r\n]*\r\n)*\r\n")
_REQUEST_LINE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP/1\.[01]\r\n")
_LENGTH = re.compile(r"[0-9]{1,18}")


def check_request_line(line: str) -> None:
    """Raises ValueError for what is no request line of HTTP/1.0 or 1.1."""
    if not _REQUEST_LINE.fullmatch(line):
        raise ValueError("no request line")


def read_message(parse: Callable[[Any, int], Any], stream: Any) -> Any:
    """The header fields as ``parse`` makes them of the bytes of ``stream``. Raises ValueError."""
    head = _head(stream)
    if not _FIELDS.fullmatch(head):
        raise ValueError("no header fields")
    message = parse(BytesIO(head), 0)
    _check_framing(message.get_all("content-length", []), message.get_all("transfer-encoding", []))
    if len(message.get_all("host", [])) > 1:
        raise ValueError("two hosts")
    return message


def _head(stream: Any) -> bytes:
    """Up to the empty line."""
    lines, size = [], 0
    while True:
        line = stream.readline(LARGEST_HEAD)
        lines.append(line)
        size += len(line)
        if size > LARGEST_HEAD or not line:
            raise ValueError("header fields without end")
        if line in (b"\r\n", b"\n"):
            return b"".join(lines)


def _check_framing(lengths: list[str], codings: list[str]) -> None:
    if len(lengths) > 1 or not all(_LENGTH.fullmatch(length.strip()) for length in lengths):
        raise ValueError("no length, or several")
    if codings and (lengths or [coding.strip().lower() for coding in codings] != ["chunked"]):
        raise ValueError("no coding that is known, or a length beside it")
