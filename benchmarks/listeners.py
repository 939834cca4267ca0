"""Many dashboards in one process: sockets that do nothing but note when the pushes of a server arrive.

    python -m benchmarks.listeners PORT COUNT SECONDS

The first line it prints says that all are connected; the second is JSON: for each push how many seconds after its
emission the last client had it, and how many pushes did not reach everybody.
"""

from __future__ import annotations

import json
import re
import resource
import selectors
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

HANDSHAKE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
CONNECT, _PONG = b"\x81\x82\0\0\0\x0040", b"\x81\x81\0\0\0\x003"
_PING = b"\x81\x012"
_AT = re.compile(rb'"at":([0-9.]+),')


def connected(port: int, more: str = "") -> socket.socket:
    """A client that has joined the namespace of dashboards. ``more``: more header lines, each with its end."""
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(HANDSHAKE.format(port=port).replace("\r\n\r\n", f"\r\n{more}\r\n").encode())
    _read_until(client, b'"sid"')
    client.sendall(CONNECT)
    _read_until(client, b'40{"sid"')
    client.setblocking(False)
    return client


def _read_until(client: socket.socket, sign: bytes) -> None:
    received = b""
    while sign not in received:
        got = client.recv(4096)
        if not got:
            raise RuntimeError(f"the server hung up: {received!r}")
        received += got


def gathered(port: int, count: int) -> list[socket.socket]:
    """So many clients. Who is in answers pings while others still come: that may take longer than a server waits."""
    clients = []
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            clients.append(client := connected(port))
            selector.register(client, selectors.EVENT_READ)
            for key, _ in selector.select(0):
                told = key.fileobj
                assert isinstance(told, socket.socket)
                if _PING in told.recv(65_536):
                    told.send(_PONG)
    return clients


def allow_many_files() -> None:
    """Each client is one, and the usual limit is low."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def readable(clients: list[socket.socket], seconds: float) -> Iterator[socket.socket]:
    """Whichever has something to read, again and again until the time is over."""
    ends = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while (left := ends - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                yield client


def listen(clients: list[socket.socket], seconds: float) -> dict[float, list[float]]:
    """When each push, named by the time of its emission, arrived at each client."""
    arrived: defaultdict[float, list[float]] = defaultdict(list)
    unread: dict[socket.socket, bytes] = {}
    for client in readable(clients, seconds):
        received = client.recv(65_536)
        if not received:
            raise RuntimeError("the server has hung up on a client")
        got = unread.pop(client, b"") + received
        now, end = time.time(), 0
        for found in _AT.finditer(got):
            arrived[float(found[1])].append(now)
            end = found.end()
        if _PING in got:
            client.send(_PONG)
        if b'"at' in got[end:]:  # in two pieces
            unread[client] = got[end:]
    return arrived


def main() -> None:
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    allow_many_files()
    clients = gathered(port, count)
    print("connected", flush=True)
    began = time.time()
    arrived = sorted(listen(clients, seconds).items())[:-1]  # the last may still be under way
    pushes = [(at, times) for at, times in arrived if at > began]
    whole = [max(times) - at for at, times in pushes if len(times) == count]
    print(json.dumps({"last": whole, "missing": len(pushes) - len(whole)}))


if __name__ == "__main__":
    main()
