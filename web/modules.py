"""One script of a page's many modules: a browser asks once instead of fifty times, and waits for no generation of them.

Our modules are written in one way, and only that way is read here: named imports of one another at the top, named
exports where they are made, no circles, nothing loaded later. Whatever else is found is refused; a test joins them all.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

_IMPORT = re.compile(
    r"""^import (?:(?:(?P<names>\{[^}]*\})|\* as (?P<whole>\w+)) from )?"(?P<target>\.{1,2}/[^"]+)";$""", re.MULTILINE
)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|class|const) (\w+))", re.MULTILINE)
_OTHERWISE = re.compile(r"^(?:import|export)\b.*|(?<![\w.#])import(?:\(|\.meta).*", re.MULTILINE)

FETCHED = "vendor/"


def needed(root: Path, entries: Iterable[str]) -> list[str]:
    """``entries`` and all that they import: addresses under ``root``, each after what it needs."""
    found: list[str] = []
    for entry in entries:
        _add(root, entry, found, ())
    return found


def _add(root: Path, file: str, found: list[str], above: tuple[str, ...]) -> None:
    if file in above:
        raise ValueError(f"modules in a circle: {' → '.join((*above, file))}")
    if file in found:
        return
    if not file.startswith(FETCHED):  # those are whole in themselves
        for told in _IMPORT.finditer((root / file).read_text(encoding="utf-8")):
            _add(root, _named(file, told["target"]), found, (*above, file))
    found.append(file)


def joined(root: Path, files: Iterable[str], fetched: str) -> str:
    """The modules ``files``, as ``needed`` lists them, as one; what is fetched stays beside it, under ``fetched``.

    Each keeps a scope of its own and is run once, in their order.
    """
    places: dict[str, str] = {}
    parts: list[str] = []
    for number, file in enumerate(files):
        places[file] = f"m{number}"
        if file.startswith(FETCHED):
            parts.insert(0, f'import * as m{number} from "{fetched}{file.removeprefix(FETCHED)}";')
        else:
            parts.append(_scoped(root, file, places))
    return "\n".join([*parts, ""])


def _scoped(root: Path, file: str, places: dict[str, str]) -> str:
    def taken(told: re.Match[str]) -> str:
        place = places[_named(file, told["target"])]
        names = told["whole"] or (told["names"] or "").replace(" as ", ": ")
        return f"const {names} = {place};" if names else ""

    text = (root / file).read_text(encoding="utf-8")
    exported = ", ".join(_EXPORT.findall(text))
    text = _EXPORT.sub("", _IMPORT.sub(taken, text))
    if other := _OTHERWISE.search(text):
        raise ValueError(f"{file}: cannot be joined with others: {other.group()}")
    return f"// {file}\nconst {places[file]} = (() => {{\n{text}\nreturn {{ {exported} }};\n}})();"


def _named(by: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(by), target))
