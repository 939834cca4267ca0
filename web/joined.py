"""Our own sheets and scripts, many in one answer: a browser asks once, and keeps it for as long as nothing changes.

``/static/joined/lists+viewers.css`` is two sheets one after the other. ``/static/joined/viewers+calm.js`` is the script
of a page with all it imports, and a script of ``lib/``. There is no step that builds them: files are looked at each
time, and read when one has changed.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, request, url_for
from werkzeug.exceptions import NotFound

from core.config import ROOT
from web.modules import FETCHED, joined, needed

bp = APIBlueprint("joined", __name__, enable_openapi=False)

STATIC = ROOT / "static"
TYPES = {"css": "text/css", "js": "text/javascript"}
MOST = 100  # answers; there are two for each page
_NAME = re.compile(r"[a-z-]{1,30}(?:\+[a-z-]{1,30}){0,19}\.(?:css|js)")
FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Joined:
    """What one address answers. ``fetched``: addresses under static/ that the browser needs besides."""

    version: str  # changes with the content, and is the same on all machines with the same files
    plain: bytes
    packed: bytes  # gzip: every browser and curl read it
    fetched: tuple[str, ...]


_kept: dict[str, tuple[dict[Path, int], Joined]] = {}


def find(name: str) -> Joined:
    """What ``name`` of an address stands for; LookupError where that is nothing."""
    changed, made = _kept.get(name, ({}, None))
    if made and changed == _changed(changed):
        return made
    if not _NAME.fullmatch(name):
        raise LookupError(name)
    names, _, kind = name.rpartition(".")
    parts = names.split("+")
    try:
        files, text = _sheets(parts) if kind == "css" else _scripts(parts)
    except FileNotFoundError as error:
        raise LookupError(name) from error
    plain = text.encode()
    version = hashlib.sha256(plain).hexdigest()[:12]
    fetched = tuple(file for file in files if file.startswith(FETCHED))
    made = Joined(version, plain, gzip.compress(plain, mtime=0), fetched)
    if len(_kept) >= MOST:
        _kept.clear()
    _kept[name] = _changed(STATIC / file for file in files if file not in fetched), made
    return made


def _changed(files: Iterable[Path]) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns if file.exists() else 0 for file in files}


def _sheets(names: list[str]) -> tuple[list[str], str]:
    files = [f"css/{name}.css" for name in names]
    return files, "\n".join((STATIC / file).read_text(encoding="utf-8") for file in files)


def _scripts(names: list[str]) -> tuple[list[str], str]:
    page, *others = names
    files = needed(STATIC, [f"js/pages/{page}.js", *(f"js/lib/{name}.js" for name in others)])
    return files, joined(STATIC, files, "../vendor/")


def address(kind: str, *names: str) -> str:
    """Where ``names`` are found as one, for as long as they are what they are now."""
    name = f"{'+'.join(names)}.{kind}"
    return url_for("joined.send", name=name, v=find(name).version)


def beside(*names: str) -> list[str]:
    """The addresses of fetched modules that the joined script of ``names`` imports."""
    return [url_for("static", filename="") + file for file in find(f"{'+'.join(names)}.js").fetched]


@bp.get("/static/joined/<name>")
def send(name: str) -> Response:
    try:
        made = find(name)
    except LookupError as error:
        raise NotFound from error
    packed = request.accept_encodings.find("gzip") >= 0
    response = Response(made.packed if packed else made.plain, mimetype=TYPES[name.rpartition(".")[2]])
    if packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{made.version}{'-gz' if packed else ''}")
    # A process with other files, of a version before or after, asks for another one: that must not be kept for it.
    response.headers["Cache-Control"] = FOR_GOOD if request.args.get("v") == made.version else "no-cache"
    response.make_conditional(request)
    return response
