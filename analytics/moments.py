"""Hype moments with what made them: found in the minutes of a stream, explained from its messages."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, func, select

from analytics.retention import kept_since_ms
from core.clock import MINUTE_MS, hh_mm, iso
from core.events import Kind, Mark
from core.statements import Prepared, among
from core.text_search import begins_with
from models import Channel, EventStatus, Installation, MinuteRollup, Viewer
from models import Event as EventRow
from rules import moments as rule
from rules import terms as term_rule
from rules.erasure import ERASED, PENDING

MESSAGES_READ = 1_000
RAID_LOOK_BACK_MINUTES = 3
SAMPLES = 3

State = tuple[int, ...]  # what an explanation depends on: see ``of_stream``


class Memo:
    """Remembers explained spikes: a minute of the same height, with nothing taken back, is not read again."""

    def __init__(self, capacity: int = 500) -> None:
        self._capacity = capacity
        self._known: OrderedDict[tuple[int, int], tuple[State, dict[str, Any]]] = OrderedDict()

    def get(self, place: tuple[int, int], state: State) -> dict[str, Any] | None:
        """What was kept for ``place`` (stream, minute), if it was then in this ``state``."""
        known = self._known.get(place)
        return known[1] if known and known[0] == state else None

    def keep(self, place: tuple[int, int], state: State, value: dict[str, Any]) -> None:
        self._known[place] = (state, value)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)


def of_stream(
    connection: Connection,
    stream: Any,
    first_minute: int,
    counts: Sequence[int],
    usual: float | None,
    zone: ZoneInfo,
    memo: Memo,
) -> list[dict[str, Any]]:
    """The moments of ``stream`` (a row with id, channel_id, started_at_ms), newest first.

    ``counts`` are its messages per minute from ``first_minute`` on.
    """
    spikes = rule.spikes(counts, usual)
    # Moderators may take back what a spike was explained with, and another message bring it back to its height; and
    # who was erased is named no more, here as everywhere.
    orders = _orders_since(connection, stream.channel_id, first_minute) if spikes else 0
    erasures = tuple(_ERASURES(connection).one()) if spikes else ()
    found = []
    for spike in spikes:
        minute = first_minute + spike.index
        place, state = (stream.id, minute), (spike.height, orders, *erasures)
        explained = memo.get(place, state)
        if explained is None:
            explained = _explain(connection, stream.channel_id, minute)
            memo.keep(place, state, explained)
        at_ms = minute * MINUTE_MS
        found.append(
            {
                "at": iso(at_ms, zone),
                "time": hh_mm(minute, zone),
                "offset_seconds": max(0, at_ms - stream.started_at_ms) // 1000,
                "messages": spike.height,
                "times_usual": spike.ratio,
                **explained,
                "stream_id": stream.id,
            }
        )
    return found[::-1]


def _explain(connection: Connection, channel_id: int, minute: int) -> dict[str, Any]:
    """``platform``, ``channel``, ``cause``, ``terms`` and ``messages_sample`` of one minute."""
    channel = _CHANNEL(connection, id=channel_id).one()
    said = _messages(connection, channel_id, minute)
    forgotten = not said and minute * MINUTE_MS < kept_since_ms(connection)
    uses: Counter[tuple[str, bool]] = Counter()
    for row in said:
        emotes = json.loads(row.extra).get("emotes", ()) if row.extra else ()
        uses.update((name, True) for name in emotes)
        uses.update((word, False) for word in term_rule.words(row.text or "", emotes))
    top = [(term if emote else _as_written(term, said), emote, count) for (term, emote), count in uses.most_common(5)]
    rollup = connection.execute(
        select(MinuteRollup.gifts, MinuteRollup.subs).where(
            MinuteRollup.channel_id == channel_id, MinuteRollup.minute == minute
        )
    ).first()
    gifts, subs = rollup or (0, 0)
    return {
        "platform": channel.platform,
        "channel": channel.name,
        "cause": rule.cause(
            [(term, count) for term, _, count in top],
            _raid(connection, channel_id, minute),
            gifts,
            subs,
            forgotten=forgotten,
        ),
        "terms": [{"term": term, "count": count, "emote": emote} for term, emote, count in top],
        "messages_sample": _sample(said, top[0][0] if top else ""),
    }


def _orders_since(connection: Connection, channel_id: int, minute: int) -> int:
    """How many deletions, timeouts and clears there have been: whatever came late is in the number, too."""
    return int(_ORDERS(connection, channel=channel_id, kinds=_REMOVING, first=minute * MINUTE_MS).scalar_one())


def _messages(connection: Connection, channel_id: int, minute: int) -> Sequence[Any]:
    query = (
        select(EventRow.text, EventRow.extra, Viewer.display_name)
        .outerjoin(Viewer, Viewer.id == EventRow.viewer_id)
        .where(
            EventRow.channel_id == channel_id,
            EventRow.kind == Kind.CHAT.value,
            EventRow.at_ms.between(minute * MINUTE_MS, (minute + 1) * MINUTE_MS - 1),
            EventRow.status == EventStatus.SHOWN,
            EventRow.marks.op("&")(int(Mark.SHARED)) == 0,
        )
        .order_by(EventRow.at_ms)
        .limit(MESSAGES_READ)
    )
    return connection.execute(query).all()


def _as_written(word: str, said: Sequence[Any]) -> str:
    """Words are counted in lower case but shown loud where the chat shouted."""
    loud = sum(word.upper() in (row.text or "") for row in said)
    heard = sum(word in (row.text or "").lower() for row in said)
    return word.upper() if loud * 2 > heard else word


def _raid(connection: Connection, channel_id: int, minute: int) -> tuple[str, int] | None:
    row = connection.execute(
        select(Viewer.display_name, EventRow.amount)
        .join(Viewer, Viewer.id == EventRow.viewer_id)
        .where(
            EventRow.channel_id == channel_id,
            EventRow.kind == Kind.RAID.value,
            EventRow.at_ms.between((minute - RAID_LOOK_BACK_MINUTES) * MINUTE_MS, (minute + 1) * MINUTE_MS - 1),
        )
        .order_by(EventRow.amount.desc())
        .limit(1)
    ).first()
    return (row.display_name, row.amount) if row else None


def _sample(said: Sequence[Any], term: str) -> list[dict[str, str]]:
    """Some messages that hold the term, by different people."""
    by_user: dict[str, str] = {}
    for row in said:
        if row.display_name and term.lower() in (row.text or "").lower():
            by_user.setdefault(row.display_name, row.text or "")
        if len(by_user) == SAMPLES:
            break
    return [{"user": user, "message": text} for user, text in by_user.items()]


_CHANNEL = Prepared(select(Channel.platform, Channel.name).where(Channel.id == bindparam("id")))
_ERASURES = Prepared(
    select(
        select(func.count())
        .select_from(Viewer)
        .where(begins_with(Viewer.username, bindparam("erased", ERASED)))
        .scalar_subquery(),
        select(func.count())
        .select_from(Installation)
        .where(begins_with(Installation.key, bindparam("pending", PENDING)))
        .scalar_subquery(),
    )
)
_REMOVING = [kind.value for kind in (Kind.DELETE, Kind.TIMEOUT, Kind.CLEAR)]
_ORDERS = Prepared(
    select(func.count())
    .select_from(EventRow)
    .where(
        EventRow.channel_id == bindparam("channel"), among(EventRow.kind, "kinds"), EventRow.at_ms >= bindparam("first")
    )
)
