"""The VIP tiers themselves: edited as one list, with a preview of whom that moves up, down or out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as altered
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, not_, or_, select, update
from sqlalchemy import true as everybody

from core.clock import HOUR_MS
from core.db import Database
from core.text_search import unindexed
from ingest import news, vip
from models import Viewer, ViewerEdit, VipSource, VipTier
from rules import tier_list
from rules.tiers import Tier

NAMED = 50  # people named in a preview
TOLD = 100  # people whose move is told at once; pages that list more load them anew


@dataclass(slots=True)
class Moves:
    """How many people a list of tiers moves; ``people`` are the first of them, in the highest tiers first.

    ``reset``: how many of all had a tier by hand that is no more; from now on automation decides on them.
    """

    promoted: int = 0
    demoted: int = 0
    removed: int = 0
    reset: int = 0
    people: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Plan:
    """``tiers``: what shall be, the lowest first; ``gone``: what shall be no more, with rank 0."""

    tiers: list[Tier]
    gone: list[Tier]
    automation: bool

    @property
    def by_id(self) -> dict[int, Tier]:
        return {tier.id: tier for tier in (*self.tiers, *self.gone)}


@dataclass(frozen=True, slots=True)
class _Move:
    """Some people get ``after`` (None: no tier any more)."""

    after: Tier | None
    whom: ColumnElement[bool]


def preview(database: Database, given: Any, *, automation: bool = True) -> Moves:
    """Whom ``replace`` with the same list would move. Raises profiles.Invalid."""
    wanted = tier_list.clean(given)
    with database.reading() as connection:
        plan = _plan(connection, wanted, automation)
        # Those that are new have no id yet, and nobody is in them.
        plan = altered(plan, tiers=[altered(tier, id=tier.id or -tier.rank) for tier in plan.tiers])
        moves = Moves(reset=connection.scalar(select(func.count()).where(_given_by_hand(plan))) or 0)
        for move in _moves(plan):
            _count(connection, plan, move, moves)
            if room := NAMED - len(moves.people):
                moves.people.extend(_people(connection, plan, move, room))
    return moves


def replace(database: Database, given: Any, *, editor: str, now_ms: int, automation: bool = True) -> Moves:
    """Makes these the tiers, and moves everybody whom automation may move to the tier that their totals reach.

    ``automation``: whether tiers are given automatically at all; where they are not, only who is in a tier that is no
    more loses it. Raises profiles.Invalid.
    """
    wanted = tier_list.clean(given)
    moves = Moves()
    told: list[news.News] = []
    with database.writing() as connection:
        plan = _plan(connection, wanted, automation)
        moves.reset = _take_from_hand(connection, plan, editor, now_ms)
        plan = altered(plan, tiers=_write(connection, plan))
        for move in _moves(plan):
            _count(connection, plan, move, moves)
            room = TOLD - len(told)
            for person in _people(connection, plan, move, max(room, 0)):
                told.append(_news(person, now_ms))
                if len(moves.people) < NAMED:
                    moves.people.append(person)
            _carry_out(connection, move, now_ms)
        connection.execute(delete(VipTier).where(VipTier.id.in_([tier.id for tier in plan.gone])))
        news.tell(connection, told)
    return moves


def _plan(connection: Connection, wanted: Sequence[Tier], automation: bool) -> _Plan:
    known = vip.tiers(connection)
    tiers = tier_list.match(wanted, known)
    kept = {tier.id for tier in tiers}
    return _Plan(tiers, [altered(tier, rank=0) for tier in known if tier.id not in kept], automation)


def _given_by_hand(plan: _Plan) -> ColumnElement[bool]:
    return and_(_in_one_of(plan.gone), Viewer.vip_source == VipSource.SET)


def _in_one_of(tiers: Sequence[Tier]) -> ColumnElement[bool]:
    # Both said, so that SQLite's index of those who have a tier serves.
    return and_(Viewer.vip_tier_id.is_not(None), Viewer.vip_tier_id.in_([tier.id for tier in tiers]))


def _reaches(tier: Tier) -> ColumnElement[bool]:
    """In SQL what ``rules.tiers.tier_for`` says; a threshold of 0 is left out, or its index would be read whole.

    Fewer people gave much than watched long, and fewer watched long than came often: the first of these that the tier
    asks for finds them, the others are looked at in their rows.
    """
    thresholds = {
        Viewer.total_coins_spent: tier.coins,
        Viewer.total_watchtime_ms: tier.watch_hours * HOUR_MS,
        Viewer.total_visits: tier.visits,
    }
    asked = [(column, least) for column, least in thresholds.items() if least]
    finding = [column >= least for column, least in asked[:1]]
    return and_(everybody(), *finding, *(unindexed(column) >= least for column, least in asked[1:]))


def _moves(plan: _Plan) -> Iterator[_Move]:
    """Everything to be done, the highest tier first; nobody is in two of them."""
    theirs = and_(Viewer.erased_at_ms.is_(None), or_(Viewer.vip_source == VipSource.AUTOMATIC, _in_one_of(plan.gone)))
    if not plan.automation:
        yield _Move(None, and_(Viewer.erased_at_ms.is_(None), _in_one_of(plan.gone)))
        return
    higher: list[ColumnElement[bool]] = []
    for tier in reversed(plan.tiers):
        reached = _reaches(tier)
        elsewhere = Viewer.vip_tier_id.is_distinct_from(tier.id)
        yield _Move(tier, and_(reached, *(not_(one) for one in higher), elsewhere, theirs))
        higher.append(reached)
    yield _Move(None, and_(Viewer.vip_tier_id.is_not(None), *(not_(one) for one in higher), theirs))


def _count(connection: Connection, plan: _Plan, move: _Move, moves: Moves) -> None:
    by_id = plan.by_id
    query = select(Viewer.vip_tier_id, func.count()).where(move.whom).group_by(Viewer.vip_tier_id)
    for tier_id, people in connection.execute(query):
        if move.after is None:
            moves.removed += people
        elif tier_list.rises(by_id.get(tier_id), move.after):
            moves.promoted += people
        else:
            moves.demoted += people


def _people(connection: Connection, plan: _Plan, move: _Move, most: int) -> list[dict[str, Any]]:
    if not most:
        return []
    by_id = plan.by_id
    columns = (Viewer.id, Viewer.platform, Viewer.username, Viewer.display_name, Viewer.vip_tier_id)
    people = []
    for row in connection.execute(select(*columns).where(move.whom).order_by(unindexed(Viewer.id)).limit(most)):
        before = by_id.get(row.vip_tier_id)
        people.append(
            {
                "id": row.id,
                "platform": row.platform,
                "username": row.username,
                "display_name": row.display_name,
                "from": before.name if before else None,
                "to": move.after.name if move.after else None,
                "promoted": tier_list.rises(before, move.after),
            }
        )
    return people


def _news(person: dict[str, Any], now_ms: int) -> news.News:
    kind = "vip-promoted" if person["promoted"] else "vip-removed"
    return (now_ms, person["id"], kind, {"tier": person["to"], "previous": person["from"]})


def _take_from_hand(connection: Connection, plan: _Plan, editor: str, now_ms: int) -> int:
    """Makes those automation's who were given by hand a tier that is no more; answers how many."""
    for tier in plan.gone:
        before = json.dumps({"tier": tier.name, "by": "set"}, ensure_ascii=False, separators=(",", ":"))
        after = json.dumps({"tier": None, "by": "automatic"}, separators=(",", ":"))
        values = (now_ms, editor[:64], "vip_tier", before, after)
        theirs = (Viewer.vip_tier_id == tier.id, Viewer.vip_source == VipSource.SET)
        rows = select(Viewer.id, *map(literal, values)).where(*theirs)
        columns = ["viewer_id", "at_ms", "editor", "field", "before", "after"]
        connection.execute(insert(ViewerEdit).from_select(columns, rows))
    given = update(Viewer).where(_given_by_hand(plan)).values(vip_source=VipSource.AUTOMATIC)
    return connection.execute(given).rowcount


