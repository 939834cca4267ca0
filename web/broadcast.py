"""What many sockets are told alike: encoded once, and written at once to all who are ready for it.

Left to itself each client costs its own trip: into its queue, a switch to its writer, a frame of its own. Written
directly, what remains of a push to thousands is the kernel's work.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import gevent
from engineio import packet as engine_packet
from socketio import Manager
from socketio.packet import EVENT

from web.wire import text_frame

log = logging.getLogger(__name__)

# Who is that far behind, in packets or bytes, is better off with a fresh snapshot.
MOST_WAITING, MOST_WAITING_BYTES = 1_000, 4_000_000

FEW_BEHIND = 100  # clients
CLIENTS_A_TURN = 100  # written to before others get theirs: about a millisecond


class _Push(NamedTuple):
    """A message as engineio queues it, and as a WebSocket carries it."""

    packet: Any
    frame: bytes


_Owed = tuple[list[_Push], bytes]


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
        self._most_behind = FEW_BEHIND
        self._rooms_of: dict[tuple[str, str], set[Any]] = {}  # by namespace and client
        self._gatherer: Any = None  # the greenlet that is about to say more
        self._gathered: list[_Push] = []
        self._owed: dict[str, int] = {}  # which of those a client is to get, a bit each; by engineio's id

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """What this greenlet emits in the block leaves at its end: to each client all of it in one write.

        A trip to the kernel costs more than the bytes it carries. Others get their turn between the clients, and
        whatever they emit to one of them comes after what it is owed.
        """
        self._gatherer = gevent.getcurrent()
        try:
            yield
        finally:
            self._gatherer = None
            self._pay()

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
        push = _Push(packet := engine_packet.Packet(engine_packet.MESSAGE, text), text_frame(packet.encode()))
        # All of them first: to hang up on one changes the room.
        ours = [engine_sid for sid, engine_sid in self.get_participants(namespace, to or room) if sid not in skipped]
        if self._gatherer is gevent.getcurrent():
            bit = 1 << len(self._gathered)
            self._gathered.append(push)
            for engine_sid in ours:
                self._owed[engine_sid] = self._owed.get(engine_sid, 0) | bit
            return
        for engine_sid in ours:
            self._pay_one(engine_sid, {})
            self._tell(engine_sid, [push], push.frame)

    def basic_enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        super().basic_enter_room(sid, namespace, room, eio_sid)
        self._rooms_of.setdefault((namespace, sid), set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        # Before the answer to a call that moves a client, which counts on what it had been told.
        engine_sid = self._owed and self.rooms.get(namespace, {}).get(None, {}).get(sid)
        if engine_sid:
            self._pay_one(engine_sid, {})
        super().basic_leave_room(sid, namespace, room)
        self._rooms_of.get((namespace, sid), set()).discard(room)

    def basic_disconnect(self, sid: str, namespace: str, **more: Any) -> None:  # noqa: ARG002
        """As the library's, which looks for the client in every room there is, and each client has one of its own."""
        for room in self._rooms_of.pop((namespace, sid), set()):
            self.basic_leave_room(sid, namespace, room)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in (sids := pending.get(namespace, [])):
                sids.remove(sid)
                if not sids:
                    del pending[namespace]

    def _pay(self) -> None:
        """Tells everybody what they are owed, some at a time."""
        joined: dict[int, _Owed] = {}
        for number, engine_sid in enumerate(list(self._owed), 1):
            self._pay_one(engine_sid, joined)
            if number % CLIENTS_A_TURN == 0:
                gevent.sleep(0)
        self._gathered.clear()

    def _pay_one(self, engine_sid: str, joined: dict[int, _Owed]) -> None:
        owed = self._owed.pop(engine_sid, 0)
        if not owed:
            return
        if owed not in joined:
            pushes = [push for number, push in enumerate(self._gathered) if owed >> number & 1]
            joined[owed] = pushes, b"".join(push.frame for push in pushes)
        self._tell(engine_sid, *joined[owed])

    def _tell(self, engine_sid: str, pushes: Sequence[_Push], frames: bytes) -> None:
        """``frames``: those of ``pushes``, one after the other."""
        connection = self.server.eio.sockets.get(engine_sid)
        if connection is None or connection.closing or connection.closed:
            return
        if written(connection, frames):
            if self._behind:
                self._behind.pop(engine_sid, None)
        elif self._is_lost(connection, engine_sid, len(frames)):
            _hang_up(connection)
        else:
            for push in pushes:
                self.server._send_eio_packet(engine_sid, push.packet)

    def _is_lost(self, connection: Any, engine_sid: str, size: int) -> bool:
        """Whether a client is too far behind to be kept with ``size`` more bytes that wait for it."""
        if (
            len(self._behind) >= self._most_behind
        ):  # seldom, also where thousands have just broken: forgets who has left
            self._behind = {sid: waiting for sid, waiting in self._behind.items() if sid in self.server.eio.sockets}
            self._most_behind = max(FEW_BEHIND, 2 * len(self._behind))
        waiting = 0
        if connection.upgraded and (wire := getattr(connection, "wire", None)):
            # Also in bytes: a few packets may hold megabytes.
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
