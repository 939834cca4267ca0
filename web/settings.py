"""The settings page: one room after the other, each with its own calls elsewhere."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g, render_template

from web import settings_rooms
from web.access import Access
from web.services import services

bp = APIBlueprint("settings", __name__, enable_openapi=False)


@bp.app_template_filter("plain_number")
def plain_number(value: float) -> str:
    """Without a fraction where there is none, and never with an exponent."""
    return str(int(value)) if value == int(value) else str(value)


@bp.get("/settings")
def page() -> str:
    rooms = list(settings_rooms.open_to(g.access))
    with services().database.reading() as connection:
        facts = {room.id: room.facts(connection) for room in rooms}
    return render_template(
        "settings.html",
        page="settings",
        rooms=rooms,
        is_owner=g.access >= Access.OWNER,
        may_write=g.access >= Access.WRITE,
        **facts,
    )
