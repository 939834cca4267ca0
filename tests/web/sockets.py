"""A dashboard without a browser: the real Socket.IO client, and all that it hears."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests
import socketio

FAREWELL_SECONDS = 5.0


class Heard(NamedTuple):
    event: str
    payload: dict[str, Any]
    at: float  # time.monotonic()


def _connect_patiently(client: socketio.Client) -> None:
    """Left alone it gives a new connection one second to be answered, and drops one that took longer."""
    connect = client.connect
    client.connect = lambda url, **options: connect(url, **{"wait_timeout": 10} | options)


def _hear_in_order(client: socketio.Client) -> None:
    """The library hands each message to a thread of its own, and on a busy machine they overtake each other."""
    hand_on = client.eio._trigger_event
    client.eio._trigger_event = lambda event, *arguments, **options: hand_on(
        event, *arguments, **{**options, "run_async": False}
    )


class Listener:
    """One connection. Everything the server pushes is kept in ``heard``."""

    def __init__(
        self,
        url: str,
        *,
        reconnect: bool = False,
        transport: str = "websocket",
        origin: str = "",
        session: requests.Session | None = None,
        **options: Any,
    ) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self._changed = threading.Condition()
        self._session = session or requests.Session()
        self.client = socketio.Client(
            http_session=self._session,
            reconnection=reconnect,
            reconnection_delay=0.2,
            reconnection_delay_max=0.5,
            websocket_extra_options={"origin": origin, "suppress_origin": not origin},
        )
        if origin and transport == "polling":
            options["headers"] = options.get("headers", {}) | {"Origin": origin}
        _connect_patiently(self.client)
        _hear_in_order(self.client)
        self.client.on("*", self._note)
        self.client.on("connect", self._connected)
        self.client.on("disconnect", self._disconnected)
        try:
            self.client.connect(url, **{"transports": [transport]} | options)
        except socketio.exceptions.ConnectionError:
            self.close()
            raise

    def close(self) -> None:
        # Where the server hung up a moment ago the library's thread that comes back may not have begun: it would go on.
        self.client.reconnection, self.client.reconnection_attempts = False, 1
        self._finish_sending()
        self.client.shutdown()
        self._forget_socket()
        self._session.close()

    def subscribe(self, wanted: Any = None) -> dict[str, Any]:
        answer = self.client.call("live:subscribe", {} if wanted is None else wanted, timeout=10)
        assert isinstance(answer, dict)
        return answer

    def wait_for(
        self, event: str, which: Callable[[dict[str, Any]], object] = lambda _: True, timeout: float = 5.0
    ) -> dict[str, Any]:
        """The first push of that name that fits, heard already or still to come."""

        def fitting() -> dict[str, Any] | None:
            return next((one.payload for one in self.heard if one.event == event and which(one.payload)), None)

        with self._changed:
            found = self._changed.wait_for(fitting, timeout)
        assert found is not None, f"no fitting {event!r} within {timeout} s; heard {[one.event for one in self.heard]}"
        return found

    def wait_until(self, holds: Callable[[], object], timeout: float = 5.0) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, timeout), f"not within {timeout} s"

    def chat(self) -> list[dict[str, Any]]:
        """Every row pushed so far, in the order of coming."""
        with self._changed:
            return [item for one in self.heard if one.event == "chat" for item in one.payload["items"]]

    def texts(self) -> list[str]:
        return [item["text"] for item in self.chat()]

    def forget(self) -> None:
        with self._changed:
            self.heard.clear()

    def _note(self, event: str, payload: dict[str, Any]) -> None:
        with self._changed:
            self.heard.append(Heard(event, payload, time.monotonic()))
            self._changed.notify_all()

    def _disconnected(self, reason: str = "") -> None:
        if reason != self.client.reason.CLIENT_DISCONNECT:
            self._forget_socket()

    def _finish_sending(self) -> None:
        """Told to end while it posts something, the library keeps its farewell to itself.

        A WebSocket is closed as well; who polls would be counted until it has missed its ping, 45 seconds later.
        """
        sending = self.client.eio.queue
        if self.client.connected and self.client.transport() == "polling":
            with sending.all_tasks_done:
                sending.all_tasks_done.wait_for(lambda: not sending.unfinished_tasks, FAREWELL_SECONDS)

    def _forget_socket(self) -> None:
        if self.client.eio.ws:
            self.client.eio.ws.shutdown()  # the client forgets to when it was the server that hung up

    def _connected(self) -> None:
        with self._changed:
            self.connections += 1
            self._changed.notify_all()


@contextmanager
def listening(url: str, wanted: Any = None, *, subscribe: bool = True, **options: Any) -> Iterator[Listener]:
    """A connected dashboard, subscribed to ``wanted`` (all by default), that leaves at the end."""
    listener = Listener(url, **options)
    try:
        if subscribe:
            answer = listener.subscribe(wanted)
            assert answer["success"], answer
        yield listener
    finally:
        listener.close()
