"""Who may do what: one table of every route, read before each request. What is not in the table is the owner's."""

from __future__ import annotations

from flask import Response, g, redirect, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from web.identity import Identity, caller, identify
from web.levels import Access
from web.origins import comes_from_elsewhere
from web.services import services
from web.this_machine import is_this_machine

__all__ = ["EVENTS", "ROUTES", "SAFE_METHODS", "Access", "access_of_caller", "guard", "no_store", "stay_here"]

ROUTES: dict[str, Access] = {
    "static": Access.NOBODY,
    "joined.send": Access.NOBODY,
    "auth.login": Access.NOBODY,
    "auth.log_in": Access.NOBODY,
    "auth.log_out": Access.NOBODY,
    "health.health": Access.NOBODY,
    "health.metrics": Access.READ,
    "docs.page": Access.READ,
    "openapi.spec": Access.READ,
    "overlay.page": Access.OVERLAY,
    "store.page": Access.READ,
    "store.list_events": Access.READ,
    "store.clear": Access.OWNER,
    "store.stats": Access.READ,
    "store.funnel": Access.READ,
    "store.segmentation": Access.READ,
    "store.anomalies": Access.READ,
    "store.change_state": Access.WRITE,
    "store.activity": Access.READ,
    "store.patterns": Access.READ,
    "demo.generate_traffic": Access.OWNER,
    "demo.generate_anomalies": Access.OWNER,
    # The track key opens these and nothing else; the view looks at it.
    "track.preflight": Access.NOBODY,
    "track.take": Access.NOBODY,
    # A read-only account may talk as well; whose voice it is the views look at.
    "voice.page": Access.READ,
    "voice.list_ice_servers": Access.READ,
    "voice.list_peers": Access.READ,
    "voice.list_ids": Access.READ,
    "voice.make_id": Access.READ,
    "voice_socket.not_a_socket": Access.READ,
    "voice_socket.connect": Access.READ,
    "sales.take": Access.NOBODY,  # and this the signature
    "revenue.page": Access.READ,
    "revenue.revenue": Access.READ,
    "revenue.visitors": Access.READ,
    "accounts.list_accounts": Access.OWNER,
    "accounts.add_account": Access.OWNER,
    "accounts.change_role": Access.OWNER,
    "accounts.reset_password": Access.OWNER,
    "accounts.remove_account": Access.OWNER,
    # One's own: whose it is the views look at.
    "accounts.me": Access.READ,
    "accounts.change_own_password": Access.READ,
    "accounts.sign_out_everywhere": Access.READ,
    "tokens.list_tokens": Access.OWNER,
    "tokens.make_token": Access.OWNER,
    "tokens.revoke_token": Access.OWNER,
    "settings.page": Access.READ,
    "settings_subs.sub_values": Access.READ,
    "settings_subs.change_sub_values": Access.OWNER,
    "settings_store.anomalies": Access.READ,
    "settings_store.change_anomalies": Access.OWNER,
    "settings_store.webhook": Access.READ,
    "settings_store.change_webhook": Access.OWNER,
    "settings_store.remove_webhook": Access.OWNER,
    "settings_store.test_webhook": Access.OWNER,
    "settings_stream.ignored_names": Access.READ,
    "settings_stream.ignore_names": Access.WRITE,
    "settings_stream.record_name_again": Access.WRITE,
    "settings_stream.goals": Access.READ,
    "settings_stream.replace_goals": Access.WRITE,
    "settings_stream.overlay_goal": Access.OVERLAY,
    "settings_stream.calm_now": Access.READ,
    "settings_stream.switch_calm": Access.READ,  # of one's own dashboard
    "overlay.env_token": Access.OWNER,
    "live.page": Access.READ,
    "live.stats": Access.OVERLAY,
    "streams.list_page": Access.READ,
    "streams.stream_page": Access.READ,
    "streams.list_streams": Access.READ,
    "streams.one_stream": Access.READ,
    "streams.stream_chat": Access.READ,
    "library.page": Access.READ,
    **{
        f"library.{order}_{kind}": Access.READ if order in ("list", "one") else Access.WRITE
        for kind in ("plans", "users", "content", "watch_history", "reviews", "payments")
        for order in ("list", "one", "make", "change", "replace", "delete")
    },
    **{
        f"library_charts.{question}": Access.READ
        for question in (
            *("subscriptions", "top_content", "popular_over_time", "popular_trend", "watched_genres", "choices"),
            *("revenue_trends", "payments_trend", "payment_methods", "metrics", "retention"),
            *("user_stats", "recommendations"),
        )
    },
    "viewers.page": Access.READ,
    "viewers.list_viewers": Access.READ,
    "viewers.summary": Access.READ,
    "viewers.one_viewer": Access.READ,
    "viewers.viewer_heatmap": Access.READ,
    "viewers.viewer_gifts": Access.READ,
    "viewers.viewer_sessions": Access.READ,
    "viewers.viewer_interactions": Access.READ,
    "viewers.viewer_edits": Access.READ,
    "viewer_boards.leaderboard": Access.READ,
    "viewer_boards.overlay_leaderboard": Access.OVERLAY,
    "viewer_boards.vip_list": Access.READ,
    "viewer_boards.vip_tiers": Access.READ,
    "viewer_boards.global_heatmap": Access.READ,
    "viewer_boards.upcoming_birthdays": Access.READ,
    "viewer_boards.active_sessions": Access.READ,
    "viewer_boards.voices": Access.READ,
    "viewer_exports.export_viewers": Access.READ,
    "viewer_exports.export_viewer": Access.READ,
    "viewer_imports.import_viewers": Access.WRITE,
    "viewer_orders.edit_viewer": Access.WRITE,
    "viewer_orders.erase_viewer": Access.WRITE,
    "viewer_orders.change_vip": Access.WRITE,
    "viewer_orders.replace_tiers": Access.WRITE,
    "viewer_orders.preview_tiers": Access.READ,
}

