"""Many shops in one process: connections that post one event after the other, each as soon as the last was answered.

    python -m benchmarks.posters PORT CONNECTIONS SECONDS

Sockets and ready-made requests instead of a client library, which would cost more than the server it measures. It
prints JSON: how many seconds it took, and how many milliseconds each answer.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Sequence

TRACK_KEY = "k" * 12
STEPS = ("page_view", "page_view", "product_view", "add_to_cart", "user_signup", "purchase")


def requests(connection: int) -> Iterator[bytes]:
    """What one shop reports: one person after the other walks through its steps."""
    run, count = int(time.time() * 1000), 0
    while True:
        step = STEPS[count % len(STEPS)]
        person = f"bench-{run}-{connection}-{count // len(STEPS)}"
        body = json.dumps({"event_type": step, "user_id": person, "data": {"page": "/new", "amount": 20}})
        yield (
            f"POST /track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Track-Key: {TRACK_KEY}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        count += 1


class Poster:
    """One connection: ``post`` sends the next event, ``read`` tells whether its answer is whole."""

    expected = 201

    def __init__(self, port: int, number: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests(number)
        self._received = b""
        self.began = 0.0

    def post(self) -> None:
        request = next(self._requests)
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> bool:
        """Raises RuntimeError for any answer but the expected one."""
        got = self.socket.recv(65_536)
        self._received += got
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _length(head) if end else 0
        if got and (not end or len(body) < length):
            return False
        if not head.startswith(b"HTTP/1.1 %d" % self.expected):
            raise RuntimeError(f"refused: {self._received!r}")
        self._received = body[length:]
        return True


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])


def posted(posters: Sequence[Poster], seconds: float) -> list[float]:
    """How long each of the acknowledged posts took, ms, by all of them at once."""
    taken: list[float] = []
    ends = time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        for poster in posters:
            selector.register(poster.socket, selectors.EVENT_READ, poster)
            poster.post()
        while selector.get_map():
            for key, _ in selector.select(30):
                poster = key.data
                if not poster.read():
                    continue
                now = time.perf_counter()
                taken.append((now - poster.began) * 1000)
                if now < ends:
                    poster.post()
                else:
                    selector.unregister(poster.socket)
                    poster.socket.close()
    return taken


def main() -> None:
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    began = time.perf_counter()
    taken = posted([Poster(port, number) for number in range(connections)], seconds)
    print(json.dumps({"seconds": time.perf_counter() - began, "taken": taken}))


if __name__ == "__main__":
    main()
