"""The connection to one peer of the voice room. Nobody ever waits for it: what is sent goes out beside."""

from __future__ import annotations

from collections import deque

import gevent
from gevent.event import Event
from simple_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from rules.voice import Seat
from web.websockets import PlainWebSocket

MOST_UNSENT, MOST_UNSENT_BYTES = 1_000, 1_000_000  # a client with so much unread has stopped reading
LAST_WORDS_SECONDS = 1.0


class Line:
    """``seat`` is whose it is; ``was_given_up`` tells that they had stopped reading."""

    def __init__(self, websocket: PlainWebSocket, seat: Seat) -> None:
        self.seat = seat
        self.was_given_up = False
        self._websocket = websocket
        self._unsent: deque[str | None] = deque()
        self._unsent_bytes = 0
        self._has_unsent = Event()
        self._writer = gevent.spawn(self._write)

    def send(self, text: str) -> None:
        self._unsent.append(text)
        self._unsent_bytes += len(text)
        self._has_unsent.set()
        if len(self._unsent) > MOST_UNSENT or self._unsent_bytes > MOST_UNSENT_BYTES:
            self._give_up()

    def end(self, reason: CloseReason = CloseReason.NORMAL_CLOSURE) -> None:
        """Hangs up, after what there is still to send."""
        self._unsent.append(None)
        self._has_unsent.set()
        gevent.spawn(self._finish, reason)

    def _write(self) -> None:
        while True:
            self._has_unsent.wait()
            while self._unsent:
                text = self._unsent.popleft()
                if text is None:
                    return
                try:
                    self._websocket.send(text)
                except (ConnectionClosed, OSError, LocalProtocolError):
                    self._websocket.abort()
                    return
                self._unsent_bytes -= len(text)
            self._has_unsent.clear()

    def _give_up(self) -> None:
        self.was_given_up = True
        self._unsent.clear()
        self._writer.kill(block=False)
        self._websocket.abort()

    def _finish(self, reason: CloseReason) -> None:
        self._writer.join(LAST_WORDS_SECONDS)
        if self._writer.ready():
            self._websocket.hang_up(reason)
        else:
            self._give_up()
