"""Imports a folder of JSON lists into the library: everything or nothing, repeatable, whatever their length.

The files are read three times: once for their lists, once to check every row, once to store them in one transaction.
Nothing of them is kept in between but where the lists begin and what may be pointed to. A row that is there already, to
the last value, is not stored again; rows that a file holds twice are two.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, column, func, select, values

from actions import installation
from actions.library import check_times
from actions.library_passwords import hash_all
from core.db import Database
from core.json_lists import Damaged, ListIn, items, lists_in
from core.text_search import unindexed
from ingest import library
from ingest.library import table_of
from rules.library_fields import Kind
from rules.library_kinds import KINDS, PAYMENTS, PLANS, USERS
from rules.library_rows import KIND_CALLED, OwnIds, Rows, plain
from rules.library_values import Setting, name_key
from rules.profiles import Invalid

CHUNK = 2_000
# What makes a record of a file the same as one that is there.
IDENTITY = {
    "plans": ("name_key",),
    "users": ("email_key",),
    "content": ("title", "content_type", "released"),
    "watch-history": ("member_id", "content_id", "watched_at_ms", "progress"),
    "reviews": ("member_id", "content_id", "rating", "comment"),  # files may not say when
    "payments": ("member_id", "amount_minor", "currency", "method", "paid_at_ms"),
}
POINTED_TO = ("plans", "users", "content")
MOST_PLACES = 1 << 24

Tell = Callable[[str], None]
Key = tuple[Any, ...]


class Refused(Exception):
    """Nothing was imported; the message is one line for people, who know which folder they have named."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a list."""

    kind: Kind
    new: int
    known: int


@dataclass(slots=True)
class Report:
    """``problems``: lines of what is wrong, told as they were found; ``ignored``: fields that nobody knows, by list."""

    stored: list[Stored] = field(default_factory=list)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    problem_count: int = 0


def import_folder(
    database: Database, folder: Path, setting: Setting, *, now_ms: int, problem: Tell, progress: Tell
) -> Report:
    """``problem`` is told every row that does not fit, by file and position; any, and nothing is stored.

    Raises Refused where the folder's files are no import at all, and DatabaseUnusable in a database of the demo.
    """
    report = Report()
    lists = _lists(folder, progress)
    checked = _Checked(lists, setting, now_ms)
    for kind in checked.kinds:
        report.problem_count += checked.check(kind, problem, progress)
        if ignored := checked.rows[kind.path].ignored:
            report.ignored[lists[kind.path].key] = sorted(ignored)
    if report.problem_count:
        return report
    hashes = _hashes(database, checked, progress)
    with database.writing() as connection:
        installation.claim_within(connection, database, installation.REAL)
        writer = _Writer(connection, checked, setting, now_ms, hashes)
        report.stored = [writer.store(kind, progress) for kind in checked.kinds]
    return report


def _lists(folder: Path, progress: Tell) -> dict[str, ListIn]:
    """The lists of all files, by path of their kind; ``folder`` may be a file, and is not named in what is wrong."""
    is_folder = folder.is_dir()
    files = sorted(folder.glob("*.json")) if is_folder else [folder]
    if not files:
        raise Refused("there is no .json file in it")
    found: dict[str, ListIn] = {}
    for file in files:
        progress(f"reading {file.name}")
        place = f"{file.name}: " if is_folder else ""
        try:
            lists = lists_in(file)
        except Damaged as error:
            raise Refused(f"{place}{error}") from error
        except OSError as error:
            raise Refused(f"{place}{error.strerror or error}") from error
        for one in lists:
            kind = KIND_CALLED.get(plain(one.key))
            if kind is None:
                known = ", ".join(kind.key for kind in KINDS)
                raise Refused(f'{place}"{one.key}" is no list of the library; there are: {known}')
            if kind.path in found:
                raise Refused(f"{kind.key} stands in {found[kind.path].file.name} and in {file.name}: take one away")
            found[kind.path] = one
    return found


