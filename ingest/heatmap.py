"""Hours of the week: when each person and each channel is busy, in the streamer's own time."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection

from core.clock import week_hour
from core.events import Event, Kind
from core.statements import adding
from ingest.policy import Policy
from ingest.sums import Sums
from models import ViewerHour, WeekHour


def coins_of(event: Event) -> int:
    """What the event was worth, in coins; a bit counts as one."""
    return event.amount if event.kind in (Kind.CHAT, Kind.GIFT) else 0


class Hours:
    """What is taken back (``sign`` −1), by (person, hour of the week) and (channel, hour of the week)."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._people: Counter[tuple[int, int]] = Counter()
        self._people_coins: Counter[tuple[int, int]] = Counter()
        self._channels: Counter[tuple[int, int]] = Counter()
        self._channels_coins: Counter[tuple[int, int]] = Counter()

    def add(self, at_ms: int, channel_id: int, viewer_id: int | None, coins: int, sign: int = 1) -> None:
        slot = week_hour(at_ms, self._policy.zone)
        self._channels[channel_id, slot] += sign
        self._channels_coins[channel_id, slot] += sign * coins
        if viewer_id is not None:
            self._people[viewer_id, slot] += sign
            self._people_coins[viewer_id, slot] += sign * coins

    def write(self, connection: Connection) -> None:
        if not self._policy.heatmap:
            return
        _ADD_PEOPLE.run(connection, [(*key, events, self._people_coins[key]) for key, events in self._people.items()])
        _ADD_CHANNELS.run(
            connection, [(*key, events, self._channels_coins[key]) for key, events in self._channels.items()]
        )


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


_ADD_PEOPLE = adding(ViewerHour, ["viewer_id", "slot"], ["events", "coins"])
_ADD_CHANNELS = adding(WeekHour, ["channel_id", "slot"], ["events", "coins"])
