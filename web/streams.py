"""Past streams: the list, and each one opened."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, render_template
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from analytics import feed, retention, scope, streams
from core.clock import now_ms
from web.schemas import ChatAnswer, ChatQuery, PageQuery, StreamAnswer, StreamsAnswer
from web.services import services

bp = APIBlueprint("streams", __name__, tag="Past streams")


@bp.get("/streams")
@bp.doc(hide=True)
def list_page() -> str:
    return render_template("streams.html", page="streams")


@bp.get("/streams/<int:stream_id>")
@bp.doc(hide=True)
def stream_page(stream_id: int) -> str:
    at = services()
    with at.database.reading() as connection:
        row = _known(connection, stream_id)
        stream = streams.summary(connection, row, now_ms(), at.settings.zone, at.settings.currency)
    return render_template("stream.html", page="streams", stream=stream)


@bp.get("/api/streams")
@bp.input(PageQuery, location="query")
@bp.output(StreamsAnswer, description="A page of streams, newest first")
@bp.doc(summary="List streams", security="bearer", responses=[401, 403, 404, 422, 503])
def list_streams(query_data: PageQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        chosen = scope.channels(connection, query_data.platform, query_data.channel)
        rows, total = streams.page(connection, chosen, query_data.page, query_data.limit)
        found = streams.summaries(connection, rows, now_ms(), at.settings.zone, at.settings.currency)
    return jsonify(
        success=True,
        data=found,
        pagination={
            "page": query_data.page,
            "limit": query_data.limit,
            "total": total,
            "totalPages": -(-total // query_data.limit),
        },
    )


@bp.get("/api/streams/<int:stream_id>")
@bp.output(StreamAnswer, description="One stream with its graph, moments, people and words")
@bp.doc(summary="Open a stream", security="bearer", responses=[401, 403, 404, 503])
def one_stream(stream_id: int) -> Response:
    at = services()
    now = now_ms()
    with at.database.reading() as connection:
        row = _known(connection, stream_id)
        graph = streams.graph(connection, row, now, at.settings.zone, at.memo)
        stream = streams.summary(connection, row, now, at.settings.zone, at.settings.currency)
    return jsonify(success=True, stream=stream, **graph)


@bp.get("/api/streams/<int:stream_id>/chat")
@bp.input(ChatQuery, location="query")
@bp.output(ChatAnswer, description="A page of what was said, newest first")
@bp.doc(summary="Read a stream's chat", security="bearer", responses=[401, 403, 404, 422, 503])
def stream_chat(stream_id: int, query_data: ChatQuery) -> Response:
    at = services()
    with at.database.reading() as connection:
        row = _known(connection, stream_id)
        rows = feed.of_stream(connection, row, query_data.limit, query_data.before)
        kept_since = retention.kept_since(connection, row.started_at_ms, at.settings.zone)
    more = rows[-1].id if len(rows) == query_data.limit else None
    items = [feed.item(row, at.settings.zone) for row in rows]
    return jsonify(success=True, items=items, next=more, kept_since=kept_since)


def _known(connection: Connection, stream_id: int) -> Any:
    row = streams.find(connection, stream_id)
    if row is None:
        raise NotFound(f"there is no stream {stream_id}")
    return row
