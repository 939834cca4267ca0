"""Asks the advisory services of PyPI and npm whether a package that is installed here has a known hole."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from typing import Any

from core.config import ROOT
from tests.torture.report import Report

PATIENCE_SECONDS = 300


class NoData(Exception):
    """The service was not reached, or has no answer; the message says why in its own words."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(_options: argparse.Namespace, report: Report) -> None:
    for name, ask in (("PyPI", python_packages), ("npm", browser_packages)):
        try:
            count, found = ask()
        except NoData as error:
            report.figure(name, f"NOT LOOKED AT, its advisories cannot be had here: {error}")
            continue
        report.figure(name, f"{count} packages looked at")
        report.promise(f"no package of {name} has a known hole", found)


def python_packages() -> tuple[int, list[str]]:
    """How many were looked at, and the holes. Raises NoData."""
    told = _answer([sys.executable, "-m", "pip_audit", "--local", "--progress-spinner", "off", "--format", "json"])
    packages = told.get("dependencies", [])
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    known = [one for one in packages if "skip_reason" not in one]
    if not known:
        raise NoData(f"nothing is known of {len(unknown)} packages")
    holes = [f"{one['name']} {one['version']}: {hole['id']}" for one in known for hole in one["vulns"]]
    return len(known), holes


def browser_packages() -> tuple[int, list[str]]:
    """The same of what pages load."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoData("there is no npm")
    told = _answer([npm, "audit", "--omit=dev", "--json"])
    if "vulnerabilities" not in told:
        raise NoData(str(told.get("message") or told.get("error") or told)[:200])
    holes = [f"{name}: {hole['severity']}" for name, hole in told["vulnerabilities"].items()]
    return int(told["metadata"]["dependencies"]["total"]), holes


def _answer(command: list[str]) -> dict[str, Any]:
    """What a program says as JSON, whatever its exit code: it ends with 1 where there are holes."""
    try:
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NoData(f"no answer within {PATIENCE_SECONDS} s") from None
    try:
        return dict(json.loads(ended.stdout))
    except ValueError:
        lines = ended.stderr.strip().splitlines() or ["no answer"]
        raise NoData(lines[-1][:200]) from None
