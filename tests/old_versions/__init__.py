"""Databases as earlier versions have left them: what each wrote of the same two evenings, table by table.

    write("0003", database)     # its schema, and its rows
    python -m tests.old_versions sqlite:///streampulse.db > tests/old_versions/0014.json     # of the present version

The files were written by the versions themselves. None is changed later: whoever adds a migration adds the file of the
schema before it, if that is missing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Boolean, Connection, MetaData, Table, delete, func, insert, inspect, select

from core.config import ROOT
from core.db import Database

FOLDER = Path(__file__).parent
REVISIONS = sorted(file.stem for file in FOLDER.glob("*.json"))
NOT_OURS = ("_search", "alembic_version")  # the index for searching makes its own tables

Content = dict[str, dict[str, Any]]  # of each table: "columns" and "rows"


def content(revision: str) -> Content:
    """What a version had written."""
    return dict(json.loads((FOLDER / f"{revision}.json").read_text(encoding="utf-8")))


def config_on(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["connection"] = connection
    return config


def write(revision: str, into: Database) -> None:
    """Makes the schema of ``revision`` in an empty database, and fills it."""
    with into.writing() as connection:
        command.upgrade(config_on(connection), revision)
        # Sales that are given back stand beside those that they refer to, in any order.
        waiting = "PRAGMA defer_foreign_keys = ON" if into.is_sqlite else "SET session_replication_role = replica"
        connection.exec_driver_sql(waiting).close()
        _fill(connection, content(revision))
        if not into.is_sqlite:
            connection.exec_driver_sql("SET session_replication_role = DEFAULT")


def _fill(connection: Connection, told: Content) -> None:
    schema = MetaData()
    schema.reflect(connection, only=list(told))
    for table in schema.sorted_tables:
        connection.execute(delete(table))  # what migrations have put there: the owner may have changed it since
        switches = {column.name for column in table.columns if isinstance(column.type, Boolean)}
        columns = told[table.name]["columns"]
        rows = [
            {name: bool(value) if name in switches else value for name, value in zip(columns, row, strict=True)}
            for row in told[table.name]["rows"]
        ]
        connection.execute(insert(table), rows)
        _number_on(connection, table)


def _number_on(connection: Connection, table: Table) -> None:
    """On a server, new rows get numbers after these."""
    if connection.dialect.name != "sqlite" and "id" in table.c:
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))


def dump(of: Database) -> Content:
    """All rows of all tables, in the form of the files."""
    with of.reading() as connection:
        names = [name for name in inspect(connection).get_table_names() if not any(part in name for part in NOT_OURS)]
        schema = MetaData()
        schema.reflect(connection, only=names)
        found = {}
        for name in sorted(names):
            table = schema.tables[name]
            rows = connection.execute(select(table).order_by(*table.primary_key.columns))
            found[name] = {"columns": list(table.c.keys()), "rows": [list(row) for row in rows]}
        return found


def text_of(told: Content) -> str:
    """One row a line, so that changes can be read."""
    tables = []
    for name, table in told.items():
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table["rows"])
        tables.append(f'{json.dumps(name)}: {{"columns": {json.dumps(table["columns"])}, "rows": [\n{rows}\n]}}')
    return "{\n" + ",\n".join(tables) + "\n}\n"
