"""People in rows: leaderboards, VIPs and their tiers, birthdays, hours of the week, and who is here now."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy import Connection

from analytics import birthdays, heatmaps, leaderboards, presence, scope, tiers, viewer_detail
from core.clock import now_ms
from web import errors
from web.schemas import ChannelQuery
from web.services import services
from web.viewer_schemas import (
    ActiveSessionsAnswer,
    BirthdayProfile,
    BirthdaysQuery,
    HourCell,
    LeaderboardQuery,
    PresenceQuery,
    Profile,
    PublicRank,
    RankedProfile,
    TierAnswer,
    VipQuery,
    VoiceAnswer,
)
from web.viewers import ROOT

bp = APIBlueprint("viewer_boards", __name__, tag="Viewers")

ASKED = [401, 403, 404, 422, 503]


@bp.app_errorhandler(tiers.UnknownTier)
def unknown_tier(error: tiers.UnknownTier) -> Response:
    return errors.answer(422, str(error), [{"field": "tier", "message": str(error), "allowed": error.allowed}])


@bp.get(f"{ROOT}/leaderboard")
@bp.input(LeaderboardQuery, location="query")
@bp.output(list[RankedProfile], description="Profiles, the first one leading; `value` is in coins, seconds or times")
@bp.doc(summary="Leaderboard", security="bearer", responses=ASKED)
def leaderboard(query_data: LeaderboardQuery) -> Response:
    return jsonify(_leaders(query_data))


@bp.get("/api/overlay/leaderboard")
@bp.input(LeaderboardQuery, location="query")
@bp.output(list[PublicRank], description="What of a leaderboard may be shown on the stream")
@bp.doc(summary="Leaderboard for overlays", security=["bearer", "overlay"], responses=ASKED)
def overlay_leaderboard(query_data: LeaderboardQuery) -> Response:
    return jsonify(leaderboards.public(_leaders(query_data)))


def _leaders(query: LeaderboardQuery) -> list[dict[str, Any]]:
    at, now = services(), now_ms()
    zone = at.settings.zone
    with at.database.reading() as connection:
        channels = scope.channels(connection, query.platform, query.channel)
        if query.scope == "stream":
            return leaderboards.of_running_streams(connection, channels, query.type, query.limit, zone, now)
        return leaderboards.of_all_time(connection, query.type, query.limit, zone, now)


@bp.get(f"{ROOT}/vip/list")
@bp.input(VipQuery, location="query")
@bp.output(list[Profile], description="VIPs, who gave most first")
@bp.doc(summary="List VIPs", security="bearer", responses=ASKED)
def vip_list(query_data: VipQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        return jsonify(tiers.vips(connection, query_data.tier or None, query_data.limit, at.settings.zone, now_ms()))


@bp.get(f"{ROOT}/vip/tiers")
@bp.output(list[TierAnswer], description="What takes people to which tier, the lowest first")
@bp.doc(summary="List VIP tiers", security="bearer", responses=[401, 403, 404, 503])
def vip_tiers() -> Response:
    with services().database.reading() as connection:
        return jsonify(tiers.tiers(connection))


def tier_facts(connection: Connection) -> dict[str, Any]:
    """What the settings tell of them; they are changed on the page of viewers."""
    return {"tiers": tiers.tiers(connection)}


@bp.get(f"{ROOT}/heatmap/global")
@bp.input(ChannelQuery, location="query")
@bp.output(list[HourCell], description="All hours of the week, the busiest first")
@bp.doc(summary="Everybody's hours", security="bearer", responses=ASKED)
def global_heatmap(query_data: ChannelQuery) -> Response:
    with services().database.reading() as connection:
        channels = scope.channels(connection, query_data.platform, query_data.channel)
        return jsonify(heatmaps.of_channels(connection, channels))


@bp.get(f"{ROOT}/birthdays/upcoming")
@bp.input(BirthdaysQuery, location="query")
@bp.output(
    list[BirthdayProfile],
    description="Profiles, the next first; `age` is the one they reach. X-Total-Count: of how many, up to 1,000",
)
@bp.doc(summary="Upcoming birthdays", security="bearer", responses=ASKED)
def upcoming_birthdays(query_data: BirthdaysQuery) -> Response:
    at, now = services(), now_ms()
    zone = at.settings.zone
    with at.database.reading() as connection:
        told = jsonify(birthdays.upcoming(connection, query_data.days, zone, now, query_data.limit))
        told.headers["X-Total-Count"] = birthdays.count(connection, query_data.days, zone, now)
    return told


@bp.get(f"{ROOT}/sessions/active")
@bp.input(PresenceQuery, location="query")
@bp.output(ActiveSessionsAnswer, description="Who is here now, who came last first")
@bp.doc(summary="Open sessions", security="bearer", responses=ASKED)
def active_sessions(query_data: PresenceQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        found = presence.open_sessions(connection, query_data.limit, at.settings.zone, now_ms())
    return jsonify(found)


@bp.get(f"{ROOT}/tts/voices")
@bp.output(list[VoiceAnswer], description="Voices that can read messages aloud")
@bp.doc(summary="List voices", security="bearer", responses=[401, 403, 404, 503])
def voices() -> Response:
    return jsonify(viewer_detail.voices())
