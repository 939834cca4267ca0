"""Creates or upgrades the database; by hand: demo, team, ignore list, imports, copies."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from actions import (
    backup,
    installation,
    library_import,
    relocation,
    retention,
    team,
    viewer_import,
)
from core import sqlite
from core.clock import iso_utc, now_ms
from core.config import ROOT, Settings, SettingsError, database_address, load_settings
from core.db import Database, DatabaseUnusable, await_server, check_schema, is_locked, shown, why_unusable
from core.events import Platform
from ingest import gift_history, ledger, ledger_history, library_rebuild, minor_units, store_rebuild
from ingest.known_bots import KNOWN_BOTS
from ingest.policy import Policy
from ingest.rebuild import rebuild
from ingest.retention import kept_since_ms
from models import SCHEMA_REVISION, IgnoredName
from rules.library_values import Setting
from rules.profiles import Invalid

# How long another migration is waited for; what keeps an SQLite file locked may be any program.
PATIENCE_SECONDS, SQLITE_PATIENCE_SECONDS = 600, 15
COUNTS_ANEW = "0002"  # the newest schema with totals that the one before did not have
GIFTS_HOLD_SUBS = "0014"  # the first schema whose gifts hold the subs that people gave away
HAS_MINOR_UNITS = "0014"  # the first that knows how many digits each currency has
HAS_LEDGER = "0004"  # the first schema with a ledger: what was recorded before is booked when it is made


def upgrade(database: Database, policy: Policy | None = None) -> None:
    """Brings the schema to SCHEMA_REVISION; safe to repeat and to interrupt. Raises DatabaseUnusable.

    Of several at a time one does it, and the others wait and find it done.
    ``policy``: how what a new version counts is counted of what an old one has recorded.
    """
    give_up_at = time.monotonic() + (SQLITE_PATIENCE_SECONDS if database.is_sqlite else PATIENCE_SECONDS)
    if database.is_sqlite:
        sqlite.make(database.url)
    try:
        while True:
            try:
                return _upgrade(database, policy or Policy())
            except OperationalError as error:
                if not is_locked(error) or time.monotonic() > give_up_at:
                    raise
                _progress("waiting for another program that writes to the database")
    except DBAPIError as error:
        raise DatabaseUnusable(f"{shown(database.url)}: {why_unusable(error)}") from error
    except CommandError as error:
        check_schema(database, SCHEMA_REVISION)  # says it better where the database is simply newer
        raise DatabaseUnusable(f"{shown(database.url)}: {error}") from error


def _upgrade(database: Database, policy: Policy) -> None:
    with database.engine.connect() as connection:
        if database.is_sqlite:
            # Batch migrations drop and rename tables, which must not cascade; cannot be set inside a transaction.
            connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
        try:
            # CockroachDB's turn is a row of a table that may not be there yet.
            connection = connection.execution_options(streampulse_writes=database.backend != "cockroachdb")
            with connection.begin():
                _migrate(connection, policy)
        finally:
            connection.invalidate()  # no other user shall get a connection without foreign keys


def _migrate(connection: Connection, policy: Policy) -> None:
    is_new = not inspect(connection).has_table("channels")
    before = None if is_new else connection.scalar(text("SELECT version_num FROM alembic_version"))
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMA_REVISION)
    if is_new:
        connection.execute(insert(IgnoredName), [{"name": name} for name in KNOWN_BOTS])
    elif before is not None and before < COUNTS_ANEW:
        rebuild(connection, policy, now_ms(), lambda count: _progress(f"counting anew: {count:,} events"))
        _progress_done()
    elif before is not None and before < GIFTS_HOLD_SUBS:
        gift_history.record_subs(connection)
    if before is not None and before < HAS_MINOR_UNITS:
        minor_units.adopt(connection, policy.zone)
    if before is not None and before < HAS_LEDGER:
        ledger_history.book(connection, policy, now_ms(), lambda count: _progress(f"the ledger: {count:,} events"))
        _progress_done()


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line} ", end="", file=sys.stderr, flush=True)  # over the one before


def _progress_done() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


# What is a part of another order, and does nothing without it.
PARTS = {
    "days": ("demo",),
    "seed": ("demo",),
    "platform": ("import_viewers",),
    "dry_run": ("import_viewers",),
    "force": ("backup",),
    **team.PARTS,
}


def _days(given: str) -> int:
    if not given.isdecimal() or not 1 <= int(given) <= 365:
        raise argparse.ArgumentTypeError("days are a number from 1 to 365")
    return int(given)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="init_db.py", description=__doc__)
    parser.add_argument("--demo", action="store_true", help="fill an empty database with simulated history")
    parser.add_argument("--days", type=_days, metavar="N", help="of demo history (30)")
    parser.add_argument("--seed", type=int, metavar="N", help="of the demo's world (7)")
    parser.add_argument("--remove-demo", action="store_true", help="delete all simulated data")
    parser.add_argument("--ignore", nargs="+", metavar="NAME", help="record nothing of these logins (bots)")
    parser.add_argument("--unignore", nargs="+", metavar="NAME", help="record these logins again")
    parser.add_argument("--list-ignored", action="store_true", help="print the ignore list")
    parser.add_argument("--import-viewers", type=Path, metavar="FILE", help="take in a list of viewers (CSV)")
    parser.add_argument("--platform", choices=[str(one) for one in Platform], help="of the list's people (tiktok)")
    parser.add_argument("--dry-run", action="store_true", help="say what the list would change, and change nothing")
    parser.add_argument(
        *("--import",),
        dest="import_folder",
        type=Path,
        metavar="FOLDER",
        help="load the library's JSON lists (see docs/library.md)",
    )
    parser.add_argument("--rebuild", action="store_true", help="recompute all totals from the raw events")
    copies = parser.add_mutually_exclusive_group()
    copies.add_argument("--backup", type=Path, metavar="FILE", help="copy the database to FILE, while it is in use")
    copies.add_argument("--restore", type=Path, metavar="FILE", help="put a backup in the database's place")
    parser.add_argument("--compact", action="store_true", help="give free space of SQLite's file back to the disk")
    copies.add_argument("--copy-from", metavar="URL", help="copy everything from another database into an empty one")
    parser.add_argument("--force", action="store_true", help="let --backup replace a file that is there")
    team.add_options(parser)
    given = parser.parse_args(argv)
    for part, wholes in PARTS.items():
        if _is_there(given, part) and not any(_is_there(given, whole) for whole in wholes):
            parser.error(f"{_flag(part)} is a part of {' or '.join(map(_flag, wholes))}, and alone it does nothing")
    others = [order for order in _orders(given) if order != "backup"]
    if given.backup and others:
        parser.error(f"--backup is done alone: run {_flag(others[0])} after it")
    return given


def _is_there(given: argparse.Namespace, name: str) -> bool:
    value = getattr(given, name)
    return value is not None and value is not False  # 0 and "" were said, for better or worse


def _flag(name: str) -> str:
    return f"--{name.removesuffix('_folder').replace('_', '-')}"


def _orders(given: argparse.Namespace) -> list[str]:
    """What is to be done besides making the database ready."""
    return [name for name in vars(given) if name not in PARTS and _is_there(given, name)]


def _tell(*lines: str) -> None:
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head -1` has: what was ordered is still done, and told nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: argparse.Namespace, settings: Settings) -> None:
    database = Database(settings.database_url)
    await_server(database, settings.database_wait, lambda line: print(line, file=sys.stderr))
    try:
        if arguments.backup:  # before anything is upgraded: that is when backups are made
            _back_up(database, arguments.backup, replace=arguments.force)
            return
        if arguments.restore:
            _restore(database, arguments.restore, Policy.of(settings))
        upgrade(database, Policy.of(settings))
        if arguments.demo or not _orders(arguments):  # lists are for other programs, too
            _tell(f"{shown(database.url)} is ready (schema {SCHEMA_REVISION})")
        if arguments.copy_from:
            _copy_from(database, arguments.copy_from)
        if arguments.remove_demo:
            installation.remove_demo(database)
            _tell("the demo data is gone")
        if arguments.demo:
            started = time.monotonic()
            days, seed = arguments.days or 30, 7 if arguments.seed is None else arguments.seed
            stored = _fill_demo(database, settings, days=days, seed=seed)
            if stored:
                _tell(f"wrote {stored:,} simulated events in {time.monotonic() - started:.1f} s")
        if arguments.ignore:
            _tell(*_ignored(database, arguments.ignore, ignored=True))
        if arguments.unignore:
            _tell(*_ignored(database, arguments.unignore, ignored=False))
        if arguments.list_ignored:
            with database.reading() as connection:
                _tell(*connection.scalars(select(IgnoredName.name).order_by(IgnoredName.name)))
        for line in team.run(arguments, database, settings):
            _tell(line)
        if arguments.import_viewers:
            _import_viewers(database, arguments, settings)
        if arguments.import_folder:
            _import_library(database, arguments.import_folder, settings)
        if arguments.rebuild:
            _rebuild(database, settings)
        if arguments.compact and database.is_sqlite:
            before, after = retention.compact(database)
            _tell(f"the file had {before / 1e6:,.1f} MB, now {after / 1e6:,.1f} MB; from now on it shrinks by itself")
    finally:
        database.close()


def _ignored(database: Database, names: Sequence[str], *, ignored: bool) -> list[str]:
    changed = installation.ignore(database, names, ignored=ignored)
    same = sorted({installation.login_of(name) for name in names} - {*changed, ""})
    told = [f"{'ignored' if ignored else 'recorded'} from now on: {', '.join(changed)}"] if changed else []
    return told + ([f"{'ignored already' if ignored else 'not on the ignore list'}: {', '.join(same)}"] if same else [])


def _fill_demo(database: Database, settings: Settings, *, days: int, seed: int) -> int:
    from actions import demo_history  # all of the demo's world, read only where it is asked for

    stored = demo_history.fill(database, settings, days=days, seed=seed, progress=_progress)
    _progress_done()
    return stored


def _rebuild(database: Database, settings: Settings) -> None:
    """Recomputes what can be, and says what stays."""
    zone = settings.zone
    counted_in = installation.zone_that_moved(database, zone.key)
    with database.writing() as connection:
        since_ms = kept_since_ms(connection)
        read = rebuild(
            connection, Policy.of(settings), now_ms(), lambda count: _progress(f"rebuilding: {count:,} events")
        )
        read += store_rebuild.rebuild(connection, now_ms(), lambda count: _progress(f"the shop: {count:,} events"))
        read += ledger.rebuild(connection, zone)
        read += library_rebuild.rebuild(connection, zone, lambda count: _progress(f"the library: {count:,} records"))
        installation.count_in(connection, zone.key)
    _progress_done()
    what = "everything"
    if since_ms:
        what = f"minutes and streams since {iso_utc(since_ms)} (older events are deleted: all else stays as it is)"
    _tell(f"recomputed {what} from {read:,} events and records")
    if since_ms and counted_in:
        _tell(f"hours of the week were counted in {counted_in} and stay so; what is new is added in {zone.key}")


def _back_up(database: Database, file: Path, *, replace: bool) -> None:
    size = backup.back_up(database, file, replace=replace, progress=_percent("backing up"))
    _progress_done()
    _tell(f"backed up {shown(database.url)} to {file} ({size / 1e6:,.1f} MB), and checked it")


def _restore(database: Database, file: Path, policy: Policy) -> None:
    restored = backup.restore(
        database,
        file,
        upgrade=lambda copy: upgrade(copy, policy),
        stamp=time.strftime("%Y%m%d-%H%M%S"),
        progress=_percent("restoring"),
    )
    _progress_done()
    _tell(f"restored {shown(database.url)} from {file}")
    if restored.kept:
        _tell(f"what was there before is kept in {restored.kept}: delete it when all is well")
    if restored.back:
        _tell("erased after the backup was made, and in it again: erase them anew (/viewers):", *restored.back)


def _copy_from(database: Database, address: str) -> None:
    try:
        source = Database(database_address(address))
    except ValueError as error:
        raise SettingsError(f"--copy-from: {error}") from error
    except DatabaseUnusable as error:
        raise SettingsError(str(error).replace("DATABASE_URL", "--copy-from", 1)) from error
    try:
        started = time.monotonic()
        moved = relocation.copy(source, database, _progress)
    finally:
        source.close()
    _progress_done()
    _tell(*(f"{one.table}: {one.rows:,} rows" for one in moved))
    rows, sums = sum(one.rows for one in moved), sum(one.sums for one in moved)
    _tell(
        f"copied {rows:,} rows from {shown(source.url)} in {time.monotonic() - started:.1f} s; "
        f"in {len(moved)} tables the number of rows and {sums} sums of their columns are the same on both sides"
    )


def _percent(doing: str) -> backup.Progress:
    return lambda done, total: _progress(f"{doing}: {100 * done // max(1, total)} %")


class NothingImported(Exception):
    """The list has faults, and they have been told."""


def _import_viewers(database: Database, arguments: argparse.Namespace, settings: Settings) -> None:
    given = {"dry_run": arguments.dry_run, "platform": arguments.platform or "tiktok"}
    file: Path = arguments.import_viewers
    try:
        report = viewer_import.import_file(database, file, now_ms=now_ms(), policy=Policy.of(settings), **given)
    except OSError as error:
        raise Invalid([{"field": "file", "message": error.strerror or str(error)}]) from error
    _tell(*viewer_import.lines_of(report))
    if report.error_count:
        raise NothingImported


def _import_library(database: Database, folder: Path, settings: Settings) -> None:
    setting = Setting(settings.zone, settings.currency, lenient=True)
    try:
        report = library_import.import_folder(
            database, folder, setting, now_ms=now_ms(), problem=_tell, progress=_progress
        )
    except library_import.Refused as error:
        raise Invalid([{"field": "import", "message": str(error)}]) from error
    finally:
        _progress_done()
    for key, names in report.ignored.items():
        _tell(f"{key}: nobody knows these fields, they are left out: {', '.join(names)}")
    if report.problem_count:
        _tell(f"{report.problem_count:,} rows do not fit: nothing was imported")
        raise NothingImported
    for one in report.stored:
        _tell(f"{one.kind.many}: {one.new:,} imported, {one.known:,} known already")


def main(argv: Sequence[str] | None = None) -> int:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    arguments = _arguments(argv)
    try:
        run(arguments, load_settings())
    except (SettingsError, DatabaseUnusable, team.NotDone) as error:
        print(f"init_db.py: {error}", file=sys.stderr)
        return 2
    except DBAPIError as error:
        print(f"init_db.py: {why_unusable(error)}", file=sys.stderr)
        return 2
    except Invalid as error:
        given = arguments.import_viewers or arguments.import_folder
        print(f"init_db.py: {given}: {error.details[0]['message']}", file=sys.stderr)
        return 2
    except NothingImported:
        return 2
    except KeyboardInterrupt:  # what was being written is rolled back
        print("init_db.py: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
