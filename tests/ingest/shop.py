"""A shop's histories, and what is to be told of them by somebody who has only the plain list and all the time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from core.db import Database
from core.tracked import Tracked
from models import Base, StoreHour, StoreMinute, StoreReach, StoreSample, StoreTotal, StoreUser
from rules.funnel import Step
from tests.support import NOON

WEEK_MS = 7 * DAY_MS
STEPS = tuple(step.label for step in Step)
TOLD = (StoreUser, StoreMinute, StoreHour, StoreTotal, StoreReach, StoreSample)


def tracked(event_id: str, step: Step, at_ms: int, user_id: str | None = "ada", **more: Any) -> Tracked:
    return Tracked(event_id, int(step), at_ms, user_id, **more)


def emptied(db: Database) -> Database:
    with db.writing() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(delete(table))
    return db


def tables(db: Database) -> dict[str, Any]:
    """Everything that is told, without the buckets that nobody is left in."""
    with db.reading() as connection:
        found = {table.__tablename__: sorted(map(tuple, connection.execute(select(table.__table__)))) for table in TOLD}
    found["store_reach"] = [row for row in found["store_reach"] if row[-1]]
    return found


def times(before: int = NOON) -> st.SearchStrategy[int]:
    """At borders and near each other, so that orders, windows and ties matter; some a little ahead of our clock."""
    ago = st.one_of(
        st.integers(-4, 90).map(lambda count: count * MINUTE_MS),
        st.integers(0, 50).map(lambda count: count * HOUR_MS),
        st.integers(0, 40).map(lambda count: count * DAY_MS),
    )
    return st.builds(lambda back, nudge: before - back + nudge, ago, st.sampled_from((0, 0, -1, 1, 30_000)))


def events(size: int = 30) -> st.SearchStrategy[list[Tracked]]:
    """Ids repeat, and so do not always mean the same."""
    one = st.builds(
        tracked,
        st.integers(0, 40).map(lambda number: f"event-{number}"),
        st.sampled_from(Step),
        times(),
        st.sampled_from(("ada", "ada", "ada", "ben", "cleo", None)),
        is_bot=st.sampled_from((False, False, False, False, True)),
    )
    return st.lists(one, min_size=1, max_size=size)


def split(items: Sequence[Tracked], sizes: Sequence[int]) -> Iterable[list[Tracked]]:
    """Batches of these sizes, the last as large as it must be."""
    rest = list(items)
    for size in sizes:
        if rest[:size]:
            yield rest[:size]
        rest = rest[size:]
    if rest:
        yield rest


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that is told of a range."""

    steps: dict[str, int]
    reached: dict[str, int]
    in_order: dict[str, int]
    segments: dict[str, set[tuple[str, int, int]]]  # (person, their events, their last)


class Reference:
    """Answers by going through everything."""

    def __init__(self, arrived: Iterable[Tracked]) -> None:
        first: dict[str, Tracked] = {}
        for event in arrived:
            first.setdefault(event.event_id, event)
        self.stored = list(first.values())
        self.counted = [event for event in self.stored if not event.is_bot]

    def answer(self, since_ms: int, until_ms: int = 2**62) -> Answer:
        inside = [event for event in self.counted if since_ms <= event.at_ms < until_ms]
        people: defaultdict[str, list[Tracked]] = defaultdict(list)
        for event in sorted(inside, key=lambda event: event.at_ms):  # stable: what came first stays first
            if event.user_id is not None:
                people[event.user_id].append(event)
        segments: dict[str, set[tuple[str, int, int]]] = {
            name: set() for name in ("converted", "high_intent", "medium_intent", "low_intent")
        }
        for person, acts in people.items():
            segments[segment(acts)].add((person, len(acts), acts[-1].at_ms))
        return Answer(
            {step.label: sum(event.step == step for event in inside) for step in Step},
            {step.label: sum(any(act.step == step for act in acts) for acts in people.values()) for step in Step},
            {step.label: sum(came_to(acts, step) for acts in people.values()) for step in Step},
            segments,
        )


def came_to(acts: Sequence[Tracked], last: Step) -> bool:
    """Whether somebody took all steps up to ``last`` in order, within a week: tried from each beginning."""
    for at, first in enumerate(acts):
        if first.step != Step.PAGE_VIEW:
            continue
        wanted = int(Step.PAGE_VIEW)
        for act in acts[at:]:
            if act.step == wanted and act.at_ms <= first.at_ms + WEEK_MS:
                if wanted == last:
                    return True
                wanted += 1
    return False


def segment(acts: Sequence[Tracked]) -> str:
    """The documented rules, word by word."""
    did = Counter(act.step for act in acts)
    if did[Step.PURCHASE]:
        return "converted"
    if did[Step.ADD_TO_CART] and len(acts) >= 5:
        return "high_intent"
    if did[Step.ADD_TO_CART] or (did[Step.PRODUCT_VIEW] and len(acts) >= 3):
        return "medium_intent"
    return "low_intent"


def renamed(items: Iterable[Tracked]) -> list[Tracked]:
    """The same with an id each."""
    return [replace(event, event_id=f"e-{number}") for number, event in enumerate(items)]
