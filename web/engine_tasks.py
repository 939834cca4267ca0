"""What engineio does beside its clients' requests, without a greenlet for each: that would be tens of kilobytes."""

from __future__ import annotations

import inspect
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
from engineio.base_server import BaseServer
from engineio.packet import PING, Packet
from engineio.server import Server
from engineio.socket import Socket

from web.outbox import Outbox

log = logging.getLogger(__name__)

GRAIN_SECONDS = 0.05  # those that are due within so long go together
LOOKS = 4  # for clients that are gone, in the time a ping may stay unanswered
CLIENTS_A_TURN = 500
_WRITER = "Socket._websocket_handler.<locals>.writer"


def use_own_tasks(engine: BaseServer) -> None:
    start, pings = engine.start_background_task, InTurn(engine.ping_interval, _ping)

    def start_background_task(target: Any, *arguments: Any, **options: Any) -> Any:
        function = getattr(target, "__func__", None)
        if function is Socket._send_ping:
            return pings.schedule(target.__self__)
        if function is Server._service_task:
            return start(_look_for_the_gone, engine)
        if getattr(target, "__qualname__", "") == _WRITER:
            known = inspect.getclosurevars(target).nonlocals
            return Outbox.of(known["self"], known["ws"])
        return start(target, *arguments, **options)

    engine.start_background_task = start_background_task


class InTurn:
    """Acts on each after so many seconds: all wait equally long, so whoever came first is due first."""

    def __init__(self, seconds: float, act: Callable[[Any], None]) -> None:
        self._seconds, self._act = seconds, act
        self._due: deque[tuple[float, Any]] = deque()
        self._runs = False

    def schedule(self, whom: Any) -> None:
        self._due.append((time.monotonic() + self._seconds, whom))
        if not self._runs:
            self._runs = True
            gevent.spawn(self._run)

    def _run(self) -> None:
        acted = 0
        while self._due:
            left = self._due[0][0] - time.monotonic()
            if left > 0 or acted % CLIENTS_A_TURN == 0:
                gevent.sleep(max(left, GRAIN_SECONDS) if left > 0 else 0)
                acted = 1
                continue
            acted += 1
            try:
                self._act(self._due.popleft()[1])
            except Exception:
                log.exception("a client could not be seen to")  # others wait for their turn
        self._runs = False


def _ping(connection: Any) -> None:
    if connection.closing or connection.closed:
        return
    connection.last_ping = time.time()
    connection.send(Packet(PING))


def _look_for_the_gone(engine: Any) -> None:
    """As engineio's own, which wakes up for each of its clients alone. Runs for ever."""
    while True:
        gevent.sleep(engine.ping_timeout / LOOKS)
        for number, connection in enumerate(list(engine.sockets.values()), 1):
            if connection.closed:
                engine.sockets.pop(connection.sid, None)
            elif connection.last_ping and not connection.closing:
                try:
                    connection.check_ping_timeout()
                except Exception:
                    log.exception("a client could not be given up")
            if number % CLIENTS_A_TURN == 0:
                gevent.sleep(0)
