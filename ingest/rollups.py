"""Rollups: what is added up as events arrive, so that no question ever has to add up history.

Everything here equals a recomputation from the raw events (``ingest.rebuild``), and a test compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, case, or_, select, update

from core.clock import MINUTE_MS
from core.statements import BulkStatement, Prepared, among, upserting
from ingest import terms
from ingest.levels import level_of
from ingest.placed import Placed
from ingest.sums import Sums, Tally
from models import Channel, MinuteRollup, Stream, StreamViewer

MINUTE_COUNTERS = ("messages", "newcomers", "bits", "subs", "gifts", "coins", "raids", "likes", "follows")
STREAM_COUNTERS = ("messages", "chatters", "bits", "subs", "gifts", "coins")
PERSON_COUNTERS = ("messages", "bits", "coins", "gifts", "likes", "shares")

KnownPeople = dict[int, tuple[int, int]]  # by person: their messages in a stream, and when they were last active

MOST_KNOWN = 50_000  # people in streams: some 5 MB

# What else may change of who was active in a stream, added up. An index costs wherever its column is named, even with
# nothing changed, so each sum has a statement of its own. They are no `IntFlag`, which takes 2 µs to add.
LEVEL, LAST_MINUTE, GIVEN = 1, 2, 4

_of_minute = attrgetter(*MINUTE_COUNTERS)


@dataclass(slots=True)
class Known:
    """What some rows hold, so that what seldom changes in them is written only when it does.

    It is kept up to date by whom it is handed to, and has to be emptied when anybody else may have written.
    """

    terms: terms.Known = field(default_factory=dict)
    people: defaultdict[int, KnownPeople] = field(default_factory=lambda: defaultdict(dict))  # by stream

    def clear(self) -> None:
        self.terms.clear()
        self.people.clear()

    def stay_small(self) -> None:
        if sum(map(len, self.people.values())) > MOST_KNOWN:
            self.people.clear()
        terms.stay_small(self.terms)


def add(connection: Connection, sums: Sums, known: Known) -> None:
    """Adds a batch to the minutes, the channels, the streams, the people in streams and the terms of streams."""
    known.stay_small()
    _add_minutes(connection, sums)
    chatters = {
        stream_id: _add_people(connection, stream_id, people, known.people[stream_id])
        for stream_id, people in sums.by_person_in_stream().items()
    }
    _ADD_STREAMS.run(
        connection,
        [
            (stream_id, added.messages, chatters.get(stream_id, 0), added.bits, added.subs, added.gifts, added.coins)
            for stream_id, added in sums.by_stream().items()
        ],
    )
    for is_emote, spoken in ((False, sums.words), (True, sums.emotes)):
        for stream_id, used in spoken.items():
            terms.add(connection, (stream_id, is_emote), used, known.terms)
    messages = [(channel_id, added.messages) for channel_id, added in sums.by_channel().items() if added.messages]
    _ADD_CHANNELS.run(connection, messages)


def touch_channels(connection: Connection, placed: Sequence[Placed]) -> None:
    """Notes when each channel was last heard of."""
    latest: dict[int, int] = {}
    for item in placed:
        at_ms = item.event.at_ms
        if at_ms > latest.get(item.channel_id, -1):
            latest[item.channel_id] = at_ms
    _TOUCH_CHANNELS.run(connection, list(latest.items()))


def _add_minutes(connection: Connection, sums: Sums) -> None:
    added, nothing = sums.by_minute(), Tally()
    keys = dict.fromkeys((*added, *sums.audience))
    rows = [(*key, *_of_minute(added.get(key, nothing)), sums.audience.get(key)) for key in keys]
    _ADD_MINUTES.run(connection, rows)


def _add_people(connection: Connection, stream_id: int, people: Mapping[int, Tally], known: KnownPeople) -> int:
    """Adds what people did in a stream; answers how many of them write for the first time in it."""
    if unread := [viewer_id for viewer_id in people if viewer_id not in known]:
        known.update((row[0], row[1:]) for row in _IN_STREAM(connection, stream=stream_id, viewers=unread).tuples())
    rows: defaultdict[int, list[tuple[int, ...]]] = defaultdict(list)  # by what changes
    new = 0
    for viewer_id in sorted(people):  # neighbours share their pages
        one, (before, last_ms) = people[viewer_id], known.get(viewer_id, _NOTHING)
        messages, at_ms = before + one.messages, one.last_at_ms if one.last_at_ms > last_ms else last_ms
        known[viewer_id] = (messages, at_ms)
        if messages and not before:
            new += 1
        level, minute = level_of(messages), at_ms // MINUTE_MS
        changes = LEVEL if level_of(before) != level else 0
        if last_ms // MINUTE_MS != minute:
            changes |= LAST_MINUTE
        if one.messages == one.events and not one.bits:  # nearly everybody
            rows[changes].append((stream_id, viewer_id, one.messages, at_ms, level, minute))
            continue
        # What a person gave is told in coins, and a bit is one: so gifts and cheers stand in one order.
        gave = (one.bits, one.coins + one.bits, one.gifts, one.likes, one.shares)
        rows[changes | GIVEN].append((stream_id, viewer_id, one.messages, *gave, at_ms, level, minute))
    for changes, changed in rows.items():
        _ADD_PEOPLE[changes].run(connection, changed)
    return new


def _minutes_upsert(insert: Callable[[Any], Any]) -> Any:
    upsert = insert(MinuteRollup)
    seen, told = MinuteRollup.viewers, upsert.excluded.viewers
    changes: dict[str, Any] = {name: getattr(MinuteRollup, name) + upsert.excluded[name] for name in MINUTE_COUNTERS}
    changes["viewers"] = case((told.is_(None), seen), (seen.is_(None), told), (told > seen, told), else_=seen)
    return upsert.on_conflict_do_update(index_elements=["channel_id", "minute"], set_=changes)


def _adding_people(changes: int) -> BulkStatement:
    counters = PERSON_COUNTERS if changes & GIVEN else PERSON_COUNTERS[:1]
    replaced = ["last_at_ms"]
    if changes & LEVEL:
        replaced.append("level")
    if changes & LAST_MINUTE:
        replaced.append("last_minute")
    return upserting(
        StreamViewer,
        ["stream_id", "viewer_id"],
        [*counters, "last_at_ms", "level", "last_minute"],
        add_to=counters,
        replace=replaced,
    )


_NOTHING = (0, 0)
_IN_STREAM = Prepared(
    select(StreamViewer.viewer_id, StreamViewer.messages, StreamViewer.last_at_ms).where(
        StreamViewer.stream_id == bindparam("stream"), among(StreamViewer.viewer_id, "viewers")
    )
)
_ADD_MINUTES = BulkStatement(_minutes_upsert, ("channel_id", "minute", *MINUTE_COUNTERS, "viewers"))
_ADD_PEOPLE = [_adding_people(changes) for changes in range(GIVEN * 2)]
_ADD_STREAMS = BulkStatement(
    lambda _insert: (
        update(Stream)
        .where(Stream.id == bindparam("id_"))
        .values({name: getattr(Stream, name) + bindparam(f"add_{name}") for name in STREAM_COUNTERS})
    ),
    ("id_", *(f"add_{name}" for name in STREAM_COUNTERS)),
)
_ADD_CHANNELS = BulkStatement(
    lambda _insert: (
        update(Channel)
        .where(Channel.id == bindparam("id_"))
        .values(total_messages=Channel.total_messages + bindparam("messages"))
    ),
    ("id_", "messages"),
)
_TOUCH_CHANNELS = BulkStatement(
    lambda _insert: (
        update(Channel)
        .where(
            Channel.id == bindparam("id_"),
            or_(Channel.last_event_at_ms.is_(None), Channel.last_event_at_ms < bindparam("at")),
        )
        .values(last_event_at_ms=bindparam("at"))
    ),
    ("id_", "at"),
)
