"""Whom the rows of a list of viewers are about, and what each row would change; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select

from actions import viewers
from core.statements import Prepared, among, one_of
from ingest import privacy, vip
from ingest.rebuild import BASELINE
from ingest.viewers import PROVISIONAL
from models import IgnoredName, Viewer, ViewerBaseline, VipSource
from rules.tiers import Tier
from rules.viewer_lists import Columns, Entry, Problems

STEP = 5_000
SKIPPED = {"ignored": "is on the ignore list", "opted_out": "asked not to be recorded"}


@dataclass(slots=True)
class Person:
    """An entry with the person it is about (None: somebody new), and what it changes."""

    entry: Entry
    row: Any
    id: int = 0
    baseline: dict[str, int] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)  # columns of `viewers`
    trail: list[tuple[str, Any, Any]] = field(default_factory=list)
    new_baseline: dict[str, int] | None = None
    grown: dict[str, int] = field(default_factory=dict)  # by how much each total of the person changes


def people(
    connection: Connection, entries: Sequence[Entry], columns: Columns, problems: Problems, now_ms: int
) -> list[Person]:
    """Everybody in the list with what would change of them; who is in it twice goes to ``problems``."""
    tiers = vip.tiers(connection)
    found = _matched(connection, entries, columns, problems)
    for person in found:
        _compare(person, columns, tiers, problems, now_ms)
    return found


def user_id_of(entry: Entry) -> str:
    """The platform's id, or the one that stands for it until the platform tells."""
    return entry.user_id or f"{PROVISIONAL}{entry.username}"


def _matched(connection: Connection, entries: Sequence[Entry], columns: Columns, problems: Problems) -> list[Person]:
    """Who the entries are about: by the platform's id, else by name."""
    people: list[Person] = []
    seen: dict[Any, int] = {}
    for start in range(0, len(entries), STEP):
        step = entries[start : start + STEP]
        for entry, row in zip(step, _rows(connection, step), strict=True):
            who = row.id if row is not None else (entry.platform, entry.user_id or f"@{entry.username}")
            if row is None and not entry.username:
                problems.add(entry.line, columns.name_of("username"), "is missing, and nobody has that id")
            elif who in seen:
                problems.add(entry.line, columns.name_of("username"), f"is the person of line {seen[who]} again")
            else:
                seen[who] = entry.line
                people.append(Person(entry, row, row.id if row is not None else 0))
    known = {person.row.id: person for person in people if person.row is not None}
    for baseline in _BASELINES(connection, ids=list(known)) if known else ():
        known[baseline.viewer_id].baseline = {name: getattr(baseline, name) for name in BASELINE}
    return people


def _rows(connection: Connection, entries: Sequence[Entry]) -> Iterator[Any]:
    by_id: dict[tuple[str, str], Any] = {}
    by_name: dict[tuple[str, str], Any] = {}
    for platform in {entry.platform for entry in entries}:
        theirs = [entry for entry in entries if entry.platform == platform]
        # Somebody told by id may be known by name only, from an earlier import.
        ids = [one for entry in theirs for one in (entry.user_id, f"{PROVISIONAL}{entry.username}") if one]
        by_id.update({(platform, row.platform_user_id): row for row in BY_ID(connection, platform=platform, ids=ids)})
        names = [entry.username for entry in theirs if not entry.user_id]
        rows = _BY_NAME(connection, platform=platform, names=names) if names else ()
        by_name.update({(platform, row.username): row for row in rows})  # the last one heard of stays
    for entry in entries:
        provisional = by_id.get((entry.platform, f"{PROVISIONAL}{entry.username}"))
        if entry.user_id:
            yield by_id.get((entry.platform, entry.user_id)) or provisional
        else:
            yield by_name.get((entry.platform, entry.username)) or provisional


def _compare(person: Person, columns: Columns, tiers: list[Tier], problems: Problems, now_ms: int) -> None:
    """Works out what the entry changes."""
    entry, row = person.entry, person.row
    before = viewers.editable_of(row) if row is not None else _NOTHING
    for name, value in entry.values.items():
        if name in before:
            if value != before[name]:
                person.values.update(viewers.columns_of(name, value, now_ms))
                person.trail.append((name, before[name], value))
        elif name != "display_name" or row is None or not row.named_at_ms:  # what the platform told is right
            known = getattr(row, name) if row is not None else ""
            if value != known:
                person.values[name] = value
                person.trail.append((name, known, value))
    if row is not None:
        _compare_identity(person)
    if entry.vip_tier:
        _compare_tier(person, columns, tiers, problems, now_ms)
    _compare_totals(person, columns.is_our_export)


