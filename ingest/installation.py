"""Facts about this database itself, each under its key in `installation`."""

from __future__ import annotations

from sqlalchemy import Connection

from core.statements import replacing
from models import Installation


def note(connection: Connection, key: str, value: str) -> None:
    """Writes a fact, in place of what was noted before."""
    _NOTE.run(connection, [(key, value)])


_NOTE = replacing(Installation, ["key"], ["value"])
