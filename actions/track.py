"""Tracking: what shops report, each item checked, all of it durable before anybody is told that it was taken."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from core.clock import now_ms
from core.db import Database
from core.statements import Prepared
from core.tracked import Tracked
from ingest.group_commit import GroupCommit, NotDurable
from ingest.policy import Policy
from ingest.store import Taken, record
from models import StoreTotal
from rules import tracking
from rules.tracking import Fault, Refused

__all__ = ["MOST_ITEMS", "Checked", "NotDurable", "Outcome", "Policy", "Tracker", "total_events"]

MOST_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: an ``event_id``, or a fault. Not ``is_new``: it was known already.

    ``total_events``: how many there were when it was committed, without those of bots.
    """

    event_id: str = ""
    is_new: bool = False
    fault: Fault | None = None
    total_events: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """Items by their place: what can be tracked, and what is wrong with the others."""

    events: Mapping[int, Tracked]
    faults: Mapping[int, Fault]


class Tracker:
    """Takes what is reported; requests that come at the same time share a commit. ``run``: see GroupCommit."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        run: Callable[[Callable[[Database], Any]], Any] | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._commits: GroupCommit[Tracked, tuple[Taken, int]] = GroupCommit(database, self._record, run)

    def track(
        self, items: Sequence[Any], *, user_agent: str = "", address: str = "", simulated: bool = False
    ) -> list[Outcome]:
        """Answers one outcome an item, after all that fit are on disk. Raises NotDurable: then none of them is."""
        return self.store(self.checked(items, user_agent=user_agent, address=address, simulated=simulated))

    def checked(
        self, items: Sequence[Any], *, user_agent: str = "", address: str = "", simulated: bool = False
    ) -> Checked:
        """Which of the items can be tracked; nothing is stored yet.

        ``address``: where they come from; with the user agent it tells visitors apart who have no ``user_id``.
        ``simulated``: they did not happen, and are marked so.
        """
        now, bot = self._clock(), tracking.is_bot(user_agent)
        visitor = f"{address}\0{user_agent}" if address else ""
        events: dict[int, Tracked] = {}
        faults: dict[int, Fault] = {}
        for number, item in enumerate(items):
            try:
                events[number] = tracking.checked(
                    item,
                    now_ms=now,
                    currency=self._policy.rates.currency,
                    event_id=new_event_id(),
                    bot=bot,
                    simulated=simulated,
                    visitor=visitor,
                )
            except Refused as error:
                faults[number] = error.fault
        return Checked(events, faults)

    def store(self, checked: Checked) -> list[Outcome]:
        """What became of each item, after all that can be tracked are on disk. Raises NotDurable: then none is."""
        outcomes = {number: Outcome(fault=fault) for number, fault in checked.faults.items()}
        if checked.events:
            taken = self._commits.submit(list(checked.events.values()))
            for number, (one, total) in zip(checked.events, taken, strict=True):
                outcomes[number] = Outcome(one.event_id, one.is_new, total_events=total)
        return [outcomes[number] for number in range(len(outcomes))]

    def _record(self, connection: Connection, events: list[Tracked]) -> list[tuple[Taken, int]]:
        taken = record(connection, events, self._clock(), self._policy)
        # Within the transaction: an answer after it cannot fail any more, and one count serves the whole group.
        total = total_events(connection)
        return [(one, total) for one in taken]


def new_event_id() -> str:
    """A name for an event whose shop gave it none."""
    return f"sp-{secrets.token_hex(12)}"


def total_events(connection: Connection) -> int:
    """How many events there are, without those of bots."""
    return int(_TOTAL(connection).scalar() or 0)


_TOTAL = Prepared(select(func.sum(StoreTotal.events)))
