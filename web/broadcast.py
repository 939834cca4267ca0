"""What many sockets are told alike: encoded once, and written at once to all who are ready for it.

Left to itself each client costs its own trip: into its queue, a switch to its writer, a frame of its own. Written
directly, what remains of a push to thousands is the kernel's work.
"""

from __future__ import annotations

import logging
from typing import Any

from engineio import packet as engine_packet
from socketio import Manager, RedisManager
from socketio.packet import EVENT

log = logging.getLogger(__name__)

# Who is that far behind, in packets or bytes, is better off with a fresh snapshot.
MOST_WAITING, MOST_WAITING_BYTES = 1_000, 4_000_000

_SHORT, _MEDIUM = 126, 1 << 16


class DirectManager(Manager):
    """Socket.IO's manager whose ``emit`` takes the short way where nothing is waiting.

    A client gets a push directly if it has a WebSocket, an empty queue, and nobody is writing to it; everybody else
    (polling, upgrading, slow) through engineio's queue, which keeps the order. A client that lets its queue grow
    without end is hung up on, and comes back by itself: so what waits for it in memory has a bound.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # What each WebSocket will have taken, in bytes, when it is no longer behind; by engineio's id.
        self._behind: dict[str, int] = {}

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **more: Any,
    ) -> None:
        text = None if callback or namespace not in self.rooms else self._encoded(event, data, namespace)
        if text is None:
            super().emit(event, data, namespace, room, skip_sid, callback, to, **more)
            return
        skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
        packet = engine_packet.Packet(engine_packet.MESSAGE, text)
        frame = text_frame(packet.encode())
        lost = []
        for sid, engine_sid in self.get_participants(namespace, to or room):
            connection = self.server.eio.sockets.get(engine_sid)
            if sid in skipped or connection is None:
                continue
            if written(connection, frame):
                if self._behind:
                    self._behind.pop(engine_sid, None)
            elif self._is_lost(connection, engine_sid, len(frame)):
                lost.append(connection)
            else:
                self.server._send_eio_packet(engine_sid, packet)
        for connection in lost:  # not before: it changes the room that is read here
            _hang_up(connection)

    def _is_lost(self, connection: Any, engine_sid: str, size: int) -> bool:
        """Whether a client is too far behind to be kept with ``size`` more bytes that wait for it."""
        if engine_sid not in self._behind:  # seldom: the time to forget who has left
            self._behind = {sid: waiting for sid, waiting in self._behind.items() if sid in self.server.eio.sockets}
        waiting = 0
        if connection.upgraded and (wire := getattr(connection, "wire", None)):
            # Not by the queue: engineio takes all out of it at once, to send one after the other.
            self._behind[engine_sid] = max(self._behind.get(engine_sid, 0), wire.taken) + size
            waiting = self._behind[engine_sid] - wire.taken
        if waiting <= MOST_WAITING_BYTES and connection.queue.qsize() < MOST_WAITING:
            return False
        self._behind.pop(engine_sid, None)
        log.warning("hung up on a client that is behind by %d messages or %d bytes", connection.queue.qsize(), waiting)
        return True

    def _encoded(self, event: str, data: Any, namespace: str) -> str | None:
        """The packet as text; None where it has binary parts, which come in several packets."""
        values = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        encoded = self.server.packet_class(EVENT, namespace=namespace, data=[event, *values]).encode()
        return encoded if isinstance(encoded, str) else None


class DirectRedisManager(RedisManager, DirectManager):
    """The same where several web processes meet at a Redis server."""


def manager(redis_url: str) -> Manager:
    """The manager for one web process, or with ``redis_url`` for one of several."""
    return DirectRedisManager(redis_url) if redis_url else DirectManager()


def _hang_up(connection: Any) -> None:
    """Without a word, which would wait behind everything else."""
    connection.close(wait=False, abort=True)
    wire = getattr(connection, "wire", None)
    if wire is not None:
        wire.hang_up()


def written(connection: Any, frame: bytes) -> bool:
    """Whether ``frame`` is on its way to an engineio socket already, ahead of whatever is sent from now on."""
    wire = getattr(connection, "wire", None)
    if wire is None or not connection.upgraded or connection.closed or not connection.queue.empty():
        return False
    return bool(wire.write_now(frame))


def text_frame(text: str) -> bytes:
    """A whole, unmasked WebSocket frame (RFC 6455, 5.2), as servers send them."""
    payload = text.encode()
    size = len(payload)
    if size < _SHORT:
        return bytes((0x81, size)) + payload
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload
