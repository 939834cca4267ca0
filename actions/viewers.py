"""What the team changes of a person: their profile's fields and their VIP tier, each change with its trail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import update as rewrite

from actions import edits
from actions.edits import Edit
from core.db import Database
from ingest import news, vip
from models import Viewer, VipSource
from rules import birthdays, profiles
from rules.tiers import Tier, tier_for

SOURCES = {VipSource.AUTOMATIC: "automatic", VipSource.SET: "set", VipSource.REMOVED: "removed"}


class NoSuchViewer(LookupError):
    """The person is not there, or was erased."""


class UnknownTier(ValueError):
    """There is no tier of that name; ``allowed`` names those there are."""

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = allowed
        super().__init__(f"no such tier; there are: {', '.join(allowed)}" if allowed else "there are no tiers")


def update(database: Database, viewer_id: int, changes: Mapping[str, Any], *, editor: str, now_ms: int) -> list[str]:
    """Changes editable fields; answers which really changed. Raises profiles.Invalid or NoSuchViewer."""
    cleaned = profiles.clean(changes, day_of(now_ms))
    with database.writing() as connection:
        row = _known(connection, viewer_id)
        return apply(connection, row, cleaned, editor=editor, now_ms=now_ms)


def day_of(now_ms: int) -> date:
    """The day by which a birthday lies in the future."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def apply(connection: Connection, row: Any, cleaned: Mapping[str, Any], *, editor: str, now_ms: int) -> list[str]:
    """Writes clean values to the person of ``row`` (a row of ``viewers``) with their trail; answers what changed."""
    before = editable_of(row)
    changed = {field: value for field, value in cleaned.items() if value != before[field]}
    if not changed:
        return []
    values: dict[str, Any] = {"updated_at_ms": now_ms}
    for field, value in changed.items():
        values.update(columns_of(field, value, now_ms))
    connection.execute(rewrite(Viewer).where(Viewer.id == row.id).values(values))
    trail = [Edit(row.id, field, before[field], value) for field, value in changed.items()]
    edits.record(connection, trail, editor=editor, now_ms=now_ms)
    news.tell(connection, [(now_ms, row.id, "updated", {"fields": list(changed)})])
    return list(changed)


def editable_of(row: Any) -> dict[str, Any]:
    """The editable fields of a row of ``viewers``, as people see them."""
    return {
        "tts_voice": row.tts_voice,
        "discord_username": row.discord_username,
        "birthday": row.birthday,
        "notes": row.notes,
        "tags": json.loads(row.tags),
        "is_favorite": row.favorite_since_ms is not None,
        "is_blocked": bool(row.is_blocked),
        "is_moderator": bool(row.is_moderator),
    }


def columns_of(field: str, value: Any, now_ms: int) -> dict[str, Any]:
    """How an editable field is stored."""
    match field:
        case "tags":
            return {"tags": json.dumps(value, ensure_ascii=False)}
        case "birthday":
            # Who gets another birthday may be greeted once more.
            day = birthdays.mmdd(date.fromisoformat(value)) if value else None
            return {"birthday": value, "birthday_mmdd": day, "birthday_greeted_on": None}
        case "is_favorite":
            return {"favorite_since_ms": now_ms if value else None}
    return {field: value}


def set_vip(database: Database, viewer_id: int, tier_name: str | None, *, editor: str, now_ms: int) -> bool:
    """Gives a person a tier by hand, or with None takes it away: automation leaves both alone until ``reset_vip``.

    Answers whether anything changed. Raises UnknownTier or NoSuchViewer.
    """
    with database.writing() as connection:
        tiers = vip.tiers(connection)
        tier = None if tier_name is None else find_tier(tiers, tier_name)
        row = _known(connection, viewer_id)
        source = VipSource.SET if tier else VipSource.REMOVED
        return decide_vip(connection, row, tiers, tier, source, editor=editor, now_ms=now_ms)


def reset_vip(database: Database, viewer_id: int, *, editor: str, now_ms: int, automation: bool = True) -> bool:
    """Hands the decision back to automation, which takes it at once; where it is switched off, nobody has a tier.

    Answers whether anything changed. Raises NoSuchViewer.
    """
    with database.writing() as connection:
        tiers = vip.tiers(connection)
        row = _known(connection, viewer_id)
        reached = None
        if automation:
            reached = tier_for(row.total_coins_spent, row.total_watchtime_ms // 1000, row.total_visits, tiers)
        return decide_vip(connection, row, tiers, reached, VipSource.AUTOMATIC, editor=editor, now_ms=now_ms)


def find_tier(tiers: list[Tier], name: str) -> Tier:
    """The tier of that name, whatever its capitals. Raises UnknownTier."""
    for tier in tiers:
        if tier.name.casefold() == name.strip().casefold():
            return tier
    raise UnknownTier([tier.name for tier in tiers])


def decide_vip(
    connection: Connection,
    row: Any,
    tiers: list[Tier],
    tier: Tier | None,
    source: int,
    *,
    editor: str,
    now_ms: int,
) -> bool:
    """Writes who decided what on a person's tier, with its trail; answers whether that is anything new."""
    tier_id = tier.id if tier else None
    if tier_id == row.vip_tier_id and source == row.vip_source:
        return False
    previous = next((known for known in tiers if known.id == row.vip_tier_id), None)
    # Since when somebody is a VIP at all, in whatever tier: as automation counts it.
    since_ms = (row.vip_since_ms if previous else None) or now_ms
    values = {"vip_tier_id": tier_id, "vip_source": source, "vip_since_ms": since_ms if tier else None}
    connection.execute(rewrite(Viewer).where(Viewer.id == row.id).values(values | {"updated_at_ms": now_ms}))
    before = {"tier": previous.name if previous else None, "by": SOURCES[row.vip_source]}
    after = {"tier": tier.name if tier else None, "by": SOURCES[source]}
    edits.record(connection, [Edit(row.id, "vip_tier", before, after)], editor=editor, now_ms=now_ms)
    kind = _kind_of_news(previous, tier, source)
    told = {"tier": after["tier"], "previous": before["tier"]} if kind != "updated" else {"fields": ["vip_tier"]}
    news.tell(connection, [(now_ms, row.id, kind, told)])
    return True


def _kind_of_news(previous: Tier | None, tier: Tier | None, source: int) -> str:
    if tier == previous:
        return "updated"
    if tier is None:
        return "vip-removed"
    if source == VipSource.SET:
        return "vip-set"
    return "vip-promoted" if previous is None or tier.rank > previous.rank else "vip-removed"


def _known(connection: Connection, viewer_id: int) -> Any:
    query = select(Viewer.__table__).where(Viewer.id == viewer_id, Viewer.erased_at_ms.is_(None))
    row = connection.execute(query).first()
    if row is None:
        raise NoSuchViewer(viewer_id)
    return row
