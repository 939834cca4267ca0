"""People to take away: the whole list in steps, each short enough to hold nobody up, and one person with everything."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from analytics import heatmaps, retention, viewer_history, viewers
from analytics.viewer_list import active_since_ms
from analytics.viewer_queries import Filter, chosen
from core.clock import iso
from core.statements import Prepared
from models import Channel, Mute, Viewer, ViewerBaseline

# People looked at in a step: most of them are told, or few.
STEP_ROWS: dict[Filter, int] = {"all": 250, "active": 1_000, "vip": 1_000, "favorites": 1_000}
BOM = "\ufeff"  # without it Excel takes UTF-8 for something else
# The profile's 35 keys of old, and what tells the platforms apart.
COLUMNS = (
    *("id", "tiktok_username", "tiktok_user_id", "display_name", "profile_picture_url", "bio", "age", "gender"),
    *("country", "language", "verified", "follower_count", "following_count", "first_seen_at", "last_seen_at"),
    *("total_visits", "total_watchtime_seconds", "total_coins_spent", "total_gifts_sent", "total_comments"),
    *("total_likes", "total_shares", "tts_voice", "discord_username", "birthday", "notes", "tags", "is_vip"),
    *("vip_since", "vip_tier", "loyalty_points", "is_blocked", "is_favorite", "is_moderator", "created_at"),
    *("updated_at", "platform", "username", "platform_user_id", "total_bits"),
)
# What makes a spreadsheet take a cell for a formula: also in full width, and after what it skips.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")

Step = tuple[list[dict[str, Any]], int | None]
Page = tuple[list[dict[str, Any]], str | None]
Ask = Callable[..., Page]


def step(connection: Connection, filter: Filter, after: int, zone: ZoneInfo, now_ms: int) -> Step:
    """Profiles of the next people whose ids follow ``after``, and the last id that was looked at (None: the end)."""
    last = _LAST(connection, after=after, limit=STEP_ROWS[filter]).scalar()
    if last is None:
        return [], None
    rows = _between(filter)(connection, after=after, last=last, since=active_since_ms(now_ms))
    return [viewers.profile(row, zone, now_ms) for row in rows], last


def csv_head() -> str:
    return BOM + _lines([COLUMNS])


def csv_lines(profiles: list[dict[str, Any]]) -> str:
    return _lines([[_cell(profile[column]) for column in COLUMNS] for profile in profiles])


def harmless(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def about(connection: Connection, viewer_id: int, zone: ZoneInfo, now_ms: int) -> dict[str, Any]:
    """What of one person's data is short: profile, names, hours of the week, mutes, what an import told of them."""
    baseline = _BASELINE(connection, viewer=viewer_id).first()
    profile = viewers.profiles_by_id(connection, [viewer_id], zone, now_ms).get(viewer_id)
    return {
        "exported_at": iso(now_ms, zone),
        "events_kept_since": retention.kept_since(connection, 0, zone),
        "profile": profile,
        "names": viewer_history.names(connection, viewer_id, zone),
        "top_gifts": viewer_history.top_gifts(connection, viewer_id, profile["total_bits"] if profile else 0),
        **heatmaps.of_viewer(connection, viewer_id),
        "muted": [
            {"platform": row.platform, "channel": row.name, "until": iso(row.until_ms, zone)}
            for row in _MUTES(connection, viewer=viewer_id)
        ],
        "before_this_database": dict(baseline._mapping) if baseline else None,
    }


# What of one person's data may be long, to be asked for page by page.
LONG: dict[str, Ask] = {
    "edits": viewer_history.edits,
    "sessions": viewer_history.sessions,
    "gifts": viewer_history.gifts,
    "events": viewer_history.all_events,
}


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = "; ".join(value)
    return harmless(value) if isinstance(value, str) else value


@cache
def _between(filter: Filter) -> Prepared:
    return Prepared(
        viewers.ROWS.where(
            Viewer.id > bindparam("after"),
            Viewer.id <= bindparam("last"),
            *chosen(filter, by_index=False),
            viewers.visible(),
        ).order_by(Viewer.id)
    )


_NEXT = select(Viewer.id).where(Viewer.id > bindparam("after")).order_by(Viewer.id).limit(bindparam("limit")).subquery()
_LAST = Prepared(select(func.max(_NEXT.c.id)))
_BASELINE = Prepared(
    select(
        ViewerBaseline.visits,
        ViewerBaseline.watchtime_ms,
        ViewerBaseline.comments,
        ViewerBaseline.coins,
        ViewerBaseline.gifts,
        ViewerBaseline.likes,
        ViewerBaseline.shares,
    ).where(ViewerBaseline.viewer_id == bindparam("viewer"))
)
_MUTES = Prepared(
    select(Channel.platform, Channel.name, Mute.until_ms)
    .join(Channel, Channel.id == Mute.channel_id)
    .where(Mute.viewer_id == bindparam("viewer"))
)
