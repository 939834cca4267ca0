"""Uploads of viewer lists."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from werkzeug.exceptions import UnprocessableEntity, UnsupportedMediaType

from actions import privacy, viewer_import
from core.clock import now_ms
from web import errors, orders
from web.services import services
from web.viewer_schemas import ImportQuery, ImportReport
from web.viewers import ROOT

bp = APIBlueprint("viewer_imports", __name__, tag="Viewers")

LARGEST_FILE = 20_000_000
# What browsers and programs call a CSV file.
PLAIN = frozenset({"text/csv", "text/plain", "application/csv", "application/vnd.ms-excel", "application/octet-stream"})
BODY = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "mapping": {"type": "string", "description": "JSON: their columns → our fields, or null"},
                    "platform": {"type": "string", "enum": ["tiktok", "twitch"]},
                    "dry_run": {"type": "boolean"},
                },
                "required": ["file"],
            }
        },
    },
}


FORM = ("mapping", "platform", "dry_run")  # beside the file


@bp.post(f"{ROOT}/import")
@bp.input(ImportQuery, location="query")
@bp.output(ImportReport, description="What was imported, or would be")
@bp.doc(summary="Import viewers", security="bearer", responses=[400, 401, 403, 404, 413, 415, 422, 503])
def import_viewers(query_data: ImportQuery) -> Response:
    """`mapping` may stand in the query as well: of a list that is sent as it is, there is no form."""
    request.max_content_length = LARGEST_FILE
    content = _content()
    form = request.form if request.mimetype == "multipart/form-data" else {}
    for name in form.keys() - FORM:
        raise UnprocessableEntity(f"{name}: there is no such field; there are: {', '.join(FORM)}")
    report = orders.run(
        viewer_import.run,
        content,
        editor=orders.editor(),
        now_ms=now_ms(),
        policy=privacy.Policy.of(services().settings),
        dry_run=query_data.dry_run or _is_yes(form.get("dry_run", "")),
        platform=form.get("platform") or query_data.platform,
        mapping=_mapping(form.get("mapping") or query_data.mapping),
    )
    if report.error_count and not report.dry_run:
        wrong = [{"field": error["column"] or "", **error} for error in report.errors]
        return errors.answer(422, f"nothing was imported: {report.error_count:,} cells are wrong", wrong)
    return jsonify(success=True, **asdict(report))


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to the API document the two forms a list may come in."""
    document["paths"][f"{ROOT}/import"]["post"]["requestBody"] = BODY
    return document


def _content() -> bytes:
    if request.mimetype == "multipart/form-data":
        file = request.files.get("file")
        if file is None:
            raise UnprocessableEntity("file: the form has no such file")
        return file.read()
    if request.mimetype in PLAIN:
        return request.get_data()
    raise UnsupportedMediaType("send the list as text/csv, or in a form as file")


def _mapping(given: str | None) -> dict[str, str | None] | None:
    if not given:
        return None
    try:
        mapping = json.loads(given)
    except (ValueError, RecursionError):
        raise UnprocessableEntity("mapping: this is no JSON") from None
    if not isinstance(mapping, dict) or not all(field is None or isinstance(field, str) for field in mapping.values()):
        raise UnprocessableEntity("mapping: must be an object: their columns → our fields, or null")
    return mapping


def _is_yes(value: str) -> bool:
    return value.strip().lower() in ("true", "1", "yes", "on")
