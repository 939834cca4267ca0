"""gevent's WSGI server with the repairs it needs to carry Socket.IO well."""

from __future__ import annotations

import logging
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import gevent
import simple_websocket
from engineio.async_drivers.gevent import Thread, WebSocketWSGI
from engineio.packet import PING, Packet
from engineio.socket import Socket as EngineSocket
from flask import Response
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.pool import Pool
from gevent.pywsgi import OldMessage, WSGIServer
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from web.origins import comes_from_elsewhere
from web.patience import PatientHandler, affordable, lose_patience
from web.strict_requests import check_request_line, read_message

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 12_000
WAITING_TO_BE_TAKEN = 1_024  # connections; whoever finds no place among them tries again after a second, and then two
DRAIN_SECONDS = 3  # PM2 and systemd wait longer
LARGEST_WITH_HEAD = 65_536  # to copy more costs more than to send twice
COMPLAINT_SECONDS = 60.0
NO_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
MOST_UNDER_WAY = 262_144  # bytes on their way to a WebSocket, as far as the kernel keeps them
SEND_SECONDS = 20.0  # as engineio waits for a pong; a client that takes nothing for so long is gone


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


class WholeSends:
    """A socket whose ``send`` sends everything, one caller after the other.

    simple-websocket relies on ``send`` taking all it is given. gevent's takes what fits, and a slow reader would get a
    stream with holes.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._turn = BoundedSemaphore()
        self.taken = 0  # bytes of what was handed to the kernel whole

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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _WebSocket(simple_websocket.Server):
    sock: Any

    def handshake(self) -> None:
        # Left to itself the kernel keeps up to 4 MB for each client that does not read.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_UNDER_WAY)
        self.sock = WholeSends(self.sock)
        super().handshake()


class _NoThread:
    """In place of a thread that would read into a buffer."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        pass

    def start(self) -> None:
        pass


class _ReadWhenAsked(_WebSocket):
    """Read by whoever waits for its messages: one greenlet less for each of thousands, and nothing is read ahead."""

    def __init__(self, environ: dict[str, Any], **options: Any) -> None:
        super().__init__(environ, **{**options, "thread_class": _NoThread})

    def receive(self, timeout: float | None = None) -> Any:  # noqa: ARG002
        while self.connected and not self.input_buffer:
            self._read()
        if self.input_buffer:
            return self.input_buffer.pop(0)
        raise ConnectionClosed(self.close_reason, self.close_message)

    def _read(self) -> None:
        try:
            got = self.sock.recv(self.receive_bytes)
            if got:
                self.ws.receive_data(got)
            self.connected = bool(got) and self._handle_events()
        except (OSError, LocalProtocolError):
            self.connected = False


class PlainWebSocket(_WebSocket):
    """A WebSocket outside Socket.IO, for the request that asks for one.

    Raises RemoteProtocolError for what is no handshake. A client that sends faster than it is read is hung up on: the
    library would keep everything in memory.
    """

    MOST_UNREAD = 1_000
    was_ended = False  # by either side, in the words of the protocol; without them the connection just broke

    def __init__(self, environ: dict[str, Any], *, largest_message: int) -> None:
        environ = {name: value for name, value in environ.items() if name != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        super().__init__(environ, max_message_size=largest_message, thread_class=Thread, event_class=Event)

    def hang_up(self, reason: CloseReason) -> None:
        """Says so to the client; whoever waits for its messages is told."""
        with suppress(ConnectionClosed, OSError, LocalProtocolError):
            self.close(reason)
        self.abort()

    def abort(self) -> None:
        """Ends it without a word and at once, also when the client takes nothing any more."""
        self.connected = False
        self.event.set()
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)  # or reading from a client that is gone would never end

    def _handle_events(self) -> bool:
        goes_on = bool(super()._handle_events())
        if len(self.input_buffer) > self.MOST_UNREAD:
            self.input_buffer.clear()
            goes_on = False
            self.hang_up(CloseReason.POLICY_VIOLATION)
        self.was_ended = not goes_on
        return goes_on


class Hijacked(Response):
    """What a view answers whose request became a WebSocket: nothing more of HTTP may follow."""

    default_status = 101

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ARG002
        return []


