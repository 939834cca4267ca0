"""A wire between a browser and the web process, which can be cut without either of them noticing."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE = 65_536


class Line:
    """One connection: its two ends."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.ends = (near, far)
        self.is_socket = False  # a WebSocket, not for requests
        self.is_dead = False

    def hang_up(self) -> None:
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # either of them has left
            while piece := source.recv(PIECE):
                self.is_socket = self.is_socket or b"upgrade: websocket" in piece.lower()
                if not self.is_dead:
                    target.sendall(piece)
            if not self.is_dead:
                target.shutdown(socket.SHUT_WR)


class Wire:
    """Listens on ``url``, and passes on what comes to ``port`` and back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._lines: list[Line] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in self._lines:
            line.hang_up()
            for end in line.ends:
                end.close()

    def cut(self) -> None:
        """WebSockets stay open at both ends, and nothing arrives over them any more; idle connections are given up."""
        for line in self._lines:
            if line.is_socket:
                line.is_dead = True
            else:
                line.hang_up()

    def hang_up(self) -> None:
        """What is connected now ends, for both."""
        for line in self._lines:
            line.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:  # the end
                return
            line = Line(near, far)
            self._lines.append(line)
            for way in ((near, far), (far, near)):
                threading.Thread(target=line.pass_on, args=way, daemon=True).start()
