"""What the tables hold, keyed by names as the reference keys it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from core.clock import minute_of
from core.db import Database
from ingest import terms
from ingest.levels import level_of
from models import (
    Channel,
    CurrentSession,
    Event,
    FreshTerms,
    Gift,
    LastSeenDay,
    MinuteRollup,
    Mute,
    PastSession,
    Stream,
    StreamAttendance,
    StreamTerm,
    StreamViewer,
    Viewer,
    ViewerHour,
    ViewerName,
    ViewerTotal,
    WeekHour,
)
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
    "avatar_url",
    "bio",
    "verified",
    "follower_count",
    "following_count",
    "language",
    "country",
    "gender",
)
PERSON = ("messages", "bits", "coins", "gifts", "likes", "shares", "last_at_ms")
GIFT = ("gift_id", "name", "diamonds", "quantity", "coins", "counted", "ended", "started_at_ms", "last_at_ms")


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
            (streams[row["stream_id"]], viewers[row["viewer_id"]]): tuple(row[name] for name in PERSON)
            for row in rows(db, StreamViewer)
        },
        "out of level": [
            *(row for row in rows(db, StreamTerm) if row["level"] != level_of(row["uses"])),
            *_told_otherwise(db),
            *(row for row in rows(db, StreamViewer) if row["level"] != level_of(row["messages"])),
            *(row for row in rows(db, StreamViewer) if row["last_minute"] != minute_of(row["last_at_ms"])),
        ],
        "terms": {
            (streams[stream_id], emote, term): count
            for (stream_id, emote), counts in uses(db).items()
            for term, count in counts.items()
        },
        "viewers": {viewers[row["id"]]: tuple(row[name] for name in VIEWER) for row in rows(db, Viewer)},
        "mutes": {(channels[row["channel_id"]], viewers[row["viewer_id"]]): row["until_ms"] for row in rows(db, Mute)},
        "names": _former_names(db, viewers),
        "status": [row["status"] for row in rows(db, Event)],
        "gifts": sorted(
            (
                (
                    channels[row["channel_id"]],
                    viewers.get(row["viewer_id"]),
                    streams.get(row["stream_id"]),
                    *(row[name] for name in GIFT),
                )
                for row in rows(db, Gift)
            ),
            key=repr,
        ),
        "sessions": _sessions(db, channels, viewers, streams),
        "attendance": {
            (streams[row["stream_id"]], viewers[row["viewer_id"]]): (row["visits"], row["watched_ms"])
            for row in rows(db, StreamAttendance)
        },
        "viewer hours": {
            (viewers[row["viewer_id"]], row["slot"]): (row["events"], row["coins"])
            for row in rows(db, ViewerHour)
            if row["events"] or row["coins"]
        },
        "week hours": {
            (channels[row["channel_id"]], row["slot"]): (row["events"], row["coins"])
            for row in rows(db, WeekHour)
            if row["events"] or row["coins"]
        },
        "everybody": {
            row["platform"]: (row["viewers"], row["coins"], row["watchtime_ms"]) for row in rows(db, ViewerTotal)
        },
        "last seen": {row["day"]: row["viewers"] for row in rows(db, LastSeenDay) if row["viewers"]},
    }


def uses(db: Database) -> dict[tuple[int, bool], Counter[str]]:
    """By stream and whether they are emotes: how often each term was used, with what batches have left."""
    found: dict[tuple[int, bool], Counter[str]] = {}
    for row in rows(db, StreamTerm):
        found.setdefault((row["stream_id"], row["emote"]), Counter())[row["term"]] += row["uses"]
    for row in rows(db, FreshTerms):
        used = json.loads(row["used"]) if row["used"].startswith("[") else row["used"].split(" ")
        found.setdefault((row["stream_id"], row["emote"]), Counter()).update(used)
    return {key: +counts for key, counts in found.items()}


def _told_otherwise(db: Database) -> list[Any]:
    """Terms that a batch has called the most used, and that are not."""
    told = {(row["stream_id"], row["emote"]): json.loads(row["most_used"]) for row in rows(db, FreshTerms)}
    counted = uses(db)
    right = {key: sorted(counted[key].items(), key=lambda term: (-term[1], term[0]))[: terms.MOST_USED] for key in told}
    return [(key, most) for key, most in told.items() if list(most.items()) != right[key]]


def _former_names(db: Database, viewers: dict[int, Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows(db, ViewerName):
        found.setdefault(viewers[row["viewer_id"]], []).append((row["username"], row["display_name"], row["until_ms"]))
    return found


def _sessions(
    db: Database, channels: dict[int, Any], viewers: dict[int, Any], streams: dict[int, int]
) -> dict[Any, list[Any]]:
    """Of everybody in each channel, the current session last."""
    found: dict[Any, list[Any]] = {}
    for row in (*rows(db, PastSession), *rows(db, CurrentSession)):
        key = (viewers[row["viewer_id"]], channels[row["channel_id"]])
        session = (streams.get(row["stream_id"]), row["joined_at_ms"], row["left_at_ms"], row["watched_ms"])
        found.setdefault(key, []).append(session)
    return found
