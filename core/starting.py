"""What lets a process start sooner, pause less and end at once: it imports and looks at nothing without need."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from contextlib import suppress
from typing import NoReturn

LOOK_AFTER = 20_000  # new objects that have not gone yet; Python's own 700 take a twentieth of a collector's time


def import_without(module: str, *unneeded: str) -> None:
    """Imports ``module`` as where its optional packages ``unneeded`` are not installed; those can be imported later."""
    absent = [name for name in unneeded if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: as if there were no such module
    try:
        importlib.import_module(module)
    finally:
        for name in absent:
            del sys.modules[name]


def start_without_pauses() -> None:
    """Keeps the garbage collector quiet until ``keep_for_good``: nearly all that imports make stays.

    Looking through all of it takes a tenth of a second each time.
    """
    gc.disable()


def keep_for_good() -> None:
    """Has the garbage collector begin, and never look at what there is now; may be repeated.

    That is some hundred thousand objects that all stay: looking through them stops everything for a tenth of a second.
    What comes later is looked at less often than usual: a batch of events makes ten thousand objects, all of which go
    by themselves, and who is known stays.
    """
    gc.freeze()
    gc.set_threshold(LOOK_AFTER, 10, 10)
    gc.enable()


def leave(code: int) -> NoReturn:
    """As ``sys.exit``, but the system frees the memory: object by object that takes seconds after many clients."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody listens any more
            stream.flush()
    os._exit(code)
