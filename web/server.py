"""gevent's WSGI server with the repairs it needs to carry Socket.IO well."""

from __future__ import annotations

import socket
from typing import Any

import gevent
import simple_websocket
from engineio.async_drivers.gevent import WebSocketWSGI
from gevent.lock import RLock
from gevent.pool import Pool
from gevent.pywsgi import WSGIHandler, WSGIServer

MOST_CONNECTIONS = 12_000


class NoDelayHandler(WSGIHandler):
    """Sends at once: head and body go out in two writes, which Nagle's algorithm would hold back for 40 ms."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, *args, **kwargs)

    def log_request(self) -> None:
        """Addresses may carry an overlay's token; what is asked is counted in /metrics instead."""


class _WholeSends:
    """A socket whose ``send`` sends everything, one caller after the other.

    simple-websocket relies on ``send`` taking all it is given. gevent's takes what fits, and a slow reader would get a
    stream with holes.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._lock = RLock()

    def send(self, data: bytes) -> None:
        with self._lock:
            self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _WebSocket(simple_websocket.Server):
    sock: Any

    def handshake(self) -> None:
        self.sock = _WholeSends(self.sock)
        super().handshake()


class WebSocket(WebSocketWSGI):
    """engineio's WebSocket on gevent, without compression (220 KB of memory a client) and with whole sends."""

    def __call__(self, environ: dict[str, Any], _start_response: Any) -> Any:
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        self.ws = _WebSocket(environ, **self.server_args)
        return self.app(self)


def use_own_websocket(engine: Any) -> None:
    """Gives an engineio server our WebSocket; the driver's table is shared, so it is copied first."""
    engine._async = {**engine._async, "websocket": WebSocket}


def build_server(host: str, port: int, wsgi: Any, log: Any) -> WSGIServer:
    """A server that drains on ``stop``: running requests get five seconds."""
    server = WSGIServer(
        (host, port), wsgi, handler_class=NoDelayHandler, spawn=Pool(MOST_CONNECTIONS), log=None, error_log=log
    )
    server.stop_timeout = 5
    return server


def close_sockets(engine: Any) -> None:
    """Ends every engineio connection, so that clients come back by themselves and the server can drain.

    ``socketio.Server.disconnect`` would tell them not to.
    """
    for connection in list(engine.sockets.values()):
        connection.close(wait=False)
    gevent.sleep(0.1)
