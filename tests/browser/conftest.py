"""A real browser before the real web process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright

from tests.processes import Program
from tests.web.conftest import Stage, migrated, new_database_url, stage_of

__all__ = ["migrated", "new_database_url"]

WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHELL = ("chromium-headless-shell",)  # draws and runs the same pages without the browser around them, for less
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--use-fake-ui-for-media-stream",  # and that nobody is asked for
)
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def launched(playwright: Playwright, names: Sequence[str]) -> Iterator[Browser]:
    """The first of these browsers that is on this machine."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: bin/test installs it where it may")
    browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with launched(playwright, (*SHELL, *WHOLE)) as browser:
        yield browser


@pytest.fixture(scope="session")
def stage(program: object, new_database_url: Callable[[], str]) -> Iterator[Stage]:
    """A web process without a password that all tests here share: each uses channels of its own."""
    with stage_of(program, new_database_url()) as stage:  # type: ignore[arg-type]
        yield stage


@dataclass  # no slots: Playwright hangs its own attributes on the objects whose methods it calls
class Visitor:
    """Somebody with a browser. Whatever the pages complain of, or ask of other machines, is kept."""

    context: BrowserContext
    home: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    forgives: tuple[str, ...] = ()

    def open(self, path: str, wait_for: str | None = None) -> Page:
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        page.goto(self.home + path)
        if wait_for:
            page.wait_for_selector(wait_for)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(text in message.text for text in self.forgives):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.strangers.append(request.url)


OwnStage = Callable[..., Stage]


@pytest.fixture
def own_stage(program: Program, new_database_url: Callable[[], str]) -> Iterator[OwnStage]:
    """Makes a web process for one test alone, with settings of its own."""
    with ExitStack() as stages:
        yield lambda **settings: stages.enter_context(stage_of(program, new_database_url(), **settings))


Visits = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, stage: Stage, own_stage: OwnStage) -> Iterator[Visits]:
    """Makes visitors. Afterwards none of them may have seen an error, or a request to another machine.

    They leave before a test's own web process stops: what was still loading then would be an error to them.
    """
    visitors: list[Visitor] = []

    def make(home: str = stage.web.url, *, forgives: tuple[str, ...] = (), **options: object) -> Visitor:
        context = browser.new_context(**({"viewport": DESKTOP} | options))  # type: ignore[arg-type]
        visitors.append(Visitor(context, home, forgives=forgives))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.context.close()
        assert visitor.complaints == []
        assert visitor.strangers == []
