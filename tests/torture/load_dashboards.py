"""Dashboards in one process: sockets that follow the live page and note how old the chat is that reaches them.

    python -m tests.torture.load_dashboards PORT COUNT SECONDS

The first line it prints says that all are in; it then waits for a line, listens, and prints JSON: milliseconds between
what was said and its arrival (some of them), how many dashboards were hung up on, how many heard nothing.
"""

from __future__ import annotations

import json
import random
import selectors
import socket
import sys
import time

from benchmarks.listeners import connected

SIGN = "said "  # before the time, UTC milliseconds, in each line of the chat
API_TOKEN = "what-dashboards-of-this-trial-show"
MOST_DELAYS = 20_000
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
    """What all dashboards of this process have heard."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.lines, self.lost, self._seen = 0, 0, 0
        self.heard: set[socket.socket] = set()
        self._chance = random.Random(1)

    def take(self, client: socket.socket, got: bytes) -> None:
        if _PING in got:
            client.send(_PONG)
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


def listen(clients: list[socket.socket], seconds: float) -> Hearing:
    hearing, ends = Hearing(), time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while (left := ends - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                client = key.fileobj
                assert isinstance(client, socket.socket)
                try:
                    got = client.recv(262_144)
                except OSError:
                    got = b""
                if got:
                    hearing.take(client, got)
                else:
                    hearing.lost += 1
                    selector.unregister(client)
    return hearing


def main() -> None:
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    clients = [following(port) for _ in range(count)]
    print("in", flush=True)
    sys.stdin.readline()
    hearing = listen(clients, seconds)
    rate, deaf = hearing.lines / count / seconds, count - len(hearing.heard)
    told = {"delays": hearing.delays, "lost": hearing.lost, "deaf": deaf, "rate": rate}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
