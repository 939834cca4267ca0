"""The shapes of the voice room's answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Peer(BaseModel):
    id: str
    name: str = Field(description="the account")
    muted: bool
    joined_at: str


class Peers(BaseModel):
    peers: list[Peer]
    seats: int = Field(description="how many the room has")


class IceServers(BaseModel):
    ice_servers: list[dict[str, Any]] = Field(description="`urls`, for a TURN server also `username` and `credential`")
    seconds: int = Field(description="how long a login is valid")
