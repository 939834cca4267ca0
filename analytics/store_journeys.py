"""What people of the shop did one after the other, and what that shows."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from analytics import store_reach
from analytics.store_reach import Range
from core.clock import iso
from core.statements import Prepared, among
from models import StoreEvent, StoreUser
from rules.funnel import Step

PEOPLE, EVENTS_EACH = 50, 100  # the newest people of the range, and of each their newest events


def activity(
    connection: Connection, asked: Range, zone: ZoneInfo, limit: int = PEOPLE, user_id: str | None = None
) -> list[dict[str, Any]]:
    """The newest people of the range, each with what they did last in it, oldest first; or only one. Raises TooMuch."""
    journeys = _journeys(connection, asked, limit, user_id)
    events = store_reach.counted(connection, [person.id for person, _ in journeys], asked)
    return [
        {
            "user_id": person.user_id,
            "total_events": events[person.id],
            "first_event": iso(acts[0].at_ms, zone),
            "last_event": iso(acts[-1].at_ms, zone),
            "journey": [
                {"event_type": Step(act.step).label, "timestamp": iso(act.at_ms, zone), "event_id": act.event_id}
                for act in acts
            ],
        }
        for person, acts in journeys
    ]


def patterns(
    connection: Connection, asked: Range, limit: int = PEOPLE, user_id: str | None = None
) -> list[dict[str, Any]]:
    """The same people's steps as one sequence each, with what is to be noticed of it. Raises TooMuch."""
    return [
        {
            "user_id": person.user_id,
            "sequence": [Step(act.step).label for act in acts],
            "pattern": " → ".join(dict.fromkeys(Step(act.step).label for act in acts)),
            "flags": flags([Step(act.step) for act in acts]),
        }
        for person, acts in _journeys(connection, asked, limit, user_id)
    ]


def flags(steps: Sequence[Step]) -> list[str]:
    """What a journey shows: who left a cart behind, bought at once, came back after buying, only looked …"""
    taken = set(steps)
    found = []
    if Step.PURCHASE in taken:
        bought = steps.index(Step.PURCHASE)
        found.append("converted")
        if Step.PRODUCT_VIEW not in steps[:bought]:
            found.append("direct_purchase")
        if steps.count(Step.PURCHASE) > 1:
            found.append("repeat_buyer")
        if any(step is not Step.PURCHASE for step in steps[bought + 1 :]):
            found.append("came_back")
    elif Step.ADD_TO_CART in taken:
        found.append("abandoned_cart")
    elif Step.PRODUCT_VIEW in taken:
        found.append("browser")
    elif steps == [Step.PAGE_VIEW]:
        found.append("bounced")
    if Step.USER_SIGNUP in taken:
        found.append("signed_up")
    return found


def _journeys(connection: Connection, asked: Range, limit: int, user_id: str | None) -> list[tuple[Any, list[Any]]]:
    """The newest people of the range, each with their newest events in it, oldest first. Raises TooMuch."""
    since_ms, until_ms = asked.since_ms or 1, asked.until_ms or 2**62
    people = _newest_people(connection, asked, limit) if user_id is None else _ONE(connection, user_id=user_id).all()
    journeys: list[tuple[Any, list[Any]]] = []
    for person in people:
        acts = _ACTS(connection, user=person.id, since=since_ms, until=until_ms, limit=EVENTS_EACH).all()
        if acts:
            journeys.append((person, list(reversed(acts))))
    return journeys


def _newest_people(connection: Connection, asked: Range, limit: int) -> list[Any]:
    if asked.until_ms is None:
        return list(_NEWEST_PEOPLE(connection, since=asked.since_ms or 1, limit=limit))
    over = store_reach.past(connection, asked.since_ms, asked.until_ms).journeys
    newest = nlargest(limit, over, key=lambda person: (over[person].newest_ms, person))
    people = {row.id: row for row in _PEOPLE(connection, people=newest)}
    return [people[person] for person in newest]


_ONE = Prepared(select(StoreUser.id, StoreUser.user_id).where(StoreUser.user_id == bindparam("user_id")))
_NEWEST_PEOPLE = Prepared(
    select(StoreUser.id, StoreUser.user_id)
    .where(StoreUser.last_at_ms >= bindparam("since"))
    .order_by(StoreUser.last_at_ms.desc(), StoreUser.id.desc())
    .limit(bindparam("limit"))
)
_PEOPLE = Prepared(select(StoreUser.id, StoreUser.user_id).where(among(StoreUser.id, "people")))
_ACTS = Prepared(
    select(StoreEvent.id, StoreEvent.event_id, StoreEvent.step, StoreEvent.at_ms)
    .where(
        StoreEvent.user_row == bindparam("user"),
        StoreEvent.at_ms >= bindparam("since"),
        StoreEvent.at_ms < bindparam("until"),
        StoreEvent.is_bot.is_(False),
    )
    .order_by(StoreEvent.at_ms.desc(), StoreEvent.id.desc())
    .limit(bindparam("limit"))
)