# What sockets may call. What they are told without asking depends on the room they are in (`web.sockets`).
EVENTS: dict[str, Access] = {
    "live:subscribe": Access.OVERLAY,
    "live:gifts": Access.OVERLAY,
    "store:subscribe": Access.READ,
    "viewer-profiles:get": Access.READ,
    "viewer-profiles:update": Access.WRITE,
    "voice:watch": Access.READ,
    "voice:mute": Access.READ,
}

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def access_of_caller() -> Access:
    """What the current request may do."""
    return identify().access


def guard() -> AnyResponse | None:
    """Before each request: refuses what the caller may not do."""
    if not services().settings.dashboard_password:
        _refuse_strangers_to_this_machine()
    _refuse_other_sites()
    endpoint = request.endpoint
    if endpoint is None:
        return None  # becomes a 404 or 405
    g.access = caller().access
    needed = ROUTES.get(endpoint, Access.OWNER)
    if g.access >= needed:
        return None
    if g.access is not Access.NOBODY:
        raise Forbidden(why_not(caller()))
    if endpoint == "overlay.page":
        # Nothing to see on the stream; whoever opens the address in a browser reads why in the tab.
        return Response(
            "<!doctype html><link rel=icon href=data:,><title>The overlay needs a valid ?token=</title>", 401
        )
    if wants_page():
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))
    raise Unauthorized(_how_to_get_in(), www_authenticate=WWWAuthenticate("bearer", {"realm": "StreamPulse"}))


def _how_to_get_in() -> str:
    """What a program has to do otherwise: most have brought something, and wonder why it is not enough."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return "this token is not valid: it is not API_TOKEN, and none that was made here and has not ended"
    if scheme:
        return "the header must be Authorization: Bearer <token>"
    if "token" in request.args:
        return "?token= takes the token of an overlay; send others as Authorization: Bearer <token>"
    return "log in, or send a token as Authorization: Bearer <token>"


def why_not(identity: Identity) -> str:
    """Why somebody who may do something may not do this."""
    return "your account may not do that" if identity.is_person else "this token may not do that"


def wants_page() -> bool:
    """Whether the caller is somebody with a browser, who is better served by a page than by JSON."""
    return (
        not request.path.startswith("/api/")
        and request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    )


def _refuse_strangers_to_this_machine() -> None:
    # The name is checked as well: a page elsewhere whose name is made to point here must not read the dashboard.
    if not is_this_machine() and request.endpoint != "health.health":
        raise Forbidden("without DASHBOARD_PASSWORD this dashboard serves this machine only, and through no proxy")


def _refuse_other_sites() -> None:
    """State-changing requests must come from our own pages; programs send neither header and bring a token."""
    if request.method not in SAFE_METHODS and request.endpoint != "track.take" and comes_from_another_site():
        raise Forbidden("this request came from another site")


def comes_from_another_site() -> bool:
    """Whether a browser sends this request for a page that is not ours."""
    return comes_from_elsewhere(request.environ)


def stay_here(response: Response) -> Response:
    """A redirect of the framework's own names the host that the caller has named, which may be anything."""
    here, _, path = (response.location or "").partition(request.host_url)
    if not here and path:
        response.location = "/" + path.lstrip("/\\")
        response.set_data(b"")  # the same address, once more
    return response


def no_store(response: Response) -> Response:
    """What one person may see must not stay in a shared cache."""
    if not response.headers.get("Cache-Control") and request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response
