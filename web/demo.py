"""Demo generators: made-up journeys and anomalies, for whoever wants to see the shop's page at work."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from actions import demo_traffic
from actions.demo_traffic import MOST_USERS, USERS_UNLESS_TOLD, Made
from actions.track import NotDurable, Tracker
from core.clock import now_ms
from web import orders
from web.errors import answer
from web.faults import faults
from web.services import services
from web.store_schemas import EventType, RangeQuery

bp = APIBlueprint("demo", __name__, tag="Store")

REFUSED = [400, 401, 403, 409, 422, 503]
WHY = "Everything takes the way of `POST /track`, is marked as simulated, and says so in its `data`. Where real data "
WHY += "is this is refused (409) unless `force` is true. What is chosen comes as JSON or in the address. A range is "
WHY += "taken, as by all that the shop is asked, and changes nothing."


class AnomaliesOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")

    force: bool = Field(False, description="even beside real data")


class TrafficOrder(AnomaliesOrder):
    users: int = Field(USERS_UNLESS_TOLD, ge=1, le=MOST_USERS, description="how many people come")


class AnomaliesQuery(AnomaliesOrder, RangeQuery):
    pass


class TrafficQuery(TrafficOrder, RangeQuery):
    pass


class SeenAnomaly(BaseModel):
    type: Literal["traffic_spike", "unusual_purchase", "hyperactive_user"]
    severity: Literal["low", "medium", "high"]
    message: str


class TrafficMade(BaseModel):
    success: Literal[True]
    message: str
    events: int
    users: int
    event_types: dict[EventType, int]


class AnomaliesMade(TrafficMade):
    history_events: int = Field(description="made for the quiet hours before, where too little was known")
    anomalies: list[SeenAnomaly] = Field(description="what was found in them")


Asked = TypeVar("Asked", bound=AnomaliesOrder)


@bp.errorhandler(demo_traffic.RealData)
def real_data(error: demo_traffic.RealData) -> Response:
    return answer(409, f'{error} (send {{"force": true}} if that is wanted)')


@bp.errorhandler(NotDurable)
def not_durable(error: NotDurable) -> Response:
    response = answer(503, f"Not everything was stored: {error}")
    response.headers["Retry-After"] = "3"
    return response


@bp.errorhandler(ValidationError)
def invalid(error: ValidationError) -> Response:
    details = faults(error)
    return answer(422, details[0]["message"], details)


@bp.post("/demo/generate-traffic")
@bp.input(TrafficQuery, location="query")
@bp.output(TrafficMade, description="What was made")
@bp.doc(summary="Make up journeys in the shop", description=WHY, security="bearer", responses=REFUSED)
def generate_traffic(query_data: TrafficQuery) -> Response:
    order = _with_body(query_data, TrafficOrder)
    orders.run(demo_traffic.admit, force=order.force)
    at = services()
    made = demo_traffic.traffic(_tracker(), users=order.users, currency=at.settings.currency, now_ms=now_ms())
    return jsonify(success=True, message=f"{made.users} people came", **_told(made))


@bp.post("/demo/generate-anomalies")
@bp.input(AnomaliesQuery, location="query")
@bp.output(AnomaliesMade, description="What was made, and what was found in it")
@bp.doc(summary="Make up anomalies in the shop", description=WHY, security="bearer", responses=REFUSED)
def generate_anomalies(query_data: AnomaliesQuery) -> Response:
    order = _with_body(query_data, AnomaliesOrder)
    orders.run(demo_traffic.admit, force=order.force)
    at = services()
    made = demo_traffic.anomalies(at.database, _tracker(), currency=at.settings.currency, now_ms=now_ms())
    found = [{"type": one.type, "severity": one.severity, "message": one.message} for one in made.anomalies]
    message = "a traffic spike, two odd purchases and a hyperactive user were made"
    if made.history_events:
        message += ", and quiet hours before them, because too little was known to tell what is unusual"
    return jsonify(success=True, message=message, **_told(made), history_events=made.history_events, anomalies=found)


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to the API document what may be sent as JSON instead of in the address."""
    for path, order in (("generate-traffic", TrafficOrder), ("generate-anomalies", AnomaliesOrder)):
        schema = order.model_json_schema()
        document["paths"][f"/demo/{path}"]["post"]["requestBody"] = {
            "required": False,
            "content": {"application/json": {"schema": schema}},
        }
    return document


def _with_body(asked: Asked, order: type[AnomaliesOrder]) -> Asked:
    """What was asked for in the address, and what the body, which may be empty, says of it."""
    if not request.get_data():
        return asked
    said = order.model_validate(request.get_json(force=True), strict=True)
    return asked.model_copy(update={name: getattr(said, name) for name in said.model_fields_set})


def _tracker() -> Tracker:
    found: Tracker = current_app.extensions["tracker"]
    return found


def _told(made: Made) -> dict[str, Any]:
    return {"events": made.events, "users": made.users, "event_types": made.event_types}
