"""What one WebSocket is still to be sent, in place of engineio's queue and of the greenlet that waits for it."""

from __future__ import annotations

from collections import deque
from typing import Any

import gevent

from web.wire import text_frame


class Outbox:
    """Written at once where nothing is under way; else by a greenlet that lives until all has gone.

    As engineio uses a queue: None ends it, and ``join`` waits until then for what was put before.
    """

    def __init__(self, websocket: Any) -> None:
        self._websocket = websocket
        self._wire = websocket.ws.sock
        self._packets: deque[Any] = deque()
        self._writer: gevent.Greenlet | None = None
        self._is_over = False

    @classmethod
    def of(cls, connection: Any, websocket: Any) -> Outbox:
        """Takes the place of an engineio connection's queue, with what is in it."""
        waiting, outbox = connection.queue, cls(websocket)
        connection.queue = outbox
        while not waiting.empty():
            outbox.put(waiting.get())
        waiting.put(None)  # who still polls hears nothing more there
        return outbox

    def put(self, packet: Any) -> None:
        """Never waits."""
        if self._is_over:
            return
        if packet is not None and not self._packets:
            encoded = packet.encode()
            if isinstance(encoded, str) and self._wire.write_now(text_frame(encoded)):
                return
        if packet is None and not self._packets and not self._websocket.ws.connected:
            self._end()  # they have left, and are told nothing
            return
        self._packets.append(packet)
        if self._writer is None:
            self._writer = gevent.spawn(self._write)

    def empty(self) -> bool:
        return not self._packets

    def qsize(self) -> int:
        return len(self._packets)

    def join(self) -> None:
        if self._writer is not None:
            self._writer.join()

    def _write(self) -> None:
        try:
            while self._packets:
                if self._packets[0] is None:
                    break
                self._websocket.send(self._packets[0].encode())
                self._packets.popleft()
            else:
                self._writer = None
                return
        except OSError:
            pass  # it is gone
        self._end()

    def _end(self) -> None:
        self._is_over = True
        self._packets.clear()
        self._websocket.close()
