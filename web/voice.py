"""The team's voice room: its page, and what an unmodified PeerJS client asks a PeerServer over HTTP."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, make_response, render_template
from werkzeug.exceptions import Conflict, NotFound, ServiceUnavailable

from core.clock import iso, now_ms
from rules.voice import KEY, Seat, new_id
from rules.voice_ice import LOGIN_SECONDS, ice_servers
from web.identity import identify
from web.services import services
from web.voice_room import Room, Unreachable
from web.voice_schemas import IceServers, Peers

bp = APIBlueprint("voice", __name__, tag="Voice")

MAY_USE_MICROPHONE = "camera=(), geolocation=(), microphone=(self)"
REFUSED = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}
IDS = {
    "description": "The ids of everybody present",
    "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}},
}
ID = {
    "description": "An id that only this account can use",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


def room() -> Room:
    """The voice room of the running application."""
    found: Room = current_app.extensions["voice"]
    return found


def account_of_caller() -> str | None:
    """Whose voice it is; None for a token, which has none."""
    found = identify()  # anew: who talks for hours may be asked again
    return found.name if found.is_person else None


def secret() -> str:
    return str(current_app.secret_key)


def described(seat: Seat) -> dict[str, Any]:
    at = iso(seat.joined_ms, services().settings.zone)
    return {"id": seat.id, "name": seat.account, "muted": seat.muted, "joined_at": at}


def present() -> list[Seat]:
    """In the order of their coming."""
    try:
        return room().present()
    except Unreachable as error:
        raise ServiceUnavailable(f"The voice room cannot be reached: {error}") from error


@bp.get("/voice")
@bp.doc(hide=True)
def page() -> Response:
    answer = make_response(render_template("voice.html", page="voice", seats=room().limits.seats))
    answer.headers["Permissions-Policy"] = MAY_USE_MICROPHONE
    return answer


@bp.get("/peerjs/peers")
@bp.output(Peers, description="In the order of their coming: of two people the later one calls")
@bp.doc(summary="Who is in the voice room", security="bearer", responses=[401, 403, 503])
def list_peers() -> Response:
    return jsonify(peers=[described(seat) for seat in present()], seats=room().limits.seats)


@bp.get("/peerjs/<key>/peers")
@bp.doc(summary="Who is in the voice room, for PeerJS", security="bearer", responses={200: IDS, **REFUSED})
def list_ids(key: str) -> Response:
    _check(key)
    return jsonify([seat.id for seat in present()])


@bp.get("/peerjs/<key>/id")
@bp.doc(
    summary="An id for the voice room, for PeerJS",
    security="bearer",
    responses={200: ID, **REFUSED, 409: "Conflict"},
)
def make_id(key: str) -> Response:
    _check(key)
    return Response(new_id(_person(), secret()), mimetype="text/plain")


@bp.get("/api/voice/ice-servers")
@bp.output(IceServers, description="For an RTCPeerConnection; empty where nothing is set")
@bp.doc(summary="STUN and TURN servers of the voice room", security="bearer", responses=[401, 403, 409])
def list_ice_servers() -> Response:
    return jsonify(ice_servers=ice_servers(services().settings, _person(), now_ms()), seconds=LOGIN_SECONDS)


def _person() -> str:
    account = account_of_caller()
    if account is None:
        raise Conflict("a token has no voice: log in")
    return account


def _check(key: str) -> None:
    if key != KEY:
        raise NotFound(f"the key of this server is {KEY}")