def _write(connection: Connection, plan: _Plan) -> list[Tier]:
    """Writes the tiers; answers them with the ids they have now. Those that are gone stay until nobody is in them."""
    # Tiers may exchange their names, which are unique at every moment: so all give them up first.
    for tier in (*plan.tiers, *plan.gone):
        if tier.id:
            connection.execute(update(VipTier).where(VipTier.id == tier.id).values(name=f"\t{tier.id}"))
    written = []
    for tier in plan.tiers:
        values = {
            "name": tier.name,
            "rank": tier.rank,
            "coins": tier.coins,
            "watch_hours": tier.watch_hours,
            "visits": tier.visits,
            "color": tier.color,
            "benefits": json.dumps(list(tier.benefits), ensure_ascii=False),
        }
        if tier.id:
            connection.execute(update(VipTier).where(VipTier.id == tier.id).values(values))
            written.append(tier)
        else:
            made = connection.execute(insert(VipTier).values(values).returning(VipTier.id)).scalar_one()
            written.append(altered(tier, id=made))
    return written


def _carry_out(connection: Connection, move: _Move, now_ms: int) -> None:
    since_ms = func.coalesce(Viewer.vip_since_ms, now_ms) if move.after else None
    values = {"vip_tier_id": move.after.id if move.after else None, "vip_since_ms": since_ms, "updated_at_ms": now_ms}
    connection.execute(update(Viewer).where(move.whom).values(values))
