"""Starts app.py and collector.py as they are deployed: real processes, each with folder and environment of its own.

    program = Program.copied_to(folder)
    with program.web(database_url) as web:
        httpx.get(f"{web.url}/health")
    with program.collector(database_url, CHANNEL="lena") as collector:
        collector.wait_for_log("Reading")

The copy keeps the developer's ``.env``, secret key and database out of reach. All processes end with their ``with``.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import HTTPError
from urllib.request import urlopen

from core.config import ROOT
from tests.nursery import Forked, Nursery, can_fork

START_SECONDS = 60.0  # a twentieth of a core is enough; all tests that share a process fail with it
STOP_SECONDS = 8.0  # what PM2 gives it

FORKED = ("app.py", "collector.py")  # what `Program.copied_to(folder, forks=True)` forks

_LISTENING = re.compile(r"is listening on (http://\S+:(\d+))")
_LEFT_OUT = {"node_modules", "tests", "benchmarks", "docs", "deploy"}


def wait_until(holds: Callable[[], object], what: str, timeout: float = 5.0) -> None:
    """Returns when ``holds`` is true; for what another process does there is no event to await."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what}")
        time.sleep(0.02)


class Running:
    """One process, and the file that its standard output and error go to."""

    def __init__(self, process: subprocess.Popen[bytes] | Forked, log_file: Path) -> None:
        self.process, self._log_file = process, log_file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """Everything it has printed so far."""
        return self._log_file.read_text(errors="replace")

    def wait_for_log(self, text: str, timeout: float = START_SECONDS) -> None:
        """Returns when ``text`` has been printed; a process that ends before it never will."""
        wait_until(lambda: text in self.log or self.process.poll() is not None, f"{text!r} in {self.log}", timeout)
        if text not in self.log:
            raise RuntimeError(f"exit code {self.process.returncode} before {text!r}: {self.log}")

    def stop(self, by: signal.Signals = signal.SIGTERM, timeout: float = STOP_SECONDS) -> int:
        """Sends SIGTERM, as systemd does (PM2: SIGINT), and answers the exit code. Raises when it stays."""
        self.process.send_signal(by)
        return self.process.wait(timeout)

    def kill(self) -> None:
        """Ends it at once, wherever it is."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(STOP_SECONDS)


class WebProcess(Running):
    """app.py, once it listens."""

    url = ""
    port = 0

    def wait_until_up(self) -> Self:
        self.wait_for_log("is listening on")
        found = _LISTENING.search(self.log)
        assert found
        self.url, self.port = f"http://127.0.0.1:{found[2]}", int(found[2])
        wait_until(self._answers, f"an answer from {self.url}/health: {self.log}", START_SECONDS)
        return self

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/health", timeout=START_SECONDS):
                return True
        except HTTPError as error:
            error.close()
            return True  # not well, but up
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Program:
    """A copy of the program, with nothing in it that set-up or a run has left behind except the front-end packages."""

    folder: Path
    forks: bool = False

    @classmethod
    def copied_to(cls, folder: Path, *, forks: bool = False) -> Program:
        """``forks``: its processes are forked from one that has imported it, for whom how it starts is no matter."""

        def left_out(of: str, names: list[str]) -> Iterable[str]:
            if Path(of) == ROOT:
                return {name for name in names if name.startswith(".") or ".db" in name} | _LEFT_OUT
            return ()

        shutil.copytree(ROOT, folder, ignore=left_out, dirs_exist_ok=True)
        return cls(folder, forks)

    @contextmanager
    def web(self, database_url: str, *, port: int = 0, changed: str = "", **settings: str) -> Iterator[WebProcess]:
        """app.py on ``port`` (0: any that is free), from its first answer on.

        ``changed`` is code that runs before it starts, for what no setting changes: how long something takes.
        """
        with self.starting_web(database_url, port=port, changed=changed, **settings) as web:
            yield web.wait_until_up()

    def starting_web(self, database_url: str, *, port: int = 0, changed: str = "", **settings: str) -> WebProcess:
        """The same before it listens."""
        settings = {"DATABASE_URL": database_url, "PORT": str(port)} | settings
        log = self._new_log("web")
        return WebProcess(self._started("app.py", (), settings, log, changed), log)

    def collector(self, database_url: str, *arguments: str, **settings: str) -> Running:
        return self.starting("collector.py", *arguments, DATABASE_URL=database_url, **settings)

    def starting(self, name: str, *arguments: str, **settings: str) -> Running:
        """One of our programs, without waiting for anything."""
        log = self._new_log(Path(name).stem)
        return Running(self._started(name, arguments, settings, log), log)

    def _started(
        self, name: str, arguments: Sequence[str], settings: dict[str, str], log_file: Path, changed: str = ""
    ) -> subprocess.Popen[bytes] | Forked:
        environment = self._environment(**settings)
        log_file.touch()
        if self.forks and name in FORKED and can_fork():
            return _nursery(self.folder, name).start(arguments, environment, log_file, changed)
        command = ["-c", f"import sys, app\n{changed}\nsys.exit(app.main())"] if changed else [name, *arguments]
        with log_file.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *command],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def run(self, *command: str, timeout: float = START_SECONDS, **settings: str) -> subprocess.CompletedProcess[str]:
        """A program of ours to its end, for those that are to refuse."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=self._environment(**settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    @staticmethod
    def _environment(**settings: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        return kept | {"PYTHONUTF8": "1"} | settings

    def _new_log(self, name: str) -> Path:
        number = len(list(self.folder.glob(f"{name}-*.log")))
        return self.folder / f"{name}-{number}.log"


@functools.cache
def _nursery(folder: Path, name: str) -> Nursery:
    made = Nursery(folder, name)
    atexit.register(made.__exit__, None, None, None)
    return made


# Importing a program takes longer than its refusing: one process refuses again and again.
_REFUSING = """
import contextlib, io, json, os, signal, sys
main = __import__(sys.argv[1]).main
own = dict(os.environ)
for line in sys.stdin:
    arguments, settings = json.loads(line)
    os.environ.clear()
    os.environ.update(own | settings)
    signal.alarm(15)  # whoever does not refuse would run for ever
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        code = main(arguments)
    signal.alarm(0)
    print(json.dumps([code, told.getvalue()]), flush=True)
"""


class Refusals:
    """Has a program (``"app"``, ``"collector"``) refuse to start, with nothing but the settings it is given."""

    def __init__(self, program: Program, name: str) -> None:
        self.folder, self._name = program.folder, name
        self._process = subprocess.Popen(
            [sys.executable, "-c", _REFUSING, name],
            cwd=program.folder,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.communicate(timeout=STOP_SECONDS)

    def __call__(self, *arguments: str, code: int = 2, **settings: str) -> str:
        """The one line with which it refuses, and ends with ``code``."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([arguments, {"PORT": "0"} | settings]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"it did not refuse: {arguments} {settings}"
        ended_with, told = json.loads(answer)
        (line,) = told.splitlines()
        assert ended_with == code, line
        assert line.startswith(f"{self._name}.py: ")
        return line.removeprefix(f"{self._name}.py: ")
