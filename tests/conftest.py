"""What all tests share: the browser's come last, and whatever was not tested is said loudly at the end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests import databases
from tests.servers import NoServer, PostgresServer, RedisServer


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=databases.KINDS,
        default=databases.kind(),
        help="what tests with a database of their own run on",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite: is about SQLite alone, and left out with another --database")
    config.addinivalue_line("markers", "long: is in a file that takes long, and so begins early")
    os.environ[databases.VARIABLE] = config.getoption("--database")  # read before the option can be asked for


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """A PostgreSQL for all tests that do not stop it."""
    try:
        return databases.postgres()
    except NoServer as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis for all tests that do not stop it."""
    try:
        server = RedisServer()
    except NoServer as error:
        pytest.skip(str(error))
    with server:
        yield server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if databases.kind() != "sqlite":
        left_out = [item for item in items if item.get_closest_marker("sqlite")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("sqlite")]
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[bool, bool]:
    """Browsers come last: Playwright keeps an event loop running, beside which no other test could start its own.

    What takes long comes first: a worker that began it last would keep all others waiting.
    """
    return item.nodeid.startswith("tests/browser/"), item.get_closest_marker("long") is None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(
        str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    if not reasons:
        return
    terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4} × {reason.removeprefix('Skipped: ')}", yellow=True)
