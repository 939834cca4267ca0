"""PostgreSQL and CockroachDB: how connections are made, and what of them a question needs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BinaryExpression, Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.operators import floordiv

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


@compiles(BinaryExpression, "cockroachdb")
def _divides_whole_numbers(element: BinaryExpression[Any], compiler: SQLCompiler, **kwargs: Any) -> str:
    """There ``/`` of two whole numbers is a fraction, which its dialect overlooks."""
    if element.operator is not floordiv:
        return str(compiler.visit_binary(element, **kwargs))  # type: ignore[no-untyped-call]
    return f"{compiler.process(element.left, **kwargs)} // {compiler.process(element.right, **kwargs)}"
