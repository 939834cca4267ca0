"""What subscriptions are worth: nobody tells what a streamer is paid for one, so the owner does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy import Connection

from actions import preferences as choices
from analytics import preferences
from web import orders
from web.bodies import must_be_an_object
from web.services import services
from web.settings_schemas import SubSettings, SubValues

bp = APIBlueprint("settings_subs", __name__, tag="Settings")

PATH = "/api/settings/sub-values"
PLANS = {"tier_1": "1000", "tier_2": "2000", "tier_3": "3000", "prime": "Prime", "tiktok": "TikTok"}


@bp.get(PATH)
@bp.output(SubSettings, description="What a month of each plan earns")
@bp.doc(summary="Worth of subscriptions", security="bearer", responses=[401, 403, 503])
def sub_values() -> Response:
    with services().database.reading() as connection:
        return jsonify(sub_facts(connection))


@bp.put(PATH)
@bp.input(SubValues)
@bp.output(SubSettings, description="As it is now; what is booked already keeps its worth")
@bp.doc(summary="Change the worth of subscriptions", security="bearer", responses=[400, 401, 403, 415, 422, 503])
def change_sub_values(json_data: SubValues) -> Response:
    must_be_an_object()
    values = {PLANS[name]: Decimal(str(value)) for name, value in json_data.model_dump().items()}
    orders.run(choices.set_sub_values, values)
    with services().database.reading() as connection:
        return jsonify(sub_facts(connection))


def sub_facts(connection: Connection) -> dict[str, Any]:
    known = preferences.chosen(connection, choices.SUB_VALUES)
    usual = {name: float(choices.DEFAULT_SUB_VALUES[plan]) for name, plan in PLANS.items()}
    return {
        "values": {name: float(known.get(PLANS[name], value)) for name, value in usual.items()},
        "defaults": usual,
        "currency": services().settings.currency,
        "highest": choices.HIGHEST_SUB_VALUE,
    }
