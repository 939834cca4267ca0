"""What all tests share: the browser's come last; figures, and whatever was not tested, are told at the end."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.processes import Program
from tests.servers import NoServer, PostgresServer, RedisServer

SHARED_THREADS = ("writer", "waitpid-", "Dummy-")  # the last: gevent's, of which Python knows no end

gc.disable()  # until all tests are collected: what makes them stays, and looking through it takes a third of that time


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
    _trust_nobody()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, and by all that is started


def _trust_nobody() -> None:
    """Nothing here asks another machine, and each of httpx's clients would read all the world's certificates: 20 ms."""
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)  # there are none


@pytest.fixture(scope="module", autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whoever goes on after the tests of a file disturbs those of others: one threw dice while hypothesis did.

    What several files share may stay: the writer of a stage, and who waits for Playwright's process.
    """
    before = set(threading.enumerate())
    yield
    left = [one for one in threading.enumerate() if one not in before and not one.name.startswith(SHARED_THREADS)]
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A copy for all tests that neither change it nor look at how it starts."""
    return Program.copied_to(tmp_path_factory.mktemp("program"), forks=True)


@pytest.fixture(scope="session")
def deployed(program: Program) -> Program:
    """The same, each of whose processes is started by itself, as it is deployed."""
    return Program(program.folder)


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
        left_out = {item for item in items if item.get_closest_marker("sqlite") or _has_servers_of_its_own(item)}
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=_turn)


def _has_servers_of_its_own(item: pytest.Item) -> bool:
    """Then it is the same whatever --database says."""
    return not {"postgres", "redis"}.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def _turn(item: pytest.Item) -> tuple[bool, bool]:
    """Browsers come last: Playwright keeps an event loop running, beside which no other test could start its own.

    What takes long comes first: a worker that began it last would keep all others waiting.
    """
    return item.nodeid.startswith("tests/browser/"), item.get_closest_marker("long") is None


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Notes what was measured, or tried and how often: the end of the run tells it, whichever process it ran in."""
    notes = request.node.user_properties
    return lambda told: notes.append(("figure", told.removeprefix("- ")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    _tell_figures(terminalreporter)
    _tell_what_was_not_tested(terminalreporter)


def _tell_figures(terminalreporter: pytest.TerminalReporter) -> None:
    """In the order of the tests' files, for with several workers that of their ends is by chance."""
    told: dict[str, list[str]] = {}
    for outcome in ("passed", "failed", ""):  # the last: of fixtures that end
        for report in terminalreporter.stats.get(outcome, []):
            figures = [str(value) for name, value in getattr(report, "user_properties", ()) if name == "figure"]
            told.setdefault(report.nodeid.partition("::")[0], []).extend(figures)
    if any(told.values()):
        terminalreporter.section("FIGURES", sep="-")
    for file in sorted(file for file, figures in told.items() if figures):
        terminalreporter.line(file)
        for line in dict.fromkeys(told[file]):
            terminalreporter.line(f"    {line}")


def _tell_what_was_not_tested(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(
        str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        for report in terminalreporter.stats.get("skipped", [])
    )
    if not reasons:
        return
    terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:4} × {reason.removeprefix('Skipped: ')}", yellow=True)
