"""POST /api/sales: what other systems sold, signed with a secret that they share with this one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from apiflask import APIBlueprint
from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import Forbidden, Unauthorized

from actions import sales
from actions.sales import Became, Booked, Cashier, NotDurable, NotSigned, Refused
from core.clock import iso, now_ms
from core.money import rounded
from web.bodies import json_body
from web.errors import answer
from web.revenue_schemas import SALE_BODY, SIGNATURE_HEADERS, SaleAnswer
from web.services import services

bp = APIBlueprint("sales", __name__, tag="Revenue")

PATH = "/api/sales"
LARGEST_BODY = 64_000


def register(app: Flask) -> None:
    at = app.extensions["streampulse"]
    app.extensions["cashier"] = Cashier(at.database, sales.Policy.of(at.settings), app.extensions["orders"].run)


@bp.post(PATH)
@bp.output(SaleAnswer, status_code=201, description="It is in the ledger, and on disk")
@bp.doc(
    summary="Report a sale or a refund",
    security="signature",
    description="Signed with `SALES_SECRET`: `X-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of "
    "`<X-Timestamp>.<body>`, over the very bytes that are sent. Sent again it is answered 200 and counts once.",
    responses={
        200: "This id was known already, and what was booked of it stands",
        400: "The body is no JSON",
        401: "The signature or the time does not fit",
        403: "SALES_SECRET is not set",
        413: "Too large",
        415: "No JSON",
        422: "It cannot be a sale",
        503: "The database is not available: nothing was stored",
    },
)
def take() -> Response:
    request.max_content_length = LARGEST_BODY
    _admit()
    cashier: Cashier = current_app.extensions["cashier"]
    try:
        booked = cashier.report(json_body(("application/json",), parse_float=Decimal))
    except Refused as error:
        return _refused(error.fault.field, error.fault.message)
    except NotDurable as error:
        response = answer(503, f"Nothing was stored: {error}")
        response.headers["Retry-After"] = "3"
        return response
    if booked.fault is not None:
        return _refused(booked.fault.field, booked.fault.message)
    return _answered(booked)


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to the API document what may be sent, which is read here and not by a schema."""
    told = document["paths"][PATH]["post"]
    told["requestBody"] = SALE_BODY
    told["parameters"] = SIGNATURE_HEADERS
    told["responses"]["200"]["content"] = told["responses"]["201"]["content"]
    told["responses"]["422"]["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/ValidationError"}
    return document


def _admit() -> None:
    secret = services().settings.sales_secret
    if not secret:
        raise Forbidden("SALES_SECRET is not set: no sales are taken")
    timestamp, signature = request.headers.get("X-Timestamp", ""), request.headers.get("X-Signature", "")
    try:
        sales.verify(secret, timestamp.strip(), signature.strip(), request.get_data(), now_ms())
    except NotSigned as error:
        raise Unauthorized(str(error)) from error


def _refused(field: str, message: str) -> Response:
    return answer(422, f"{field}: {message}", [{"field": field, "message": f"{field}: {message}"}])


def _answered(booked: Booked) -> Response:
    taken = booked.taken
    is_new = taken.became is Became.BOOKED
    response = jsonify(
        success=True,
        status="booked" if is_new else "known",
        differs=taken.became is Became.DIFFERENT,
        id=booked.sale_id,
        amount=rounded(taken.amount_micros, taken.currency),
        currency=taken.currency,
        source=taken.source,
        at=iso(taken.at_ms, services().settings.zone),
    )
    response.status_code = 201 if is_new else 200
    return response
