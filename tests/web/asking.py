"""Schemathesis before a running dashboard, as anybody: what it asks is held against the API document."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# A token that stands in the address stands there in every request, whatever else is in it.
HOOKS = """
import os
import schemathesis

@schemathesis.hook
def before_call(context, case, kwargs):
    case.query = {**(case.query or {}), "token": os.environ["ASKED_WITH_TOKEN"]}
"""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def ask(
    url: str,
    folder: Path,
    *options: str,
    headers: Mapping[str, str] = {},
    token: str = "",
    exceptions: str = "",
    leave_out: Sequence[str] = (),
    seconds: float = 280,
) -> subprocess.CompletedProcess[str]:
    """Runs it to its end. ``token`` stands in each address; ``exceptions`` is its configuration, in TOML.

    Where ``folder`` holds the document as ``openapi.json``, it is not asked for: it is for readers alone.
    """
    config, hooks = folder / "schemathesis.toml", folder / "asking_hooks.py"
    config.write_text(exceptions)
    environment = dict(os.environ)
    if token:
        hooks.write_text(HOOKS)
        environment |= {"SCHEMATHESIS_HOOKS": "asking_hooks", "ASKED_WITH_TOKEN": token, "PYTHONPATH": str(folder)}
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
