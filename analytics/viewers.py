"""People: who is meant by an address, and a person's profile as everybody is told it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, null, select, union_all

from core import clock
from core.clock import iso, local_day
from core.events import Platform
from core.statements import Prepared, among
from core.text_search import begins_with
from models import CurrentSession, IgnoredName, Viewer, ViewerName, VipSource, VipTier
from rules import birthdays, loyalty, sessions
from rules.erasure import ERASED

LONGEST_NAME = 64  # the column's
PLATFORMS = tuple(platform.value for platform in Platform)
# A bare name that several platforms know means the person on the first of these.
_PREFERRED = {Platform.TIKTOK.value: 0}
_VIP_SOURCES = {VipSource.AUTOMATIC: "automatic", VipSource.SET: "set", VipSource.REMOVED: "removed"}


class UnknownViewer(LookupError):
    """Nobody has, or had, this name."""


def split_address(address: str) -> tuple[str | None, str]:
    """``"TikTok:@Nova"`` → ``("tiktok", "Nova")``; a name without its platform → ``(None, name)``."""
    # What comes out of JSON may hold what no database takes: NUL, or half of a pair of surrogates.
    text = address.replace("\0", "").encode(errors="replace").decode().strip()
    platform, colon, name = text.partition(":")
    if colon and platform.strip().lower() in PLATFORMS:
        return platform.strip().lower(), name.strip().removeprefix("@")
    return None, text.removeprefix("@")


def find(connection: Connection, address: str) -> Any:
    """The row of the person at ``twitch:name``, ``tiktok:name`` or a bare name. Raises UnknownViewer.

    Who has the name now goes before who had it once.
    """
    platform, name = split_address(address)
    if 0 < len(name) <= LONGEST_NAME:
        for asked in (_NOW_CALLED, _ONCE_CALLED):
            # Names are stored in small letters, but a platform may have told one otherwise.
            for spelled in dict.fromkeys((name.lower(), name)):
                found = [row for row in asked(connection, name=spelled) if platform in (None, row.platform)]
                if found:
                    chosen = min(found, key=lambda row: _PREFERRED.get(row.platform, 1))
                    return rows_by_id(connection, [chosen.id])[chosen.id]
    shown = address if len(address) <= LONGEST_NAME else f"{address[:LONGEST_NAME]}…"
    raise UnknownViewer(f"there is no viewer {shown}")


def rows_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, Any]:
    """Rows of ``viewers``, each with its tier and whether the person is here now; nobody who was erased."""
    return {row.id: row for row in _BY_ID(connection, ids=list(ids))} if ids else {}


def profiles_by_id(
    connection: Connection, ids: Sequence[int], zone: ZoneInfo, now_ms: int | None = None
) -> dict[int, dict[str, Any]]:
    """Profiles by id; who was erased has none. ``now_ms`` (None: now) tells how old people are."""
    now_ms = clock.now_ms() if now_ms is None else now_ms
    return {id_: profile(row, zone, now_ms) for id_, row in rows_by_id(connection, ids).items()}


def profiles(connection: Connection, ids: Sequence[int], zone: ZoneInfo, now_ms: int) -> list[dict[str, Any]]:
    """Profiles in the order of ``ids``."""
    found = profiles_by_id(connection, ids, zone, now_ms)
    return [found[id_] for id_ in ids if id_ in found]


def profile(row: Any, zone: ZoneInfo, now_ms: int) -> dict[str, Any]:
    """A row of ``find`` or ``rows_by_id`` as JSON: the 35 keys of old, then what came since."""
    # Most is told as it is stored: to name each column would take three times as long, for thousands of people.
    told: dict[str, Any] = dict(zip(_TOLD, row, strict=True))
    watched_ms, birthday = told["total_watchtime_seconds"], told["birthday"]
    for key in _TIMES:
        if told[key] is not None:
            told[key] = iso(told[key], zone)
    for key in _SWITCHES:
        told[key] = bool(told[key])
    told["display_name"] = told["display_name"] or told["username"]
    if birthday:
        told["age"] = birthdays.age(birthdays.parse(birthday), local_day(now_ms, zone))
    told["total_watchtime_seconds"] = watched_ms // 1000
    told["tags"] = [] if told["tags"] == "[]" else json.loads(told["tags"])
    told["loyalty_points"] = loyalty.points(
        watched_ms // 60_000, told["total_visits"], told["total_coins_spent"], told["total_shares"]
    )
    told["address"] = f"{told['platform']}:{told['username']}"
    told["is_online"] = told["is_online"] is not None and told["is_online"] > now_ms - sessions.UNCOUNTED_MS
    told["vip_source"] = _VIP_SOURCES[told["vip_source"]]
    return told


def hidden() -> Any:
    """A subquery of the ids of all who are on no list: the erased, and who is called as the ignore list says."""
    ignored = Viewer.__table__.alias("ignored")
    nobody = Viewer.__table__.alias("nobody")
    return union_all(
        select(ignored.c.id).where(ignored.c.username.in_(select(IgnoredName.name))),
        select(nobody.c.id).where(begins_with(nobody.c.username, bindparam("erased", ERASED))),
    )


def visible() -> ColumnElement[bool]:
    """Whether a row of ``viewers`` may be on a list."""
    return Viewer.id.not_in(hidden())


def without_hidden(connection: Connection, ids: Iterable[int]) -> list[int]:
    """Those of ``ids`` who may be on a leaderboard: nobody hidden, nobody blocked."""
    wanted = list(ids)
    shown = set(_SHOWN(connection, ids=wanted).scalars()) if wanted else set()
    return [id_ for id_ in wanted if id_ in shown]


_NOW_CALLED = Prepared(
    select(Viewer.id, Viewer.platform)
    .where(Viewer.username == bindparam("name"), Viewer.erased_at_ms.is_(None))
    .order_by(Viewer.last_seen_at_ms.desc())
)
_ONCE_CALLED = Prepared(
    select(Viewer.id, Viewer.platform)
    .join(ViewerName, ViewerName.viewer_id == Viewer.id)
    .where(ViewerName.username == bindparam("name"), Viewer.erased_at_ms.is_(None))
    .order_by(ViewerName.until_ms.desc())
)
_LAST_COUNTED = (
    select(func.max(CurrentSession.counted_until_ms))
    .select_from(CurrentSession)
    .where(CurrentSession.viewer_id == Viewer.id, CurrentSession.left_at_ms.is_(None))
    .correlate(Viewer)
    .scalar_subquery()
)
_TO_BE_WORKED_OUT: Any = null()
# A profile's keys in their order, and where each is stored.
_TOLD: dict[str, Any] = {
    "id": Viewer.id,
    "tiktok_username": Viewer.username,
    "tiktok_user_id": Viewer.platform_user_id,
    "display_name": Viewer.display_name,
    "profile_picture_url": Viewer.avatar_url,
    "bio": Viewer.bio,
    "age": _TO_BE_WORKED_OUT,
    "gender": Viewer.gender,
    "country": Viewer.country,
    "language": Viewer.language,
    "verified": Viewer.verified,
    "follower_count": Viewer.follower_count,
    "following_count": Viewer.following_count,
    "first_seen_at": Viewer.first_seen_at_ms,
    "last_seen_at": Viewer.last_seen_at_ms,
    "total_visits": Viewer.total_visits,
    "total_watchtime_seconds": Viewer.total_watchtime_ms,
    "total_coins_spent": Viewer.total_coins_spent,
    "total_gifts_sent": Viewer.total_gifts_sent,
    "total_comments": Viewer.total_comments,
    "total_likes": Viewer.total_likes,
    "total_shares": Viewer.total_shares,
    "tts_voice": Viewer.tts_voice,
    "discord_username": Viewer.discord_username,
    "birthday": Viewer.birthday,
    "notes": Viewer.notes,
    "tags": Viewer.tags,
    "is_vip": Viewer.vip_tier_id.is_not(None),
    "vip_since": Viewer.vip_since_ms,
    "vip_tier": VipTier.name,
    "loyalty_points": _TO_BE_WORKED_OUT,
    "is_blocked": Viewer.is_blocked,
    "is_favorite": Viewer.favorite_since_ms.is_not(None),
    "is_moderator": Viewer.is_moderator,
    "created_at": case((Viewer.created_at_ms > 0, Viewer.created_at_ms), else_=Viewer.first_seen_at_ms),
    "updated_at": case((Viewer.updated_at_ms > 0, Viewer.updated_at_ms), else_=Viewer.last_seen_at_ms),
    "platform": Viewer.platform,
    "username": Viewer.username,
    "platform_user_id": Viewer.platform_user_id,
    "address": _TO_BE_WORKED_OUT,
    "total_bits": Viewer.total_bits,
    "vip_color": VipTier.color,
    "vip_source": Viewer.vip_source,
    "favorite_since": Viewer.favorite_since_ms,
    "is_online": _LAST_COUNTED,
}
_TIMES = ("first_seen_at", "last_seen_at", "vip_since", "created_at", "updated_at", "favorite_since")
_SWITCHES = ("verified", "is_vip", "is_blocked", "is_favorite", "is_moderator")
# What ``profile`` needs to know of people; nobody who was erased.
ROWS = (
    select(*(column.label(key) for key, column in _TOLD.items()))
    .select_from(Viewer)
    .outerjoin(VipTier, VipTier.id == Viewer.vip_tier_id)
    .where(Viewer.erased_at_ms.is_(None))
)
_BY_ID = Prepared(ROWS.where(among(Viewer.id, "ids")))
_SHOWN = Prepared(select(Viewer.id).where(among(Viewer.id, "ids"), Viewer.is_blocked.is_(False), visible()))
