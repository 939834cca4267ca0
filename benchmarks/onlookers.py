"""Many live pages in one process: sockets that subscribe to the chat and note when marked messages reach them.

    python -m benchmarks.onlookers PORT COUNT SECONDS

The first line it prints says that all have subscribed; the second is JSON: for each mark how many seconds after it was
written each client had it, and of all clients together how many lines they were told, how many they were told were
left out, and how many are missing without a word.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field

from benchmarks.listeners import allow_many_files, connected, readable
from benchmarks.talking import MARK

_PING, _PONG = b"2", b"\x81\x81\0\0\0\x003"
_CHAT, _LINE = b'42["chat"', b'"kind":"chat"'
_MARKED = re.compile(MARK.encode() + rb"(\d+\.\d+) ")
_CURSOR, _SKIPPED = re.compile(rb'"cursor":(\d+)'), re.compile(rb'"skipped":(\d+)')
_SUBSCRIBE = b'42["live:subscribe",{}]'
_SHORT, _MEDIUM = 126, 127  # lengths that mean: the true one follows, in two or in eight bytes


def onlooker(port: int) -> socket.socket:
    client = connected(port)
    client.setblocking(True)
    client.sendall(bytes((0x81, 0x80 | len(_SUBSCRIBE), 0, 0, 0, 0)) + _SUBSCRIBE)
    client.setblocking(False)
    return client


@dataclass(frozen=True, slots=True)
class Push:
    """What one push of chat brings: the marks in it, its lines, those left out, and the number of the newest."""

    marks: tuple[bytes, ...]
    lines: int
    left_out: int
    cursor: int

    @classmethod
    def of(cls, message: bytes) -> Push:
        cursor, skipped = _CURSOR.findall(message)[-1], _SKIPPED.findall(message)
        return cls(tuple(_MARKED.findall(message)), message.count(_LINE), sum(map(int, skipped)), int(cursor))


@dataclass(slots=True)
class Heard:
    """What one client has heard; every stored line has a number, so it can be told whether one is missing."""

    unread: bytes = b""
    first: int | None = None  # the number of the newest line of its first push
    cursor: int = 0
    lines: int = 0  # those after the first push
    left_out: int = 0

    def messages(self, got: bytes) -> list[bytes]:
        """The WebSocket messages that ``got`` completes."""
        rest, whole = self.unread + got, []
        while len(rest) >= 2:
            length, begins = rest[1], 2
            if length == _SHORT:
                begins = 4
            elif length == _MEDIUM:
                begins = 10
            if begins > 2:
                length = int.from_bytes(rest[2:begins], "big") if len(rest) >= begins else len(rest)
            if len(rest) < begins + length:
                break
            whole.append(rest[begins : begins + length])
            rest = rest[begins + length :]
        self.unread = rest
        return whole

    def hear(self, push: Push) -> None:
        self.cursor = push.cursor
        if self.first is None:
            self.first = push.cursor
            return
        self.lines += push.lines
        self.left_out += push.left_out

    @property
    def lost(self) -> int:
        return self.cursor - (self.first or 0) - self.lines - self.left_out if self.first is not None else 0


@dataclass(slots=True)
class Crowd:
    clients: dict[socket.socket, Heard]
    reached: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def look_on(self, seconds: float) -> None:
        message, push = b"", Push((), 0, 0, 0)  # everybody gets the same, and it is read once
        for client in readable(list(self.clients), seconds):
            heard, got = self.clients[client], client.recv(1 << 18)
            now = time.time()
            for one in heard.messages(got):
                if one == _PING:
                    client.send(_PONG)
                elif one.startswith(_CHAT):
                    if one != message:
                        message, push = one, Push.of(one)
                    heard.hear(push)
                    for mark in push.marks:
                        self.reached[mark.decode()].append(now - float(mark))


def main() -> None:
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    allow_many_files()
    crowd = Crowd({onlooker(port): Heard() for _ in range(count)})
    print("subscribed", flush=True)
    crowd.look_on(seconds)
    heard = crowd.clients.values()
    told = {what: sum(getattr(one, what) for one in heard) for what in ("lines", "left_out", "lost")}
    print(json.dumps({"reached": crowd.reached, **told}), flush=True)


if __name__ == "__main__":
    main()
