"""Schemathesis before a running dashboard, as anybody: what it asks is held against the API document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

# Finding out what may be asked of each call takes longer than asking it: what one asks, the others ask as well.
HOOKS = f"""
import json, os, sys
import schemathesis
from schemathesis import checks

OTHERS = json.loads(os.environ["ASKED_BY_OTHERS"])
CHECKS = [getattr(checks, name) for name in "{CHECKS}".split(",")]

@schemathesis.check
def as_others(context, response, case):
    for name, given in OTHERS.items():
        answer = case.call(**given)
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseException:
            print(f"this was asked as {{name}}:", file=sys.stderr)
            raise
"""

Given = Mapping[str, Mapping[str, str]]  # ``headers`` and ``params`` of the address that somebody brings


def ask(
    url: str,
    folder: Path,
    *options: str,
    headers: Mapping[str, str] = {},
    others: Mapping[str, Given] = {},
    exceptions: str = "",
    leave_out: Sequence[str] = (),
    seconds: float = 280,
) -> subprocess.CompletedProcess[str]:
    """Runs it to its end. ``others`` ask the same, by name; ``exceptions`` is its configuration, in TOML.

    Where ``folder`` holds the document as ``openapi.json``, it is not asked for: it is for readers alone.
    """
    config, hooks = folder / "schemathesis.toml", folder / "asking_hooks.py"
    config.write_text(exceptions)
    environment = dict(os.environ)
    if others:
        hooks.write_text(HOOKS)
        environment |= {"SCHEMATHESIS_HOOKS": "asking_hooks", "ASKED_BY_OTHERS": json.dumps(others)}
        environment |= {"PYTHONPATH": str(folder)}
    program = [sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run"]
    document = folder / "openapi.json"
    program += [str(document), f"--url={url}"] if document.exists() else [f"{url}/openapi.json"]
    own = ["--seed=1", "--no-color", "--generation-database=none", *(f"--exclude-path={path}" for path in leave_out)]
    told = [f"--header={name}: {value}" for name, value in headers.items()]
    return subprocess.run(
        [*program, *own, *told, *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
