"""Accounts: the owner makes and changes them, and everybody looks after their own."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, session
from sqlalchemy import Connection
from werkzeug.exceptions import Conflict

from actions import accounts as actions
from actions import passwords
from analytics import accounts
from analytics.accounts import AccountInfo
from core.clock import iso, now_ms
from rules.accounts import Role, Unfit, checked_name, checked_password
from web import errors, orders
from web.account_schemas import (
    AccountMade,
    Accounts,
    Me,
    NewAccount,
    OwnPassword,
    PasswordOrder,
    PasswordSet,
    RoleOrder,
)
from web.attempts import how_long_to_wait, limiter
from web.auth import beside_the_server
from web.credentials import credentials
from web.identity import ENV_OWNER, caller
from web.schemas import Done
from web.services import services

bp = APIBlueprint("accounts", __name__, tag="Team")

REFUSED = [400, 401, 403, 404, 409, 415, 422, 503]
IN_ENV = "this password stands in .env: change DASHBOARD_PASSWORD there, and restart the web process"


@bp.app_errorhandler(Unfit)
def unfit(error: Unfit) -> Response:
    return errors.answer(422, str(error), [{"field": error.field, "message": error.why}])


@bp.app_errorhandler(actions.NoSuchAccount)
def no_such_account(_error: actions.NoSuchAccount) -> Response:
    return errors.answer(404, "there is no such account any more")


@bp.app_errorhandler(actions.LastOwner)
def last_owner(error: actions.LastOwner) -> Response:
    return errors.answer(409, str(error))


@bp.get("/api/accounts")
@bp.output(Accounts, description="The owner of `.env` first, the others by name")
@bp.doc(summary="Who may log in", security="bearer", responses=[401, 403, 503])
def list_accounts() -> Response:
    with services().database.reading() as connection:
        return jsonify(team_facts(connection))


@bp.post("/api/accounts")
@bp.input(NewAccount)
@bp.output(AccountMade, status_code=201, description="It may log in at once")
@bp.doc(summary="Make an account", security="bearer", responses=REFUSED)
def add_account(json_data: NewAccount) -> Response:
    name = checked_name(json_data.name)
    password, told = _chosen(json_data.password, name)
    hashed = beside_the_server(passwords.hash_of, password)
    env_owner = services().settings.dashboard_username
    made = orders.run(actions.add, name, Role(json_data.role), hashed, env_owner=env_owner, now_ms=now_ms())
    credentials().forget()
    response = jsonify(account=_record(_account(made)), password=told)
    response.status_code = 201
    return response


@bp.patch("/api/accounts/<int:account_id>")
@bp.input(RoleOrder)
@bp.output(Done, description="It counts at once, for open pages as well")
@bp.doc(summary="Change an account's role", security="bearer", responses=REFUSED)
def change_role(account_id: int, json_data: RoleOrder) -> Response:
    orders.run(actions.set_role, account_id, Role(json_data.role), has_env_owner=_has_env_owner())
    credentials().forget()
    return jsonify(success=True)


@bp.put("/api/accounts/<int:account_id>/password")
@bp.input(PasswordOrder)
@bp.output(PasswordSet, description="All sessions of the account have ended")
@bp.doc(summary="Give an account a new password", security="bearer", responses=REFUSED)
def reset_password(account_id: int, json_data: PasswordOrder) -> Response:
    password, told = _chosen(json_data.password, _account(account_id).name)
    orders.run(actions.set_password, account_id, beside_the_server(passwords.hash_of, password))
    credentials().forget()
    return jsonify(success=True, password=told)


@bp.delete("/api/accounts/<int:account_id>")
@bp.output(Done, description="It is signed out everywhere")
@bp.doc(summary="Remove an account", security="bearer", responses=[401, 403, 404, 409, 503])
def remove_account(account_id: int) -> Response:
    orders.run(actions.remove, account_id, has_env_owner=_has_env_owner())
    credentials().forget()
    return jsonify(success=True)


@bp.get("/api/accounts/me")
@bp.output(Me, description="Who asks, and what they may do")
@bp.doc(summary="My account", security="bearer", responses=[401, 403, 503])
def me() -> Response:
    return jsonify(my_facts())


@bp.put("/api/accounts/me/password")
@limiter.limit("10 per minute;60 per hour", error_message=how_long_to_wait)
@bp.input(OwnPassword)
@bp.output(Done, description="All other sessions of the account have ended; this one goes on")
@bp.doc(summary="Change my password", security="bearer", responses=[*REFUSED, 429])
def change_own_password(json_data: OwnPassword) -> Response:
    account = _own_account()
    with services().database.reading() as connection:
        found = accounts.login(connection, account.name)
    if found is None or not beside_the_server(passwords.fits, found.password_hash, json_data.old):
        raise Unfit("old", "this is not your password")
    hashed = beside_the_server(passwords.hash_of, checked_password(json_data.new, account.name))
    session["key"] = orders.run(actions.set_password, account.id, hashed)
    credentials().forget()
    return jsonify(success=True)


@bp.post("/api/accounts/me/sign-out")
@bp.output(Done, description="All sessions of the account have ended, this one too")
@bp.doc(summary="Sign out everywhere", security="bearer", responses=[401, 403, 409, 503])
def sign_out_everywhere() -> Response:
    account_id = caller().account_id
    if account_id is None:
        raise Conflict("a token has no sessions: revoke it instead")
    orders.run(actions.end_sessions, None if account_id == ENV_OWNER else account_id)
    credentials().forget()
    session.clear()
    return jsonify(success=True)


def team_facts(connection: Connection) -> dict[str, Any]:
    settings = services().settings
    records = [_record(account) for account in accounts.accounts(connection)]
    if _has_env_owner():
        records.insert(0, _env_record(settings.dashboard_username))
    return {"accounts": records, "in_force": _has_env_owner()}


def my_facts(_connection: Connection | None = None) -> dict[str, Any]:
    who = caller()
    return {
        "name": who.name,
        "role": who.role,
        "access": who.access.name.lower(),
        "has_own_password": bool(who.account_id),
    }


def _own_account() -> AccountInfo:
    who = caller()
    if who.account_id is None:
        raise Conflict("a token has no password")
    if who.account_id == ENV_OWNER:
        raise Conflict(IN_ENV if _has_env_owner() else "without DASHBOARD_PASSWORD there is no login")
    return _account(who.account_id)


def _account(account_id: int) -> AccountInfo:
    """As it is stored now. Raises NoSuchAccount."""
    with services().database.reading() as connection:
        found = {account.id: account for account in accounts.accounts(connection)}
    if account_id not in found:
        raise actions.NoSuchAccount(account_id)
    return found[account_id]


def _chosen(password: str | None, name: str) -> tuple[str, str | None]:
    """The password, and what is to be told of it. Raises Unfit."""
    if password is not None:
        return checked_password(password, name), None
    made_up = passwords.made_up()
    return made_up, made_up


def _has_env_owner() -> bool:
    return bool(services().settings.dashboard_password)


def _record(account: AccountInfo) -> dict[str, Any]:
    zone = services().settings.zone
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "in_env": False,
        "made_at": iso(account.made_at_ms, zone),
        "last_login_at": None if account.last_login_at_ms is None else iso(account.last_login_at_ms, zone),
    }


def _env_record(name: str) -> dict[str, Any]:
    return {"id": None, "name": name, "role": Role.OWNER, "in_env": True, "made_at": None, "last_login_at": None}
