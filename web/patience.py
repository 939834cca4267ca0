"""How long the web process waits for a client that says nothing, or says it a byte at a time.

gevent's server waits for ever, and whoever does not speak holds one of the connections that there are.
"""

from __future__ import annotations

import errno
import resource
import socket
import time
from contextlib import suppress
from typing import Any

import gevent
from gevent.pywsgi import WSGIHandler, WSGIServer

HEAD_SECONDS = 20.0  # for the whole head of a request
IDLE_SECONDS = 75.0  # between two requests; longer than nginx keeps a connection that it does not use
BODY_SECONDS = 30.0  # for a body, or for what is sent at once of an answer; longer for what is large
BYTES_A_SECOND = 8_192  # whoever is faster than this is never given up
LOOK_SECONDS = 1.0
FREE_AT_LEAST = 0.05  # of all connections; below that, who has been quiet for longest has to leave

MOST_FILES = 65_536
FILES_OF_OUR_OWN = 256  # the database, logs, packages


def raise_file_limit() -> int:
    """Lets this process open as many files as it may, and answers how many those are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


def affordable(connections: int) -> int:
    """So many of ``connections`` as there may be files for: each is one, also a WebSocket."""
    return max(1, min(connections, raise_file_limit() - FILES_OF_OUR_OWN))


class PatientHandler(WSGIHandler):
    """One connection, which notes what it waits for and until when. A timer for each would cost more than a request.

    ``server.waiting`` has those that wait for a request, the quietest first; ``server.due`` until when who is given.
    """

    # The last is what whoever waits is told when we hang up.
    ignored_socket_errors = (*WSGIHandler.ignored_socket_errors, errno.EBADF)

    _served = False
    _give_up = socket.SHUT_RD  # the direction in which nothing moves

    def handle(self) -> None:
        _make_room(self.server)
        try:
            super().handle()
        finally:
            self.server.due.pop(self, None)

    def read_requestline(self) -> Any:
        self.server.waiting[self] = None  # while it waits, a stopping server may hang up
        self._wait(IDLE_SECONDS if self._served else HEAD_SECONDS)
        try:
            return super().read_requestline()
        finally:
            self.server.waiting.pop(self, None)

    def read_request(self, raw_requestline: str) -> Any:
        self._wait(HEAD_SECONDS)
        accepted = super().read_request(raw_requestline)
        self._served = True
        if self.content_length or "transfer-encoding" in self.headers:
            # Also when the body is there and the answer takes longer: then nothing more is to be read anyway.
            self._wait(_seconds_for(self.content_length or 0))
        else:
            self.server.due.pop(self, None)
        return accepted

    def _sendall(self, data: bytes | bytearray) -> None:
        self._wait(_seconds_for(len(data)), socket.SHUT_RDWR)
        try:
            super()._sendall(data)
        finally:
            self.server.due.pop(self, None)

    def hang_up(self) -> None:
        """Ends what it waits for, and so the connection."""
        with suppress(OSError, AttributeError):  # gone already
            self.socket.shutdown(self._give_up)

    def _wait(self, seconds: float, direction: int = socket.SHUT_RD) -> None:
        self._give_up = direction
        self.server.due[self] = time.monotonic() + seconds


def lose_patience(server: WSGIServer) -> None:
    """Runs for ever: hangs up on whoever is overdue."""
    while True:
        gevent.sleep(LOOK_SECONDS)
        now = time.monotonic()
        for handler in [handler for handler, due in server.due.items() if due < now]:
            del server.due[handler]
            handler.hang_up()


def _make_room(server: WSGIServer) -> None:
    """When nearly all connections are taken, one has to leave for each that comes."""
    if server.pool.free_count() < server.pool.size * FREE_AT_LEAST:
        quietest = next(iter(server.waiting), None) or next(iter(server.due), None)
        if quietest is not None:
            server.waiting.pop(quietest, None)
            server.due.pop(quietest, None)
            quietest.hang_up()


def _seconds_for(size: int) -> float:
    return BODY_SECONDS + size / BYTES_A_SECOND
