"""gevent's WSGI server with the repairs it needs to carry Socket.IO well."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.pool import Pool
from gevent.pywsgi import OldMessage, WSGIServer

from web.patience import PatientHandler, affordable, lose_patience
from web.strict_requests import check_request_line, read_message

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 12_000
WAITING_TO_BE_TAKEN = 1_024  # connections; whoever finds no place among them tries again after a second, and then two
DRAIN_SECONDS = 3  # PM2 and systemd wait longer
LARGEST_WITH_HEAD = 65_536  # to copy more costs more than to send twice
COMPLAINT_SECONDS = 60.0
NO_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def why_deaf(error: OSError, host: str, port: int) -> str:
    """One line about a server that cannot listen, for whoever set ``HOST`` and ``PORT``."""
    if isinstance(error, socket.gaierror):
        return f"HOST: there is no machine called {host}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"PORT: port {port} is taken: is StreamPulse running already? Another one: PORT={port % 65535 + 1}"
        case errno.EADDRNOTAVAIL:
            return f"HOST: {host} is no address of this machine"
        case errno.EACCES:
            return f"PORT: this user may not listen on port {port}; from 1024 on everybody may"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"


class NoDelayHandler(PatientHandler):
    """Sends at once what Nagle's algorithm would hold back for 40 ms, and a small answer with its head in one go."""

    _held: bytearray | None = None

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, *args, **kwargs)

    def read_requestline(self) -> Any:
        if self._served:
            # Who asks again at once would be served at once, and whoever else has asked meanwhile would wait for long.
            gevent.sleep(0)
        return super().read_requestline()

    def MessageClass(self, stream: Any, _seekable: int) -> Any:
        return read_message(OldMessage(), stream)

    def read_request(self, raw_requestline: str) -> Any:
        check_request_line(raw_requestline)
        accepted = super().read_request(raw_requestline)
        if self._connection_upgrade_requested() and (self.content_length or "transfer-encoding" in self.headers):
            # gevent would read its body twice, and so the beginning of whatever comes next on the line.
            raise ValueError("a wish for a WebSocket, with a body")
        return accepted

    def handle_one_response(self) -> None:
        super().handle_one_response()
        if self.status is None:  # no answer of HTTP: it was a WebSocket, and what follows it is no request
            self.close_connection = True

    def _handle_client_error(self, ex: Exception) -> Any:
        # What is no request is a stranger's affair: no traceback, nothing of what was sent, and one line a minute, or
        # they could fill the disk.
        if time.monotonic() >= self.server.complaint_due:
            self.server.complaint_due = time.monotonic() + COMPLAINT_SECONDS
            log.warning("what %s sent is no request: %s", self.client_address[0], type(ex).__name__)
        return "400", NO_REQUEST

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if self.server.draining:  # or nginx would go on asking on this connection until it is cut, within a request
            headers = [*headers, ("Connection", "close")]
        return super().start_response(status, headers, exc_info)

    def _write_with_headers(self, data: bytes) -> None:
        if len(data) > LARGEST_WITH_HEAD:
            super()._write_with_headers(data)
            return
        self._held = bytearray()
        super()._write_with_headers(data)
        whole, self._held = self._held, None
        self._sendall(whole)

    def _sendall(self, data: bytes | bytearray) -> None:
        if self._held is None:
            super()._sendall(data)
        else:
            self._held += data

    def log_request(self) -> None:
        """Addresses may carry an overlay's token; what is asked is counted in /metrics instead."""


def build_server(host: str, port: int, wsgi: Any, log: Any) -> WSGIServer:
    """The server, not yet started; to be ended with ``drain``."""
    pool = Pool(affordable(MOST_CONNECTIONS))
    server = WSGIServer(
        (host, port),
        wsgi,
        backlog=WAITING_TO_BE_TAKEN,
        handler_class=NoDelayHandler,
        spawn=pool,
        log=None,
        error_log=log,
    )
    server.waiting, server.due = {}, {}
    server.patience = gevent.spawn(lose_patience, server)
    server.complaint_due = 0.0
    server.draining = False
    server.stop_timeout = DRAIN_SECONDS
    return server


def drain(server: WSGIServer, engine: Any, hang_up: Callable[[], None] = lambda: None) -> None:
    """Takes no new connections, ends the sockets, lets running requests finish, tells who asks to go, and stops.

    ``engine`` is the engineio server. Its clients are hung up on without a word, so that they come back by themselves:
    a farewell of Socket.IO's or engineio's tells some of them not to. ``hang_up`` ends the sockets of others.
    """
    server.draining = True
    server.close()
    hang_up()
    for connection in list(engine.sockets.values()):
        connection.close(wait=False, abort=True)
    gevent.sleep(0.1)  # what is under way goes out
    for handler in list(server.waiting):
        handler.socket.shutdown(socket.SHUT_RD)  # a browser keeps its connections open for minutes
    server.stop()
