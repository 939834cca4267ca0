"""What many sockets are told alike: encoded once, and written at once to all who are ready for it.

Left to itself each client costs its own trip: into its queue, a switch to its writer, a frame of its own. Written
directly, what remains of a push to thousands is the kernel's work.
"""

from __future__ import annotations

from typing import Any

from engineio import packet as engine_packet
from socketio import Manager, RedisManager
from socketio.packet import EVENT

MOST_WAITING = 1_000  # packets; who is that far behind is better off with a fresh snapshot

_SHORT, _MEDIUM = 126, 1 << 16


class DirectManager(Manager):
    """Socket.IO's manager whose ``emit`` takes the short way where nothing is waiting.

    A client gets a push directly if it has a WebSocket, an empty queue, and nobody is writing to it; everybody else
    (polling, upgrading, slow) through engineio's queue, which keeps the order. A client that lets its queue grow
    without end is hung up on, and comes back by itself.
    """

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
            if sid in skipped or connection is None or written(connection, frame):
                continue
            if connection.queue.qsize() >= MOST_WAITING:
                lost.append(connection)
            else:
                self.server._send_eio_packet(engine_sid, packet)
        for connection in lost:  # not before: it changes the room that is read here
            connection.close(wait=False, abort=True)

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
