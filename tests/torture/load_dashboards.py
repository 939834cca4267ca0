"""Dashboards in one process: sockets that follow the live page and note how old the chat is that reaches them.

    python -m tests.torture.load_dashboards PORT COUNT SECONDS

The first line it prints says that all are in; it then waits for a line, listens, and prints JSON: milliseconds between
what was said and its arrival (some of them), how many dashboards were hung up on, how many of them before it listened,
how many heard nothing, and seconds of processor time.
"""

from __future__ import annotations

import json
import random
import select
import selectors
import socket
import sys
import time

from benchmarks.listeners import connected

SIGN = "said "  # before the time, UTC milliseconds, in each line of the chat
API_TOKEN = "what-dashboards-of-this-trial-show"
MOST_DELAYS = 20_000
READ_EVERY = 10  # dashboards: the machine is there for the product, so what the others get is only received
_SIGN = SIGN.encode()
_FOLLOW = b'42["live:subscribe",{}]'
_PING, _PONG = b"\x81\x012", b"\x81\x81\0\0\0\x003"


def following(port: int) -> socket.socket:
    """A client that has asked for the live page's pushes."""
    client = connected(port, f"Authorization: Bearer {API_TOKEN}\r\n")
    client.setblocking(True)
    client.sendall(bytes((0x81, 0x80 | len(_FOLLOW))) + bytes(4) + _FOLLOW)
    client.setblocking(False)
    return client


class Hearing:
    """What all dashboards of this process have heard. ``lines``: by those alone that are read."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.lines, self.lost, self._seen = 0, 0, 0
        self.heard: set[socket.socket] = set()
        self._chance = random.Random(1)

    def take(self, client: socket.socket, got: bytes | bytearray, *, read: bool) -> None:
        if _PING in got:
            client.send(_PONG)
        if not read:
            if client not in self.heard and _SIGN in got:
                self.heard.add(client)
            return
        lines = got.count(_SIGN)
        if not lines:
            return
        self.lines += lines
        self.heard.add(client)
        after = got.rindex(_SIGN) + len(_SIGN)
        told = got[after : after + 13]
        if len(told) == 13 and told.isdigit():
            self._note(time.time() * 1000 - int(told))

    def _note(self, delay_ms: float) -> None:
        """Keeps a fair choice of all."""
        self._seen += 1
        if len(self.delays) < MOST_DELAYS:
            self.delays.append(delay_ms)
        elif (place := self._chance.randrange(self._seen)) < MOST_DELAYS:
            self.delays[place] = delay_ms


class Dashboards:
    """All of this process: whoever is in answers pings while others still come."""

    def __init__(self) -> None:
        self.hearing = Hearing()
        self._selector = selectors.DefaultSelector()
        self._count = 0

    def add(self, client: socket.socket) -> None:
        self._selector.register(client, selectors.EVENT_READ, self._count % READ_EVERY == 0)
        self._count += 1

    def look(self, seconds: float) -> None:
        """Takes what there is, or waits for it so long."""
        for key, _ in self._selector.select(seconds):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            try:
                got = client.recv(262_144)
            except OSError:
                got = b""
            if got:
                self.hearing.take(client, got, read=key.data)
            else:
                self.hearing.lost += 1
                self._selector.unregister(client)

    def listen(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.look(left)

    def listen_until_told(self) -> None:
        while not select.select([sys.stdin], [], [], 0)[0]:
            self.look(0.1)
        sys.stdin.readline()


def main() -> None:
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    dashboards = Dashboards()
    for _ in range(count):
        dashboards.add(following(port))
        dashboards.look(0)
    print("in", flush=True)
    dashboards.listen_until_told()
    hearing, early, began = dashboards.hearing, dashboards.hearing.lost, time.process_time()
    dashboards.listen(seconds)
    rate, deaf = hearing.lines / -(-count // READ_EVERY) / seconds, count - len(hearing.heard)
    told = {"delays": hearing.delays, "lost": hearing.lost, "early": early, "deaf": deaf, "rate": rate}
    told["cpu"] = time.process_time() - began
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
