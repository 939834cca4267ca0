"""PURE rules of the voice room: its bounds, whose a peer's id is, and what a client may send."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEY = "peerjs"  # what an unmodified PeerJS client brings along; who gets in is decided by the session

HEARTBEAT, LEAVE = "HEARTBEAT", "LEAVE"
SIGNALS = ("OFFER", "ANSWER", "CANDIDATE")  # tuples: what is looked for may be of any kind, hashable or not
SERIALIZATIONS = ("default", "raw", "json", "binary", "binary-utf8")
MOST_CHARACTERS_OF_A_NAME = 64
PROOF_CHARACTERS = 24


@dataclass(frozen=True, slots=True)
class Limits:
    """What one room bears. A call is a mesh: everybody sends their voice to everybody."""

    heartbeat_seconds: float = 50.0  # PeerJS sends one every 5 s; throttled tabs send one every 25 s
    away_seconds: float = 3.0  # a line that broke without a word may come back before anybody notices
    offer_seconds: float = 5.0  # as PeerServer keeps what is for somebody who is late
    seats: int = 16
    seats_of_one_account: int = 12  # a small team may share one login
    message_bytes: int = 64_000  # an offer with every codec a browser knows is about 8,000
    burst_messages: int = 800  # joining a full room: an offer and some twenty candidates for each seat, and again
    messages_per_second: float = 40.0
    burst_bytes: int = 2_000_000
    bytes_per_second: float = 200_000.0
    waiting_messages: int = 500
    waiting_messages_of_one: int = 100
    waiting_bytes: int = 2_000_000


class Garbage(ValueError):
    """What a client sent is no message of PeerJS: it is hung up on."""


class RefusedSeat(Exception):
    """Somebody cannot sit down; the message is for them."""


class IdTaken(RefusedSeat):
    """The id is somebody else's, or was never given out."""


class RoomFull(RefusedSeat):
    """No seat is left, for this account or at all."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody in the room: one tab of one account."""

    id: str
    account: str
    token: str  # the client's own secret, hashed: whoever comes back with it gets the same seat
    joined_ms: int
    line: str = ""  # which connection of theirs it is
    muted: bool = False

    @property
    def order(self) -> tuple[int, str]:
        """Of two people the later one calls, so that they never call each other at once."""
        return self.joined_ms, self.id


@dataclass(frozen=True, slots=True)
class Message:
    """One message between two peers."""

    kind: str
    src: str
    dst: str
    payload: dict[str, Any] | None = None

    def text(self) -> str:
        """As PeerServer sends it. Plain ASCII: a half surrogate pair survives only escaped."""
        told = {"type": self.kind, "src": self.src, "dst": self.dst}
        return json.dumps(told if self.payload is None else told | {"payload": self.payload})


def plain(kind: str, words: str = "") -> str:
    """What the server itself has to say: OPEN, ID-TAKEN, ERROR."""
    return json.dumps({"type": kind, "payload": {"msg": words}} if words else {"type": kind})


def new_id(account: str, secret: str) -> str:
    """An id that only ``account`` can use, in any web process: it carries the proof itself."""
    chosen = secrets.token_hex(8)
    return f"{chosen}-{_proof(chosen, account, secret)}"


def belongs_to(peer_id: str, account: str, secret: str) -> bool:
    """Whether ``peer_id`` was made for ``account``."""
    chosen, _, proof = peer_id.partition("-")
    expected = _proof(chosen, account, secret)
    return hmac.compare_digest(proof.encode(errors="replace"), expected.encode())


def _proof(chosen: str, account: str, secret: str) -> str:
    content = json.dumps(["voice", chosen, account]).encode()
    return hmac.new(secret.encode(), content, "sha256").hexdigest()[:PROOF_CHARACTERS]


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()[:32]


def read_message(text: str | bytes, src: str) -> Message:
    """What a client has sent. Raises Garbage, also for what another client would stumble over."""
    try:
        told = json.loads(text, parse_constant=_no_number)
        json.dumps(told, allow_nan=False)  # 1e999 is read as infinity
    except (ValueError, RecursionError):
        raise Garbage("no JSON") from None
    if not isinstance(told, dict):
        raise Garbage("no object")
    kind, dst, payload = told.get("type"), told.get("dst"), told.get("payload")
    dst = "" if dst is None else dst
    if not isinstance(dst, str) or len(dst) > MOST_CHARACTERS_OF_A_NAME:
        raise Garbage("dst")
    if kind in (HEARTBEAT, LEAVE):
        return Message(kind, src, dst)
    if kind not in SIGNALS or not dst or not _is_signal(kind, payload):
        raise Garbage("neither offer, answer, candidate, leave nor heartbeat")
    return Message(kind, src, dst, payload)


def _no_number(name: str) -> None:
    raise ValueError(name)


def _is_signal(kind: str, payload: Any) -> bool:
    """Whether PeerJS at the other end can read it."""
    if not isinstance(payload, dict) or not isinstance(payload.get("connectionId"), str):
        return False
    if not isinstance(payload.get("candidate" if kind == "CANDIDATE" else "sdp"), dict):
        return False
    if kind != "OFFER" or payload.get("type") == "media":
        return True
    return payload.get("type") == "data" and payload.get("serialization") in SERIALIZATIONS


class Allowance:
    """How much one peer may still send: a burst, and then so much a second, of messages and of bytes."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._messages, self._bytes = float(limits.burst_messages), float(limits.burst_bytes)
        self._looked_at = clock()

    def covers(self, size: int) -> bool:
        """Takes one message of so many bytes off, if there is room for it."""
        limits, now = self._limits, self._clock()
        passed, self._looked_at = now - self._looked_at, now
        self._messages = min(limits.burst_messages, self._messages + passed * limits.messages_per_second)
        self._bytes = min(limits.burst_bytes, self._bytes + passed * limits.bytes_per_second)
        if self._messages < 1 or self._bytes < size:
            return False
        self._messages -= 1
        self._bytes -= size
        return True