class _Repeats:
    """Which keys may come more than once, found in one pass and little memory: a bit for each, by its hash.

    Keys that share a place without being the same are among them; they are few, and then counted one by one.
    """

    def __init__(self, keys: int) -> None:
        self._bits = bytearray(max(1_024, min(MOST_PLACES, 16 * keys)))
        self._several: set[int] = set()
        self._times: Counter[int] = Counter()

    def note(self, key: Key) -> None:
        hashed = hash(key)
        place, bit = (hashed >> 3) % len(self._bits), 1 << (hashed & 7)
        if self._bits[place] & bit:
            self._several.add(place)
        self._bits[place] |= bit

    def time(self, key: Key) -> int:
        """For which time the key comes, once all are noted."""
        hashed = hash(key)
        if (hashed >> 3) % len(self._bits) not in self._several:
            return 1
        self._times[hashed] += 1
        return self._times[hashed]


class _Checked:
    """The lists, each row of which is read and checked whenever it is asked for."""

    def __init__(self, lists: Mapping[str, ListIn], setting: Setting, now_ms: int) -> None:
        self.lists = lists
        self.kinds = [kind for kind in KINDS if kind.path in lists]
        self._repeats: dict[str, _Repeats] = {}
        self._plans: dict[str, int] = {}  # positions by name
        self._taken: dict[str, int] = {}  # positions by what only one may have
        self._now_ms = now_ms
        counts = {path: one.count for path, one in lists.items()}
        self._own_ids = {path: OwnIds() for path in POINTED_TO}
        self.rows = {kind.path: Rows(kind, setting, now_ms, counts, self._plans, self._own_ids) for kind in self.kinds}

    def check(self, kind: Kind, problem: Tell, progress: Tell) -> int:
        """Tells what is wrong with a list; answers in how many rows."""
        at, problems = self.lists[kind.path], 0
        repeats = self._repeats[kind.path] = _Repeats(at.count)
        self._taken = {}
        for position, row in enumerate(items(at), 1):
            try:
                # Before it is read: a faulty row is there to be pointed to as well.
                if isinstance(row, dict) and (own_ids := self._own_ids.get(kind.path)) is not None:
                    own_ids.note(self.rows[kind.path].own_id(row), position)
                values = self.rows[kind.path].read(row)
                check_times(values, self._now_ms)
                self._check_unique(kind, values, position)
                repeats.note(_key(kind, library.with_keys(kind, values)))
            except Invalid as error:
                problems += 1
                problem(f"{at.file.name}: {at.key}: row {position:,}: {error}")
            if position % 10_000 == 0 or position == at.count:
                progress(f"checking {kind.many}: {position:,} of {at.count:,}")
        return problems

    def _check_unique(self, kind: Kind, values: Mapping[str, Any], position: int) -> None:
        if kind not in (PLANS, USERS):
            return
        field_name = "name" if kind is PLANS else "email"
        key = name_key(values[field_name])
        first = self._taken.setdefault(key, position)
        if kind is PLANS:
            self._plans.setdefault(key, position)
        if first != position:
            raise Invalid([{"field": field_name, "message": f"is the same as in row {first:,}"}])

    def read(self, kind: Kind) -> Iterator[dict[str, Any]]:
        """The rows of a list, pointing to others by position."""
        rows = self.rows[kind.path]
        return (library.with_keys(kind, rows.read(row)) for row in items(self.lists[kind.path]))

    def read_times(self, kind: Kind) -> Iterator[tuple[int, dict[str, Any]]]:
        """The same once, each with for which time it comes."""
        repeats = self._repeats.pop(kind.path)
        return ((repeats.time(_key(kind, row)), row) for row in self.read(kind))


def _hashes(database: Database, checked: _Checked, progress: Tell) -> dict[str, str]:
    """The hashes of new users' passwords by address: before the transaction, because they take their time."""
    wanted: dict[str, str] = {}
    with database.reading() as connection:
        rows = checked.read(USERS) if USERS in checked.kinds else iter(())
        while chunk := list(islice(rows, CHUNK)):
            known = _known(connection, USERS, [_key(USERS, row) for row in chunk])
            fresh = [row for row in chunk if row["password_hash"] is not None and _key(USERS, row) not in known]
            wanted |= {row["email_key"]: row["password_hash"] for row in fresh}
    hashed = hash_all(wanted.values(), lambda done: progress(f"hashing passwords: {done:,} of {len(wanted):,}"))
    return dict(zip(wanted, hashed, strict=True))


