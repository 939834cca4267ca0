"""Searches for input that breaks a source, led by which of its branches each input reached (atheris, if it is there).

As a program it searches one target until its time is over, as atheris never returns: see ``main``.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NoReturn

from core.config import ROOT
from tests.torture.report import Report

LEFT_OUT = "coverage-guided fuzzing is LEFT OUT: it needs atheris (`.venv/bin/pip install atheris`)"
NAMES = ("twitch", "tiktok")
INSTRUMENTED = ["sources", "core.events", "ingest.plausible"]
SLOWEST_SECONDS = 20  # for one input; beyond it a source hangs
LONGEST_BYTES = 20_000  # of one input: more than a line of Twitch's may have
PATIENCE_SECONDS = 120.0  # for a start and an end on a busy machine
ANSWER, SEEDS, WORDS, FINDINGS = "answer.json", "seeds", "words", "findings"  # in the folder of one search


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fuzz-seconds", type=float, default=60.0, metavar="N", help="of guided search (60), each")
    parser.add_argument("--fuzz-runs", type=int, default=0, metavar="N", help="at most (0: as many as there is time)")


def run(options: argparse.Namespace, report: Report) -> None:
    for name in NAMES:
        with tempfile.TemporaryDirectory(prefix="streampulse-fuzz-") as folder:
            if not _searched(name, options, Path(folder), report):
                report.say(LEFT_OUT)
                return


def _searched(name: str, options: argparse.Namespace, folder: Path, report: Report) -> bool:
    """Whether it could be done."""
    if not has_atheris():
        return False
    report.say(f"{options.fuzz_seconds:g} s of guided search for what {name}'s source does not take")
    command = [sys.executable, "-m", "tests.torture.fuzz", name, "--folder", str(folder)]
    command += ["--seconds", str(options.fuzz_seconds), "--runs", str(options.fuzz_runs)]
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=options.fuzz_seconds + PATIENCE_SECONDS,
            check=False,
        )
        code, said = ended.returncode, ended.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        code, said = -1, (late.stderr or b"").decode(errors="replace")
    answer = answer_of(folder)
    if answer:
        report.figure(name, _in_words(answer, said))
    report.promise(
        f"no input makes {name}'s source catch an exception, or tell what cannot be stored",
        findings(folder, answer, code, said),
    )
    return True


def has_atheris() -> bool:
    try:
        return importlib.util.find_spec("atheris") is not None
    except ValueError:  # it was put out of reach
        return False


def answer_of(folder: Path) -> dict[str, Any]:
    """What the search has told; empty when it was ended by something else."""
    file = folder / ANSWER
    return dict(json.loads(file.read_text())) if file.exists() else {}


def findings(folder: Path, answer: dict[str, Any], code: int, said: str) -> list[str]:
    """Each with its bytes, so that a test can be made of it."""
    if answer:
        return [answer["finding"]] if answer["finding"] else []
    # Python had no chance to tell: a hang, memory without end, or a crash of what is written in C.
    found = [f"{file.name.partition('-')[0]}: {file.read_bytes()!r}" for file in (folder / FINDINGS).glob("*-*")]
    return found or [f"the search ended with {code}: {said[-1_000:]}"]


def _in_words(answer: dict[str, Any], said: str) -> str:
    tried, seconds = answer["tried"], answer["seconds"]
    speed = tried / max(seconds, 0.001)
    covered = re.findall(r"\bcov: (\d+)", said)
    return (
        f"{tried:,} inputs in {seconds:.0f} s ({speed:,.0f} a second) from {answer['seeds']} seeds, "
        f"{answer['told']:,} events and states told, {covered[-1] if covered else 'unknown'} branches reached"
    )


# --- the program ---


def main(arguments: Sequence[str] | None = None) -> int:
    """Ends with 0 when nothing was found or atheris is missing, else with what atheris ends with."""
    told = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.torture.fuzz", description=told)
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=float, default=60.0, metavar="N", help="for how long (60)")
    parser.add_argument("--runs", type=int, default=0, metavar="N", help="at most (0: as many as there is time)")
    parser.add_argument("--folder", type=Path, help="where seeds, findings and the answer are left (a new one)")
    options = parser.parse_args(arguments)
    if has_atheris():
        folder = options.folder or Path(tempfile.mkdtemp(prefix="streampulse-fuzz-"))
        print(f"{options.target}: in {folder}", flush=True)
        _search(importlib.import_module("atheris"), options, folder)
    print(LEFT_OUT)
    return 0


def _search(atheris: Any, options: argparse.Namespace, folder: Path) -> NoReturn:
    logging.disable(logging.CRITICAL)  # of what a broken peer sends the sources warn
    tempfile.tempdir = str(folder)  # nothing is cleaned up at the end of this process
    with atheris.instrument_imports(include=INSTRUMENTED):
        targets = importlib.import_module("tests.torture.fuzz_targets")
    from ingest.writer import Writer  # not before: it would bring with it what is to be instrumented
    from tests.databases import database, unsafe

    ends = ExitStack()
    target = ends.enter_context(closing(targets.TARGETS[options.target]()))
    writer = Writer(ends.enter_context(closing(unsafe(database(folder))))).start()
    ends.callback(writer.close)
    seeds = _written(target.seeds(), folder)
    one = OneInput(targets.Storing(target, writer), options.seconds, options.runs, folder / ANSWER, seeds, ends.close)
    (folder / FINDINGS).mkdir(exist_ok=True)
    _write_words(target.words(), folder / WORDS)
    limits = [
        f"-dict={folder / WORDS}",
        f"-max_len={LONGEST_BYTES}",
        f"-timeout={SLOWEST_SECONDS}",
        f"-artifact_prefix={folder / FINDINGS}/",
    ]
    atheris.Setup([sys.argv[0], *limits, str(folder / SEEDS)], one)
    atheris.Fuzz()
    raise AssertionError("atheris came back")


def _written(seeds: Iterable[bytes], folder: Path) -> int:
    """How many files they became."""
    (folder / SEEDS).mkdir(exist_ok=True)
    number = 0
    for number, seed in enumerate(seeds, 1):
        (folder / SEEDS / f"{number:04}").write_bytes(seed)
    return number


def _write_words(words: Iterable[bytes], file: Path) -> None:
    """In the form of libFuzzer's dictionaries."""
    with file.open("w") as out:
        for word in filter(None, words):
            signs = "".join(f"\\x{byte:02x}" for byte in word)
            out.write(f'"{signs}"\n')


