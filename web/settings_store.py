"""Settings of the shop: when something counts as unusual, and the webhook that tells of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from apiflask import APIBlueprint
from flask import Response, current_app, g, jsonify
from sqlalchemy import Connection
from werkzeug.exceptions import Conflict

from actions import preferences as choices
from actions import webhooks
from analytics import preferences
from core.clock import now_ms
from web import errors, orders
from web.access import Access
from web.bodies import must_be_an_object
from web.chores import Chores
from web.schemas import Done
from web.services import services
from web.settings_schemas import (
    AnomalySettings,
    TestSent,
    Thresholds,
    WebhookChanged,
    WebhookOrder,
    WebhookSettings,
)

bp = APIBlueprint("settings_store", __name__, tag="Settings")

ANOMALIES, WEBHOOK = "/api/settings/anomalies", "/api/settings/webhook"
DELIVERIES = 20
REFUSED = [400, 401, 403, 415, 422, 503]


@bp.app_errorhandler(choices.InvalidUrl)
@bp.app_errorhandler(choices.NoWebhook)
def refused(error: Exception) -> Response:
    field, _, message = str(error).partition(": ")
    return errors.answer(422, str(error), [{"field": field, "message": message}])


@bp.get(ANOMALIES)
@bp.output(AnomalySettings, description="What counts as unusual in the shop")
@bp.doc(summary="Thresholds of anomalies", security="bearer", responses=[401, 403, 503])
def anomalies() -> Response:
    with services().database.reading() as connection:
        return jsonify(anomaly_facts(connection))


@bp.put(ANOMALIES)
@bp.input(Thresholds)
@bp.output(AnomalySettings, description="As it is now; it counts from the next event on")
@bp.doc(summary="Change the thresholds of anomalies", security="bearer", responses=REFUSED)
def change_anomalies(json_data: Thresholds) -> Response:
    must_be_an_object()
    orders.run(choices.set_thresholds, json_data.model_dump())
    with services().database.reading() as connection:
        return jsonify(anomaly_facts(connection))


@bp.get(WEBHOOK)
@bp.output(WebhookSettings, description="Where anomalies are told of, without the secret, and the last messages")
@bp.doc(summary="The webhook", security="bearer", responses=[401, 403, 503])
def webhook() -> Response:
    with services().database.reading() as connection:
        return jsonify(_webhook(connection))


@bp.put(WEBHOOK)
@bp.input(WebhookOrder)
@bp.output(WebhookChanged, description="As it is now")
@bp.doc(summary="Set up or change the webhook", security="bearer", responses=REFUSED)
def change_webhook(json_data: WebhookOrder) -> Response:
    must_be_an_object()
    secret = orders.run(
        choices.set_webhook,
        url=json_data.url,
        kind=json_data.kind,
        cooldown_minutes=json_data.cooldown_minutes,
        rotate=json_data.rotate_secret,
    )
    with services().database.reading() as connection:
        return jsonify(**_webhook(connection), secret=secret)


@bp.delete(WEBHOOK)
@bp.output(Done, description="Nobody is told any more")
@bp.doc(summary="Remove the webhook", security="bearer", responses=[401, 403, 503])
def remove_webhook() -> Response:
    orders.run(choices.remove_webhook)
    return jsonify(success=True)


@bp.post(f"{WEBHOOK}/test")
@bp.output(TestSent, description="The receiver has taken it")
@bp.doc(
    summary="Send a test message",
    security="bearer",
    responses={401: "log in", 403: "not allowed", 409: "no webhook yet", 502: "not taken", 503: "no database"},
)
def test_webhook() -> Response:
    delivery = orders.run(webhooks.begin_test, now_ms=now_ms())
    if delivery is None:
        raise Conflict("there is no webhook yet")
    chores: Chores = current_app.extensions["chores"]
    problem = chores.deliver(delivery)
    if problem:
        return errors.answer(502, f"The message was not taken: {problem}")
    return jsonify(success=True, message="The message was taken.")


def anomaly_facts(connection: Connection) -> dict[str, Any]:
    known = preferences.chosen(connection, choices.THRESHOLDS)
    return {
        "thresholds": {name: known.get(name, value) for name, value in choices.DEFAULTS.items()},
        "defaults": dict(choices.DEFAULTS),
        "bounds": {name: asdict(bounds) for name, bounds in choices.BOUNDS.items()},
    }


def webhook_facts(connection: Connection) -> dict[str, Any]:
    bounds = {"most_cooldown": choices.MOST_COOLDOWN_MINUTES, "attempts": len(webhooks.BACK_OFF_MINUTES) + 1}
    return _webhook(connection) | bounds


def _webhook(connection: Connection) -> dict[str, Any]:
    choice = preferences.chosen(connection, choices.WEBHOOK)
    url = choice.get("url")
    return {
        "configured": bool(url),
        # What comes after the host may be a secret: Discord's addresses open the channel to whoever knows them.
        "url": url if url is None or g.access >= Access.OWNER else f"{_origin(url)}/…",
        "kind": choice.get("kind", "generic"),
        "cooldown_minutes": choice.get("cooldown_minutes", choices.COOLDOWN_MINUTES),
        "deliveries": preferences.deliveries(connection, DELIVERIES, services().settings.zone),
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
