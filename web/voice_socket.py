"""Signalling of the voice room over WebSockets, in the words of a PeerServer."""

from __future__ import annotations

import logging
import secrets
import time

from apiflask import APIBlueprint
from flask import Response, g, request
from simple_websocket import ConnectionClosed
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import BadRequest, Conflict, Forbidden, HTTPException
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import RemoteProtocolError

from core.clock import now_ms
from rules.voice import (
    HEARTBEAT,
    KEY,
    LEAVE,
    MOST_CHARACTERS_OF_A_NAME,
    Allowance,
    Garbage,
    IdTaken,
    RefusedSeat,
    Seat,
    belongs_to,
    hashed,
    plain,
    read_message,
)
from web.access import Access, access_of_caller, comes_from_another_site
from web.attempts import limiter
from web.voice import account_of_caller, room, secret
from web.voice_line import Line
from web.voice_room import Room, Unreachable
from web.websockets import Hijacked, PlainWebSocket

log = logging.getLogger(__name__)

bp = APIBlueprint("voice_socket", __name__, enable_openapi=False)

RECHECK_SECONDS = 1.0  # whoever may no longer come in leaves within so long
PATH = "/peerjs/peerjs"


class Unwelcome(Exception):
    """Somebody who was let in may not stay."""


@bp.get(PATH)
def not_a_socket() -> Response:
    """Who comes here without the wish for a WebSocket."""
    raise UpgradeRequired


class UpgradeRequired(HTTPException):
    code = 426
    description = "this is a WebSocket for PeerJS"

    def get_headers(self, *arguments: object) -> list[tuple[str, str]]:
        return [*super().get_headers(*arguments), ("Upgrade", "websocket")]  # type: ignore[arg-type]


@bp.route(PATH, websocket=True)
@limiter.limit("120 per minute", key_func=lambda: account_of_caller() or "")
def connect() -> Response:
    account = account_of_caller()
    if account is None:
        raise Conflict("a token has no voice: log in")
    if comes_from_another_site():
        raise Forbidden("this request came from another site")
    try:
        websocket = PlainWebSocket(request.environ, largest_message=room().limits.message_bytes)
    except RemoteProtocolError as error:
        raise BadRequest("this is no WebSocket handshake") from error
    g.pop("started_at", None)  # how long a person talks is no latency
    try:
        _serve(websocket, account)
    except Exception:  # an answer of HTTP would end up amidst the frames
        log.exception("a line of the voice room failed")
        websocket.abort()
    return Hijacked()


def _serve(websocket: PlainWebSocket, account: str) -> None:
    """From OPEN until the end."""
    here = room()
    try:
        line = Line(websocket, _seat(account))
        here.join(line)
    except (RefusedSeat, Unreachable) as error:
        websocket.send(plain("ID-TAKEN" if isinstance(error, IdTaken) else "ERROR", str(error)))
        websocket.hang_up(CloseReason.NORMAL_CLOSURE)
        return
    try:
        _listen(websocket, line, here)
    except ConnectionClosed:
        pass
    except (Garbage, Unwelcome) as error:
        log.warning("voice room: %r is hung up on: %s", account, error)
        line.send(plain("ERROR", f"The server hangs up: {error}"))
        here.leave(line)
    finally:
        here.lost(line, said_so=websocket.was_ended or line.was_given_up)


def _seat(account: str) -> Seat:
    """The seat that the address asks for. Raises RefusedSeat."""
    key, peer_id, token = (request.args.get(name, "") for name in ("key", "id", "token"))
    if not (key and peer_id and token):
        raise RefusedSeat("No id, token, or key supplied to websocket server")
    if key != KEY:
        raise RefusedSeat("Invalid key provided")
    if len(token) > MOST_CHARACTERS_OF_A_NAME:
        raise RefusedSeat("Invalid token provided")
    if not belongs_to(peer_id, account, secret()):
        raise IdTaken("ID is taken")
    return Seat(peer_id, account, hashed(token), now_ms(), line=secrets.token_hex(4))


def _listen(websocket: PlainWebSocket, line: Line, here: Room) -> None:
    """Reads until the line ends. Raises ConnectionClosed, Garbage and Unwelcome."""
    allowance = Allowance(here.limits, here.clock)
    look_due = time.monotonic() + RECHECK_SECONDS
    while True:
        text = websocket.receive(timeout=RECHECK_SECONDS)
        if time.monotonic() >= look_due:
            look_due = time.monotonic() + RECHECK_SECONDS
            _check_welcome(line.seat.account)
        if text is None:
            continue
        if not allowance.covers(len(text)):
            raise Unwelcome("that was too much at once")
        message = read_message(text, line.seat.id)
        here.heard(line)
        if message.kind == LEAVE and not message.dst:
            here.leave(line)
        elif message.kind != HEARTBEAT:
            here.relay(message)


def _check_welcome(account: str) -> None:
    """Accounts are removed and sessions end while people talk."""
    try:
        is_welcome = access_of_caller() >= Access.READ and account_of_caller() == account
    except DBAPIError:
        return  # it cannot be known now
    if not is_welcome:
        raise Unwelcome("this session has ended")
