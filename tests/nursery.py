"""Processes of a program, forked where it has imported everything and read nothing: imports are most of a start.

    with Nursery(folder, "app.py") as nursery:
        process = nursery.start([], {"DATABASE_URL": url}, log_file)
        process.terminate()
        process.wait(5)

The program runs as ``__main__``, as it is deployed, and halts where it calls ``keep_for_good`` for the first time. Each
process goes on from there, with arguments, environment and log of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_SECONDS = 5.0


def can_fork() -> bool:
    """Where not, nobody but its parent learns when a process has ended: not on Linux, or not in every container."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


# In the halted program. It asks the system itself: the web process has gevent change much of the library.
_HALTED = """
import gc, json, os, runpy, signal, sys, time
sys.path.insert(0, os.getcwd())
from core import starting

fork, waitpid, keep_for_good = os.fork, os.waitpid, starting.keep_for_good
commands, answers = os.fdopen(os.dup(0), "rb", buffering=0), os.dup(1)

def goes_on(arguments, environment, log, changed):
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    signal.signal(signal.SIGINT, interrupted)
    nothing, file = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND)
    for of, to in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(of, to)
    for left in (nothing, file, commands.fileno(), answers):
        os.close(left)
    sys.argv[1:] = arguments
    starting.keep_for_good = sys.modules["__main__"].keep_for_good = keep_for_good
    exec(changed, {"app": sys.modules["__main__"]})
    keep_for_good()

def halt():
    global interrupted
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends tests, who still ask for others' ends
    gc.freeze()
    while line := commands.readline():
        command, *given = json.loads(line)
        if command == "end":
            answer = os.waitstatus_to_exitcode(waitpid(*given, 0)[1])
        elif not (answer := fork()):
            return goes_on(*given)
        os.write(answers, b"%d\\n" % answer)
    os._exit(0)

starting.keep_for_good = halt
sys.argv = [sys.argv[1]]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Nursery:
    """One halted program of ``folder``. What it has started lives on when it ends."""

    def __init__(self, folder: Path, name: str) -> None:
        kept = {of: os.environ[of] for of in ("PATH", "HOME", "LANG") if of in os.environ}
        self._turn = threading.Lock()
        self._halted = subprocess.Popen(
            [sys.executable, "-c", _HALTED, name],
            cwd=folder,
            env=kept | {"PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.pid = self._halted.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._halted.communicate(timeout=STOP_SECONDS)

    def start(self, arguments: Sequence[str], environment: dict[str, str], log_file: Path, changed: str = "") -> Forked:
        """``changed`` is code that runs before the program goes on; ``log_file`` is there already."""
        return Forked(self, self.ask("start", list(arguments), environment, str(log_file), changed))

    def ask(self, *command: object) -> int:
        assert self._halted.stdin
        assert self._halted.stdout
        with self._turn:
            self._halted.stdin.write(json.dumps(command).encode() + b"\n")
            self._halted.stdin.flush()
            return int(self._halted.stdout.readline())


class Forked:
    """A process that somebody else forked, with as much of ``subprocess.Popen`` as tests use."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid, self.returncode = pid, None
        self._nursery, self._end = nursery, os.pidfd_open(pid)

    returncode: int | None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            ends = select.poll()
            ends.register(self._end)
            if not ends.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = self._nursery.ask("end", self.pid)
            os.close(self._end)
        return self.returncode

    def send_signal(self, by: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, by)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
