"""Every page in headless Chromium: what it weighs, when it can be used, and what it costs while it is open.

    python -m benchmarks.pages [PATH …]      all pages, or the named ones

Kilobytes are what the network carried, headers and fonts included, the second visit's with what the first has cached.
A page can be used once it is painted, its scripts have run, what it asks for by itself has been answered, no figure's
place is vacant any more, and its last task of 50 ms or more is over: the middle of three first visits.
Processor time is that of the process that runs and draws the page: while it loads, and in percent of one core.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.events import mixed_events
from core.clock import now_ms
from core.db import Database
from core.events import Event, Kind
from ingest.writer import Writer
from tests.processes import Program

PAGES = ("/", "/viewers", "/store", "/revenue", "/library", "/voice", "/streams", "/settings", "/overlay", "/docs")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
DESKTOP = {"width": 1280, "height": 860}
DAYS = 3  # of demo history, for pages without figures have nothing to draw
SETTLE_SECONDS, IDLE_SECONDS, BUSY_SECONDS = 1.5, 4.0, 6.0
MESSAGES_A_SECOND = 50
VISITS = 3
LIGHT_KB, SOON_MS, IDLE_PERCENT, BUSY_PERCENT = 300, 1000, 5, 25

WATCH_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries()))
  .observe({ type: 'longtask', buffered: true });
window.filledMs = 0;
const watching = setInterval(() => {
  const vacant = [...document.querySelectorAll('.skeleton')].some((place) => place.checkVisibility());
  if (vacant || document.readyState === 'loading') return;
  window.filledMs = performance.now();
  clearInterval(watching);
}, 10);
"""
USABLE_MS = """() => {
  const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
  const { domContentLoadedEventEnd: ready } = performance.getEntriesByType('navigation')[0];
  const asked = performance.getEntriesByType('resource').filter((file) => file.initiatorType === 'fetch');
  const tasks = window.longTasks.map((task) => task.startTime + task.duration);
  return Math.max(painted, ready, window.filledMs || Infinity, ...asked.map((file) => file.responseEnd), ...tasks);
}"""


@dataclass(frozen=True, slots=True)
class Weighed:
    """One page: kilobytes at first and on coming back, ms until it can be used and of processor time, % of a core."""

    path: str
    first_kb: float
    again_kb: float
    usable_ms: float
    drawn_ms: float
    idle: float
    busy: float


def main(paths: Sequence[str] = PAGES) -> None:
    browser_file = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if browser_file is None:
        print("no Chromium on this machine: pages are not measured")
        return
    print(f"\n## Pages in Chromium, beside {LIGHT_KB} KB, {SOON_MS} ms, {IDLE_PERCENT} % and {BUSY_PERCENT} %\n")
    heads = ["page", "KB", "÷ goal", "KB again", "usable ms", "÷ goal", "processor ms", "idle %", "÷ goal"]
    print(f"| {' | '.join([*heads, '50 messages/s %', '÷ goal'])} |\n|{'---|' * 11}", flush=True)
    with tempfile.TemporaryDirectory() as name, _stage(Path(name)) as (url, chatter), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_file, args=list(ARGUMENTS))
        for path in paths:
            _row(weighed(browser, url, path, chatter))
        browser.close()


def _row(page: Weighed) -> None:
    cells = [f"{page.first_kb:.0f}", f"{page.first_kb / LIGHT_KB:.2f} ×", f"{page.again_kb:.0f}"]
    cells += [f"{page.usable_ms:.0f}", f"{page.usable_ms / SOON_MS:.2f} ×"]
    cells += [f"{page.drawn_ms:.0f}", f"{page.idle:.1f}", f"{page.idle / IDLE_PERCENT:.2f} ×"]
    cells += [f"{page.busy:.1f}", f"{page.busy / BUSY_PERCENT:.2f} ×"]
    print(f"| `{page.path}` | {' | '.join(cells)} |", flush=True)


