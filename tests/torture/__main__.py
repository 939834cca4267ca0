"""Tries for long what the tests try briefly, prints what it measures, and ends with 1 where a promise broke."""

from __future__ import annotations

import argparse
import sys
from typing import Protocol

from tests.torture import audit, crashes, faults, input, interruptions, load
from tests.torture.report import Report


class Member(Protocol):
    """A module of this package. The first sentence of its docstring says what it does."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """What can be chosen on the command line; without any of it the run is the long one."""

    def run(self, options: argparse.Namespace, report: Report) -> None:
        """Tells ``report`` each figure, and each promise with what speaks against it."""


ALL: dict[str, Member] = {
    "audit": audit,
    "crashes": crashes,
    "faults": faults,
    "input": input,
    "interruptions": interruptions,
    "load": load,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/torture", description=f"{__doc__} All of it when nothing is named.")
    names = parser.add_subparsers(dest="name", metavar="NAME")
    for name, member in ALL.items():
        told = (member.__doc__ or "").partition("\n")[0]
        member.add_options(names.add_parser(name, help=told, description=told))
    options = parser.parse_args()
    chosen = [options] if options.name else [parser.parse_args([name]) for name in ALL]
    broken = []
    for one in chosen:
        report = Report(one.name)
        ALL[one.name].run(one, report)
        broken += [f"{one.name}: {line}" for line in report.broken]
    print(f"\n{len(broken)} promises broke" if broken else "\nEvery promise was kept", *broken, sep="\n", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
