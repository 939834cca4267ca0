"""Databases for tests: migrated, empty, and gone or taken back at the end; on the kind of server that pytest was told.

``pytest --database postgresql`` runs whatever takes its database from here on a real PostgreSQL instead of SQLite.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import delete, event, func, insert, literal, select, text, union_all
from sqlalchemy.engine import make_url

from core.db import Database
from models import Base, IgnoredName
from tests.servers import CockroachServer, PostgresServer

VARIABLE = "STREAMPULSE_TEST_DATABASE"  # set by --database, read by the processes of pytest-xdist
KINDS = ("sqlite", "postgresql", "cockroachdb")

Server = TypeVar("Server", PostgresServer, CockroachServer)
Rows = dict[str, list[dict[str, Any]]]  # of a table


def kind() -> str:
    return os.environ.get(VARIABLE, "sqlite")


def database(folder: Path, name: str = "streampulse.db") -> Database:
    """A fresh migrated database with an empty ignore list; on SQLite a file in ``folder``. The caller closes it."""
    if kind() == "sqlite":
        shutil.copyfile(_template_file(), folder / name)
        return Database(f"sqlite:///{folder / name}")
    return _Lent(_pool().take())


def unsafe(of: Database) -> Database:
    """The same, not written through to the disk: for the many examples of a property. Servers are started so."""
    if of.is_sqlite:
        event.listen(of.engine, "connect", lambda driver, _: driver.execute("PRAGMA synchronous = OFF").close())
    return of


@contextmanager
def locked(of: Database) -> Iterator[None]:
    """Another program is at its turn to write."""
    other = Database(address(of))
    if of.is_sqlite:  # it waits for its turn, however impatient the tested are
        event.listen(other.engine, "connect", lambda driver, _: driver.execute("PRAGMA busy_timeout = 10000").close())
    with other.writing():
        yield
    other.close()


def address(of: Database) -> str:
    """Its URL, password and all, for another process."""
    return of.url.render_as_string(hide_password=False)


def empty_url(folder: Path, name: str = "empty.db") -> str:
    """The address of a database without any table."""
    if kind() == "sqlite":
        return f"sqlite:///{folder / name}"
    return server().new_database()


def server() -> PostgresServer | CockroachServer:
    """The one that all tests of this process share. Raises NoServer where there is none."""
    return cockroach() if kind() == "cockroachdb" else postgres()


@functools.cache
def postgres() -> PostgresServer:
    return _for_this_process(PostgresServer())


@functools.cache
def cockroach() -> CockroachServer:
    return _for_this_process(CockroachServer())


def _for_this_process(server: Server) -> Server:
    atexit.register(server.__exit__, None, None, None)
    return server.__enter__()


@functools.cache
def _template_file() -> Path:
    """A migrated SQLite file. Alembic takes its time, so it is made once in a run of tests and copied."""
    folder = Path(tempfile.mkdtemp(prefix="streampulse-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _migrate(f"sqlite:///{folder / 'template.db'}")
    return folder / "template.db"


def _migrate(url: str) -> None:
    from init_db import upgrade

    template = Database(url)
    upgrade(template)
    with template.writing() as connection:
        connection.execute(delete(IgnoredName))
    template.close()  # the last connection moves SQLite's write-ahead log into the file


@functools.cache
def _pool() -> _Pool:
    return _Pool()


# In the template: what is in a new database, and how to come back to that within milliseconds.
_PRISTINE = """
CREATE SCHEMA pristine;
CREATE TABLE pristine.sequences AS
    SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public';
CREATE SCHEMA first_rows;
DO $$
DECLARE of text; used boolean;
BEGIN
    FOR of IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', of) INTO used;
        IF used THEN EXECUTE format('CREATE TABLE first_rows.%I AS TABLE public.%I', of, of); END IF;
    END LOOP;
END $$;
CREATE FUNCTION pristine.restore() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE of text; used boolean; one record;
BEGIN
    FOR of IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', of) INTO used;
        IF used THEN EXECUTE format('DELETE FROM public.%I', of); END IF;
    END LOOP;
    FOR of IN SELECT tablename FROM pg_tables WHERE schemaname = 'first_rows' LOOP
        EXECUTE format('INSERT INTO public.%I SELECT * FROM first_rows.%I', of, of);
    END LOOP;
    FOR one IN SELECT s.sequencename, p.last_value FROM pg_sequences s
        JOIN pristine.sequences p ON p.name = s.sequencename
        WHERE s.schemaname = 'public' AND s.last_value IS DISTINCT FROM p.last_value LOOP
        PERFORM setval(format('public.%I', one.sequencename), coalesce(one.last_value, 1), one.last_value IS NOT NULL);
    END LOOP;
END $$;
"""


class _Pool:
    """Migrated databases on a server, which are emptied and used again: that takes a fifth of the time of a new one."""

    def __init__(self) -> None:
        self._free: list[str] = []
        self._template = ""
        self._first_rows: Rows = {}

    def take(self) -> str:
        if not self._free:
            return self._new()
        url = self._free.pop()
        self._empty(url)
        return url

    def give_back(self, url: str) -> None:
        self._free.append(url)

    def _new(self) -> str:
        running = server()
        if not self._template:
            url = running.new_database()
            _migrate(url)
            self._template = make_url(url).database or ""
            self._first_rows = _all_rows(url)
            if isinstance(running, PostgresServer):
                running.execute(_PRISTINE, self._template)
        if isinstance(running, PostgresServer):
            return running.new_database(self._template)
        url = running.new_database()
        _migrate(url)
        return url

    def _empty(self, url: str) -> None:
        """Makes it as it was when it was new."""
        running = server()
        if isinstance(running, PostgresServer):
            running.execute("SELECT pristine.restore()", make_url(url).database or "")
        else:
            self._empty_by_hand(url)

    def _empty_by_hand(self, url: str) -> None:
        of = Database(url)
        with of.writing() as connection:
            # Also what a test did to the version of the schema.
            connection.execute(text("DELETE FROM alembic_version"))
            tables = Base.metadata.sorted_tables
            used = connection.scalars(
                union_all(*(select(literal(table.name)).where(select(table).exists()) for table in tables))
            ).all()
            for table in reversed(tables):
                if table.name in used:
                    connection.execute(delete(table))
            for name, rows in self._first_rows.items():
                if name == "alembic_version":
                    connection.execute(text("INSERT INTO alembic_version VALUES (:version_num)"), rows)
                else:
                    connection.execute(insert(Base.metadata.tables[name]), rows)
            _number_again(connection, used)
        of.close()


def _all_rows(url: str) -> Rows:
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    of = Database(url)
    with of.reading() as connection:
        for table in Base.metadata.sorted_tables:
            found[table.name] += [dict(row) for row in connection.execute(select(table)).mappings()]
        version = connection.execute(text("SELECT version_num FROM alembic_version")).mappings()
        found["alembic_version"] += [dict(row) for row in version]
    of.close()
    return {name: rows for name, rows in found.items() if rows}


def _number_again(connection: Any, names: Iterable[str]) -> None:
    for name in names:
        key = Base.metadata.tables[name].autoincrement_column
        if key is not None:
            last = select(func.max(key)).scalar_subquery()
            sequence = func.pg_get_serial_sequence(name, key.name)
            connection.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))


class _Lent(Database):
    """A database of the pool, which goes back to it when it is closed, once: it may be somebody else's by then."""

    _is_back = False

    def close(self) -> None:
        super().close()
        if not self._is_back:
            self._is_back = True
            _pool().give_back(address(self))