class Chatter:
    """Says ``MESSAGES_A_SECOND`` in the chat for as long as its block lasts."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._said = 0
        self._quiet = threading.Event()
        self._thread = threading.Thread()

    def __enter__(self) -> None:
        self._quiet.clear()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._quiet.set()
        self._thread.join()

    def _talk(self) -> None:
        due = time.monotonic()
        for event in self._messages():
            self._writer.event(event)
            due += 1 / MESSAGES_A_SECOND
            if self._quiet.wait(max(0.0, due - time.monotonic())):
                return

    def _messages(self) -> Iterator[Event]:
        self._said += 1
        for event in mixed_events(100_000, end_ms=0, seed=self._said):
            if event.kind is Kind.CHAT:
                yield Event(
                    event.platform, "lena", Kind.CHAT, now_ms(), event.source_id, event.who, event.text, marks=8
                )


@contextmanager
def _stage(folder: Path) -> Iterator[tuple[str, Chatter]]:
    """The web process on a database with demo history, and somebody who writes to that."""
    url = f"sqlite:///{folder / 'pages.db'}"
    program = Program.copied_to(folder / "program")
    made = program.run("init_db.py", "--demo", "--days", str(DAYS), DATABASE_URL=url)
    if made.returncode:
        raise RuntimeError(made.stderr)
    database = Database(url)
    writer = Writer(database).start()
    try:
        with program.web(url) as web:
            yield web.url, Chatter(writer)
    finally:
        writer.close()
        database.close()


def weighed(browser: Browser, url: str, path: str, chatter: Chatter) -> Weighed:
    firsts = []
    for _ in range(VISITS):
        context, drawing = browser.new_context(viewport=DESKTOP), Drawing(browser)
        context.add_init_script(WATCH_TASKS)
        before = drawing.seconds()
        page, first_kb = visited(context, url + path)
        firsts.append((page.evaluate(USABLE_MS), (drawing.seconds() - before) * 1000, first_kb))
        page.close()
        if len(firsts) < VISITS:
            context.close()
    usable_ms, drawn_ms, first_kb = (statistics.median(figures) for figures in zip(*firsts, strict=True))
    page, again_kb = visited(context, url + path)
    idle = drawing.percent(page, IDLE_SECONDS)
    with chatter:
        page.wait_for_timeout(SETTLE_SECONDS * 1000)
        busy = drawing.percent(page, BUSY_SECONDS)
    context.close()
    return Weighed(path, first_kb, again_kb, usable_ms, drawn_ms, idle, busy)


def visited(context: BrowserContext, url: str, settle_seconds: float = SETTLE_SECONDS) -> tuple[Page, float]:
    """The page so long after it has loaded, and how many kilobytes came."""
    page, received = context.new_page(), [0.0]
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda told: received.append(told["encodedDataLength"]))
    page.goto(url, wait_until="load")
    page.wait_for_timeout(settle_seconds * 1000)
    session.detach()
    return page, sum(received) / 1000


class Drawing:
    """The processor time of the browser's processes that run and draw pages; one page is open at a time."""

    def __init__(self, browser: Browser) -> None:
        self._session = browser.new_browser_cdp_session()
        self._seen: dict[int, float] = {}

    def seconds(self) -> float:
        """Of all there have been: one that ends takes nothing away."""
        told: dict[str, Any] = self._session.send("SystemInfo.getProcessInfo")
        self._seen |= {one["id"]: one["cpuTime"] for one in told["processInfo"] if one["type"] == "renderer"}
        return sum(self._seen.values())

    def percent(self, page: Page, seconds: float) -> float:
        """Of one core, in the next ``seconds``."""
        began, before = time.monotonic(), self.seconds()
        page.wait_for_timeout(seconds * 1000)
        return (self.seconds() - before) / (time.monotonic() - began) * 100


if __name__ == "__main__":
    main(sys.argv[1:] or PAGES)
