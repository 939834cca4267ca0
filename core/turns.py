"""Turns: one transaction writes at a time, whatever the database.

SQLite knows no other way, and everything that is counted relies on it: a batch finds what the one before has left, no
two can wait for each other, and rows are numbered in the order in which they appear, so that whoever follows a table
needs no more than the last number. Other databases would let writers work side by side on the same few rows (everybody
together, the day, the stream), and gain nothing by it.
"""

from __future__ import annotations

from sqlalchemy import Connection

WAIT_MS = 5_000  # for one's turn; then the database counts as locked, and what is to be written is tried again
SILENCE_MS = 30_000  # of a transaction that writes: its program is gone or hangs, and the others wait for it

TRANSACTION = "streampulse_transaction"  # in a connection's ``info``: the server's number of the last one that writes
CHANNEL = "streampulse"  # where PostgreSQL gives notice of each turn that has ended
_LOCK = 0x53545250554C5345  # any number that other programs in the same database are not likely to take

# All of it in one round trip, and nothing that outlasts the transaction: poolers hand connections on.
_TAKE = (
    "SELECT set_config('lock_timeout', '{wait_ms}', true),"
    f" set_config('idle_in_transaction_session_timeout', '{SILENCE_MS}', true),"
    f" pg_advisory_xact_lock({_LOCK}), pg_notify('{CHANNEL}', ''), pg_current_xact_id()::text"
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
    taken = connection.exec_driver_sql(_TAKE.format(wait_ms=wait_ms)).one()
    connection.info[TRANSACTION] = taken[-1]
