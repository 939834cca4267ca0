"""The API document, drawn by Swagger UI from this machine's own files."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import render_template

bp = APIBlueprint("docs", __name__, enable_openapi=False)

DESCRIPTION = """Everything the dashboard shows, for scripts. Send `Authorization: Bearer <API_TOKEN>`, or the session
of a login; without `DASHBOARD_PASSWORD` this machine needs neither. Errors are
`{"success": false, "error": "…", "details": […]}` with a fitting status. A parameter or
field that is not described here is refused (422) by its name; `_` may be added to any address."""


@bp.get("/docs")
def page() -> str:
    return render_template("docs.html", page="docs")
