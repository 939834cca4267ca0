"""The overlay: what OBS shows on the stream itself."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import render_template

bp = APIBlueprint("overlay", __name__, enable_openapi=False)


@bp.get("/overlay")
def page() -> str:
    # The page reads its options from its own address: there is nothing here to inject into.
    return render_template("overlay.html", page="overlay")
