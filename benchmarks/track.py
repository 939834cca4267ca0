"""POST /track: how many are acknowledged as durable a second, by many connections at once, beside one commit each."""

from __future__ import annotations

import http.client
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks import store
from benchmarks.report import percentile
from benchmarks.served import served

CONNECTIONS = (1, 16, 64)
STORED = (0, 200_000)
SECONDS = 4.0
PLAIN_COLUMNS = "id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, event_type TEXT, user_id TEXT, at TEXT, data TEXT"


def main(stored: tuple[int, ...] = STORED, seconds: float = SECONDS) -> None:
    print(f"\n## POST /track over HTTP, acknowledged when durable, {seconds:.0f} s each\n")
    print("Plain: the same events in a process without HTTP, one commit each (synchronous=FULL, WAL).\n")
    print("| events stored | connections | a second | p50 ms | p99 ms | plain a second | product ÷ plain |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number in stored:
            file = Path(folder) / f"{number}.db"
            store.make(file, number, now_ms=int(time.time() * 1000))
            with served(file) as product:
                for connections in CONNECTIONS:
                    taken = _posted(product.port, connections, seconds)
                    plain = _plainly(Path(folder) / f"plain-{number}-{connections}.db", number, seconds / 2)
                    _row(number, connections, taken, seconds, plain)


def _row(stored: int, connections: int, taken: list[float], seconds: float, plain: float) -> None:
    rate, p50, p99 = len(taken) / seconds, percentile(taken, 0.5), percentile(taken, 0.99)
    print(
        f"| {stored:,} | {connections} | {rate:,.0f} | {p50:.1f} | {p99:.1f} | {plain:,.0f} | {rate / plain:.2f} × |",
        flush=True,
    )


def _posted(port: int, connections: int, seconds: float) -> list[float]:
    """How long each of the acknowledged posts took, ms, by ``connections`` at once."""
    taken: list[float] = []
    ends = time.monotonic() + seconds

    def post(number: int) -> None:
        client, count = http.client.HTTPConnection("127.0.0.1", port, timeout=30), 0
        while time.monotonic() < ends:
            count += 1
            body = json.dumps(_event(number, count))
            began = time.perf_counter()
            client.request("POST", "/track", body, {"Content-Type": "application/json"})
            answer = client.getresponse()
            told = answer.read()
            if answer.status != 201:
                raise RuntimeError(f"{answer.status} {told!r}")
            taken.append((time.perf_counter() - began) * 1000)
        client.close()

    threads = [threading.Thread(target=post, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _event(connection: int, count: int) -> dict[str, object]:
    steps = ("page_view", "page_view", "product_view", "add_to_cart", "user_signup", "purchase")
    person = f"bench-{connection}-{count // len(steps)}"
    return {"event_type": steps[count % len(steps)], "user_id": person, "data": {"page": "/new", "amount": 20}}


def _plainly(file: Path, stored: int, seconds: float) -> float:
    """Inserts a second where each is committed for itself."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        connection.execute(f"CREATE TABLE events ({PLAIN_COLUMNS})")
        rows = ((f"old-{number}", "page_view", f"user-{number % 997}", "2026-11-21", "{}") for number in range(stored))
        insert = "INSERT INTO events (event_id, event_type, user_id, at, data) VALUES (?, ?, ?, ?, ?)"
        connection.executemany(insert, rows)
        connection.commit()
        return _rate(lambda count: _commit_one(connection, insert, count), seconds)


def _commit_one(connection: sqlite3.Connection, insert: str, count: int) -> None:
    connection.execute(insert, (f"new-{count}", "page_view", f"user-{count % 997}", "2026-11-21", "{}"))
    connection.commit()


def _rate(run: Callable[[int], None], seconds: float) -> float:
    count, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends:
        count += 1
        run(count)
    return count / seconds


if __name__ == "__main__":
    main()
