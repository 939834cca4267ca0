"""Secrets are compared in constant time: how long a refusal takes must not tell how much of a guess was right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from core.config import ROOT

SECRET = re.compile(r"(secret|token|password|signature|session_key|api_token|track_key|digest|expected)(_hash)?")
HASHES = {"known.token != seat.token"}  # of tokens that a browser made up for itself


def comparisons(file: Path) -> list[str]:
    """Each ``==`` or ``!=`` of ``file`` with something that is called like a secret."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            names = (getattr(part, "attr", getattr(part, "id", "")) for part in (node.left, *node.comparators))
            if any(SECRET.fullmatch(name) for name in names):
                found.append(ast.unparse(node))
    return found


def test_no_secret_is_compared_sign_by_sign():
    files = [file for layer in ("core", "rules", "actions", "web") for file in (ROOT / layer).rglob("*.py")]
    assert len(files) > 100
    assert {found for file in files for found in comparisons(file)} == HASHES
