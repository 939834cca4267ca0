"""Many live pages in one process: sockets that subscribe to the chat and note when marked messages reach them.

    python -m benchmarks.onlookers PORT COUNT SECONDS

The first line it prints says that all have subscribed; the second is JSON: for each mark how many seconds after it was
written each client had it.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections import defaultdict

from benchmarks.listeners import allow_many_files, connected, readable
from benchmarks.talking import MARK

_PING, _PONG = b"\x81\x012", b"\x81\x81\0\0\0\x003"
_MARKED = re.compile(MARK.encode() + rb"(\d+\.\d+) ")
_LONGEST_MARK = 40  # bytes of one that may be cut in two
_SUBSCRIBE = b'42["live:subscribe",{}]'


def onlooker(port: int) -> socket.socket:
    client = connected(port)
    client.setblocking(True)
    client.sendall(bytes((0x81, 0x80 | len(_SUBSCRIBE), 0, 0, 0, 0)) + _SUBSCRIBE)
    client.setblocking(False)
    return client


def look_on(clients: list[socket.socket], seconds: float) -> dict[str, list[float]]:
    """How many seconds after it was written each mark reached each client."""
    reached: defaultdict[str, list[float]] = defaultdict(list)
    newest = dict.fromkeys(clients, time.time())
    cut = dict.fromkeys(clients, b"")  # the end of what came last: a mark may come in two pieces
    for client in readable(clients, seconds):
        got = cut[client] + client.recv(1 << 18)
        now = time.time()
        for found in _MARKED.finditer(got):
            if (written := float(found[1])) > newest[client]:
                newest[client] = written
                reached[found[1].decode()].append(now - written)
        cut[client] = got[-_LONGEST_MARK:]
        if _PING in got[_LONGEST_MARK:]:
            client.send(_PONG)
    return reached


def main() -> None:
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    allow_many_files()
    clients = [onlooker(port) for _ in range(count)]
    print("subscribed", flush=True)
    print(json.dumps(look_on(clients, seconds)), flush=True)


if __name__ == "__main__":
    main()