class OneInput:
    """What atheris calls with each input. It ends the process, as nothing else can, when the time is over."""

    def __init__(
        self, storing: Any, seconds: float, runs: int, answer: Path, seeds: int, close: Callable[[], None]
    ) -> None:
        self._storing, self._seconds, self._runs = storing, seconds, runs
        self._answer, self._seeds, self._close = answer, seeds, close
        self._began = time.monotonic()

    def __call__(self, data: bytes) -> None:
        try:
            self._storing.take(data)
            if not self._is_over():
                return
            self._storing.settle()
        except Exception as error:
            self._tell(f"{getattr(error, 'data', data)!r}: {''.join(traceback.format_exception(error))}")
            raise
        self._tell("")
        self._close()
        os._exit(0)  # atheris takes any other end for a finding

    def _is_over(self) -> bool:
        too_many = self._runs and self._storing.tried >= self._runs
        return bool(too_many) or time.monotonic() - self._began >= self._seconds

    def _tell(self, finding: str) -> None:
        answer = {
            "tried": self._storing.tried,
            "told": self._storing.told,
            "seconds": time.monotonic() - self._began,
            "seeds": self._seeds,
            "finding": finding,
        }
        self._answer.write_text(json.dumps(answer))


if __name__ == "__main__":
    sys.exit(main())
