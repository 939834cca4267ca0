"""Work that is killed in the middle: after so many steps or seconds, in a process of its own each time."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Self

from core.config import ROOT

# Loading what the work needs takes longer than the work: one process forks for each time.
_FORKING = """
import json, os, signal, sys, time

def counted(arguments, last):
    done = 0
    def step(*_):
        nonlocal done
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)
        done += 1
    work(step, *arguments)
    return done

for line in sys.stdin:
    arguments, last, seconds = json.loads(line)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.write(writing, str(counted(arguments, last)).encode())
        os._exit(0)
    os.close(writing)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    told = os.read(reading, 20).decode()
    os.close(reading)
    os.waitpid(child, 0)
    print(told, flush=True)
"""


class Mortal:
    """``code`` defines ``work(step, *arguments)``, which calls ``step`` before each of its steps."""

    def __init__(self, code: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", code + _FORKING],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.communicate(timeout=30)

    def __call__(self, *arguments: str, steps: int | None = None, seconds: float | None = None) -> int | None:
        """Kills it after so many steps or seconds; answers how many steps it had if it came to its end."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([arguments, steps, seconds]) + "\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline().strip()
        return int(told) if told else None
