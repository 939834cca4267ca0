"""Hours of the week: when each person and each channel is busy, in the streamer's own time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from core.clock import week_hour
from core.statements import adding
from ingest.policy import Policy
from ingest.sums import Sums
from models import ViewerHour, WeekHour


def add(connection: Connection, sums: Sums, policy: Policy) -> None:
    """Adds a batch: everything people did, but not that they came or went. The sums are told in the policy's zone."""
    if not policy.heatmap:
        return
    hours = sums.by_person_in_hour().items()
    people = [(one, slot, tally.events, tally.worth) for slot, acts in hours for one, tally in acts.items()]
    people.sort()  # in the order of the keys: neighbours share their pages
    _ADD_PEOPLE.run(connection, people)
    channels = [(*key, tally.events, tally.worth) for key, tally in sums.by_hour_of_channel().items()]
    _ADD_CHANNELS.run(connection, channels)


def take_back(connection: Connection, rows: Sequence[Any], policy: Policy) -> None:
    """Takes messages out again: ``rows`` tell ``at_ms``, ``channel_id``, ``viewer_id`` (None: nobody's), ``amount``."""
    if not policy.heatmap:
        return
    people: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])  # by person and slot: events, coins
    channels: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        slot = week_hour(row.at_ms, policy.zone)
        cells = [channels[row.channel_id, slot]]
        if row.viewer_id is not None:
            cells.append(people[row.viewer_id, slot])
        for cell in cells:
            cell[0] -= 1
            cell[1] -= row.amount
    _ADD_PEOPLE.run(connection, [(*key, *less) for key, less in people.items()])
    _ADD_CHANNELS.run(connection, [(*key, *less) for key, less in channels.items()])


_ADD_PEOPLE = adding(ViewerHour, ["viewer_id", "slot"], ["events", "coins"])
_ADD_CHANNELS = adding(WeekHour, ["channel_id", "slot"], ["events", "coins"])
