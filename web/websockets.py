"""WebSockets on gevent: one file and one greenlet each; and what engineio is given of them."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import simple_websocket
from engineio.async_drivers.gevent import Thread, WebSocketWSGI
from flask import Response
from gevent.event import Event
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from web.engine_tasks import use_own_tasks
from web.origins import comes_from_elsewhere
from web.wire import WholeSends, small_texts, taken_over

log = logging.getLogger(__name__)


class _WebSocket(simple_websocket.Server):
    """Takes the connection over from the server: with one of each theirs and ours, it would be two open files."""

    sock: Any

    def __init__(self, environ: dict[str, Any], **options: Any) -> None:
        body = environ["wsgi.input"]
        self._reader = getattr(body, "rfile", body)  # which the server has read the request from
        # By that name the library takes it as it is; gevent's it would duplicate.
        super().__init__({**environ, "werkzeug.socket": self._reader.raw._sock}, **options)

    def handshake(self) -> None:
        self.sock = WholeSends(self.sock)
        super().handshake()  # whoever fails here is answered by the server
        self.sock = taken_over(self._reader)
        del self._reader, self.environ


class _NoThread:
    """In place of a thread that would read into a buffer."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        pass

    def start(self) -> None:
        pass


class _ReadWhenAsked(_WebSocket):
    """Read by whoever waits for its messages: one greenlet less for each of thousands, and nothing is read ahead.

    The library takes a tenth of a millisecond for a frame, and is needed only once something unusual comes.
    """

    _all_was_small = True

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
            if self._all_was_small and got and (texts := small_texts(got)) is not None:
                self.input_buffer += texts
                return
            self._all_was_small = False
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
    use_own_tasks(engine)
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

    def disconnect(sid: str) -> None:
        """As engineio's, which waits until the client has fetched what waits for it: one that polls no more never does.

        Its request, and the connection that it came by, would be kept for ever.
        """
        connection = engine.sockets.pop(sid, None)
        if connection is not None:
            connection.close(wait=False, reason=engine.reason.SERVER_DISCONNECT)

    engine.disconnect = disconnect