class _Writer:
    """Stores the lists, each after those it points to, in the caller's transaction."""

    def __init__(
        self, connection: Connection, checked: _Checked, setting: Setting, now_ms: int, hashes: Mapping[str, str]
    ) -> None:
        self._connection, self._checked, self._hashes = connection, checked, hashes
        self._setting, self._now_ms = setting, now_ms
        self._ids: dict[str, list[int]] = {}  # by path: ids in the order of the list
        self._plans: list[int | None] = []  # which the users have, in their order

    def store(self, kind: Kind, progress: Tell) -> Stored:
        at, new, done = self._checked.lists[kind.path], 0, 0
        newest = self._connection.scalar(select(func.max(table_of(kind).c.id)))
        self._ids[kind.path] = []
        rows = self._checked.read_times(kind)
        while chunk := [(time, self._pointed(kind, row)) for time, row in islice(rows, CHUNK)]:
            known = _known(self._connection, kind, [_key(kind, row) for _, row in chunk], newest) if newest else {}
            new += self._store_chunk(kind, chunk, known)
            done += len(chunk)
            progress(f"storing {kind.many}: {done:,} of {at.count:,}")
        return Stored(kind, new, at.count - new)

    def _store_chunk(
        self, kind: Kind, chunk: Sequence[tuple[int, dict[str, Any]]], known: Mapping[Key, list[int]]
    ) -> int:
        """Stores what of a chunk is new, and answers how many that were."""
        found: list[int | None] = []
        fresh: list[dict[str, Any]] = []
        for time, row in chunk:
            same = known.get(_key(kind, row), [])
            found.append(same[time - 1] if time <= len(same) else None)
            if found[-1] is None:
                fresh.append(row)
        made = library.store_many(self._connection, kind, fresh, self._setting.zone, self._now_ms)
        if kind.path in POINTED_TO:
            following = iter(made)
            self._ids[kind.path] += [next(following) if one is None else one for one in found]
        return len(fresh)

    def _pointed(self, kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
        """The row with ids in place of positions, and a hash in place of a password."""
        if kind is PAYMENTS:
            usual = self._plans[row["member_id"] - 1]
        for _, name, path in kind.references:
            if row[name] is not None:
                row[name] = self._ids[path][row[name] - 1]
        if kind is PAYMENTS and row["plan_id"] is None:
            row["plan_id"] = usual
        if kind is USERS:
            self._plans.append(row["plan_id"])
            row["password_hash"] = self._hashes.get(row["email_key"])
        return row


def _key(kind: Kind, row: Mapping[str, Any]) -> Key:
    return tuple(row[column] for column in IDENTITY[kind.path])


def _known(connection: Connection, kind: Kind, keys: Sequence[Key], newest: int | None = None) -> dict[Key, list[int]]:
    """The ids of records that are the same as those with ``keys``, and were there before ``newest`` was."""
    columns = table_of(kind).c
    identity = [columns[name] for name in IDENTITY[kind.path]]
    wanted = (
        values(*(column(one.name, one.type) for one in identity), name="wanted")
        .data(list(dict.fromkeys(keys)))
        .cte("wanted")
    )
    # Joined, because SQLite answers `(a, b) IN (…)` from no index; and not by ratings, which thousands have in common.
    same = [(unindexed(one) if one.name == "rating" else one) == wanted.c[one.name] for one in identity]
    query = select(columns.id, *identity).join_from(wanted, table_of(kind), and_(*same)).order_by(columns.id)
    found: defaultdict[Key, list[int]] = defaultdict(list)
    for row in connection.execute(query if newest is None else query.where(columns.id <= newest)):
        found[tuple(row[1:])].append(row.id)
    return found
