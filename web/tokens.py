"""API tokens: made and told once, listed by their first letters, revoked."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify
from sqlalchemy import Connection

from actions import tokens as actions
from analytics import accounts
from analytics.accounts import TokenInfo
from core.clock import iso, now_ms
from web import errors, orders
from web.account_schemas import NewToken, TokenMade, Tokens
from web.credentials import credentials
from web.schemas import Done
from web.services import services

bp = APIBlueprint("tokens", __name__, tag="Team")


@bp.app_errorhandler(actions.NoSuchToken)
def no_such_token(_error: actions.NoSuchToken) -> Response:
    return errors.answer(404, "there is no such token any more")


@bp.get("/api/tokens")
@bp.output(Tokens, description="Without the tokens themselves, which nobody knows any more")
@bp.doc(summary="API tokens", security="bearer", responses=[401, 403, 503])
def list_tokens() -> Response:
    with services().database.reading() as connection:
        return jsonify(token_facts(connection))


@bp.post("/api/tokens")
@bp.input(NewToken)
@bp.output(TokenMade, status_code=201, description="The token, told now and never again")
@bp.doc(summary="Make an API token", security="bearer", responses=[400, 401, 403, 415, 422, 503])
def make_token(json_data: NewToken) -> Response:
    made = orders.run(
        actions.make,
        json_data.name,
        json_data.scopes,
        made_by=orders.editor(),
        now_ms=now_ms(),
        days=json_data.expires_days,
    )
    credentials().forget()
    with services().database.reading() as connection:
        record = next(_record(token) for token in accounts.tokens(connection) if token.id == made.id)
    response = jsonify(token=made.token, record=record)
    response.status_code = 201
    return response


@bp.delete("/api/tokens/<int:token_id>")
@bp.output(Done, description="It opens nothing any more")
@bp.doc(summary="Revoke an API token", security="bearer", responses=[401, 403, 404, 503])
def revoke_token(token_id: int) -> Response:
    orders.run(actions.revoke, token_id)
    credentials().forget()
    return jsonify(success=True)


def token_facts(connection: Connection) -> dict[str, Any]:
    return {"tokens": [_record(token) for token in accounts.tokens(connection)]}


def _record(token: TokenInfo) -> dict[str, Any]:
    zone = services().settings.zone
    return {
        "id": token.id,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": list(token.scopes),
        "made_by": token.made_by,
        "made_at": iso(token.made_at_ms, zone),
        "expires_at": None if token.expires_at_ms is None else iso(token.expires_at_ms, zone),
        "expired": token.has_expired(now_ms()),
        "last_used_at": None if token.last_used_at_ms is None else iso(token.last_used_at_ms, zone),
    }
