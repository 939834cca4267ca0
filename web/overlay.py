"""The overlay: what OBS shows on the stream itself."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, render_template
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from analytics import scope
from web.services import services

bp = APIBlueprint("overlay", __name__, tag="Overlay")


@bp.get("/overlay")
@bp.doc(hide=True)
def page() -> str:
    # The page reads its options from its own address: there is nothing here to inject into.
    return render_template("overlay.html", page="overlay")


class EnvToken(BaseModel):
    token: str | None = Field(description="`OVERLAY_TOKEN`, or null where it is not set")


@bp.get("/api/overlay/env-token")
@bp.output(EnvToken, description="For the address of an overlay")
@bp.doc(summary="The overlay token of .env", security="bearer", responses=[401, 403])
def env_token() -> Response:
    return jsonify(token=services().settings.overlay_token or None)


def builder_facts(connection: Connection) -> dict[str, Any]:
    """What the settings' builder of addresses offers."""
    settings = services().settings
    return {
        "channels": scope.channels(connection),
        "needs_token": bool(settings.dashboard_password),
        "has_env_token": bool(settings.overlay_token),
    }
