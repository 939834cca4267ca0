"""The door of Socket.IO: each call by the table of ``web.access``, and out goes whoever may no longer be here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gevent
from flask import Flask, request
from flask_socketio import SocketIO

from web.access import EVENTS, Access, why_not
from web.credentials import Known, credentials
from web.identity import STRANGER, Identity, proven
from web.services import services

RECHECK_SECONDS = 5.0  # tokens end by themselves, without anything changing
LOOKED_AT_A_TURN = 500  # sockets; then others get theirs: a millisecond or two
LIBRARYS_OWN = ("connect", "disconnect")


class GuardedSocketIO(SocketIO):
    """Flask-SocketIO whose handlers run for those only who may call them, as they are known at that moment."""

    def __init__(self, app: Flask, **options: Any) -> None:
        self._app = app
        self._identities: dict[str, Identity] = {}
        self._seen: Known | None = None
        self._recheck_due = 0.0
        super().__init__(app, **options)

    def on(self, message: str, namespace: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        register = super().on(message, namespace)
        if message in LIBRARYS_OWN:
            return register

        def guard(handler: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(handler)
            def guarded(*arguments: Any) -> Any:
                identity = self.identity(request.sid)  # type: ignore[attr-defined]
                if identity.access < EVENTS.get(message, Access.OWNER):
                    return {"success": False, "error": why_not(identity)}
                return handler(*arguments)

            return register(guarded)

        return guard

    def let_in(self, sid: str, identity: Identity) -> None:
        self._identities[sid] = identity

    def has_let_in(self, session: str) -> bool:
        """``session``: engineio's, which begins before anybody is asked who they are."""
        return self.server.manager.sid_from_eio_sid(session, "/") in self._identities

    def forget(self, sid: str) -> None:
        self._identities.pop(sid, None)

    def identity(self, sid: str) -> Identity:
        """Who that is, and what they may do now. Inside the application's context."""
        found = self._identities.get(sid, STRANGER)
        if found.proof is None:
            return found
        return proven(found.proof, services().settings, credentials().current())

    def turn_out(self, now: float) -> None:
        """Hangs up on all who may do more or less than when they came: they come back as what they are, or not at all.

        ``now``: seconds of a steady clock.
        """
        if not self._identities:
            return
        known = self._app.extensions["credentials"].current()
        if known is self._seen and now < self._recheck_due:
            return
        self._seen, self._recheck_due = known, now + RECHECK_SECONDS
        with self._app.app_context():
            settings = services().settings
            for number, (sid, identity) in enumerate(list(self._identities.items()), 1):
                if identity.proof and proven(identity.proof, settings, known).access is not identity.access:
                    self._hang_up(sid)
                if number % LOOKED_AT_A_TURN == 0:
                    gevent.sleep(0)

    def _hang_up(self, sid: str) -> None:
        """Without a farewell, which would tell browsers not to come back."""
        if sid not in self._identities:
            return  # it has left by itself meanwhile
        connection = self.server.eio.sockets.get(self.server.manager.eio_sid_from_sid(sid, "/"))
        if connection is not None:
            connection.close(wait=False, abort=True)
