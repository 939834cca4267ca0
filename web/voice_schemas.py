"""The shapes of the voice room's answers."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Peer(BaseModel):
    id: str
    name: str = Field(description="the account")
    muted: bool
    joined_at: str


class Peers(BaseModel):
    peers: list[Peer]
    seats: int = Field(description="how many the room has")
