"""Rollups: what is added up as events arrive, so that no question ever has to add up history.

Everything here equals a recomputation from the raw events (``ingest.rebuild``), and a test compares the two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, or_, select, update

from core.statements import BulkStatement, Prepared, among
from ingest.placed import Placed
from ingest.sums import Sums, Tally
from models import Channel, MinuteRollup, Stream, StreamTerm, StreamViewer

MINUTE_COUNTERS = ("messages", "newcomers", "bits", "subs", "gifts", "coins", "raids", "likes", "follows")
STREAM_COUNTERS = ("messages", "chatters", "bits", "subs", "gifts", "coins")
PERSON_COUNTERS = ("messages", "bits", "coins", "gifts", "likes", "shares")

PeopleInStreams = dict[tuple[int, int], Tally]  # by stream and person

_of_minute = attrgetter(*MINUTE_COUNTERS)


def add(connection: Connection, sums: Sums) -> None:
    """Adds a batch to the minutes, the channels, the streams, the people in streams and the terms of streams."""
    _add_minutes(connection, sums)
    people = sums.by_person_in_stream()
    chatters = _new_chatters(connection, people)
    _add_people(connection, people)
    _ADD_STREAMS.run(
        connection,
        [
            (stream_id, added.messages, chatters[stream_id], added.bits, added.subs, added.gifts, added.coins)
            for stream_id, added in sums.by_stream().items()
        ],
    )
    for is_emote, spoken in ((False, sums.words), (True, sums.emotes)):
        for stream_id, terms in spoken.items():
            uses = sorted(Counter(terms).items())  # in the order of the key: neighbours share their pages
            _ADD_TERMS.run(connection, [(stream_id, is_emote, term, count) for term, count in uses])
    messages = [(channel_id, added.messages) for channel_id, added in sums.by_channel().items() if added.messages]
    _ADD_CHANNELS.run(connection, messages)


def add_terms(connection: Connection, spoken: Counter[tuple[int, bool, str]]) -> None:
    """Adds uses (negative ones take them back) to the terms of streams."""
    _ADD_TERMS.run(connection, [(*key, uses) for key, uses in spoken.items()])


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


def _new_chatters(connection: Connection, people: PeopleInStreams) -> Counter[int]:
    """How many of the batch write for the first time in their stream; to be asked before they are added."""
    speakers: defaultdict[int, list[int]] = defaultdict(list)
    for (stream_id, viewer_id), added in people.items():
        if added.messages:
            speakers[stream_id].append(viewer_id)
    new: Counter[int] = Counter()
    for stream_id, viewer_ids in speakers.items():
        known = _KNOWN_CHATTERS(connection, stream=stream_id, viewers=viewer_ids).scalar_one()
        new[stream_id] = len(viewer_ids) - known
    return new


def _add_people(connection: Connection, people: PeopleInStreams) -> None:
    givers: list[tuple[int, ...]] = []
    writers: list[tuple[int, ...]] = []
    for key, one in people.items():
        # What a person gave is told in coins, and a bit is one: so gifts and cheers stand in one order.
        gave = (one.coins + one.bits, one.gifts, one.likes, one.shares)
        (givers if any(gave) else writers).append((*key, one.messages, one.bits, *gave, one.last_at_ms))
    _ADD_GIVERS.run(connection, sorted(givers))  # neighbours share their pages
    _ADD_WRITERS.run(connection, sorted(writers))


def _adding(table: Any, upsert: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(table, name) + upsert.excluded[name] for name in names}


def _minutes_upsert(insert: Callable[[Any], Any]) -> Any:
    upsert = insert(MinuteRollup)
    seen, told = MinuteRollup.viewers, upsert.excluded.viewers
    changes = _adding(MinuteRollup, upsert, MINUTE_COUNTERS)
    changes["viewers"] = case((told.is_(None), seen), (seen.is_(None), told), (told > seen, told), else_=seen)
    return upsert.on_conflict_do_update(index_elements=["channel_id", "minute"], set_=changes)


def _adding_people(names: Sequence[str]) -> BulkStatement:
    """An index costs wherever its column is named, even with nothing added: ``names`` are the counters that change."""

    def build(insert: Callable[[Any], Any]) -> Any:
        upsert = insert(StreamViewer)
        later = upsert.excluded.last_at_ms
        changes = _adding(StreamViewer, upsert, names)
        changes["last_at_ms"] = case((later > StreamViewer.last_at_ms, later), else_=StreamViewer.last_at_ms)
        return upsert.on_conflict_do_update(index_elements=["stream_id", "viewer_id"], set_=changes)

    return BulkStatement(build, ("stream_id", "viewer_id", *PERSON_COUNTERS, "last_at_ms"))


def _terms_upsert(insert: Callable[[Any], Any]) -> Any:
    upsert = insert(StreamTerm)
    changes = _adding(StreamTerm, upsert, ["uses"])
    return upsert.on_conflict_do_update(index_elements=["stream_id", "emote", "term"], set_=changes)


# Not where "messages > 0": with that SQLite takes the index that reads every chatter of the stream.
_KNOWN_CHATTERS = Prepared(
    select(func.count(case((StreamViewer.messages > 0, 1)))).where(
        StreamViewer.stream_id == bindparam("stream"), among(StreamViewer.viewer_id, "viewers")
    )
)
_ADD_MINUTES = BulkStatement(_minutes_upsert, ("channel_id", "minute", *MINUTE_COUNTERS, "viewers"))
_ADD_GIVERS, _ADD_WRITERS = _adding_people(PERSON_COUNTERS), _adding_people(["messages"])
_ADD_TERMS = BulkStatement(_terms_upsert, ("stream_id", "emote", "term", "uses"))
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
