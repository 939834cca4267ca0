"""Rollups: what is added up as events arrive, so that no question ever has to add up history.

Everything here equals a recomputation from the raw events (``ingest.rebuild``), and a test compares the two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, or_, select, update

from core.clock import minute_of
from core.events import Event, Kind, Mark
from core.statements import BulkStatement, Prepared, among
from ingest.placed import Placed
from models import Channel, EventStatus, MinuteRollup, Stream, StreamTerm, StreamViewer
from rules import terms

MINUTE_COUNTERS = ("messages", "newcomers", "bits", "subs", "gifts", "coins", "raids", "likes", "follows")
STREAM_COUNTERS = ("messages", "chatters", "bits", "subs", "gifts", "coins")
PERSON_COUNTERS = ("messages", "bits", "coins", "gifts", "likes", "shares")
TERM_LENGTH = 32  # the column's; PostgreSQL refuses more

# What makes somebody active in a stream; ``count`` knows each of them.
COUNTED = frozenset(
    {
        Kind.CHAT,
        Kind.SUB,
        Kind.RESUB,
        Kind.SUBGIFT,
        Kind.GIFT,
        Kind.RAID,
        Kind.LIKE,
        Kind.FOLLOW,
        Kind.SHARE,
    }
)
_FIRST = Mark.FIRST.value


def counts(event: Event) -> bool:
    """Whether the event adds to any rollup of its stream."""
    return event.counts_as_message if event.kind is Kind.CHAT else event.kind in COUNTED


def count(event: Event, into: dict[str, int]) -> None:
    """Adds one event to counters; ``into`` starts as zeros of MINUTE_COUNTERS and ``shares``."""
    match event.kind:
        case Kind.CHAT:
            into["messages"] += 1
            into["bits"] += event.amount
            if event.marks & _FIRST:
                into["newcomers"] += 1
        case Kind.SUB | Kind.RESUB | Kind.SUBGIFT:
            into["subs"] += 1
        case Kind.GIFT:
            into["gifts"] += int(event.extra.get("quantity", 1))
            into["coins"] += event.amount
        case Kind.RAID:
            into["raids"] += 1
        case Kind.LIKE:
            into["likes"] += event.amount
        case Kind.FOLLOW:
            into["follows"] += 1
        case Kind.SHARE:
            into["shares"] += 1


def _zeros() -> dict[str, int]:
    return dict.fromkeys((*MINUTE_COUNTERS, "shares"), 0)


class Sums:
    """A batch, added up by minute, stream, person in a stream, and term in a stream."""

    def __init__(self, placed: Sequence[Placed]) -> None:
        self.minutes: defaultdict[tuple[int, int], dict[str, int]] = defaultdict(_zeros)
        self.audience: dict[tuple[int, int], int] = {}
        self.streams: defaultdict[int, dict[str, int]] = defaultdict(_zeros)
        self.people: defaultdict[tuple[int, int], dict[str, int]] = defaultdict(_zeros)
        self.last_at: dict[tuple[int, int], int] = {}
        self.spoken: Counter[tuple[int, bool, str]] = Counter()
        for item in placed:
            if item.event.kind is Kind.VIEWERS:
                minute = (item.channel_id, minute_of(item.event.at_ms))
                self.audience[minute] = max(self.audience.get(minute, 0), item.event.amount)
            elif item.status != EventStatus.SILENT and counts(item.event):
                self._add(item)

    def _add(self, item: Placed) -> None:
        event, stream_id = item.event, item.stream_id
        count(event, self.minutes[item.channel_id, minute_of(event.at_ms)])
        if stream_id is None:
            return
        count(event, self.streams[stream_id])
        if item.viewer_id is not None:
            person = (stream_id, item.viewer_id)
            count(event, self.people[person])
            self.last_at[person] = max(self.last_at.get(person, 0), event.at_ms)
        if event.kind is Kind.CHAT:
            for emote, term in terms_of(event.text, event.extra.get("emotes", ())):
                self.spoken[stream_id, emote, term] += 1


def add(connection: Connection, placed: Sequence[Placed]) -> None:
    """Adds a batch to the minutes, the channels, the streams, the people in streams and the terms of streams."""
    sums = Sums(placed)
    _add_minutes(connection, sums)
    chatters = _new_chatters(connection, sums)
    _add_people(connection, sums)
    _ADD_STREAMS.run(
        connection,
        [
            (stream_id, *(chatters[stream_id] if name == "chatters" else added[name] for name in STREAM_COUNTERS))
            for stream_id, added in sums.streams.items()
        ],
    )
    add_terms(connection, sums.spoken)
    messages = Counter(item.channel_id for item in placed if item.event.counts_as_message)
    _ADD_CHANNELS.run(connection, list(messages.items()))


def terms_of(text: str, emotes: Sequence[str]) -> list[tuple[bool, str]]:
    """``(is emote, term)`` of a message; each counts once a message, however often it is repeated in it."""
    found = [(True, name) for name in dict.fromkeys(name[:TERM_LENGTH] for name in emotes)]
    found.extend((False, word) for word in terms.words(text, emotes))
    return found


def add_terms(connection: Connection, spoken: Counter[tuple[int, bool, str]]) -> None:
    """Adds uses (negative ones take them back) to the terms of streams."""
    _ADD_TERMS.run(connection, [(*key, uses) for key, uses in spoken.items()])


def touch_channels(connection: Connection, placed: Sequence[Placed]) -> None:
    """Notes when each channel was last heard of."""
    latest: dict[int, int] = {}
    for item in placed:
        latest[item.channel_id] = max(latest.get(item.channel_id, 0), item.event.at_ms)
    _TOUCH_CHANNELS.run(connection, list(latest.items()))


def _add_minutes(connection: Connection, sums: Sums) -> None:
    rows = []
    for key in dict.fromkeys((*sums.minutes, *sums.audience)):
        added = sums.minutes.get(key) or _zeros()
        rows.append((*key, *(added[name] for name in MINUTE_COUNTERS), sums.audience.get(key)))
    _ADD_MINUTES.run(connection, rows)


def _new_chatters(connection: Connection, sums: Sums) -> Counter[int]:
    """How many of the batch write for the first time in their stream; to be asked before they are added."""
    speakers: defaultdict[int, list[int]] = defaultdict(list)
    for (stream_id, viewer_id), added in sums.people.items():
        if added["messages"]:
            speakers[stream_id].append(viewer_id)
    new: Counter[int] = Counter()
    for stream_id, viewer_ids in speakers.items():
        known = _KNOWN(connection, stream=stream_id, viewers=viewer_ids)
        new[stream_id] = len(viewer_ids) - sum(row.messages > 0 for row in known)
    return new


def _add_people(connection: Connection, sums: Sums) -> None:
    rows = []
    for key, added in sums.people.items():
        # What a person gave is told in coins, and a bit is one: so gifts and cheers stand in one order.
        worth = {**added, "coins": added["coins"] + added["bits"]}
        rows.append((*key, *(worth[name] for name in PERSON_COUNTERS), sums.last_at[key]))
    _ADD_PEOPLE.run(connection, rows)


def _adding(table: Any, upsert: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(table, name) + upsert.excluded[name] for name in names}


def _minutes_upsert(insert: Callable[[Any], Any]) -> Any:
    upsert = insert(MinuteRollup)
    seen, told = MinuteRollup.viewers, upsert.excluded.viewers
    changes = _adding(MinuteRollup, upsert, MINUTE_COUNTERS)
    changes["viewers"] = case((told.is_(None), seen), (seen.is_(None), told), (told > seen, told), else_=seen)
    return upsert.on_conflict_do_update(index_elements=["channel_id", "minute"], set_=changes)


def _people_upsert(insert: Callable[[Any], Any]) -> Any:
    upsert = insert(StreamViewer)
    later = upsert.excluded.last_at_ms
    changes = _adding(StreamViewer, upsert, PERSON_COUNTERS)
    changes["last_at_ms"] = case((later > StreamViewer.last_at_ms, later), else_=StreamViewer.last_at_ms)
    return upsert.on_conflict_do_update(index_elements=["stream_id", "viewer_id"], set_=changes)


def _terms_upsert(insert: Callable[[Any], Any]) -> Any:
    upsert = insert(StreamTerm)
    changes = _adding(StreamTerm, upsert, ["uses"])
    return upsert.on_conflict_do_update(index_elements=["stream_id", "emote", "term"], set_=changes)


# Without "messages > 0": with it SQLite takes the index that reads every chatter of the stream.
_KNOWN = Prepared(
    select(StreamViewer.messages).where(
        StreamViewer.stream_id == bindparam("stream"), among(StreamViewer.viewer_id, "viewers")
    )
)
_ADD_MINUTES = BulkStatement(_minutes_upsert, ("channel_id", "minute", *MINUTE_COUNTERS, "viewers"))
_ADD_PEOPLE = BulkStatement(_people_upsert, ("stream_id", "viewer_id", *PERSON_COUNTERS, "last_at_ms"))
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
