"""The connection of one WebSocket: whole sends, one open file, and nothing in the way of others."""

from __future__ import annotations

import logging
import socket
import struct
from contextlib import suppress
from typing import Any

import gevent
import gevent.socket
from gevent.lock import BoundedSemaphore

log = logging.getLogger(__name__)

MOST_UNDER_WAY = 262_144  # bytes on their way to a WebSocket, as far as the kernel keeps them
UNREAD_AT_THE_END = 16_384  # bytes: with something unread the kernel would reset the connection, farewell and all
SEND_SECONDS = 20.0  # as engineio waits for a pong; a client that takes nothing for so long is gone
_SHORT, _MEDIUM = 126, 1 << 16  # bytes, from which on a frame tells its size otherwise


class WholeSends:
    """A socket whose ``send`` sends everything, one caller after the other.

    simple-websocket relies on ``send`` taking all it is given. gevent's takes what fits, and a slow reader would get a
    stream with holes.
    """

    def __init__(self, sock: Any, read_ahead: bytes = b"") -> None:
        self._sock = sock
        self._read_ahead = read_ahead
        self._turn = BoundedSemaphore()
        self.taken = 0  # bytes of what was handed to the kernel whole

    def recv(self, most: int) -> bytes:
        got, self._read_ahead = self._read_ahead, b""
        return got or bytes(self._sock.recv(most))

    def send(self, data: bytes) -> None:
        with self._turn:
            self._send_rest(data)

    def write_now(self, data: bytes) -> bool:
        """Begins to send ``data`` unless somebody else is sending or the client is behind; never waits."""
        if self._turn.locked():
            return False
        try:
            taken = self._sock._sock.send(data)  # gevent's own would wait for room
        except OSError:
            return False  # no room, or gone: both show when it is sent by turn
        if taken < len(data):
            self._turn.acquire(blocking=False)
            gevent.spawn(self._finish, data[taken:])
        self.taken += taken
        return True

    def _finish(self, data: bytes) -> None:
        """Sends what the kernel had no room for, and lets others have their turn."""
        try:
            self._send_rest(data)
        except OSError:
            self.hang_up()  # a frame with a hole: nothing may follow it
        finally:
            self._turn.release()

    def _send_rest(self, data: bytes) -> None:
        patience = gevent.Timeout(SEND_SECONDS)
        try:
            with patience:
                self._sock.sendall(data)
            self.taken += len(data)
        except gevent.Timeout as timeout:
            if timeout is not patience:
                raise
            log.warning("hung up on a client that has taken nothing for %.0f s", SEND_SECONDS)
            self.hang_up()
            raise OSError("the client has stopped reading") from None

    def hang_up(self) -> None:
        """Ends the connection at once: also the kernel forgets what the client has not taken."""
        with suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._sock._sock.recv(UNREAD_AT_THE_END)
        self._sock.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def taken_over(reader: Any) -> WholeSends:
    """The connection that gevent's server has read a request from by ``reader``.

    To the server it looks closed from now on, so it can touch it no more. A duplicate beside the server's own would be
    two open files for each WebSocket, and the server's own in two hands would not be safe.
    """
    theirs = reader.raw._sock
    theirs.setblocking(False)
    try:
        read_ahead = reader.peek()
    except OSError:
        read_ahead = b""  # it is broken, as the next who reads will see
    family, kind, protocol = theirs.family, theirs.type, theirs.proto
    ours = gevent.socket.socket(family, kind, protocol, fileno=theirs.detach())
    reader.close()
    # Left to itself the kernel keeps up to 4 MB for each client that does not read.
    with suppress(OSError):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_UNDER_WAY)
    return WholeSends(ours, read_ahead)


def text_frame(text: str) -> bytes:
    """A whole, unmasked WebSocket frame (RFC 6455, 5.2), as servers send them."""
    payload = text.encode()
    size = len(payload)
    if size < _SHORT:
        return bytes((0x81, size)) + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


def small_texts(received: bytes) -> list[str] | None:
    """What ``received`` says if it is nothing but whole, short, masked text frames, as nearly all that clients send."""
    texts, at, end = [], 0, len(received)
    while at < end:
        if end - at < 6 or received[at] != 0x81 or not 0x80 <= received[at + 1] < 0x80 + _SHORT:
            return None
        size = received[at + 1] - 0x80
        mask, payload = received[at + 2 : at + 6], received[at + 6 : at + 6 + size]
        if len(payload) < size:
            return None
        key = int.from_bytes((mask * (size // 4 + 1))[:size])
        try:
            texts.append((int.from_bytes(payload) ^ key).to_bytes(size).decode())
        except UnicodeDecodeError:
            return None
        at += 6 + size
    return texts
