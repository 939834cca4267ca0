"""Terms of streams: how often each word and each emote was used, and which were used most.

A batch uses hundreds of words, nearly all of them as the batches before and after it do. So what it adds is left in one
row, which also tells the most used as they are then, and what many batches have left is added up at once.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, literal_column, select

from core.statements import BulkStatement, Prepared, among
from ingest.levels import level_of
from models import FreshTerms, StreamTerm
from rules.terms import MOST_USED

# What is added up at once: so many uses, which take some 8 ms and 200 KB, or what so many batches have left.
USES, BATCHES = 25_000, 100
MOST_KNOWN = 50_000  # some 5 MB

Terms = tuple[int, bool]  # of which stream, and whether they are its emotes


@dataclass(slots=True)
class Uses:
    """What is known of a stream's words or emotes."""

    left: Counter[str]  # what batches have left
    uses_left: int  # how many that are
    newest: int  # the number of the last of these batches; 0: there is none
    most_used: dict[str, int]
    of: Counter[str] = field(default_factory=Counter)  # all uses of those that were looked for


Known = dict[Terms, Uses]


def add(connection: Connection, terms: Terms, used: Sequence[str], known: Known) -> None:
    """Adds what a batch used. ``known`` is kept up to date; it has to be emptied when anybody else may have written."""
    if not used:
        return
    found = known.get(terms)
    if found is None:
        found = known[terms] = _read(connection, terms)
    distinct = set(used)
    _look_for(connection, terms, distinct, found)
    found.of.update(used)
    found.left.update(used)
    found.uses_left += len(used)
    found.newest += 1
    _rank(found, distinct)
    if found.newest < BATCHES and found.uses_left < USES:
        _LEAVE.run(connection, [(*terms, found.newest, _to_json(found.most_used), _as_text(terms, used))])
    else:
        _add_up(connection, terms, found)


def take_back(connection: Connection, spoken: Mapping[tuple[int, bool, str], int]) -> None:
    """Takes uses out of the terms of streams; what was used nowhere else is gone."""
    taken: defaultdict[Terms, dict[str, int]] = defaultdict(dict)
    for (stream_id, is_emote, term), uses in spoken.items():
        taken[stream_id, is_emote][term] = uses
    for terms, less in taken.items():
        found = _read(connection, terms)
        _look_for(connection, terms, less, found)
        found.of.subtract(less)
        found.left.subtract(less)
        _add_up(connection, terms, found)
        _FORGET_UNUSED.run(connection, [terms])


def stay_small(known: Known) -> None:
    if sum(len(uses.of) for uses in known.values()) > MOST_KNOWN:
        known.clear()


def _read(connection: Connection, terms: Terms) -> Uses:
    rows = _LEFT(connection, **_named(terms)).all()
    if not rows:
        return Uses(Counter(), 0, 0, {row.term: row.uses for row in _MOST_USED(connection, **_named(terms))})
    left = Counter(chain.from_iterable(_from_text(row.used) for row in rows))
    return Uses(left, left.total(), rows[-1].number, json.loads(rows[-1].most_used))


def _look_for(connection: Connection, terms: Terms, wanted: Iterable[str], found: Uses) -> None:
    uses = found.of
    if unread := [term for term in wanted if term not in uses]:
        uses.update({term: found.left[term] for term in unread})
        for term, count in _USES(connection, **_named(terms), terms=unread):
            uses[term] += count


def _rank(found: Uses, used: Iterable[str]) -> None:
    """Uses only grow here: who had fewer than the least of the most used, and was not used now, still has."""
    uses, most_used = found.of, found.most_used
    least = min(most_used.values()) if len(most_used) == MOST_USED else 0
    most_used.update({term: uses[term] for term in used if uses[term] >= least})
    found.most_used = dict(sorted(most_used.items(), key=_most_used_first)[:MOST_USED])


def _add_up(connection: Connection, terms: Terms, found: Uses) -> None:
    """Moves to the table what batches have left."""
    _look_for(connection, terms, found.left, found)
    same: list[tuple[Any, ...]] = []
    moved: list[tuple[Any, ...]] = []
    for term in sorted(found.left):  # in the order of the key: neighbours share their pages
        count, now = found.left[term], found.of[term]
        level = level_of(now)
        (same if level == level_of(now - count) else moved).append((*terms, term, count, level))
    _ADD.run(connection, same)
    _ADD_MOVED.run(connection, moved)
    _FORGET_LEFT.run(connection, [terms])
    found.left.clear()
    found.newest = found.uses_left = 0


def _as_text(terms: Terms, used: Sequence[str]) -> str:
    """Words hold no space; an emote may hold anything."""
    return _to_json(used) if terms[1] else " ".join(used)


def _from_text(used: str) -> list[str]:
    """Earlier versions, of which one may end only after an upgrade, left words as JSON, too. None begins with "["."""
    return list(json.loads(used)) if used.startswith("[") else used.split(" ")


def _named(terms: Terms) -> dict[str, Any]:
    return {"stream": terms[0], "emote": terms[1]}


def _most_used_first(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _adding(*told: str) -> BulkStatement:
    def build(insert: Callable[[Any], Any]) -> Any:
        upsert = insert(StreamTerm)
        changes = {"uses": StreamTerm.uses + upsert.excluded.uses} | {name: upsert.excluded[name] for name in told}
        return upsert.on_conflict_do_update(index_elements=["stream_id", "emote", "term"], set_=changes)

    return BulkStatement(build, ("stream_id", "emote", "term", "uses", "level"))


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_OF_STREAM = (StreamTerm.stream_id == bindparam("stream"), StreamTerm.emote == bindparam("emote"))
_LEFT_OF_STREAM = (FreshTerms.stream_id == bindparam("stream"), FreshTerms.emote == bindparam("emote"))
_USES = Prepared(select(StreamTerm.term, StreamTerm.uses).where(*_OF_STREAM, among(StreamTerm.term, "terms")))
_MOST_USED = Prepared(
    select(StreamTerm.term, StreamTerm.uses)
    .where(*_OF_STREAM, StreamTerm.level > 0)
    .order_by(StreamTerm.level.desc(), StreamTerm.uses.desc(), StreamTerm.term)
    .limit(MOST_USED)
)
_LEFT = Prepared(
    select(FreshTerms.number, FreshTerms.most_used, FreshTerms.used).where(*_LEFT_OF_STREAM).order_by(FreshTerms.number)
)
_ADD, _ADD_MOVED = _adding(), _adding("level")  # an index costs wherever its column is named
_LEAVE = BulkStatement(lambda _insert: insert(FreshTerms), ("stream_id", "emote", "number", "most_used", "used"))
_FORGET_LEFT = BulkStatement(lambda _insert: delete(FreshTerms).where(*_LEFT_OF_STREAM), ("stream", "emote"))
_FORGET_UNUSED = BulkStatement(
    lambda _insert: delete(StreamTerm).where(*_OF_STREAM, StreamTerm.level == literal_column("0")),
    ("stream", "emote"),
)
