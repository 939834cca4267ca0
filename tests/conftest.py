"""What all tests share: the browser's come last, and whatever was not tested is said loudly at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.servers import NoServer, PostgresServer, RedisServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL for all tests that do not stop it."""
    try:
        server = PostgresServer()
    except NoServer as error:
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis for all tests that do not stop it."""
    try:
        server = RedisServer()
    except NoServer as error:
        pytest.skip(str(error))
    with server:
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright keeps an event loop running once it is started, beside which no other test could start its own."""
    items.sort(key=lambda item: item.nodeid.startswith("tests/browser/"))


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
