"""Since when raw events are kept: what a page says where they are gone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, select

from core.clock import iso
from core.statements import Prepared
from models import Installation
from rules.retention import KEPT_SINCE


def kept_since_ms(connection: Connection) -> int:
    """Raw events from before it (UTC milliseconds) have been deleted; 0: none has."""
    return int(_KEPT_SINCE(connection).scalar() or 0)


def kept_since(connection: Connection, began_ms: int, zone: ZoneInfo) -> str | None:
    """The same for what began at ``began_ms``; None: none of its events has been deleted."""
    since_ms = kept_since_ms(connection)
    return iso(since_ms, zone) if began_ms < since_ms else None


_KEPT_SINCE = Prepared(select(Installation.value).where(Installation.key == bindparam("key", KEPT_SINCE)))
