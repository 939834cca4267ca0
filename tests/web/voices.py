"""Somebody in the voice room without a browser: speaks PeerJS' signalling over a real WebSocket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.processes import wait_until

SOON = 5.0


class Voice:
    """One peer. What the server sends is read in its order."""

    def __init__(self, websocket: ClientConnection, peer_id: str) -> None:
        self.id, self._websocket = peer_id, websocket

    def hear(self, timeout: float = SOON) -> dict[str, Any]:
        told = json.loads(self._websocket.recv(timeout))
        assert isinstance(told, dict)
        return told

    def hear_kind(self, kind: str, timeout: float = SOON) -> dict[str, Any]:
        """The next message of that kind; others are passed over."""
        while True:
            told = self.hear(timeout)
            if told["type"] == kind:
                return told

    def hears_nothing(self, seconds: float) -> bool:
        try:
            self.hear(seconds)
        except TimeoutError:
            return True
        return False

    def send(self, kind: str, dst: str | None = None, payload: Any = None) -> None:
        told = {"type": kind, "dst": dst, "payload": payload}
        self.send_raw(json.dumps({key: value for key, value in told.items() if value is not None}))

    def offer(self, dst: str, number: int = 1) -> None:
        self.send(
            "OFFER", dst, {"type": "media", "connectionId": f"mc_{number}", "sdp": {"type": "offer", "sdp": "v=0"}}
        )

    def send_raw(self, text: str | bytes) -> None:
        self._websocket.send(text)

    def is_hung_up_on(self, timeout: float = SOON) -> str:
        """Waits for it; answers the last words of the server."""
        words = ""
        try:
            while True:
                told = self.hear(timeout)
                words = told.get("payload", {}).get("msg", "") if told["type"] == "ERROR" else words
        except ConnectionClosed:
            return words

    def send_bytes(self, content: bytes) -> None:
        """Past the rules of WebSockets."""
        self._websocket.socket.sendall(content)

    def hears_nothing_but_the_end(self, timeout: float = SOON) -> int | None:
        """Why the server closes the line: nobody else is said to have left."""
        try:
            raise AssertionError(f"heard {self.hear(timeout)}")
        except ConnectionClosed:
            return self._websocket.close_code

    def vanish(self) -> None:
        """The connection breaks, without a word."""
        self._websocket.socket.shutdown(socket.SHUT_RDWR)


def present(client: httpx.Client) -> list[str]:
    """The ids of those in the room."""
    answer = client.get("/peerjs/peers").raise_for_status()
    return [peer["id"] for peer in answer.json()["peers"]]


def new_id(client: httpx.Client) -> str:
    return client.get("/peerjs/peerjs/id").raise_for_status().text


@contextmanager
def line(
    client: httpx.Client,
    peer_id: str,
    *,
    token: str | None = None,
    headers: dict[str, str] | None = None,
    receive_buffer: int | None = None,
    **query: str,
) -> Iterator[Voice]:
    """A WebSocket to the room, whatever the server says to it."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    sent = ({"Cookie": cookies} if cookies else {}) | (headers or {})
    asked = {
        "key": "peerjs",
        "id": peer_id,
        "token": f"of {peer_id[:6]}" if token is None else token,
        "version": "1.5.5",
    } | query
    with (
        _connected(client, receive_buffer) as connection,
        connect(
            str(client.base_url.copy_with(scheme="ws", path="/peerjs/peerjs", params=asked)),
            sock=connection,
            additional_headers=sent,
            max_queue=1 if receive_buffer else None,  # beyond that, it stays with the server
            open_timeout=SOON,
            close_timeout=1,
        ) as websocket,
    ):
        yield Voice(websocket, peer_id)


def _connected(client: httpx.Client, receive_buffer: int | None) -> socket.socket:
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect((client.base_url.host, client.base_url.port or 80))
    return connection


@contextmanager
def voice(client: httpx.Client, *, peer_id: str = "", **options: Any) -> Iterator[Voice]:
    """Somebody in the room; afterwards they have left."""
    peer_id = peer_id or new_id(client)
    with line(client, peer_id, **options) as found:
        assert found.hear() == {"type": "OPEN"}
        yield found
    wait_until(lambda: peer_id not in present(client), "the seat is free again")
