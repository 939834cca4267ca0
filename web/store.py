"""The shop: its page, and the answers behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, render_template
from werkzeug.exceptions import NotFound, UnprocessableEntity

from actions import store as orders_about
from analytics import retention, store, store_anomalies, store_journeys, store_reach
from analytics.store_reach import Range, TooMuch
from core.clock import now_ms
from web import errors, orders
from web.services import services
from web.store_schemas import (
    ActivityAnswer,
    AnomaliesAnswer,
    Cleared,
    ClearQuery,
    EventsAnswer,
    EventsQuery,
    FunnelAnswer,
    PatternsAnswer,
    PeopleQuery,
    RangeQuery,
    SegmentsAnswer,
    ShopStats,
    StateChange,
    StateChanged,
)
from web.track import shop_origins

bp = APIBlueprint("store", __name__, tag="Store")

ASKED = [401, 403, 422, 503]


@bp.app_errorhandler(TooMuch)
def too_much(error: TooMuch) -> Response:
    return errors.answer(422, str(error))


@bp.get("/store")
@bp.doc(hide=True)
def page() -> str:
    return render_template(
        "store.html",
        page="store",
        takes_events=bool(services().settings.track_key),
        origins=shop_origins(),
        refused_origins=current_app.extensions["unknown_origins"].newest(),
    )


@bp.get("/events")
@bp.input(EventsQuery, location="query")
@bp.output(
    EventsAnswer,
    description="As they came in, the newest first; of a range that has a beginning or an end, by their time",
)
@bp.doc(summary="List events of the shop", security="bearer", responses=ASKED)
def list_events(query_data: EventsQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        range_ = asked(query_data)
        found = store.events(connection, range_, query_data.limit, at.settings.zone, query_data.before)
        total = store_reach.events(connection, range_)
        return jsonify(events=found, total=total)


@bp.delete("/events")
@bp.input(ClearQuery, location="query")
@bp.output(Cleared, description="How many there were")
@bp.doc(summary="Delete all events of the shop", security="bearer", responses=ASKED)
def clear(query_data: ClearQuery) -> Response:  # noqa: ARG001
    return jsonify(success=True, deleted=orders.run(orders_about.clear, services().settings.zone))


@bp.get("/stats")
@bp.input(RangeQuery, location="query")
@bp.output(ShopStats, description="Figures of the range")
@bp.doc(summary="Figures of the shop", security="bearer", responses=ASKED)
def stats(query_data: RangeQuery) -> Response:
    with services().database.reading() as connection:
        return jsonify(store.stats(connection, asked(query_data)))


@bp.get("/funnel-analysis")
@bp.input(RangeQuery, location="query")
@bp.output(FunnelAnswer, description="How many people took each step")
@bp.doc(summary="Funnel of the shop", security="bearer", responses=ASKED)
def funnel(query_data: RangeQuery) -> Response:
    with services().database.reading() as connection:
        return jsonify(store.funnel(connection, asked(query_data)))


@bp.get("/user-segmentation")
@bp.input(RangeQuery, location="query")
@bp.output(SegmentsAnswer, description="How many are in each segment, and the newest of each")
@bp.doc(summary="Segments of the shop's people", security="bearer", responses=ASKED)
def segmentation(query_data: RangeQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        return jsonify(store.segmentation(connection, asked(query_data), at.settings.zone))


@bp.get("/anomalies")
@bp.input(RangeQuery, location="query")
@bp.output(AnomaliesAnswer, description="The newest first")
@bp.doc(summary="Anomalies of the shop", security="bearer", responses=ASKED)
def anomalies(query_data: RangeQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        return jsonify(store_anomalies.anomalies(connection, asked(query_data), at.settings.zone))


@bp.post("/anomalies/<int:anomaly_id>/state")
@bp.input(StateChange)
@bp.output(StateChanged, description="Its new state")
@bp.doc(summary="Mark an anomaly as seen or resolved", security="bearer", responses=[400, 401, 403, 404, 422, 503])
def change_state(anomaly_id: int, json_data: StateChange) -> Response:
    try:
        orders.run(orders_about.change_state, anomaly_id, json_data.state, now_ms=now_ms())
    except orders_about.NoSuchAnomaly as error:
        raise NotFound(str(error)) from error
    return jsonify(success=True, id=anomaly_id, state=json_data.state)


@bp.get("/user-activity")
@bp.input(PeopleQuery, location="query")
@bp.output(ActivityAnswer, description="The newest people of the range, and what they did in it")
@bp.doc(summary="Journeys of the shop's people", security="bearer", responses=ASKED)
def activity(query_data: PeopleQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        range_ = asked(query_data)
        found = store_journeys.activity(connection, range_, at.settings.zone, query_data.limit, query_data.user_id)
        kept_since = retention.kept_since(connection, range_.since_ms or 0, at.settings.zone)
        return jsonify(users=found, kept_since=kept_since)


@bp.get("/user-patterns")
@bp.input(PeopleQuery, location="query")
@bp.output(PatternsAnswer, description="Their steps as sequences, and what they show")
@bp.doc(summary="Patterns of the shop's people", security="bearer", responses=ASKED)
def patterns(query_data: PeopleQuery) -> Response:
    with services().database.reading() as connection:
        found = store_journeys.patterns(connection, asked(query_data), query_data.limit, query_data.user_id)
        return jsonify(users=found)


def asked(query: RangeQuery) -> Range:
    """The range of a question; one that is the wrong way round is 422."""
    now = now_ms()
    if query.since is None and query.until is None:
        return Range.named(query.range, now)
    since, until = _ms(query.since), _ms(query.until)
    if since is not None and since >= (now if until is None else until):
        raise UnprocessableEntity("since: must be before until, and before now")
    return Range.custom(since, until, now)


def _ms(moment: datetime | None) -> Any:
    if moment is None:
        return None
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
