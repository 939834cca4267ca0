"""Tells dashboards who is in the voice room, over Socket.IO."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_socketio import SocketIO, join_room

from rules.voice import MOST_CHARACTERS_OF_A_NAME, belongs_to
from web.health import PUSHES
from web.voice import account_of_caller, described, secret
from web.voice_room import Room, Unreachable

LISTENERS = "voice"


def register(app: Flask, socketio: SocketIO, room: Room) -> None:
    last: list[dict[str, Any]] = []

    def told() -> dict[str, Any]:
        nonlocal last
        if room.problem:
            return {"peers": last, "problem": room.problem}
        try:
            last = [described(seat) for seat in room.present()]
        except Unreachable as error:
            room.note_trouble(str(error))
        return {"peers": last, "problem": room.problem}

    def push() -> None:
        PUSHES.labels("voice:peers").inc()
        with app.app_context():
            # Every web process hears the news by itself: through the queue each page would get them from all.
            socketio.emit("voice:peers", told(), to=LISTENERS, ignore_queue=True)

    room.on_change = push

    @socketio.on("voice:watch")
    def watch(*_anything: Any) -> dict[str, Any]:
        join_room(LISTENERS)
        return {"success": True, **told()}

    @socketio.on("voice:mute")
    def mute(wanted: Any = None, *_more: Any) -> dict[str, Any]:
        peer_id, muted = (wanted.get("id"), wanted.get("muted")) if isinstance(wanted, dict) else (None, None)
        if not isinstance(peer_id, str) or len(peer_id) > MOST_CHARACTERS_OF_A_NAME or not isinstance(muted, bool):
            return {"success": False, "error": "say {id, muted}"}
        account = account_of_caller()
        if account is None or not belongs_to(peer_id, account, secret()):
            return {"success": False, "error": "this is somebody else's voice"}
        room.set_muted(peer_id, muted)
        return {"success": True}
