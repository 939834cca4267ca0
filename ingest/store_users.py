"""The people of the shop: how far each has come, brought on event by event, or anew where one comes late."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from core.clock import HOUR_MS
from core.statements import BulkStatement, Prepared, among
from core.tracked import Tracked
from models import StoreEvent, StoreUser
from rules.funnel import NEVER, WINDOW_MS, Journey, replayed
from rules.reach import Measure, reached_ms
from rules.segments import Segment, reach_ms

NEWEST = 2**63 - 1
_RECENT = ("last_at_ms", "second_at_ms", "third_at_ms", "fourth_at_ms", "fifth_at_ms")
_COUNTS = ("page_views", "product_views", "carts", "signups", "purchases")
_LAST = ("page_view_at_ms", "product_view_at_ms", "cart_at_ms", "signup_at_ms", "purchase_at_ms")
_BEGAN = ("began_2_ms", "began_3_ms", "began_4_ms", "began_5_ms")
_STATE = (
    "first_at_ms",
    *_RECENT,
    *_COUNTS,
    *_LAST,
    *_BEGAN,
    "high_at_ms",
    "medium_at_ms",
    "busy_hour",
    "busy_events",
)
_UNKNOWN = [NEVER] * len(_RECENT)
_recent, _counts, _last, _began = (attrgetter(*names) for names in (_RECENT, _COUNTS, _LAST, _BEGAN))
BEGINNING = dict.fromkeys(_STATE, 0)  # the state of somebody who did nothing yet


@dataclass(slots=True)
class Shopper:
    """A row of ``store_users`` while it is worked on."""

    id: int
    user_id: str
    journey: Journey
    first_at_ms: int = 0
    busy_hour: int = 0
    busy_events: int = 0


@dataclass(slots=True)
class Busyness:
    """What an hour's sample of events a person gains."""

    people: int = 0
    events: int = 0
    squares: int = 0


class Shoppers:
    """Everybody in a group of events. Who is new is made at once, because the events refer to them."""

    def __init__(self, connection: Connection, user_ids: Iterable[str]) -> None:
        wanted = sorted(user_ids)
        self.by_user_id: dict[str, Shopper] = {}
        self.busyness: defaultdict[int, Busyness] = defaultdict(Busyness)
        if wanted:
            self._load(connection, wanted)
            new = [user_id for user_id in wanted if user_id not in self.by_user_id]
            if new:
                _MAKE.run(connection, [(user_id,) for user_id in new])
                self._load(connection, new)

    def row_of(self, user_id: str | None) -> int | None:
        return self.by_user_id[user_id].id if user_id else None

    def take(
        self, connection: Connection, events: Sequence[Tracked], up_to: int = NEWEST
    ) -> Counter[tuple[Measure, int]]:
        """Brings everybody on by ``events``, which are stored already; answers who reached what when: see add_reach.

        ``up_to``: the row of the last of them, where there are rows that are not to be taken yet.
        """
        theirs: defaultdict[str, list[Tracked]] = defaultdict(list)
        for event in events:
            if event.user_id:
                theirs[event.user_id].append(event)
        moved: Counter[tuple[Measure, int]] = Counter()
        for user_id, acts in theirs.items():
            shopper = self.by_user_id[user_id]
            before = reached_ms(shopper.journey)
            self._bring_on(connection, shopper, acts, up_to)
            after = reached_ms(shopper.journey)
            for reached in after.items() - before.items():
                moved[reached] += 1
            for reached in before.items() - after.items():
                moved[reached] -= 1
        _SAVE.run(connection, [_saved(self.by_user_id[user_id]) for user_id in theirs])
        return moved

    def _bring_on(self, connection: Connection, shopper: Shopper, acts: list[Tracked], up_to: int) -> None:
        for act in acts:
            self._count_busy(shopper, act.at_ms // HOUR_MS)
        times = [act.at_ms for act in acts]
        shopper.first_at_ms = min(shopper.first_at_ms or min(times), *times)
        journey = shopper.journey
        if min(times) >= journey.newest_ms:
            for act in sorted(acts, key=lambda act: act.at_ms):
                journey.take(act.step, act.at_ms)
            return
        # News from before the last that is known: what it means depends on what was before and after it, as far as a
        # way through the steps may reach.
        for act in acts:
            journey.take_late(act.step, act.at_ms)
        since_ms, until_ms = min(times) - WINDOW_MS, max(times) + WINDOW_MS
        rows = _AROUND(connection, user=shopper.id, since=since_ms, until=until_ms, up_to=up_to)
        journey.began_at_least(replayed((row.at_ms, row.id, row.step) for row in rows))

    def _count_busy(self, shopper: Shopper, hour: int) -> None:
        """Events of a person by hour, in the newest hour they were heard of."""
        if hour < shopper.busy_hour:
            return
        if hour > shopper.busy_hour:
            shopper.busy_hour, shopper.busy_events = hour, 0
        sample = self.busyness[hour]
        sample.people += not shopper.busy_events
        sample.events += 1
        sample.squares += 2 * shopper.busy_events + 1
        shopper.busy_events += 1

    def _load(self, connection: Connection, user_ids: list[str]) -> None:
        for row in _LOAD(connection, users=user_ids):
            self.by_user_id[row.user_id] = Shopper(
                id=row.id,
                user_id=row.user_id,
                journey=_journey(row),
                first_at_ms=row.first_at_ms,
                busy_hour=row.busy_hour,
                busy_events=row.busy_events,
            )


def _journey(row: Any) -> Journey:
    last = _last(row)
    return Journey(
        last_ms=list(last),
        began_ms=[last[0], *_began(row)],
        counts=list(_counts(row)),
        recent_ms=[at_ms for at_ms in _recent(row) if at_ms],
    )


def _saved(shopper: Shopper) -> tuple[Any, ...]:
    """The id, and ``_STATE`` in its order."""
    journey, segments = shopper.journey, reach_ms(shopper.journey)
    return (
        shopper.id,
        shopper.first_at_ms,
        *(journey.recent_ms + _UNKNOWN)[: len(_RECENT)],
        *journey.counts,
        *journey.last_ms,
        *journey.began_ms[1:],
        segments[Segment.HIGH],
        segments[Segment.MEDIUM],
        shopper.busy_hour,
        shopper.busy_events,
    )


_LOAD = Prepared(
    select(StoreUser.id, StoreUser.user_id, *(getattr(StoreUser, name) for name in _STATE)).where(
        among(StoreUser.user_id, "users")
    )
)
_MAKE = BulkStatement(lambda insert: insert(StoreUser), ("user_id",))
_AROUND = Prepared(
    select(StoreEvent.id, StoreEvent.at_ms, StoreEvent.step).where(
        StoreEvent.user_row == bindparam("user"),
        StoreEvent.at_ms.between(bindparam("since"), bindparam("until")),
        StoreEvent.id <= bindparam("up_to"),
        StoreEvent.is_bot.is_(False),
    )
)
_SAVE = BulkStatement(
    lambda _insert: (
        update(StoreUser)
        .where(StoreUser.id == bindparam("id_"))
        .values({name: bindparam(f"new_{name}") for name in _STATE})
    ),
    ("id_", *(f"new_{name}" for name in _STATE)),
)
