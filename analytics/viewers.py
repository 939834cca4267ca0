"""People: who is meant by an address, and a person's profile as everybody is told it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, union_all

from core import clock
from core.clock import iso, local_day
from core.db import Prepared, among, begins_with
from core.events import Platform
from models import CurrentSession, IgnoredName, Viewer, ViewerName, VipSource, VipTier
from rules import birthdays, loyalty

ERASED = "erased:"  # how the name of nobody begins
LONGEST_NAME = 64  # the column's
PLATFORMS = tuple(platform.value for platform in Platform)
# A bare name that several platforms know means the person on the first of these.
_PREFERRED = {Platform.TIKTOK.value: 0}
_VIP_SOURCES = {VipSource.AUTOMATIC: "automatic", VipSource.SET: "set", VipSource.REMOVED: "removed"}
# The profile's columns that are told as they are stored.
_PLAIN = (
    "total_coins_spent",
    "total_gifts_sent",
    "total_comments",
    "total_likes",
    "total_shares",
    "tts_voice",
    "discord_username",
    "birthday",
    "notes",
)


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
    name = row.display_name or row.username
    return {
        "id": row.id,
        "tiktok_username": row.username,
        "tiktok_user_id": row.platform_user_id,
        "display_name": name,
        "profile_picture_url": row.avatar_url,
        "bio": row.bio,
        "age": _age(row, zone, now_ms),
        "gender": row.gender,
        "country": row.country,
        "language": row.language,
        "verified": bool(row.verified),
        "follower_count": row.follower_count,
        "following_count": row.following_count,
        "first_seen_at": iso(row.first_seen_at_ms, zone),
        "last_seen_at": iso(row.last_seen_at_ms, zone),
        "total_visits": row.total_visits,
        "total_watchtime_seconds": row.total_watchtime_ms // 1000,
        **{key: getattr(row, key) for key in _PLAIN},
        "tags": json.loads(row.tags),
        **_vip(row, zone),
        "loyalty_points": loyalty.points(
            row.total_watchtime_ms // 60_000, row.total_visits, row.total_coins_spent, row.total_shares
        ),
        "is_blocked": bool(row.is_blocked),
        "is_favorite": row.favorite_since_ms is not None,
        "is_moderator": bool(row.is_moderator),
        "created_at": iso(row.created_at_ms or row.first_seen_at_ms, zone),
        "updated_at": iso(row.updated_at_ms or row.last_seen_at_ms, zone),
        "platform": row.platform,
        "username": row.username,
        "platform_user_id": row.platform_user_id,
        "address": f"{row.platform}:{row.username}",
        "total_bits": row.total_bits,
        "vip_color": row.tier_color,
        "vip_source": _VIP_SOURCES[row.vip_source],
        "favorite_since": _iso(row.favorite_since_ms, zone),
        "is_online": bool(row.is_online),
    }


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


def _vip(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "is_vip": row.vip_tier_id is not None,
        "vip_since": _iso(row.vip_since_ms if row.vip_tier_id is not None else None, zone),
        "vip_tier": row.tier_name,
    }


def _age(row: Any, zone: ZoneInfo, now_ms: int) -> int | None:
    return birthdays.age(birthdays.parse(row.birthday), local_day(now_ms, zone)) if row.birthday else None


def _iso(at_ms: int | None, zone: ZoneInfo) -> str | None:
    return None if at_ms is None else iso(at_ms, zone)


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
_IS_ONLINE = (
    select(func.count())
    .select_from(CurrentSession)
    .where(CurrentSession.viewer_id == Viewer.id, CurrentSession.left_at_ms.is_(None))
    .correlate(Viewer)
    .scalar_subquery()
)
_BY_ID = Prepared(
    select(
        Viewer.__table__,
        VipTier.name.label("tier_name"),
        VipTier.color.label("tier_color"),
        _IS_ONLINE.label("is_online"),
    )
    .outerjoin(VipTier, VipTier.id == Viewer.vip_tier_id)
    .where(among(Viewer.id, "ids"), Viewer.erased_at_ms.is_(None))
)
_SHOWN = Prepared(select(Viewer.id).where(among(Viewer.id, "ids"), Viewer.is_blocked.is_(False), visible()))
