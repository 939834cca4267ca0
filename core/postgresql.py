"""PostgreSQL and CockroachDB: how connections are made, and what of them a question needs."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from core.turns import take_turn

# A dead network is noticed within half a minute instead of hours; an address may say otherwise.
CONNECT_ARGUMENTS = {
    "connect_timeout": 5,
    "application_name": "streampulse",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def engine(url: URL, wait_ms: int) -> Engine:
    """``wait_ms``: how long a writer waits for another."""
    given = {name: value for name, value in CONNECT_ARGUMENTS.items() if name not in url.query}
    if url.get_backend_name() == "cockroachdb":
        # Keys from a sequence: its own are spread over all 63 bits, and browsers' numbers have 53.
        # What the address itself says stays: in the cloud it may name the cluster.
        given["options"] = f"-c serial_normalization=sql_sequence {url.query.get('options', '')}".rstrip()
    # A connection that the server has closed meanwhile is noticed before it is used.
    made = create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=10, connect_args=given)

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("streampulse_writes"):
            take_turn(connection, wait_ms)

    event.listen(made, "begin", begin)
    return made


def snapshot(connection: Connection) -> Connection:
    """``connection``, whose next transaction sees one state of the database throughout and cannot change it."""
    if connection.dialect.name == "cockroachdb":  # there every transaction does
        return connection.execution_options(postgresql_readonly=True)
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
