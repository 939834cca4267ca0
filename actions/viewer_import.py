"""Lists of viewers from CSV files: who is in them, what that would change, and the change itself, all or nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from actions import edits, installation, viewer_matching
from actions.edits import Edit
from actions.viewer_matching import BY_ID, STEP, Person, allowed, user_id_of
from core.db import Database
from core.events import Platform
from core.statements import BulkStatement, replacing
from ingest import news, vip
from ingest.census import Census
from ingest.policy import Policy
from ingest.rebuild import BASELINE
from models import Installation, Viewer, ViewerBaseline
from rules import csv_table, viewer_lists
from rules.profiles import Invalid
from rules.viewer_lists import Columns, Entry, Problems

TOLD = 100  # changed people whom dashboards are told of at once


@dataclass(slots=True)
class Report:
    """What an import did, or would do; with ``errors`` (``line``, ``column``: theirs, ``message``) nothing is done.

    ``columns``: our field for each of their columns, None where it is left out. ``skipped``: people who must not be
    recorded, with ``line``, ``username`` and ``message``.
    """

    dry_run: bool
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    columns: dict[str, str | None] = field(default_factory=dict)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    error_count: int = 0
    done: bool = False


def run(
    database: Database,
    content: bytes | str,
    *,
    editor: str,
    now_ms: int,
    policy: Policy,
    dry_run: bool = False,
    platform: str = Platform.TIKTOK,
    mapping: Mapping[str, str | None] | None = None,
) -> Report:
    """Imports a list of viewers in one transaction, or says what that would do.

    ``mapping``: their columns → our fields (``viewer_lists.FIELDS``); without it the columns' names tell. Empty cells
    change nothing. Totals are what a person had done before this database knew them, so importing a list twice is the
    same as once; those of our own export count what this database knows already. Raises Invalid where the file as a
    whole cannot be taken; what is wrong with single cells is in the report.
    """
    if platform not in viewer_lists.PLATFORMS:
        raise Invalid([{"field": "platform", "message": f"must be one of: {', '.join(viewer_lists.PLATFORMS)}"}])
    problems, report = Problems(), Report(dry_run)
    try:
        table = csv_table.read(content)
        columns = viewer_lists.columns_of(table.header, mapping)
        entries = viewer_lists.entries(table, columns, platform, now_ms, problems)
    except csv_table.UnreadableTable as error:
        raise Invalid([{"field": "file", "message": str(error)}]) from None
    report.columns = dict(zip(columns.names, columns.fields, strict=True))
    with database.reading() if dry_run or problems.number else database.writing() as connection:
        _in(connection, entries, columns, problems, report, editor=editor, now_ms=now_ms, policy=policy)
    report.errors = sorted(problems.kept, key=lambda one: int(one["line"]))
    report.error_count = problems.number
    return report


def import_file(
    database: Database, path: Path, *, now_ms: int, policy: Policy, dry_run: bool = False, platform: str = "tiktok"
) -> Report:
    """The same from a file, for the command line. Raises Invalid and OSError."""
    content = path.read_bytes()
    return run(
        database, content, editor="command line", now_ms=now_ms, policy=policy, dry_run=dry_run, platform=platform
    )


def lines_of(report: Report) -> Iterator[str]:
    """The report for people, line by line."""
    for error in report.errors:
        column = f", column {error['column']!r}" if error["column"] else ""
        yield f"line {error['line']}{column}: {error['message']}"
    if report.error_count > len(report.errors):
        yield f"… and {report.error_count - len(report.errors):,} more"
    for one in report.skipped:
        yield f"line {one['line']}: {one['username']} {one['message']}: left out"
    # A spreadsheet adds columns without names, of which there is nothing to tell.
    left_out = [theirs for theirs, ours in report.columns.items() if ours is None and theirs]
    if left_out:
        yield f"columns left out: {', '.join(left_out)}"
    counts = f"{report.new:,} new, {report.changed:,} changed, {report.unchanged:,} unchanged"
    rows = f"{report.rows:,} row{'s' if report.rows != 1 else ''}"
    if report.error_count:
        cells = f"{report.error_count:,} cell{'s' if report.error_count != 1 else ''}"
        yield f"nothing was imported: {cells} of {rows} {'are' if report.error_count != 1 else 'is'} wrong"
    elif report.dry_run:
        yield f"{rows}: this would be {counts}; nothing was changed"
    else:
        yield f"{rows} imported: {counts}"


def _in(
    connection: Connection,
    entries: Sequence[Entry],
    columns: Columns,
    problems: Problems,
    report: Report,
    *,
    editor: str,
    now_ms: int,
    policy: Policy,
) -> None:
    """Everything that needs the database."""
    report.rows = len(entries) + len({one["line"] for one in problems.kept})
    taken, report.skipped = allowed(connection, entries)
    people = viewer_matching.people(connection, taken, columns, problems, now_ms)
    new = [person for person in people if person.row is None]
    changed = [person for person in people if person.row is not None and (person.values or person.trail)]
    report.new, report.changed = len(new), len(changed)
    report.unchanged = len(people) - len(new) - len(changed)
    if problems.number or report.dry_run:
        return
    if installation.content_of(connection) is None:
        connection.execute(insert(Installation).values(key=installation.CONTENT, value=installation.REAL))
    _make(connection, new, now_ms)
    _write(connection, [*new, *changed], editor, now_ms)
    _promote(connection, [person.id for person in (*new, *changed)], now_ms, policy)
    news.tell(
        connection,
        [
            (now_ms, person.id, "updated", {"fields": [name for name, _, _ in person.trail]})
            for person in changed[:TOLD]
        ],
    )
    report.done = True


def _make(connection: Connection, new: Sequence[Person], now_ms: int) -> None:
    """Makes the rows of new people and notes their ids."""
    census, made = Census(), []
    keys: dict[tuple[str, str], Person] = {}
    for person in new:
        entry = person.entry
        user_id = user_id_of(entry)
        keys[entry.platform, user_id] = person
        first_ms = now_ms if entry.first_seen_at_ms is None else entry.first_seen_at_ms
        name = entry.values.get("display_name") or entry.username
        made.append((entry.platform, user_id, entry.username, name, first_ms, first_ms, now_ms, now_ms))
        census.add(entry.platform, viewers=1)
        census.seen(None, first_ms)
    _INSERT.run(connection, made)
    census.write(connection)
    for platform in {platform for platform, _ in keys}:
        ids = [user_id for of, user_id in keys if of == platform]
        for row in BY_ID(connection, platform=platform, ids=ids):
            keys[platform, row.platform_user_id].id = row.id


def _write(connection: Connection, people: Sequence[Person], editor: str, now_ms: int) -> None:
    census, baselines = Census(), []
    shapes: defaultdict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for person in people:
        values = person.values | {"updated_at_ms": now_ms}
        for name, added in person.grown.items():
            total = BASELINE[name]
            values[total] = (getattr(person.row, total) if person.row is not None else 0) + added
        shapes[tuple(values)].append((*values.values(), person.id))
        if person.new_baseline is not None:
            baselines.append((person.id, *person.new_baseline.values()))
            census.add(
                person.entry.platform,
                coins=person.grown.get("coins", 0),
                watchtime_ms=person.grown.get("watchtime_ms", 0),
            )
        if "last_seen_at_ms" in values:
            census.seen(person.row.last_seen_at_ms, values["last_seen_at_ms"])
    for shape, rows in shapes.items():
        _setting(shape).run(connection, rows)
    _SET_BASELINES.run(connection, baselines)
    census.write(connection)
    trail = [edit for person in people for edit in _trail_of(person)]
    edits.record(connection, trail, editor=editor, now_ms=now_ms)


def _trail_of(person: Person) -> Iterator[Edit]:
    if person.row is None:
        given = {name: after for name, _, after in person.trail}
        yield Edit(person.id, "imported", None, {"username": person.entry.username, **given})
        return
    for name, before, after in person.trail:
        yield Edit(person.id, name, before, after)


def _promote(connection: Connection, viewer_ids: Sequence[int], now_ms: int, policy: Policy) -> None:
    told: list[news.News] = []
    for start in range(0, len(viewer_ids), STEP):
        promoted = vip.promote(connection, viewer_ids[start : start + STEP], now_ms, policy)
        told.extend(promoted[: TOLD - len(told)])
    news.tell(connection, told)


def _setting(columns: Iterable[str]) -> BulkStatement:
    """Sets these columns of a person."""
    names = tuple(columns)
    if names not in _SETTING:
        changes: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        _SETTING[names] = BulkStatement(
            lambda _insert: update(Viewer).where(Viewer.id == bindparam("id_")).values(changes),
            (*(f"new_{name}" for name in names), "id_"),
        )
    return _SETTING[names]


_SETTING: dict[tuple[str, ...], BulkStatement] = {}
_INSERT = BulkStatement(
    lambda insert: insert(Viewer),
    (
        "platform",
        "platform_user_id",
        "username",
        "display_name",
        "first_seen_at_ms",
        "last_seen_at_ms",
        "created_at_ms",
        "updated_at_ms",
    ),
)
_SET_BASELINES = replacing(ViewerBaseline, ["viewer_id"], list(BASELINE))
