"""Clients that do not read: what others notice of them, what they cost, and when they are dropped."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import broadcast, listeners
from benchmarks.report import percentile
from benchmarks.spent import resident_mb
from core.config import ROOT

LISTENING = 200
STALLED = (0, 1, 25)  # of each kind
SECONDS = 36.0  # longer than anybody's patience
BYTES, GAP_SECONDS = 10_000, 0.1  # as chat comes at its busiest
HUNG_UP = "hung up on a client"
HANDSHAKE_SECONDS = 2.0


@dataclass(slots=True)
class Seen:
    """Milliseconds until the last listener had each push, pushes not whole, what the server held, when it hung up."""

    last_ms: list[float]
    missing: int
    memory_before_mb: float
    memory_most_mb: float
    kernel_most_kb: float
    dropped_after: list[float] = field(default_factory=list)


def main(listening: int = LISTENING, stalled: Sequence[int] = STALLED, seconds: float = SECONDS) -> None:
    pushed = f"{BYTES / 1000:.0f} KB every {GAP_SECONDS * 1000:.0f} ms"
    print(f"\n## {pushed} to {listening} sockets, and some that do not read\n")
    print("Half of them stop reading, half never read a byte. Memory of all of them together, at its most.\n")
    cells = "stalled | last p50 / p99 ms | p99 ÷ without | not whole | memory more | in the kernel | dropped after s"
    print(f"| {cells} |\n|---|---|---|---|---|---|---|", flush=True)
    without = 0.0
    with tempfile.TemporaryDirectory() as folder:
        command = [*broadcast._product_server(Path(folder)), str(BYTES), str(GAP_SECONDS)]
        for each in stalled:
            seen = _seen(command, listening, each, seconds)
            p50, p99 = percentile(seen.last_ms, 0.5), percentile(seen.last_ms, 0.99)
            without = without or p99
            after = seen.dropped_after
            dropped = f"{min(after):.0f} to {max(after):.0f}, {len(after)} of {2 * each}" if after else "–"
            more = f"{seen.memory_most_mb - seen.memory_before_mb:.1f} MB"
            told = [f"{p50:.1f} / {p99:.1f}", f"{p99 / without:.2f} ×", str(seen.missing), more]
            print(f"| {2 * each} | {' | '.join(told)} | {seen.kernel_most_kb:.0f} KB | {dropped} |", flush=True)


def _seen(command: list[str], listening: int, each: int, seconds: float) -> Seen:
    with broadcast._running(command, ROOT) as (process, port), ExitStack() as open_now:
        hung_up: list[float] = []
        threading.Thread(target=_note_hang_ups, args=(process, hung_up), daemon=True).start()
        listen = [sys.executable, "-m", "benchmarks.listeners", str(port), str(listening), str(seconds)]
        crowd = open_now.enter_context(subprocess.Popen(listen, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        assert crowd.stdout
        if not crowd.stdout.readline():
            raise RuntimeError("the clients did not get in")
        time.sleep(HANDSHAKE_SECONDS)
        before, began = resident_mb(process.pid), time.monotonic()
        for _ in range(each):
            open_now.enter_context(_stopping(port))
            open_now.enter_context(_never_reading(port))
        most, kernel = before, 0.0
        while crowd.poll() is None:
            most, kernel = max(most, resident_mb(process.pid)), max(kernel, _unsent_kb(port))
            time.sleep(0.2)
        told = json.loads(crowd.stdout.readline())
    last_ms = [taken * 1000 for taken in told["last"]]
    return Seen(last_ms, told["missing"], before, most, kernel, [at - began for at in hung_up])


def _note_hang_ups(process: subprocess.Popen[str], hung_up: list[float]) -> None:
    assert process.stdout
    try:
        hung_up.extend(time.monotonic() for line in process.stdout if HUNG_UP in line)
    except ValueError:  # closed, as the server has ended
        return


@contextmanager
def _stopping(port: int) -> Iterator[None]:
    """A dashboard that joins, and then reads nothing more."""
    with listeners.connected(port):
        yield


@contextmanager
def _never_reading(port: int) -> Iterator[None]:
    """One that says all it has to say without reading any of the answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(listeners.HANDSHAKE.format(port=port).encode())
        time.sleep(0.05)  # what follows a handshake too closely is taken for a part of it
        client.sendall(listeners.CONNECT)
        yield


def _unsent_kb(port: int) -> float:
    """What the kernel keeps of answers that nobody has taken, of all lines to ``port`` together."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = (row for row in rows if row[1].endswith(f":{port:04X}"))
    return sum(int(row[4].partition(":")[0], 16) for row in ours) / 1000


if __name__ == "__main__":
    main()
