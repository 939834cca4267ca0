"""The library's records over REST: list, open, make, change, replace and delete, one way for all six kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, jsonify, render_template, request, url_for
from werkzeug.exceptions import NotFound, UnprocessableEntity

from actions import library as orders_about
from analytics import library_records as records
from analytics.library_records import KINDS, Kind, Question, Setting
from core.clock import now_ms
from web import errors, orders
from web.access import Access
from web.library_schemas import Deleted, Shapes, shapes_of
from web.services import services

bp = APIBlueprint("library", __name__, tag="Library")

ASKED = [401, 403, 422, 503]
ORDERED = [400, 401, 403, 409, 415, 422, 503]


@bp.get("/library")
@bp.doc(hide=True)
def page() -> str:
    return render_template("library.html", page="library", can_write=g.access >= Access.WRITE)


@bp.app_errorhandler(orders_about.NoSuchRecord)
def no_such_record(error: orders_about.NoSuchRecord) -> Response:
    return errors.answer(404, str(error))


@bp.app_errorhandler(orders_about.Taken)
@bp.app_errorhandler(orders_about.InUse)
def conflict(error: orders_about.Taken | orders_about.InUse) -> Response:
    return errors.answer(409, str(error), error.details)


def setting() -> Setting:
    at = services().settings
    return Setting(at.zone, at.currency)


def _serve(kind: Kind) -> None:
    """The six calls of a kind of record."""
    shapes, name = shapes_of(kind), kind.path.replace("-", "_")
    root, one = f"/api/{kind.path}", f"/api/{kind.path}/<int:record_id>"
    for rule, method, order, make in (
        (root, "GET", "list", _listing),
        (root, "POST", "make", _making),
        (one, "GET", "one", _opening),
        (one, "PATCH", "change", _changing),
        (one, "PUT", "replace", _replacing),
        (one, "DELETE", "delete", _deleting),
    ):
        bp.add_url_rule(rule, endpoint=f"{order}_{name}", view_func=make(kind, shapes), methods=[method])


def _listing(kind: Kind, shapes: Shapes) -> Callable[..., Response]:
    @bp.input(shapes.query, location="query")
    @bp.output(shapes.page, description=f"A page of {kind.many}")
    @bp.doc(summary=f"List {kind.many}", security="bearer", responses=ASKED)
    def list_records(query_data: Any) -> Response:
        at, how = services(), setting()
        given = query_data.model_dump()
        question = Question(
            kind.path,
            query_data.page,
            query_data.limit,
            query_data.sort,
            query_data.order == "desc",
            given.get("search", ""),
            records.filters_of(kind, given, how),
        )
        if question.may_read_much:
            found = orders.ask(records.page_from, question, how)
        else:
            with at.database.reading() as connection:
                found = records.page(connection, question, how)
        pagination = {
            "page": question.page,
            "limit": question.limit,
            "total": found.total,
            "totalPages": -(-found.total // question.limit),
            "totalIsExact": found.exact,
        }
        return jsonify(success=True, data=found.records, pagination=pagination)

    return list_records


def _opening(kind: Kind, shapes: Shapes) -> Callable[..., Response]:
    @bp.output(shapes.record, description=f"The {kind.one}")
    @bp.doc(summary=f"Open a {kind.one}", security="bearer", responses=[401, 403, 404, 503])
    def open_record(record_id: int) -> Response:
        return jsonify(_record(kind, record_id))

    return open_record


def _making(kind: Kind, shapes: Shapes) -> Callable[..., Response]:
    @bp.input(shapes.given)
    @bp.output(shapes.record, status_code=201, description=f"The new {kind.one}")
    @bp.doc(summary=f"Make a {kind.one}", security="bearer", responses=ORDERED)
    def make_record(json_data: Any) -> Response:
        given = _given(json_data)
        record_id = orders.run(orders_about.create, kind.path, given, setting(), now_ms=now_ms())
        response = jsonify(_record(kind, record_id))
        response.status_code = 201
        response.headers["Location"] = url_for(f"library.one_{kind.path.replace('-', '_')}", record_id=record_id)
        return response

    return make_record


def _changing(kind: Kind, shapes: Shapes) -> Callable[..., Response]:
    @bp.input(shapes.changes)
    @bp.output(shapes.record, description=f"The {kind.one} as it is now")
    @bp.doc(summary=f"Change a {kind.one}", security="bearer", responses=[404, *ORDERED])
    def change_record(record_id: int, json_data: Any) -> Response:
        return _change(kind, record_id, json_data, whole=False)

    return change_record


def _replacing(kind: Kind, shapes: Shapes) -> Callable[..., Response]:
    @bp.input(shapes.given)
    @bp.output(shapes.record, description=f"The {kind.one} as it is now")
    @bp.doc(
        summary=f"Replace a {kind.one}",
        description="What is left out becomes what it usually is. What only is answered may be sent back as it was.",
        security="bearer",
        responses=[404, *ORDERED],
    )
    def replace_record(record_id: int, json_data: Any) -> Response:
        return _change(kind, record_id, json_data, whole=True)

    return replace_record


def _deleting(kind: Kind, _shapes: Shapes) -> Callable[..., Response]:
    @bp.output(Deleted, description="It is gone")
    @bp.doc(
        summary=f"Delete a {kind.one}",
        description="Refused (409) while other records refer to it." if _is_referred_to(kind) else "",
        security="bearer",
        responses=[401, 403, 404, 409, 503],
    )
    def delete_record(record_id: int) -> Response:
        orders.run(orders_about.remove, kind.path, record_id, setting(), now_ms=now_ms())
        return jsonify(success=True, id=record_id)

    return delete_record


def _is_referred_to(kind: Kind) -> bool:
    return any(path == kind.path for other in KINDS for _, _, path in other.references)


def _change(kind: Kind, record_id: int, json_data: Any, *, whole: bool) -> Response:
    given = _given(json_data)
    orders.run(orders_about.change, kind.path, record_id, given, setting(), now_ms=now_ms(), whole=whole)
    return jsonify(_record(kind, record_id))


def _given(json_data: Any) -> dict[str, Any]:
    if not isinstance(request.get_json(force=True), dict):
        raise UnprocessableEntity("say which fields the record has, as a JSON object")
    found: dict[str, Any] = json_data.model_dump(exclude_unset=True)
    return found


def _record(kind: Kind, record_id: int) -> dict[str, Any]:
    with services().database.reading() as connection:
        found = records.record(connection, kind.path, record_id, setting())
    if found is None:
        raise NotFound(f"there is no {kind.one} {record_id}")
    return found


for _kind in KINDS:
    _serve(_kind)
