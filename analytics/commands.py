"""What the bot answers in chat."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.clock import MINUTE_MS, minute_of
from core.events import Event
from models import Channel, MinuteRollup, Viewer, VipTier
from rules.hype import messages_per_minute

COMMANDS = ("pulse", "viewer")


def answer(connection: Connection, event: Event, command: str, now_ms: int) -> str | None:
    """The answer to ``command`` (without its prefix) asked by ``event``, or None where it is not ours."""
    match command:
        case "pulse":
            return _pulse(connection, event, now_ms)
        case "viewer":
            return _viewer(connection, event)
    return None


def _pulse(connection: Connection, event: Event, now_ms: int) -> str:
    minute = minute_of(now_ms)
    query = (
        select(MinuteRollup.minute, MinuteRollup.messages)
        .join(Channel, Channel.id == MinuteRollup.channel_id)
        .where(
            Channel.platform == event.platform.value,
            Channel.name == event.channel,
            MinuteRollup.minute.between(minute - 1, minute),
        )
    )
    counts = {row.minute: row.messages for row in connection.execute(query)}
    rate = messages_per_minute(counts.get(minute - 1, 0), counts.get(minute, 0), now_ms - minute * MINUTE_MS)
    return f"StreamPulse is up: {rate} message{'' if rate == 1 else 's'} per minute right now."


def _viewer(connection: Connection, event: Event) -> str | None:
    if event.who is None:
        return None
    columns = (Viewer.total_watchtime_ms, Viewer.total_visits, VipTier.name.label("tier"))
    where = (Viewer.platform == event.platform.value, Viewer.platform_user_id == event.who.user_id)
    query = select(*columns).outerjoin(VipTier, VipTier.id == Viewer.vip_tier_id).where(*where)
    row = connection.execute(query).first()
    name = event.who.name or event.who.login
    if row is None:
        return f"{name}, this is your first visit. Welcome!"
    seconds = row.total_watchtime_ms // 1000
    visits = f"{row.total_visits} visit{'' if row.total_visits == 1 else 's'}"
    return f"{name}: {_duration(seconds)} watched in {visits}, tier: {row.tier or 'none yet'}."


def _duration(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
