"""The live page and the numbers behind it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, render_template, request

from analytics import live, scope
from core.clock import now_ms
from web import kept
from web.schemas import StatsAnswer, StatsQuery
from web.services import services

bp = APIBlueprint("live", __name__, tag="Live")


@bp.get("/")
@bp.doc(hide=True)
def page() -> str:
    return render_template(
        "live.html", page="live", channel=request.args.get("channel", ""), platform=request.args.get("platform", "")
    )


@bp.get("/api/stats")
@bp.input(StatsQuery, location="query")
@bp.output(StatsAnswer, description="Messages per minute, oldest first, and the live numbers around them")
@bp.doc(summary="Live numbers", security=["bearer", "overlay"], responses=[401, 403, 404, 422, 503])
def stats(query_data: StatsQuery) -> Response:
    question = (query_data.channel, query_data.platform, query_data.minutes)
    return kept.answer(("live.stats", *question), lambda: live_stats(*question))


def live_stats(channel: str | None, platform: str | None, minutes: int) -> dict[str, Any]:
    """The answer of GET /api/stats. Raises UnknownChannel."""
    at = services()
    with at.database.reading() as connection:
        chosen = scope.channels(connection, platform, channel)
        question = live.Question(chosen, minutes, now_ms(), at.settings.zone, at.settings.currency)
        return live.stats(connection, question, at.memo)
