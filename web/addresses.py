"""What the variable parts of an address may be."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter

from rules.library_values import HIGHEST_ID

NOBODYS = 0  # rows are numbered from 1


class Number(IntegerConverter):
    """A row's number. One that no column could hold is nobody's: a database would not look for it, but fail."""

    def to_python(self, value: str) -> int:
        digits = value.lstrip("0") or "0"
        if len(digits) > len(str(HIGHEST_ID)) or int(digits) > HIGHEST_ID:
            return NOBODYS
        return int(digits)


class ViewerName(BaseConverter):
    """A part of a path that names a viewer. Who is called like a route is asked for with their platform."""

    regex = "(?!(?:leaderboard|export|import)$)[^/]+"
    part_isolating = True  # the slash in the pattern is one it excludes


def register(app: Flask) -> None:
    """Before any route is."""
    app.url_map.converters |= {"int": Number, "viewer": ViewerName}
