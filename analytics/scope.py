"""Which channels a question is about."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from core.statements import Prepared
from models import Channel


class UnknownChannel(LookupError):
    """No such channel was ever watched."""


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    id: int
    platform: str
    name: str
    total_messages: int
    last_event_at_ms: int | None


def channels(connection: Connection, platform: str | None = None, channel: str | None = None) -> list[ChannelInfo]:
    """The channels of one platform, of one name, or all. Raises UnknownChannel when a name is given and unknown."""
    name = channel.strip().lstrip("#@").lower() if channel else None
    found = [
        info
        for info in (ChannelInfo(*row) for row in _ALL(connection))
        if platform in (None, info.platform) and name in (None, info.name)
    ]
    if channel and not found:
        raise UnknownChannel(f"no channel called {channel} has been watched")
    return found


_ALL = Prepared(
    select(Channel.id, Channel.platform, Channel.name, Channel.total_messages, Channel.last_event_at_ms).order_by(
        Channel.id
    )
)