def _compare_identity(person: Person) -> None:
    entry, row = person.entry, person.row
    if entry.user_id and row.platform_user_id != entry.user_id:
        person.values["platform_user_id"] = entry.user_id
        person.trail.append(("platform_user_id", None, entry.user_id))
    if entry.username and not row.named_at_ms and entry.username != row.username:
        person.values["username"] = entry.username
        person.trail.append(("username", row.username, entry.username))
    if entry.first_seen_at_ms is not None and entry.first_seen_at_ms < row.first_seen_at_ms:
        person.values["first_seen_at_ms"] = entry.first_seen_at_ms
        if row.total_visits == person.baseline.get("visits", 0):
            # Nobody saw them here yet: then this is when they were last heard of as well.
            person.values["last_seen_at_ms"] = entry.first_seen_at_ms
        person.trail.append(("first_seen_at_ms", row.first_seen_at_ms, entry.first_seen_at_ms))


def _compare_tier(person: Person, columns: Columns, tiers: list[Tier], problems: Problems, now_ms: int) -> None:
    try:
        tier = viewers.find_tier(tiers, person.entry.vip_tier)
    except viewers.UnknownTier as error:
        problems.add(person.entry.line, columns.name_of("vip_tier"), str(error))
        return
    row = person.row
    held = row.vip_tier_id if row is not None else None
    if tier.id == held:
        return
    since_ms = row.vip_since_ms if held is not None else now_ms
    person.values |= {"vip_tier_id": tier.id, "vip_source": VipSource.SET, "vip_since_ms": since_ms}
    names: dict[int | None, str] = {known.id: known.name for known in tiers}
    before = {
        "tier": names.get(held),
        "by": viewers.SOURCES[row.vip_source if row is not None else VipSource.AUTOMATIC],
    }
    person.trail.append(("vip_tier", before, {"tier": tier.name, "by": "set"}))


def _compare_totals(person: Person, in_all: bool) -> None:
    """``in_all``: the file's totals are all that was ever counted, what this database counted itself among it."""
    if not person.entry.totals:
        return
    before = {name: person.baseline.get(name, 0) for name in BASELINE}
    after = dict(before)
    for name, told in person.entry.totals.items():
        if in_all and person.row is not None:
            counted = getattr(person.row, BASELINE[name]) - before[name]
            after[name] = max(before[name], told - counted)
        else:
            after[name] = told
    if after != before:
        person.new_baseline = after
        person.grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
        person.trail.append(("baseline", before, after))


def allowed(connection: Connection, entries: Sequence[Entry]) -> tuple[list[Entry], list[dict[str, Any]]]:
    """The entries of people who may be recorded, and of the others who they are and why not."""
    names = list({entry.username for entry in entries})
    ignored = set(connection.scalars(select(IgnoredName.name).where(one_of(connection, IgnoredName.name, names))))
    hashes = _hashes(connection, entries)
    out = privacy.opted_out(connection, [one for of in hashes for one in of])
    taken, skipped = [], []
    for entry, of in zip(entries, hashes, strict=True):
        why = "ignored" if entry.username in ignored else "opted_out" if not out.isdisjoint(of) else None
        if why is None:
            taken.append(entry)
        else:
            skipped.append({"line": entry.line, "username": entry.username, "message": SKIPPED[why]})
    return taken, skipped


def _hashes(connection: Connection, entries: Sequence[Entry]) -> list[list[str]]:
    """As whom each person would be on the list of those who opted out; empty lists while nobody did."""
    salt = privacy.known_salt(connection)
    if salt is None:
        return [[] for _ in entries]
    return [
        [
            privacy.person_hash(salt, entry.platform, user_id_of(entry)),
            # A name may be somebody else's by now, but not while nothing else of its owner was known.
            (privacy.imported_hash if entry.user_id else privacy.login_hash)(salt, entry.platform, entry.username),
        ]
        for entry in entries
    ]


_NOTHING: dict[str, Any] = {
    "tts_voice": "",
    "discord_username": "",
    "birthday": None,
    "notes": "",
    "tags": [],
    "is_favorite": False,
    "is_blocked": False,
    "is_moderator": False,
}
_COLUMNS = (
    *(Viewer.id, Viewer.platform_user_id, Viewer.username, Viewer.display_name, Viewer.named_at_ms),
    *(Viewer.gender, Viewer.country, Viewer.language, Viewer.first_seen_at_ms, Viewer.last_seen_at_ms),
    *(Viewer.tts_voice, Viewer.discord_username, Viewer.birthday, Viewer.notes, Viewer.tags, Viewer.is_blocked),
    *(Viewer.favorite_since_ms, Viewer.is_moderator, Viewer.vip_tier_id, Viewer.vip_since_ms, Viewer.vip_source),
    *(getattr(Viewer, name) for name in BASELINE.values()),
)
_KNOWN = select(*_COLUMNS).where(Viewer.platform == bindparam("platform"), Viewer.erased_at_ms.is_(None))
BY_ID = Prepared(_KNOWN.where(among(Viewer.platform_user_id, "ids")))
_BY_NAME = Prepared(_KNOWN.where(among(Viewer.username, "names")).order_by(Viewer.named_at_ms))
_BASELINES = Prepared(
    select(ViewerBaseline.viewer_id, *(getattr(ViewerBaseline, name) for name in BASELINE)).where(
        among(ViewerBaseline.viewer_id, "ids")
    )
)
