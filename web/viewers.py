"""People: their page, the list of them, and one of them with all there is to tell."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, g, jsonify, render_template

from analytics import heatmaps, retention, viewer_detail, viewer_history, viewer_list, viewer_stats, viewers
from core.clock import now_ms
from web import errors, orders
from web.access import Access
from web.services import services
from web.viewer_schemas import (
    EditsAnswer,
    GiftsAnswer,
    HeatmapAnswer,
    HistoryQuery,
    InteractionsAnswer,
    ProfileDetail,
    SessionsAnswer,
    SummaryAnswer,
    ViewersAnswer,
    ViewersQuery,
)

bp = APIBlueprint("viewers", __name__, tag="Viewers")

ROOT = "/api/viewer-profiles"
ONE = f"{ROOT}/<viewer:username>"
HISTORIES = {
    "gifts": viewer_history.gifts,
    "sessions": viewer_history.sessions,
    "interactions": viewer_history.interactions,
    "edits": viewer_history.edits,
}


@bp.app_errorhandler(viewers.UnknownViewer)
def unknown_viewer(error: viewers.UnknownViewer) -> Response:
    return errors.answer(404, str(error))


@bp.get("/viewers")
@bp.get("/viewers/<path:address>")
@bp.doc(hide=True)
def page(address: str = "") -> str:
    return render_template(
        "viewers.html",
        page="viewers",
        address=address,
        can_write=g.access >= Access.WRITE,
        session_timeout=services().settings.session_timeout,
    )


@bp.get(ROOT)
@bp.input(ViewersQuery, location="query")
@bp.output(ViewersAnswer, description="A page of profiles")
@bp.doc(summary="List viewers", security="bearer", responses=[401, 403, 404, 422, 503])
def list_viewers(query_data: ViewersQuery) -> Response:
    at, now = services(), now_ms()
    question = viewer_list.Question(
        now,
        page=query_data.page,
        limit=query_data.limit,
        sort_by=query_data.sort_by,
        descending=query_data.order == "DESC",
        search=query_data.search,
        filter=query_data.filter,
    )
    if question.may_read_much:
        found = orders.ask(viewer_list.page_from, question)
    with at.database.reading() as connection:
        if not question.may_read_much:
            found = viewer_list.page(connection, question)
        data = viewers.profiles(connection, found.ids, at.settings.zone, now)
    pagination = {
        "page": question.page,
        "limit": question.limit,
        "total": found.total,
        "totalPages": -(-found.total // question.limit),
        "totalIsExact": found.exact,
    }
    return jsonify(success=True, data=data, pagination=pagination)


@bp.get(f"{ROOT}/stats/summary")
@bp.output(SummaryAnswer, description="How many people there are, what they gave and watched")
@bp.doc(summary="Sum up all viewers", security="bearer", responses=[401, 403, 404, 503])
def summary() -> Response:
    at = services()
    with at.database.reading() as connection:
        return jsonify(viewer_stats.summary(connection, now_ms(), at.settings.zone))


@bp.get(ONE)
@bp.output(ProfileDetail, description="The profile, and what the person did of late")
@bp.doc(summary="Open a viewer", security="bearer", responses=[401, 403, 404, 503])
def one_viewer(username: str) -> Response:
    at = services()
    with at.database.reading() as connection:
        row = viewers.find(connection, username)
        return jsonify(viewer_detail.detail(connection, row, at.settings.zone, now_ms()))


@bp.get(f"{ONE}/heatmap")
@bp.output(HeatmapAnswer, description="When the person is here, by hour of the week")
@bp.doc(summary="A viewer's hours", security="bearer", responses=[401, 403, 404, 503])
def viewer_heatmap(username: str) -> Response:
    with services().database.reading() as connection:
        row = viewers.find(connection, username)
        return jsonify(username=row.username, **heatmaps.of_viewer(connection, row.id))


@bp.get(f"{ONE}/gifts")
@bp.input(HistoryQuery, location="query")
@bp.output(GiftsAnswer, description="A page of gifts, newest first")
@bp.doc(summary="A viewer's gifts", security="bearer", responses=[401, 403, 404, 422, 503])
def viewer_gifts(username: str, query_data: HistoryQuery) -> Response:
    return _history("gifts", username, query_data)


@bp.get(f"{ONE}/sessions")
@bp.input(HistoryQuery, location="query")
@bp.output(SessionsAnswer, description="A page of sessions, newest first; the first may still be open")
@bp.doc(summary="A viewer's sessions", security="bearer", responses=[401, 403, 404, 422, 503])
def viewer_sessions(username: str, query_data: HistoryQuery) -> Response:
    return _history("sessions", username, query_data)


@bp.get(f"{ONE}/interactions")
@bp.input(HistoryQuery, location="query")
@bp.output(InteractionsAnswer, description="A page of what the person did, newest first")
@bp.doc(summary="A viewer's interactions", security="bearer", responses=[401, 403, 404, 422, 503])
def viewer_interactions(username: str, query_data: HistoryQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        began_ms = viewers.find(connection, username).first_seen_at
        kept_since = retention.kept_since(connection, began_ms, at.settings.zone)
    return _history("interactions", username, query_data, kept_since=kept_since)


@bp.get(f"{ONE}/edits")
@bp.input(HistoryQuery, location="query")
@bp.output(EditsAnswer, description="A page of who changed what of the person, newest first")
@bp.doc(summary="Edits of a viewer", security="bearer", responses=[401, 403, 404, 422, 503])
def viewer_edits(username: str, query_data: HistoryQuery) -> Response:
    return _history("edits", username, query_data)


def _history(kind: str, username: str, query: HistoryQuery, **more: str | None) -> Response:
    at = services()
    with at.database.reading() as connection:
        row = viewers.find(connection, username)
        items, following = HISTORIES[kind](connection, row.id, query.limit, at.settings.zone, query.before)
    return jsonify(success=True, items=items, next=following, **more)
