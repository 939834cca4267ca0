"""Conversations that somebody has begun and was not let in to: how long they last, and how many there may be.

By polling each needs no connection while it lasts: whoever may not even come in could begin them faster than they end.
So those are bounded for each network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from web.attempts import network_of
from web.engine_tasks import InTurn

MOST = 100  # by polling, of one network; who is let in counts no more
JOIN_SECONDS = 45  # to be let in, as Socket.IO's own server gives
RETRY_SECONDS = 30
NETWORKS_A_LOOK = 1_000  # to remember before those are forgotten of which nothing is left
BEGINS = "streampulse.begins"  # in the environ of a request that begins one


def limit(engine: Any, is_in: Callable[[str], bool]) -> None:
    """Has an engineio server refuse to begin more, and end what leads nowhere, however well it answers pings.

    ``is_in`` tells of one of its sessions whether it was let in.
    """

    def end_unless_in(session: str) -> None:
        connection = engine.sockets.get(session)
        if connection is not None and not is_in(session):
            connection.close(wait=False, abort=True)

    deadline = InTurn(JOIN_SECONDS, end_unless_in)
    begun, answer, connect = Begun(engine, is_in), engine.handle_request, engine.handlers["connect"]

    def handle_request(environ: dict[str, Any], start_response: Any) -> Any:
        if _begins(environ):
            if begun.are_too_many(_network(environ)):
                return _refused(start_response)
            environ[BEGINS] = True
        return answer(environ, start_response)

    def connected(session: str, environ: dict[str, Any]) -> Any:
        if BEGINS in environ:
            begun.note(_network(environ), session)
        deadline.schedule(session)
        return connect(session, environ)

    engine.handle_request = handle_request
    engine.handlers["connect"] = connected


class Begun:
    """The sessions that were begun, by network."""

    def __init__(self, engine: Any, is_in: Callable[[str], bool]) -> None:
        self._engine, self._is_in = engine, is_in
        self._by_network: dict[str, set[str]] = {}
        self._look_at = NETWORKS_A_LOOK

    def are_too_many(self, network: str) -> bool:
        if len(self._by_network.get(network, ())) < MOST:
            return False
        self._forget_others(network)
        return len(self._by_network.get(network, ())) >= MOST

    def note(self, network: str, session: str) -> None:
        self._by_network.setdefault(network, set()).add(session)
        if len(self._by_network) > self._look_at:
            for other in list(self._by_network):
                self._forget_others(other)
            self._look_at = max(NETWORKS_A_LOOK, 2 * len(self._by_network))

    def _forget_others(self, network: str) -> None:
        """Keeps of a network's sessions those that are neither over nor let in."""
        there = self._engine.sockets
        left = {
            one
            for one in self._by_network.pop(network)
            if one in there and not there[one].closed and not self._is_in(one)
        }
        if left:
            self._by_network[network] = left


def _begins(environ: dict[str, Any]) -> bool:
    """Read like engineio does: the first that is not empty counts."""
    asked = parse_qs(environ.get("QUERY_STRING", ""))
    return (
        environ["REQUEST_METHOD"] == "GET"
        and "sid" not in asked
        and asked.get("transport", ["polling"])[0] == "polling"
    )


def _network(environ: dict[str, Any]) -> str:
    return network_of(environ.get("REMOTE_ADDR", ""))


def _refused(start_response: Any) -> list[bytes]:
    start_response("429 Too Many Requests", [("Content-Type", "text/plain"), ("Retry-After", str(RETRY_SECONDS))])
    return [b"Too many connections were begun from your network by somebody who was not let in. Try again later."]
