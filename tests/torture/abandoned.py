"""Connections that are opened by the thousand and never come back to: others are answered, and all are hung up on."""

from __future__ import annotations

import socket
import statistics
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx

from tests.processes import WebProcess, wait_until
from tests.torture.house import PATIENCE_SECONDS, House
from tests.torture.report import Report

SLOWEST_ANSWER_SECONDS = 2.0  # to others, while connections are abandoned
BACK_WITHIN_SECONDS = 80.0  # the longest that a WebSocket is waited for, and what a busy machine needs
FILES_LEFT_OVER = 32  # connections of the crowd come and go

_HEAD = "Host: localhost\r\n"
_UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
KINDS = (  # of abandoned connections: what each says before it says no more
    "",
    f"GET /health HTTP/1.1\r\n{_HEAD}",
    f"POST /track HTTP/1.1\r\n{_HEAD}Content-Length: 9\r\n\r\n{{",
    f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n{_HEAD}{_UPGRADE}",
)


def abandon(house: House, count: int, report: Report) -> None:
    """Opens ``count`` connections, says too little on each, and never comes back to it."""
    assert house.web
    before, answers = open_files(house.web), []
    memory_before = resident_megabytes(house.web)
    with ExitStack() as abandoned, httpx.Client(base_url=house.web.url, timeout=PATIENCE_SECONDS) as other:
        for number in range(count):
            with suppress(ConnectionError):  # whoever is turned away has been answered as well
                line = socket.create_connection(("127.0.0.1", house.web.port), timeout=PATIENCE_SECONDS)
                abandoned.enter_context(line)
                line.sendall(KINDS[number % len(KINDS)].encode())
            if number % 50 == 0:
                began = time.monotonic()
                other.get("/health").raise_for_status()
                answers.append(time.monotonic() - began)
        most, memory = open_files(house.web), resident_megabytes(house.web)
        began = time.monotonic()
        # They stay open on this side: it is for the product to end them.
        with suppress(TimeoutError):
            wait_until(lambda: open_files(house.web) <= before + FILES_LEFT_OVER, "closed", BACK_WITHIN_SECONDS)
        took, left = time.monotonic() - began, open_files(house.web)
    worst = max(answers)
    report.figure(f"{count} connections abandoned: open files", f"{before}, at most {most}, then {left}")
    report.figure("answers to others meanwhile", f"median {statistics.median(answers):.3f} s, worst {worst:.3f} s")
    report.figure("memory", f"{memory_before} MB, then {memory} MB")
    report.figure("all of them hung up on after", f"{took:.0f} s")
    slow = [f"{one:.2f} s" for one in answers if one > SLOWEST_ANSWER_SECONDS]
    report.promise(f"others are answered within {SLOWEST_ANSWER_SECONDS:g} s", slow)
    report.promise(
        f"their files are closed within {BACK_WITHIN_SECONDS:g} s", [left] if left > before + FILES_LEFT_OVER else []
    )


def open_files(web: WebProcess | None) -> int:
    return len(list(Path(f"/proc/{web.process.pid}/fd").iterdir())) if web else 0


def resident_megabytes(web: WebProcess) -> int:
    status = Path(f"/proc/{web.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024
