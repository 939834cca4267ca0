"""Which modules a page's script needs: the browser asks for all at once instead of one generation after the other."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

# Of a module that is named with its place; what ``import()`` loads later is left for later.
_IMPORT = re.compile(r"""^(?:import|export)\b[^"'(;]*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)


FETCHED = "vendor/"


def needed(root: Path, entry: str) -> list[str]:
    """What ``entry`` imports, what that imports, and so on: addresses under ``root``, the nearest first."""
    found: dict[str, None] = {entry: None}
    for file in (waiting := [entry]):
        if file.startswith(FETCHED):
            continue  # whole in itself
        text = (root / file).read_text(encoding="utf-8")
        for target in _IMPORT.findall(text):
            named = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
            if named not in found:
                found[named] = None
                waiting.append(named)
    return [file for file in found if file != entry]
