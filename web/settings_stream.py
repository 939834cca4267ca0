"""Settings of the stream: whom to ignore, goals for the overlay, and calm mode."""

from __future__ import annotations

import re
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy import Connection
from werkzeug.exceptions import Conflict, NotFound

from actions import calm as calm_actions
from actions import installation
from actions import preferences as choices
from analytics import calm, ignored, preferences
from core.clock import iso, now_ms
from rules.accounts import Unfit
from rules.goals import KINDS, LARGEST_TARGET, LONGEST_LABEL, MOST_GOALS, Goal
from web import orders
from web.identity import caller
from web.services import services
from web.settings_stream_schemas import CalmNow, CalmOrder, GoalList, GoalOrder, IgnoredNames, IgnoreOrder, ShownGoal

bp = APIBlueprint("settings_stream", __name__, tag="Settings")

IGNORED, GOALS, CALM = "/api/settings/ignored", "/api/settings/goals", "/api/calm"
LOGIN = re.compile(r"[a-z0-9_.]{1,30}")
REFUSED = [400, 401, 403, 415, 422, 503]


@bp.get(IGNORED)
@bp.output(IgnoredNames, description="In the order of the alphabet")
@bp.doc(summary="Names that are recorded nowhere", security="bearer", responses=[401, 403, 503])
def ignored_names() -> Response:
    with services().database.reading() as connection:
        return jsonify(ignored_facts(connection))


@bp.post(IGNORED)
@bp.input(IgnoreOrder)
@bp.output(IgnoredNames, description="As it is now; it counts from the next message on")
@bp.doc(summary="Ignore names", security="bearer", responses=REFUSED)
def ignore_names(json_data: IgnoreOrder) -> Response:
    logins = [installation.login_of(name) for name in json_data.names]
    for name, login in zip(json_data.names, logins, strict=True):
        if not LOGIN.fullmatch(login):
            raise Unfit("names", f"{name[:40]!r} is no login: letters a to z, digits, dots and underscores, up to 30")
    orders.run(installation.ignore, logins, ignored=True)
    return ignored_names()


@bp.delete(f"{IGNORED}/<name>")
@bp.output(IgnoredNames, description="As it is now")
@bp.doc(summary="Record a name again", security="bearer", responses=[401, 403, 404, 503])
def record_name_again(name: str) -> Response:
    with services().database.reading() as connection:
        if installation.login_of(name) not in ignored.names(connection):
            raise NotFound("this name is not ignored")
    orders.run(installation.ignore, [name], ignored=False)
    return ignored_names()


@bp.get(GOALS)
@bp.output(GoalList, description="`shown`: which of them, from 0 on, an overlay shows that names none itself")
@bp.doc(summary="Goals", security="bearer", responses=[401, 403, 503])
def goals() -> Response:
    with services().database.reading() as connection:
        return jsonify(_goals(connection))


@bp.put(GOALS)
@bp.input(GoalOrder)
@bp.output(GoalList, description="As it is now; overlays show it within seconds")
@bp.doc(summary="Replace the goals", security="bearer", responses=REFUSED)
def replace_goals(json_data: GoalOrder) -> Response:
    wanted = [Goal(goal.what, goal.target, goal.label.strip()) for goal in json_data.goals]
    orders.run(choices.set_goals, wanted, json_data.shown)
    return goals()


@bp.get("/api/overlay/goal")
@bp.output(ShownGoal, description="The goal to show, or null")
@bp.doc(summary="The goal that overlays show", security=["bearer", "overlay"], responses=[401, 403, 503])
def overlay_goal() -> Response:
    with services().database.reading() as connection:
        found = _goals(connection)
    return jsonify(goal=None if found["shown"] is None else found["goals"][found["shown"]])


@bp.get(CALM)
@bp.output(CalmNow, description="Whether this account's dashboard hides what is counted live")
@bp.doc(summary="Calm mode", security="bearer", responses=[401, 403, 503])
def calm_now() -> Response:
    return jsonify(calm_facts())


@bp.put(CALM)
@bp.input(CalmOrder)
@bp.output(CalmNow, description="On until the stream ends that runs now, or else the next one")
@bp.doc(summary="Switch calm mode", security="bearer", responses=[*REFUSED, 409])
def switch_calm(json_data: CalmOrder) -> Response:
    account_id = caller().account_id
    if account_id is None:
        raise Conflict("a token has no dashboard")
    orders.run(calm_actions.switch, account_id, on=json_data.on, now_ms=now_ms())
    return jsonify(calm_facts())


def ignored_facts(connection: Connection) -> dict[str, Any]:
    return {"names": ignored.names(connection)}


def goal_facts(connection: Connection) -> dict[str, Any]:
    bounds = {"kinds": KINDS, "most": MOST_GOALS, "largest": LARGEST_TARGET, "longest": LONGEST_LABEL}
    return _goals(connection) | bounds


def calm_facts(_connection: Connection | None = None) -> dict[str, Any]:
    account_id = caller().account_id
    at = services()
    since_ms = None
    if account_id is not None:
        with at.database.reading() as connection:
            since_ms = calm.since(connection, calm_actions.key_of(account_id), now_ms())
    return {"on": since_ms is not None, "since": None if since_ms is None else iso(since_ms, at.settings.zone)}


def _goals(connection: Connection) -> dict[str, Any]:
    found = preferences.chosen(connection, choices.GOALS)
    return {"goals": found.get("goals", []), "shown": found.get("shown")}
