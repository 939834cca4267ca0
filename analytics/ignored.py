"""Whom the owner wants recorded nowhere."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.statements import Prepared
from models import IgnoredName


def names(connection: Connection) -> list[str]:
    """In the order of the alphabet."""
    return list(_NAMES(connection).scalars())


_NAMES = Prepared(select(IgnoredName.name).order_by(IgnoredName.name))
