"""POST /track: what shops report, from their servers and from their visitors' browsers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint
from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import Forbidden, Unauthorized, UnprocessableEntity

from actions import track
from actions.track import NotDurable, Outcome, Tracker
from web.access import Access, access_of_caller, comes_from_another_site
from web.bodies import json_body
from web.errors import answer
from web.identity import is_track_key
from web.services import services
from web.store_schemas import TRACK_BODY, TrackAnswer
from web.unknown_origins import UnknownOrigins

bp = APIBlueprint("track", __name__, tag="Store")

JSON_TYPES = ("application/json", "text/plain", "application/x-www-form-urlencoded")  # the last: old beacons
PREFLIGHT_SECONDS = 7_200
FOR_ALL_SITES = {"Cross-Origin-Resource-Policy": "cross-origin"}
RETRY = ("Retry-After", "3")
SNIPPET = "/static/js/track.js"
SNIPPET_SECONDS = 3_600  # how long a visitor's browser keeps track.js without asking for it again


def register(app: Flask) -> None:
    at = app.extensions["streampulse"]
    app.extensions["unknown_origins"] = UnknownOrigins()
    app.extensions["tracker"] = Tracker(at.database, track.Policy.of(at.settings), app.extensions["orders"].run)


@bp.route("/track", methods=["OPTIONS"], provide_automatic_options=False)
@bp.doc(hide=True)
def preflight() -> Response:
    response = Response(status=204)
    if allowed_origin():
        response.headers["Access-Control-Allow-Methods"] = "POST"
        response.headers["Access-Control-Allow-Headers"] = "Content-Type, X-Track-Key"
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response


@bp.post("/track")
@bp.output(TrackAnswer, status_code=201, description="It is on disk")
@bp.doc(
    summary="Report what a visitor of the shop did",
    description="One event, or a list of up to 1,000, each of which is taken or refused on its own. The track key goes "
    "into `X-Track-Key` or `?key=`. Pages may send the same as `text/plain`, as `sendBeacon` does.",
    responses=[400, 401, 403, 413, 415, 422, 503],
    security=["bearer", "track"],
)
def take() -> Response:
    _admit()
    body = json_body(JSON_TYPES)
    items = body if isinstance(body, list) else [body]
    if not 1 <= len(items) <= track.MOST_ITEMS:
        raise UnprocessableEntity(f"a list holds 1 to {track.MOST_ITEMS:,} events")
    tracker: Tracker = current_app.extensions["tracker"]
    try:
        outcomes = tracker.track(
            items, user_agent=request.headers.get("User-Agent", ""), address=request.remote_addr or ""
        )
    except NotDurable as error:
        response = answer(503, not_durable(error)["error"])
        response.headers.add(*RETRY)
        return response
    if all(outcome.fault for outcome in outcomes):
        return _refused(outcomes, listed=isinstance(body, list))
    response = jsonify(told(outcomes, listed=isinstance(body, list)))
    response.status_code = 201
    return response


def told(outcomes: Sequence[Outcome], *, listed: bool) -> dict[str, Any]:
    """What is answered when something was stored. ``listed``: it came as a list."""
    if not listed:
        return {"status": "tracked", "event_id": outcomes[0].event_id, "total_events": outcomes[0].total_events}
    refused = sum(outcome.fault is not None for outcome in outcomes)
    return {
        "status": "tracked",
        "accepted": len(outcomes) - refused,
        "refused": refused,
        "results": _results(outcomes),
        "total_events": max(outcome.total_events for outcome in outcomes),
    }


def not_durable(error: NotDurable) -> dict[str, Any]:
    return {"success": False, "error": f"Nothing was stored: {error}", "details": []}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to the API document what may be sent, which is read here and not by a schema."""
    told = document["paths"]["/track"]["post"]
    told["requestBody"] = TRACK_BODY
    told["responses"]["422"]["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/ValidationError"}
    return document


def may_report(origin: str) -> bool:
    """Whether pages from there are the shop's."""
    allowed = shop_origins()
    return origin in allowed or "*" in allowed


def shop_origins() -> list[str]:
    """As TRACK_ORIGINS names them."""
    named = services().settings.track_origins.split(",")
    return [one.strip().rstrip("/") for one in named if one.strip()]


def shared_with(origin: str) -> dict[str, str]:
    """The headers that let a page of the shop read the answer."""
    return {"Access-Control-Allow-Origin": origin, **FOR_ALL_SITES}  # a beacon's answer is looked at by the last alone


def allowed_origin() -> str | None:
    """The caller's origin, if pages from there may report."""
    origin = request.headers.get("Origin", "")
    return origin if origin and may_report(origin) else None


@bp.after_request
def share_with_origin(response: Response) -> Response:
    """Lets the shop's page read the answer, refusals too."""
    if comes_from_another_site():
        response.headers.update(FOR_ALL_SITES)  # so that the console names the status of a beacon that is refused
    if origin := allowed_origin():
        response.headers.update(shared_with(origin))
    response.vary.add("Origin")
    return response


@bp.after_app_request
def keep_snippet(response: Response) -> Response:
    """The one file that pages of other sites include."""
    if request.path == SNIPPET and response.status_code in (200, 304):
        response.headers.update(FOR_ALL_SITES)
        response.headers["Cache-Control"] = f"public, max-age={SNIPPET_SECONDS}"
    return response


def _admit() -> None:
    """Who has the key may report from an origin that is allowed; who may write may as well, from our own pages."""
    given = request.headers.get("X-Track-Key") or request.args.get("key", "")
    if is_track_key(given):
        if request.headers.get("Origin") and comes_from_another_site() and not allowed_origin():
            current_app.extensions["unknown_origins"].refused(request.headers["Origin"])
            raise Forbidden("this origin is not among TRACK_ORIGINS")
        return
    if given:
        raise Unauthorized("this is not the track key")
    if comes_from_another_site():
        raise Forbidden("this request came from another site, without a track key")
    if access_of_caller() >= Access.WRITE:
        return
    raise Unauthorized("send the track key in X-Track-Key or ?key=")


def _refused(outcomes: Sequence[Outcome], *, listed: bool) -> Response:
    """Nothing of it can be tracked."""
    if listed:
        return answer(422, "none of the events can be tracked", _results(outcomes))
    fault = _fault(outcomes[0])
    return answer(422, fault["message"], [fault])


def _results(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    return [
        {"index": index, "status": "refused", **_fault(outcome)}
        if outcome.fault is not None
        else {"index": index, "status": "tracked", "event_id": outcome.event_id}
        for index, outcome in enumerate(outcomes)
    ]


def _fault(outcome: Outcome) -> dict[str, str]:
    assert outcome.fault is not None
    return {"field": outcome.fault.field, "message": f"{outcome.fault.field}: {outcome.fault.message}"}
