"""Turns: one transaction writes at a time, whatever the database.

SQLite knows no other way, and everything that is counted relies on it: a batch finds what the one before has left, no
two can wait for each other, and rows are numbered in the order in which they appear, so that whoever follows a table
needs no more than the last number. Other databases would let writers work side by side on the same few rows (everybody
together, the day, the stream), and gain nothing by it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, text

WAIT_MS = 5_000  # for one's turn; then the database counts as locked, and what is to be written is tried again
SILENCE_MS = 30_000  # of a transaction that writes: its program is gone or hangs, and the others wait for it

_MARKED = "turn "  # begins the key of every mark in ``installation``
_KEY = "streampulse_mark"  # in a connection's ``info``: the key of its own
_KEPT_MARKS = 1_000_000  # transactions for which a mark stays, whoever left it
CHANNEL = "streampulse"  # where PostgreSQL gives notice of each turn that has ended
_LOCK = 0x53545250554C5345  # any number that other programs in the same database are not likely to take

# All of it in one round trip, and nothing that outlasts the transaction: poolers hand connections on.
_TAKE = (
    "SELECT set_config('lock_timeout', '{wait_ms}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{SILENCE_MS}', true),"
    f" pg_advisory_xact_lock({_LOCK}), pg_notify('{CHANNEL}', '')"
)
# Without such locks a row is written by every turn: locking it alone would not order what readers see.
_TAKE_ROW = (
    "INSERT INTO installation (key, value) VALUES ('turn', '') ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


def take_turn(connection: Connection, wait_ms: int = WAIT_MS) -> None:
    """Waits until no other transaction writes; the turn ends with the transaction. Without one nobody may write."""
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql(_TAKE_ROW)
        return
    connection.exec_driver_sql(_TAKE.format(wait_ms=wait_ms)).close()


@dataclass(frozen=True, slots=True)
class Mark:
    """What a transaction leaves behind if it is committed."""

    key: str
    value: str


def leave_mark(connection: Connection) -> Mark | None:
    """Has the transaction leave one; None where the database has no server that may be lost.

    The server cannot be asked for the fate of a number: after a crash it may give it to another transaction. Nor can
    anything that others write, too. So each connection has a row of its own, which stays as it was when that is lost.
    """
    if connection.dialect.name != "postgresql":
        return None
    key = connection.info.setdefault(_KEY, f"{_MARKED}{secrets.token_hex(8)}")
    return Mark(key, connection.execute(_LEAVE, {"key": key}).scalar_one())


def has_left(connection: Connection, mark: Mark) -> bool:
    """Whether the transaction was committed. In a turn of one's own: that begins when the other has ended."""
    return bool(connection.scalar(_LOOK, {"key": mark.key}) == mark.value)


def forget_marks(connection: Connection) -> None:
    """Removes those of connections that are long gone."""
    if connection.dialect.name == "postgresql":
        connection.execute(_FORGET, {"begins": _MARKED, "kept": _KEPT_MARKS}).close()


_LEAVE = text(
    "INSERT INTO installation (key, value) VALUES (:key, pg_current_xact_id()::text)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value RETURNING value"
)
_LOOK = text("SELECT value FROM installation WHERE key = :key")
_FORGET = text(
    "DELETE FROM installation WHERE CASE WHEN starts_with(key, :begins)"
    " THEN value::numeric < pg_current_xact_id()::text::numeric - :kept END"
)
