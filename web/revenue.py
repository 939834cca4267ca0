"""Revenue and visitors: the page, and the answers behind it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, render_template

from analytics import revenue as answers
from analytics import visitors as people
from core.clock import now_ms
from web.revenue_schemas import RevenueAnswer, VisitorsAnswer
from web.services import Services, services

bp = APIBlueprint("revenue", __name__, tag="Revenue")

ASKED = [401, 403, 503]


@bp.get("/revenue")
@bp.doc(hide=True)
def page() -> str:
    settings = services().settings
    return render_template(
        "revenue.html", page="revenue", takes_sales=bool(settings.sales_secret), takes_events=bool(settings.track_key)
    )


@bp.get("/api/revenue")
@bp.output(RevenueAnswer, description="In the main currency; what came in others stands beside it")
@bp.doc(summary="What was earned", security="bearer", responses=ASKED)
def revenue() -> Response:
    return jsonify(revenue_now(services()))


@bp.get("/api/visitors")
@bp.output(VisitorsAnswer, description="Distinct people a day and an hour, counted without cookies")
@bp.doc(summary="Who visited the shop's pages", security="bearer", responses=ASKED)
def visitors() -> Response:
    at = services()
    with at.database.reading() as connection:
        return jsonify(people.visitors(connection, now_ms(), at.settings.zone))


def revenue_now(at: Services) -> dict[str, Any]:
    """The answer of GET /api/revenue."""
    with at.database.reading() as connection:
        return answers.revenue(connection, answers.Question(at.settings.currency, now_ms(), at.settings.zone))
