"""VIP tiers and who has them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from analytics import viewers
from core.statements import Prepared, among
from models import Viewer, VipTier


class UnknownTier(LookupError):
    """There is no tier of that name; ``allowed`` names those there are."""

    def __init__(self, name: str, allowed: Sequence[str]) -> None:
        self.allowed = list(allowed)
        super().__init__(f"there is no tier {name[:32]!r}; there are: {', '.join(allowed) or 'none'}")


def tiers(connection: Connection) -> list[dict[str, Any]]:
    """What takes people to which tier, the lowest first."""
    return [{**row._mapping, "benefits": json.loads(row.benefits)} for row in _TIERS(connection)]


def vips(connection: Connection, tier: str | None, limit: int, zone: ZoneInfo, now_ms: int) -> list[dict[str, Any]]:
    """Profiles of all VIPs or of one tier's, who gave most first. Raises UnknownTier."""
    known = tiers(connection)
    wanted = [row["id"] for row in known if tier is None or row["name"].casefold() == tier.strip().casefold()]
    if tier is not None and not wanted:
        raise UnknownTier(tier, [row["name"] for row in known])
    ids = list(_VIPS(connection, tiers=wanted, limit=limit).scalars())
    return viewers.profiles(connection, ids, zone, now_ms)


_TIERS = Prepared(
    select(
        VipTier.id,
        VipTier.name,
        VipTier.rank,
        VipTier.coins,
        VipTier.watch_hours,
        VipTier.visits,
        VipTier.color,
        VipTier.benefits,
    ).order_by(VipTier.rank)
)
_VIPS = Prepared(
    select(Viewer.id)
    .where(Viewer.vip_tier_id.is_not(None), among(Viewer.vip_tier_id, "tiers"), viewers.visible())
    .order_by(Viewer.total_coins_spent.desc(), Viewer.id.desc())
    .limit(bindparam("limit"))
)
