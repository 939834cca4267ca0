"""What dashboards ask and change over their socket: the same as over HTTP, by the same rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_socketio import SocketIO
from sqlalchemy.exc import DBAPIError

from actions import viewers as edits
from analytics import viewer_detail, viewers
from core.clock import now_ms
from core.db import why_unusable
from web import orders
from web.errors import say_each_a_minute
from web.services import services

MOST_UPDATES = 50  # there are fewer fields; each that is refused is named in the answer
LONGEST_ERROR = 300

Answer = dict[str, Any]


class Refused(Exception):
    """The call cannot be done; the message says why."""


def register(socketio: SocketIO) -> None:
    @socketio.on("viewer-profiles:get")
    def get(wanted: Any = None, *_more: Any) -> Answer:
        return _answered(lambda: _get(wanted))

    @socketio.on("viewer-profiles:update")
    def update(wanted: Any = None, *_more: Any) -> Answer:
        return _answered(lambda: _update(wanted))


def _answered(call: Callable[[], Any]) -> Answer:
    try:
        return {"success": True, "data": call()}
    except edits.profiles.Invalid as error:
        return {"success": False, "error": str(error)[:LONGEST_ERROR], "details": error.details}
    except (Refused, viewers.UnknownViewer) as error:
        return {"success": False, "error": str(error)}
    except edits.NoSuchViewer:
        return {"success": False, "error": "there is no such viewer any more"}
    except DBAPIError as error:
        say_each_a_minute(why_unusable(error))
        return {"success": False, "error": f"The database is not available: {why_unusable(error)}"}


def _get(wanted: Any) -> Answer:
    address = _address(wanted.get("username") if isinstance(wanted, dict) else wanted)
    at = services()
    with at.database.reading() as connection:
        row = viewers.find(connection, address)
        return viewer_detail.detail(connection, row, at.settings.zone, now_ms())


def _update(wanted: Any) -> Answer:
    if not isinstance(wanted, dict):
        raise Refused("say {username, updates}")
    address, updates = _address(wanted.get("username")), wanted.get("updates")
    if not isinstance(updates, dict) or not all(len(field) <= 64 for field in updates):
        raise Refused("updates: must be an object of fields")
    if len(updates) > MOST_UPDATES:
        raise Refused(f"updates: must not be more than {MOST_UPDATES} fields")
    at = services()
    with at.database.reading() as connection:
        viewer_id = viewers.find(connection, address).id
    orders.run(edits.update, viewer_id, updates, editor=orders.editor(), now_ms=now_ms())
    with at.database.reading() as connection:
        found = viewers.profiles_by_id(connection, [viewer_id], at.settings.zone)
    if viewer_id not in found:
        raise edits.NoSuchViewer(viewer_id)
    return found[viewer_id]


def _address(username: Any) -> str:
    if not isinstance(username, str) or not username.strip():
        raise Refused("username: must be a name, alone or as twitch:name or tiktok:name")
    return username
