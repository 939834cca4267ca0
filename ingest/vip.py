"""VIP tiers in the write path: who has reached one by what they gave, watched and visited."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, update

from core.statements import BulkStatement, Prepared, among
from ingest.news import News
from ingest.policy import Policy
from models import Viewer, VipSource, VipTier
from rules.tiers import Tier, tier_for


def tiers(connection: Connection) -> list[Tier]:
    """All tiers, the lowest first."""
    return [
        Tier(
            row.name,
            row.coins,
            row.watch_hours,
            row.visits,
            id=row.id,
            rank=row.rank,
            color=row.color,
            benefits=tuple(json.loads(row.benefits)),
        )
        for row in _TIERS(connection)
    ]


def promote(connection: Connection, viewer_ids: Sequence[int], at_ms: int, policy: Policy) -> list[News]:
    """Gives those of ``viewer_ids`` who have reached a higher tier that tier; answers what there is to tell.

    Nobody is put down here: totals only fall when a message is taken back. What people decided by hand stays.
    """
    if not policy.auto_vip:
        return []
    known = tiers(connection)
    rank_of = {tier.id: tier for tier in known}
    promoted: list[tuple[int, int, int]] = []
    told: list[News] = []
    for row in _AUTOMATIC(connection, ids=list(viewer_ids)):
        reached = tier_for(row.total_coins_spent, row.total_watchtime_ms // 1000, row.total_visits, known)
        current = rank_of.get(row.vip_tier_id)
        if reached is None or (current is not None and reached.rank <= current.rank):
            continue
        since_ms = at_ms if row.vip_since_ms is None or current is None else row.vip_since_ms
        promoted.append((row.id, reached.id, since_ms))
        told.append(
            (at_ms, row.id, "vip-promoted", {"tier": reached.name, "previous": current.name if current else None})
        )
    _PROMOTE.run(connection, promoted)
    return told


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
_AUTOMATIC = Prepared(
    select(
        Viewer.id,
        Viewer.total_coins_spent,
        Viewer.total_watchtime_ms,
        Viewer.total_visits,
        Viewer.vip_tier_id,
        Viewer.vip_since_ms,
    ).where(among(Viewer.id, "ids"), Viewer.vip_source == VipSource.AUTOMATIC, Viewer.erased_at_ms.is_(None))
)
_PROMOTE = BulkStatement(
    lambda _insert: (
        update(Viewer)
        .where(Viewer.id == bindparam("id_"))
        .values(vip_tier_id=bindparam("tier"), vip_since_ms=bindparam("since"))
    ),
    ("id_", "tier", "since"),
)
