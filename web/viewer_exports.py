"""Downloads of people, sent while they are read: no transaction, and nothing of size in memory, outlives a step."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import gevent
from apiflask import APIBlueprint
from flask import Response, request

from analytics import viewer_export, viewers
from analytics.viewer_list import Filter
from core.clock import local_day, now_ms
from web.services import Services, services
from web.viewer_schemas import ExportQuery, PersonExport, Profile
from web.viewers import ONE, ROOT

bp = APIBlueprint("viewer_exports", __name__, tag="Viewers")

PAGE_ROWS = 500
SHORTEST_PAUSE_SECONDS = 0.001


@bp.get(f"{ROOT}/export")
@bp.input(ExportQuery, location="query")
@bp.output(list[Profile], description="Profiles in the order in which people came, as a download")
@bp.doc(summary="Export viewers", security="bearer", responses=[401, 403, 404, 422, 503])
def export_viewers(query_data: ExportQuery) -> Response:
    at, now = services(), now_ms()
    name = f"viewers-{local_day(now, at.settings.zone)}"
    if query_data.filter != "all":
        name = f"viewers-{query_data.filter}-{local_day(now, at.settings.zone)}"
    if query_data.format == "csv":
        return _download(_csv(at, query_data.filter, now), f"{name}.csv", "text/csv")
    return _download(_json(at, query_data.filter, now), f"{name}.json", "application/json")


@bp.get(f"{ONE}/export")
@bp.output(PersonExport, description="Everything that is kept of the person, as a download")
@bp.doc(summary="Export a viewer", security="bearer", responses=[401, 403, 404, 503])
def export_viewer(username: str) -> Response:
    at, now = services(), now_ms()
    with at.database.reading() as connection:
        row = viewers.find(connection, username)
    name = f"viewer-{row.platform}-{row.username}-{local_day(now, at.settings.zone)}.json"
    return _download(_person(at, row.id, now), name, "application/json")


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to the API document what decorators cannot: that the list comes in two forms, and bodies must be there."""
    answer = document["paths"][f"{ROOT}/export"]["get"]["responses"]["200"]
    answer["content"]["text/csv"] = {"schema": {"type": "string"}}
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
    return document


def _csv(at: Services, filter: Filter, now: int) -> Iterator[str]:
    yield viewer_export.csv_head()
    for profiles in _steps(at, filter, now):
        yield viewer_export.csv_lines(profiles)


def _json(at: Services, filter: Filter, now: int) -> Iterator[str]:
    before = "[\n"
    for profiles in _steps(at, filter, now):
        yield before + ",\n".join(map(_text, profiles))
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def _steps(at: Services, filter: Filter, now: int) -> Iterator[list[dict[str, object]]]:
    after: int | None = 0
    while after is not None:
        began = time.monotonic()
        with at.database.reading() as connection:
            profiles, after = viewer_export.step(connection, filter, after, at.settings.zone, now)
        if profiles:
            yield profiles
        _pause(began)


def _person(at: Services, viewer_id: int, now: int) -> Iterator[str]:
    with at.database.reading() as connection:
        short = viewer_export.about(connection, viewer_id, at.settings.zone, now)
    yield _text(short)[:-1]
    for key, ask in viewer_export.LONG.items():
        yield f",\n{_text(key)}: ["
        separator, before = "\n", None
        while True:
            began = time.monotonic()
            with at.database.reading() as connection:
                items, before = ask(connection, viewer_id, PAGE_ROWS, at.settings.zone, before)
            if items:
                yield separator + ",\n".join(map(_text, items))
                separator = ",\n"
            if before is None:
                break
            _pause(began)
        yield "]"
    yield "}\n"


def _pause(began: float) -> None:
    """Between steps others come: for as long as the step took."""
    gevent.sleep(max(SHORTEST_PAUSE_SECONDS, time.monotonic() - began))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _download(parts: Iterator[str], name: str, mimetype: str) -> Response:
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name)
    # To HEAD the server would answer the end of a stream, which the caller takes for the next answer.
    body = b"" if request.method == "HEAD" else (part.encode() for part in parts)
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return response
