"""What may be changed of people: their profile, their tier, the tiers, and that there is a profile at all."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from werkzeug.exceptions import UnprocessableEntity

from actions import privacy, tiers
from actions import viewers as edits
from analytics import tiers as known_tiers
from analytics import viewers
from core.clock import now_ms
from web import errors, orders
from web.schemas import Done
from web.services import services
from web.viewer_schemas import (
    EraseQuery,
    Profile,
    ProfileChanges,
    TierList,
    TierMoves,
    TiersChanged,
    VipChange,
)
from web.viewers import ONE, ROOT

bp = APIBlueprint("viewer_orders", __name__, tag="Viewers")

REFUSED = [400, 401, 403, 404, 415, 422, 503]


@bp.app_errorhandler(edits.profiles.Invalid)
def invalid(error: edits.profiles.Invalid) -> Response:
    return errors.answer(422, str(error), error.details)


@bp.app_errorhandler(edits.UnknownTier)
def unknown_tier(error: edits.UnknownTier) -> Response:
    return errors.answer(422, str(error), [{"field": "tier", "message": str(error), "allowed": error.allowed}])


@bp.app_errorhandler(edits.NoSuchViewer)
def erased_meanwhile(_error: edits.NoSuchViewer) -> Response:
    return errors.answer(404, "there is no such viewer any more")


@bp.app_errorhandler(RecursionError)
def too_deep(_error: RecursionError) -> Response:
    return errors.answer(400, "this JSON is nested too deeply")


@bp.patch(ONE)
@bp.input(ProfileChanges)
@bp.output(Profile, description="The profile as it is now")
@bp.doc(summary="Edit a viewer", security="bearer", responses=REFUSED)
def edit_viewer(username: str, json_data: ProfileChanges) -> Response:
    viewer_id = _id_of(username)
    if not isinstance(request.get_json(force=True), dict):
        raise UnprocessableEntity("say which fields to change, as a JSON object")
    changes = json_data.model_dump(exclude_unset=True)
    orders.run(edits.update, viewer_id, changes, editor=orders.editor(), now_ms=now_ms())
    return _profile(viewer_id)


@bp.delete(ONE)
@bp.input(EraseQuery, location="query")
@bp.output(Done, description="The person is erased")
@bp.doc(summary="Erase a viewer", security="bearer", responses=[401, 403, 404, 422, 503])
def erase_viewer(username: str, query_data: EraseQuery) -> Response:
    policy = privacy.Policy.of(services().settings)
    orders.run(
        privacy.erase,
        _id_of(username),
        remember=query_data.remember,
        now_ms=now_ms(),
        editor=orders.editor(),
        policy=policy,
    )
    return jsonify(success=True)


@bp.post(f"{ONE}/vip")
@bp.input(VipChange)
@bp.output(Profile, description="The profile as it is now")
@bp.doc(summary="Give or take a VIP tier", security="bearer", responses=REFUSED)
def change_vip(username: str, json_data: VipChange) -> Response:
    viewer_id, by = _id_of(username), {"editor": orders.editor(), "now_ms": now_ms()}
    if [json_data.tier is not None, json_data.remove, json_data.reset].count(True) != 1:
        raise UnprocessableEntity("say one of: a tier, remove, reset")
    if json_data.reset:
        orders.run(edits.reset_vip, viewer_id, automation=services().settings.auto_vip, **by)
    else:
        orders.run(edits.set_vip, viewer_id, json_data.tier, **by)
    return _profile(viewer_id)


@bp.put(f"{ROOT}/vip/tiers")
@bp.input(TierList)
@bp.output(TiersChanged, description="The tiers as they are now, and whom that moved")
@bp.doc(summary="Change the VIP tiers", security="bearer", responses=REFUSED)
def replace_tiers(json_data: TierList) -> Response:
    at = services()
    by = {"editor": orders.editor(), "now_ms": now_ms(), "automation": at.settings.auto_vip}
    moves = orders.run(tiers.replace, json_data.given(), **by)
    with at.database.reading() as connection:
        return jsonify(success=True, tiers=known_tiers.tiers(connection), **asdict(moves))


@bp.post(f"{ROOT}/vip/tiers/preview")
@bp.input(TierList)
@bp.output(TierMoves, description="Whom these tiers would move; nothing is changed")
@bp.doc(summary="Preview VIP tiers", security="bearer", responses=REFUSED)
def preview_tiers(json_data: TierList) -> Response:
    moves = orders.run(tiers.preview, json_data.given(), automation=services().settings.auto_vip)
    return jsonify(success=True, **asdict(moves))


def _id_of(username: str) -> int:
    with services().database.reading() as connection:
        return int(viewers.find(connection, username).id)


def _profile(viewer_id: int) -> Response:
    at = services()
    with at.database.reading() as connection:
        found: dict[int, dict[str, Any]] = viewers.profiles_by_id(connection, [viewer_id], at.settings.zone, now_ms())
    if viewer_id not in found:
        raise edits.NoSuchViewer(viewer_id)
    return jsonify(found[viewer_id])
