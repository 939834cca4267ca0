"""What the tables hold, keyed by names as the reference keys it."""

from __future__ import annotations

from typing import Any

from core.db import Database
from models import Channel, Event, MinuteRollup, Mute, Stream, StreamTerm, StreamViewer, Viewer
from tests.support import rows

MINUTE = ("messages", "newcomers", "bits", "subs", "gifts", "coins", "raids", "likes", "follows")
STREAM = ("started_at_ms", "last_at_ms", "ended_at_ms", "messages", "chatters", "bits", "subs", "gifts", "coins")
VIEWER = (
    "username",
    "display_name",
    "first_seen_at_ms",
    "last_seen_at_ms",
    "total_visits",
    "total_watchtime_ms",
    "total_comments",
    "total_bits",
    "total_coins_spent",
    "total_gifts_sent",
    "total_likes",
    "total_shares",
)


def tables(db: Database) -> dict[str, Any]:
    """The same shape as ``Reference.tables``. Rows of nothing but zeros are left out."""
    channels = {row["id"]: (row["platform"], row["name"]) for row in rows(db, Channel)}
    viewers = {row["id"]: (row["platform"], row["platform_user_id"]) for row in rows(db, Viewer)}
    streams = {row["id"]: number for number, row in enumerate(rows(db, Stream))}
    return {
        "channels": {
            channels[row["id"]]: (row["total_messages"], row["last_event_at_ms"]) for row in rows(db, Channel)
        },
        "streams": [(channels[row["channel_id"]], *(row[name] for name in STREAM)) for row in rows(db, Stream)],
        "minutes": {
            (channels[row["channel_id"]], row["minute"]): {name: row[name] for name in (*MINUTE, "viewers")}
            for row in rows(db, MinuteRollup)
            if any(row[name] for name in MINUTE) or row["viewers"] is not None
        },
        "people": {
            (streams[row["stream_id"]], viewers[row["viewer_id"]]): (
                row["messages"],
                row["bits"],
                row["coins"],
                row["last_at_ms"],
            )
            for row in rows(db, StreamViewer)
        },
        "terms": {
            (streams[row["stream_id"]], row["emote"], row["term"]): row["uses"]
            for row in rows(db, StreamTerm)
            if row["uses"]
        },
        "viewers": {viewers[row["id"]]: tuple(row[name] for name in VIEWER) for row in rows(db, Viewer)},
        "mutes": {(channels[row["channel_id"]], viewers[row["viewer_id"]]): row["until_ms"] for row in rows(db, Mute)},
        "status": [row["status"] for row in rows(db, Event)],
    }