class WebSocket(WebSocketWSGI):
    """engineio's WebSocket on gevent, without compression (220 KB of memory a client) and with whole sends."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        connection = self.app.__self__  # engineio's, whose handler this is
        try:
            largest = connection.server.max_http_buffer_size
            self.ws = _ReadWhenAsked(environ, max_message_size=largest, **self.server_args)
        except RemoteProtocolError:
            connection.close(wait=False, abort=True)
            return _no_handshake(start_response)
        connection.wire = self.ws.sock  # for what many are told alike
        try:
            return self.app(self)
        except Exception:  # engineio stumbles over what is no packet, and would keep the client half connected
            connection.server.logger.exception("a client broke the protocol")
            connection.close(wait=False, abort=True)
            return []
        finally:
            self.ws.sock.close()

    def close(self) -> None:
        """Says farewell and ends the line as well: a client that is gone would never end it, and be kept for ever."""
        with suppress(OSError):  # it may be gone, and nobody has read so yet
            super().close()
        with suppress(OSError):
            self.ws.sock.shutdown(socket.SHUT_RDWR)


def _no_handshake(start_response: Any) -> list[bytes]:
    start_response("400 Bad Request", [("Content-Type", "text/plain")])
    return [b"This is no WebSocket handshake."]


class ClientFaults(logging.Filter):
    """engineio logs a traceback for whatever a client sends wrong: strangers could fill the disk.

    The error's name is enough, and one a minute.
    """

    _quiet_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info:
            return True
        if time.monotonic() < self._quiet_until:
            return False
        self._quiet_until = time.monotonic() + 60
        record.msg, record.args = f"{record.getMessage()}: {record.exc_info[0].__name__}", ()  # type: ignore[union-attr]
        record.exc_info = None
        return True


def use_own_websocket(engine: Any) -> None:
    """Gives an engineio server our WebSocket; the driver's table is shared, so it is copied first."""
    engine._async = {**engine._async, "websocket": WebSocket}
    engine.logger.addFilter(ClientFaults())
    _ping_without_greenlets(engine)
    answer = engine.handle_request

    def handle_request(environ: dict[str, Any], start_response: Any) -> Any:
        upgrades = "upgrade" in environ.get("HTTP_CONNECTION", "").lower()
        asked = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        if "websocket" in asked.get("transport", ()) and not upgrades:
            return _no_handshake(start_response)  # engineio would fail with a traceback
        # Browsers tell of every request where it comes from, engineio looks at few; an answer to `j` is a script, which
        # pages of other sites may include.
        if "j" in asked or comes_from_elsewhere(environ):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"Only for pages of this site."]
        return answer(environ, start_response)

    engine.handle_request = handle_request


def _ping_without_greenlets(engine: Any) -> None:
    """engineio has a greenlet sleep between two pings of each client; one that is begun when due needs no stack."""
    start = engine.start_background_task

    def start_background_task(target: Any, *arguments: Any, **options: Any) -> Any:
        if getattr(target, "__func__", None) is not EngineSocket._send_ping:
            return start(target, *arguments, **options)
        return gevent.spawn_later(engine.ping_interval, _ping, target.__self__)

    engine.start_background_task = start_background_task


def _ping(connection: Any) -> None:
    if not connection.closing and not connection.closed:
        connection.last_ping = time.time()
        connection.send(Packet(PING))


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
    server.stop_timeout = DRAIN_SECONDS
    return server


def drain(server: WSGIServer, engine: Any, hang_up: Callable[[], None] = lambda: None) -> None:
    """Takes no new connections, ends the sockets, lets running requests finish, and stops.

    ``engine`` is the engineio server. Its clients are hung up on without a word, so that they come back by themselves:
    a farewell of Socket.IO's or engineio's tells some of them not to. ``hang_up`` ends the sockets of others.
    """
    server.close()
    hang_up()
    for connection in list(engine.sockets.values()):
        connection.close(wait=False, abort=True)
    gevent.sleep(0.1)  # what is under way goes out
    for handler in list(server.waiting):
        handler.socket.shutdown(socket.SHUT_RD)  # a browser keeps its connections open for minutes
    server.stop()
